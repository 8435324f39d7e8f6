/* Starts the programs as an operator would, by their own commands and files, and waits for what
 * they say. */
#include "tests/e2e/stack.h"
#include "tests/support/xorg.h"
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_MS TEST_PATIENCE_MS

static void set_env(struct test_stack *s)
{
	static const char *const names[] = { "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
		"XDG_DATA_HOME" };
	unsigned n = 0;

	for (; n < 4; n++) {
		char path[280];

		snprintf(path, sizeof(path), "%s/x%u", s->dir, n);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		snprintf(s->env[n], sizeof(s->env[n]), "%s=%s", names[n], path);
		s->envp[n] = s->env[n];
	}
	snprintf(s->env[n], sizeof(s->env[n]), "DISPLAY=%s", s->screen.display);
	s->envp[n] = s->env[n];
	/* nothing is shown to who runs the tests */
	s->envp[++n] = "DBUS_SESSION_BUS_ADDRESS=unix:path=/dev/null/no-bus";
	s->envp[n + 1] = NULL;
}

void test_stack_start_rendezvous(struct test_stack *s)
{
	char port[8], state[280], control[300], relay[32];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", port, "--state-dir", state, "--control", control,
		"--relay-servers", relay, s->flags & STACK_RELAY_ONLY ? "--always-use-relay" : NULL,
		NULL };
	const char *key_argv[] = { argv[0], "key", "--state-dir", state, NULL };
	char *out = NULL;

	snprintf(port, sizeof(port), "%u", s->port);
	snprintf(state, sizeof(state), "%s/rendezvous", s->dir);
	snprintf(control, sizeof(control), "%s/control.sock", state);
	snprintf(relay, sizeof(relay), "127.0.0.1:%u", s->relay_port);
	test_proc_start(&s->rendezvous, argv, s->envp);
	test_proc_must_expect(&s->rendezvous, "listening", START_MS);
	ck_assert_int_eq(test_run(key_argv, s->envp, &out), 0);
	snprintf(s->key, sizeof(s->key), "%.*s", (int)strcspn(out, "\r\n"), out);
	ck_assert_uint_eq(strlen(s->key), 44);
	free(out);
}

static void start_relay(struct test_stack *s)
{
	char port[8], state[280];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--bind", "127.0.0.1",
		"--port", port, "--key", s->key, "--runtime-dir", state, NULL };

	snprintf(port, sizeof(port), "%u", s->relay_port);
	snprintf(state, sizeof(state), "%s/relay", s->dir);
	test_proc_start(&s->relay, argv, s->envp);
	test_proc_must_expect(&s->relay, "listening", START_MS);
}

void test_stack_ask_host(struct test_stack *s, const char *verb, char *buf, size_t size)
{
	char state[280];
	const char *argv[] = { test_bin("client/host/hawser-host"), verb, "--state-dir", state,
		NULL };
	uint64_t end = test_now_ms() + START_MS;
	char *out = NULL;

	snprintf(state, sizeof(state), "%s/host", s->dir);
	for (;;) {
		int r = test_run(argv, s->envp, &out);

		if (r == 0 && strcspn(out, "\r\n") > 0)
			break;
		if (test_now_ms() > end)
			ck_abort_msg("hawser-host %s ends with %d: %s", verb, r, out);
		free(out);
	}
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

void test_stack_start_host(struct test_stack *s)
{
	char state[280], port[8];
	const char *argv[20] = { test_bin("client/host/hawser-host"), "run", "--display",
		s->screen.display, "--state-dir", state };
	unsigned n = 6;

	snprintf(state, sizeof(state), "%s/host", s->dir);
	snprintf(port, sizeof(port), "%u", s->direct_port);
	if (s->flags & STACK_SERVERS) {
		argv[n++] = "--server";
		argv[n++] = s->server;
		argv[n++] = "--key";
		argv[n++] = s->key;
	} else {
		argv[n++] = "--direct-port";
		argv[n++] = port;
	}
	if (*s->config) {
		argv[n++] = "--config";
		argv[n++] = s->config;
	}
	if (geteuid() == 0) { /* it has to be said whose files and shells these are */
		argv[n++] = "--service-user";
		argv[n++] = "root";
	}
	argv[n] = NULL;
	test_proc_start(&s->host, argv, s->envp);
	test_proc_must_expect(
			&s->host, s->flags & STACK_SERVERS ? "registered" : "listening", START_MS);
	test_stack_ask_host(s, "id", s->id, sizeof(s->id));
	test_stack_ask_host(s, "password", s->password, sizeof(s->password));
	if (s->flags & STACK_SERVERS)
		snprintf(s->target, sizeof(s->target), "%s", s->id);
	else
		snprintf(s->target, sizeof(s->target), "127.0.0.1:%u", s->direct_port);
}

static void start_desktop(struct test_stack *s)
{
	char script[1600];
	const char *term[] = { "/usr/bin/xterm", "-geometry", "60x16+20+20", "-fa",
		"DejaVu Sans Mono", "-fs", "12", "-bg", "#1e2a38", "-fg", "#e8e8e8", "-e",
		"/bin/sh", "-c", script, NULL };
	const char *xev[] = { "/usr/bin/stdbuf", "-oL", "/usr/bin/xev", "-geometry",
		"300x300+700+100", NULL };

	snprintf(s->typed, sizeof(s->typed), "%s/typed.txt", s->dir);
	snprintf(script, sizeof(script),
			"echo ready > '%s/terminal'; echo 'The quick brown fox jumps over the "
			"lazy dog'; "
			"IFS= read -r line; printf '%%s\\n' \"$line\" > '%s.new'; mv '%s.new' "
			"'%s'; exec sleep 3600",
			s->dir, s->typed, s->typed, s->typed);
	if (s->flags & STACK_TERMINAL)
		test_proc_start(&s->terminal, term, s->envp);
	if (s->flags & STACK_XEV) {
		test_proc_start(&s->xev, xev, s->envp);
		test_proc_must_expect(&s->xev, "Expose event", START_MS);
	}
}

bool test_stack_start(struct test_stack *s, unsigned flags)
{
	memset(s, 0, sizeof(*s));
	s->flags = flags;
	test_dir(s->dir, sizeof(s->dir));
	if (flags & STACK_OUTPUTS) {
		if (!test_xorg_start(&s->screen, 1280, 800))
			return false;
	} else if (flags & STACK_OWN_SCREEN) {
		test_xvfb_start_own(&s->screen, 1280, 720);
	} else {
		test_xvfb_start(&s->screen, 1280, 720);
	}
	set_env(s);
	/* Rendezvous: NAT test, main, (relay's default), WebSocket; relay: main and WebSocket two
	 * above. */
	s->port = (uint16_t)(test_free_ports(8) + 1);
	s->relay_port = (uint16_t)(s->port + 3);
	s->direct_port = (uint16_t)(s->port + 6);
	snprintf(s->server, sizeof(s->server), "127.0.0.1:%u", s->port);
	start_desktop(s);
	if (flags & STACK_SERVERS) {
		test_stack_start_rendezvous(s);
		start_relay(s);
	}
	if (!(flags & STACK_NO_HOST))
		test_stack_start_host(s);
	return true;
}

/* Asked to stop, it does so and has nothing to complain about (under sanitizers: no leak
 * either). */
static void must_end_well(struct test_proc *p, const char *name)
{
	int status;

	if (!p->pid)
		return;
	test_proc_signal(p, SIGTERM);
	status = test_proc_wait(p, 10000);
	ck_assert_msg(status == 0, "%s ends with %d:\n%s", name, status, p->log);
	test_proc_stop(p);
}

void test_stack_stop(struct test_stack *s)
{
	must_end_well(&s->host, "the host");
	must_end_well(&s->relay, "the relay");
	must_end_well(&s->rendezvous, "the rendezvous server");
	test_proc_stop(&s->xev);
	test_proc_stop(&s->terminal);
	test_xvfb_stop(&s->screen);
}

void test_read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}
