/* tunnel/mux with everything in an order drawn from a seed: streams open and end from both sides,
 * owners stall and go on, the line carries a message now and then. What was sent is what comes, and
 * what may not come is answered, whatever state things are in. */
#include "mux_pair.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name
#define TCP SES__TUNNEL_KIND__TUNNEL_KIND_TCP
#define STEPS 20000
#define SEEDS 12

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static void start(void)
{
	pair_begin(200, 8u << 20);
}

static struct door *some(struct pair_end *e)
{
	return e->doors ? &e->door[below(e->doors)] : NULL;
}

static void step(void)
{
	struct pair_end *e = below(2) ? &viewer : &host;
	struct door *d = some(e);

	switch (below(12)) {
	case 0:
		if (e->doors + e->other->doors < PAIR_DOORS - 400 && hws_mux_streams(e->m) < 60)
			pair_open(e, "a", TCP);
		break;
	case 1:
	case 2:
		if (d && d->s && !d->ends)
			pair_send(d, below(200000), below(10) == 0);
		break;
	case 3:
		if (d)
			d->stalled = below(3) == 0;
		break;
	case 4:
	case 5:
		if (d && d->s)
			pair_consume(d);
		break;
	case 6:
		if (d && d->s && below(20) == 0) {
			struct hws_mux_stream *s = d->s;

			d->s = NULL;
			d->closed = true;
			d->held = 0;
			hws_mux_reset(s, CODE(RESET), "enough");
		}
		break;
	case 7:
		e->room = below(4) ? 128u << 10 : 0;
		hws_mux_drained(e->m);
		break;
	default:
		pair_carry(e);
		break;
	}
	pair_now += below(2000);
}

/* Both say that they have ended, and let everything go on. */
static void finish(struct pair_end *e)
{
	e->room = 128u << 10;
	for (unsigned i = 0; i < e->doors; i++) {
		e->door[i].stalled = false;
		if (e->door[i].s)
			pair_send(&e->door[i], 0, true);
	}
	hws_mux_drained(e->m);
}

START_TEST(what_is_sent_is_what_comes_whatever_the_order)
{
	seed = (uint32_t)_i * 7919u + 1;
	for (unsigned i = 0; i < STEPS; i++)
		step();
	for (unsigned i = 0; i < 4; i++) { /* those that were still being opened, too */
		finish(&viewer);
		finish(&host);
		pair_settle();
	}
	ck_assert_uint_eq(hws_mux_streams(viewer.m), 0);
	ck_assert_uint_eq(hws_mux_streams(host.m), 0);
	ck_assert_int_eq(hws_mux_err(viewer.m), HWS_OK);
	ck_assert_uint_le(viewer.most_held, 8u << 20);
	ck_assert_uint_le(host.most_held, 8u << 20);
	ck_assert_uint_gt(viewer.doors, 20);
}
END_TEST

/* --- what may not come ------------------------------------------------------------------------ */

static struct door *open_door(void)
{
	struct door *d = pair_open(&viewer, "a", TCP);

	pair_settle();
	ck_assert(d->opened);
	return d;
}

static void data(struct pair_end *to, uint32_t id, size_t len)
{
	static uint8_t room[HWS_MUX_DATA_MAX];
	Ses__TunnelData m = SES__TUNNEL_DATA__INIT;

	m.stream = id;
	m.data.data = room;
	m.data.len = len;
	ck_assert_int_eq(pair_inject(to, SES__TUNNEL__UNION_DATA, &m), HWS_OK);
}

static void expect_reset(const struct door *d)
{
	ck_assert(host.door[0].closed);
	ck_assert_int_eq(host.door[0].code, CODE(PROTOCOL));
	pair_settle();
	ck_assert(d->closed);
	ck_assert_int_eq(d->code, CODE(PROTOCOL));
	ck_assert_ptr_nonnull(open_door()); /* the session lives */
}

START_TEST(more_than_the_window_ends_the_stream)
{
	struct door *d = open_door();

	host.door[0].stalled = true;
	viewer.room = SIZE_MAX;
	pair_send(d, HWS_MUX_WINDOW, false);
	pair_settle();
	ck_assert_uint_eq(host.door[0].got, HWS_MUX_WINDOW);
	data(&host, 1, 1);
	expect_reset(d);
}
END_TEST

START_TEST(room_for_more_than_there_is_ends_the_stream)
{
	struct door *d = open_door();
	Ses__TunnelWindow w = SES__TUNNEL_WINDOW__INIT;

	w.stream = 1;
	w.bytes = 1u << 30;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_WINDOW, &w), HWS_OK);
	ck_assert(!host.door[0].closed);
	w.bytes = UINT32_MAX;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_WINDOW, &w), HWS_OK);
	expect_reset(d);
}
END_TEST

START_TEST(bytes_after_the_end_end_the_stream)
{
	struct door *d = open_door();
	Ses__TunnelEof e = SES__TUNNEL_EOF__INIT;

	e.stream = 1;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_EOF, &e), HWS_OK);
	ck_assert(host.door[0].saw_eof && !host.door[0].closed);
	data(&host, 1, 10);
	expect_reset(d);
}
END_TEST

START_TEST(two_ends_end_the_stream)
{
	struct door *d = open_door();
	Ses__TunnelEof e = SES__TUNNEL_EOF__INIT;

	e.stream = 1;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_EOF, &e), HWS_OK);
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_EOF, &e), HWS_OK);
	expect_reset(d);
}
END_TEST

START_TEST(a_number_twice_ends_the_stream)
{
	struct door *d = open_door();
	Ses__TunnelOpen o = SES__TUNNEL_OPEN__INIT;

	o.stream = 1;
	o.host = (char *)"b";
	o.port = 1;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_OPEN, &o), HWS_OK);
	expect_reset(d);
}
END_TEST

START_TEST(numbers_of_this_side_and_of_before_open_nothing)
{
	Ses__TunnelOpen o = SES__TUNNEL_OPEN__INIT;

	o.host = (char *)"b";
	o.port = 1;
	for (uint32_t id = 0; id < 40; id += 2) { /* even ones are the host's */
		o.stream = id;
		ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_OPEN, &o), HWS_OK);
	}
	o.stream = 1001;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_OPEN, &o), HWS_OK);
	o.stream = 999;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_OPEN, &o), HWS_OK);
	ck_assert_uint_eq(host.doors, 1);
}
END_TEST

START_TEST(streams_that_are_no_more_are_not_heeded)
{
	Ses__TunnelWindow w = SES__TUNNEL_WINDOW__INIT;
	Ses__TunnelReset r = SES__TUNNEL_RESET__INIT;
	Ses__TunnelOpened o = SES__TUNNEL_OPENED__INIT;
	Ses__TunnelPing p = SES__TUNNEL_PING__INIT;

	r.text = o.text = o.address = (char *)"";
	w.stream = r.stream = o.stream = 77;
	data(&host, 77, 100);
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_WINDOW, &w), HWS_OK);
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_RESET, &r), HWS_OK);
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_OPENED, &o), HWS_OK);
	p.answer = true; /* to no question */
	p.number = 5;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_PING, &p), HWS_OK);
	ck_assert_uint_eq(host.count, 0);
	ck_assert_uint_eq(hws_mux_rtt_us(host.m), 0);
}
END_TEST

START_TEST(streams_beyond_the_bound_are_refused_and_told)
{
	for (unsigned i = 0; i < 200; i++)
		pair_open(&viewer, "a", TCP);
	const struct hws_mux_target t = { TCP, "a", 80, 0 };
	struct hws_mux_stream *s;
	ck_assert_int_eq(hws_mux_open(viewer.m, &t, NULL, &s), HWS_ERR_FULL);
	pair_settle();
	Ses__TunnelOpen o = SES__TUNNEL_OPEN__INIT;
	o.stream = 10001;
	o.host = (char *)"b";
	o.port = 1;
	ck_assert_int_eq(pair_inject(&host, SES__TUNNEL__UNION_OPEN, &o), HWS_OK);
	ck_assert_uint_eq(host.doors, 200);
	ck_assert_uint_eq(host.count, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mux_order");
	TCase *t = test_case(s, "order", 120, TESTS_NONE);

	tcase_add_checked_fixture(t, start, pair_end);
	tcase_add_loop_test(t, what_is_sent_is_what_comes_whatever_the_order, 0, SEEDS);
	t = test_case(s, "lies", 60,
			TESTS(more_than_the_window_ends_the_stream,
					room_for_more_than_there_is_ends_the_stream,
					bytes_after_the_end_end_the_stream, two_ends_end_the_stream,
					a_number_twice_ends_the_stream,
					numbers_of_this_side_and_of_before_open_nothing,
					streams_that_are_no_more_are_not_heeded,
					streams_beyond_the_bound_are_refused_and_told));
	tcase_add_checked_fixture(t, start, pair_end);
	return test_suite_run(s);
}
