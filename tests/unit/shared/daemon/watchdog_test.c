/* Who turns is told apart from who does not: loops on threads, threads without a loop, and what the
 * service manager hears. */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/daemon/daemon.h"
#include "shared/daemon/watchdog.h"

#define PERIOD_US 5000
#define PATIENCE_US (60 * HWS_US_PER_S)

static struct hws_loop *loop, *other;
static pthread_t thread;
static struct hws_watchdog *w;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static unsigned alive, looks;
static struct hws_timer counting;

static void on_alive(void *arg)
{
	(void)arg;
	alive++;
}

static void on_count(void *arg)
{
	(void)arg;
	looks++;
}

static void *run(void *arg)
{
	(void)arg;
	(void)hws_loop_run(other);
	return NULL;
}

static void set_up(void)
{
	alive = looks = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&other), HWS_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
	ck_assert_int_eq(hws_watchdog_new(loop, PERIOD_US, on_alive, NULL, &w), HWS_OK);
	/* added later, so it comes after the look of the same time */
	hws_timer_every(loop, &counting, PERIOD_US, on_count, NULL);
}

static void tear_down(void)
{
	hws_loop_stop(other);
	pthread_join(thread, NULL);
	hws_loop_free(other);
	hws_timer_stop(&counting);
	hws_watchdog_free(w);
	hws_loop_free(loop);
}

static void turn_for_looks(unsigned n)
{
	for (unsigned end = looks + n; looks < end;)
		ck_assert_int_eq(hws_loop_once(loop, PATIENCE_US), HWS_OK);
}

static void turn_until_alive(void)
{
	for (unsigned was = alive, end = looks + PATIENCE_US / PERIOD_US; alive == was;) {
		ck_assert_uint_lt(looks, end);
		ck_assert_int_eq(hws_loop_once(loop, PATIENCE_US), HWS_OK);
	}
	ck_assert_ptr_null(hws_watchdog_stuck(w));
}

static void turn_until_stuck(const char *name)
{
	for (unsigned end = looks + PATIENCE_US / PERIOD_US; !hws_watchdog_stuck(w);) {
		ck_assert_uint_lt(looks, end);
		ck_assert_int_eq(hws_loop_once(loop, PATIENCE_US), HWS_OK);
	}
	ck_assert_str_eq(hws_watchdog_stuck(w), name);
}

static bool blocked; /* atomic */

static void block(void *arg)
{
	(void)arg;
	__atomic_store_n(&blocked, true, __ATOMIC_RELEASE);
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

START_TEST(a_loop_that_does_not_turn_is_named_until_it_does)
{
	ck_assert_int_eq(hws_watchdog_loop(w, other, "worker"), HWS_OK);
	turn_until_alive();
	pthread_mutex_lock(&gate);
	ck_assert_int_eq(hws_loop_post(other, block, NULL), HWS_OK);
	turn_until_stuck("worker");
	unsigned was = alive;

	turn_for_looks(20);
	ck_assert_uint_eq(alive, was);
	pthread_mutex_unlock(&gate);
	turn_until_alive();
}
END_TEST

/* As `docker pause` does it: nobody had a chance to answer. */
START_TEST(a_process_that_was_stopped_accuses_no_thread)
{
	ck_assert_int_eq(hws_watchdog_loop(w, other, "worker"), HWS_OK);
	turn_until_alive();
	pthread_mutex_lock(&gate);
	__atomic_store_n(&blocked, false, __ATOMIC_RELAXED);
	ck_assert_int_eq(hws_loop_post(other, block, NULL), HWS_OK);
	while (!__atomic_load_n(&blocked, __ATOMIC_ACQUIRE))
		usleep(100);
	turn_for_looks(1); /* asks once more */
	ck_assert_ptr_null(hws_watchdog_stuck(w));
	usleep(4 * PERIOD_US);
	turn_for_looks(1);
	ck_assert_ptr_null(hws_watchdog_stuck(w));
	turn_until_stuck("worker"); /* but one that goes on to be silent */
	pthread_mutex_unlock(&gate);
	turn_until_alive();
}
END_TEST

START_TEST(a_thread_without_a_loop_answers_each_time)
{
	uint64_t answers = 0, asked;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(hws_watchdog_thread(w, fd, &answers, "plain"), HWS_OK);
	turn_until_stuck("plain");
	ck_assert_int_eq(read(fd, &asked, sizeof(asked)), sizeof(asked));
	answers++;
	turn_until_alive();
	/* asked anew, and not more than once while it does not answer */
	turn_until_stuck("plain");
	turn_for_looks(5);
	ck_assert_int_eq(read(fd, &asked, sizeof(asked)), sizeof(asked));
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_lt(read(fd, &asked, sizeof(asked)), 0);
	hws_watchdog_free(w);
	w = NULL;
	close(fd);
}
END_TEST

START_TEST(an_end_while_one_is_stuck_leaves_nothing)
{
	pthread_mutex_lock(&gate);
	ck_assert_int_eq(hws_loop_post(other, block, NULL), HWS_OK);
	ck_assert_int_eq(hws_watchdog_loop(w, other, "worker"), HWS_OK);
	turn_until_stuck("worker");
	pthread_mutex_unlock(&gate);
}
END_TEST

static int manager(char *folder, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(hws_fmt(folder, size, "/tmp/hws-watchdog-XXXXXX"), HWS_OK);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(
			hws_fmt(addr.sun_path, sizeof(addr.sun_path), "%s/notify", folder), HWS_OK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	return fd;
}

static void manager_gone(int fd, const char *folder)
{
	char path[100];

	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/notify", folder), HWS_OK);
	unlink(path);
	rmdir(folder);
	close(fd);
}

static bool hears(int fd, char *buf, size_t size)
{
	ssize_t n = recv(fd, buf, size - 1, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	buf[n] = 0;
	return true;
}

/* Twice in the time that it sets, from the process that it asked, and not while a thread is
 * stuck. */
START_TEST(the_manager_hears_only_of_threads_that_turn)
{
	struct hws_daemon *d;
	char folder[64], heard[100] = "", pid[24];
	int fd = manager(folder, sizeof(folder));

	ck_assert_int_eq(hws_fmt(pid, sizeof(pid), "%d", (int)getpid()), HWS_OK);
	setenv("WATCHDOG_USEC", "10000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	ck_assert_int_eq(hws_daemon_new(loop, &(struct hws_daemon_conf){ 0 }, &d), HWS_OK);
	ck_assert_int_eq(hws_watchdog_loop(hws_daemon_watchdog(d), other, "worker"), HWS_OK);
	for (unsigned end = looks + PATIENCE_US / PERIOD_US; !hears(fd, heard, sizeof(heard));) {
		ck_assert_uint_lt(looks, end);
		ck_assert_int_eq(hws_loop_once(loop, PATIENCE_US), HWS_OK);
	}
	ck_assert_str_eq(heard, "WATCHDOG=1");
	pthread_mutex_lock(&gate);
	ck_assert_int_eq(hws_loop_post(other, block, NULL), HWS_OK);
	while (!hws_watchdog_stuck(hws_daemon_watchdog(d)))
		ck_assert_int_eq(hws_loop_once(loop, PATIENCE_US), HWS_OK);
	while (hears(fd, heard, sizeof(heard)))
		;
	turn_for_looks(20);
	ck_assert(!hears(fd, heard, sizeof(heard)));
	pthread_mutex_unlock(&gate);
	hws_loop_stop(other);
	pthread_join(thread, NULL);
	hws_loop_free(other); /* what watches goes after what is watched */
	hws_daemon_free(d);
	ck_assert_int_eq(hws_loop_new(&other), HWS_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
	manager_gone(fd, folder);
}
END_TEST

START_TEST(a_child_does_not_speak_for_the_service)
{
	static const char *const silent[][2] = { { "10000", "1" }, { "nonsense", "" }, { "1", "" },
		{ "", "" } };
	struct hws_daemon *d;
	char folder[64], heard[100];
	int fd = manager(folder, sizeof(folder));

	for (size_t i = 0; i < HWS_COUNT(silent); i++) {
		setenv("WATCHDOG_USEC", silent[i][0], 1);
		if (*silent[i][1])
			setenv("WATCHDOG_PID", silent[i][1], 1);
		else
			unsetenv("WATCHDOG_PID");
		ck_assert_int_eq(hws_daemon_new(loop, &(struct hws_daemon_conf){ 0 }, &d), HWS_OK);
		turn_for_looks(6);
		ck_assert(!hears(fd, heard, sizeof(heard)));
		hws_daemon_free(d);
	}
	manager_gone(fd, folder);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon/watchdog");
	TCase *t = tcase_create("watchdog");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_loop_that_does_not_turn_is_named_until_it_does);
	tcase_add_test(t, a_process_that_was_stopped_accuses_no_thread);
	tcase_add_test(t, a_thread_without_a_loop_answers_each_time);
	tcase_add_test(t, an_end_while_one_is_stuck_leaves_nothing);
	tcase_add_test(t, the_manager_hears_only_of_threads_that_turn);
	tcase_add_test(t, a_child_does_not_speak_for_the_service);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);

	srunner_free(r);
	return failed != 0;
}
