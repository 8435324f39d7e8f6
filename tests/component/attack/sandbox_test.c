/* Code of an attacker in each of our sandboxes. A child enters it as the role does and makes one
 * attempt, which must fail, or end the child. The same attempts are made without a sandbox first:
 * most of them work there, so it is the sandbox that refuses them. */
#include "shared/base/str.h"
#include "shared/sys/sandbox.h"
#include "shared/sys/sandbox_landlock.h"
#include "tests/component/attack/attempts.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <grp.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKS 0 /* also what /bin/true says */
#define FAILS 1
#define NO_SANDBOX 77
#define NONE HWS_SANDBOX_ROLES
#define NOBODY 65534

static int own_terminal = -1;

static const char *const names[] = { "gate (dialing)", "gate", "compute", "device", "device (late)",
	"hostd", "agent", "files", "tunnel", "ports", "relay", "rendezvous", "none" };

static int connected_stream(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int l = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(l, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(l, 1), 0);
	ck_assert_int_eq(getsockname(l, (struct sockaddr *)&at, &len), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static int abstract_listener(void)
{
	struct sockaddr_un at = { AF_UNIX, "" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(target.path, sizeof(target.path), "hws-attack-%d", (int)getpid());
	memcpy(at.sun_path + 1, target.path, strlen(target.path));
	ck_assert_int_eq(
			bind(fd, (struct sockaddr *)&at,
					(socklen_t)(sizeof(sa_family_t) + 1 + strlen(target.path))),
			0);
	return fd;
}

static void set_up(void)
{
	int master;

	target.terminal = own_terminal;
	if (own_terminal < 0)
		ck_assert_int_eq(openpty(&master, &target.terminal, NULL, NULL, NULL), 0);
	target.stream = connected_stream();
	abstract_listener();
	target.dgram = socket(AF_UNIX, SOCK_DGRAM, 0);
	target.victim = fork();
	if (target.victim == 0) {
		pause();
		_exit(0);
	}
}

static void tear_down(void)
{
	kill(target.victim, SIGKILL);
	waitpid(target.victim, NULL, 0);
}

/* WORKS, FAILS (it may have been killed), or NO_SANDBOX. */
static int attempt_in(unsigned role, const struct attempt *a)
{
	static const struct rlimit none = { 0, 0 };
	struct hws_error err;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		if (role != NONE && hws_sandbox_enter((enum hws_sandbox_role)role, &err) < 0)
			_exit(NO_SANDBOX);
		_exit(a->works() ? WORKS : FAILS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		ck_assert_msg(WTERMSIG(status) == SIGSYS, "%s in %s: signal %d", a->name,
				names[role], WTERMSIG(status));
		return FAILS;
	}
	return WEXITSTATUS(status);
}

START_TEST(who_takes_a_process_gains_nothing)
{
	unsigned role = (unsigned)_i;

	for (size_t i = 0; i < attempt_count; i++) {
		int got;

		if (!(attempts[i].refused & 1u << role))
			continue;
		got = attempt_in(role, &attempts[i]);
		if (got == NO_SANDBOX) {
			test_skip("no sandbox: a sanitizer's build, or a kernel without seccomp");
			return;
		}
		ck_assert_msg(got == FAILS, "in the sandbox of %s this works: %s", names[role],
				attempts[i].name);
	}
}
END_TEST

/* Some need root, some a kernel that has them. */
START_TEST(without_a_sandbox_the_attempts_work)
{
	unsigned work = 0;

	for (size_t i = 0; i < attempt_count; i++) {
		bool works = attempt_in(NONE, &attempts[i]) == WORKS;

		if (!works)
			printf("not on this machine: %s\n", attempts[i].name);
		work += works;
	}
	ck_assert_uint_ge(work, geteuid() == 0 ? attempt_count / 2 : attempt_count / 3);
}
END_TEST

static bool text_of_layers(void)
{
	struct hws_error err;
	char text[100];

	if (hws_sandbox_enter(HWS_SANDBOX_GATE, &err) < 0)
		return false;
	hws_sandbox_text(hws_sandbox_layers(), text, sizeof(text));
	if (write(1, text, strlen(text)) < 0)
		return false;
	return hws_sandbox_layers() & HWS_LAYER_CALLS;
}

/* Landlock alone, without the filter that would refuse the same. */
static const struct attempt *behind_landlock;

static bool works_behind_landlock(void)
{
	unsigned got;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return true;
	got = sandbox_landlock(&(const struct sandbox_left){ 0 });
	if (!(got & HWS_LAYER_LANDLOCK))
		_exit(NO_SANDBOX);
	if (!(got & HWS_LAYER_SCOPE) && behind_landlock->refused & 1)
		_exit(NO_SANDBOX);
	return behind_landlock->works();
}

START_TEST(landlock_by_itself_refuses_files_signals_and_sockets)
{
	/* needs a newer kernel, it says with the first bit */
	static const struct {
		const char *name;
		bool newer;
	} want[] = { { "open", false }, { "/proc", false }, { "new file", false },
		{ "execve", false }, { "kill", true }, { "abstract socket", true },
		{ "sendto elsewhere", true } };
	static const struct attempt all = { "behind landlock", 0, works_behind_landlock };
	struct attempt one;
	unsigned found = 0;

	for (size_t i = 0; i < HWS_COUNT(want); i++)
		for (size_t k = 0; k < attempt_count; k++) {
			if (strcmp(want[i].name, attempts[k].name) != 0)
				continue;
			one = attempts[k];
			one.refused = want[i].newer;
			behind_landlock = &one;
			found++;
			ck_assert_msg(attempt_in(NONE, &all) != WORKS, "%s", one.name);
		}
	ck_assert_uint_eq(found, HWS_COUNT(want));
}
END_TEST

START_TEST(a_gate_tells_its_layers)
{
	static const struct attempt a = { "layers", 0, text_of_layers };
	char text[100];

	ck_assert_str_eq(hws_sandbox_text(0, text, sizeof(text)), "none");
	ck_assert_str_eq(hws_sandbox_text(HWS_LAYER_CALLS | HWS_LAYER_NETWORK | HWS_LAYER_SCOPE,
					 text, sizeof(text)),
			"calls, network, scope");
	ck_assert_int_eq(hws_sandbox_wanted(HWS_SANDBOX_GATE), 63);
	if (attempt_in(HWS_SANDBOX_GATE, &attempts[0]) == NO_SANDBOX)
		return;
	ck_assert_int_eq(attempt_in(NONE, &a), WORKS);
}
END_TEST

static int run_all(void)
{
	Suite *s = suite_create("attack/sandbox");
	TCase *t = test_case(s, "sandbox", 120,
			TESTS(without_a_sandbox_the_attempts_work, a_gate_tells_its_layers,
					landlock_by_itself_refuses_files_signals_and_sockets));

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, who_takes_a_process_gains_nothing, 0, HWS_SANDBOX_ROLES);
	return test_suite_run(s);
}

/* With a terminal that is ours by control, as a shell's children have it, and open to be looked
 * into. */
static bool become_nobody(void)
{
	int master;

	return setsid() >= 0 && openpty(&master, &own_terminal, NULL, NULL, NULL) == 0 &&
			ioctl(own_terminal, TIOCSCTTY, 0) == 0 && setgroups(0, NULL) == 0 &&
			setgid(NOBODY) == 0 && setuid(NOBODY) == 0 &&
			prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

/* As root, which may most, and as an account that may little and needs user namespaces. */
int main(void)
{
	int status;
	pid_t pid = geteuid() == 0 ? fork() : -1;

	if (pid == 0) {
		return become_nobody() ? run_all() : 1;
	}
	if (pid > 0 &&
			(waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
					WEXITSTATUS(status) != 0))
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	return run_all();
}
