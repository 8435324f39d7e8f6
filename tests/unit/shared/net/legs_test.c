/* shared/net/legs: whatever becomes of the connections below, the link above gets each byte once
 * and in order. Cables are changed, cut at any byte, cut in one way only, or left dead, while both
 * ends send. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/net/leg_chunk.h"
#include "shared/net/legs.h"
#include "tests/support/suite.h"
#include "tests/unit/shared/net/cable.h"
#include "tests/unit/shared/net/ends.h"
#include <check.h>
#include <string.h>

#define CABLES 400u
#define LIMIT_US (60 * HWS_US_PER_S)

static const uint8_t one[32] = { 1 }, two[32] = { 2 };

struct side {
	struct end end;
	struct hws_legs *legs;
	unsigned events[HWS_LEGS_AWAY + 1];
};

static struct side a, b; /* the viewer, the host */
static struct cable cables[CABLES];
static unsigned cable_count;
static uint64_t seed;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

static void on_event(struct hws_legs *l, enum hws_legs_event event, uint32_t number, void *arg)
{
	struct side *s = arg;

	s->events[event]++;
	if (event == HWS_LEGS_MOVED)
		ck_assert_uint_eq(number, hws_legs_number(l));
}

static struct hws_legs_conf conf_of_side(struct side *s)
{
	return (struct hws_legs_conf){ .away_us = LIMIT_US,
		.ended_us = LIMIT_US,
		.ask_us = 20 * HWS_US_PER_MS,
		.silent_us = 50 * HWS_US_PER_MS,
		.on_event = on_event,
		.arg = s };
}

/* Links that have their keys, over a first cable. */
static void open_sides(const struct hws_mem_conf *mem)
{
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	cable_count = 1;
	cable_open(&cables[0], loop, mem);
	open_end(&a.end, cables[0].end[0]);
	open_end(&b.end, cables[0].end[1]);
	hws_conn_set_v2_keys(a.end.conn, one, two);
	hws_conn_set_v2_keys(b.end.conn, two, one);
}

static void begin(struct side *s)
{
	struct hws_legs_conf conf = conf_of_side(s);

	ck_assert_int_eq(hws_legs_begin(s->end.conn, &conf, &s->legs), 0);
}

static void carry(size_t most)
{
	for (unsigned i = 0; i < cable_count; i++)
		cable_carry(&cables[i], most);
	hws_loop_once(loop, 200);
}

static void close_sides(void)
{
	uint64_t end_us = hws_clock_us() + LIMIT_US;

	hws_conn_close_flushed(a.end.conn, HWS_US_PER_S);
	while ((!a.end.closed || !b.end.closed) && hws_clock_us() < end_us)
		carry(4096);
	ck_assert_uint_eq(a.end.closed, 1);
	ck_assert_uint_eq(b.end.closed, 1);
	ck_assert_int_eq(b.end.why, HWS_ERR_EOF);
	for (unsigned i = 0; i < cable_count; i++)
		cable_cut(&cables[i]);
}

/* --- a new leg, as a join makes one: each end learns how far the other was a while ago -------- */

static struct {
	unsigned stage; /* 0: there is none; 1: on its way to the viewer; 2: to the host */
	uint64_t received;
	unsigned wait;
} joining;

static void join_begin(const struct hws_mem_conf *mem)
{
	if (joining.stage || cable_count >= CABLES - 2)
		return;
	cable_open(&cables[cable_count++], loop, mem);
	joining.stage = 1;
	joining.wait = draw(30);
	joining.received = hws_legs_received(b.legs);
}

static void join_step(void)
{
	struct side *s = joining.stage == 1 ? &a : &b;
	struct hws_legs_new_leg leg = { .number = cable_count - 1,
		.peer_received = joining.received };

	if (!joining.stage || joining.wait-- > 0)
		return;
	leg.stream = cables[cable_count - 1].end[joining.stage - 1];
	joining.received = hws_legs_received(s->legs);
	ck_assert_int_eq(hws_legs_add(s->legs, &leg), 0);
	joining.stage = joining.stage == 1 ? 2 : 0;
	joining.wait = draw(30);
}

static void send_more(struct side *s, unsigned frames)
{
	static uint8_t buf[65536];
	struct end *e = &s->end;

	ck_assert_msg(e->closed == 0, "closed: %d", e->why);
	while (e->sent < frames && !hws_conn_congested(e->conn, HWS_SEND_VIDEO)) {
		fill_frame(buf, e->sent);
		ck_assert_int_eq(hws_conn_send(e->conn, hws_bytes(buf, frame_len(e->sent))), 0);
		e->sent++;
	}
}

/* What may become of the cable that is used: nothing, a cut now or some bytes later, one way dead,
 * both. */
static void spoil(void)
{
	struct cable *c = &cables[draw(cable_count)];

	switch (draw(5)) {
	case 0:
		cable_cut(c);
		break;
	case 1:
		c->cut_after = HWS_MAX(c->way[0].passed, c->way[1].passed) + draw(3000);
		break;
	case 2:
		c->way[draw(2)].dead = true;
		break;
	case 3:
		c->way[0].dead = c->way[1].dead = true;
		break;
	default:
		break;
	}
}

/* A leg that both ends have, at once. */
static void add_leg(void)
{
	uint64_t ra = hws_legs_received(a.legs), rb = hws_legs_received(b.legs);
	struct hws_legs_new_leg leg = { .number = cable_count };

	cable_open(&cables[cable_count], loop, NULL);
	leg.stream = cables[cable_count].end[0];
	leg.peer_received = rb;
	ck_assert_int_eq(hws_legs_add(a.legs, &leg), 0);
	leg.stream = cables[cable_count++].end[1];
	leg.peer_received = ra;
	ck_assert_int_eq(hws_legs_add(b.legs, &leg), 0);
}

START_TEST(each_byte_comes_once_and_in_order)
{
	uint64_t end_us = hws_clock_us() + LIMIT_US;
	const struct hws_mem_conf *mem = &tortures[_i % TORTURES];
	size_t most = mem->pipe_max ? mem->pipe_max : 4096;
	unsigned frames = most < 10 || mem->read_max == 3 || mem->write_max == 5 ? 10 : 70;

	seed = (uint64_t)_i * 7919 + 1;
	memset(&joining, 0, sizeof(joining));
	open_sides(mem);
	begin(&a);
	begin(&b);
	while (a.end.got < frames || b.end.got < frames) {
		ck_assert_msg(hws_clock_us() < end_us, "stuck: %u and %u frames", a.end.got,
				b.end.got);
		send_more(&a, frames);
		send_more(&b, frames);
		carry(1 + draw((unsigned)most));
		if (draw(60) == 0 && cable_count < CABLES - 20)
			spoil();
		if (draw(80) == 0 || !hws_legs_current(a.legs) ||
				a.events[HWS_LEGS_SILENT] >
						a.events[HWS_LEGS_HEARD] + a.events[HWS_LEGS_MOVED])
			join_begin(mem);
		join_step();
	}
	while (joining.stage) {
		carry(4096);
		join_step();
	}
	add_leg(); /* a goodbye over a dead one would be lost */
	close_sides();
}
END_TEST

static void settle_sides(unsigned frames)
{
	uint64_t end_us = hws_clock_us() + LIMIT_US;

	while ((a.end.got < frames || b.end.got < frames) && hws_clock_us() < end_us)
		carry(4096);
	ck_assert_uint_eq(a.end.got, frames);
	ck_assert_uint_eq(b.end.got, frames);
}

static void send_one(struct side *s)
{
	static uint8_t buf[65536];

	fill_frame(buf, s->end.sent);
	ck_assert_int_eq(hws_conn_send(s->end.conn, hws_bytes(buf, frame_len(s->end.sent))), 0);
	s->end.sent++;
}

static void wait_for(const unsigned *count, unsigned at_least)
{
	uint64_t end_us = hws_clock_us() + LIMIT_US;

	while (*count < at_least && hws_clock_us() < end_us)
		carry(4096);
	ck_assert_uint_ge(*count, at_least);
}

START_TEST(the_old_leg_goes_once_the_new_one_carries)
{
	open_sides(NULL);
	begin(&a);
	begin(&b);
	for (int i = 0; i < 3; i++)
		send_one(&a), send_one(&b);
	settle_sides(3);
	add_leg();
	wait_for(&a.events[HWS_LEGS_LOST], 1);
	wait_for(&b.events[HWS_LEGS_LOST], 1);
	ck_assert_uint_eq(hws_legs_number(a.legs), 1);
	ck_assert_uint_eq(hws_legs_number(b.legs), 1);
	ck_assert_uint_eq(a.events[HWS_LEGS_AWAY] + b.events[HWS_LEGS_AWAY], 0);
	for (int i = 0; i < 3; i++)
		send_one(&a), send_one(&b);
	settle_sides(6);
	close_sides();
}
END_TEST

/* It stands at one end only, and is lost before it carried anything: the old one goes on. */
START_TEST(a_leg_that_fails_at_once_costs_nothing)
{
	struct hws_legs_new_leg leg = { .number = 1 };

	open_sides(NULL);
	begin(&a);
	begin(&b);
	send_one(&a);
	send_one(&b);
	settle_sides(1);
	cable_open(&cables[cable_count], loop, NULL);
	leg.stream = cables[cable_count++].end[0];
	leg.peer_received = hws_legs_received(b.legs);
	hws_stream_close(cables[1].end[1]);
	ck_assert_int_eq(hws_legs_add(a.legs, &leg), 0);
	send_one(&a);
	send_one(&b);
	settle_sides(2);
	wait_for(&a.events[HWS_LEGS_LOST], 1);
	ck_assert_uint_eq(hws_legs_number(a.legs), 0);
	ck_assert_uint_eq(a.events[HWS_LEGS_AWAY], 0);
	close_sides();
}
END_TEST

START_TEST(away_ends_with_a_leg_or_with_its_time)
{
	open_sides(NULL);
	begin(&a);
	begin(&b);
	cable_cut(&cables[0]);
	wait_for(&a.events[HWS_LEGS_AWAY], 1);
	wait_for(&b.events[HWS_LEGS_AWAY], 1);
	ck_assert_ptr_null(hws_legs_current(a.legs));
	send_one(&a);
	send_one(&b);
	add_leg();
	settle_sides(1);
	cable_cut(&cables[1]);
	wait_for(&b.events[HWS_LEGS_AWAY], 2);
	hws_legs_set_away(b.legs, 1000);
	wait_for(&b.end.closed, 1);
	ck_assert_int_eq(b.end.why, HWS_ERR_RESET);
	hws_conn_close(a.end.conn, HWS_OK);
}
END_TEST

/* As without legs. */
START_TEST(without_patience_an_end_is_an_end)
{
	struct hws_legs_conf conf = { .away_us = 0 };

	open_sides(NULL);
	ck_assert_int_eq(hws_legs_begin(a.end.conn, &conf, &a.legs), 0);
	begin(&b);
	cable_cut(&cables[0]);
	wait_for(&a.end.closed, 1);
	ck_assert_int_eq(a.end.why, HWS_ERR_RESET);
	ck_assert_uint_eq(b.end.closed, 0);
	hws_conn_close(b.end.conn, HWS_OK);
}
END_TEST

START_TEST(silence_is_told_and_so_is_its_end)
{
	open_sides(NULL);
	begin(&a);
	begin(&b);
	cables[0].way[1].dead = true;
	wait_for(&a.events[HWS_LEGS_SILENT], 1);
	ck_assert_uint_eq(a.events[HWS_LEGS_HEARD], 0);
	add_leg();
	send_one(&a);
	send_one(&b);
	settle_sides(1);
	cables[1].cut_after = cables[1].way[0].passed;
	wait_for(&a.events[HWS_LEGS_AWAY], 1);
	hws_conn_close(a.end.conn, HWS_OK);
	hws_conn_close(b.end.conn, HWS_OK);
}
END_TEST

/* Both ends have what the other sent, and say nothing more. */
START_TEST(nobody_waits_for_what_has_come)
{
	struct hws_legs_conf conf = conf_of_side(&a);
	uint64_t end_us;

	conf.ask_us = 0;
	conf.silent_us = HWS_US_PER_S;
	open_sides(&tortures[0]);
	ck_assert_int_eq(hws_legs_begin(a.end.conn, &conf, &a.legs), 0);
	begin(&b);
	send_one(&a);
	send_one(&b);
	settle_sides(1);
	hws_legs_set_pace(b.legs, 0, 0); /* it asks nothing either */
	end_us = hws_clock_us() + 5 * HWS_US_PER_S / 2;
	while (hws_clock_us() < end_us) {
		carry(4096);
	}
	ck_assert_uint_eq(a.events[HWS_LEGS_SILENT], 0);
	close_sides();
}
END_TEST

/* Chunks that an attacker on the way might write: this leg ends, and the session waits. */
START_TEST(what_does_not_fit_ends_the_leg_only)
{
	static const struct {
		struct hws_leg_chunk c;
		const char *raw;
		size_t len;
	} lies[] = { { .c = { HWS_LEG_HAVE, .value = 1 } },
		{ .c = { HWS_LEG_HAVE, .value = UINT64_MAX } }, { .c = { HWS_LEG_AT, .value = 1 } },
		{ .c = { HWS_LEG_AT, .value = UINT64_MAX } }, { .raw = "\x00", .len = 1 },
		{ .raw = "\x04\x01", .len = 2 }, { .raw = "\x04\x00", .len = 2 },
		{ .raw = "\x04\x07", .len = 2 }, { .raw = "\x08\x04x", .len = 3 },
		{ .raw = "\xff\xff\xff\xff", .len = 4 } };
	struct hws_legs_conf conf = conf_of_side(&a);
	struct hws_stream *s, *far;
	uint8_t chunk[HWS_LEG_CONTROL_MAX];

	for (size_t i = 0; i < HWS_COUNT(lies); i++) {
		size_t n = lies[i].raw ? lies[i].len : hws_leg_chunk_put(&lies[i].c, chunk);

		memset(&a, 0, sizeof(a));
		ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &s, &far), 0);
		ck_assert_int_eq(hws_legs_new(loop, s, &conf, &a.legs), 0);
		hws_stream_want(hws_legs_stream(a.legs), HWS_STREAM_READ);
		feed(far, lies[i].raw ? (const void *)lies[i].raw : chunk, n);
		wait_for(&a.events[HWS_LEGS_AWAY], 1);
		ck_assert_uint_eq(hws_legs_received(a.legs), 0);
		hws_stream_close(hws_legs_stream(a.legs));
		hws_stream_close(far);
	}
}
END_TEST

/* "leg_chunks" of tests/vectors/v2.json. */
START_TEST(chunks_are_these_bytes)
{
	static const uint8_t all[] = { 0x24, 2, 0x70, 0x11, 1, 0, 0, 0, 0, 0, 0x04, 4, 0x18, 1, 'b',
		'y', 't', 'e', 's', 0x95, 0x01, 1 };
	static const uint8_t rest[] = { 0x24, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0x04, 5, 0x04, 6 };
	static const struct hws_leg_chunk want[] = { { HWS_LEG_AT, 70000, 0 },
		{ HWS_LEG_ASK, 0, 0 }, { HWS_LEG_DATA, 0, 5 }, { HWS_LEG_DATA, 0, 100 },
		{ HWS_LEG_HAVE, 1ull << 33, 0 }, { HWS_LEG_PART, 0, 0 }, { HWS_LEG_CLOSE, 0, 0 } };
	uint8_t bytes[sizeof(all) + 100 + sizeof(rest)] = { 0 }, own[HWS_LEG_CONTROL_MAX];
	struct hws_bytes in = hws_bytes(bytes, sizeof(bytes));
	struct hws_leg_chunk c;

	memcpy(bytes, all, sizeof(all));
	memcpy(bytes + sizeof(all) + 100, rest, sizeof(rest));
	for (size_t i = 0; i < HWS_COUNT(want); i++) {
		size_t used = 0;

		ck_assert_int_eq(
				hws_leg_chunk_next(hws_bytes(in.ptr, 1), &c, &used), HWS_ERR_SHORT);
		ck_assert_int_eq(hws_leg_chunk_next(in, &c, &used), HWS_OK);
		ck_assert_int_eq(c.kind, want[i].kind);
		ck_assert_uint_eq(c.value, want[i].value);
		ck_assert_uint_eq(c.len, want[i].len);
		ck_assert_uint_eq(hws_leg_chunk_put(&c, own), used);
		ck_assert_mem_eq(own, in.ptr, used);
		in = hws_bytes(in.ptr + used + c.len, in.len - used - c.len);
	}
	ck_assert_uint_eq(in.len, 0);
}
END_TEST

/* Nobody acknowledges: no more is taken than may be kept. */
START_TEST(what_is_kept_has_an_end)
{
	static uint8_t piece[65536];
	struct hws_legs_conf conf = { .away_us = LIMIT_US, .ended_us = LIMIT_US };
	struct hws_mem_conf mem = { .pipe_max = 64u << 20 };
	struct hws_legs_new_leg leg = { .number = 1 };
	struct hws_stream *s, *far[4];
	size_t taken = 0;
	ssize_t n;

	ck_assert_int_eq(hws_stream_mem_pair(loop, &mem, &s, &far[0]), 0);
	ck_assert_int_eq(hws_legs_new(loop, s, &conf, &a.legs), 0);
	s = hws_legs_stream(a.legs);
	while ((n = hws_stream_write(s, hws_bytes(piece, sizeof(piece)))) > 0)
		taken += (size_t)n;
	ck_assert_int_eq((int)n, HWS_ERR_AGAIN);
	ck_assert_uint_eq(taken, HWS_LEGS_KEPT_MAX);
	/* what the other end says to have is believed of what was sent, and no more */
	ck_assert_int_eq(hws_stream_mem_pair(loop, &mem, &leg.stream, &far[1]), 0);
	leg.peer_received = taken + 1;
	ck_assert_int_eq(hws_legs_add(a.legs, &leg), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_stream_mem_pair(loop, &mem, &leg.stream, &far[2]), 0);
	leg.peer_received = taken - 5;
	ck_assert_int_eq(hws_legs_add(a.legs, &leg), HWS_OK);
	ck_assert_int_gt(hws_stream_write(s, hws_bytes(piece, sizeof(piece))), 0);
	ck_assert_int_eq(hws_stream_mem_pair(loop, &mem, &leg.stream, &far[3]), 0);
	ck_assert_int_eq(hws_legs_add(a.legs, &leg), HWS_ERR_PROTO); /* the number again */
	hws_stream_close(s);
	for (size_t i = 0; i < HWS_COUNT(far); i++)
		hws_stream_close(far[i]);
}
END_TEST

/* What was read behind the last frame of before, and what was not written: both sides begin at
 * different moments, with bytes under way. */
START_TEST(it_begins_at_the_very_byte)
{
	open_sides(&tortures[_i]);
	send_one(&b);
	begin(&b);
	for (int i = 1; i < 5; i++)
		send_one(&b);
	while (a.end.got < 1)
		carry(1);
	begin(&a);
	for (int i = 0; i < 5; i++)
		send_one(&a);
	while (b.end.got < 5 || a.end.got < 5)
		carry(1 + draw(700));
	close_sides();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/legs");
	TCase *tc = test_case(s, "all", 90,
			TESTS(the_old_leg_goes_once_the_new_one_carries,
					a_leg_that_fails_at_once_costs_nothing,
					away_ends_with_a_leg_or_with_its_time,
					without_patience_an_end_is_an_end,
					nobody_waits_for_what_has_come,
					silence_is_told_and_so_is_its_end,
					what_does_not_fit_ends_the_leg_only,
					what_is_kept_has_an_end, chunks_are_these_bytes));

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, it_begins_at_the_very_byte, 0, TORTURES);
	tcase_add_loop_test(tc, each_byte_comes_once_and_in_order, 0, 20);
	return test_suite_run(s);
}
