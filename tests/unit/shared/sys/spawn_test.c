/* Starting processes. The program starts itself: as "role" it says what it finds, over the socket
 * it was given. */
#include "shared/sys/spawn.h"

#include "shared/base/str.h"
#include "shared/sys/spawn_env.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static struct hws_error err;
static char said[65536];

/* --- the other side --- */

static int count_open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 3; /* "." and "..", and the folder itself */
}

static void tell_groups(FILE *f)
{
	gid_t groups[64];
	int n = getgroups(64, groups);

	fprintf(f, "groups=");
	for (int i = 0; i < n; i++)
		fprintf(f, "%u,", (unsigned)groups[i]);
	fprintf(f, "\n");
}

/* What one who has taken the process over would try with a terminal. */
static void tell_terminal(FILE *f)
{
	int tty = open("/dev/tty", O_RDWR);
	int typed = 0;

	for (int fd = 0; fd < 3; fd++)
		typed += ioctl(fd, TIOCSTI, "x") == 0;
	typed += tty >= 0 && ioctl(tty, TIOCSTI, "x") == 0;
	fprintf(f, "tty=%d typed=%d\n", tty >= 0, typed);
	if (tty >= 0)
		close(tty);
}

static void tell(int fd)
{
	char name[32] = "";
	struct rlimit core;
	sigset_t mask;
	FILE *f = fdopen(dup(fd), "w"), *comm = fopen("/proc/self/comm", "re");

	if (!f)
		_exit(9);
	if (comm) {
		if (!fgets(name, sizeof(name), comm))
			name[0] = 0;
		fclose(comm);
	}
	sigprocmask(SIG_SETMASK, NULL, &mask);
	fprintf(f, "files=%d usr1=%s blocked=%d uid=%u gid=%u leader=%d name=%s",
			count_open_files() - 1,
			signal(SIGUSR1, SIG_DFL) == SIG_DFL ? "default" : "taken",
			sigismember(&mask, SIGUSR2), (unsigned)getuid(), (unsigned)getgid(),
			getsid(0) == getpid(), name);
	tell_groups(f);
	tell_terminal(f);
	getrlimit(RLIMIT_CORE, &core);
	fprintf(f, "core=%llu,%llu\n", (unsigned long long)core.rlim_cur,
			(unsigned long long)core.rlim_max);
	for (char **e = environ; *e; e++)
		fprintf(f, "%s\n", *e);
	fclose(f);
}

static int role(const char *what)
{
	if (!strcmp(what, "wait")) {
		char c;

		return read(HWS_SPAWN_IPC_FD, &c, 1) == 0 ? 0 : 1;
	}
	fprintf(stderr, "said\n");
	tell(HWS_SPAWN_IPC_FD);
	return 7;
}

/* --- this side --- */

static void listen_to(int fd)
{
	size_t n = 0;

	while (n + 1 < sizeof(said)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
		got = read(fd, said + n, sizeof(said) - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	said[n] = 0;
	close(fd);
}

static int run(struct hws_spawn *s)
{
	static const char *const argv[] = { "spawn_test", "role", "tell", NULL };
	int pair[2], status;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	s->argv = argv;
	s->ipc_fd = pair[1];
	ck_assert_int_eq(hws_spawn(s, &pid, &err), HWS_OK);
	close(pair[1]);
	listen_to(pair[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool says(const char *part)
{
	return strstr(said, part) != NULL;
}

START_TEST(a_role_gets_its_socket_and_nothing_else)
{
	struct hws_spawn s = { 0 };
	sigset_t blocked;
	int open_one = open("/dev/null", O_RDONLY); /* and without O_CLOEXEC */

	ck_assert_int_ge(open_one, 0);
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	ck_assert_int_eq(run(&s), 7);
	close(open_one);
	ck_assert_msg(says("files=4 usr1=default blocked=0 "), "%.200s", said);
}
END_TEST

/* In a child: that number is Check's own here. */
static int spawn_from_its_number(int fd)
{
	static const char *const argv[] = { "spawn_test", "role", "tell", NULL };
	struct hws_spawn s = { .argv = argv, .ipc_fd = HWS_SPAWN_IPC_FD };
	int status;
	pid_t pid;

	if (dup3(fd, HWS_SPAWN_IPC_FD, O_CLOEXEC) < 0 || hws_spawn(&s, &pid, &err) < 0 ||
			waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

START_TEST(the_socket_may_have_its_number_already)
{
	int pair[2], status;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		_exit(spawn_from_its_number(pair[1]));
	close(pair[1]);
	listen_to(pair[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	ck_assert(says("files=4 "));
}
END_TEST

/* In a child: with a terminal to lose. */
static int spawn_at_a_terminal(int fd)
{
	static const char *const argv[] = { "spawn_test", "role", "tell", NULL };
	struct hws_spawn s = { .argv = argv, .ipc_fd = fd };
	int master, status;
	pid_t pid;

	if (forkpty(&master, NULL, NULL, NULL) != 0) /* the parent's part: wait for the child */
		return read(master, &status, 1) > 0 && wait(&status) > 0 ? WEXITSTATUS(status) : 3;
	if (hws_spawn(&s, &pid, &err) < 0 || waitpid(pid, &status, 0) != pid)
		_exit(1);
	dprintf(1, "x");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
}

START_TEST(no_terminal_passes_on_that_one_could_type_into)
{
	int pair[2], status;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		_exit(spawn_at_a_terminal(pair[1]));
	close(pair[1]);
	listen_to(pair[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %x", status);
	ck_assert_msg(says("\ntty=0 typed=0\n"), "%.300s", said);
	ck_assert(says(" leader=1 "));
	ck_assert(says("\ncore=0,0\n"));
}
END_TEST

START_TEST(what_a_role_says_goes_where_it_is_told)
{
	struct hws_spawn s = { 0 };
	char line[32] = "";
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	s.log_fd = fds[1];
	ck_assert_int_eq(run(&s), 7);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], line, sizeof(line) - 1), 5);
	ck_assert_str_eq(line, "said\n");
	ck_assert_int_eq(read(fds[0], line, sizeof(line)), 0);
	close(fds[0]);
}
END_TEST

/* In a child: starts "tell" as `user` with groups of ours that nobody else is in. */
static int spawn_with_groups(int fd, bool no_groups)
{
	static const char *const argv[] = { "spawn_test", "role", "tell", NULL };
	static const gid_t ours[] = { 0, 4, 42, 54321 };
	struct hws_spawn s = {
		.argv = argv, .ipc_fd = fd, .user = "nobody", .no_groups = no_groups
	};
	int status;
	pid_t pid;

	if (setgroups(HWS_COUNT(ours), ours) < 0 || hws_spawn(&s, &pid, &err) < 0 ||
			waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

START_TEST(groups_of_root_do_not_pass_on)
{
	const struct passwd *pw = getpwnam("nobody");
	int pair[2], status;
	char want[40];
	pid_t pid;

	ck_assert_ptr_nonnull(pw);
	if (geteuid() != 0) /* has no groups to give away */
		return;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		_exit(spawn_with_groups(pair[1], _i == 0));
	close(pair[1]);
	listen_to(pair[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %x", status);
	snprintf(want, sizeof(want), "\ngroups=%u,\n", (unsigned)pw->pw_gid);
	ck_assert_msg(says(_i == 0 ? "\ngroups=\n" : want), "%.300s", said);
}
END_TEST

START_TEST(passwords_of_the_environment_stay_here)
{
	struct hws_spawn s = { 0 };

	setenv("HAWSER_PASSWORD", "secret", 1);
	setenv("HAWSER_PLATFORM", "headless", 1);
	setenv("NOTIFY_SOCKET", "/run/x", 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("WATCHDOG_USEC", "1", 1);
	setenv("SOMETHING", "else", 1);
	setenv("TZ", "UTC", 1);
	ck_assert_int_eq(run(&s), 7);
	ck_assert(!says("HAWSER_PASSWORD") && !says("NOTIFY_SOCKET") && !says("LISTEN_FDS") &&
			!says("WATCHDOG_USEC"));
	ck_assert(says("SOMETHING=else\n"));
	s = (struct hws_spawn){ .clean_env = true, .huge_pages = true };
	unsetenv("GLIBC_TUNABLES");
	ck_assert_int_eq(run(&s), 7);
	ck_assert(!says("SOMETHING"));
	ck_assert(says("TZ=UTC\n") && says("GLIBC_TUNABLES=glibc.malloc.hugetlb=1\n"));
}
END_TEST

START_TEST(another_account_gets_its_own_session)
{
	struct hws_spawn s = { .user = "nobody" };
	const struct passwd *pw = getpwnam("nobody");
	char ids[60];

	setenv("HOME", "/root-of-somebody", 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x", 1);
	setenv("XAUTHORITY", "/nonexistent/cookies", 1);
	ck_assert_int_eq(run(&s), 7);
	if (geteuid() != 0 || !pw) { /* nothing to change */
		ck_assert(says("HOME=/root-of-somebody\n"));
		return;
	}
	snprintf(ids, sizeof(ids), " uid=%u gid=%u ", (unsigned)pw->pw_uid, (unsigned)pw->pw_gid);
	ck_assert_msg(says(ids), "%.200s", said);
	ck_assert(says("USER=nobody\n") && says("LOGNAME=nobody\n"));
	ck_assert(!says("/root-of-somebody") && !says("unix:path=/x") && !says("XAUTHORITY"));
}
END_TEST

static bool holds(const struct hws_spawn_env *env, const char *entry)
{
	for (size_t i = 0; env->list[i]; i++)
		if (!strcmp(env->list[i], entry))
			return true;
	return false;
}

START_TEST(what_chooses_the_platform_and_opens_the_display_passes)
{
	static struct hws_spawn_env env;
	struct hws_spawn s = { .user = "one", .clean_env = true };

	setenv("HAWSER_PLATFORM", "headless", 1);
	setenv("DISPLAY", ":1", 1);
	setenv("XAUTHORITY", "/etc/passwd", 1); /* one that the account may read */
	ck_assert_int_eq(hws_spawn_env_make(&s, "/home/one", &env), HWS_OK);
	ck_assert(!holds(&env, "HAWSER_PLATFORM=headless"));
	ck_assert(!holds(&env, "DISPLAY=:1"));
	s.clean_env = false;
	s.display = ":77";
	ck_assert_int_eq(hws_spawn_env_make(&s, "/home/one", &env), HWS_OK);
	hws_spawn_env_drop_cookies(&env);
	ck_assert(holds(&env, "HAWSER_PLATFORM=headless"));
	ck_assert(holds(&env, "XAUTHORITY=/etc/passwd"));
	ck_assert(holds(&env, "DISPLAY=:77") && !holds(&env, "DISPLAY=:1"));
	ck_assert(holds(&env, "HOME=/home/one") && holds(&env, "LOGNAME=one"));
	setenv("XAUTHORITY", "/nonexistent/cookies", 1);
	ck_assert_int_eq(hws_spawn_env_make(&s, "/home/one", &env), HWS_OK);
	ck_assert(holds(&env, "XAUTHORITY=/nonexistent/cookies"));
	hws_spawn_env_drop_cookies(&env);
	ck_assert(!holds(&env, "XAUTHORITY=/nonexistent/cookies"));
	/* Who stays who he is keeps his own. */
	ck_assert_int_eq(hws_spawn_env_make(&s, NULL, &env), HWS_OK);
	ck_assert(holds(&env, "XAUTHORITY=/nonexistent/cookies"));
}
END_TEST

START_TEST(an_account_that_does_not_exist_is_told)
{
	static const char *const argv[] = { "spawn_test", "role", "tell", NULL };
	struct hws_spawn s = { .argv = argv, .user = "no-such-account" };
	pid_t pid;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(hws_spawn(&s, &pid, &err), HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no-such-account"));
}
END_TEST

START_TEST(an_environment_has_an_end)
{
	static struct hws_spawn_env env;
	struct hws_spawn s = { .display = ":5", .user = "one", .huge_pages = true };
	char name[32], big[400];
	size_t n = 0;

	for (int i = 0; i < HWS_SPAWN_ENV_MAX + 20; i++) {
		snprintf(name, sizeof(name), "MANY_%d", i);
		setenv(name, "x", 1);
	}
	ck_assert_int_eq(hws_spawn_env_make(&s, "/home/one", &env), HWS_OK);
	while (env.list[n])
		n++;
	ck_assert_uint_lt(n, HWS_SPAWN_ENV_MAX);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	ck_assert_int_eq(hws_spawn_env_make(&s, big, &env), HWS_ERR_TOOBIG);
	s.display = big;
	ck_assert_int_eq(hws_spawn_env_make(&s, NULL, &env), HWS_ERR_TOOBIG);
}
END_TEST

static void stand(int fd, void *arg)
{
	ck_assert_str_eq(arg, "argument");
	tell(fd);
}

START_TEST(a_detached_process_leads_a_session_of_its_own)
{
	char argument[] = "argument";
	int pair[2], open_one = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(hws_spawn_detached("hws-aside", pair[1], stand, argument), HWS_OK);
	close(pair[1]);
	listen_to(pair[0]);
	close(open_one);
	ck_assert_msg(says("files=4 ") && says(" leader=1 name=hws-aside\n"), "%.200s", said);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left to wait for */
}
END_TEST

/* In a child: becomes the program; its exit status, or 99. */
static int exec_status(const char *name, const char *folder)
{
	char *const argv[] = { (char *)"x", (char *)"role", (char *)"none", NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY), HWS_SPAWN_IPC_FD);
		_exit(hws_exec_sibling(name, folder, argv) == HWS_ERR_NOTFOUND ? 99 : 98);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(a_sibling_is_found_beside_next_door_and_by_path)
{
	ck_assert_int_eq(exec_status("spawn_test", "nowhere"), 7);
	ck_assert_int_eq(exec_status("shared/sys/spawn_test", ".."), 7);
	ck_assert_int_eq(exec_status("false", "nowhere"), 1);
	ck_assert_int_eq(exec_status("no-such-program", "nowhere"), 99);
}
END_TEST

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "role"))
		return role(argv[2]);

	Suite *s = suite_create("spawn");
	TCase *t = tcase_create("spawn");

	tcase_add_test(t, a_role_gets_its_socket_and_nothing_else);
	tcase_add_test(t, the_socket_may_have_its_number_already);
	tcase_add_test(t, no_terminal_passes_on_that_one_could_type_into);
	tcase_add_test(t, what_a_role_says_goes_where_it_is_told);
	tcase_add_loop_test(t, groups_of_root_do_not_pass_on, 0, 2);
	tcase_add_test(t, passwords_of_the_environment_stay_here);
	tcase_add_test(t, another_account_gets_its_own_session);
	tcase_add_test(t, what_chooses_the_platform_and_opens_the_display_passes);
	tcase_add_test(t, an_account_that_does_not_exist_is_told);
	tcase_add_test(t, an_environment_has_an_end);
	tcase_add_test(t, a_detached_process_leads_a_session_of_its_own);
	tcase_add_test(t, a_sibling_is_found_beside_next_door_and_by_path);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
