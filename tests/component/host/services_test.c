/* Files, terminals and tunnels at a host without any display: hostd starts an agent for each, as
 * its role has it, tells it what the owner has set, and writes down what it did. The services
 * themselves are witnesses (witness_services.c). */
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/accounts.h"
#include "tests/support/suite.h"
#include <check.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct test_host host;
static struct test_viewer one, two;
static Ses__LoginRequest wish = SES__LOGIN_REQUEST__INIT;
static Ses__FileTransfer of_files = SES__FILE_TRANSFER__INIT;
static Ses__Terminal of_terminal = SES__TERMINAL__INIT;
static Ses__PortForward of_tunnel = SES__PORT_FORWARD__INIT;
static Ses__OSLogin os_login = SES__OSLOGIN__INIT;
static char config[300], share[300];

/* As root the account has to be named; the tests are root's to run. */
static void settings(const char *more)
{
	test_write_file(more, "%s", config);
}

static void start(const char *user)
{
	const char *extra[] = { "--config", config, "--display", ":9876", "--service-user", user,
		NULL };

	if (!user)
		extra[4] = NULL;
	host_start(&host, extra);
	host_password(&host);
}

static void setup(void)
{
	char dir[256];

	memset(&host, 0, sizeof(host));
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	test_dir(dir, sizeof(dir));
	snprintf(config, sizeof(config), "%s/host.conf", dir);
	snprintf(share, sizeof(share), "%s/share", dir);
	ck_assert_int_eq(mkdir(share, 0755), 0);
	wish = (Ses__LoginRequest)SES__LOGIN_REQUEST__INIT;
	of_tunnel.host = (char *)"in";
	settings("");
}

static void teardown(void)
{
	viewer_close(&one);
	viewer_close(&two);
	host_stop(&host);
}

static void wish_files(void)
{
	wish.union_case = SES__LOGIN_REQUEST__UNION_FILE_TRANSFER;
	wish.file_transfer = &of_files;
}

static void wish_terminal(void)
{
	wish.union_case = SES__LOGIN_REQUEST__UNION_TERMINAL;
	wish.terminal = &of_terminal;
}

static void wish_tunnel(const char *to)
{
	of_tunnel.host = (char *)(uintptr_t)to;
	wish.union_case = SES__LOGIN_REQUEST__UNION_PORT_FORWARD;
	wish.port_forward = &of_tunnel;
}

static const char *enter(struct test_viewer *v)
{
	v->wish = &wish;
	return viewer_enter(v, host.port, host_password(&host));
}

/* What the witness of files says. */
static const char *ask_files(struct test_viewer *v, const char *what)
{
	static char text[512];
	Ses__Message m = SES__MESSAGE__INIT, *answer;
	Ses__FileAction action = SES__FILE_ACTION__INIT;
	Ses__ReadDir read = SES__READ_DIR__INIT;

	read.path = (char *)(uintptr_t)what;
	action.union_case = SES__FILE_ACTION__UNION_READ_DIR;
	action.read_dir = &read;
	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = &action;
	viewer_send(v, &m);
	answer = viewer_until(v, SES__MESSAGE__UNION_FILE_RESPONSE);
	ck_assert_msg(answer, "no answer to '%s'", what);
	snprintf(text, sizeof(text), "%s", answer->file_response->dir->path);
	hws_ses_free(answer);
	return text;
}

static const char *ask_terminal(struct test_viewer *v, bool open)
{
	static char text[256];
	Ses__Message m = SES__MESSAGE__INIT, *answer;
	Ses__TerminalAction action = SES__TERMINAL_ACTION__INIT;
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;
	Ses__CloseTerminal c = SES__CLOSE_TERMINAL__INIT;

	action.union_case =
			open ? SES__TERMINAL_ACTION__UNION_OPEN : SES__TERMINAL_ACTION__UNION_CLOSE;
	if (open)
		action.open = &o;
	else
		action.close = &c;
	m.union_case = SES__MESSAGE__UNION_TERMINAL_ACTION;
	m.terminal_action = &action;
	viewer_send(v, &m);
	answer = viewer_until(v, SES__MESSAGE__UNION_TERMINAL_RESPONSE);
	ck_assert_ptr_nonnull(answer);
	snprintf(text, sizeof(text), "%s", answer->terminal_response->opened->message);
	hws_ses_free(answer);
	return text;
}

/* Agents of this role that hostd has, and the number of the last. */
static unsigned agents(const char *role, long *ret_pid, long *ret_kept)
{
	json_t *status = host_status(&host), *a;
	unsigned n = 0;
	size_t i;

	json_array_foreach (json_object_get(status, "agents"), i, a) {
		if (!hws_str_equal(json_string_value(json_object_get(a, "role")), role))
			continue;
		n++;
		if (ret_pid)
			*ret_pid = (long)json_integer_value(json_object_get(a, "pid"));
		if (ret_kept)
			*ret_kept = (long)json_integer_value(json_object_get(a, "kept"));
	}
	json_decref(status);
	return n;
}

static void reload(const char *more)
{
	settings(more);
	test_proc_signal(&host.proc, SIGHUP);
	test_proc_must_expect(&host.proc, "settings.reloaded", 10000);
}

static bool landlock_is_there(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

static bool is_sanitized(void)
{
	return strstr(host.proc.log, "no_sandbox") != NULL;
}

/* --- the tests -------------------------------------------------------------------------------- */

START_TEST(files_need_no_display)
{
	const struct passwd *pw = getpwuid(getuid());
	char want[400];
	const char *said;

	start(pw->pw_name);
	wish_files();
	ck_assert_str_eq(enter(&one), "");
	said = ask_files(&one, "where");
	snprintf(want, sizeof(want), "uid=%d root=%s access=0 platform=0", (int)getuid(),
			pw->pw_dir);
	ck_assert_msg(strstr(said, want) != NULL, "%s, and not %s", said, want);
	ck_assert_uint_eq(agents("files", NULL, NULL), 1);
	/* the desktop is as absent as before */
	wish = (Ses__LoginRequest)SES__LOGIN_REQUEST__INIT;
	ck_assert_msg(strstr(enter(&two), "no usable display") != NULL, "it was let in");
}
END_TEST

START_TEST(an_agent_serves_many_sessions_of_its_account)
{
	start(getpwuid(getuid())->pw_name);
	wish_files();
	ck_assert_str_eq(enter(&one), "");
	char first[512];
	snprintf(first, sizeof(first), "%s", ask_files(&one, "where"));
	ck_assert_str_eq(enter(&two), "");
	ck_assert_str_eq(ask_files(&two, "where"), first);
	ck_assert_uint_eq(agents("files", NULL, NULL), 1);
}
END_TEST

/* Whoever takes over the process of files: no network, and of files those that are permitted. */
START_TEST(a_taken_agent_of_files_stays_beneath_its_folders)
{
	char more[700], what[400];

	snprintf(more, sizeof(more), "[files]\nfiles-roots = %s\n", share);
	settings(more);
	start(getpwuid(getuid())->pw_name);
	wish_files();
	ck_assert_str_eq(enter(&one), "");
	if (is_sanitized()) {
		test_skip("no sandbox: a sanitizer's build");
		return;
	}
	snprintf(what, sizeof(what), "write %s/new", share);
	ck_assert_str_eq(ask_files(&one, what), "error=0");
	snprintf(what, sizeof(what), "read %s/new", share);
	ck_assert_str_eq(ask_files(&one, what), "error=0");
	ck_assert_str_eq(ask_files(&one, "socket"), "error=1");
	snprintf(what, sizeof(what), "error=%d", landlock_is_there() ? EACCES : 0);
	ck_assert_str_eq(ask_files(&one, "read /etc/passwd"), what);
}
END_TEST

/* What a shell runs needs what hostd has given up. */
/* The account that a process runs as may read its environment. */
static void must_know_nothing_of_ours(long pid)
{
	char path[64], buf[65536];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/environ", pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	ck_assert_uint_gt(n, 0);
	buf[n] = 0;
	for (const char *e = buf; e < buf + n; e += strlen(e) + 1)
		ck_assert_msg(strncmp(e, "PATH=", 5) != 0 && strncmp(e, "TMPDIR=", 7) != 0, "%s",
				e);
}

START_TEST(terminals_are_kept_and_not_confined)
{
	char first[256];
	long pid = 0, kept = 0;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	start(getpwuid(getuid())->pw_name);
	wish_terminal();
	ck_assert_str_eq(enter(&one), "");
	snprintf(first, sizeof(first), "%s", ask_terminal(&one, true));
	ck_assert_msg(strstr(first, "nnp=0 fork=0") != NULL, "%s", first);
	while (agents("terminal", &pid, &kept) != 1 || kept != 1 || !pid)
		ck_assert_uint_lt(test_now_ms(), end);
	must_know_nothing_of_ours(pid);
	viewer_close(&one);
	ck_assert_str_eq(enter(&two), "");
	ck_assert_str_eq(ask_terminal(&two, false), first);
	while (agents("terminal", NULL, &kept) != 1 || kept != 0)
		ck_assert_uint_lt(test_now_ms(), end);
}
END_TEST

START_TEST(each_tunnel_has_an_agent_that_ends_with_it)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	start(NULL);
	wish_tunnel("late"); /* the answer comes when the service has it */
	ck_assert_str_eq(enter(&one), "");
	wish_tunnel("in");
	ck_assert_str_eq(enter(&two), "");
	ck_assert_uint_eq(agents("tunnel", NULL, NULL), 2);
	viewer_close(&one);
	while (agents("tunnel", NULL, NULL) != 1)
		ck_assert_uint_lt(test_now_ms(), end);
	viewer_close(&two);
	while (agents("tunnel", NULL, NULL) != 0)
		ck_assert_uint_lt(test_now_ms(), end);
}
END_TEST

/* What a service says is what the viewer reads. */
START_TEST(a_service_may_refuse)
{
	start(NULL);
	wish_tunnel("read /nonexistent");
	ck_assert_str_eq(enter(&one), "error=2");
}
END_TEST

START_TEST(a_permission_that_is_taken_ends_its_sessions)
{
	start(getpwuid(getuid())->pw_name);
	wish_files();
	ck_assert_str_eq(enter(&one), "");
	wish_terminal();
	ck_assert_str_eq(enter(&two), "");
	reload("[permissions]\nenable-file-transfer = no\n");
	ck_assert_str_eq(viewer_end(&one), "No permission of file transfer");
	ck_assert(strstr(ask_terminal(&two, true), "pid=") != NULL);
	wish_files();
	ck_assert_str_eq(enter(&one), "No permission of file transfer");
	(void)ask_terminal(&two, false);
}
END_TEST

START_TEST(what_the_owner_sets_reaches_running_agents)
{
	char more[700];
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	start(getpwuid(getuid())->pw_name);
	wish_files();
	ck_assert_str_eq(enter(&one), "");
	reload("[files]\nfiles-access = read-only\n");
	while (!strstr(ask_files(&one, "where"), "access=1"))
		ck_assert_uint_lt(test_now_ms(), end);
	/* other folders: another agent */
	snprintf(more, sizeof(more), "[files]\nfiles-roots = %s:~\n", share);
	reload(more);
	ck_assert(strstr(viewer_end(&one), "interrupted") != NULL);
	ck_assert_str_eq(enter(&one), "");
	snprintf(more, sizeof(more), "root=%s access=0", share);
	ck_assert(strstr(ask_files(&one, "where"), more) != NULL);
}
END_TEST

static json_t *audit_line(const char *event)
{
	const char *argv[] = { HOST_PROGRAM, "audit", "--json", "--state-dir", host.dir, NULL };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	for (;;) {
		char *text = NULL, *save = NULL;
		json_t *found = NULL;

		ck_assert_int_eq(test_run(argv, NULL, &text), 0);
		for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			json_t *o = json_loads(l, 0, NULL);

			ck_assert_msg(o != NULL, "no JSON: %s", l);
			if (!found &&
					hws_str_equal(json_string_value(
								      json_object_get(o, "event")),
							event))
				found = o;
			else
				json_decref(o);
		}
		free(text);
		if (found)
			return found;
		ck_assert_msg(test_now_ms() < end, "no %s in the audit log", event);
	}
}

static const char *field(json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

START_TEST(what_is_done_is_written_down)
{
	const char *out;
	json_t *o;

	start(getpwuid(getuid())->pw_name);
	wish_files();
	one.wish = &wish;
	ck_assert_str_eq(viewer_enter(&one, host.port, "wrong"), "Wrong Password");
	ck_assert_str_eq(enter(&one), "");
	(void)ask_files(&one, "read /a\tb\"");
	o = audit_line("file.read");
	ck_assert_str_eq(field(o, "agent"), "files");
	ck_assert_str_eq(field(o, "id"), "987654321");
	ck_assert_str_eq(field(o, "path"), "read /a\\x09b\\x22");
	ck_assert_str_eq(field(o, "second"), "to\\x0a\\xff");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "bytes")), 5);
	ck_assert_str_eq(field(o, "result"), "ok");
	json_decref(o);
	o = audit_line("login.refused");
	ck_assert_str_eq(field(o, "result"), "Wrong Password");
	json_decref(o);
	o = audit_line("session.open");
	ck_assert_str_eq(field(o, "kind"), "file");
	json_decref(o);
	viewer_close(&one);
	json_decref(audit_line("session.closed"));
	ck_assert_int_eq(host_ask(&host, "audit", "--since=", &out), 2);
}
END_TEST

/* Who looks on sees what happens when it does, and goes when he is told to. */
START_TEST(the_audit_log_is_followed)
{
	const char *argv[] = { HOST_PROGRAM, "audit", "--follow", "--state-dir", host.dir, NULL };
	struct test_proc p = { 0 };

	start(getpwuid(getuid())->pw_name);
	test_proc_start(&p, argv, NULL);
	wish_files();
	ck_assert_str_eq(enter(&one), "");
	test_proc_must_expect(&p, "session.open", TEST_PATIENCE_MS);
	viewer_close(&one);
	test_proc_must_expect(&p, "session.closed", TEST_PATIENCE_MS);
	ck_assert_msg(strstr(p.log, "for file") && !strstr(p.log, "for file 1"), "%s", p.log);
	test_proc_stop(&p);
}
END_TEST

START_TEST(status_lists_agents)
{
	char want[100];
	char *text = NULL;
	const char *out, *argv[] = { HOST_PROGRAM, "status", "--state-dir", host.dir, NULL };
	json_t *status, *a;

	start(getpwuid(getuid())->pw_name);
	wish_files();
	ck_assert_str_eq(enter(&one), "");
	status = host_status(&host);
	a = json_array_get(json_object_get(status, "agents"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(a, "role")), "files");
	ck_assert_uint_eq(json_array_size(json_object_get(a, "conns")), 1);
	snprintf(want, sizeof(want), ", session %d, process %d",
			(int)json_integer_value(json_array_get(json_object_get(a, "conns"), 0)),
			(int)json_integer_value(json_object_get(a, "pid")));
	json_decref(status);
	ck_assert_int_eq(test_run(argv, NULL, &text), 0);
	ck_assert_msg(strstr(text, "agent:     files") && strstr(text, want), "%s", text);
	free(text);
	argv[1] = "audit";
	argv[2] = "--help";
	argv[3] = NULL;
	ck_assert_int_eq(test_run(argv, NULL, &text), 0);
	ck_assert_msg(strstr(text, "--since") && !strstr(text, "direct-port"), "%s", text);
	free(text);
	ck_assert_int_eq(host_ask(&host, "print", "--help", &out), 0);
	ck_assert_int_eq(host_ask(&host, "audit", "--frobnicate", &out), 2);
}
END_TEST

/* A viewer that wants to be somebody is somebody, or is not let in. */
START_TEST(another_account_is_not_passed_over)
{
	start(getpwuid(getuid())->pw_name);
	os_login.username = (char *)"no-such-account";
	os_login.password = (char *)"secret-of-account";
	wish.os_login = &os_login;
	wish_terminal();
	ck_assert_str_ne(enter(&one), "");
	ck_assert_ptr_null(strstr(host.proc.log, "secret-of-account"));
	wish.os_login = NULL;
}
END_TEST

/* Its password opens a terminal as that account, wherever hostd may have been told to look; a wrong
 * one opens nothing. All that is real: hostd, launcher, PAM and its modules. */
START_TEST(another_account_is_opened_by_its_password)
{
	if (!test_accounts_make(PAM_FOLDER)) {
		test_skip("needs root and a mount namespace, and no sanitizer");
		return;
	}
	start("nobody");
	os_login.username = (char *)"ann";
	os_login.password = (char *)"wrong";
	wish.os_login = &os_login;
	wish_terminal();
	ck_assert_str_eq(enter(&one), "Incorrect username or password.");
	viewer_close(&one);
	os_login.password = (char *)TEST_ACCOUNT_RIGHT;
	ck_assert_str_eq(enter(&one), "");
	ck_assert_ptr_nonnull(strstr(ask_terminal(&one, true), "uid=1200"));
	json_decref(audit_line("account.login"));
	wish.os_login = NULL;
}
END_TEST

START_TEST(root_serves_nobody_without_being_told)
{
	if (geteuid() != 0)
		return;
	start(NULL);
	wish_files();
	ck_assert_msg(strstr(enter(&one), "'service-user'") != NULL, "it was let in");
	json_t *o = audit_line("login.refused");
	ck_assert_ptr_nonnull(strstr(field(o, "result"), "'service-user'"));
	json_decref(o);
	wish_terminal();
	ck_assert_msg(strstr(enter(&one), "'service-user'") != NULL, "it was let in");
}
END_TEST

int main(void)
{
	return test_main("host/services", 200, setup, teardown,
			TESTS(files_need_no_display, an_agent_serves_many_sessions_of_its_account,
					a_taken_agent_of_files_stays_beneath_its_folders,
					terminals_are_kept_and_not_confined,
					each_tunnel_has_an_agent_that_ends_with_it,
					a_service_may_refuse,
					a_permission_that_is_taken_ends_its_sessions,
					what_the_owner_sets_reaches_running_agents,
					what_is_done_is_written_down, the_audit_log_is_followed,
					status_lists_agents, another_account_is_not_passed_over,
					another_account_is_opened_by_its_password,
					root_serves_nobody_without_being_told));
}
