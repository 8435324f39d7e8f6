/* Two pipes over a line of every kind: all bytes arrive, in order and once; how fast against what
 * the line carries; what liars and floods can do. The time is the line's own, so figures are exact
 * and the same each time. */
#include "kcp_line.h"
#include "shared/base/clock.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>

#define MS HWS_US_PER_MS

static struct hws_kcp_pipe_conf ours(void)
{
	return (struct hws_kcp_pipe_conf){ .conv = 9,
		.send = { .window = 4096, .rto_min = 60, .paced = true },
		.receive_window = 4096,
		.now_us = 5000000 };
}

/* As deployed ends have it. */
static struct hws_kcp_pipe_conf deployed(void)
{
	return (struct hws_kcp_pipe_conf){ .conv = 9,
		.send = { .window = 1024, .rto_min = 30 },
		.receive_window = 1024,
		.now_us = 5000000 };
}

static const struct kcp_line_conf lines[] = {
	{ .delay_us = 1 },
	{ .delay_us = 5 * MS },
	{ .delay_us = 25 * MS, .loss = 10 },
	{ .delay_us = 25 * MS, .loss = 200 },
	{ .delay_us = 5 * MS, .jitter_us = 20 * MS },
	{ .delay_us = 5 * MS, .duplicate = 300 },
	{ .delay_us = 5 * MS, .jitter_us = 5 * MS, .duplicate = 50, .loss = 50 },
	{ .delay_us = 25 * MS, .rate = 12500000, .queue = 20000 },
	{ .delay_us = 75 * MS, .rate = 125000, .queue = 50000, .loss = 30 },
	{ .delay_us = 300 * MS, .loss = 30, .jitter_us = 100 * MS },
};
#define LINES HWS_COUNT(lines)

/* 0: two of ours; 1: ours to a deployed one; 2: ours to one of ours without extensions. */
static struct kcp_line *line(unsigned which, unsigned kind, uint64_t seed)
{
	struct kcp_line_conf c = lines[which];
	const struct hws_kcp_pipe_conf near = ours(), far = kind == 1 ? deployed() : ours();

	c.seed = seed;
	if (kind == 1)
		c.tick_us = 10 * MS;
	return kcp_line_new(&c, &near, &far, kind == 0);
}

START_TEST(all_arrives_in_order_and_once)
{
	for (unsigned kind = 0; kind < 3; kind++)
		for (uint64_t seed = 1; seed <= 2; seed++) {
			struct kcp_line *l = line((unsigned)_i, kind, seed);
			const uint64_t total = lines[_i].rate && lines[_i].rate < 1000000 ? 300000
											  : 2000000;

			ck_assert_msg(kcp_line_transfer(l, total, 65536, 300 * HWS_US_PER_S) > 0,
					"kind %u seed %u", kind, (unsigned)seed);
			kcp_line_free(l);
		}
}
END_TEST

START_TEST(a_deployed_sender_is_received)
{
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct kcp_line_conf c = lines[_i];
		const struct hws_kcp_pipe_conf near = deployed(), far = ours();
		struct kcp_line *l;

		c.seed = seed;
		l = kcp_line_new(&c, &near, &far, false);
		ck_assert_uint_gt(kcp_line_transfer(l, 300000, 65536, 600 * HWS_US_PER_S), 0);
		kcp_line_free(l);
	}
}
END_TEST

/* 100 Mbit/s with a queue of one bandwidth-delay product: percent of what the line carries. */
static unsigned percent_of_line(uint64_t delay_us, unsigned loss, unsigned kind)
{
	const uint64_t rate = 12500000, bdp = rate * 2 * delay_us / HWS_US_PER_S;
	const struct kcp_line_conf c = { .seed = 3,
		.delay_us = delay_us,
		.rate = rate,
		.queue = HWS_MAX(bdp, (uint64_t)65536),
		.loss = loss,
		.tick_us = kind == 1 ? 10 * MS : 0 };
	const struct hws_kcp_pipe_conf near = ours(), far = kind == 1 ? deployed() : ours();
	struct kcp_line *l = kcp_line_new(&c, &near, &far, kind == 0);
	const uint64_t total = 60000000;
	uint64_t took = kcp_line_transfer(l, total, 65536, 600 * HWS_US_PER_S);
	unsigned percent = took ? (unsigned)(total * HWS_US_PER_S / took * 100 / rate) : 0;

	printf("rtt %u ms, loss %u/1000, kind %u: %u %% of the line, resent %u of %u\n",
			(unsigned)(2 * delay_us / MS), loss, kind, percent,
			(unsigned)kcp_line_near(l)->send.resent,
			(unsigned)kcp_line_near(l)->send.sendings);
	kcp_line_free(l);
	return percent;
}

static const struct {
	unsigned delay_ms, loss, kind, least;
} speeds[] = {
	{ 5, 0, 0, 80 },
	{ 5, 10, 0, 80 },
	{ 5, 30, 0, 75 },
	{ 25, 0, 0, 80 },
	{ 25, 10, 0, 75 },
	{ 25, 30, 0, 70 },
	{ 75, 0, 0, 70 },
	{ 75, 10, 0, 60 },
	{ 75, 30, 0, 55 },
	{ 5, 0, 1, 75 },
	{ 25, 0, 1, 75 },
	{ 25, 10, 1, 45 },
	{ 75, 0, 1, 40 },
};

START_TEST(a_line_is_used_in_spite_of_its_losses)
{
	ck_assert_uint_ge(
			percent_of_line(speeds[_i].delay_ms * MS, speeds[_i].loss, speeds[_i].kind),
			speeds[_i].least);
}
END_TEST

/* What TCP keeps of a line of 100 Mbit/s that both want: percent. */
static unsigned percent_of_rival(uint64_t delay_us)
{
	const uint64_t rate = 12500000, begin_us = 4 * HWS_US_PER_S;
	const struct kcp_line_conf c = { .seed = 3,
		.delay_us = delay_us,
		.rate = rate,
		.queue = HWS_MAX(rate * 2 * delay_us / HWS_US_PER_S, (uint64_t)65536),
		.rival = true };
	const struct hws_kcp_pipe_conf near = ours(), far = ours();
	struct kcp_line *l = kcp_line_new(&c, &near, &far, true);
	uint64_t before, got;
	unsigned percent;

	(void)kcp_line_transfer(l, UINT64_MAX, 65536, begin_us);
	before = kcp_line_rival(l);
	(void)kcp_line_transfer(l, UINT64_MAX, 65536, 20 * HWS_US_PER_S);
	got = kcp_line_rival(l) - before;
	percent = (unsigned)(got * 100 / (20 * rate));
	printf("rtt %u ms: tcp keeps %u %%\n", (unsigned)(2 * delay_us / MS), percent);
	kcp_line_free(l);
	return percent;
}

START_TEST(tcp_keeps_its_share)
{
	static const unsigned delay_ms[] = { 5, 25, 75 };

	ck_assert_uint_ge(percent_of_rival(delay_ms[_i] * MS), 40);
}
END_TEST

/* Percent of the line that is used in the last ten of `s` seconds. */
static unsigned percent_after(struct kcp_line *l, uint64_t rate, unsigned s)
{
	uint64_t before;

	(void)kcp_line_transfer(l, UINT64_MAX, 65536, (s - 10) * HWS_US_PER_S);
	before = kcp_line_far(l)->recv.next;
	(void)kcp_line_transfer(l, UINT64_MAX, 65536, 10 * HWS_US_PER_S);
	return (unsigned)((kcp_line_far(l)->recv.next - before) * HWS_KCP_MTU * 100 / (10 * rate));
}

/* A way round takes longer than before, which looks like a queue that others fill; and one in a
 * hundred is lost, which looks as if it ran over. */
START_TEST(a_longer_way_is_told_from_a_queue)
{
	const uint64_t rate = 2500000;
	struct kcp_line_conf c = {
		.seed = 5, .delay_us = 25 * MS, .rate = rate, .queue = rate / 10, .loss = 10
	};
	const struct hws_kcp_pipe_conf near = ours(), far = ours();
	struct kcp_line *l = kcp_line_new(&c, &near, &far, true);
	unsigned percent;

	ck_assert_uint_ge(percent_after(l, rate, 15), 75);
	c.delay_us = 60 * MS;
	kcp_line_change(l, &c);
	percent = percent_after(l, rate, 40);
	printf("a longer way: %u %% of the line\n", percent);
	ck_assert_uint_ge(percent, 60);
	c.delay_us = 10 * MS;
	kcp_line_change(l, &c);
	ck_assert_uint_ge(percent_after(l, rate, 15), 75);
	kcp_line_free(l);
}
END_TEST

/* The other flow ends: what it had is taken. */
START_TEST(what_tcp_leaves_is_taken)
{
	const uint64_t rate = 5000000;
	struct kcp_line_conf c = {
		.seed = 6, .delay_us = 20 * MS, .rate = rate, .queue = rate / 25, .rival = true
	};
	const struct hws_kcp_pipe_conf near = ours(), far = ours();
	struct kcp_line *l = kcp_line_new(&c, &near, &far, true);

	ck_assert_uint_le(percent_after(l, rate, 20), 65);
	c.rival = false;
	kcp_line_change(l, &c);
	ck_assert_uint_ge(percent_after(l, rate, 20), 85);
	kcp_line_free(l);
}
END_TEST

/* A reader that pauses closes the window; the word of new room comes again if it is lost. */
START_TEST(a_pause_of_the_reader_ends)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		const struct kcp_line_conf c = { .seed = seed, .delay_us = 10 * MS, .loss = 300 };
		struct hws_kcp_pipe_conf near = ours(), far = ours();
		uint8_t data[4096] = { 0 };
		struct kcp_line *l;
		uint64_t sent = 0, got = 0, reopened;

		far.receive_window = 16;
		l = kcp_line_new(&c, &near, &far, true);
		while (sent < 100000) {
			ck_assert_int_eq(hws_kcp_pipe_write(kcp_line_near(l),
							 hws_bytes(data, sizeof(data))),
					HWS_OK);
			sent += sizeof(data);
		}
		while (kcp_line_now(l) < near.now_us + 5 * HWS_US_PER_S)
			kcp_line_step(l, near.now_us + 5 * HWS_US_PER_S);
		ck_assert_uint_le(kcp_line_far(l)->recv.unread, 16 * 1176);
		reopened = kcp_line_now(l);
		while (got < sent && kcp_line_now(l) < reopened + 6 * HWS_US_PER_S) {
			got += hws_kcp_pipe_read(kcp_line_far(l), data, sizeof(data));
			kcp_line_step(l, kcp_line_now(l) + MS);
		}
		/* before the peer's first question, which comes after seven seconds */
		ck_assert_uint_eq(got, sent);
		kcp_line_free(l);
	}
}
END_TEST

/* A handshake is a few small messages there and back, and then comes a picture: what was sent until
 * then says nothing of what the path carries. */
START_TEST(a_small_beginning_does_not_slow_what_follows)
{
	const struct kcp_line_conf c = { .seed = 3, .delay_us = 50 * MS };
	const struct hws_kcp_pipe_conf near = ours(), far = ours();
	struct kcp_line *l = kcp_line_new(&c, &near, &far, true);
	const size_t sizes[] = { 260, 290, 365, 12000 };
	uint8_t data[12000] = { 0 };

	for (size_t i = 0; i < HWS_COUNT(sizes); i++) {
		const uint64_t begin = kcp_line_now(l);
		size_t got = 0;

		ck_assert_int_eq(hws_kcp_pipe_write(kcp_line_near(l), hws_bytes(data, sizes[i])),
				HWS_OK);
		while (got < sizes[i] && kcp_line_now(l) < begin + HWS_US_PER_S) {
			kcp_line_step(l, begin + HWS_US_PER_S);
			got += hws_kcp_pipe_read(kcp_line_far(l), data, sizeof(data));
		}
		ck_assert_uint_eq(got, sizes[i]);
		ck_assert_uint_lt(kcp_line_now(l) - begin, 75 * MS);
		kcp_line_step(l, kcp_line_now(l) + 50 * MS); /* and its answer */
		while (kcp_line_now(l) < begin + 110 * MS)
			kcp_line_step(l, begin + 110 * MS);
	}
	kcp_line_free(l);
}
END_TEST

/* Damaged datagrams may break a stream (there is no sum in KCP), never the program. */
START_TEST(damage_does_no_harm_to_the_program)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		const struct kcp_line_conf c = { .seed = seed, .delay_us = 5 * MS, .damage = true };
		const struct hws_kcp_pipe_conf near = ours(), far = ours();
		struct kcp_line *l = kcp_line_new(&c, &near, &far, seed % 2);
		uint8_t data[8192] = { 0 };

		for (int i = 0; i < 300; i++) {
			if (kcp_line_near(l)->send.unsent_bytes < 100000)
				ck_assert_int_eq(hws_kcp_pipe_write(kcp_line_near(l),
								 hws_bytes(data, sizeof(data))),
						HWS_OK);
			kcp_line_step(l, kcp_line_now(l) + 10 * MS);
			(void)hws_kcp_pipe_read(kcp_line_far(l), data, sizeof(data));
		}
		kcp_line_free(l);
	}
}
END_TEST

static size_t forge(uint8_t *buf, uint8_t cmd, uint32_t sn, uint32_t una, uint32_t len)
{
	const struct hws_kcp_segment s = {
		.conv = 9, .cmd = cmd, .wnd = 100, .sn = sn, .una = una, .len = len
	};

	hws_kcp_segment_put(&s, buf);
	memset(buf + HWS_KCP_SEGMENT, 1, len);
	return HWS_KCP_SEGMENT + len;
}

/* Counts what a receiver holds by what it would take to read it. */
START_TEST(a_flood_holds_no_more_than_the_window)
{
	struct hws_kcp_pipe p;
	const struct hws_kcp_pipe_conf conf = ours();
	uint8_t buf[HWS_KCP_DATAGRAM_MAX], out[HWS_KCP_DATAGRAM_MAX];
	uint64_t now = conf.now_us;
	unsigned held = 0;

	ck_assert_int_eq(hws_kcp_pipe_init(&p, &conf), HWS_OK);
	for (uint32_t sn = 0; sn < 100000; sn++) {
		size_t n = forge(buf, HWS_KCP_PUSH, sn, 0, 1400);

		ck_assert_int_eq(hws_kcp_pipe_input(&p, hws_bytes(buf, n), now), HWS_OK);
		n = forge(buf, HWS_KCP_PUSH, sn * 40503u, 0, 1); /* far ahead, far behind */
		ck_assert_int_eq(hws_kcp_pipe_input(&p, hws_bytes(buf, n), now), HWS_OK);
	}
	for (uint32_t i = 0; i < 2 * conf.receive_window; i++)
		held += p.recv.ring[i] != NULL;
	ck_assert_uint_le(held, 2 * conf.receive_window);
	ck_assert_uint_le(p.recv.unread, conf.receive_window * 1400);
	ck_assert_uint_eq(hws_kcp_receiver_window(&p.recv), 0);
	ck_assert_uint_le(p.recv.ack_count, HWS_KCP_ACKS_MAX);
	ck_assert_uint_gt(hws_kcp_pipe_output(&p, now, out, sizeof(out)), 0);
	hws_kcp_pipe_done(&p);
}
END_TEST

START_TEST(what_was_never_sent_is_not_acknowledged)
{
	struct hws_kcp_pipe p;
	const struct hws_kcp_pipe_conf conf = ours();
	uint8_t buf[HWS_KCP_DATAGRAM_MAX], out[HWS_KCP_DATAGRAM_MAX];
	uint64_t now = conf.now_us;
	size_t n;

	ck_assert_int_eq(hws_kcp_pipe_init(&p, &conf), HWS_OK);
	ck_assert_int_eq(hws_kcp_pipe_write(&p, hws_bytes("abc", 3)), HWS_OK);
	n = forge(buf, HWS_KCP_WINS, 0, 1, 0);
	ck_assert_int_eq(hws_kcp_pipe_input(&p, hws_bytes(buf, n), now), HWS_ERR_RANGE);
	n = forge(buf, HWS_KCP_ACKED, 0, 0, 0);
	ck_assert_int_eq(hws_kcp_pipe_input(&p, hws_bytes(buf, n), now), HWS_OK);
	ck_assert(!hws_kcp_pipe_drained(&p));
	ck_assert_uint_eq(hws_kcp_pipe_output(&p, now, out, sizeof(out)), HWS_KCP_SEGMENT + 3);
	n = forge(buf, HWS_KCP_WINS, 0, 0x7fffffff, 0);
	ck_assert_int_eq(hws_kcp_pipe_input(&p, hws_bytes(buf, n), now), HWS_ERR_RANGE);
	n = forge(buf, HWS_KCP_WINS, 0, 0x80000001, 0);
	ck_assert_int_eq(hws_kcp_pipe_input(&p, hws_bytes(buf, n), now), HWS_OK); /* old */
	ck_assert(!hws_kcp_pipe_drained(&p));
	hws_kcp_pipe_done(&p);
}
END_TEST

START_TEST(a_segment_of_no_length_is_passed_over)
{
	struct hws_kcp_pipe p;
	const struct hws_kcp_pipe_conf conf = ours();
	uint8_t buf[HWS_KCP_DATAGRAM_MAX], got[8];
	size_t n;

	ck_assert_int_eq(hws_kcp_pipe_init(&p, &conf), HWS_OK);
	for (uint32_t sn = 0; sn < 3; sn++) {
		n = forge(buf, HWS_KCP_PUSH, sn, 0, sn == 1);
		ck_assert_int_eq(hws_kcp_pipe_input(&p, hws_bytes(buf, n), conf.now_us), HWS_OK);
	}
	ck_assert_uint_eq(p.recv.unread, 1);
	ck_assert_uint_eq(hws_kcp_pipe_read(&p, got, sizeof(got)), 1);
	ck_assert_uint_eq(p.recv.next, 3);
	ck_assert_uint_eq(hws_kcp_receiver_window(&p.recv), conf.receive_window);
	hws_kcp_pipe_done(&p);
}
END_TEST

/* Numbers wrap after 4 billion segments; a pipe that is that old goes on. */
START_TEST(numbers_wrap)
{
	const struct kcp_line_conf c = { .seed = 5, .delay_us = 5 * MS, .loss = 30 };
	const struct hws_kcp_pipe_conf near = ours(), far = ours();
	struct kcp_line *l = kcp_line_new(&c, &near, &far, true);
	const uint32_t old = UINT32_MAX - 300;

	kcp_line_near(l)->send.una = kcp_line_near(l)->send.next = old;
	kcp_line_far(l)->recv.read = kcp_line_far(l)->recv.next = kcp_line_far(l)->recv.end = old;
	ck_assert_uint_gt(kcp_line_transfer(l, 3000000, 65536, 60 * HWS_US_PER_S), 0);
	ck_assert_uint_lt(kcp_line_far(l)->recv.next, 100000);
	kcp_line_free(l);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/kcp_pipe");
	TCase *t = test_case(s, "pipe", 60,
			TESTS(a_longer_way_is_told_from_a_queue, what_tcp_leaves_is_taken,
					a_pause_of_the_reader_ends,
					a_small_beginning_does_not_slow_what_follows,
					damage_does_no_harm_to_the_program,
					a_flood_holds_no_more_than_the_window,
					what_was_never_sent_is_not_acknowledged,
					a_segment_of_no_length_is_passed_over, numbers_wrap));

	tcase_add_loop_test(t, all_arrives_in_order_and_once, 0, (int)LINES);
	tcase_add_loop_test(t, a_deployed_sender_is_received, 0, (int)LINES);
	tcase_add_loop_test(t, a_line_is_used_in_spite_of_its_losses, 0, (int)HWS_COUNT(speeds));
	tcase_add_loop_test(t, tcp_keeps_its_share, 0, 3);
	return test_suite_run(s);
}
