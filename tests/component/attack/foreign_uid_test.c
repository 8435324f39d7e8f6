/* Another account of the machine that reaches a server's local sockets, say since an operator
 * opened their folder: it gets nothing, neither by the control sockets nor by the relay's
 * hand-over. As root it is a real other account; in any case a server is tried that is told of
 * one. */
#include "server-relay/takeover_message.h"
#include "tests/component/relay/stage.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER 54321
#define GOT_NOTHING 0
#define GOT_SERVED 1
#define GOT_REFUSAL 2
#define GOT_LOST 3 /* it could not even connect */

static struct server srv;

static void tear_down(void)
{
	cleanup();
	test_proc_stop(&srv.proc);
}

static int dial(const char *path, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What comes back for `say`; nothing at the end of the connection. */
static int ask(const char *path, int type, const void *say, size_t len)
{
	static char answer[65536];
	int fd = dial(path, type), got = GOT_NOTHING;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (fd < 0)
		return GOT_LOST;
	(void)!send(fd, say, len, MSG_NOSIGNAL);
	n = poll(&p, 1, TEST_PATIENCE_MS) == 1 ? recv(fd, answer, sizeof(answer) - 1, 0) : -1;
	if (n > 0) {
		answer[n] = 0;
		got = type == SOCK_STREAM && strstr(answer, "only root and the account")
				? GOT_REFUSAL
				: GOT_SERVED;
	}
	close(fd);
	return got;
}

static int ask_control(const char *path)
{
	static const char say[] = "{\"cmd\":\"stats\"}\n";

	return ask(path, SOCK_STREAM, say, sizeof(say) - 1);
}

static int ask_handover(const char *path)
{
	const struct rly_takeover_head hello = { .magic = RLY_TAKEOVER_MAGIC,
		.kind = RLY_TAKEOVER_HELLO };

	return ask(path, SOCK_SEQPACKET, &hello, sizeof(hello));
}

/* The folder of the test and what is below it. */
static void open_up(const char *path)
{
	char folder[400];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strrchr(folder, '/'); slash && slash != folder;
			slash = strrchr(folder, '/')) {
		*slash = 0;
		if (strcmp(folder, "/tmp") == 0)
			break;
		(void)!chmod(folder, 0755);
	}
	ck_assert_int_eq(chmod(path, 0666), 0);
}

/* The same by another account. */
static int as_other(const char *path, int (*try)(const char *path))
{
	int status;
	pid_t pid;

	open_up(path);
	pid = fork();
	if (pid == 0)
		_exit(setgid(OTHER) < 0 || setuid(OTHER) < 0 ? GOT_LOST : try(path));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* _i: 0 = ours, which must be served, or the rest would prove nothing; 1 = the server is told of
 * another account; 2 = there is one. */
static int by(int way, const char *path, int (*try)(const char *path))
{
	return way == 2 ? as_other(path, try) : try(path);
}

static void tell_of_other(int way)
{
	if (way != 1)
		return;
	setenv("LD_PRELOAD", FOREIGN_PEER, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
}

static bool wanted(int way)
{
	return way != 2 || geteuid() == 0; /* the way before is tried in its place */
}

START_TEST(the_relay_serves_its_own_account_only)
{
	char handover[400];

	if (!wanted(_i))
		return;
	tell_of_other(_i);
	start(NULL);
	unsetenv("LD_PRELOAD");
	snprintf(handover, sizeof(handover), "%.*s/handover.sock",
			(int)(strrchr(relay.control, '/') - relay.control), relay.control);
	ck_assert_int_eq(by(_i, relay.control, ask_control), _i ? GOT_REFUSAL : GOT_SERVED);
	ck_assert_int_eq(by(_i, handover, ask_handover), _i ? GOT_NOTHING : GOT_SERVED);
	relay_stop(&relay);
}
END_TEST

START_TEST(the_rendezvous_serves_its_own_account_only)
{
	if (!wanted(_i))
		return;
	tell_of_other(_i);
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, NULL);
	unsetenv("LD_PRELOAD");
	ck_assert_int_eq(by(_i, srv.control, ask_control), _i ? GOT_REFUSAL : GOT_SERVED);
	server_stop(&srv);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attack/foreign_uid");
	TCase *t = test_case(s, "all", 120, TESTS_NONE);

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_loop_test(t, the_relay_serves_its_own_account_only, 0, 3);
	tcase_add_loop_test(t, the_rendezvous_serves_its_own_account_only, 0, 3);
	return test_suite_run(s);
}
