/* The sandbox, in children that may die of it, and giving up root. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/loop/loop.h"
#include "shared/sys/sandbox.h"

#define RELAY HWS_SANDBOX_RELAY
#define RENDEZVOUS HWS_SANDBOX_RENDEZVOUS
#define API HWS_SANDBOX_API
#define DIALER HWS_SANDBOX_GATE_DIALING
#define GATE HWS_SANDBOX_GATE
#define COMPUTE HWS_SANDBOX_COMPUTE
#define HOSTD HWS_SANDBOX_HOSTD
#define AGENT HWS_SANDBOX_AGENT

#define NO_SANDBOX 77

/* Runs in a child: enters the sandbox and does `act`. Returns its wait status. */
static int in_sandbox(enum hws_sandbox_role role, int (*act)(void))
{
	struct hws_error err;
	int status, r;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		r = hws_sandbox_enter(role, &err);
		_exit(r == HWS_ERR_UNSUPPORTED ? NO_SANDBOX : r < 0 ? 99 : act());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int open_for_reading(void)
{
	int fd = open("/dev/null", O_RDONLY);

	return fd < 0 ? 1 : 0;
}

static int open_new(void)
{
	return open("/tmp/hws-never", O_RDWR | O_CREAT | O_EXCL, 0600) < 0;
}

static int make_and_remove(void)
{
	char name[] = "/tmp/hws-sandbox-XXXXXX";
	int fd = mkstemp(name);

	return fd < 0 || unlink(name) < 0;
}

static int code_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			MAP_FAILED;
}

static int new_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

/* What miniupnpc sets before it asks for routers; and nobody's to set. */
static int multicast_hops(void)
{
	const int hops = 2, on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)) < 0 ||
			setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)) == 0 ||
			errno != EPERM;
}

static int raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}

static int raw_refused(void)
{
	return raw_socket() != 1 || errno != EPERM;
}

static int run_program(void)
{
	char *const argv[] = { NULL };

	return execve("/bin/true", argv, argv);
}

static int program_refused(void)
{
	return run_program() != -1 || errno != EPERM;
}

static int new_refused(void)
{
	return open_new() == 0;
}

static int fork_child(void)
{
	return fork() < 0;
}

static int use_loop(void)
{
	char text[32];
	void *p = malloc(1 << 20);

	free(p);
	hws_wall_text(hws_wall_us(), text, sizeof(text));
	return write(STDERR_FILENO, "", 0) < 0;
}

static int open_once_more_confined(void)
{
	struct hws_error err;

	if (hws_sandbox_enter(GATE, &err) < 0)
		return 2;
	return open_for_reading();
}

static int loop_once_more_confined(void)
{
	struct hws_error err;

	return hws_sandbox_enter(GATE, &err) < 0 ? 2 : use_loop();
}

static void *thread(void *arg)
{
	return arg;
}

static int threaded_loop(void)
{
	struct hws_loop *l;
	pthread_t t;
	int r;

	if (pthread_create(&t, NULL, thread, NULL) != 0)
		return 1;
	pthread_join(t, NULL);
	if (hws_loop_new(&l) < 0)
		return 2;
	r = hws_loop_once(l, 1000);
	hws_loop_free(l);
	return r < 0 ? 3 : 0;
}

static const struct {
	enum hws_sandbox_role role;
	int (*act)(void);
	bool dies;
} acts[] = {
	{ HWS_SANDBOX_PORTS, multicast_hops, false },
	{ RELAY, use_loop, false },
	{ RELAY, threaded_loop, false },
	{ RELAY, open_for_reading, false },
	{ RELAY, new_socket, false },
	{ RELAY, new_refused, false },
	{ RELAY, raw_refused, false },
	{ RELAY, run_program, true },
	{ RELAY, fork_child, true },
	{ RENDEZVOUS, threaded_loop, false },
	{ RENDEZVOUS, open_for_reading, false },
	{ RENDEZVOUS, make_and_remove, false },
	{ RENDEZVOUS, run_program, true },
	{ RENDEZVOUS, fork_child, true },
	{ API, threaded_loop, false },
	{ API, make_and_remove, false },
	{ API, run_program, true },
	{ API, fork_child, true },
	{ DIALER, threaded_loop, false },
	{ DIALER, open_for_reading, false },
	{ DIALER, new_socket, false },
	{ DIALER, program_refused, false },
	{ DIALER, new_refused, false },
	{ DIALER, loop_once_more_confined, false },
	{ DIALER, open_once_more_confined, true },
	{ GATE, use_loop, false },
	{ GATE, open_for_reading, true },
	{ GATE, new_socket, true },
	{ GATE, code_memory, true },
	{ GATE, run_program, true },
	{ GATE, fork_child, true },
};

/* What is refused says so, what is let through is no request of that file. */
static int asks_devices(void)
{
	static const unsigned long let[] = { _IO('d', 0), _IO('V', 0), _IO('b', 0), _IO('>', 0) };
	static const unsigned long refused[] = { TIOCSTI, _IO('v', 0), _IO('T', 0x68),
		0x100000000ul | _IO('T', 0x68) };
	int fd = dup(STDERR_FILENO);

	for (size_t i = 0; i < HWS_COUNT(let); i++)
		if (ioctl(fd, let[i], 0) == 0 || errno == EPERM)
			return 1;
	for (size_t i = 0; i < HWS_COUNT(refused); i++)
		if (ioctl(fd, refused[i], 0) == 0 || errno != EPERM)
			return 2;
	return open("/dev/null", O_RDONLY) >= 0 ? 3 : 0;
}

START_TEST(a_driver_asks_devices_and_nothing_else)
{
	int status = in_sandbox(HWS_SANDBOX_DEVICE, asks_devices);

	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) != NO_SANDBOX)
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(a_process_may_what_it_needs_and_dies_of_the_rest)
{
	int status = in_sandbox(acts[_i].role, acts[_i].act);

	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX)
		return;
	if (acts[_i].dies)
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %x",
				status);
	else
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}
END_TEST

static int hide(void)
{
	struct rlimit core;

	hws_sandbox_conceal();
	if (prctl(PR_GET_DUMPABLE) != 0) /* a sanitizer looks into it */
		return NO_SANDBOX;
	return getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0;
}

START_TEST(who_hides_can_not_be_looked_into)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(hide());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) != NO_SANDBOX)
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(privileges_are_dropped_for_good)
{
	struct hws_error err;
	int status;
	pid_t pid;

	ck_assert_int_eq(hws_sandbox_drop_to("no-such-account", &err), HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no-such-account"));
	if (geteuid() != 0)
		return;
	pid = fork();
	if (pid == 0) {
		static const gid_t ours[] = { 0, 4, 42, 54321 };
		gid_t left[64];
		int n;

		if (setgroups(HWS_COUNT(ours), ours) < 0 || hws_sandbox_drop_to("nobody", &err) < 0)
			_exit(1);
		n = getgroups(64, left);
		if (n > 1 || (n == 1 && left[0] != getgid()))
			_exit(4);
		if (getuid() == 0 || geteuid() == 0 || getegid() == 0 || setuid(0) == 0)
			_exit(2);
		_exit(hws_sandbox_drop_to("nobody", &err) < 0 ? 3 : 0); /* again: nothing to do */
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sys/sandbox");
	TCase *t = tcase_create("sandbox");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
			t, a_process_may_what_it_needs_and_dies_of_the_rest, 0, HWS_COUNT(acts));
	tcase_add_test(t, a_driver_asks_devices_and_nothing_else);
	tcase_add_test(t, who_hides_can_not_be_looked_into);
	tcase_add_test(t, privileges_are_dropped_for_good);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
