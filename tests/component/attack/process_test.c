/* The processes of a running host, as the kernel has them: which rights, groups, terminal, files
 * and namespaces somebody would find who took one of them over. hostd is started as from a root
 * shell that has a terminal and groups to lose. */
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_host host;
static struct test_viewer viewer;
static char text[8192];

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
}

static void tear_down(void)
{
	viewer_close(&viewer);
	host_stop(&host);
}

/* --- looking --------------------------------------------------------------------------------- */

static const char *file_of(pid_t pid, const char *name)
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	for (ssize_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	return text;
}

/* "Seccomp:\t2": what stands behind the key, to the end of the line. */
static const char *status_of(pid_t pid, const char *key)
{
	static char value[256];
	char head[40];
	const char *at;

	snprintf(head, sizeof(head), "\n%s:\t", key);
	at = strstr(file_of(pid, "status"), head);
	ck_assert_msg(at != NULL, "%s of %d", key, (int)pid);
	at += strlen(head);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
	return value;
}

static const char *limit_of(pid_t pid, const char *name)
{
	static char value[128];
	const char *at = strstr(file_of(pid, "limits"), name);

	ck_assert_msg(at != NULL, "%s of %d", name, (int)pid);
	at += strlen(name);
	at += strspn(at, " ");
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, " "), at);
	return value;
}

/* Where /proc/PID/... points to; "" when we may not look. */
static const char *link_of(pid_t pid, const char *name)
{
	static char to[2][256];
	static unsigned turn;
	char path[64];
	ssize_t n;

	turn = !turn;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, to[turn], sizeof(to[turn]) - 1);
	to[turn][n > 0 ? n : 0] = 0;
	return to[turn];
}

/* Behind the name in parentheses: state, parent, group, session, terminal. */
static void session_of(pid_t pid, int *ret_session, int *ret_terminal)
{
	char *at, *save = NULL;
	const char *field[6] = { 0 };
	uint32_t session = 0, terminal = 1;

	file_of(pid, "stat");
	at = strrchr(text, ')');
	ck_assert_ptr_nonnull(at);
	at = strtok_r(at + 1, " ", &save);
	for (int i = 0; i < 5 && at; i++, at = strtok_r(NULL, " ", &save))
		field[i] = at;
	ck_assert_ptr_nonnull(field[4]);
	ck_assert_int_eq(hws_parse_u32(field[3], &session), HWS_OK);
	ck_assert_int_eq(hws_parse_u32(field[4], &terminal), HWS_OK);
	*ret_session = (int)session;
	*ret_terminal = (int)terminal;
}

/* The host's child with that role. */
static pid_t child(const char *role)
{
	char line[512], name[40];
	char *save = NULL, *at;
	uint32_t pid;

	snprintf(name, sizeof(name), "task/%d/children", (int)host.proc.pid);
	snprintf(line, sizeof(line), "%.500s", file_of(host.proc.pid, name));
	snprintf(name, sizeof(name), "hawser-host %s ", role);
	for (at = strtok_r(line, " \n", &save); at; at = strtok_r(NULL, " \n", &save))
		if (hws_parse_u32(at, &pid) == HWS_OK &&
				strstr(file_of((pid_t)pid, "cmdline"), name))
			return (pid_t)pid;
	ck_abort_msg("the host has no %s", role);
	return 0;
}

static bool is_sanitized(void)
{
	return strstr(host.proc.log, "no_sandbox") != NULL;
}

/* --- what each must be ---------------------------------------------------------------------- */

static void has_no_terminal(pid_t pid, bool own_session)
{
	int session, terminal;
	char path[64];
	const char *err;

	session_of(pid, &session, &terminal);
	if (own_session)
		ck_assert_int_eq(session, pid);
	if (own_session)
		ck_assert_int_eq(terminal, 0);
	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "fd/%d", fd);
		ck_assert_msg(!strstr(link_of(pid, path), "/pts/"), "%d has a terminal as %d",
				(int)pid, fd);
	}
	err = link_of(pid, "fd/2");
	if (*err && own_session) {
		ck_assert_msg(strncmp(err, "pipe:", 5) == 0, "%s", err);
		ck_assert_str_ne(err, link_of(host.proc.pid, "fd/2"));
	}
}

static void is_confined(pid_t pid, unsigned filters)
{
	uint32_t n;

	ck_assert_str_eq(limit_of(pid, "Max core file size"), "0");
	if (is_sanitized())
		return;
	ck_assert_str_eq(status_of(pid, "NoNewPrivs"), "1");
	ck_assert_str_eq(status_of(pid, "Seccomp"), "2");
	ck_assert_int_eq(hws_parse_u32(status_of(pid, "Seccomp_filters"), &n), HWS_OK);
	ck_assert_uint_ge(n, filters);
}

static void is_somebody_else(pid_t pid, const char *groups)
{
	ck_assert_ptr_null(strstr(status_of(pid, "Uid"), "0\t0\t0\t0"));
	ck_assert_ptr_null(strstr(status_of(pid, "Gid"), "0\t0\t0\t0"));
	ck_assert_str_eq(status_of(pid, "Groups"), groups);
	ck_assert_str_eq(status_of(pid, "CapEff"), "0000000000000000");
	ck_assert_str_eq(status_of(pid, "CapPrm"), "0000000000000000");
}

/* What `status` says is there must be there. */
static void has_what_status_says(pid_t gate)
{
	json_t *status = host_status(&host);
	const char *layers = json_string_value(
			json_object_get(json_object_get(status, "sandbox"), "gate"));
	static const char *const spaces[][2] = { { "network", "ns/net" }, { "files", "ns/mnt" },
		{ "names", "ns/ipc" }, { "network", "ns/user" } };

	ck_assert_ptr_nonnull(layers);
	ck_assert_ptr_nonnull(strstr(layers, "calls"));
	for (size_t i = 0; i < HWS_COUNT(spaces); i++) {
		const char *its = link_of(gate, spaces[i][1]);

		if (*its && strstr(layers, spaces[i][0])) /* we may look */
			ck_assert_str_ne(its, link_of(host.proc.pid, spaces[i][1]));
	}
	json_decref(status);
}

static void start(const char *const extra[])
{
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 20000);
	host_password(&host);
	ck_assert_str_eq(viewer_enter(&viewer, host.port, host.password), "");
}

START_TEST(a_taken_gate_has_nothing)
{
	pid_t gate;

	start(NULL);
	gate = child("gate");
	has_no_terminal(gate, true);
	is_confined(gate, 2); /* hostd's, and its own */
	if (geteuid() == 0)
		is_somebody_else(gate, " ");
	if (is_sanitized())
		return;
	ck_assert_str_eq(limit_of(gate, "Max open files"), "64");
	ck_assert_str_eq(limit_of(gate, "Max file size"), "0");
	ck_assert_str_eq(status_of(gate, "Threads"), "1");
	has_what_status_says(gate);
}
END_TEST

START_TEST(a_taken_agent_is_the_user_of_the_desktop)
{
	static const char *const as_nobody[] = { "--desktop-user", "nobody", NULL };
	const struct passwd *pw = getpwnam("nobody");
	char group[32];
	pid_t agent;

	ck_assert_ptr_nonnull(pw);
	start(geteuid() == 0 ? as_nobody : NULL);
	agent = child("agent");
	has_no_terminal(agent, true);
	is_confined(agent, 2);
	snprintf(group, sizeof(group), "%u ", (unsigned)pw->pw_gid);
	if (geteuid() == 0)
		is_somebody_else(agent, group);
}
END_TEST

START_TEST(hostd_is_confined_and_keeps_its_keys_in_memory)
{
	json_t *status;

	start(NULL);
	is_confined(host.proc.pid, 1);
	if (is_sanitized()) /* which locks nothing */
		return;
	status = host_status(&host);
	/* "        8 kB" */
	if (json_is_true(json_object_get(status, "keys_locked")))
		ck_assert_str_ne(status_of(host.proc.pid, "VmLck"), "       0 kB");
	else
		ck_assert_ptr_nonnull(strstr(host.proc.log, "memory.not_locked"));
	json_decref(status);
}
END_TEST

/* One account for all, as in the unit of a user: then nothing but the sandbox is between them. */
START_TEST(one_account_for_all_still_keeps_them_apart)
{
	const struct passwd *pw = getpwnam("nobody");
	const char *argv[] = { "/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup",
		"--clear-groups", HOST_PROGRAM, "run", "--direct-port", "0", "--direct-bind",
		"127.0.0.1", "--state-dir", host.dir, NULL };
	char config[300];
	const char *env[] = { "DBUS_SESSION_BUS_ADDRESS=unix:path=/dev/null/no-bus", config, NULL };
	struct stat st;
	char path[64];
	pid_t gate;

	ck_assert_ptr_nonnull(pw);
	test_dir(host.dir, sizeof(host.dir));
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", host.dir);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(host.dir, pw->pw_uid, pw->pw_gid), 0);
	/* who is not root is one account already */
	test_proc_start(&host.proc, geteuid() == 0 ? argv : argv + 4, env);
	host.port = (unsigned)test_line_number(
			test_proc_must_expect(&host.proc, "direct.listening", 10000), "port=");
	test_proc_must_expect(&host.proc, "desktop.ready", 20000);
	host_password(&host);
	ck_assert_str_eq(viewer_enter(&viewer, host.port, host.password), "");
	gate = child("gate");
	is_confined(gate, 2);
	is_confined(child("agent"), 2);
	is_confined(host.proc.pid, 1);
	has_no_terminal(gate, true);
	if (is_sanitized())
		return;
	/* what cannot be looked into belongs to root, whoever runs it */
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/%d/environ",
				(int)(i == 0                             ? host.proc.pid
								: i == 1 ? gate
									 : child("agent")));
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_uid, 0);
	}
	has_what_status_says(gate);
}
END_TEST

/* As in the shell of an administrator: a terminal that is ours by control, and groups. */
static bool become_a_shell(void)
{
	static const gid_t groups[] = { 0, 4, 42, 54321 };
	int master, terminal;
	struct rlimit core;

	/* core files are on, as far as they can be */
	if (getrlimit(RLIMIT_CORE, &core) < 0)
		return false;
	core.rlim_cur = core.rlim_max;
	if (setrlimit(RLIMIT_CORE, &core) < 0)
		return false;
	return setsid() >= 0 && openpty(&master, &terminal, NULL, NULL, NULL) == 0 &&
			ioctl(terminal, TIOCSCTTY, 1) == 0 && dup2(terminal, 0) == 0 &&
			(geteuid() != 0 || setgroups(HWS_COUNT(groups), groups) == 0);
}

int main(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0 && !become_a_shell())
		return 1;
	if (pid == 0)
		return test_main("attack/process", 120, set_up, tear_down,
				TESTS(a_taken_gate_has_nothing,
						a_taken_agent_is_the_user_of_the_desktop,
						hostd_is_confined_and_keeps_its_keys_in_memory,
						one_account_for_all_still_keeps_them_apart));
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
