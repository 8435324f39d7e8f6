/* Terminals of deployed viewers at the real hawser-host, its gate and the agent that the launcher
 * starts: a shell that is not confined as the host is, that is kept when the viewer wants it, and
 * ends with the session when not. Where this runs as root, root's home is an empty one: what people
 * have in the files of their shells is no part of this. */
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/password.h"
#include "shared/wire/compress.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static struct test_host host;
static struct test_viewer v;
static char text[1 << 18], service[80], dir[256];
static size_t len;
static unsigned pid;
static bool closed;
static int code;

static void clean_home(void)
{
	char path[300];

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	test_dir(dir, sizeof(dir));
	test_write_file("root:x:0:0::/nonexistent:/bin/sh\n", "%s/passwd", dir);
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/passwd", dir), HWS_OK);
	ck_assert_int_eq(mount(path, "/etc/passwd", NULL, MS_BIND, NULL), 0);
}

static void setup(void)
{
	/* a host of root's says as whom it serves them */
	const char *const extra[] = { "--backend", "headless:160x120@5",
		geteuid() == 0 ? "--service-user" : NULL, "root", NULL };

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&v, 0, sizeof(v));
	service[0] = 0;
	clean_home();
	host_start(&host, extra);
}

static void teardown(void)
{
	viewer_close(&v);
	host_stop(&host);
}

static const char *enter(bool persistent)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	Ses__Terminal t = SES__TERMINAL__INIT;
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];

	len = 0;
	text[0] = 0;
	closed = false;
	viewer_connect(&v, host.port);
	viewer_hash(&v);
	hws_password_h1(hws_bytes_str(host_password(&host)), v.salt, h1);
	hws_password_proof(h1, v.challenge, proof);
	lr.username = (char *)"127.0.0.1";
	lr.my_id = (char *)"987654321";
	lr.my_name = (char *)"Tester";
	lr.my_platform = (char *)"Linux";
	lr.version = (char *)"1.4.9";
	lr.session_id = v.session_id;
	lr.password = (ProtobufCBinaryData){ sizeof(proof), proof };
	o.terminal_persistent = persistent ? SES__OPTION_MESSAGE__BOOL_OPTION__Yes
					   : SES__OPTION_MESSAGE__BOOL_OPTION__No;
	lr.option = &o;
	t.service_id = service;
	lr.union_case = SES__LOGIN_REQUEST__UNION_TERMINAL;
	lr.terminal = &t;
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	viewer_send(&v, &m);
	return viewer_answer(&v);
}

static void act(Ses__TerminalAction *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_TERMINAL_ACTION;
	m.terminal_action = a;
	viewer_send(&v, &m);
}

static void take(const Ses__TerminalData *d)
{
	struct hws_bytes in = hws_bytes(d->data.data, d->data.len);
	struct hws_buf plain;

	hws_buf_init(&plain, 1u << 20);
	if (d->compressed) {
		ck_assert_int_eq(hws_decompress(in, 1u << 20, &plain), HWS_OK);
		in = hws_buf_bytes(&plain);
	}
	ck_assert_uint_lt(len + in.len, sizeof(text));
	memcpy(text + len, in.ptr, in.len);
	len += in.len;
	text[len] = 0;
	hws_buf_done(&plain);
}

/* One message of the terminal's. */
static void next(void)
{
	Ses__Message *m = viewer_until(&v, SES__MESSAGE__UNION_TERMINAL_RESPONSE);

	ck_assert_msg(m != NULL, "the host has gone: %s", text);
	const Ses__TerminalResponse *r = m->terminal_response;
	ck_assert_int_ne(r->union_case, SES__TERMINAL_RESPONSE__UNION_ERROR);
	if (r->union_case == SES__TERMINAL_RESPONSE__UNION_DATA)
		take(r->data);
	if (r->union_case == SES__TERMINAL_RESPONSE__UNION_OPENED) {
		pid = r->opened->pid;
		ck_assert_int_eq(hws_str_copy(service, sizeof(service), r->opened->service_id),
				HWS_OK);
	}
	if (r->union_case == SES__TERMINAL_RESPONSE__UNION_CLOSED) {
		closed = true;
		code = r->closed->exit_code;
	}
	hws_ses_free(m);
}

static void open_terminal(int32_t id)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	o.terminal_id = id;
	o.rows = 24;
	o.cols = 200;
	a.union_case = SES__TERMINAL_ACTION__UNION_OPEN;
	a.open = &o;
	pid = 0;
	act(&a);
	while (!pid)
		next();
}

static void type(const char *line)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;

	d.terminal_id = 1;
	d.data.data = (uint8_t *)(uintptr_t)line;
	d.data.len = strlen(line);
	a.union_case = SES__TERMINAL_ACTION__UNION_DATA;
	a.data = &d;
	act(&a);
}

static void until_said(const char *what)
{
	while (!strstr(text, what)) {
		ck_assert_msg(!closed, "it ended: %s", text);
		next();
	}
}

static bool is_gone(void *arg HWS_UNUSED)
{
	return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* What is asked must not be in the echo of the question. */
START_TEST(a_shell_is_not_confined_as_the_host_is)
{
	ck_assert_str_eq(enter(false), "");
	open_terminal(1);
	type("grep -E 'NoNewPrivs|Seccomp:' /proc/self/status; echo uid=$(id -u) do''ne\n");
	until_said("done");
	ck_assert_ptr_nonnull(strstr(text, "NoNewPrivs:\t0"));
	ck_assert_ptr_nonnull(strstr(text, "Seccomp:\t0"));
	char want[32];
	ck_assert_int_eq(hws_fmt(want, sizeof(want), "uid=%u done", geteuid()), HWS_OK);
	ck_assert_ptr_nonnull(strstr(text, want));
	type("exit 7\n");
	while (!closed)
		next();
	ck_assert_int_eq(code, 7);
}
END_TEST

START_TEST(a_kept_shell_goes_on_after_the_link_is_lost)
{
	ck_assert_str_eq(enter(true), "");
	open_terminal(1);
	type("KEPT=42; echo rea''dy\n");
	until_said("ready");
	unsigned first = pid;
	viewer_close(&v); /* no goodbye */
	host_until(&host, 0, "open");
	ck_assert_str_eq(enter(true), "");
	open_terminal(1);
	ck_assert_uint_eq(pid, first);
	until_said("ready"); /* of before */
	type("echo value=$KEPT.\n");
	until_said("value=42.");
	type("exit\n");
	while (!closed)
		next();
}
END_TEST

START_TEST(another_shell_ends_with_its_session)
{
	ck_assert_str_eq(enter(false), "");
	open_terminal(1);
	type("echo rea''dy\n");
	until_said("ready");
	viewer_close(&v);
	ck_assert(test_until(is_gone, NULL, TEST_PATIENCE_MS));
}
END_TEST

/* Agents tell what was done a moment later, in sums when it is much. */
static bool is_written(void *arg HWS_UNUSED)
{
	const char *argv[] = { HOST_PROGRAM, "audit", "--state-dir", host.dir, NULL };
	char *out = NULL;

	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	bool all = strstr(out, "terminal.opened") && strstr(out, "exit 3");
	free(out);
	return all;
}

START_TEST(the_owner_reads_of_it)
{
	ck_assert_str_eq(enter(false), "");
	open_terminal(1);
	type("exit 3\n");
	while (!closed)
		next();
	ck_assert(test_until(is_written, NULL, TEST_PATIENCE_MS));
}
END_TEST

int main(void)
{
	return test_main("host/terminal", 120, setup, teardown,
			TESTS(a_shell_is_not_confined_as_the_host_is,
					a_kept_shell_goes_on_after_the_link_is_lost,
					another_shell_ends_with_its_session,
					the_owner_reads_of_it));
}
