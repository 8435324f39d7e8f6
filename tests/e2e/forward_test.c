/* `hawser forward` at a real host: ports here and there, what its owner allows and what not, and a
 * line that is cut. */
#include "tests/e2e/stack.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS 30000

/* What a service behind the host is: says back what it hears, until that ends. */
static const char echo_program[] =
		"import socket, threading\n"
		"s = socket.create_server(('127.0.0.1', 0), backlog=200)\n"
		"print('port=%d' % s.getsockname()[1], flush=True)\n"
		"def serve(c):\n"
		"    while True:\n"
		"        d = c.recv(65536)\n"
		"        if not d: break\n"
		"        c.sendall(d)\n"
		"    c.close()\n"
		"while True:\n"
		"    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()\n";

static struct test_stack stack;
static struct test_proxy proxy;
static struct test_proc echo, forward;
static unsigned echo_port;
static char target[80];

static int host_does(const char *script, char **ret_out)
{
	char line[1200];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line), "H=%s S='--state-dir %s/host'; %s",
			test_bin("client/host/hawser-host"), stack.dir, script);
	return test_run(argv, stack.envp, ret_out);
}

static void begin(unsigned flags)
{
	const char *argv[] = { "/usr/bin/env", "python3", "-c", echo_program, NULL };
	char script[300], settings[300];
	FILE *f;

	/* as root it would be the machine's own file */
	snprintf(settings, sizeof(settings), "%s/host.conf", getenv("HOME"));
	f = fopen(settings, "we");
	ck_assert(f && fclose(f) == 0);
	ck_assert_int_eq(setenv("HAWSER_HOST_CONFIG", settings, 1), 0);
	test_proc_start(&echo, argv, NULL);
	echo_port = (unsigned)test_line_number(test_proc_must_expect(&echo, "port=", MS), "port=");
	test_stack_start(&stack, flags);
	snprintf(script, sizeof(script),
			"echo a-fixed-password | $H password --set-from-stdin $S && "
			"$H config set tunnel-targets localhost:%u $S && "
			"$H config set tunnel-listen 'localhost:*' $S",
			echo_port);
	ck_assert_int_eq(host_does(script, NULL), 0);
	test_proc_stop(&stack.host);
	test_stack_start_host(&stack); /* with these settings */
	if (flags & STACK_SERVERS) {
		snprintf(target, sizeof(target), "%s", stack.target);
	} else {
		test_proxy_start(&proxy, stack.direct_port);
		snprintf(target, sizeof(target), "127.0.0.1:%u", proxy.port);
	}
}

static void finish(unsigned flags)
{
	test_proc_stop(&forward);
	if (!(flags & STACK_SERVERS))
		test_proxy_stop(&proxy);
	test_stack_stop(&stack);
	test_proc_stop(&echo);
}

static void start_forward(const char *const options[])
{
	const char *argv[24] = { test_bin("client/cli/hawser"), "forward", target, "--json" };
	const char *envp[16];
	char key[120];
	size_t n = 4, k = 0;

	for (size_t i = 0; options[i]; i++)
		argv[n++] = options[i];
	if (*stack.key) {
		argv[n++] = "--server";
		argv[n++] = stack.server;
		argv[n++] = "--key";
		snprintf(key, sizeof(key), "%s", stack.key);
		argv[n++] = key;
	}
	argv[n] = NULL;
	for (; stack.envp[k]; k++)
		envp[k] = stack.envp[k];
	envp[k++] = "HAWSER_PASSWORD=a-fixed-password";
	envp[k] = NULL;
	test_proc_start(&forward, argv, envp);
}

/* The port of the next line that tells of this kind. */
static uint16_t listening(const char *kind)
{
	char text[60];
	const char *at;

	snprintf(text, sizeof(text), "\"listening\",\"kind\":\"%s\"", kind);
	at = test_proc_must_expect(&forward, text, MS);
	return (uint16_t)test_line_number(at, "\"port\":");
}

static int open_port(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
					 &(struct timeval){ .tv_sec = MS / 1000 },
					 sizeof(struct timeval)),
			0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static size_t read_all(int fd, void *buf, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = recv(fd, (char *)buf + got, size - got, 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

static void must_echo(int fd, const char *text)
{
	char back[100] = "";
	size_t n = strlen(text);

	ck_assert_int_eq(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
	ck_assert_uint_eq(read_all(fd, back, n), n);
	ck_assert_str_eq(back, text);
}

static char spec[60];

/* Any port that is free, to the service behind the host. */
static const char *to_echo(void)
{
	snprintf(spec, sizeof(spec), "0:localhost:%u", echo_port);
	return spec;
}

/* The agent tells it in its own time. */
static bool is_audited(void *arg)
{
	char *out = NULL;
	bool both;

	(void)arg;
	ck_assert_int_eq(host_does("$H audit $S", &out), 0);
	both = strstr(out, "tunnel.opened") && strstr(out, "tunnel.refused");
	free(out);
	return both;
}

START_TEST(ports_of_both_sides_and_what_is_not_allowed)
{
	const unsigned flags = _i ? STACK_SERVERS | STACK_RELAY_ONLY : 0;
	static const char socks[] = "\5\1\0\5\1\0\3\x9localhost";
	unsigned char reply[12], head[19];
	uint16_t local, forbidden, dynamic, remote;
	int fd[40];

	begin(flags);
	const char *options[] = { "-L", to_echo(), "-L", "0:localhost:1", "-D", "0", "-R",
		to_echo(), NULL };
	start_forward(options);
	local = listening("L");
	forbidden = listening("L");
	dynamic = listening("D");
	remote = listening("R");
	fd[0] = open_port(local);
	must_echo(fd[0], "to the host");
	ck_assert_int_eq(shutdown(fd[0], SHUT_WR), 0); /* the end comes back as an end */
	ck_assert_uint_eq(read_all(fd[0], reply, 1), 0);
	close(fd[0]);
	fd[0] = open_port(remote);
	must_echo(fd[0], "and from it");
	close(fd[0]);
	fd[0] = open_port(dynamic);
	memcpy(head, socks, 17);
	head[17] = (unsigned char)(echo_port >> 8);
	head[18] = (unsigned char)echo_port;
	ck_assert_int_eq(send(fd[0], head, 19, MSG_NOSIGNAL), 19);
	ck_assert_uint_eq(read_all(fd[0], reply, 12), 12);
	ck_assert_mem_eq(reply, "\5\0\5\0", 4);
	must_echo(fd[0], "where SOCKS says");
	close(fd[0]);
	fd[0] = open_port(forbidden);
	test_proc_must_expect(&forward, "\"code\":\"forbidden\"", MS);
	ck_assert_uint_eq(read_all(fd[0], reply, 1), 0);
	close(fd[0]);
	for (int i = 0; i < 40; i++)
		fd[i] = open_port(local);
	for (int i = 39; i >= 0; i--) {
		must_echo(fd[i], "one of many");
		close(fd[i]);
	}
	ck_assert(test_until(is_audited, NULL, MS));
	test_proc_signal(&forward, SIGINT);
	ck_assert_int_eq(test_proc_wait(&forward, MS), 0);
	finish(flags);
}
END_TEST

START_TEST(ports_go_on_when_the_line_is_cut)
{
	char back[4];
	uint16_t local;
	int fd;

	begin(0);
	const char *options[] = { "-L", to_echo(), NULL };
	start_forward(options);
	local = listening("L");
	fd = open_port(local);
	must_echo(fd, "before");
	test_proxy_set(&proxy, TEST_PROXY_CUT);
	ck_assert_uint_eq(read_all(fd, back, 1), 0); /* with its line */
	close(fd);
	fd = open_port(local); /* waits for the line */
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	must_echo(fd, "after");
	close(fd);
	finish(0);
}
END_TEST

START_TEST(bulk_through_the_host_is_whole)
{
	enum { TOTAL = 24 << 20 };
	static unsigned char block[65536], back[65536];
	size_t sent = 0, got = 0, wrong = 0;
	int fd;

	begin(0);
	const char *options[] = { "-L", to_echo(), NULL };
	start_forward(options);
	fd = open_port(listening("L"));
	while (got < TOTAL) {
		struct pollfd p = { .fd = fd,
			.events = (short)(POLLIN | (sent < TOTAL ? POLLOUT : 0)) };
		size_t at = sent % sizeof(block);

		ck_assert_int_gt(poll(&p, 1, MS), 0);
		if (p.revents & POLLOUT) {
			for (size_t i = at; i < sizeof(block); i++)
				block[i] = (unsigned char)((sent - at + i) * 2654435761u >> 13);
			ssize_t n = send(fd, block + at, sizeof(block) - at,
					MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += n > 0 ? (size_t)n : 0;
		}
		if (!(p.revents & POLLIN))
			continue;
		ssize_t n = recv(fd, back, sizeof(back), MSG_DONTWAIT);
		ck_assert_int_ne(n, 0);
		for (ssize_t i = 0; i < n; i++)
			wrong += back[i] != (unsigned char)((got + (size_t)i) * 2654435761u >> 13);
		got += n > 0 ? (size_t)n : 0;
	}
	ck_assert_uint_eq(wrong, 0);
	close(fd);
	finish(0);
}
END_TEST

START_TEST(mistakes_end_with_their_status)
{
	const struct {
		const char *options[5];
		int status;
		const char *text;
	} cases[] = {
		{ { "-L", "nonsense" }, 2, "has to be" },
		{ { "--quiet" }, 2, "nothing to forward" },
		{ { "-R", "0:localhost:22", "--idle", "x" }, 2, "idle" },
	};

	begin(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start_forward(cases[i].options);
		test_proc_must_expect(&forward, cases[i].text, MS);
		ck_assert_int_eq(test_proc_wait(&forward, MS), cases[i].status);
		test_proc_stop(&forward);
	}
	/* Where the host does not let viewers listen. */
	ck_assert_int_eq(host_does("$H config set tunnel-listen '' $S", NULL), 0);
	test_proc_stop(&stack.host);
	test_stack_start_host(&stack);
	const char *options[] = { "-R", "0:localhost:22", NULL };
	start_forward(options);
	test_proc_must_expect(&forward, "\"failed\",\"kind\":\"R\"", MS);
	ck_assert_int_eq(test_proc_wait(&forward, MS), 6);
	finish(0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/forward");
	TCase *tc = test_case(s, "all", 240,
			TESTS(ports_go_on_when_the_line_is_cut, bulk_through_the_host_is_whole,
					mistakes_end_with_their_status));

	tcase_add_loop_test(tc, ports_of_both_sides_and_what_is_not_allowed, 0, 2);
	return test_suite_run(s);
}
