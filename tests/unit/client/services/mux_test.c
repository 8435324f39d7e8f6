/* tunnel/mux: two ends in memory. What one side sends is what the other gets, whatever the order of
 * things; streams take turns; who takes nothing holds up nobody; and what may not come ends a
 * stream and no session. */
#include "mux_pair.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name
#define TCP SES__TUNNEL_KIND__TUNNEL_KIND_TCP
#define UDP SES__TUNNEL_KIND__TUNNEL_KIND_UDP
#define M(n) ((size_t)(n) << 20)

static void setup(void)
{
	pair_begin(0, 0);
}

/* --- one stream ------------------------------------------------------------------------------- */

START_TEST(bytes_go_both_ways_and_each_way_ends_by_itself)
{
	struct door *d = pair_open(&viewer, "db.example.com", TCP);

	pair_settle();
	struct door *o = &host.door[0];
	ck_assert(d->opened && o->opened);
	ck_assert_str_eq(o->address, "db.example.com");
	ck_assert_str_eq(d->address, "192.0.2.1:80");
	pair_send(d, M(3), true);
	pair_settle();
	ck_assert_uint_eq(o->got, M(3));
	ck_assert(o->saw_eof && !o->closed && !d->closed);
	pair_send(o, M(5) + 1, false); /* the other way still goes */
	pair_settle();
	ck_assert_uint_eq(d->got, M(5) + 1);
	ck_assert(!d->saw_eof);
	pair_send(o, 0, true);
	pair_settle();
	ck_assert(d->saw_eof && d->closed && o->closed);
	ck_assert_int_eq(d->code, CODE(OK));
	ck_assert_int_eq(o->code, CODE(OK));
	ck_assert_uint_eq(hws_mux_streams(viewer.m) + hws_mux_streams(host.m), 0);
}
END_TEST

START_TEST(a_refusal_says_why)
{
	host.refuses = true;
	struct door *d = pair_open(&viewer, "db.example.com", TCP);
	pair_settle();
	ck_assert(d->closed && !d->opened);
	ck_assert_int_eq(d->code, CODE(FORBIDDEN));
	ck_assert_str_eq(d->text, "not on the list");
	ck_assert_uint_eq(hws_mux_streams(host.m), 0);
}
END_TEST

START_TEST(a_failing_source_resets_both_ends)
{
	struct door *d = pair_open(&viewer, "a", TCP);

	pair_settle();
	d->fails = true;
	pair_send(d, 1, false);
	pair_settle();
	ck_assert(d->closed && host.door[0].closed);
	ck_assert_int_eq(d->code, CODE(RESET));
	ck_assert_int_eq(host.door[0].code, CODE(RESET));
}
END_TEST

/* What was received stays the owner's until it has gone on, and so long the stream lives. */
START_TEST(an_ended_stream_lives_until_all_is_consumed)
{
	struct door *d = pair_open(&viewer, "a", TCP);

	pair_settle();
	struct door *o = &host.door[0];
	o->stalled = true;
	pair_send(d, 1000, true);
	pair_send(o, 0, true);
	pair_settle();
	ck_assert(d->closed && o->saw_eof && !o->closed);
	ck_assert_uint_eq(o->held, 1000);
	o->stalled = false;
	pair_consume(o);
	ck_assert(o->closed);
}
END_TEST

START_TEST(what_cannot_be_a_target_is_not_asked_for)
{
	struct hws_mux_target t = { TCP, "", 80, 0 };
	char longest[HWS_MUX_HOST_MAX + 2];
	struct hws_mux_stream *s;

	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	const char *bad[] = { "", "a b", "a\n", "\x80", "a\x7f", longest };
	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		t.host = bad[i];
		ck_assert_int_eq(hws_mux_open(viewer.m, &t, NULL, &s), HWS_ERR_INVAL);
	}
	t = (struct hws_mux_target){ TCP, "a", 0, 0 };
	ck_assert_int_eq(hws_mux_open(viewer.m, &t, NULL, &s), HWS_ERR_INVAL);
	/* nor taken from the other side */
	for (uint32_t i = 0; i < HWS_COUNT(bad); i++) {
		Ses__TunnelOpen o = SES__TUNNEL_OPEN__INIT;

		o.stream = 2 * i + 1;
		o.host = (char *)(uintptr_t)bad[i];
		o.port = 80;
		ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_OPEN, &o), HWS_OK);
	}
	ck_assert_uint_eq(host.doors, 0);
	ck_assert_uint_eq(host.count, HWS_COUNT(bad)); /* each was told */
}
END_TEST

/* --- windows ---------------------------------------------------------------------------------- */

START_TEST(a_stalled_stream_holds_up_no_other)
{
	struct door *slow = pair_open(&viewer, "slow", TCP), *fast;

	pair_settle();
	host.door[0].stalled = true;
	pair_send(slow, M(20), true);
	fast = pair_open(&viewer, "fast", TCP);
	pair_settle();
	pair_send(fast, M(20), true);
	pair_settle();
	ck_assert_uint_eq(host.door[1].got, M(20));
	ck_assert(host.door[1].saw_eof);
	ck_assert_uint_eq(host.door[0].got, HWS_MUX_WINDOW); /* no more than it has room for */
	host.door[0].stalled = false;
	pair_settle();
	ck_assert_uint_eq(host.door[0].got, M(20));
}
END_TEST

/* However many take nothing, together they hold no more than was said. */
START_TEST(all_together_hold_no_more_than_the_memory)
{
	pair_end();
	pair_begin(0, M(24));
	for (unsigned i = 0; i < HWS_MUX_STREAMS_MAX; i++)
		pair_open(&viewer, "a", TCP);
	pair_settle();
	for (unsigned i = 0; i < HWS_MUX_STREAMS_MAX; i++) {
		host.door[i].stalled = true;
		pair_send(&viewer.door[i], 80000, true);
	}
	pair_settle();
	ck_assert_uint_le(host.most_held, M(24));
	for (unsigned i = 0; i < HWS_MUX_STREAMS_MAX; i++) {
		ck_assert_uint_ge(host.door[i].got, HWS_MUX_WINDOW_MIN);
		host.door[i].stalled = false;
	}
	pair_settle();
	for (unsigned i = 0; i < HWS_MUX_STREAMS_MAX; i++)
		ck_assert_uint_eq(host.door[i].got, 80000);
}
END_TEST

/* A long line: the round trip takes longer than the window lasts, so the window grows. */
START_TEST(windows_grow_on_a_long_line_and_no_further_than_allowed)
{
	struct door *d = pair_open(&viewer, "a", TCP);
	size_t most = 0;

	viewer.room = M(64); /* the line takes all, late */
	pair_settle();
	pair_send(d, M(200), true);
	while (host.door[0].got < M(200)) {
		most = HWS_MAX(most, viewer.bytes);
		pair_now += 50000;
		for (size_t n = viewer.count; n; n--)
			pair_carry(&viewer);
		pair_consume(&host.door[0]);
		for (size_t n = host.count; n; n--)
			pair_carry(&host);
	}
	ck_assert_uint_gt(most, 2 * HWS_MUX_WINDOW);
	ck_assert_uint_le(most, HWS_MUX_WINDOW_MAX + M(1));
}
END_TEST

/* --- turns ------------------------------------------------------------------------------------ */

START_TEST(two_hundred_streams_take_turns)
{
	enum { N = 200 };

	for (unsigned i = 0; i < N; i++)
		pair_open(&viewer, "a", TCP);
	pair_settle();
	for (unsigned i = 0; i < N; i++)
		pair_send(&viewer.door[i], M(1) / 2, true);
	pair_settle();
	unsigned had[N] = { 0 };
	for (size_t i = 0; i < viewer.turns; i++) {
		unsigned least = had[0], most = had[0];

		had[viewer.turn[i]]++;
		for (unsigned k = 0; k < N; k++) {
			least = HWS_MIN(least, had[k]);
			most = HWS_MAX(most, had[k]);
		}
		if (i < 4 * N) /* while all have something: a window of theirs at the most apart */
			ck_assert_uint_le(most - least, HWS_MUX_WINDOW / HWS_MUX_DATA_MAX + 1);
	}
	for (unsigned i = 0; i < N; i++)
		ck_assert(host.door[i].got == M(1) / 2 && host.door[i].saw_eof);
}
END_TEST

/* Nothing is pulled that the line does not take. */
START_TEST(a_busy_line_leaves_the_bytes_where_they_are)
{
	struct door *d = pair_open(&viewer, "a", TCP);

	pair_settle();
	viewer.room = 0;
	pair_send(d, M(1), true);
	ck_assert_uint_eq(d->sent, 0);
	viewer.room = 1;
	hws_mux_drained(viewer.m);
	ck_assert_uint_eq(d->sent, HWS_MUX_DATA_MAX);
	pair_settle();
	ck_assert_uint_eq(host.door[0].got, M(1));
}
END_TEST

/* --- datagrams -------------------------------------------------------------------------------- */

START_TEST(datagrams_go_or_are_dropped_but_never_wait)
{
	struct door *d = pair_open(&viewer, "dns.example.com", UDP);
	uint8_t big[HWS_MUX_DATAGRAM_MAX + 1] = { 0 };

	ck_assert_int_eq(hws_mux_datagram(d->s, hws_bytes(big, 10)), HWS_ERR_INVAL); /* not yet */
	pair_settle();
	ck_assert_int_eq(hws_mux_datagram(d->s, hws_bytes(big, HWS_MUX_DATAGRAM_MAX)), HWS_OK);
	ck_assert_int_eq(hws_mux_datagram(d->s, hws_bytes(big, sizeof(big))), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_mux_datagram(d->s, hws_bytes(big, 0)), HWS_OK);
	pair_settle();
	ck_assert_uint_eq(host.door[0].datagrams, 2);
	ck_assert_uint_eq(host.door[0].got, HWS_MUX_DATAGRAM_MAX);
	viewer.room = 0;
	ck_assert_int_eq(hws_mux_datagram(d->s, hws_bytes(big, 10)), HWS_ERR_AGAIN);
	ck_assert_uint_eq(viewer.count, 0);
	hws_mux_reset(d->s, CODE(OK), "");
	d->s = NULL;
	pair_settle();
	ck_assert(host.door[0].closed);
	ck_assert_int_eq(host.door[0].code, CODE(OK));
}
END_TEST

/* --- listeners -------------------------------------------------------------------------------- */

START_TEST(a_listener_brings_streams_until_it_ends)
{
	const struct hws_mux_target from = { TCP, "203.0.113.9", 5555, 7 };
	struct hws_mux_stream *s;

	ck_assert_int_eq(hws_mux_listen(viewer.m, 7, "", 8080), HWS_OK);
	ck_assert_int_eq(hws_mux_listen(viewer.m, 7, "", 8080), HWS_ERR_EXISTS);
	pair_settle();
	ck_assert_uint_eq(host.listens, 7);
	ck_assert_int_eq(viewer.listening, CODE(OK));
	struct door *d = &host.door[host.doors++];
	ck_assert_int_eq(hws_mux_open(host.m, &from, d, &d->s), HWS_OK);
	pair_settle();
	ck_assert(d->opened && viewer.doors == 1);
	ck_assert_str_eq(viewer.door[0].address, "203.0.113.9");
	pair_send(&viewer.door[0], 100, true);
	pair_settle();
	ck_assert_uint_eq(d->got, 100);
	hws_mux_unlisten(viewer.m, 7);
	pair_settle();
	ck_assert_uint_eq(host.unlistens, 7);
	/* what nobody asked for is not connected */
	d = &host.door[host.doors++];
	d->number = 1;
	ck_assert_int_eq(hws_mux_open(host.m, &from, d, &s), HWS_OK);
	d->s = s;
	pair_settle();
	ck_assert(d->closed && viewer.doors == 1);
	ck_assert_int_eq(hws_mux_listen(viewer.m, 7, "", 0), HWS_OK); /* the number is free again */
}
END_TEST

START_TEST(a_refused_listener_is_free_again_and_there_is_a_last_one)
{
	host.refuses = true;
	ck_assert_int_eq(hws_mux_listen(viewer.m, 1, "0.0.0.0", 8080), HWS_OK);
	pair_settle();
	ck_assert_int_eq(viewer.listening, CODE(FORBIDDEN));
	for (uint32_t i = 1; i <= HWS_MUX_LISTENERS_MAX; i++)
		ck_assert_int_eq(hws_mux_listen(viewer.m, i, "", 0), HWS_OK);
	ck_assert_int_eq(hws_mux_listen(viewer.m, 1000, "", 0), HWS_ERR_FULL);
}
END_TEST

static Suite *mux_suite(void)
{
	Suite *s = suite_create("mux");
	TCase *t = tcase_create("streams");

	tcase_add_checked_fixture(t, setup, pair_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, bytes_go_both_ways_and_each_way_ends_by_itself);
	tcase_add_test(t, a_refusal_says_why);
	tcase_add_test(t, a_failing_source_resets_both_ends);
	tcase_add_test(t, an_ended_stream_lives_until_all_is_consumed);
	tcase_add_test(t, what_cannot_be_a_target_is_not_asked_for);
	tcase_add_test(t, a_stalled_stream_holds_up_no_other);
	tcase_add_test(t, all_together_hold_no_more_than_the_memory);
	tcase_add_test(t, windows_grow_on_a_long_line_and_no_further_than_allowed);
	tcase_add_test(t, two_hundred_streams_take_turns);
	tcase_add_test(t, a_busy_line_leaves_the_bytes_where_they_are);
	tcase_add_test(t, datagrams_go_or_are_dropped_but_never_wait);
	tcase_add_test(t, a_listener_brings_streams_until_it_ends);
	tcase_add_test(t, a_refused_listener_is_free_again_and_there_is_a_last_one);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(mux_suite());

	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
