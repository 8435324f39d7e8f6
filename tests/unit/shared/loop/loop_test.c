/* The loop with its posts, timers and deferred calls; slots against a model; the worker pool. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/loop/loop.h"
#include "shared/loop/slots.h"
#include "shared/loop/work.h"

static struct hws_loop *loop;

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
}

static void tear_down(void)
{
	hws_loop_free(loop);
}

/* Turns until *value reaches `want`; fails after 10 s. */
static void turn_until(const unsigned *value, unsigned want)
{
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;

	while (*value < want && hws_clock_us() < end)
		ck_assert_int_eq(hws_loop_once(loop, 100000), HWS_OK);
	ck_assert_uint_eq(*value, want);
}

static void count_up(void *arg)
{
	++*(unsigned *)arg;
}

struct repeat {
	struct hws_deferred d;
	unsigned left, ran;
};

static void defer_again(void *arg)
{
	struct repeat *r = arg;

	r->ran++;
	if (--r->left)
		hws_loop_defer(loop, &r->d, defer_again, r);
}

START_TEST(deferred_calls_run_once_at_the_end_of_the_turn)
{
	struct hws_deferred d = { 0 }, canceled = { 0 };
	struct repeat again = { .left = 3 };
	unsigned n = 0;

	hws_loop_defer(loop, &d, count_up, &n);
	hws_loop_defer(loop, &d, count_up, &n);
	hws_loop_defer(loop, &canceled, count_up, &n);
	hws_loop_defer_cancel(&canceled);
	hws_loop_defer(loop, &again.d, defer_again, &again);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(hws_loop_once(loop, 0), HWS_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(again.ran, 1); /* the next one is of the next turn, which does not wait */
	ck_assert_int_eq(hws_loop_once(loop, 5 * HWS_US_PER_S), HWS_OK);
	ck_assert_int_eq(hws_loop_once(loop, 5 * HWS_US_PER_S), HWS_OK);
	ck_assert_uint_eq(again.ran, 3);
}
END_TEST

static char order[64];
static char letters[] = "abcdz";

static void note(void *arg)
{
	size_t n = strlen(order);

	order[n] = *(const char *)arg;
	order[n + 1] = 0;
}

static void post_more(void *arg)
{
	note(arg);
	ck_assert_int_eq(hws_loop_post(loop, note, &letters[3]), HWS_OK);
}

START_TEST(posts_run_in_order_and_before_deferred_calls)
{
	struct hws_deferred d = { 0 };
	struct hws_post post = { .fn = note, .arg = &letters[1] };

	order[0] = 0;
	hws_loop_defer(loop, &d, note, &letters[4]);
	ck_assert_int_eq(hws_loop_post(loop, note, &letters[0]), HWS_OK);
	hws_loop_post_node(loop, &post);
	ck_assert_int_eq(hws_loop_post(loop, post_more, &letters[2]), HWS_OK);
	ck_assert_int_eq(hws_loop_once(loop, 0), HWS_OK);
	ck_assert_str_eq(order, "abcz");
	ck_assert_int_eq(hws_loop_once(loop, 5 * HWS_US_PER_S), HWS_OK);
	ck_assert_str_eq(order, "abczd");
}
END_TEST

#define THREADS 4
#define POSTS 5000u

struct poster {
	pthread_t thread;
	unsigned seen;
	bool out_of_order;
	struct message {
		struct poster *poster;
		unsigned number;
	} message[POSTS];
};

static void receive(void *arg)
{
	struct message *m = arg;

	m->poster->out_of_order |= m->number != m->poster->seen;
	m->poster->seen++;
}

static void *post_all(void *arg)
{
	struct poster *p = arg;

	for (unsigned i = 0; i < POSTS; i++) {
		p->message[i] = (struct message){ p, i };
		if (hws_loop_post(loop, receive, &p->message[i]) < 0)
			abort();
	}
	return NULL;
}

START_TEST(posts_of_threads_all_arrive_in_their_order)
{
	static struct poster posters[THREADS];

	memset(posters, 0, sizeof(posters));
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(
				pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		turn_until(&posters[i].seen, POSTS);
		ck_assert(!posters[i].out_of_order);
		pthread_join(posters[i].thread, NULL);
	}
}
END_TEST

static void *stop_loop(void *arg)
{
	hws_loop_stop(arg);
	return NULL;
}

static char said[4];
static size_t said_len;

static void say(void *arg)
{
	said[said_len++] = *(const char *)arg;
}

START_TEST(a_quiet_post_waits_for_company_and_goes_before_it)
{
	uint64_t began = hws_clock_us();

	ck_assert_int_eq(hws_loop_post_quiet(loop, say, (void *)"a"), HWS_OK);
	ck_assert_int_eq(hws_loop_post(loop, say, (void *)"b"), HWS_OK);
	ck_assert_int_eq(hws_loop_post_quiet(loop, say, (void *)"c"), HWS_OK);
	/* woken, although it is not the first that waits there */
	ck_assert_int_eq(hws_loop_once(loop, 50 * HWS_US_PER_S), HWS_OK);
	ck_assert_uint_lt(hws_clock_us() - began, 45 * HWS_US_PER_S);
	ck_assert_str_eq(said, "abc");
}
END_TEST

START_TEST(another_thread_stops_a_waiting_loop)
{
	pthread_t t;

	ck_assert_int_eq(pthread_create(&t, NULL, stop_loop, loop), 0);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK); /* has nothing else to wait for */
	pthread_join(t, NULL);
}
END_TEST

START_TEST(what_is_posted_and_deferred_runs_when_the_loop_is_freed)
{
	struct hws_loop *other;
	struct hws_deferred d = { 0 };
	unsigned n = 0;

	ck_assert_int_eq(hws_loop_new_coarse(&other), HWS_OK);
	hws_loop_defer(other, &d, count_up, &n);
	ck_assert_int_eq(hws_loop_post(other, count_up, &n), HWS_OK);
	hws_loop_free(other);
	ck_assert_uint_eq(n, 2);
	hws_loop_free(NULL);
}
END_TEST

struct ticker {
	struct hws_timer timer;
	unsigned ticks, stop_at;
};

static void tick(void *arg)
{
	struct ticker *t = arg;

	if (++t->ticks == t->stop_at)
		hws_timer_stop(&t->timer);
}

START_TEST(timers_fire_once_repeat_restart_and_stop)
{
	struct ticker once = { 0 }, every = { .stop_at = 3 }, never = { 0 };
	uint64_t start = hws_clock_us();

	ck_assert(!hws_timer_active(&once.timer));
	hws_timer_stop(&once.timer);
	hws_timer_start(loop, &never.timer, 1000, tick, &never);
	hws_timer_stop(&never.timer);
	hws_timer_start(loop, &once.timer, 3600 * HWS_US_PER_S, tick, &once);
	hws_timer_start(loop, &once.timer, 20000, tick, &once); /* again: the first is gone */
	hws_timer_every(loop, &every.timer, 5000, tick, &every);
	ck_assert(hws_timer_active(&once.timer));
	turn_until(&once.ticks, 1);
	ck_assert_uint_ge(hws_clock_us() - start, 19000);
	ck_assert(!hws_timer_active(&once.timer));
	turn_until(&every.ticks, 3);
	ck_assert(!hws_timer_active(&every.timer));
	ck_assert_int_eq(hws_loop_once(loop, 20000), HWS_OK);
	ck_assert_uint_eq(every.ticks, 3);
	ck_assert_uint_eq(never.ticks, 0);
}
END_TEST

static uint64_t fake_clock(void *arg)
{
	return *(uint64_t *)arg;
}

START_TEST(the_clock_is_read_once_a_turn_and_can_be_faked)
{
	uint64_t now = hws_loop_now_us(loop), fake = 42, later = hws_clock_us();

	while (hws_clock_us() == later)
		;
	ck_assert_uint_eq(hws_loop_now_us(loop), now);
	ck_assert_int_eq(hws_loop_once(loop, 0), HWS_OK);
	ck_assert_uint_gt(hws_loop_now_us(loop), now);
	hws_loop_set_clock(loop, fake_clock, &fake);
	ck_assert_uint_eq(hws_loop_now_us(loop), 42);
	fake = 43;
	ck_assert_uint_eq(hws_loop_now_us(loop), 43);
	hws_loop_set_clock(loop, NULL, NULL);
	ck_assert_uint_gt(hws_loop_now_us(loop), now);
}
END_TEST

START_TEST(slots_behave_as_a_map_under_random_use)
{
	static uint64_t ids[5000], dead[20000];
	static int objs[5000];
	size_t live = 0, gone = 0;
	struct hws_slots s;
	uint64_t id = 7;

	hws_slots_init(&s, 300);
	ck_assert_ptr_null(hws_slots_get(&s, 0));
	for (int step = 0; step < 20000; step++) {
		if (hws_rand_below(2)) {
			int r = hws_slots_add(&s, &objs[live], &id);

			ck_assert_int_eq(r, live < 300 ? HWS_OK : HWS_ERR_FULL);
			if (r == HWS_OK) {
				ck_assert_uint_ne(id, 0);
				ids[live++] = id;
			}
		} else if (live) {
			id = ids[--live];
			hws_slots_remove(&s, id);
			hws_slots_remove(&s, id);
			dead[gone++] = id;
		}
		ck_assert_uint_eq(s.used, live);
		if (live) {
			size_t at = hws_rand_below((uint32_t)live);

			ck_assert_ptr_eq(hws_slots_get(&s, ids[at]), &objs[at]);
		}
		if (gone)
			ck_assert_ptr_null(hws_slots_get(&s, dead[hws_rand_below((uint32_t)gone)]));
	}
	hws_slots_done(&s);
}
END_TEST

struct task {
	unsigned *done;
	pthread_t ran_on, answered_on;
	int in, got;
	pthread_mutex_t *gate;
};

static int run_task(void *arg)
{
	struct task *t = arg;

	t->ran_on = pthread_self();
	if (t->gate) {
		pthread_mutex_lock(t->gate);
		pthread_mutex_unlock(t->gate);
	}
	return t->in;
}

static void end_task(void *arg, int r)
{
	struct task *t = arg;

	t->answered_on = pthread_self();
	t->got = r;
	++*t->done;
}

START_TEST(work_runs_elsewhere_and_answers_on_the_loop)
{
	static struct task tasks[1000];
	struct hws_work *work;
	unsigned done = 0;

	ck_assert_int_eq(hws_work_new(3, 1000, &work), HWS_OK);
	for (int i = 0; i < 1000; i++) {
		tasks[i] = (struct task){ .done = &done, .in = -i };
		ck_assert_int_eq(
				hws_work_submit(work, loop, run_task, end_task, &tasks[i]), HWS_OK);
	}
	turn_until(&done, 1000);
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(tasks[i].got, -i);
		ck_assert(!pthread_equal(tasks[i].ran_on, pthread_self()));
		ck_assert(pthread_equal(tasks[i].answered_on, pthread_self()));
	}
	hws_work_free(work);
}
END_TEST

START_TEST(the_pool_is_bounded_and_cancels_what_waits)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct task tasks[40] = { 0 };
	struct hws_work *work;
	unsigned done = 0, taken = 0, canceled = 0;

	pthread_mutex_lock(&gate);
	ck_assert_int_eq(hws_work_new(1, 10, &work), HWS_OK);
	for (int i = 0; i < 40; i++) {
		tasks[i] = (struct task){ .done = &done, .gate = &gate };
		if (hws_work_submit(work, loop, run_task, end_task, &tasks[taken]) == HWS_OK)
			taken++;
	}
	ck_assert_uint_ge(taken, 10);
	ck_assert_uint_le(taken, 11); /* one may run already */
	pthread_mutex_unlock(&gate);
	hws_work_free(work);
	turn_until(&done, taken);
	for (unsigned i = 0; i < taken; i++) {
		ck_assert(tasks[i].got == HWS_OK || tasks[i].got == HWS_ERR_CANCELED);
		canceled += tasks[i].got == HWS_ERR_CANCELED;
	}
	ck_assert_uint_le(canceled, 10);
	hws_work_free(NULL);
}
END_TEST

START_TEST(constructors_survive_every_failing_allocation)
{
	for (unsigned long n = 1; n < 8; n++) {
		struct hws_loop *l = NULL;
		struct hws_work *w = NULL;
		struct hws_slots s;
		unsigned done = 0;
		struct task t = { .done = &done };
		uint64_t id;

		hws_slots_init(&s, 1000);
		hws_mem_fail_at(n);
		if (hws_loop_new(&l) == HWS_OK) {
			if (hws_work_new(1, 4, &w) < 0 ||
					hws_work_submit(w, l, run_task, end_task, &t) < 0)
				done = 1;
			if (hws_loop_post(l, count_up, &done) < 0)
				done++;
		} else {
			done = 2;
		}
		for (int i = 0; i < 100; i++) {
			int r = hws_slots_add(&s, &t, &id);

			ck_assert(r == HWS_OK || r == HWS_ERR_NOMEM);
		}
		hws_mem_fail_at(0);
		hws_work_free(w);
		hws_loop_free(l);
		ck_assert_uint_eq(done, 2);
		hws_slots_done(&s);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loop/loop");
	TCase *t = tcase_create("loop");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, deferred_calls_run_once_at_the_end_of_the_turn);
	tcase_add_test(t, posts_run_in_order_and_before_deferred_calls);
	tcase_add_test(t, posts_of_threads_all_arrive_in_their_order);
	tcase_add_test(t, a_quiet_post_waits_for_company_and_goes_before_it);
	tcase_add_test(t, another_thread_stops_a_waiting_loop);
	tcase_add_test(t, what_is_posted_and_deferred_runs_when_the_loop_is_freed);
	tcase_add_test(t, timers_fire_once_repeat_restart_and_stop);
	tcase_add_test(t, the_clock_is_read_once_a_turn_and_can_be_faked);
	tcase_add_test(t, slots_behave_as_a_map_under_random_use);
	tcase_add_test(t, work_runs_elsewhere_and_answers_on_the_loop);
	tcase_add_test(t, the_pool_is_bounded_and_cancels_what_waits);
	tcase_add_test(t, constructors_survive_every_failing_allocation);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
