/* shared/net/conn with the keys of two hawser ends: order, sizes that tell nothing, fillers, and an
 * end that is either announced or a cut line. */
#include "shared/crypto/record_v2.h"
#include "shared/net/conn.h"
#include "shared/net/stream.h"
#include "shared/wire/frame.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/net/ends.h"
#include <check.h>

static const uint8_t one[32] = { 1 }, two[32] = { 2 };
static struct hws_stream *sa, *sb;
static struct end a, b;

static void open_pair(const struct hws_mem_conf *mem)
{
	ck_assert_int_eq(hws_stream_mem_pair(loop, mem, &sa, &sb), 0);
	open_end(&a, sa);
	hws_conn_set_v2_keys(a.conn, one, two);
}

static void open_both(const struct hws_mem_conf *mem)
{
	open_pair(mem);
	open_end(&b, sb);
	hws_conn_set_v2_keys(b.conn, two, one);
}

/* What is on the wire now, read below the framing. */
static size_t wire(uint8_t *to, size_t max)
{
	size_t n = 0;

	for (int i = 0; i < 20; i++) {
		ssize_t r;

		hws_loop_once(loop, 1000);
		r = hws_stream_read(sb, to + n, max - n);
		if (r > 0)
			n += (size_t)r;
	}
	return n;
}

START_TEST(frames_arrive_whole_and_in_order)
{
	open_both(&tortures[_i]);
	exchange(&a, &b);
	hws_conn_close_flushed(a.conn, 1000000);
	settle(&b);
	ck_assert_int_eq(b.why, HWS_ERR_EOF);
}
END_TEST

/* A key press, a move of the pointer and nothing at all. */
START_TEST(what_a_person_does_is_not_told_by_sizes)
{
	static const char *const said[] = { "k", "a longer move of the pointer here" };
	uint8_t buf[1024];
	size_t sizes[3];

	open_pair(NULL);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
				hws_conn_send_on(a.conn, HWS_CHANNEL_INPUT, hws_bytes_str(said[i])),
				HWS_OK);
		sizes[i] = wire(buf, sizeof(buf));
	}
	hws_conn_send_filler(a.conn);
	sizes[2] = wire(buf, sizeof(buf));
	ck_assert_uint_gt(sizes[0], 64);
	ck_assert_uint_eq(sizes[0], sizes[1]);
	ck_assert_uint_eq(sizes[0], sizes[2]);
	ck_assert_int_eq(hws_conn_send_on(a.conn, HWS_CHANNEL_CONTROL, hws_bytes_str("k")), HWS_OK);
	ck_assert_uint_lt(wire(buf, sizeof(buf)), sizes[0]);
	hws_conn_close(a.conn, HWS_OK);
	hws_stream_close(sb);
}
END_TEST

START_TEST(a_filler_is_taken_out_and_needs_keys)
{
	open_both(NULL);
	hws_conn_send_filler(a.conn);
	hws_conn_send_filler(b.conn);
	exchange(&a, &b);
	finish_ends(&a, &b);
	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &sa, &sb), 0);
	open_end(&a, sa);
	hws_conn_send_filler(a.conn);
	ck_assert_uint_eq(hws_conn_bytes_out(a.conn), 0);
	hws_conn_close(a.conn, HWS_OK);
	hws_stream_close(sb);
}
END_TEST

/* 0 flushed, 1 left, 2 closed at once: announced. 3: with an error; 4: the line cut */
START_TEST(an_end_is_announced_or_a_cut_line)
{
	struct hws_record_v2 rec;
	uint8_t frame[64];
	size_t n = hws_frame_header(HWS_RECORD_V2_OVERHEAD, frame);

	if (_i < 4) {
		open_both(NULL);
		if (_i == 0)
			hws_conn_close_flushed(a.conn, 1000000);
		else if (_i == 1)
			hws_conn_leave(a.conn, 1000000, NULL, NULL);
		else
			hws_conn_close(a.conn, _i == 2 ? HWS_OK : HWS_ERR_PROTO);
		settle(&b);
		ck_assert_int_eq(b.why, _i < 3 ? HWS_ERR_EOF : HWS_ERR_RESET);
		return;
	}
	open_pair(NULL);
	hws_record_v2_init(&rec, two);
	ck_assert_int_eq(hws_record_v2_seal(&rec, HWS_RECORD_MESSAGE, hws_bytes(NULL, 0), 0,
					 frame + n),
			HWS_OK);
	feed(sb, frame, n + HWS_RECORD_V2_OVERHEAD);
	hws_stream_close(sb);
	settle(&a);
	ck_assert_int_eq(a.why, HWS_ERR_RESET);
}
END_TEST

/* What the deployed scheme lets through: nothing, and one byte, unsealed; its own frame sent
 * back. */
START_TEST(nothing_unsealed_or_reflected_is_taken)
{
	uint8_t buf[256];
	size_t n;

	open_pair(NULL);
	if (_i < 2) {
		feed(sb, _i ? "\x04\x2a" : "\x00", _i ? 2 : 1);
	} else {
		ck_assert_int_eq(hws_conn_send_on(a.conn, HWS_CHANNEL_CONTROL,
						 hws_bytes_str("ping")),
				HWS_OK);
		n = wire(buf, sizeof(buf));
		ck_assert_uint_gt(n, 0);
		feed(sb, buf, n);
	}
	settle(&a);
	ck_assert_int_eq(a.why, HWS_ERR_CRYPTO);
	hws_stream_close(sb);
}
END_TEST

START_TEST(a_heartbeat_is_sealed_too)
{
	uint8_t buf[64];

	open_pair(NULL);
	ck_assert_int_eq(hws_conn_send_heartbeat(a.conn), HWS_OK);
	ck_assert_uint_gt(wire(buf, sizeof(buf)), HWS_RECORD_V2_OVERHEAD);
	hws_conn_close(a.conn, HWS_OK);
	hws_stream_close(sb);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shared/net conn v2");
	TCase *t = test_case(s, "all", 90,
			TESTS(what_a_person_does_is_not_told_by_sizes,
					a_filler_is_taken_out_and_needs_keys,
					a_heartbeat_is_sealed_too));

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, frames_arrive_whole_and_in_order, 0, TORTURES);
	tcase_add_loop_test(t, an_end_is_announced_or_a_cut_line, 0, 5);
	tcase_add_loop_test(t, nothing_unsealed_or_reflected_is_taken, 0, 3);
	return test_suite_run(s);
}
