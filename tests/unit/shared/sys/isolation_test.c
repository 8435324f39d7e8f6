/* What is left of the machine for a process that only computes: each attempt is made in a child
 * that may die of it. */
#include "shared/sys/isolation.h"
#include "shared/sys/sandbox.h"
#include "tests/support/suite.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_HERE 77

static pid_t parent;

static int status_of(int (*run)(void))
{
	int status;

	parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		_exit(run());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int no_files(void)
{
	if (!(hws_isolate() & HWS_ISOLATED_FILES))
		return NOT_HERE;
	if (open("/etc/passwd", O_RDONLY) >= 0 || open("/proc/self/status", O_RDONLY) >= 0)
		return 1;
	if (open("/x", O_RDWR | O_CREAT, 0600) >= 0 || mkdir("/y", 0700) == 0)
		return 2;
	if (chdir("..") == 0 && open("etc/passwd", O_RDONLY) >= 0)
		return 3;
	return mkdir("/tmp", 0700) == 0 ? 4 : 0;
}

static int no_network(void)
{
	struct sockaddr_storage any = { .ss_family = AF_INET };

	if (!(hws_isolate() & HWS_ISOLATED_NETWORK))
		return NOT_HERE;
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s >= 0 && connect(s, (struct sockaddr *)&any, sizeof(any)) == 0)
		return 1;                          /* not even the loopback is up */
	return unshare(CLONE_NEWNET) == 0 ? 2 : 0; /* no rights within either */
}

START_TEST(nothing_of_the_machine_is_left)
{
	static int (*const run[])(void) = { no_files, no_network };
	int status = status_of(run[_i]);

	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_HERE)
		test_skip("this system refuses namespaces");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static int too_much_memory(void)
{
	if (hws_limit_memory(0, 256u << 20) < 0)
		return 1;
	void *p = mmap(NULL, 512u << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		return NOT_HERE; /* a sanitizer's program */
	if (hws_limit_memory(0, 1024u << 20) < 0)
		return 2;
	p = mmap(NULL, 512u << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? 3 : 0;
}

START_TEST(memory_has_a_limit_that_can_be_raised)
{
	int status = status_of(too_much_memory);

	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_HERE)
		test_skip("no limit in this build");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* --- what only computes ----------------------------------------------------------------------- */

static int confined(int (*act)(void))
{
	struct hws_error err;

	if (hws_sandbox_enter(HWS_SANDBOX_COMPUTE, &err) < 0)
		return NOT_HERE;
	return act();
}

static int makes_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}
static int makes_pair(void)
{
	int fd[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
}
static int forks(void)
{
	return fork() >= 0;
}
static int runs(void)
{
	return execl("/bin/true", "true", NULL);
}
static int kills(void)
{
	return kill(parent, SIGCONT);
}
static int kills_thread(void)
{
	return (int)syscall(SYS_tgkill, parent, parent, SIGCONT);
}
static int makes_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
			MAP_FAILED;
}
static int turns_to_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static int raises_limits(void)
{
	struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_AS, &l);
}
static int controls_terminal(void)
{
	char c = 'x';

	return (int)syscall(SYS_ioctl, 2, 0x5412 /* TIOCSTI */, &c);
}
static int reads_other_memory(void)
{
	return (int)syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0);
}
static int makes_memfd(void)
{
	return (int)syscall(SYS_memfd_create, "x", 0);
}

static int (*forbidden)(void);
static int tries(void)
{
	return confined(forbidden);
}

START_TEST(what_computes_can_do_nothing_else)
{
	static int (*const acts[])(void) = { makes_socket, makes_pair, forks, runs, kills,
		kills_thread, makes_code, turns_to_code, raises_limits, controls_terminal,
		reads_other_memory, makes_memfd };

	for (size_t i = 0; i < HWS_COUNT(acts); i++) {
		forbidden = acts[i];
		int status = status_of(tries);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE) {
			test_skip("no sandbox in this build");
			return;
		}
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%zu: %x", i,
				(unsigned)status);
	}
}
END_TEST

static void *count(void *arg)
{
	char *p = malloc(8u << 20);

	memset(p, 1, 8u << 20);
	*(int *)arg = p[4096];
	free(p);
	return NULL;
}

static int computes(void)
{
	pthread_t t[2];
	int seen[2] = { 0, 0 };

	for (int i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, count, &seen[i]) != 0)
			return 1;
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	if (open("/dev/null", O_RDONLY) >= 0 || errno != ENOENT)
		return 3; /* no files, but that is no reason to die: libc tries */
	return seen[0] + seen[1] == 2 ? 0 : 2;
}

START_TEST(threads_and_memory_are_there)
{
	forbidden = computes;
	int status = status_of(tries);

	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_HERE)
		test_skip("no sandbox in this build");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sys/isolation");
	TCase *t = test_case(s, "isolation", 60,
			TESTS(memory_has_a_limit_that_can_be_raised,
					what_computes_can_do_nothing_else,
					threads_and_memory_are_there));

	tcase_add_loop_test(t, nothing_of_the_machine_is_left, 0, 2);
	return test_suite_run(s);
}
