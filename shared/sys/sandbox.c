/* The lists of system calls by what they serve. A program says what it does (hws_sandbox_need), not
 * which calls that takes: those change with libc and libevent, and one place to mend is enough. */
#include "shared/sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef HWS_VALGRIND
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What any running loop does with descriptors it already has. */
static const int common[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
	SCMP_SYS(futex), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(tgkill),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg),
	SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(ioctl),
	SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(getrusage), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(dup) };

/* HWS_SANDBOX_SERVE */
static const int server[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(socketpair),
	SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(connect),
	SCMP_SYS(pipe2), SCMP_SYS(splice), SCMP_SYS(tee), SCMP_SYS(vmsplice), SCMP_SYS(sendfile),
	SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(pread64), SCMP_SYS(preadv),
	SCMP_SYS(getcwd), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(sysinfo),
	SCMP_SYS(prlimit64), SCMP_SYS(getrlimit), SCMP_SYS(sched_setaffinity),
	SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(setpriority),
	SCMP_SYS(getpriority), SCMP_SYS(umask), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(getgroups),
	SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl), SCMP_SYS(capget),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(fadvise64), SCMP_SYS(getcpu), SCMP_SYS(prctl) };

/* HWS_SANDBOX_WRITE: what a database in files needs. */
static const int files[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(creat), SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(chmod), SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(flock), SCMP_SYS(utimensat), SCMP_SYS(link),
	SCMP_SYS(linkat), SCMP_SYS(msync), SCMP_SYS(sync_file_range) };

/* HWS_SANDBOX_COMPUTE, all of it: memory, threads, and descriptors that are there. */
static const int computing[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(close),
	SCMP_SYS(futex), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier) };

static const int again[] = { SCMP_SYS(seccomp), SCMP_SYS(prctl) };

static int allow(scmp_filter_ctx ctx, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* negative numbers are calls this architecture does not have */
		if (calls[i] < 0)
			continue;
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);

		if (r < 0)
			return r;
	}
	return 0;
}

static int allow_sockets(scmp_filter_ctx ctx)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	int r = 0;

	for (size_t i = 0; i < HWS_COUNT(families) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return r;
}

/* Threads, not processes. clone3 hides its flags in memory, so libc is sent back to clone. */
static int allow_threads(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return r;
}

static int allow_reading(scmp_filter_ctx ctx)
{
	const scmp_datum_t mask = O_ACCMODE | O_CREAT | O_TRUNC;
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, mask, O_RDONLY));

	/* /dev/null and the like for writing, new files: refused without dying */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EROFS), SCMP_SYS(openat), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY));
	return r;
}

/* Memory may never become code. */
static int allow_data_memory(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

static int allow_computing(scmp_filter_ctx ctx)
{
	int r = allow(ctx, computing, HWS_COUNT(computing));

	if (r == 0)
		r = allow_data_memory(ctx);
	if (r == 0)
		r = allow_threads(ctx);
	if (r == 0) /* abort() */
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return r;
}

/* Looking up names of hosts loads code. */
static int allow_serving(scmp_filter_ctx ctx)
{
	int r = allow(ctx, server, HWS_COUNT(server));

	if (r == 0)
		r = allow_sockets(ctx);
	if (r == 0)
		r = allow_threads(ctx);
	return r;
}

static int fill(scmp_filter_ctx ctx, unsigned needs)
{
	int r;

	if (needs & HWS_SANDBOX_COMPUTE)
		return allow_computing(ctx);
	r = allow(ctx, common, HWS_COUNT(common));
	if (r == 0)
		r = needs & HWS_SANDBOX_SERVE ? allow_serving(ctx) : allow_data_memory(ctx);
	if (r == 0 && needs & HWS_SANDBOX_WRITE)
		r = allow(ctx, files, HWS_COUNT(files));
	else if (r == 0 && needs & HWS_SANDBOX_READ)
		r = allow_reading(ctx);
	if (r == 0 && needs & HWS_SANDBOX_AGAIN)
		r = allow(ctx, again, HWS_COUNT(again));
	return r;
}

int hws_sandbox_enter(unsigned needs, struct hws_error *err)
{
	scmp_filter_ctx ctx;
	int r;

	if (SANITIZED) /* their run time needs calls that a program does not */
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"no sandbox: this program was built with a sanitizer");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return hws_error_set(
				err, HWS_ERR_UNSUPPORTED, "no sandbox: prctl: %s", strerror(errno));
	ctx = seccomp_init(
			needs & HWS_SANDBOX_AGAIN ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return hws_error_set(err, HWS_ERR_NOMEM, "no sandbox: out of memory");
	/* all threads that run already come along */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = fill(ctx, needs);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return hws_error_set(
				err, HWS_ERR_UNSUPPORTED, "no sandbox: seccomp: %s", strerror(-r));
	return HWS_OK;
}

int hws_sandbox_drop_to(const char *user, struct hws_error *err)
{
	const struct passwd *pw;
	uid_t uid;
	gid_t gid;

	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"there is no account '%s'; create it or name another one", user);
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	if (geteuid() == uid && getuid() == uid)
		return HWS_OK;
	if (geteuid() != 0)
		return hws_error_set(err, HWS_ERR_PERM, "only root can change to the account '%s'",
				user);
	if (initgroups(user, gid) < 0 || setresgid(gid, gid, gid) < 0 ||
			setresuid(uid, uid, uid) < 0)
		return hws_error_set(err, HWS_ERR_PERM, "cannot change to the account '%s': %s",
				user, strerror(errno));
	if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return hws_error_set(err, HWS_ERR_PERM,
				"changing to the account '%s' could be undone", user);
	return HWS_OK;
}
