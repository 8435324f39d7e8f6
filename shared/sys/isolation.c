/* Namespaces of its own for a process that needs nothing of the machine. An account that is not
 * root gets them by way of a user namespace, where the system allows that. */
#include "shared/sys/isolation.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(HWS_VALGRIND)
#define TAKES_ALL_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
		__has_feature(memory_sanitizer)
#define TAKES_ALL_MEMORY 1
#endif
#endif
#ifndef TAKES_ALL_MEMORY
#define TAKES_ALL_MEMORY 0
#endif

/* An empty file system takes the place of all others. Whatever folder it is mounted over is gone
 * from sight with them. */
static bool leave_files(void)
{
	static const char *const any[] = { "/tmp", "/proc", "/dev" };
	bool mounted = false;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, HWS_ISOLATE_ALONE, NULL) < 0)
		return false;
	for (size_t i = 0; i < HWS_COUNT(any) && !mounted; i++)
		mounted = mount("none", any[i], "tmpfs", HWS_ISOLATE_EMPTY,
					  "size=4k,nr_inodes=4,mode=0555") == 0 &&
				chdir(any[i]) == 0;
	/* The old root is put over the new one, and goes. */
	if (!mounted || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
			chdir("/") < 0)
		return false;
	return mount(NULL, "/", NULL, HWS_ISOLATE_CLOSED, NULL) == 0;
}

/* A user namespace gives all rights within it: none of them is needed. */
static void drop_rights(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	syscall(SYS_capset, &head, none);
}

unsigned hws_isolate(void)
{
	unsigned went = 0;

	if (unshare(CLONE_NEWUSER) < 0 && geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNET) == 0)
		went |= HWS_ISOLATED_NETWORK;
	if (unshare(CLONE_NEWIPC | CLONE_NEWUTS) == 0)
		went |= HWS_ISOLATED_NAMES;
	if (leave_files())
		went |= HWS_ISOLATED_FILES;
	drop_rights();
	return went;
}

int hws_end_with_parent(void)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? hws_err_from_errno(errno) : HWS_OK;
}

int hws_limit_memory(pid_t pid, size_t bytes)
{
	struct rlimit limit;

	if (TAKES_ALL_MEMORY)
		return HWS_OK;
	if (prlimit(pid, RLIMIT_AS, NULL, &limit) < 0)
		return hws_err_from_errno(errno);
	limit.rlim_cur = HWS_MIN((rlim_t)bytes, limit.rlim_max);
	return prlimit(pid, RLIMIT_AS, &limit, NULL) < 0 ? hws_err_from_errno(errno) : HWS_OK;
}
