/* Networks that want a sign-in first answer in the server's place: with a web page, or the way to
 * one. */
#include "tests/component/servers/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGN_IN "asks for a sign-in"
#define REDIRECT "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n"

static pid_t portal;
static char portal_text[40];

static void serve(int listener, const char *answer)
{
	for (;;) {
		char in[2000];
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			continue;
		/* who waits for the server's word first is shown the door after a while */
		if (recv(fd, in, sizeof(in), 0) >= 0)
			(void)!write(fd, answer, strlen(answer));
		shutdown(fd, SHUT_WR);
		(void)recv(fd, in, sizeof(in), 0);
		close(fd);
	}
}

/* port 0: any */
static void start_portal(uint16_t port, const char *answer)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 20 };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	snprintf(portal_text, sizeof(portal_text), "127.0.0.1:%u", ntohs(at.sin_port));
	portal = fork();
	if (portal == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd, answer);
	}
	close(fd);
	ck_assert_int_gt(portal, 0);
}

static void setup(void)
{
	stage_setup();
	portal = 0;
	/* viewers ask for a password of a host that is never reached */
	stage_start(0);
	stage_start_host((const char *const[]){ "--server", stage_server[0].text, NULL });
}

static void teardown(void)
{
	if (portal > 0) {
		kill(portal, SIGKILL);
		waitpid(portal, NULL, 0);
	}
	stage_teardown();
}

static const struct {
	const char *scheme, *answer;
	bool is_portal;
} cases[] = {
	/* a web server that reads our first frame */
	{ "", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true },
	{ "", "HTTP/1.0 302 Found\r\nLocation: http://login.example/\r\n\r\n", true },
	{ "", "SSH-2.0-OpenSSH_9.2\r\n", false },
	{ "ws://", "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", true },
	{ "ws://", "HTTP/1.1 511 Network Authentication Required\r\n\r\n", true },
	{ "ws://", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", true },
	{ "ws://", "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/ws/id\r\n\r\n", false },
	{ "ws://", "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", false },
	{ "ws://", "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n", false },
	{ "ws://", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", false },
};

START_TEST(a_viewer_says_that_the_network_wants_a_sign_in)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char server[60], *out = NULL;
		const char *options[] = { "--server", server, NULL };

		start_portal(0, cases[i].answer);
		snprintf(server, sizeof(server), "%s%s", cases[i].scheme, portal_text);
		ck_assert_int_ne(stage_connect(NULL, options, &out), 0);
		ck_assert_msg((strstr(out, SIGN_IN) != NULL) == cases[i].is_portal, "%zu: %s", i,
				out);
		free(out);
		kill(portal, SIGKILL);
		waitpid(portal, NULL, 0);
		portal = 0;
	}
}
END_TEST

START_TEST(a_host_says_so_in_its_log_and_status)
{
	char server[60];

	start_portal(0, REDIRECT);
	test_proc_stop(&stage_host);
	snprintf(server, sizeof(server), "ws://%s", portal_text);
	stage_start_host((const char *const[]){ "--server", server, NULL });
	stage_host_until(server, "offline");
	ck_assert_ptr_nonnull(strstr(stage_host_says(server, "text"), SIGN_IN));
	ck_assert_ptr_nonnull(strstr(stage_host.log, SIGN_IN));
}
END_TEST

/* It is one network, however many servers it keeps from this computer. */
START_TEST(it_is_said_once_for_all_servers)
{
	char servers[120], *out = NULL, *first;
	const char *options[] = { "--server", servers, NULL };

	start_portal(0, REDIRECT);
	snprintf(servers, sizeof(servers), "%s,ws://%s", portal_text, portal_text);
	ck_assert_int_ne(stage_connect(NULL, options, &out), 0);
	first = strstr(out, "hawser: ");
	ck_assert_msg(first && strstr(first, SIGN_IN), "%s", out);
	ck_assert_msg(!strstr(strstr(first, SIGN_IN) + 1, SIGN_IN) && !strstr(out, ": ;"), "%s",
			out);
	free(out);
}
END_TEST

/* The host with the processes that it has started: who is away says no good-bye. */
static void signal_host(int sig)
{
	char path[80], pids[500] = "", *at = pids, *end;
	unsigned long pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)stage_host.pid,
			(int)stage_host.pid);
	test_proc_signal(&stage_host, sig);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(pids, sizeof(pids), f));
	fclose(f);
	for (; (pid = strtoul(at, &end, 10)) > 0 && end != at; at = end)
		kill((pid_t)pid, sig);
}

START_TEST(a_session_that_has_lost_its_way_says_so)
{
	struct test_proc viewer;

	stage_host_until(stage_server[0].text, "registered");
	stage_stay(&viewer, (const char *const[]){ "--server", stage_list(1), NULL });
	test_proc_must_expect(&viewer, "encrypted=yes", TEST_PATIENCE_MS);
	stage_stop(0);
	start_portal(stage_server[0].port, REDIRECT);
	signal_host(SIGSTOP);
	test_proc_must_expect(&viewer, "This network asks for a sign-in first: open any page",
			TEST_PATIENCE_MS);
	signal_host(SIGCONT);
	test_proc_stop(&viewer);
}
END_TEST

int main(void)
{
	return test_main("servers/captive", 200, setup, teardown,
			TESTS(a_viewer_says_that_the_network_wants_a_sign_in,
					a_host_says_so_in_its_log_and_status,
					it_is_said_once_for_all_servers,
					a_session_that_has_lost_its_way_says_so));
}
