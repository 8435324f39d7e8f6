/* Landlock without its library, which the system we are built on has not: three system calls and a
 * structure that grows with the kernel. What no rule is added for is refused. */
#include "shared/sys/sandbox_landlock.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/sys/sandbox.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in kernels newer than the headers of the system we are built on: <linux/landlock.h>. */
struct ruleset {
	uint64_t fs, net, scoped;
};
#define FS_ABI_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define FS_REFER (1ull << 13)     /* ABI 2 */
#define FS_TRUNCATE (1ull << 14)  /* ABI 3 */
#define NET_BIND_CONNECT 3ull     /* ABI 4: of TCP */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define SCOPE_SOCKET_SIGNAL 3ull  /* ABI 6 */

/* To list folders and read files. */
#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Never to run programs, nor to make what others would take for a device or a service. */
#define NEVER                                                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                               \
			LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK |             \
			LANDLOCK_ACCESS_FS_MAKE_FIFO | FS_IOCTL_DEV)

static bool leave_folder(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr a = { .allowed_access = access };
	bool done;

	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return true; /* then nobody comes there */
	done = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) == 0;
	close(a.parent_fd);
	return done;
}

/* Resolvers and what libc loads for them. */
static bool leave_names(int ruleset)
{
	static const char *const places[] = { "/etc", "/run", "/var/run", "/usr/lib", "/lib",
		"/lib64", "/usr/share", "/usr/local/lib" };
	bool done = true;

	for (size_t i = 0; i < HWS_COUNT(places); i++)
		done = done && leave_folder(ruleset, places[i], READS);
	return done;
}

/* The names in the folder, and of what lies there the video devices: memory and terminals of others
 * are there, too. */
static bool leave_devices(int ruleset, const char *folder, uint64_t all)
{
	const uint64_t use = all &
			(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
					FS_IOCTL_DEV);
	bool done = leave_folder(ruleset, folder, LANDLOCK_ACCESS_FS_READ_DIR);
	DIR *d = opendir(folder);
	char path[PATH_MAX];

	for (struct dirent *e; d && done && (e = readdir(d));)
		if (hws_str_starts(e->d_name, "video") &&
				hws_fmt(path, sizeof(path), "%s/%s", folder, e->d_name) == HWS_OK)
			done = leave_folder(ruleset, path, use);
	if (d)
		closedir(d);
	return done;
}

static bool add_rules(int ruleset, const struct sandbox_left *left, uint64_t all)
{
	bool done = !left->names || leave_names(ruleset);

	for (unsigned i = 0; i < left->folder_count; i++)
		done = done &&
				(left->devices ? leave_devices(ruleset, left->folders[i], all)
					       : leave_folder(ruleset, left->folders[i],
								 all & ~(uint64_t)NEVER));
	return done;
}

unsigned sandbox_landlock(const struct sandbox_left *left)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all = { .fs = FS_ABI_1 };
	size_t size = abi >= 6 ? sizeof(all) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	bool done;
	long fd;

	if (abi < 1)
		return 0;
	all.fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
			(abi >= 5 ? FS_IOCTL_DEV : 0);
	all.net = abi >= 4 && !left->network ? NET_BIND_CONNECT : 0;
	all.scoped = abi >= 6 ? SCOPE_SOCKET_SIGNAL : 0;
	fd = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (fd < 0)
		return 0;
	done = add_rules((int)fd, left, all.fs) &&
			syscall(SYS_landlock_restrict_self, (int)fd, 0) == 0;
	close((int)fd);
	return !done ? 0 : HWS_LAYER_LANDLOCK | (abi >= 6 ? HWS_LAYER_SCOPE : 0);
}
