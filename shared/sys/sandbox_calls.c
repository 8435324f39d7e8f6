/* The lists. An argument is compared by all its 64 bits where that allows something, and by the 32
 * that the kernel looks at where it refuses something: so whoever fills the upper half gains
 * nothing. */
#include "shared/sys/sandbox_calls.h"
#include "shared/sys/isolation.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOW_32 0xffffffffu

/* SANDBOX_RUN: what any running loop does with descriptors it already has. */
static const int run[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
	SCMP_SYS(futex), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(membarrier), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
	SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(fstat),
	SCMP_SYS(lseek), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(getrusage),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname) };

/* SANDBOX_COMPUTE, all of it. */
static const int computing[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(close),
	SCMP_SYS(futex), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier) };

/* SANDBOX_STREAM: many datagrams at once; what one of them may do, sendmsg may, too. */
static const int datagrams[] = { SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg) };

/* SANDBOX_DIAL: what names of hosts, certificates and a connection take. */
static const int dial[] = { SCMP_SYS(sendto), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(dup),
	SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(socketpair), SCMP_SYS(bind), SCMP_SYS(connect),
	SCMP_SYS(pipe2), SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create),
	SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs),
	SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(pread64),
	SCMP_SYS(preadv), SCMP_SYS(getcwd), SCMP_SYS(sysinfo), SCMP_SYS(getrlimit),
	SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(getpriority),
	SCMP_SYS(umask), SCMP_SYS(getgroups), SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl),
	SCMP_SYS(capget), SCMP_SYS(fadvise64), SCMP_SYS(getcpu), SCMP_SYS(mlock),
	SCMP_SYS(munlock) };

/* SANDBOX_SERVE: with DIAL. */
static const int serve[] = { SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(splice), SCMP_SYS(tee), SCMP_SYS(vmsplice), SCMP_SYS(sendfile), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(sched_setaffinity), SCMP_SYS(rt_sigtimedwait) };

static const int files[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(creat), SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(chmod), SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(flock), SCMP_SYS(utimensat), SCMP_SYS(link),
	SCMP_SYS(linkat), SCMP_SYS(msync), SCMP_SYS(sync_file_range) };

/* SANDBOX_FOLDERS: what moving, listing and copying files takes besides. */
static const int folders[] = { SCMP_SYS(openat2), SCMP_SYS(stat), SCMP_SYS(lstat),
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(symlinkat), SCMP_SYS(getdents64), SCMP_SYS(pread64),
	SCMP_SYS(preadv), SCMP_SYS(preadv2), SCMP_SYS(pwritev2), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(fchownat), SCMP_SYS(copy_file_range), SCMP_SYS(sendfile),
	SCMP_SYS(splice), SCMP_SYS(fadvise64), SCMP_SYS(readahead), SCMP_SYS(truncate),
	SCMP_SYS(syncfs), SCMP_SYS(fgetxattr), SCMP_SYS(fsetxattr), SCMP_SYS(flistxattr),
	SCMP_SYS(fremovexattr), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe2),
	SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(getcwd),
	SCMP_SYS(umask), SCMP_SYS(getgroups), SCMP_SYS(sysinfo), SCMP_SYS(getrlimit),
	SCMP_SYS(getcpu), SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler), SCMP_SYS(getpriority), SCMP_SYS(ioprio_get) };

/* What the layers of the next sandbox call, as far as arguments need no look. */
static const int again[] = { SCMP_SYS(seccomp), SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_restrict_self), SCMP_SYS(pivot_root), SCMP_SYS(chdir), SCMP_SYS(capset) };

/* What no program of ours calls, whatever libraries it lives with: looking into other processes,
 * and the parts of a kernel that serve its administrator, or an attack on it. */
static const int hostile[] = { SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(reboot),
	SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd), SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(open_by_handle_at), SCMP_SYS(setns),
	SCMP_SYS(fanotify_init), SCMP_SYS(syslog), SCMP_SYS(move_pages), SCMP_SYS(migrate_pages),
	SCMP_SYS(vhangup), SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(fsconfig),
	SCMP_SYS(fspick), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(mount_setattr),
	SCMP_SYS(chroot), SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(uselib),
	SCMP_SYS(ustat), SCMP_SYS(personality), SCMP_SYS(sysfs), SCMP_SYS(nfsservctl),
	SCMP_SYS(lookup_dcookie) };

static const int launching[] = { SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
	SCMP_SYS(vfork) };

static const int mounting[] = { SCMP_SYS(unshare), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root) };

#define ALL_SPACES (HWS_ISOLATE_SPACES | CLONE_NEWPID | CLONE_NEWCGROUP)

/* {level, name} of a socket's option. */
struct option {
	int level, name;
};

static const struct option stream_options[] = { { SOL_SOCKET, SO_ERROR }, { SOL_SOCKET, SO_TYPE },
	{ SOL_SOCKET, SO_SNDBUF }, { SOL_SOCKET, SO_RCVBUF }, { IPPROTO_TCP, TCP_NODELAY },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT }, { IPPROTO_TCP, TCP_INFO },
	{ IPPROTO_IP, IP_MTU_DISCOVER }, { IPPROTO_IPV6, IPV6_MTU_DISCOVER },
	{ IPPROTO_UDP, UDP_SEGMENT }, { IPPROTO_UDP, UDP_GRO } };

/* Ours, and those of libc (names of hosts), libpq and miniupnpc (how far its question goes). */
static const struct option serve_options[] = { { SOL_SOCKET, SO_REUSEADDR },
	{ SOL_SOCKET, SO_REUSEPORT }, { SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_LINGER },
	{ SOL_SOCKET, SO_RCVBUFFORCE }, { SOL_SOCKET, SO_MEMINFO }, { SOL_SOCKET, SO_PEERCRED },
	{ SOL_SOCKET, SO_PASSCRED }, { SOL_SOCKET, SO_ACCEPTCONN }, { SOL_SOCKET, SO_DOMAIN },
	{ SOL_SOCKET, SO_PROTOCOL }, { SOL_SOCKET, SO_RCVTIMEO }, { SOL_SOCKET, SO_SNDTIMEO },
	{ SOL_SOCKET, SO_RXQ_OVFL }, { IPPROTO_TCP, TCP_KEEPIDLE }, { IPPROTO_TCP, TCP_KEEPINTVL },
	{ IPPROTO_TCP, TCP_KEEPCNT }, { IPPROTO_TCP, TCP_USER_TIMEOUT },
	{ IPPROTO_TCP, TCP_QUICKACK }, { IPPROTO_TCP, TCP_CORK }, { IPPROTO_IP, IP_RECVERR },
	{ IPPROTO_IP, IP_PKTINFO }, { IPPROTO_IP, IP_TOS }, { IPPROTO_IP, IP_MULTICAST_TTL },
	{ IPPROTO_IPV6, IPV6_V6ONLY }, { IPPROTO_IPV6, IPV6_RECVERR },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO } };

/* A filter under construction; the first failure stays. */
struct filter {
	scmp_filter_ctx ctx;
	int r;
};

/* An argument as it must be: `mask` of 0 means all its bits. */
struct arg {
	unsigned index;
	scmp_datum_t mask, value;
};

static void rule(struct filter *f, uint32_t action, int call, const struct arg *args, unsigned n)
{
	struct scmp_arg_cmp cmp[3];

	if (call < 0 || f->r < 0) /* negative: a call that this architecture does not have */
		return;
	for (unsigned i = 0; i < n; i++)
		cmp[i] = (struct scmp_arg_cmp){ args[i].index,
			args[i].mask ? SCMP_CMP_MASKED_EQ : SCMP_CMP_EQ,
			args[i].mask ? args[i].mask : args[i].value,
			args[i].mask ? args[i].value : 0 };
	f->r = seccomp_rule_add_array(f->ctx, action, call, n, cmp);
}

static void rule_1(struct filter *f, uint32_t action, int call, struct arg a)
{
	rule(f, action, call, &a, 1);
}

static void rule_2(struct filter *f, uint32_t action, int call, struct arg a, struct arg b)
{
	const struct arg args[] = { a, b };

	rule(f, action, call, args, 2);
}

static void all(struct filter *f, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rule(f, action, calls[i], NULL, 0);
}

/* Memory may never become code. */
static void allow_data_memory(struct filter *f, bool descriptors)
{
	const scmp_datum_t mask = MAP_ANONYMOUS;
	const struct arg data = { 2, PROT_EXEC, 0 };

	if (descriptors)
		rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), data);
	else
		rule_2(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), data, (struct arg){ 3, mask, mask });
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), data);
}

/* Nothing that would make a signal come, or a lock of somebody else's wait. */
static void allow_descriptor_flags(struct filter *f)
{
	static const int commands[] = { F_GETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC };

	for (size_t i = 0; i < HWS_COUNT(commands); i++)
		rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl),
				(struct arg){ 1, 0, (unsigned)commands[i] });
	rule_2(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), (struct arg){ 1, 0, F_SETFL },
			(struct arg){ 2, O_ASYNC, 0 });
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), (struct arg){ 1, 0, FIONREAD });
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), (struct arg){ 1, 0, FIONBIO });
	/* libc asks whether something is a terminal; nothing is */
	rule_1(f, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), (struct arg){ 1, 0, TCGETS });
}

/* abort() ends this process, and nobody else. */
static void allow_own_signals(struct filter *f)
{
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), (struct arg){ 0, 0, (scmp_datum_t)getpid() });
}

static void allow_running(struct filter *f)
{
	all(f, SCMP_ACT_ALLOW, run, HWS_COUNT(run));
	allow_descriptor_flags(f);
	allow_own_signals(f);
}

static void allow_options(struct filter *f, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct arg level = { 1, 0, (unsigned)options[i].level };
		const struct arg name = { 2, 0, (unsigned)options[i].name };

		rule_2(f, SCMP_ACT_ALLOW, SCMP_SYS(getsockopt), level, name);
		rule_2(f, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), level, name);
	}
}

/* Threads, not processes. clone3 hides its flags in memory, so libc is sent back to clone. */
static void allow_threads(struct filter *f)
{
	static const int flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;

	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(clone),
			(struct arg){ 0, (unsigned)flags | ALL_SPACES, (unsigned)flags });
	rule(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), NULL, 0);
}

static void allow_computing(struct filter *f, bool opens)
{
	/* libc counts the processors in a file, and bears it when that is not there */
	static const int opening[] = { SCMP_SYS(openat) };

	if (!opens)
		all(f, SCMP_ACT_ERRNO(ENOENT), opening, HWS_COUNT(opening));
	all(f, SCMP_ACT_ALLOW, computing, HWS_COUNT(computing));
	allow_data_memory(f, true);
	allow_threads(f);
	allow_own_signals(f);
}

/* Requests to devices carry a letter for whose they are: DRM, V4L2, buffers and fences that both
 * hand on. No other device is open, or to be opened. */
static void allow_devices(struct filter *f, bool opens)
{
	static const unsigned char letters[] = { 'd', 'V', 'b', '>' };
	/* setitimer: what alarm() is where the kernel has no call of that name (ARM, RISC-V) */
	static const int around[] = { SCMP_SYS(alarm), SCMP_SYS(setitimer), SCMP_SYS(fstat),
		SCMP_SYS(lseek), SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(eventfd2),
		SCMP_SYS(getppid), SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(getuid),
		SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname),
		SCMP_SYS(nanosleep), SCMP_SYS(clock_getres), SCMP_SYS(sigaltstack) };
	static const int finding[] = { SCMP_SYS(getdents64), SCMP_SYS(newfstatat), SCMP_SYS(stat),
		SCMP_SYS(lstat), SCMP_SYS(access) };
	const scmp_datum_t letter = ~(scmp_datum_t)0xffff00ffu;

	all(f, SCMP_ACT_ALLOW, around, HWS_COUNT(around));
	allow_descriptor_flags(f);
	for (size_t i = 0; i < HWS_COUNT(letters); i++)
		rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl),
				(struct arg){ 1, letter, (scmp_datum_t)letters[i] << 8 });
	if (!opens)
		return;
	all(f, SCMP_ACT_ALLOW, finding, HWS_COUNT(finding));
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), (struct arg){ 2, O_CREAT | O_TRUNC, 0 });
}

/* Local and IP sockets, no raw ones; of the kernel's own, addresses and routes (libc asks). */
static void allow_sockets(struct filter *f)
{
	static const unsigned families[] = { AF_UNIX, AF_INET, AF_INET6 };
	static const unsigned types[] = { SOCK_STREAM, SOCK_DGRAM };

	for (size_t i = 0; i < HWS_COUNT(families); i++)
		for (size_t k = 0; k < HWS_COUNT(types); k++)
			rule_2(f, SCMP_ACT_ALLOW, SCMP_SYS(socket),
					(struct arg){ 0, 0, families[i] },
					(struct arg){ 1, 0xf, types[k] });
	rule_2(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), (struct arg){ 0, 0, AF_NETLINK },
			(struct arg){ 2, LOW_32, 0 });
}

static void allow_locks(struct filter *f)
{
	static const int commands[] = { F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK,
		F_OFD_SETLKW, F_SETPIPE_SZ, F_GETPIPE_SZ };

	for (size_t i = 0; i < HWS_COUNT(commands); i++)
		rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl),
				(struct arg){ 1, 0, (unsigned)commands[i] });
}

/* Looking up names of hosts loads code. */
static void allow_dialing(struct filter *f)
{
	all(f, SCMP_ACT_ALLOW, dial, HWS_COUNT(dial));
	rule(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), NULL, 0);
	rule(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), NULL, 0);
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), (struct arg){ 0, 0, PR_SET_NAME });
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), (struct arg){ 0, 0, PR_GET_NAME });
	/* of itself */
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), (struct arg){ 0, 0, 0 });
	allow_sockets(f);
	allow_options(f, stream_options, HWS_COUNT(stream_options));
	allow_options(f, serve_options, HWS_COUNT(serve_options));
}

static void allow_serving(struct filter *f)
{
	all(f, SCMP_ACT_ALLOW, serve, HWS_COUNT(serve));
	/* "drain" is a signal to itself */
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), (struct arg){ 0, 0, (scmp_datum_t)getpid() });
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(setpriority), (struct arg){ 1, 0, 0 });
	allow_locks(f);
}

static void allow_folders(struct filter *f)
{
	all(f, SCMP_ACT_ALLOW, folders, HWS_COUNT(folders));
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), (struct arg){ 0, 0, PR_SET_NAME });
	/* of itself, and only to look */
	rule_2(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), (struct arg){ 0, 0, 0 },
			(struct arg){ 2, 0, 0 });
	allow_locks(f);
}

static void allow_reading(struct filter *f)
{
	const scmp_datum_t mask = O_ACCMODE | O_CREAT | O_TRUNC;

	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), (struct arg){ 2, mask, O_RDONLY });
	/* /dev/null and the like for writing, new files: refused without dying */
	rule_1(f, SCMP_ACT_ERRNO(EROFS), SCMP_SYS(openat), (struct arg){ 2, O_ACCMODE, O_WRONLY });
}

static void allow_again(struct filter *f)
{
	static const int options[] = { PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE, PR_SET_SECCOMP,
		PR_GET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP };
	static const unsigned mounts[] = { HWS_ISOLATE_ALONE, HWS_ISOLATE_EMPTY,
		HWS_ISOLATE_CLOSED };

	all(f, SCMP_ACT_ALLOW, again, HWS_COUNT(again));
	rule(f, SCMP_ACT_ALLOW, SCMP_SYS(setrlimit), NULL, 0);
	for (size_t i = 0; i < HWS_COUNT(options); i++)
		rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl),
				(struct arg){ 0, 0, (unsigned)options[i] });
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(unshare),
			(struct arg){ 0, ~(scmp_datum_t)HWS_ISOLATE_SPACES, 0 });
	for (size_t i = 0; i < HWS_COUNT(mounts); i++)
		rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(mount), (struct arg){ 3, 0, mounts[i] });
	rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(umount2), (struct arg){ 1, 0, MNT_DETACH });
}

/* Families that speak to drivers and filters of the kernel, and the way to type into a terminal. */
static void refuse_kernel_surface(struct filter *f)
{
	static const unsigned netlink[] = { 6 /* XFRM */, 9 /* AUDIT */, 12 /* NETFILTER */,
		21 /* CRYPTO */ };
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	all(f, no, hostile, HWS_COUNT(hostile));
	for (unsigned family = AF_UNIX + 1; family < 64; family++)
		if (family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
			rule_1(f, no, SCMP_SYS(socket), (struct arg){ 0, LOW_32, family });
	rule_1(f, no, SCMP_SYS(socket), (struct arg){ 1, 0xf, SOCK_PACKET });
	for (size_t i = 0; i < HWS_COUNT(netlink); i++)
		rule_2(f, no, SCMP_SYS(socket), (struct arg){ 0, LOW_32, AF_NETLINK },
				(struct arg){ 2, LOW_32, netlink[i] });
	rule_1(f, no, SCMP_SYS(ioctl), (struct arg){ 1, LOW_32, TIOCSTI });
	rule_1(f, no, SCMP_SYS(ioctl), (struct arg){ 1, LOW_32, 0x541c /* TIOCLINUX */ });
}

/* Other namespaces than those of a gate; for a guest, any. */
static void refuse_namespaces(struct filter *f, bool guest)
{
	static const unsigned flags[] = { CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWIPC,
		CLONE_NEWUTS, CLONE_NEWPID, CLONE_NEWCGROUP };
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	for (size_t i = 0; i < HWS_COUNT(flags); i++) {
		rule_1(f, no, SCMP_SYS(clone), (struct arg){ 0, flags[i], flags[i] });
		if (!guest && !(flags[i] & HWS_ISOLATE_SPACES))
			rule_1(f, no, SCMP_SYS(unshare), (struct arg){ 0, flags[i], flags[i] });
	}
	rule(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), NULL, 0);
	if (guest)
		all(f, no, mounting, HWS_COUNT(mounting));
}

static void fill(struct filter *f, unsigned calls)
{
	if (calls & SANDBOX_HOST) {
		refuse_kernel_surface(f);
		refuse_namespaces(f, calls & SANDBOX_GUEST);
		return;
	}
	if (calls & SANDBOX_COMPUTE) {
		allow_computing(f, calls & SANDBOX_DEVICE_OPENS);
		if (calls & SANDBOX_DEVICE)
			allow_devices(f, calls & SANDBOX_DEVICE_OPENS);
		return;
	}
	allow_running(f);
	if (!(calls & SANDBOX_DIAL)) /* which loads code */
		allow_data_memory(f, calls & SANDBOX_FOLDERS);
	if (calls & SANDBOX_STREAM) {
		all(f, SCMP_ACT_ALLOW, datagrams, HWS_COUNT(datagrams));
		rule_1(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), (struct arg){ 4, 0, 0 });
		allow_options(f, stream_options, HWS_COUNT(stream_options));
	}
	if (calls & SANDBOX_THREADS)
		allow_threads(f);
	if (calls & SANDBOX_DIAL)
		allow_dialing(f);
	if (calls & SANDBOX_SERVE)
		allow_serving(f);
	if (calls & SANDBOX_WRITE)
		all(f, SCMP_ACT_ALLOW, files, HWS_COUNT(files));
	else if (calls & SANDBOX_READ)
		allow_reading(f);
	if (calls & SANDBOX_FOLDERS)
		allow_folders(f);
	if (calls & SANDBOX_AGAIN)
		allow_again(f);
}

/* Where what is not listed only fails, this kills: nobody asks for it by mistake. */
static void kill_hostile(struct filter *f, unsigned calls)
{
	all(f, SCMP_ACT_KILL_PROCESS, hostile, HWS_COUNT(hostile));
	if (!(calls & SANDBOX_AGAIN)) {
		all(f, SCMP_ACT_KILL_PROCESS, launching, HWS_COUNT(launching));
		rule_1(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone),
				(struct arg){ 0, CLONE_THREAD, 0 });
		all(f, SCMP_ACT_KILL_PROCESS, mounting, HWS_COUNT(mounting));
	}
}

int sandbox_load_calls(unsigned calls, enum sandbox_otherwise otherwise)
{
	struct filter f = { 0 };
	uint32_t rest = otherwise == SANDBOX_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);

	f.ctx = seccomp_init(calls & SANDBOX_HOST ? SCMP_ACT_ALLOW : rest);
	if (!f.ctx)
		return -ENOMEM;
	/* all threads that run already come along */
	f.r = seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (f.r == 0) /* as a tree: a list of them all would be walked for each call */
		f.r = seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	fill(&f, calls);
	if (!(calls & SANDBOX_HOST) && otherwise != SANDBOX_KILL)
		kill_hostile(&f, calls);
	if (f.r == 0)
		f.r = seccomp_load(f.ctx);
	seccomp_release(f.ctx);
	return f.r;
}
