/* WebSocket legs: frames between browsers, proxies and plain TCP. */
#include "tests/component/relay/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A message arrives as one, with every length at which a header changes. */
START_TEST(messages_arrive_whole)
{
	static const size_t sizes[] = { 1, 63, 64, 125, 126, 127, 16383, 16384, 65535, 65536, 65537,
		1000000, 4194304 };
	uint8_t *out = malloc(5000000), *in = malloc(5000000);

	ck_assert(out && in);
	start(NULL);
	for (int kinds = 1; kinds < 4; kinds++) {
		struct leg l[2];

		pair_open(&relay, l, kinds & 1, kinds & 2);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			/* Both sides speak plain blocking sockets here: what does not fit into the
			 * buffers between them cannot be sent before it is read. */
			size_t n = sizes[i];
			pid_t child;

			for (size_t k = 0; k < n; k++)
				out[k] = (uint8_t)(k * 31 + k / 251 + i);
			child = fork();
			ck_assert_int_ge(child, 0);
			if (!child) {
				leg_send(&l[i & 1], out, n);
				_exit(0);
			}
			ck_assert_int_eq(leg_recv(&l[!(i & 1)], in, 5000000, NULL, LIMIT_MS),
					(ssize_t)n);
			ck_assert_mem_eq(in, out, n);
		}
		pair_close(l);
	}
	free(in);
	free(out);
	relay_stop(&relay);
}
END_TEST

START_TEST(fragments_become_one_frame_for_tcp)
{
	struct leg l[2];

	start(NULL);
	pair_open(&relay, l, true, false);
	leg_frame(&l[0], 2, false, "frag", 4);
	leg_frame(&l[0], 9, true, "ping between", 12);
	leg_frame(&l[0], 0, false, "", 0);
	leg_frame(&l[0], 0, false, "ment", 4);
	leg_frame(&l[0], 0, true, "ed", 2);
	leg_expect(&l[1], "fragmented");
	leg_frame(&l[0], 2, true, "next", 4);
	leg_expect(&l[1], "next");
	pair_close(l);
	pair_open(&relay, l, true, true);
	leg_frame(&l[0], 2, false, "frag", 4);
	leg_frame(&l[0], 0, true, "mented", 6);
	leg_expect(&l[1], "fragmented");
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(pings_are_answered_before_and_after_pairing)
{
	static const uint8_t pong[] = { 0x8a, 5, 'h', 'e', 'l', 'l', 'o' };
	const char *uuid = new_uuid();
	uint8_t buf[sizeof(pong)];
	struct leg l[2];

	start(NULL);
	leg_open(&l[0], &relay, true, 1);
	leg_frame(&l[0], 9, true, "hello", 5);
	ck_assert(leg_take(&l[0], buf, sizeof(buf), LIMIT_MS));
	ck_assert_mem_eq(buf, pong, sizeof(pong));
	leg_request(&l[0], uuid, NULL);
	leg_open(&l[1], &relay, false, 2);
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
	leg_frame(&l[0], 9, true, "hello", 5);
	ck_assert(leg_take(&l[0], buf, sizeof(buf), LIMIT_MS));
	ck_assert_mem_eq(buf, pong, sizeof(pong));
	leg_frame(&l[0], 10, true, "unasked", 7);
	pair_check(l);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

/* A pong must not land inside a frame that is still under way to the same peer. */
START_TEST(a_pong_waits_for_the_end_of_a_frame)
{
	static const uint8_t head[] = { 0x28 }; /* a frame of ten bytes */
	uint8_t buf[12];
	struct leg l[2];

	start(NULL);
	pair_open(&relay, l, true, false);
	leg_raw(&l[1], head, 1);
	leg_raw(&l[1], "01234", 5);
	ck_assert(leg_take(&l[0], buf, 7, LIMIT_MS));
	ck_assert_mem_eq(buf,
			"\x82\x0a"
			"01234",
			7);
	leg_frame(&l[0], 9, true, "p", 1);
	ck_assert(!leg_take(&l[0], buf, 1, SILENCE_MS));
	leg_raw(&l[1], "56789", 5);
	ck_assert(leg_take(&l[0], buf, 8, LIMIT_MS));
	ck_assert_mem_eq(buf, "56789\x8a\x01p", 8);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(text_and_empty_messages_are_not_passed_on)
{
	struct leg l[2];

	start(NULL);
	for (int both = 0; both < 2; both++) {
		pair_open(&relay, l, true, both);
		leg_frame(&l[0], 1, true, "some text", 9);
		leg_frame(&l[0], 1, false, "text in ", 8);
		leg_frame(&l[0], 0, true, "pieces", 6);
		leg_frame(&l[0], 2, true, "", 0);
		leg_frame(&l[0], 2, true, "bytes", 5);
		leg_expect(&l[1], "bytes");
		if (!both) {
			leg_raw(&l[1], "\0\0\0", 3); /* heartbeats */
			leg_send(&l[1], "back", 4);
			leg_expect(&l[0], "back");
		}
		pair_close(l);
	}
	relay_stop(&relay);
}
END_TEST

START_TEST(bad_frames_end_the_pair)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x82\x05hello", 7 },                                     /* no mask */
		{ "\xc2\x81\0\0\0\0x", 7 },                                 /* reserved bit */
		{ "\x83\x81\0\0\0\0x", 7 },                                 /* unknown kind */
		{ "\x80\x81\0\0\0\0x", 7 },                                 /* continues nothing */
		{ "\x09\x81\0\0\0\0x", 7 },                                 /* ping in pieces */
		{ "\x89\xfe\0\x7e\0\0\0\0", 8 },                            /* ping of 126 bytes */
		{ "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14 }, /* endless */
		{ "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14 }, /* negative */
	};

	start(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct leg l[2];

		pair_open(&relay, l, true, i & 1);
		leg_raw(&l[0], bad[i].bytes, bad[i].len);
		ck_assert_msg(leg_ends(&l[0], LIMIT_MS), "case %zu", i);
		ck_assert_msg(leg_ends_hard(&l[1], LIMIT_MS), "case %zu", i);
		relay_await_exactly(&relay, "closed", "protocol", (json_int_t)i + 1);
		pair_close(l);
	}
	relay_stop(&relay);
}
END_TEST

START_TEST(oversized_messages_end_the_pair_without_memory)
{
	static const char *const extra[] = { "--ws-message-max", "65536", NULL };
	uint8_t tcp[4] = { 0x03, 0, 0, 12 }; /* a frame of 48 MiB */
	char block[40000] = { 0 };
	struct leg l[2];

	start(extra);
	pair_open(&relay, l, true, false);
	leg_raw(&l[1], tcp, 4);
	ck_assert(leg_ends(&l[1], LIMIT_MS));
	pair_close(l);
	pair_open(&relay, l, true, false); /* in pieces that are small enough each */
	leg_frame(&l[0], 2, false, block, sizeof(block));
	leg_frame(&l[0], 0, true, block, sizeof(block));
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	pair_close(l);
	relay_await_exactly(&relay, "closed", "protocol", 2);
	relay_stop(&relay);
}
END_TEST

START_TEST(the_close_handshake_ends_both)
{
	static const uint8_t close[] = { 0x88, 2, 0x03, 0xe8 };
	uint8_t buf[sizeof(close)];

	start(NULL);
	for (int both = 0; both < 2; both++) {
		struct leg l[2];

		pair_open(&relay, l, true, both);
		leg_frame(&l[0], 2, true, "last", 4);
		leg_frame(&l[0], 8, true, "\x03\xe8", 2);
		leg_expect(&l[1], "last");
		ck_assert(leg_take(&l[0], buf, sizeof(buf), LIMIT_MS));
		ck_assert_mem_eq(buf, close, sizeof(close));
		if (both) {
			ck_assert(leg_take(&l[1], buf, sizeof(buf), LIMIT_MS));
			ck_assert_mem_eq(buf, close, sizeof(close));
		}
		shutdown(l[0].fd, SHUT_WR);
		shutdown(l[1].fd, SHUT_WR);
		ck_assert(leg_ends(&l[1], LIMIT_MS));
		ck_assert(leg_ends(&l[0], LIMIT_MS));
		relay_await_exactly(&relay, "closed", "peer closed", both + 1);
		pair_close(l);
	}
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

/* The end of a TCP peer is a close frame for a browser. */
START_TEST(the_end_of_tcp_closes_the_websocket_in_order)
{
	static const uint8_t close[] = { 0x88, 2, 0x03, 0xe8 };
	uint8_t buf[sizeof(close)];
	struct leg l[2];

	start(NULL);
	pair_open(&relay, l, true, false);
	leg_send(&l[1], "bye", 3);
	shutdown(l[1].fd, SHUT_WR);
	leg_expect(&l[0], "bye");
	ck_assert(leg_take(&l[0], buf, sizeof(buf), LIMIT_MS));
	ck_assert_mem_eq(buf, close, sizeof(close));
	leg_frame(&l[0], 8, true, "\x03\xe8", 2);
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	ck_assert(!l[0].reset);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(the_first_message_may_come_in_fragments_with_more_behind)
{
	const char *uuid = new_uuid();
	uint8_t req[512];
	size_t n = request_bytes(uuid, NULL, req);
	struct leg l[2];

	start(NULL);
	leg_open(&l[0], &relay, true, 1);
	leg_frame(&l[0], 2, false, req, 5);
	leg_frame(&l[0], 9, true, "", 0);
	leg_frame(&l[0], 0, true, req + 5, n - 5);
	leg_frame(&l[0], 2, true, "early", 5);
	leg_open(&l[1], &relay, false, 2);
	leg_request(&l[1], uuid, NULL);
	leg_expect(&l[1], "early");
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_text_or_huge_first_message_is_refused)
{
	static char block[5000];
	struct leg l;

	start(NULL);
	leg_open(&l, &relay, true, 1);
	leg_frame(&l, 1, true, "{}", 2);
	ck_assert(leg_ends(&l, LIMIT_MS));
	leg_close(&l);
	relay_await_exactly(&relay, "refused", "junk", 1);
	leg_open(&l, &relay, true, 1);
	leg_frame(&l, 2, true, block, sizeof(block));
	ck_assert(leg_ends(&l, LIMIT_MS));
	leg_close(&l);
	relay_await_exactly(&relay, "refused", "first_frame_size", 1);
	relay_stop(&relay);
}
END_TEST

/* They cost the sender nothing to hold back and us a turn each: who never comes to the point must
 * not keep a shard, and its time limits, from all others. */
START_TEST(a_first_message_of_empty_parts_has_an_end)
{
	enum { PARTS = 20000 };
	static uint8_t parts[PARTS][6]; /* empty, masked with zeros */
	struct leg l;

	start(NULL);
	for (int pong = 0; pong < 2; pong++) {
		for (int i = 0; i < PARTS; i++) {
			parts[i][0] = pong ? 0x8a : 0;
			parts[i][1] = 0x80;
		}
		leg_open(&l, &relay, true, 1);
		leg_frame(&l, 2, false, "", 0);
		leg_raw(&l, parts, sizeof(parts));
		relay_await_exactly(&relay, "refused", "first_frame_size", pong + 1);
		ck_assert(leg_ends_hard(&l, LIMIT_MS));
		leg_close(&l);
	}
	relay_stop(&relay);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("relay/websocket");
	TCase *t = test_case(s, "websocket", 60,
			TESTS(messages_arrive_whole, fragments_become_one_frame_for_tcp,
					pings_are_answered_before_and_after_pairing,
					a_pong_waits_for_the_end_of_a_frame,
					text_and_empty_messages_are_not_passed_on,
					bad_frames_end_the_pair,
					oversized_messages_end_the_pair_without_memory,
					the_close_handshake_ends_both,
					the_end_of_tcp_closes_the_websocket_in_order,
					the_first_message_may_come_in_fragments_with_more_behind,
					a_text_or_huge_first_message_is_refused,
					a_first_message_of_empty_parts_has_an_end));

	tcase_add_checked_fixture(t, NULL, cleanup);
	return test_suite_run(s);
}
