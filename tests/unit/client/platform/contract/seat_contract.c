/* The contract of client/platform/seat.h. */
#include "contract.h"
#include <stdio.h>
#include <string.h>

static const struct contract_seat *b;
static struct hws_loop *loop;
static struct hws_seat *seat;
static unsigned changes, lists, fronts, locks;

static void on_change(unsigned changed, void *arg)
{
	ck_assert_ptr_eq(arg, &changes);
	ck_assert_uint_ne(changed, 0);
	ck_assert_uint_eq(changed & ~(unsigned)(HWS_SEAT_LIST | HWS_SEAT_FRONT | HWS_SEAT_LOCK), 0);
	changes++;
	lists += (changed & HWS_SEAT_LIST) != 0;
	fronts += (changed & HWS_SEAT_FRONT) != 0;
	locks += (changed & HWS_SEAT_LOCK) != 0;
}

static void setup(void)
{
	changes = lists = fronts = locks = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	seat = b->open(loop);
	seat->ev = (struct hws_seat_events){ .on_change = on_change, .arg = &changes };
}

static void teardown(void)
{
	b->close(seat);
	hws_loop_free(loop);
}

static void front_id(char id[64])
{
	const struct hws_seat_session *f = hws_seat_front(seat);

	ck_assert_ptr_nonnull(f);
	snprintf(id, 64, "%s", f->id);
}

START_TEST(the_list_and_the_front_fit)
{
	unsigned n;
	const struct hws_seat_session *list = hws_seat_sessions(seat, &n);
	const struct hws_seat_session *front = hws_seat_front(seat);

	ck_assert_uint_le(n, HWS_SEAT_SESSIONS_MAX);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_str_ne(list[i].id, "");
		ck_assert_ptr_eq(hws_seat_find(seat, list[i].id), &list[i]);
		ck_assert(!list[i].greeter || !list[i].locked);
		ck_assert((list[i].kind == HWS_SEAT_X11) == (list[i].display[0] != 0));
	}
	if (front)
		ck_assert_ptr_eq(hws_seat_find(seat, front->id), front);
	ck_assert_ptr_null(hws_seat_find(seat, "there is no such session"));
}
END_TEST

START_TEST(sessions_come_and_go)
{
	unsigned before, n;

	hws_seat_sessions(seat, &before);
	b->come(seat, "second");
	ck_assert_uint_eq(changes, 0); /* not from inside */
	contract_until(loop, &lists, 1);
	hws_seat_sessions(seat, &n);
	ck_assert_uint_eq(n, before + 1);
	ck_assert_ptr_nonnull(hws_seat_find(seat, "second"));
	b->go(seat, "second");
	contract_until(loop, &lists, 2);
	hws_seat_sessions(seat, &n);
	ck_assert_uint_eq(n, before);
	ck_assert_ptr_null(hws_seat_find(seat, "second"));
	ck_assert_uint_eq(fronts, 0); /* it never was there */
}
END_TEST

START_TEST(a_switch_at_the_machine_is_told)
{
	char first[64];

	front_id(first);
	b->come(seat, "second");
	b->front(seat, "second");
	contract_until(loop, &fronts, 1);
	ck_assert_str_eq(hws_seat_front(seat)->id, "second");
	b->front(seat, NULL); /* a console, or the moment between two */
	contract_until(loop, &fronts, 2);
	ck_assert_ptr_null(hws_seat_front(seat));
	b->front(seat, first);
	contract_until(loop, &fronts, 3);
	ck_assert_str_eq(hws_seat_front(seat)->id, first);
}
END_TEST

START_TEST(a_session_in_front_that_ends_leaves_nothing_there)
{
	b->come(seat, "second");
	b->front(seat, "second");
	contract_until(loop, &fronts, 1);
	b->go(seat, "second");
	contract_until(loop, &fronts, 2);
	ck_assert_ptr_null(hws_seat_front(seat));
}
END_TEST

START_TEST(a_session_is_brought_to_the_front)
{
	char first[64];

	front_id(first);
	ck_assert_int_eq(hws_seat_bring_front(seat, first), HWS_OK); /* is there already */
	contract_turns(loop, 5);
	ck_assert_uint_eq(changes, 0);
	ck_assert_int_eq(hws_seat_bring_front(seat, "nobody"), HWS_ERR_NOTFOUND);
	b->come(seat, "second");
	ck_assert_int_eq(hws_seat_bring_front(seat, "second"), HWS_OK);
	ck_assert_str_eq(hws_seat_front(seat)->id, first); /* asked for, not done yet */
	contract_until(loop, &fronts, 1);
	ck_assert_str_eq(hws_seat_front(seat)->id, "second");
	if (b->refuse) {
		b->refuse(seat, true);
		ck_assert_int_eq(hws_seat_bring_front(seat, first), HWS_ERR_PERM);
	}
}
END_TEST

START_TEST(screens_are_locked_and_unlocked)
{
	char first[64];
	unsigned n;
	const struct hws_seat_session *list = hws_seat_sessions(seat, &n);

	for (unsigned i = 0; i < n; i++)
		if (list[i].greeter)
			ck_assert_int_eq(hws_seat_set_lock(seat, list[i].id, true),
					HWS_ERR_UNSUPPORTED);
	front_id(first);
	ck_assert_int_eq(hws_seat_set_lock(seat, "nobody", true), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_seat_set_lock(seat, first, true), HWS_OK);
	contract_until(loop, &locks, 1);
	ck_assert(hws_seat_find(seat, first)->locked);
	ck_assert_int_eq(hws_seat_set_lock(seat, first, true), HWS_OK); /* is already */
	contract_turns(loop, 5);
	ck_assert_uint_eq(locks, 1);
	ck_assert_int_eq(hws_seat_set_lock(seat, first, false), HWS_OK);
	contract_until(loop, &locks, 2);
	ck_assert(!hws_seat_find(seat, first)->locked);
	ck_assert_str_eq(hws_seat_front(seat)->id, first);
	if (b->refuse) {
		b->refuse(seat, true);
		ck_assert_int_eq(hws_seat_set_lock(seat, first, true), HWS_ERR_PERM);
	}
}
END_TEST

Suite *contract_seat_suite(const struct contract_seat *backend)
{
	Suite *s = suite_create("platform/seat");
	TCase *t = tcase_create(backend->name);

	b = backend;
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_list_and_the_front_fit);
	tcase_add_test(t, sessions_come_and_go);
	tcase_add_test(t, a_switch_at_the_machine_is_told);
	tcase_add_test(t, a_session_in_front_that_ends_leaves_nothing_there);
	tcase_add_test(t, a_session_is_brought_to_the_front);
	tcase_add_test(t, screens_are_locked_and_unlocked);
	suite_add_tcase(s, t);
	return s;
}
