/* shared/net/conn: framed links over memory streams that torture them: pieces, keys, caps, queues,
 * silence, owners that leave. */
#include "shared/base/clock.h"
#include "shared/net/conn.h"
#include "shared/net/dialer.h"
#include "shared/net/stream.h"
#include "shared/net/udp_batch.h"
#include "shared/net/ws_upgrade.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/net/ends.h"
#include <check.h>
#include <malloc.h>
#include <stdlib.h>

START_TEST(frames_arrive_whole_and_in_order)
{
	struct hws_stream *sa, *sb;
	struct end a, b;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &tortures[_i], &sa, &sb), 0);
	open_end(&a, sa);
	open_end(&b, sb);
	exchange(&a, &b);
	finish_ends(&a, &b);
}
END_TEST

START_TEST(keyed_frames_arrive_whole_and_in_order)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct hws_stream *sa, *sb;
	struct end a, b;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &tortures[4], &sa, &sb), 0);
	open_end(&a, sa);
	open_end(&b, sb);
	hws_conn_set_key(a.conn, key);
	hws_conn_set_key(b.conn, key);
	exchange(&a, &b);
	finish_ends(&a, &b);
}
END_TEST

START_TEST(an_oversized_frame_closes_before_it_is_taken)
{
	struct hws_stream *sa, *raw;
	struct end a;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	open_end(&a, sa);
	feed(raw, "\xff\xff\xff\xff", 4); /* announces 1 GiB - 1 */
	settle(&a);
	ck_assert_int_eq(a.why, HWS_ERR_TOOBIG);
	hws_stream_close(raw);
}
END_TEST

START_TEST(a_flipped_record_closes)
{
	static const uint8_t key[32] = { 9 };
	struct hws_stream *sa, *raw;
	struct end a;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	open_end(&a, sa);
	hws_conn_set_key(a.conn, key);
	feed(raw,
			"\x48"
			"0123456789abcdefgh",
			19);
	settle(&a);
	ck_assert_int_eq(a.why, HWS_ERR_CRYPTO);
	hws_stream_close(raw);
}
END_TEST

START_TEST(a_peer_that_reads_nothing_is_cut_and_the_queue_is_bounded)
{
	static uint8_t big[60000];
	const struct hws_mem_conf small = { .pipe_max = 1000 };
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };
	int r = 0;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &small, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.stall_us = 50000;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	for (int i = 0; i < 10 && r == 0; i++)
		r = hws_conn_send(a.conn, hws_bytes(big, sizeof(big)));
	ck_assert_int_eq(r, HWS_ERR_FULL);
	ck_assert_uint_le(hws_conn_pending(a.conn), 200000);
	for (int i = 0; i < 200 && !a.closed; i++)
		hws_loop_once(loop, 10000);
	ck_assert_int_eq(a.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
}
END_TEST

static void note_gone(struct hws_conn *c, int why, void *arg)
{
	struct end *e = arg;

	ck_assert_ptr_nonnull(hws_conn_peer(c));
	e->closed++;
	e->why = why;
}

/* The owner is gone (its memory holds other things) while its last words are still under way. */
START_TEST(a_link_that_was_left_calls_nothing_of_its_owner)
{
	static uint8_t big[40000];
	const struct hws_mem_conf small = { .pipe_max = 1000 };
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end *owner = calloc(1, sizeof(*owner)), after = { 0 };
	struct hws_conn *c;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &small, &sa, &raw), 0);
	conf = conf_of(owner);
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &c), 0);
	ck_assert_int_eq(hws_conn_send(c, hws_bytes(big, sizeof(big))), 0);
	/* Without a tidy end, with one, and with nobody who wants to know. */
	hws_conn_leave(c, 30000, _i ? note_gone : NULL, _i ? &after : NULL);
	memset(owner, 0xa5, sizeof(*owner));
	free(owner);
	if (_i == 2) {
		hws_conn_close(c, HWS_ERR_CANCELED);
		ck_assert_int_eq(after.why, HWS_ERR_CANCELED);
	} else {
		ck_assert_uint_eq(after.closed, 0);
		feed(raw, "\x04x", 2); /* a frame nobody hears */
	}
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;
	while (_i == 1 && !after.closed && hws_clock_us() < end)
		hws_loop_once(loop, 10000);
	ck_assert_uint_eq(after.closed, _i ? 1 : 0);
	if (_i == 1)
		ck_assert_int_eq(after.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
	for (int i = 0; i < 10; i++)
		hws_loop_once(loop, 10000);
}
END_TEST

START_TEST(a_silent_link_times_out)
{
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.idle_us = 30000;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	for (int i = 0; i < 200 && !a.closed; i++)
		hws_loop_once(loop, 10000);
	ck_assert_int_eq(a.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
}
END_TEST

static uint64_t fake_us;

static uint64_t fake_clock(void *arg HWS_UNUSED)
{
	return fake_us;
}

static void grow(struct hws_stream *raw, size_t len, uint64_t later_us)
{
	static uint8_t piece[40000];

	fake_us += later_us;
	feed(raw, piece, len);
	for (int i = 0; i < 5; i++)
		hws_loop_once(loop, 1000);
}

/* A long frame on a slow line is no silence while it grows; one that drips, or never ends, is. */
START_TEST(a_frame_that_grows_is_heard)
{
	const uint64_t s = HWS_US_PER_S;
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };

	fake_us = 1000 * s;
	hws_loop_set_clock(loop, fake_clock, NULL);
	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.frame_max = 1u << 20;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	feed(raw, "\x02\x00\x20", 3); /* a head: half a mebibyte */
	grow(raw, 17000, 20 * s);
	ck_assert_uint_eq(hws_conn_heard_us(a.conn), 1020 * s);
	grow(raw, 10, 5 * s);
	grow(raw, 15000, 5 * s);
	ck_assert_uint_eq(hws_conn_heard_us(a.conn), 1020 * s);
	grow(raw, 1000, 5 * s);
	ck_assert_uint_eq(hws_conn_heard_us(a.conn), 1035 * s);
	grow(raw, 40000, 265 * s);
	ck_assert_uint_eq(hws_conn_heard_us(a.conn), 1300 * s);
	grow(raw, 40000, s);
	ck_assert_uint_eq(hws_conn_heard_us(a.conn), 1300 * s);
	hws_conn_close(a.conn, HWS_OK);
	hws_stream_close(raw);
	settle(&a);
	hws_loop_set_clock(loop, NULL, NULL);
}
END_TEST

static void detach_first(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct hws_stream *s = NULL;
	struct hws_buf rest;
	struct end *e = arg;

	ck_assert_uint_eq(payload.len, 1);
	hws_buf_init(&rest, 100);
	ck_assert_int_eq(hws_conn_detach(c, &s, &rest), 0);
	ck_assert_uint_eq(hws_buf_len(&rest), 5);
	ck_assert_mem_eq(hws_buf_bytes(&rest).ptr, "after", 5);
	hws_buf_done(&rest);
	hws_stream_close(s);
	e->conn = NULL;
	e->got++;
}

START_TEST(detaching_gives_the_bytes_behind_the_frame)
{
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.on_frame = detach_first;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	feed(raw, "\x04xafter", 7);
	settle(&a);
	ck_assert_uint_eq(a.got, 1);
	ck_assert_uint_eq(a.closed, 0);
	hws_stream_close(raw);
}
END_TEST

START_TEST(a_pause_holds_frames_back_and_loses_none)
{
	struct hws_stream *sa, *sb;
	struct end a, b;
	uint8_t buf[65536];

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &sb), 0);
	open_end(&a, sa);
	open_end(&b, sb);
	hws_conn_pause(b.conn);
	for (unsigned i = 0; i < 5; i++) {
		fill_frame(buf, i);
		ck_assert_int_eq(hws_conn_send(a.conn, hws_bytes(buf, frame_len(i))), 0);
	}
	for (int i = 0; i < 10; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(b.got, 0);
	hws_conn_resume(b.conn);
	for (int i = 0; i < 10; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(b.got, 5);
	finish_ends(&a, &b);
}
END_TEST

START_TEST(a_paused_link_sleeps_and_is_watched_again)
{
	struct hws_stream *sa, *raw;
	struct hws_conn_conf conf;
	struct end a = { 0 };
	uint64_t end;
	unsigned turns = 0;

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &raw), 0);
	conf = conf_of(&a);
	conf.idle_us = 20000;
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a.conn), 0);
	hws_conn_pause(a.conn);
	for (end = hws_clock_us() + 300000; hws_clock_us() < end; turns++)
		hws_loop_once(loop, 100000);
	ck_assert_uint_lt(turns, 20);
	ck_assert_uint_eq(a.closed, 0);
	hws_conn_resume(a.conn);
	for (int i = 0; i < 200 && !a.closed; i++)
		hws_loop_once(loop, 10000);
	ck_assert_int_eq(a.why, HWS_ERR_TIMEOUT);
	hws_stream_close(raw);
}
END_TEST

#define LINKS 100

START_TEST(idle_links_hold_no_read_buffer)
{
	struct hws_stream *raw[LINKS];
	static struct end ends[LINKS];
	size_t before;

	for (int i = 0; i < LINKS; i++) {
		struct hws_stream *s;

		ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &s, &raw[i]), 0);
		open_end(&ends[i], s);
		ends[i].got = 1; /* the second frame of check_frame has one byte: 31 */
	}
	before = mallinfo2().uordblks;
	for (int i = 0; i < LINKS; i++) {
		feed(raw[i], "\x04\x1f", 2);
		settle(&ends[i]);
		ck_assert_uint_eq(ends[i].got, 2);
	}
	ck_assert_uint_lt(mallinfo2().uordblks, before + LINKS * 1024);
	for (int i = 0; i < LINKS; i++) {
		hws_conn_close(ends[i].conn, HWS_OK);
		hws_stream_close(raw[i]);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shared/net conn");
	TCase *t = test_case(s, "all", 90,
			TESTS(keyed_frames_arrive_whole_and_in_order,
					an_oversized_frame_closes_before_it_is_taken,
					a_flipped_record_closes,
					a_peer_that_reads_nothing_is_cut_and_the_queue_is_bounded,
					a_silent_link_times_out, a_frame_that_grows_is_heard,
					detaching_gives_the_bytes_behind_the_frame,
					a_pause_holds_frames_back_and_loses_none,
					a_paused_link_sleeps_and_is_watched_again,
					idle_links_hold_no_read_buffer));

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, frames_arrive_whole_and_in_order, 0, TORTURES);
	tcase_add_loop_test(t, a_link_that_was_left_calls_nothing_of_its_owner, 0, 3);
	return test_suite_run(s);
}
