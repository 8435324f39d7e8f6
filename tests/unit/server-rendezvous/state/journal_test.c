/* The queue before the store: what is put is written once, and room is counted right while both
 * sides are busy. */
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/clock.h"
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUTS 10000
#define MAX 200

static struct rdv_journal *journal;
static unsigned long refused, written; /* atomics */

static void on_written(const struct rdv_write *w, const struct rdv_waiter *who, int r, bool durable,
		void *arg)
{
	(void)w;
	(void)who;
	(void)r;
	(void)arg;
	written += durable;
}

/* Never more than a tenth of the room: nothing may be refused. */
static void *put_many(void *arg)
{
	struct rdv_waiter nobody = { 0 };
	struct rdv_write w = { .kind = RDV_WRITE_PEER };
	struct rdv_journal_stats st;

	for (int i = 0; i < PUTS; i++) {
		snprintf(w.row.id, sizeof(w.row.id), "%s-%d", (const char *)arg, i % 50);
		rdv_journal_stats(journal, &st);
		for (; st.queued > MAX / 10 && st.queued < MAX; rdv_journal_stats(journal, &st))
			sched_yield();
		if (rdv_journal_put(journal, &w, &nobody) < 0)
			__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

START_TEST(nothing_is_refused_while_there_is_room)
{
	uint64_t until = hws_clock_us() + 20 * HWS_US_PER_S;
	struct hws_loop *loop = NULL;
	struct rdv_journal_stats st;
	pthread_t thread[2];

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	/* without a store: written as soon as it is there, which is when the counting is at its
	 * hardest */
	ck_assert_int_eq(rdv_journal_new(loop, NULL, MAX, on_written, NULL, &journal), HWS_OK);
	ck_assert_int_eq(pthread_create(&thread[0], NULL, put_many, (void *)"first-device"), 0);
	ck_assert_int_eq(pthread_create(&thread[1], NULL, put_many, (void *)"second-device"), 0);
	do {
		rdv_journal_kick(journal);
		rdv_journal_stats(journal, &st);
	} while (st.written + refused < 2ul * PUTS && hws_clock_us() < until);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(refused, 0);
	ck_assert_uint_eq(st.written, 2 * PUTS);
	ck_assert_uint_eq(st.refused, 0);
	ck_assert(rdv_journal_idle(journal));
	rdv_journal_free(journal);
	hws_loop_free(loop);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/journal");
	TCase *c = tcase_create("journal");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, nothing_is_refused_while_there_is_room);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
