/* Landlock without its library, which the system we are built on has not: three system calls and a
 * structure that grows with the kernel. No rule is added, so nothing that it handles is allowed. */
#include "shared/sys/sandbox_landlock.h"
#include "shared/sys/sandbox.h"
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

unsigned sandbox_landlock(void)
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
	all.net = abi >= 4 ? NET_BIND_CONNECT : 0;
	all.scoped = abi >= 6 ? SCOPE_SOCKET_SIGNAL : 0;
	fd = syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (fd < 0)
		return 0;
	done = syscall(SYS_landlock_restrict_self, (int)fd, 0) == 0;
	close((int)fd);
	return !done ? 0 : HWS_LAYER_LANDLOCK | (abi >= 6 ? HWS_LAYER_SCOPE : 0);
}
