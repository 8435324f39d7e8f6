/* net/conn with several services on one link: what is urgent overtakes what waits, and only that;
 * nothing is lost or turned round on its channel, whatever pieces the stream takes. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/crypto/record.h"
#include "shared/net/conn.h"
#include "shared/wire/frame.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BULK 20000u /* bytes of a frame of the bulk services here */
#define NOBODY 999u

static struct hws_loop *loop;
static struct hws_conn *a, *b;
static unsigned closed_a, closed_b, drained[HWS_SEND_CLASSES];

/* What came, in order. */
static struct {
	enum hws_channel channel;
	uint32_t seq;
} got[20000];
static unsigned got_count;
static unsigned key_after; /* then the receiver expects records, too; 0 = never */
static const uint8_t key[32] = { 7 };
static uint64_t delivered;       /* bytes of whole frames that came, as on the wire */
static uint64_t bulk;            /* and those of bulk, without what is around them */
static uint64_t bulk_before_key; /* what that was when the last key came */
static uint32_t next_out[HWS_CHANNEL_COUNT], next_in[HWS_CHANNEL_COUNT];

static void on_frame(struct hws_conn *c, struct hws_bytes p, void *arg HWS_UNUSED)
{
	uint8_t header[HWS_FRAME_HEADER_MAX];
	uint32_t seq;

	ck_assert_uint_ge(p.len, 5);
	memcpy(&seq, p.ptr + 1, sizeof(seq));
	ck_assert_uint_lt(p.ptr[0], HWS_CHANNEL_COUNT);
	for (size_t i = 5; i < p.len; i++)
		ck_assert_uint_eq(p.ptr[i], (uint8_t)(seq + i));
	ck_assert_uint_eq(seq, next_in[p.ptr[0]]++);
	delivered += p.len + hws_frame_header(p.len, header) +
			(hws_conn_keyed(c) ? HWS_RECORD_OVERHEAD : 0);
	bulk += hws_channel_class(p.ptr[0]) == HWS_SEND_BULK ? p.len : 0;
	got[got_count].channel = p.ptr[0];
	got[got_count++].seq = seq;
	if (p.ptr[0] == HWS_CHANNEL_INPUT)
		bulk_before_key = bulk;
	if (got_count == key_after)
		hws_conn_set_key(c, key);
}

static void on_close(struct hws_conn *c, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	*(c == a ? &closed_a : &closed_b) += 1;
	*(c == a ? &a : &b) = NULL;
}

static void on_drain(struct hws_conn *c HWS_UNUSED, enum hws_send_class cls, void *arg HWS_UNUSED)
{
	drained[cls]++;
}

static void open_pair(const struct hws_mem_conf *mem, bool ws, bool keyed)
{
	const struct hws_ws_conf server = { .server = true, .frame_max = 1u << 20 };
	const struct hws_ws_conf client = { .host = "h", .path = "/", .frame_max = 1u << 20 };
	struct hws_conn_conf conf = { .frame_max = 1u << 20,
		.send_max = 1u << 20,
		.send_high = 100000,
		.limit[HWS_SEND_INPUT] = { .max = 40000, .high = 10000 },
		.on_frame = on_frame,
		.on_close = on_close,
		.on_drain = on_drain };
	struct hws_stream *sa, *sb;

	ck_assert_int_eq(hws_stream_mem_pair(loop, mem, &sa, &sb), 0);
	if (ws) {
		ck_assert_int_eq(hws_stream_ws_new(loop, sa, &server, hws_bytes(NULL, 0), &sa), 0);
		ck_assert_int_eq(hws_stream_ws_new(loop, sb, &client, hws_bytes(NULL, 0), &sb), 0);
	}
	ck_assert_int_eq(hws_conn_new(loop, sa, &conf, hws_bytes(NULL, 0), &a), 0);
	ck_assert_int_eq(hws_conn_new(loop, sb, &conf, hws_bytes(NULL, 0), &b), 0);
	if (keyed) {
		hws_conn_set_key(a, key);
		hws_conn_set_key(b, key);
	}
}

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), 0);
	got_count = closed_a = closed_b = key_after = 0;
	delivered = bulk = 0;
	memset(next_out, 0, sizeof(next_out));
	memset(next_in, 0, sizeof(next_in));
	memset(drained, 0, sizeof(drained));
}

static void tear_down(void)
{
	hws_conn_close(a, HWS_OK);
	hws_conn_close(b, HWS_OK);
	hws_loop_free(loop);
}

static int send_one(enum hws_channel channel, size_t len)
{
	static uint8_t buf[1u << 17];
	uint32_t seq = next_out[channel];

	ck_assert_uint_le(len, sizeof(buf));
	len = HWS_MAX(len, (size_t)5);
	buf[0] = (uint8_t)channel;
	memcpy(buf + 1, &seq, sizeof(seq));
	for (size_t i = 5; i < len; i++)
		buf[i] = (uint8_t)(seq + i);
	int r = hws_conn_send_on(a, channel, hws_bytes(buf, len));
	next_out[channel] += r == HWS_OK;
	return r;
}

static void turns(int n)
{
	while (n-- > 0)
		hws_loop_once(loop, 500);
}

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_us = hws_clock_us() + 60 * HWS_US_PER_S;                              \
		while (!(cond)) {                                                                  \
			ck_assert_msg(hws_clock_us() < end_us, "never: %s", #cond);                \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static unsigned all_sent(void)
{
	unsigned n = 0;

	for (int i = 0; i < HWS_CHANNEL_COUNT; i++)
		n += next_out[i];
	return n;
}

/* Frames of the class that came before the first one of the channel, from the `from`th on. */
static unsigned before(enum hws_channel channel, enum hws_send_class cls, unsigned from)
{
	unsigned n = 0;

	for (unsigned i = from; i < got_count; i++) {
		if (got[i].channel == channel)
			return n;
		n += hws_channel_class(got[i].channel) == cls;
	}
	return NOBODY;
}

/* The pipe holds less than a frame of bulk: as a kernel does that keeps little unsent. */
static const struct hws_mem_conf narrow[] = { { .pipe_max = 4096 },
	{ .pipe_max = 4096, .write_max = 700 }, { .pipe_max = 4096, .read_max = 300 },
	{ .pipe_max = 1500 } };

START_TEST(a_key_press_waits_for_one_frame_of_bulk_at_the_most)
{
	open_pair(&narrow[_i % 4], _i >= 4, _i % 2);
	hws_stream_keep_shallow(hws_conn_stream(a), 4096); /* a WebSocket has a buffer of its own */
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(send_one(i % 2 ? HWS_CHANNEL_FILES : HWS_CHANNEL_TUNNELS, BULK),
				HWS_OK);
	/* At any moment of the transfer. */
	for (int i = 0; i < 6; i++) {
		unsigned seen = next_in[HWS_CHANNEL_INPUT];
		/* of a frame that has come in part, and what the pipe may hold of it */
		uint64_t on_way = hws_conn_bytes_in(b) - delivered + 4096, from = bulk;

		ck_assert_int_eq(send_one(HWS_CHANNEL_INPUT, 30), HWS_OK);
		while (next_in[HWS_CHANNEL_INPUT] == seen) {
			ck_assert_uint_le(bulk - from, on_way + BULK);
			hws_loop_once(loop, 10000);
		}
		ck_assert_uint_le(bulk_before_key - from, on_way + BULK);
		turns((int)hws_rand_below(12));
	}
	UNTIL(got_count == all_sent());
}
END_TEST

/* A service that sends while the stream has room has begun nothing but what it was given room
 * for. */
START_TEST(bulk_that_finds_room_begins_one_frame_in_a_turn)
{
	open_pair(&(struct hws_mem_conf){ .pipe_max = 1u << 20 }, false, true);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, BULK), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_INPUT, 30), HWS_OK);
	UNTIL(got_count == all_sent());
	ck_assert_uint_eq(before(HWS_CHANNEL_INPUT, HWS_SEND_BULK, 0), 1);
}
END_TEST

START_TEST(pictures_go_before_bulk_and_after_keys)
{
	open_pair(&narrow[0], false, true);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, BULK), HWS_OK);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 9000), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_CURSOR, 500), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_CONTROL, 20), HWS_OK);
	UNTIL(got_count == all_sent());
	static const enum hws_channel want[] = { HWS_CHANNEL_FILES, HWS_CHANNEL_CONTROL,
		HWS_CHANNEL_CURSOR, HWS_CHANNEL_VIDEO, HWS_CHANNEL_VIDEO, HWS_CHANNEL_VIDEO,
		HWS_CHANNEL_VIDEO, HWS_CHANNEL_FILES, HWS_CHANNEL_FILES, HWS_CHANNEL_FILES };
	ck_assert_uint_eq(got_count, HWS_COUNT(want));
	for (size_t i = 0; i < HWS_COUNT(want); i++)
		ck_assert_int_eq(got[i].channel, want[i]);
}
END_TEST

START_TEST(services_of_a_class_share)
{
	open_pair(&narrow[0], false, false);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, BULK), HWS_OK);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_TUNNELS, BULK), HWS_OK);
	UNTIL(got_count == all_sent());
	/* The first of the files had begun; from then on by turns. */
	for (unsigned i = 2; i < 39; i++)
		ck_assert_int_ne(got[i].channel, got[i - 1].channel);
}
END_TEST

START_TEST(a_class_that_is_full_or_congested_leaves_the_others_alone)
{
	unsigned files = 0;

	open_pair(&narrow[0], false, false);
	hws_conn_pause(b);
	while (send_one(HWS_CHANNEL_FILES, BULK) == HWS_OK)
		files++;
	ck_assert_uint_ge(files, 45); /* of 1 MiB */
	ck_assert_int_eq(send_one(HWS_CHANNEL_TUNNELS, BULK), HWS_ERR_FULL);
	ck_assert(hws_conn_congested(a, HWS_SEND_BULK));
	ck_assert(!hws_conn_congested(a, HWS_SEND_INPUT));
	ck_assert(!hws_conn_congested(a, HWS_SEND_VIDEO));
	ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 120000), HWS_OK);
	ck_assert(hws_conn_congested(a, HWS_SEND_VIDEO));
	while (send_one(HWS_CHANNEL_INPUT, 500) == HWS_OK)
		;
	ck_assert(hws_conn_congested(a, HWS_SEND_INPUT));
	ck_assert_uint_le(hws_conn_pending(a), (1u << 20) + 40000 + 121000);
	hws_conn_resume(b);
	UNTIL(got_count == all_sent());
	ck_assert_uint_eq(next_in[HWS_CHANNEL_FILES], files);
	ck_assert_uint_eq(drained[HWS_SEND_BULK], 1);
	ck_assert_uint_eq(drained[HWS_SEND_INPUT], 1);
	ck_assert_uint_eq(drained[HWS_SEND_VIDEO], 1);
	ck_assert_uint_eq(drained[HWS_SEND_CONTROL], 0);
	ck_assert(!hws_conn_congested(a, HWS_SEND_BULK));
	ck_assert_uint_eq(hws_conn_pending(a), 0);
}
END_TEST

/* When it is known that the link is about bulk alone. */
START_TEST(a_class_gets_other_limits)
{
	const struct hws_send_limit wide = { 8u << 20, 4u << 20 };

	open_pair(narrow, false, true);
	hws_conn_set_limit(a, HWS_SEND_BULK, &wide);
	while (!hws_conn_congested(a, HWS_SEND_BULK))
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, BULK), HWS_OK);
	ck_assert_uint_gt(hws_conn_pending(a), 3u << 20);
	ck_assert(!hws_conn_congested(a, HWS_SEND_VIDEO));
}
END_TEST

START_TEST(a_bulk_frame_above_the_bound_is_refused_unless_it_cannot_be_split)
{
	static const uint8_t zero[HWS_SEND_BULK_MAX + 1];

	open_pair(NULL, false, false);
	ck_assert_int_eq(hws_conn_send_on(a, HWS_CHANNEL_FILES, hws_bytes(zero, sizeof(zero))),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, HWS_SEND_BULK_MAX), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, HWS_SEND_BULK_MAX + 1), HWS_OK);
	UNTIL(got_count == 2);
	hws_conn_pause(b);
	ck_assert_int_eq(hws_conn_send_whole(
					 a, HWS_CHANNEL_CLIPBOARD, hws_bytes(zero, sizeof(zero))),
			HWS_OK);
}
END_TEST

START_TEST(what_is_last_comes_last_and_is_flushed)
{
	open_pair(&narrow[0], false, true);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, BULK), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_LAST, 40), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 9000), HWS_OK);
	hws_conn_close_flushed(a, 60 * HWS_US_PER_S);
	UNTIL(closed_b);
	ck_assert_uint_eq(got_count, all_sent());
	ck_assert_int_eq(got[got_count - 1].channel, HWS_CHANNEL_LAST);
}
END_TEST

/* Keys begin in the middle of a stream; what was sent before them is plain and must come first. */
START_TEST(what_waits_when_the_key_comes_goes_before_the_first_record)
{
	open_pair(&narrow[0], false, false);
	ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 9000), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 9000), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, 5000), HWS_OK);
	hws_conn_set_key(a, key);
	ck_assert_int_eq(send_one(HWS_CHANNEL_CONTROL, 20), HWS_OK);
	key_after = 3;
	UNTIL(got_count == 4);
	ck_assert_int_eq(got[3].channel, HWS_CHANNEL_CONTROL);
}
END_TEST

START_TEST(an_end_in_the_middle_drops_what_waits_and_is_told_once)
{
	open_pair(&narrow[_i], false, true);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, BULK), HWS_OK);
		ck_assert_int_eq(send_one(HWS_CHANNEL_INPUT, 100), HWS_OK);
	}
	turns((int)hws_rand_below(30));
	hws_conn_close(_i % 2 ? a : b, HWS_OK);
	UNTIL(closed_a && closed_b);
	ck_assert_uint_eq(closed_a, 1);
	ck_assert_uint_eq(closed_b, 1);
	turns(3);
}
END_TEST

static const struct hws_mem_conf tortures[] = { { .pipe_max = 3000 },
	{ .pipe_max = 9000, .write_max = 1000, .read_max = 77 }, { .pipe_max = 64u << 10 },
	{ .pipe_max = 2000, .write_max = 1 } };

/* Everything that was taken comes, each channel in its order (on_frame checks), and whatever came
 * on a channel had at most one begun frame of a later class put before it since it was sent. */
static void random_traffic(const struct hws_mem_conf *mem, bool ws, bool keyed, unsigned steps)
{
	static const size_t sizes[HWS_CHANNEL_COUNT] = { [HWS_CHANNEL_VIDEO] = 6000,
		[HWS_CHANNEL_CONTROL] = 30,
		[HWS_CHANNEL_INPUT] = 60,
		[HWS_CHANNEL_CURSOR] = 900,
		[HWS_CHANNEL_SOUND] = 300,
		[HWS_CHANNEL_TERMINAL] = 2000,
		[HWS_CHANNEL_CLIPBOARD] = 8000,
		[HWS_CHANNEL_SCREENSHOT] = 9000,
		[HWS_CHANNEL_FILES] = 12000,
		[HWS_CHANNEL_JOBS] = 12000,
		[HWS_CHANNEL_TUNNELS] = 3000 };
	unsigned refused = 0;

	open_pair(mem, ws, keyed);
	for (unsigned i = 0; i < steps; i++) {
		enum hws_channel c = (enum hws_channel)hws_rand_below(HWS_CHANNEL_LAST);
		int r = send_one(c, hws_rand_below((uint32_t)sizes[c]));

		ck_assert(r == HWS_OK || r == HWS_ERR_FULL);
		refused += r == HWS_ERR_FULL;
		if (!hws_rand_below(3))
			turns((int)hws_rand_below(4));
	}
	UNTIL(got_count == all_sent());
	ck_assert_uint_eq(hws_conn_pending(a), 0);
	ck_assert_uint_eq(closed_a + closed_b, 0);
	ck_assert_uint_lt(refused, steps);
}

START_TEST(random_traffic_arrives_in_the_order_of_each_channel)
{
	random_traffic(&tortures[_i], false, _i % 2, _i == 3 ? 100 : 400);
}
END_TEST

START_TEST(random_traffic_arrives_over_a_websocket)
{
	random_traffic(&tortures[_i], true, true, 200);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/conn: classes");
	TCase *t = tcase_create("classes");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_key_press_waits_for_one_frame_of_bulk_at_the_most, 0, 8);
	tcase_add_test(t, bulk_that_finds_room_begins_one_frame_in_a_turn);
	tcase_add_test(t, pictures_go_before_bulk_and_after_keys);
	tcase_add_test(t, services_of_a_class_share);
	tcase_add_test(t, a_class_that_is_full_or_congested_leaves_the_others_alone);
	tcase_add_test(t, a_bulk_frame_above_the_bound_is_refused_unless_it_cannot_be_split);
	tcase_add_test(t, a_class_gets_other_limits);
	tcase_add_test(t, what_is_last_comes_last_and_is_flushed);
	tcase_add_test(t, what_waits_when_the_key_comes_goes_before_the_first_record);
	tcase_add_loop_test(t, an_end_in_the_middle_drops_what_waits_and_is_told_once, 0, 4);
	tcase_add_loop_test(t, random_traffic_arrives_in_the_order_of_each_channel, 0, 4);
	tcase_add_loop_test(t, random_traffic_arrives_over_a_websocket, 0, 3);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
