/* Looks whether the machine can carry the load before it begins: figures of a machine that
 * dropped packets would be called the server's. */
#include "tests/load/room.h"
#include "shared/net/room.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Without rights: a user namespace in which we are who we were, so that files and databases work as
 * before. */
static bool map_self(uid_t uid, gid_t gid)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u 1", (unsigned)uid, (unsigned)uid);
	if (!write_file("/proc/self/uid_map", line) || !write_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(line, sizeof(line), "%u %u 1", (unsigned)gid, (unsigned)gid);
	return write_file("/proc/self/gid_map", line);
}

static bool loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &r) == 0;

	r.ifr_flags |= IFF_UP;
	ok = ok && ioctl(fd, SIOCSIFFLAGS, &r) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

int load_own_network(char *why, size_t size)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(uid == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		snprintf(why, size, "no network namespace: %s", strerror(errno));
		return -1;
	}
	/* From here on there is no way back: what fails now must be said and ends the program. */
	if ((uid != 0 && !map_self(uid, gid)) || !loopback_up()) {
		fprintf(stderr, "the new network has no loopback: %s\n", strerror(errno));
		exit(1);
	}
	return 0;
}

static uint64_t raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return 0;
	if (l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &l) < 0)
			getrlimit(RLIMIT_NOFILE, &l);
	}
	return l.rlim_cur;
}

/* A table without entries may be unused, or just empty: a packet of our own shows which. */
static void make_a_flow(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	(void)sendto(fd, "", 0, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

bool load_room_enough(const char *proc, const struct load_need *need, char *why, size_t size)
{
	struct hws_room_tracking t;
	uint64_t files = raise_files();

	if (files < need->files) {
		snprintf(why, size,
				"%llu descriptors are allowed and %llu needed: raise the hard "
				"limit (ulimit -Hn), "
				"or simulate less",
				(unsigned long long)files, (unsigned long long)need->files);
		return false;
	}
	make_a_flow();
	if (hws_room_tracking(proc, &t) && (t.count >= t.max || t.max - t.count < need->flows)) {
		snprintf(why, size,
				"the firewall of this machine tracks connections: its table has "
				"room for %llu more "
				"flows and %llu are needed, the rest would be lost without a "
				"word. Raise "
				"net.netfilter.nf_conntrack_max to %llu, simulate less, or "
				"wait: old flows are "
				"forgotten after two minutes",
				(unsigned long long)(t.count < t.max ? t.max - t.count : 0),
				(unsigned long long)need->flows,
				(unsigned long long)(t.count + need->flows));
		return false;
	}
	return true;
}

/* Value of a field in the files with a line of names above each line of values: /proc/net/snmp and
 * netstat. */
static uint64_t field(const char *proc, const char *file, const char *group, const char *name)
{
	char path[300], *names = NULL, *values = NULL, *n_at, *v_at;
	size_t n_size = 0, v_size = 0, len = strlen(group);
	uint64_t found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/net/%s", proc, file);
	f = fopen(path, "re");
	while (f && getline(&names, &n_size, f) > 0 && getline(&values, &v_size, f) > 0) {
		char *n, *v;

		if (strncmp(names, group, len) != 0 || names[len] != ':')
			continue;
		n = strtok_r(names, " \n", &n_at);
		v = strtok_r(values, " \n", &v_at);
		while (n && v && strcmp(n, name) != 0) {
			n = strtok_r(NULL, " \n", &n_at);
			v = strtok_r(NULL, " \n", &v_at);
		}
		found = n && v ? strtoull(v, NULL, 10) : 0;
		break;
	}
	if (f)
		fclose(f);
	free(names);
	free(values);
	return found;
}

void load_losses_read(const char *proc, struct load_losses *ret)
{
	struct hws_room_tracking t = { 0 };

	ret->tracking = hws_room_tracking(proc, &t) ? t.dropped : 0;
	ret->udp_buffer = field(proc, "snmp", "Udp", "RcvbufErrors");
	ret->queue = field(proc, "netstat", "TcpExt", "ListenDrops");
	ret->unsent = field(proc, "snmp", "Ip", "OutDiscards");
}

static bool grew(char *buf, size_t size, const char *what, uint64_t before, uint64_t after)
{
	size_t n = strlen(buf);

	if (after <= before)
		return false;
	snprintf(buf + n, size - n, "%s%s: %llu", n ? ", " : "", what,
			(unsigned long long)(after - before));
	return true;
}

bool load_losses_text(const struct load_losses *before, const struct load_losses *after, char *buf,
		size_t size)
{
	bool any = grew(buf, size, "the firewall's table of connections was full", before->tracking,
			after->tracking);

	any |= grew(buf, size, "a UDP receive buffer was full", before->udp_buffer,
			after->udp_buffer);
	any |= grew(buf, size, "the server's queue of new links was full", before->queue,
			after->queue);
	any |= grew(buf, size, "not sent by the kernel", before->unsent, after->unsent);
	return any;
}
