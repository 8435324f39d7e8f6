/* Signals, the service manager's socket, folders. */
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

/* A folder of root's that is mounted into a container as the state of a server. */
START_TEST(a_closed_folder_of_roots_is_to_be_given_not_opened)
{
	char dir[200], got[200], want[240];
	struct hws_error err = { 0 };
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(hws_fmt(dir, sizeof(dir), "%s/a", folder), HWS_OK);
	ck_assert_int_eq(hws_fmt(want, sizeof(want), "Run: chown 54321:54322 %s", dir), HWS_OK);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(chmod(folder, 0711), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (setgid(54322) < 0 || setuid(54321) < 0)
			_exit(99);
		_exit(hws_daemon_named_dir(dir, got, sizeof(got), &err) == HWS_ERR_PERM &&
								strstr(err.text, want)
						? 0
						: 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(chmod(folder, 0700), 0);
	ck_assert_int_eq(rmdir(dir), 0);
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
	tcase_add_test(t, a_closed_folder_of_roots_is_to_be_given_not_opened);
	tcase_add_test(t, folders_come_from_systemd_then_the_user_and_are_private);
	tcase_add_test(t, the_file_limit_is_raised);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
