/* The launcher by itself, with this test in hostd's place, which lies as somebody would who has
 * taken hostd over: shells are started for no account but the one that the owner named and those
 * whose password was right. */
#include "client/host/ipc.h"
#include "client/host/launcher.h"
#include "client/host/os_login.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include "shared/sys/spawn.h"
#include "tests/support/accounts.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_launcher *launcher;
static struct hws_settings settings;

static pid_t pid;
static int kept_fd;

static void begin(void)
{
	static const char *const argv[] = { "hawser-host", "launcher", "--service-user", "nobody",
		NULL };
	struct hws_spawn sp = { .program = HOST_PROGRAM, .argv = argv };
	struct hws_error err = { 0 };
	int fd[2];

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_ipc_pair(fd), HWS_OK);
	sp.ipc_fd = fd[1];
	ck_assert_msg(hws_spawn(&sp, &pid, &err) == HWS_OK, "%s", err.text);
	close(fd[1]);
	ck_assert_int_eq(hws_launcher_new(loop, fd[0], &launcher), HWS_OK);
}

static void teardown(void)
{
	hws_launcher_free(launcher);
	if (pid > 0)
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	hws_loop_free(loop);
	launcher = NULL;
	loop = NULL;
	pid = 0;
}

/* --- one start -------------------------------------------------------------------------------- */

static struct {
	bool ended;
	char why[300];
} told;

static void on_ended(const char *why, void *arg HWS_UNUSED)
{
	told.ended = true;
	snprintf(told.why, sizeof(told.why), "%s", why ? why : "");
}

static bool turn_until(bool (*so)(uint64_t id), uint64_t id)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (!so(id)) {
		if (test_now_ms() > end)
			return false;
		hws_loop_once(loop, 10000);
	}
	return true;
}

static bool runs_or_ended(uint64_t id)
{
	return told.ended || hws_launcher_pid(launcher, id) > 0;
}

static bool has_ended(uint64_t id HWS_UNUSED)
{
	return told.ended;
}

/* Of a process that has become what it is to be; -2: it has gone. */
static int uid_of(pid_t who)
{
	char path[64], line[200];
	uint32_t uid = UINT32_MAX;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)who);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Uid:\t", 5) == 0) {
			line[5 + strcspn(line + 5, "\t")] = 0;
			ck_assert_int_eq(hws_parse_u32(line + 5, &uid), HWS_OK);
		}
	if (f)
		fclose(f);
	return uid == UINT32_MAX ? -2 : (int)uid;
}

/* -1: it was not started, told.why says why; else its process. */
static pid_t start(enum hws_launch_what what, const char *account, int *ret_fd)
{
	struct hws_launch l = { .what = what, .account = account, .ended = on_ended };
	uint64_t id;
	int fd[2];

	memset(&told, 0, sizeof(told));
	ck_assert_int_eq(what == HWS_LAUNCH_OS_LOGIN ? hws_local_pair(fd) : hws_ipc_pair(fd),
			HWS_OK);
	l.ipc_fd = fd[1];
	ck_assert_int_eq(hws_launcher_start(launcher, &l, &id), HWS_OK);
	close(fd[1]);
	ck_assert(turn_until(runs_or_ended, id));
	if (ret_fd)
		*ret_fd = fd[0];
	else
		kept_fd = fd[0];
	return hws_launcher_pid(launcher, id) ? hws_launcher_pid(launcher, id) : -1;
}

static pid_t who;
static int wanted;

static bool is_it(uint64_t id HWS_UNUSED)
{
	return uid_of(who) == wanted || told.ended;
}

/* A terminal's agent of the account: it is started, and is that account. */
static bool serves(const char *account, int uid)
{
	who = start(HWS_LAUNCH_TERMINAL, account, NULL);
	wanted = uid;
	bool good = who > 0 && turn_until(is_it, 0) && uid_of(who) == uid;
	close(kept_fd);
	return good;
}

/* --- a question ------------------------------------------------------------------------------- */

static struct {
	bool done, ok;
	char text[500];
} said;

static void on_said(bool ok, const char *text, void *arg HWS_UNUSED)
{
	said.done = true;
	said.ok = ok;
	snprintf(said.text, sizeof(said.text), "%s", text);
}

static bool is_said(uint64_t id HWS_UNUSED)
{
	return said.done;
}

static bool knows(const char *user, const char *password)
{
	struct hws_os_login *q;

	memset(&said, 0, sizeof(said));
	ck_assert_int_eq(hws_os_login_start(launcher, loop, &settings, NULL, user, password,
					 on_said, NULL, &q),
			HWS_OK);
	ck_assert(turn_until(is_said, 0));
	return said.ok;
}

/* --- tests ------------------------------------------------------------------------------------ */

static bool machine(void)
{
	bool made = test_accounts_make(PAM_FOLDER);

	if (made)
		begin();
	else
		test_skip("needs root and a mount namespace, and no sanitizer");
	return made;
}

START_TEST(a_shell_takes_a_password_that_was_right)
{
	if (!machine())
		return;
	ck_assert(!serves("ann", -3));
	ck_assert_msg(strstr(told.why, "not seen the password"), "%s", told.why);
	ck_assert(!knows("ann", "wrong"));
	ck_assert(!serves("ann", -3));
	ck_assert_msg(knows("ann", TEST_ACCOUNT_RIGHT), "%s", said.text);
	ck_assert(serves("ann", TEST_ACCOUNT_ANN));
	/* and nobody else's */
	ck_assert(!serves("bob", -3));
	ck_assert(!serves("root", -3));
	ck_assert(!serves("", -3));
	ck_assert(serves("nobody", 65534)); /* whom the owner named */
	ck_assert_int_eq(start(HWS_LAUNCH_MOUNT, "ann", NULL), -1);
	close(kept_fd);
}
END_TEST

static size_t put_text(char *to, const char *text)
{
	size_t n = strlen(text);

	memset(to, 0, 4);
	to[0] = (char)n;
	memcpy(to + 4, text, n);
	return n + 4;
}

/* One's own password for another's shell: hostd asks about bob and means ann. */
START_TEST(one_password_is_not_good_for_another_account)
{
	char question[200], answer[300];
	size_t n;
	int fd;

	if (!machine())
		return;
	n = put_text(question, "ann");
	n += put_text(question + n, TEST_ACCOUNT_RIGHT);
	start(HWS_LAUNCH_OS_LOGIN, "bob", &fd);
	ck_assert_int_eq(write(fd, question, n), (ssize_t)n);
	ck_assert(turn_until(has_ended, 0));
	ck_assert_int_gt(read(fd, answer, sizeof(answer)), 0);
	ck_assert_int_eq(answer[0], '0');
	close(fd);
	ck_assert(!serves("bob", -3));
	ck_assert(!serves("ann", -3));
}
END_TEST

/* Whoever asks for hostd, passwords are not guessed at any speed. */
START_TEST(passwords_are_not_guessed)
{
	if (!machine())
		return;
	for (int i = 0; i < 3; i++)
		ck_assert(!knows("ann", "wrong"));
	ck_assert(!knows("ann", TEST_ACCOUNT_RIGHT));
	ck_assert_msg(strstr(said.text, "try again in"), "%s", said.text);
	ck_assert(!serves("ann", -3));
}
END_TEST

int main(void)
{
	return test_main("host/launcher", 120, NULL, teardown,
			TESTS(a_shell_takes_a_password_that_was_right,
					one_password_is_not_good_for_another_account,
					passwords_are_not_guessed));
}
