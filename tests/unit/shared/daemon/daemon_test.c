/* Signals, the service manager's socket, folders, the sandbox (in children that may die of it). */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/daemon/daemon.h"
#include "shared/daemon/sandbox.h"

static struct hws_loop *loop;
static struct hws_daemon *d;
static unsigned reloads, drains;
static char folder[64];

static void on_reload(void *arg)
{
	(void)arg;
	reloads++;
	hws_loop_stop(loop);
}

static void on_drain(void *arg)
{
	(void)arg;
	drains++;
}

static void on_drain_raise(void *arg)
{
	(void)arg;
	drains++;
	raise(SIGINT); /* the operator has no patience */
}

static void set_up(void)
{
	reloads = drains = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_fmt(folder, sizeof(folder), "/tmp/hws-daemon-XXXXXX"), HWS_OK);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void tear_down(void)
{
	hws_daemon_free(d);
	d = NULL;
	hws_loop_free(loop);
	rmdir(folder);
}

static void start(const struct hws_daemon_conf *conf)
{
	ck_assert_int_eq(hws_daemon_new(loop, conf, &d), HWS_OK);
}

START_TEST(hangup_reloads_and_terminate_stops)
{
	start(&(struct hws_daemon_conf){ .on_reload = on_reload });
	raise(SIGPIPE); /* ignored */
	raise(SIGHUP);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	ck_assert_uint_eq(reloads, 1);
	ck_assert(!hws_daemon_draining(d));
	raise(SIGTERM);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	ck_assert(hws_daemon_draining(d));
}
END_TEST

START_TEST(a_drain_ends_by_its_own_time_limit)
{
	uint64_t begin = hws_clock_us();

	start(&(struct hws_daemon_conf){ .on_drain = on_drain, .drain_max_us = 30000 });
	raise(SIGTERM);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	ck_assert_uint_eq(drains, 1);
	ck_assert_uint_ge(hws_clock_us() - begin, 29000);
}
END_TEST

START_TEST(a_second_signal_stops_a_drain_at_once)
{
	uint64_t begin = hws_clock_us();

	start(&(struct hws_daemon_conf){ .on_drain = on_drain_raise });
	raise(SIGTERM);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	ck_assert_uint_eq(drains, 1);
	ck_assert_uint_lt(hws_clock_us() - begin, 5000000);
}
END_TEST

static void heard(int fd, const char *what)
{
	char buf[200];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);

	ck_assert_int_gt(n, 0);
	buf[n] = 0;
	ck_assert_msg(hws_str_starts(buf, what), "%s", buf);
}

START_TEST(the_service_manager_is_told)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	ck_assert_int_eq(
			hws_fmt(addr.sun_path, sizeof(addr.sun_path), "%s/notify", folder), HWS_OK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	start(&(struct hws_daemon_conf){ .on_reload = on_reload });
	hws_daemon_ready(d);
	heard(fd, "READY=1");
	raise(SIGHUP);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	heard(fd, "RELOADING=1\nMONOTONIC_USEC=");
	heard(fd, "READY=1");
	raise(SIGTERM);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	heard(fd, "STOPPING=1");
	close(fd);
	unlink(addr.sun_path);
	unsetenv("NOTIFY_SOCKET");
}
END_TEST

START_TEST(folders_come_from_systemd_then_the_user_and_are_private)
{
	char want[200], got[200];
	struct hws_error err;
	struct stat st;

	ck_assert_int_eq(hws_fmt(want, sizeof(want), "%s/a", folder), HWS_OK);
	ck_assert_int_eq(hws_fmt(got, sizeof(got), "%s:/x/y", want), HWS_OK);
	setenv("STATE_DIRECTORY", got, 1);
	ck_assert_int_eq(hws_daemon_state_dir("prog", got, sizeof(got), &err), HWS_OK);
	ck_assert_str_eq(got, want);
	ck_assert_int_eq(stat(want, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(chmod(want, 0777), 0);
	ck_assert_int_eq(hws_daemon_state_dir("prog", got, sizeof(got), &err), HWS_ERR_PERM);
	ck_assert_ptr_nonnull(strstr(err.text, "chmod o-w"));
	ck_assert_int_eq(rmdir(want), 0);
	ck_assert_int_eq(hws_daemon_state_dir("prog", got, 5, &err), HWS_ERR_TOOBIG);
	unsetenv("STATE_DIRECTORY");
	setenv("RUNTIME_DIRECTORY", folder, 1);
	ck_assert_int_eq(hws_daemon_runtime_dir("prog", got, sizeof(got), &err), HWS_OK);
	ck_assert_str_eq(got, folder);
	unsetenv("RUNTIME_DIRECTORY");
	ck_assert_int_eq(hws_fmt(want, sizeof(want), "%s/named", folder), HWS_OK);
	ck_assert_int_eq(hws_daemon_named_dir(want, got, sizeof(got), &err), HWS_OK);
	ck_assert_str_eq(got, want);
	ck_assert_int_eq(stat(want, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(rmdir(want), 0);
}
END_TEST

START_TEST(the_file_limit_is_raised)
{
	struct rlimit now, less;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	less = now;
	less.rlim_cur = 100;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &less), 0);
	ck_assert_uint_eq(hws_daemon_raise_nofile(), now.rlim_max);
}
END_TEST

#define NO_SANDBOX 77

/* Runs in a child: enters the sandbox and does `act`. Returns its wait status. */
static int in_sandbox(enum hws_sandbox_profile profile, int (*act)(void))
{
	struct hws_error err;
	int status, r;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		r = hws_sandbox_enter(profile, &err);
		_exit(r == HWS_ERR_UNSUPPORTED ? NO_SANDBOX : r < 0 ? 99 : act());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int open_for_reading(void)
{
	int fd = open("/dev/null", O_RDONLY);

	return fd < 0 ? 1 : 0;
}

static int open_new(void)
{
	return open("/tmp/hws-never", O_RDWR | O_CREAT | O_EXCL, 0600) < 0;
}

static int new_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}

static int run_program(void)
{
	char *const argv[] = { NULL };

	return execve("/bin/true", argv, argv);
}

static int fork_child(void)
{
	return fork() < 0;
}

static int use_loop(void)
{
	char text[32];
	void *p = malloc(1 << 20);

	free(p);
	hws_wall_text(hws_wall_us(), text, sizeof(text));
	return write(STDERR_FILENO, "", 0) < 0;
}

static void *thread(void *arg)
{
	return arg;
}

static int threaded_loop(void)
{
	struct hws_loop *l;
	pthread_t t;
	int r;

	if (pthread_create(&t, NULL, thread, NULL) != 0)
		return 1;
	pthread_join(t, NULL);
	if (hws_loop_new(&l) < 0)
		return 2;
	r = hws_loop_once(l, 1000);
	hws_loop_free(l);
	return r < 0 ? 3 : 0;
}

static const struct {
	enum hws_sandbox_profile profile;
	int (*act)(void);
	bool dies;
} acts[] = {
	{ HWS_SANDBOX_RELAY, use_loop, false },
	{ HWS_SANDBOX_RELAY, threaded_loop, false },
	{ HWS_SANDBOX_RELAY, open_for_reading, false },
	{ HWS_SANDBOX_RELAY, new_socket, false },
	{ HWS_SANDBOX_RELAY, open_new, true },
	{ HWS_SANDBOX_RELAY, raw_socket, true },
	{ HWS_SANDBOX_RELAY, run_program, true },
	{ HWS_SANDBOX_RELAY, fork_child, true },
	{ HWS_SANDBOX_RENDEZVOUS, threaded_loop, false },
	{ HWS_SANDBOX_RENDEZVOUS, open_for_reading, false },
	{ HWS_SANDBOX_RENDEZVOUS, run_program, true },
	{ HWS_SANDBOX_RENDEZVOUS, fork_child, true },
	{ HWS_SANDBOX_GATE, use_loop, false },
	{ HWS_SANDBOX_GATE, open_for_reading, true },
	{ HWS_SANDBOX_GATE, new_socket, true },
	{ HWS_SANDBOX_GATE, run_program, true },
	{ HWS_SANDBOX_GATE, fork_child, true },
};

START_TEST(a_profile_allows_its_work_and_kills_the_rest)
{
	int status = in_sandbox(acts[_i].profile, acts[_i].act);

	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SANDBOX)
		return;
	if (acts[_i].dies)
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %x",
				status);
	else
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}
END_TEST

START_TEST(privileges_are_dropped_for_good)
{
	struct hws_error err;
	int status;
	pid_t pid;

	ck_assert_int_eq(hws_sandbox_drop_to("no-such-account", &err), HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no-such-account"));
	if (geteuid() != 0)
		return;
	pid = fork();
	if (pid == 0) {
		if (hws_sandbox_drop_to("nobody", &err) < 0)
			_exit(1);
		if (getuid() == 0 || geteuid() == 0 || getegid() == 0 || setuid(0) == 0)
			_exit(2);
		_exit(hws_sandbox_drop_to("nobody", &err) < 0 ? 3 : 0); /* again: nothing to do */
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon/daemon");
	TCase *t = tcase_create("daemon");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, hangup_reloads_and_terminate_stops);
	tcase_add_test(t, a_drain_ends_by_its_own_time_limit);
	tcase_add_test(t, a_second_signal_stops_a_drain_at_once);
	tcase_add_test(t, the_service_manager_is_told);
	tcase_add_test(t, folders_come_from_systemd_then_the_user_and_are_private);
	tcase_add_test(t, the_file_limit_is_raised);
	tcase_add_loop_test(t, a_profile_allows_its_work_and_kills_the_rest, 0, HWS_COUNT(acts));
	tcase_add_test(t, privileges_are_dropped_for_good);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
