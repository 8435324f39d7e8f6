/* tests/support/network: a network of the test's own. Before main() the program moves into a
 * namespace that has nothing but a loopback, so that no other test, server or connection of this
 * machine can take a port that a test means to use, and nothing that a test sends leaves it. X
 * servers find free display numbers by sockets that belong to the network, too, while the sockets'
 * files do not: their folder is the test's own as well, or two servers of the same number would
 * remove each other's.
 *
 * Where the kernel refuses (a container without user namespaces), the test stays where it is: ports
 * then come from a block that no other test has (tests/support/port.c). No Check in here: a failure
 * ends the program before there is a test. */
#include "tests/support/network.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A test that runs itself again, or another, stays in the one there is: OWN, or the machine's. */
#define INSIDE "HAWSER_TEST_NETWORK"
#define OWN "own"
#define X11 "/tmp/.X11-unix"

static void die(const char *what)
{
	fprintf(stderr, "tests/support/network: %s: %s\n", what, strerror(errno));
	_exit(99);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* The account keeps its number, and the rights that made the namespace are given up again: tests
 * see what they may. */
static void keep_account(uid_t uid, gid_t gid)
{
	char map[40];

	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	write_file("/proc/self/gid_map", map);
}

static void give_up_rights(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2];

	memset(none, 0, sizeof(none));
	if (syscall(SYS_capset, &head, none) < 0)
		die("capset");
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &lo) < 0)
		die("lo");
	lo.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		die("lo");
	close(fd);
}

/* The root of a chroot is no mount, of which it could be said; that of the namespace is, and to
 * enter the namespace once more leads there. */
static bool from_outside_of_chroot(void)
{
	int home = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	char cwd[4096];
	bool good = home >= 0 && own >= 0 && getcwd(cwd, sizeof(cwd));

	if (good && setns(own, CLONE_NEWNS) == 0) {
		good = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
		if (fchdir(home) < 0 || chroot(".") < 0 || chdir(cwd) < 0)
			die("chroot");
	} else {
		good = false;
	}
	if (home >= 0)
		close(home);
	if (own >= 0)
		close(own);
	return good;
}

bool test_mount_unseen(void)
{
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
			(errno == EINVAL && from_outside_of_chroot());
}

static void own_x11_sockets(void)
{
	if (mkdir(X11, 01777) < 0 && errno != EEXIST)
		die(X11);
	if (!test_mount_unseen() ||
			mount("tmpfs", X11, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=1m") < 0)
		die("cannot mount on " X11);
}

bool test_network_is_own(void)
{
	const char *is = getenv(INSIDE);

	return is && strcmp(is, OWN) == 0;
}

static __attribute__((constructor)) void own_network(void)
{
	int own = CLONE_NEWNET | CLONE_NEWNS;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (getenv(INSIDE))
		return;
	if (setenv(INSIDE, "machine", 1) < 0)
		die("environment");
	if (unshare(uid == 0 ? own : own | CLONE_NEWUSER) < 0) {
		fprintf(stderr, "tests: in the network of the machine, no other is to be had: %s\n",
				strerror(errno));
		return;
	}
	if (setenv(INSIDE, OWN, 1) < 0)
		die("environment");
	if (uid != 0)
		keep_account(uid, gid);
	loopback_up();
	own_x11_sockets();
	if (uid != 0)
		give_up_rights();
}
