/* shared/net/raw: from frames to plain bytes, at the very frame, over TCP's bytes and over
 * WebSockets; what was not sent yet goes before, what was read too much comes first. */
#include "shared/base/mem.h"
#include "shared/net/raw.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/net/ends.h"
#include <check.h>
#include <string.h>

struct turn {
	struct end end;
	struct hws_stream *raw;
	size_t leftover, unsent;
	uint8_t got[40000];
	size_t got_len;
	int why; /* it ended */
};

static void collect(struct hws_stream *s, unsigned ready HWS_UNUSED, void *arg)
{
	struct turn *t = arg;
	ssize_t n = HWS_ERR_AGAIN;

	while (t->got_len < sizeof(t->got) &&
			(n = hws_stream_read(s, t->got + t->got_len, sizeof(t->got) - t->got_len)) >
					0)
		t->got_len += (size_t)n;
	if (n < 0 && n != HWS_ERR_AGAIN) { /* as an owner has to: it would be told for ever */
		t->why = (int)n;
		t->raw = NULL;
		hws_stream_close(s);
	}
}

/* At the frame "raw". */
static void turn_raw(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct turn *t = arg;
	struct hws_buf leftover, unsent;
	struct hws_stream *lower;

	if (payload.len != 3 || memcmp(payload.ptr, "raw", 3) != 0) {
		/* what has to go out framed, before anything raw */
		ck_assert_int_eq(hws_conn_send(c, payload), HWS_OK);
		return;
	}
	hws_buf_init(&leftover, 1u << 20);
	hws_buf_init(&unsent, 1u << 20);
	ck_assert_int_eq(hws_conn_detach_unsent(c, &lower, &leftover, &unsent), HWS_OK);
	t->leftover = hws_buf_len(&leftover);
	t->unsent = hws_buf_len(&unsent);
	ck_assert_int_eq(hws_stream_raw_new(loop, lower, hws_buf_bytes(&unsent),
					 hws_buf_bytes(&leftover), &t->raw),
			HWS_OK);
	hws_buf_done(&leftover);
	hws_buf_done(&unsent);
	hws_stream_set_callback(t->raw, collect, t);
	hws_stream_want(t->raw, HWS_STREAM_READ);
	t->end.conn = NULL;
}

static void open_turn(struct turn *t, struct hws_stream *s)
{
	struct hws_conn_conf conf = conf_of(&t->end);

	memset(t, 0, sizeof(*t));
	conf.on_frame = turn_raw;
	conf.arg = t;
	conf.on_close = NULL;
	ck_assert_int_eq(hws_conn_new(loop, s, &conf, hws_bytes(NULL, 0), &t->end.conn), 0);
}

static void turns(int count)
{
	for (int i = 0; i < count; i++)
		hws_loop_once(loop, 1000);
}

/* A whole write, as far as the other end takes it. */
static void put(struct hws_stream *s, const void *p, size_t n)
{
	feed(s, p, n);
}

/* The peer here knows frames only by hand, so every byte is plain to see. */
START_TEST(bytes_behind_the_last_frame_are_raw)
{
	static struct turn t;
	struct hws_stream *a, *b;
	uint8_t back[64];
	size_t got = 0;
	ssize_t n;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &tortures[_i], &a, &b), 0);
	open_turn(&t, a);
	/* "ping" as a frame (comes back as one), "raw" as a frame, then raw bytes that look like
	 * the head of a frame */
	put(b, "\x10ping\x0craw\x03\xff\xff\xff plain", 19);
	turns(200);
	ck_assert_ptr_nonnull(t.raw);
	ck_assert_uint_eq(t.got_len, 10);
	ck_assert_mem_eq(t.got, "\x03\xff\xff\xff plain", 10);
	ck_assert_int_gt(hws_stream_write(t.raw, hws_bytes("b", 1)), -100);
	for (int i = 0; i < 200 && got < 5; i++) {
		n = hws_stream_read(b, back + got, sizeof(back) - got);
		if (n > 0)
			got += (size_t)n;
		else
			hws_loop_once(loop, 1000);
	}
	ck_assert_uint_ge(got, 5);
	ck_assert_mem_eq(back, "\x10ping", 5);
	hws_stream_close(t.raw);
	hws_stream_close(b);
}
END_TEST

START_TEST(what_was_not_sent_goes_first)
{
	static const struct hws_mem_conf narrow = { .pipe_max = 8 };
	static struct turn t;
	struct hws_stream *a, *b;
	uint8_t back[64];
	size_t got = 0;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &narrow, &a, &b), 0);
	open_turn(&t, a);
	put(b, "\x10ping\x10pong\x0craw", 14);
	turns(50);
	ck_assert_ptr_nonnull(t.raw);
	ck_assert_uint_gt(t.unsent, 0); /* the pipe holds eight bytes */
	ck_assert_int_eq(hws_stream_write(t.raw, hws_bytes("!", 1)), HWS_ERR_AGAIN);
	while (got < 10) {
		ssize_t n = hws_stream_read(b, back + got, sizeof(back) - got);

		if (n > 0)
			got += (size_t)n;
		else
			hws_loop_once(loop, 1000);
	}
	ck_assert_uint_eq(got, 10);
	ck_assert_mem_eq(back, "\x10ping\x10pong", 10);
	turns(5);
	ck_assert_int_eq(hws_stream_write(t.raw, hws_bytes("!", 1)), 1);
	turns(5);
	ck_assert_int_eq(hws_stream_read(b, back, 1), 1);
	ck_assert_int_eq(back[0], '!');
	hws_stream_close(t.raw);
	hws_stream_close(b);
}
END_TEST

START_TEST(websockets_carry_each_piece_as_a_message)
{
	const struct hws_ws_conf server = { .server = true, .frame_max = 1u << 20 };
	const struct hws_ws_conf client = { .host = "x", .path = "/", .frame_max = 1u << 20 };
	static struct turn t[2];
	static uint8_t block[20000];
	struct hws_stream *a, *b, *wa, *wb;
	size_t sent = 0;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &tortures[_i], &a, &b), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, a, &server, hws_bytes(NULL, 0), &wa), 0);
	ck_assert_int_eq(hws_stream_ws_new(loop, b, &client, hws_bytes(NULL, 0), &wb), 0);
	open_turn(&t[0], wa);
	open_turn(&t[1], wb);
	ck_assert_int_eq(hws_conn_send(t[0].end.conn, hws_bytes("raw", 3)), 0);
	ck_assert_int_eq(hws_conn_send(t[1].end.conn, hws_bytes("raw", 3)), 0);
	for (int i = 0; i < 2000 && !(t[0].raw && t[1].raw); i++)
		hws_loop_once(loop, 1000);
	ck_assert(t[0].raw && t[1].raw);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i * 31);
	for (int i = 0; i < 200000 && t[1].got_len < sizeof(block); i++) {
		ssize_t n = sent < sizeof(block)
				? hws_stream_write(t[0].raw,
						  hws_bytes(block + sent, sizeof(block) - sent))
				: 0;

		ck_assert(n >= 0 || n == HWS_ERR_AGAIN);
		if (n > 0)
			sent += (size_t)n;
		hws_loop_once(loop, 0);
	}
	ck_assert_uint_eq(t[1].got_len, sizeof(block));
	ck_assert_mem_eq(t[1].got, block, sizeof(block));
	hws_stream_close(t[0].raw);
	for (int i = 0; i < 2000 && !t[1].why; i++)
		hws_loop_once(loop, 1000);
	ck_assert_int_eq(t[1].why, HWS_ERR_EOF);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/raw");
	TCase *tc = test_case(s, "all", 60, TESTS(what_was_not_sent_goes_first));

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, bytes_behind_the_last_frame_are_raw, 0, TORTURES);
	/* Not those in pieces of a few bytes: the WebSocket's own tests are for that. */
	tcase_add_loop_test(tc, websockets_carry_each_piece_as_a_message, 0, 1);
	tcase_add_loop_test(tc, websockets_carry_each_piece_as_a_message, TORTURES - 1, TORTURES);
	return test_suite_run(s);
}
