/* The attempts. Numbers of calls and constants that are newer than our system's headers stand here
 * as numbers. */
#include "tests/component/attack/attempts.h"
#include "shared/base/macros.h"
#include "shared/sys/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct attempt_target target;

#define CONFINED (IN(GATE) | IN(COMPUTE) | IN(DEVICE))
#define LATE IN(DEVICE_LATE) /* opens devices itself */
#define SERVERS (IN(RELAY) | IN(RENDEZVOUS))
#define WORKERS (IN(FILES) | IN(TUNNEL))
#define ROUTER IN(PORTS) /* asks it for a port */
#define LISTED                                                                                     \
	(CONFINED | LATE | SERVERS | WORKERS | ROUTER |                                            \
			IN(GATE_DIALING)) /* a list of what is allowed */
#define ALL (LISTED | IN(HOSTD) | IN(AGENT))

static bool types_into_terminal(void)
{
	return ioctl(target.terminal, TIOCSTI, "x") == 0;
}

/* The kernel looks at the lower half of a request only. */
static bool types_with_upper_bits(void)
{
	return syscall(SYS_ioctl, target.terminal, 0x100000000ul | TIOCSTI, "x") == 0;
}

static bool takes_terminal(void)
{
	return ioctl(target.terminal, TIOCSCTTY, 0) == 0;
}

static bool sends_signal(void)
{
	return kill(target.victim, SIGCONT) == 0;
}

static bool sends_signal_to_all(void)
{
	return kill(-1, 0) == 0;
}

static bool sends_thread_signal(void)
{
	return syscall(SYS_tgkill, target.victim, target.victim, SIGCONT) == 0;
}

static bool queues_signal(void)
{
	union sigval v = { 0 };

	return sigqueue(target.victim, SIGCONT, v) == 0;
}

static bool signals_by_descriptor(void)
{
	int fd = (int)syscall(SYS_pidfd_open, target.victim, 0);

	return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0) == 0;
}

static bool traces(void)
{
	return ptrace(PTRACE_SEIZE, target.victim, NULL, NULL) == 0;
}

static bool reads_memory(void)
{
	static char here[8];
	struct iovec to = { here, 8 }, from = { here, 8 }; /* a fork: the same address */

	return process_vm_readv(target.victim, &to, 1, &from, 1, 0) == 8;
}

static bool takes_descriptor(void)
{
	int fd = (int)syscall(SYS_pidfd_open, target.victim, 0);

	return fd >= 0 && syscall(SYS_pidfd_getfd, fd, 0, 0) >= 0;
}

static bool changes_limits_of_others(void)
{
	struct rlimit l;

	return prlimit(target.victim, RLIMIT_NOFILE, NULL, &l) == 0;
}

static bool opens(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600) >= 0;
}

static bool reads_accounts(void)
{
	return opens("/etc/passwd", O_RDONLY);
}

static bool reads_old_way(void)
{
#ifdef SYS_open /* older machines have it */
	return syscall(SYS_open, "/etc/passwd", O_RDONLY) >= 0;
#else
	return false;
#endif
}

static bool reads_newest_way(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { 0 };

	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how)) >= 0;
}

static bool reads_processes(void)
{
	return opens("/proc/1/status", O_RDONLY);
}

static bool writes_file(void)
{
	return opens("/tmp/hws-attack-never", O_RDWR | O_CREAT) &&
			unlink("/tmp/hws-attack-never") == 0;
}

static bool opens_by_handle(void)
{
	struct {
		struct file_handle h;
		char room[MAX_HANDLE_SZ];
	} f = { .h = { .handle_bytes = MAX_HANDLE_SZ } };
	int id, dir = open("/", O_RDONLY | O_DIRECTORY);

	return dir >= 0 && name_to_handle_at(dir, "etc", &f.h, &id, 0) == 0 &&
			open_by_handle_at(dir, &f.h, O_RDONLY) >= 0;
}

static bool new_socket(int family, int type, int protocol)
{
	return socket(family, type, protocol) >= 0;
}

static bool makes_tcp(void)
{
	return new_socket(AF_INET, SOCK_STREAM, 0);
}

static bool listens(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	return fd >= 0 && listen(fd, 1) == 0 && (accept(fd, NULL, NULL) >= 0 || errno == EAGAIN);
}

static bool removes_file(void)
{
	return unlink("/tmp/hws-attack-no-such-file") == 0 || errno == ENOENT;
}

static bool makes_pair(void)
{
	int fd[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0;
}

static bool makes_raw(void)
{
	return new_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static bool makes_packet(void)
{
	return new_socket(AF_PACKET, SOCK_RAW, 0);
}

static bool makes_packet_old(void)
{
	return new_socket(AF_INET, SOCK_PACKET, 0);
}

static bool makes_netfilter(void)
{
	return new_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

static bool makes_netfilter_with_upper_bits(void)
{
	return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0x100000000ul | NETLINK_NETFILTER) >= 0;
}

static bool makes_crypto(void)
{
	return new_socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static bool connects_abstract(void)
{
	struct sockaddr_un to = { AF_UNIX, "" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(to.sun_path + 1, target.path, strlen(target.path));
	return connect(fd, (struct sockaddr *)&to,
			       (socklen_t)(sizeof(sa_family_t) + 1 + strlen(target.path))) == 0;
}

static bool sends_elsewhere(void)
{
	struct sockaddr_un to = { AF_UNIX, "" };

	memcpy(to.sun_path + 1, target.path, strlen(target.path));
	return sendto(target.dgram, "x", 1, 0, (struct sockaddr *)&to,
			       (socklen_t)(sizeof(sa_family_t) + 1 + strlen(target.path))) == 1;
}

static bool attaches_filter(void)
{
	struct sock_filter pass = { BPF_RET | BPF_K, 0, 0, 0xffff };
	struct sock_fprog p = { 1, &pass };

	return setsockopt(target.stream, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) == 0;
}

static bool sets_ip_options(void)
{
	char options[4] = { 1, 1, 1, 1 };

	return setsockopt(target.stream, IPPROTO_IP, IP_OPTIONS, options, sizeof(options)) == 0;
}

static bool repairs_tcp(void)
{
	int on = 1;

	return setsockopt(target.stream, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) == 0;
}

static bool marks_packets(void)
{
	int mark = 1;

	return setsockopt(target.stream, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
}

static bool owns_signals(void)
{
	return fcntl(target.stream, F_SETOWN, target.victim) == 0;
}

static bool asks_for_signals(void)
{
	return fcntl(target.stream, F_SETFL, O_ASYNC) == 0;
}

static bool owns_signals_by_ioctl(void)
{
	pid_t victim = target.victim;

	return ioctl(target.stream, FIOSETOWN, &victim) == 0;
}

static bool lists_interfaces(void)
{
	char room[64] = { 0 };

	return ioctl(target.stream, SIOCGIFCONF, room) == 0;
}

static bool runs_program(void)
{
	char *const none[] = { NULL };

	return execve("/bin/true", none, none) == 0; /* exit status 0 says that it ran */
}

static bool runs_from_memory(void)
{
	char *const argv[] = { (char *)"true", NULL };
	static char code[1 << 16];
	int fd = (int)syscall(SYS_memfd_create, "x", 0), file = open("/bin/true", O_RDONLY);
	ssize_t n = file < 0 ? 0 : read(file, code, sizeof(code));

	return fd >= 0 && n > 0 && write(fd, code, (size_t)n) == n &&
			syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH) == 0;
}

static bool forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool vforks(void)
{
#ifdef SYS_fork
	long pid = syscall(SYS_fork);

	if (pid == 0)
		_exit(0);
	return pid > 0;
#else
	return false;
#endif
}

static bool makes_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
			MAP_FAILED;
}

static bool turns_into_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool turns_into_code_by_key(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return syscall(SYS_pkey_mprotect, p, 4096, PROT_READ | PROT_EXEC, -1) == 0;
}

static bool maps_file(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, target.stream, 0) != MAP_FAILED ||
			errno == ENODEV; /* the kernel looked at the file */
}

static bool takes_two_gigabytes(void)
{
	return mmap(NULL, 2ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
			MAP_FAILED;
}

static bool lets_others_look(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool asks_for_death_signal(void)
{
	return prctl(PR_SET_PDEATHSIG, SIGCONT, 0, 0, 0) == 0;
}

static bool makes_data_code_everywhere(void)
{
	return personality(READ_IMPLIES_EXEC) >= 0;
}

static bool makes_ring(void)
{
	char params[120] = { 0 };

	return syscall(SYS_io_uring_setup, 1, params) >= 0;
}

static bool handles_page_faults(void)
{
	return syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */) >= 0;
}

static bool loads_bpf(void)
{
	struct {
		uint32_t type, key, value, entries, flags;
	} array = { 2, 4, 4, 1, 0 };

	return syscall(SYS_bpf, 0, &array, sizeof(array)) >= 0;
}

static bool counts_events(void)
{
	uint64_t attr[16] = { 1 | 112ull << 32, 1 };

	return syscall(SYS_perf_event_open, attr, 0, -1, -1, 0) >= 0;
}

static bool adds_key(void)
{
	return syscall(SYS_add_key, "user", "hws-attack", "x", 1, -2 /* own process */) >= 0;
}

static bool reads_keys(void)
{
	return syscall(SYS_keyctl, 0 /* id */, -3 /* session */, 1) >= 0;
}

static bool leaves_for_user_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static bool leaves_for_pid_namespace(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0;
}

static bool clones_into_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool clones_by_structure(void)
{
	uint64_t args[11] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool enters_namespace(void)
{
	int fd = (int)syscall(SYS_pidfd_open, target.victim, 0);

	return fd >= 0 && setns(fd, CLONE_NEWUTS) == 0;
}

static bool mounts(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL) == 0 && umount2("/mnt", MNT_DETACH) == 0;
}

static bool opens_file_system(void)
{
	return syscall(SYS_fsopen, "tmpfs", 0) >= 0;
}

static bool changes_root(void)
{
	return chroot("/tmp") == 0;
}

static bool changes_owner(void)
{
	return setuid(getuid()) == 0;
}

static bool renames_machine(void)
{
	char name[65];

	return gethostname(name, sizeof(name)) == 0 && sethostname(name, strlen(name)) == 0;
}

const struct attempt attempts[] = {
	{ "TIOCSTI", ALL, types_into_terminal },
	{ "TIOCSTI, upper bits", ALL, types_with_upper_bits },
	{ "TIOCSCTTY", LISTED, takes_terminal },
	{ "kill", LISTED, sends_signal },
	{ "kill all", LISTED, sends_signal_to_all },
	{ "tgkill", LISTED, sends_thread_signal },
	{ "sigqueue", LISTED, queues_signal },
	{ "pidfd_send_signal", LISTED, signals_by_descriptor },
	{ "ptrace", ALL, traces },
	{ "process_vm_readv", ALL, reads_memory },
	{ "pidfd_getfd", ALL, takes_descriptor },
	{ "prlimit of another", LISTED, changes_limits_of_others },
	{ "open", CONFINED | ROUTER, reads_accounts },
	{ "open, the call", CONFINED | ROUTER, reads_old_way },
	{ "openat2", CONFINED | ROUTER, reads_newest_way },
	{ "/proc", CONFINED | ROUTER, reads_processes },
	{ "new file", CONFINED | LATE | ROUTER | IN(RELAY) | IN(TUNNEL) | IN(GATE_DIALING),
			writes_file },
	{ "open_by_handle_at", ALL, opens_by_handle },
	{ "socket", CONFINED | LATE | IN(FILES), makes_tcp },
	{ "listen", CONFINED | LATE | ROUTER | IN(FILES) | IN(GATE_DIALING), listens },
	{ "unlink", CONFINED | LATE | ROUTER | IN(GATE_DIALING), removes_file },
	{ "socketpair", CONFINED | LATE | IN(FILES), makes_pair },
	{ "raw socket", LISTED, makes_raw },
	{ "packet socket", ALL, makes_packet },
	{ "packet socket, old", ALL, makes_packet_old },
	{ "netfilter", ALL, makes_netfilter },
	{ "netfilter, upper bits", ALL, makes_netfilter_with_upper_bits },
	{ "AF_ALG", ALL, makes_crypto },
	{ "abstract socket", CONFINED, connects_abstract },
	{ "sendto elsewhere", CONFINED, sends_elsewhere },
	{ "SO_ATTACH_FILTER", LISTED, attaches_filter },
	{ "IP_OPTIONS", LISTED, sets_ip_options },
	{ "TCP_REPAIR", LISTED, repairs_tcp },
	{ "SO_MARK", LISTED, marks_packets },
	{ "F_SETOWN", LISTED, owns_signals },
	{ "O_ASYNC", LISTED, asks_for_signals },
	{ "FIOSETOWN", LISTED, owns_signals_by_ioctl },
	{ "SIOCGIFCONF", LISTED, lists_interfaces },
	{ "execve", LISTED, runs_program },
	{ "memfd and execveat", LISTED, runs_from_memory },
	{ "clone", LISTED, forks },
	{ "fork", LISTED, vforks },
	{ "PROT_EXEC", CONFINED | LATE | IN(FILES), makes_code },
	{ "mprotect", CONFINED | LATE | IN(FILES), turns_into_code },
	{ "pkey_mprotect", LISTED, turns_into_code_by_key },
	{ "mmap of a descriptor", IN(GATE), maps_file },
	{ "two gigabytes", IN(GATE) | ROUTER, takes_two_gigabytes },
	{ "PR_SET_DUMPABLE", CONFINED | LATE | ROUTER | SERVERS | WORKERS, lets_others_look },
	{ "PR_SET_PDEATHSIG", LISTED, asks_for_death_signal },
	{ "personality", ALL, makes_data_code_everywhere },
	{ "io_uring", ALL, makes_ring },
	{ "userfaultfd", ALL, handles_page_faults },
	{ "bpf", ALL, loads_bpf },
	{ "perf", ALL, counts_events },
	{ "add_key", ALL, adds_key },
	{ "keyctl", ALL, reads_keys },
	{ "unshare", CONFINED | LATE | ROUTER | SERVERS | WORKERS | IN(AGENT),
			leaves_for_user_namespace },
	{ "unshare, pids", ALL, leaves_for_pid_namespace },
	{ "clone, new user", ALL, clones_into_namespace },
	{ "clone3, new user", ALL, clones_by_structure },
	{ "setns", ALL, enters_namespace },
	{ "mount", CONFINED | LATE | ROUTER | SERVERS | WORKERS | IN(AGENT) | IN(GATE_DIALING),
			mounts },
	{ "fsopen", ALL, opens_file_system },
	{ "chroot", ALL, changes_root },
	{ "setuid", LISTED, changes_owner },
	{ "sethostname", ALL, renames_machine },
};
const size_t attempt_count = HWS_COUNT(attempts);
