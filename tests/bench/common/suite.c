/* Starts the real programs for a measurement and watches what they cost, from outside, as an
 * operator would. */
#include "tests/bench/common/suite.h"
#include "shared/base/clock.h"
#include "shared/base/num.h"
#include "tests/bench/common/desktop.h"
#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS 20000
#define FRAME_MS 15000

static void first_line(const char *const argv[], struct suite *s, char *buf, size_t size)
{
	uint64_t end = test_now_ms() + START_MS;
	char *out = NULL;

	while (test_run(argv, s->envp, &out) != 0 || strcspn(out, "\r\n") == 0) {
		ck_assert_msg(test_now_ms() < end, "%s %s: %s", argv[0], argv[1], out);
		free(out);
	}
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void start_servers(struct suite *s, uint16_t port)
{
	char number[8], state[280], control[300];
	const char *run[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", number, "--state-dir", state, "--control", control, NULL };
	const char *key[] = { run[0], "key", "--state-dir", state, NULL };

	snprintf(number, sizeof(number), "%u", port);
	snprintf(state, sizeof(state), "%s/rendezvous", s->dir);
	snprintf(control, sizeof(control), "%s/control.sock", state);
	snprintf(s->server, sizeof(s->server), "127.0.0.1:%u", port);
	test_proc_start(&s->rendezvous, run, s->envp);
	test_proc_must_expect(&s->rendezvous, "listening", START_MS);
	first_line(key, s, s->key, sizeof(s->key));
}

static void start_host(struct suite *s, uint16_t port)
{
	char state[280], number[8];
	const char *host = test_bin("client/host/hawser-host");
	const char *run[] = { host, "run", "--display", s->screen.display, "--state-dir", state,
		"--server", s->server, "--key", s->key, "--direct-port", number, "--direct-server",
		"yes", NULL };
	const char *id[] = { host, "id", "--state-dir", state, NULL };
	/* The one-time password would be another one after each session. */
	const char *password[] = { "/bin/sh", "-c",
		"echo bench-password | \"$0\" password --set-from-stdin --state-dir \"$1\"", host,
		state, NULL };

	snprintf(state, sizeof(state), "%s/host", s->dir);
	snprintf(number, sizeof(number), "%u", port);
	snprintf(s->direct, sizeof(s->direct), "127.0.0.1:%u", port);
	test_proc_start(&s->host, run, s->envp);
	test_proc_must_expect(&s->host, "registered", START_MS);
	first_line(id, s, s->id, sizeof(s->id));
	ck_assert_int_eq(test_run(password, s->envp, NULL), 0);
	snprintf(s->password, sizeof(s->password), "bench-password");
}

void suite_start(struct suite *s, int width, int height)
{
	uint16_t port;

	memset(s, 0, sizeof(*s));
	test_dir(s->dir, sizeof(s->dir));
	snprintf(s->env[0], sizeof(s->env[0]), "XDG_CONFIG_HOME=%s", s->dir);
	snprintf(s->env[1], sizeof(s->env[1]), "XDG_RUNTIME_DIR=%s", s->dir);
	s->envp[0] = s->env[0];
	s->envp[1] = s->env[1];
	test_xvfb_start(&s->screen, width, height);
	port = (uint16_t)(test_free_ports(8) + 1);
	start_servers(s, port);
	start_host(s, (uint16_t)(port + 4));
}

void suite_stop(struct suite *s)
{
	suite_leave(s);
	test_proc_stop(&s->host);
	test_proc_stop(&s->rendezvous);
	test_xvfb_stop(&s->screen);
}

void suite_tell(struct suite *s)
{
	if (s->host.pid <= 0)
		return;
	test_proc_expect(&s->host, "\001", 10); /* never comes, but reads what is there */
	fprintf(stderr, "--- hawser-host said:\n%s", s->host.log);
}

double suite_connect_ms(struct suite *s, bool direct)
{
	char password[64];
	const char *by_id[] = { test_bin("client/cli/hawser"), "connect", s->id, "--headless",
		"--after", "0", "--stats", "--no-retry", "--server", s->server, "--key", s->key,
		NULL };
	const char *by_address[] = { by_id[0], "connect", s->direct, "--headless", "--after", "0",
		"--stats", "--no-retry", "--accept-insecure", NULL };
	const char *env[] = { s->env[0], s->env[1], password, NULL };
	struct test_proc p;
	uint64_t start;
	double ms;

	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", s->password);
	start = hws_clock_us();
	test_proc_start(&p, direct ? by_address : by_id, env);
	test_proc_must_expect(&p, "final frames=1", FRAME_MS);
	ms = (double)(hws_clock_us() - start) / 1e3;
	ck_assert_msg(test_proc_wait(&p, START_MS) == 0, "%s", p.log);
	test_proc_stop(&p);
	return ms;
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct suite *s = arg;

	(void)session;
	if (ev->type == HAWSER_EVENT_FRAME)
		s->frames++;
	s->ready = s->ready || ev->type == HAWSER_EVENT_READY;
	if (ev->type == HAWSER_EVENT_CLOSED) {
		s->closed = true;
		snprintf(s->why, sizeof(s->why), "%s", ev->u.closed.text);
	}
}

bool suite_next_frame(struct suite *s, unsigned timeout_ms)
{
	uint64_t now = test_now_ms(), end = now + timeout_ms;
	unsigned before = s->frames;

	while (s->frames == before && now < end) {
		ck_assert_msg(!s->closed, "the session ended: %s", s->why);
		hawser_context_wait(s->context, (int)(end - now));
		now = test_now_ms();
	}
	return s->frames != before;
}

static void view(struct suite *s, const char *target, bool insecure)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_session_config sc = HAWSER_SESSION_CONFIG_INIT;

	cc.config_path = "";
	cc.server = s->server;
	cc.key = s->key;
	ck_assert_int_eq(hawser_context_new(&cc, &s->context), 0);
	sc.target = target;
	sc.password = s->password;
	sc.no_retry = true;
	sc.fps = (int)s->fps;
	sc.allow_insecure = insecure;
	sc.on_event = on_event;
	sc.arg = s;
	ck_assert_msg(hawser_session_open(s->context, &sc, &s->session) == 0, "%s",
			hawser_last_error());
	ck_assert_msg(suite_next_frame(s, FRAME_MS), "no picture");
}

void suite_view(struct suite *s)
{
	view(s, s->id, false);
}

void suite_view_at(struct suite *s, const char *target)
{
	view(s, target, true);
}

void suite_leave(struct suite *s)
{
	hawser_session_close(s->session);
	hawser_context_free(s->context);
	s->session = NULL;
	s->context = NULL;
	s->ready = s->closed = false;
}

void suite_settle(struct suite *s, unsigned quiet_ms)
{
	while (suite_next_frame(s, quiet_ms))
		;
}

void suite_run_until(struct suite *s, uint64_t until_us)
{
	uint64_t now;

	while ((now = hws_clock_us()) < until_us)
		hawser_context_wait(s->context, (int)((until_us - now + 999) / 1000));
	ck_assert_msg(!s->closed, "the session ended: %s", s->why);
}

int suite_grey(struct suite *s, int x, int y)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;
	int grey;

	if (hawser_session_lock_frame(s->session, 0, &f) < 0)
		return -1;
	grey = f.pixels[(size_t)y * f.stride + (size_t)x * 4 + 1];
	hawser_session_unlock_frame(s->session, 0);
	return grey;
}

int suite_code(struct suite *s)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;
	int code = 0;

	if (hawser_session_lock_frame(s->session, 0, &f) < 0)
		return -1;
	for (int bit = 0; bit < CODE_BITS; bit++) {
		const uint8_t *p = f.pixels + (size_t)(CODE_SIDE / 2) * f.stride +
				(size_t)(CODE_X(bit) + CODE_SIDE / 2) * 4;
		code |= (p[1] > 128) << bit;
	}
	hawser_session_unlock_frame(s->session, 0);
	return code;
}

struct hawser_stats suite_stats(struct suite *s)
{
	struct hawser_stats st = HAWSER_STATS_INIT;

	ck_assert_int_eq(hawser_session_stats(s->session, &st), 0);
	return st;
}

/* --- CPU time --------------------------------------------------------------------------------- */

/* All threads; the scheduler's own count in ns, not the coarse one of ticks. */
double suite_process_cpu(pid_t pid)
{
	char path[600];
	uint64_t ns = 0, one;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, e->d_name);
		FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (f && fscanf(f, "%" SCNu64, &one) == 1)
			ns += one;
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return (double)ns / 1e9;
}

static pid_t parent_of(pid_t pid)
{
	char path[64];
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	if (f)
		fclose(f);
	return parent;
}

static bool descends(pid_t pid, pid_t from)
{
	for (int depth = 0; pid > 1 && depth < 8; depth++, pid = parent_of(pid))
		if (pid == from)
			return true;
	return false;
}

double suite_host_cpu(const struct suite *s)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	double sum = 0;

	while (dir && (e = readdir(dir))) {
		uint32_t pid;
		if (hws_parse_u32(e->d_name, &pid) == 0 && descends((pid_t)pid, s->host.pid))
			sum += suite_process_cpu((pid_t)pid);
	}
	if (dir)
		closedir(dir);
	return sum;
}

double suite_screen_cpu(const struct suite *s)
{
	return suite_process_cpu(s->screen.proc.pid);
}
