/* Who may use the relay, and what becomes of those who may not. */
#include "tests/component/relay/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(two_legs_with_one_uuid_are_a_pair)
{
	for (int kinds = 0; kinds < 4; kinds++) {
		struct leg l[2];

		if (!kinds)
			start(NULL);
		pair_open(&relay, l, kinds & 1, kinds & 2);
		relay_await_exactly(&relay, NULL, "pairs", 1);
		pair_close(l);
		relay_await_exactly(&relay, NULL, "pairs", 0);
	}
	relay_await(&relay, "closed", "peer closed", 1);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(legs_meet_whatever_thread_has_them)
{
	enum { N = 60 };
	static struct leg l[N][2];
	char uuid[N][40];

	START("--threads", "4");
	for (int i = 0; i < N; i++) {
		snprintf(uuid[i], sizeof(uuid[i]), "%s", new_uuid());
		leg_open(&l[i][0], &relay, i & 1, 1);
		leg_request(&l[i][0], uuid[i], NULL);
	}
	for (int i = N - 1; i >= 0; i--) {
		leg_open(&l[i][1], &relay, i & 2, 2);
		leg_request(&l[i][1], uuid[i], NULL);
	}
	for (int i = 0; i < N; i++)
		pair_check(l[i]);
	relay_await_exactly(&relay, NULL, "pairs", N);
	for (int i = 0; i < N; i++)
		pair_close(l[i]);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(what_came_with_the_first_frame_is_passed_on_first)
{
	uint8_t bytes[600], early[64];
	struct leg a, b;
	const char *uuid = new_uuid();
	size_t n;

	start(NULL);
	leg_open(&a, &relay, false, 1);
	n = request_bytes(uuid, NULL, bytes + 1);
	bytes[0] = (uint8_t)(n << 2);
	memcpy(bytes + 1 + n, "early bird", 10);
	leg_raw(&a, bytes, 1 + n + 10);
	relay_await(&relay, NULL, "waiting", 1);
	leg_raw(&a, ", later", 7); /* waits in the kernel */
	leg_open(&b, &relay, false, 2);
	leg_request(&b, uuid, NULL);
	ck_assert(leg_take(&b, early, 17, LIMIT_MS));
	ck_assert_mem_eq(early, "early bird, later", 17);
	leg_close(&a);
	leg_close(&b);
	relay_stop(&relay);
}
END_TEST

START_TEST(wrong_and_missing_keys_are_refused)
{
	static const char *const bad[] = { NULL, "", "wrong",
		"a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U" };
	const char *good = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U=", *uuid;
	struct leg l[2];

	START("--key", good);
	for (size_t i = 0; i < 4; i++) {
		leg_open(&l[0], &relay, i & 1, 1);
		leg_request(&l[0], new_uuid(), bad[i]);
		ck_assert(leg_ends(&l[0], LIMIT_MS));
		leg_close(&l[0]);
	}
	relay_await_exactly(&relay, "refused", "key", 4);
	uuid = new_uuid();
	for (int i = 0; i < 2; i++) {
		leg_open(&l[i], &relay, i, 1);
		leg_request(&l[i], uuid, good);
	}
	pair_check(l);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "pairs", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_third_comer_is_refused)
{
	const char *uuid = new_uuid();
	struct leg l[2], third;

	start(NULL);
	for (int i = 0; i < 2; i++) {
		leg_open(&l[i], &relay, false, 1);
		leg_request(&l[i], uuid, NULL);
	}
	pair_check(l);
	leg_open(&third, &relay, false, 3);
	leg_request(&third, uuid, NULL);
	ck_assert(leg_ends(&third, LIMIT_MS));
	relay_await_exactly(&relay, "refused", "uuid_used", 1);
	pair_check(l);
	leg_close(&third);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "pairs", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_partner_may_come_as_late_as_the_time_allows)
{
	const char *uuid = new_uuid();
	struct leg l[2];

	START("--wait-timeout", "60s");
	leg_open(&l[0], &relay, false, 1);
	leg_request(&l[0], uuid, NULL);
	relay_await_exactly(&relay, NULL, "waiting", 1);
	ck_assert(!leg_ends(&l[0], 2500)); /* through some rounds of the clock */
	leg_open(&l[1], &relay, false, 2);
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(waiting_ends_after_its_time)
{
	struct leg l[2];

	START("--wait-timeout", "2s");
	for (int i = 0; i < 2; i++) {
		leg_open(&l[i], &relay, i, 1);
		leg_request(&l[i], new_uuid(), NULL);
	}
	relay_await_exactly(&relay, NULL, "waiting", 2);
	for (int i = 0; i < 2; i++)
		ck_assert(leg_ends(&l[i], LIMIT_MS));
	relay_await_exactly(&relay, "refused", "no_partner", 2);
	relay_await_exactly(&relay, NULL, "connections", 0);
	pair_close(l);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_leg_that_leaves_while_it_waits_frees_its_place)
{
	const char *uuid = new_uuid();
	struct leg l[2], gone;

	START("--max-waiting", "1");
	leg_open(&gone, &relay, false, 1);
	leg_request(&gone, uuid, NULL);
	relay_await_exactly(&relay, NULL, "waiting", 1);
	leg_close(&gone);
	relay_await_exactly(&relay, NULL, "waiting", 0);
	relay_await_exactly(&relay, "refused", "waiting_gone", 1);
	for (int i = 0; i < 2; i++) {
		leg_open(&l[i], &relay, false, 1);
		leg_request(&l[i], uuid, NULL);
	}
	pair_check(l);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(waiting_legs_are_bounded_in_all)
{
	struct leg l[4], joined[2];
	char uuid[4][40];

	START("--max-waiting", "3");
	for (int i = 0; i < 4; i++) {
		snprintf(uuid[i], sizeof(uuid[i]), "%s", new_uuid());
		leg_open(&l[i], &relay, false, (unsigned)i + 1);
		leg_request(&l[i], uuid[i], NULL);
		if (i < 3)
			relay_await_exactly(&relay, NULL, "waiting", i + 1);
	}
	ck_assert(leg_ends(&l[3], LIMIT_MS));
	relay_await_exactly(&relay, "refused", "waiting_full", 1);
	/* a partner of one that waits is welcome all the same */
	joined[0] = l[0];
	leg_open(&joined[1], &relay, false, 9);
	leg_request(&joined[1], uuid[0], NULL);
	pair_check(joined);
	pair_close(joined);
	for (int i = 1; i < 4; i++)
		leg_close(&l[i]);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(waiting_legs_and_links_are_bounded_for_an_address)
{
	struct leg l[8];

	START("--max-waiting-per-address", "2", "--max-links-per-address", "4");
	for (int i = 0; i < 3; i++) {
		leg_open(&l[i], &relay, false, 1);
		leg_request(&l[i], new_uuid(), NULL);
		if (i < 2)
			relay_await_exactly(&relay, NULL, "waiting", i + 1);
	}
	ck_assert(leg_ends(&l[2], LIMIT_MS));
	relay_await_exactly(&relay, "refused", "waiting_address_limit", 1);
	leg_open(&l[3], &relay, false, 2); /* another address may */
	leg_request(&l[3], new_uuid(), NULL);
	relay_await_exactly(&relay, NULL, "waiting", 3);
	for (int i = 4; i < 7; i++) {
		leg_open(&l[i], &relay, false, 1);
		if (i < 6)
			relay_await_exactly(&relay, NULL, "connections", i);
	}
	ck_assert(leg_ends(&l[6], LIMIT_MS));
	relay_await_exactly(&relay, "refused", "address_limit", 1);
	for (int i = 0; i < 7; i++)
		leg_close(&l[i]);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

/* Each thread takes a change when its turn comes, a moment after the order is answered. */
static void pair_open_soon(struct leg l[2])
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	for (;;) {
		const char *uuid = new_uuid();
		bool refused;

		for (unsigned i = 0; i < 2; i++) {
			leg_open(&l[i], &relay, false, i + 1);
			leg_request(&l[i], uuid, NULL);
		}
		refused = leg_ends(&l[0], SILENCE_MS) || leg_ends(&l[1], 1);
		if (!refused)
			break;
		ck_assert(test_now_ms() < end);
		pair_close(l);
	}
	pair_check(l);
}

START_TEST(blocked_networks_are_refused_and_running_pairs_cut)
{
	struct leg l[2], other;

	START("--block", "127.0.0.66, 10.0.0.0/8");
	leg_open(&other, &relay, false, 66);
	ck_assert(leg_ends(&other, LIMIT_MS));
	leg_close(&other);
	relay_await_exactly(&relay, "refused", "blocked", 1);
	pair_open(&relay, l, false, false);
	leg_open(&other, &relay, false, 2); /* waits, and is cut as well */
	leg_request(&other, new_uuid(), NULL);
	relay_await_exactly(&relay, NULL, "waiting", 1);
	relay_order(&relay, "block", "net", "127.0.0.2/31", NULL, NULL);
	ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
	ck_assert(leg_ends(&l[1], LIMIT_MS));
	ck_assert(leg_ends(&other, LIMIT_MS));
	relay_await_exactly(&relay, "closed", "blocked", 1);
	leg_close(&other);
	pair_close(l);
	relay_order(&relay, "unblock", "net", "127.0.0.2/31", NULL, NULL);
	pair_open_soon(l);
	/* an IPv4 network covers its IPv4-mapped form, which a dual-stack socket shows */
	relay_order(&relay, "block", "net", "::ffff:127.0.0.0/104", NULL, NULL);
	ck_assert(leg_ends_hard(&l[0], LIMIT_MS));
	pair_close(l);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(with_an_allow_list_others_are_refused)
{
	struct leg l[2];

	START("--allow", "127.0.0.0/30");
	pair_open(&relay, l, false, true);
	pair_close(l);
	leg_open(&l[0], &relay, false, 4);
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	leg_close(&l[0]);
	relay_await_exactly(&relay, "refused", "blocked", 1);
	relay_stop(&relay);
}
END_TEST

START_TEST(ipv6_and_ipv4_share_the_port)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const char *uuid = new_uuid();
	struct leg l[2];

	start(NULL);
	to.sin6_port = htons(relay.port);
	memset(&l[0], 0, sizeof(l[0]));
	l[0].fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l[0].fd < 0 || connect(l[0].fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		test_skip("no IPv6 here: %s", strerror(errno));
		relay_stop(&relay);
		return;
	}
	leg_request(&l[0], uuid, NULL);
	leg_open(&l[1], &relay, false, 1);
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "pairs", 0);
	relay_stop(&relay);
}
END_TEST

/* --- behind a proxy --------------------------------------------------------------------------- */

static bool pair_has(const char *address)
{
	json_t *ans = relay_ask(&relay, "pairs", NULL, NULL, NULL, NULL);
	json_t *p = json_array_get(json_object_get(ans, "pairs"), 0);
	const char *a = json_string_value(json_object_get(p, "a"));
	bool found = a && strstr(a, address);

	json_decref(ans);
	return found;
}

START_TEST(forwarded_addresses_count_from_trusted_proxies_only)
{
	for (int trusted = 0; trusted < 2; trusted++) {
		const char *uuid = new_uuid();
		struct leg l[2];

		START("--trusted-proxies", trusted ? "127.0.0.7" : "127.0.0.8");
		memset(&l[0], 0, sizeof(l[0]));
		leg_open(&l[0], &relay, false, 7);
		leg_close(&l[0]);
		struct relay ws = relay;

		ws.port = relay.ws; /* without the upgrade of leg_open */
		leg_open(&l[0], &ws, false, 7);
		l[0].ws = true;
		leg_upgrade(&l[0], "X-Forwarded-For: 192.0.2.55\r\n");
		leg_request(&l[0], uuid, NULL);
		relay_await(&relay, NULL, "waiting", 1);
		leg_open(&l[1], &relay, false, 2);
		leg_request(&l[1], uuid, NULL);
		pair_check(l);
		ck_assert_int_eq(pair_has("192.0.2.55"), trusted);
		pair_close(l);
		relay_await_exactly(&relay, NULL, "pairs", 0);
		relay_stop(&relay);
	}
}
END_TEST

START_TEST(proxy_headers_name_the_client)
{
	static const char v1[] = "PROXY TCP4 192.0.2.77 10.0.0.1 5555 21117\r\n";
	const char *uuid = new_uuid();
	struct leg l[2], bad;

	START("--proxy-protocol", "--trusted-proxies", "127.0.0.7", "--block", "192.0.2.99");
	leg_open(&l[0], &relay, false, 7);
	for (size_t i = 0; i < sizeof(v1) - 1; i++) /* in the smallest pieces */
		leg_raw(&l[0], v1 + i, 1);
	leg_request(&l[0], uuid, NULL);
	relay_await(&relay, NULL, "waiting", 1);
	leg_open(&l[1], &relay, false, 2); /* not a proxy: no header */
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
	ck_assert(pair_has("192.0.2.77"));
	leg_open(&bad, &relay, false, 7);
	leg_raw(&bad, "GET / HTTP/1.1\r\n", 16);
	ck_assert(leg_ends(&bad, LIMIT_MS));
	leg_close(&bad);
	leg_open(&bad, &relay, false, 7);
	leg_raw(&bad, "PROXY TCP4 192.0.2.99 10.0.0.1 5555 21117\r\n", 43);
	ck_assert(leg_ends(&bad, LIMIT_MS));
	leg_close(&bad);
	relay_await(&relay, "refused", "blocked", 1);
	relay_await(&relay, "refused", "upgrade", 1);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "pairs", 0);
	relay_stop(&relay);
}
END_TEST

/* --- before the first frame ------------------------------------------------------------------- */

START_TEST(junk_is_dropped_at_once)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *reason;
	} t[] = {
		{ "\x00", 1, "junk" },                 /* a heartbeat is no request */
		{ "\x10\x92\x01\x00\x00", 5, "junk" }, /* what follows is no field */
		{ "\x0c\x92\x01\x00", 4, "junk" },     /* a request without uuid */
		{ "\x08\x32\x00", 3, "junk" },         /* another message */
		{ "\xff\xff\xff\xff", 4, "first_frame_size" },
		{ "\x06\x00\x02", 3, "first_frame_size" }, /* 32 KiB announced */
	};

	start(NULL);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json_int_t before = relay_stat(&relay, "refused", t[i].reason);
		struct leg l;

		leg_open(&l, &relay, false, 1);
		leg_raw(&l, t[i].bytes, t[i].len);
		ck_assert_msg(leg_ends(&l, LIMIT_MS), "case %zu", i);
		relay_await_exactly(&relay, "refused", t[i].reason, before + 1);
		leg_close(&l);
	}
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(an_overlong_uuid_is_refused)
{
	uint8_t buf[400] = { 0x92, 0x01, 0xa0, 0x01, 0x12, 0x9d, 0x01 };
	struct leg l;

	start(NULL);
	memset(buf + 7, 'u', 157);
	leg_open(&l, &relay, false, 1);
	leg_send(&l, buf, 7 + 157);
	ck_assert(leg_ends(&l, LIMIT_MS));
	relay_await_exactly(&relay, "refused", "junk", 1);
	leg_close(&l);
	relay_stop(&relay);
}
END_TEST

/* The time limit is for the whole of the first frame: single bytes do not prolong it. */
START_TEST(silent_and_slow_legs_are_dropped)
{
	static const char upgrade[] = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n";
	struct leg silent, silent_ws, slow, slow_ws;
	uint8_t request[513];
	struct relay ws;
	size_t n = 0;

	START("--first-frame-timeout", "700ms");
	ws = relay;
	ws.port = relay.ws;
	leg_open(&silent, &relay, false, 1);
	leg_open(&silent_ws, &ws, false, 1);
	leg_open(&slow, &relay, false, 1);
	leg_open(&slow_ws, &ws, false, 1);
	request_bytes(new_uuid(), NULL, request + 1);
	request[0] = 0xfc;
	while (!slow.closed || !slow_ws.closed) {
		/* whoever is dropped answers the next byte with a reset */
		if (!slow.closed)
			(void)!send(slow.fd, request + n, 1, MSG_NOSIGNAL);
		if (!slow_ws.closed)
			(void)!send(slow_ws.fd, upgrade + n, 1, MSG_NOSIGNAL);
		n++;
		ck_assert_uint_lt(n, sizeof(upgrade) - 1);
		leg_ends(&slow, 100);
		leg_ends(&slow_ws, 100);
	}
	ck_assert(leg_ends(&silent, LIMIT_MS));
	ck_assert(leg_ends(&silent_ws, LIMIT_MS));
	relay_await_exactly(&relay, "refused", "slow_first_frame", 4);
	leg_close(&silent);
	leg_close(&silent_ws);
	leg_close(&slow);
	leg_close(&slow_ws);
	relay_stop(&relay);
}
END_TEST

static bool logged(void *text)
{
	test_proc_expect(&relay.proc, "leg.refused", 0);
	return strstr(relay.proc.log, text);
}

/* An ID server looks whether its relays are there every ten seconds. */
START_TEST(who_only_looks_is_no_line_in_the_log)
{
	struct leg l;

	start(NULL);
	for (int i = 0; i < 3; i++) {
		leg_open(&l, &relay, false, 1);
		leg_close(&l);
		relay_await(&relay, "refused", "closed_early", i + 1);
	}
	leg_open(&l, &relay, false, 3);
	leg_raw(&l, "\x80", 1);
	leg_close(&l);
	relay_await(&relay, "refused", "closed_early", 4);
	ck_assert(test_until(logged, (void *)"why=closed_early peer=127.0.0.3:", LIMIT_MS));
	ck_assert_ptr_null(strstr(relay.proc.log, "peer=127.0.0.1:"));
	relay_stop(&relay);
	start((const char *const[]){ "--log-level", "debug", NULL });
	leg_open(&l, &relay, false, 1);
	leg_close(&l);
	ck_assert(test_until(logged, (void *)"why=closed_early peer=127.0.0.1:", LIMIT_MS));
	relay_stop(&relay);
}
END_TEST

START_TEST(a_broken_upgrade_is_refused)
{
	static const char *const bad[] = { "POST / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n" };
	char *huge;
	struct relay ws;
	struct leg l;

	start(NULL);
	ws = relay;
	ws.port = relay.ws;
	for (size_t i = 0; i < 4; i++) {
		leg_open(&l, &ws, false, 1);
		leg_raw(&l, bad[i], strlen(bad[i]));
		ck_assert_msg(leg_ends(&l, LIMIT_MS), "case %zu", i);
		leg_close(&l);
	}
	relay_await_exactly(&relay, "refused", "upgrade", 4);
	huge = malloc(20000);
	ck_assert_ptr_nonnull(huge);
	memset(huge, 'a', 20000);
	memcpy(huge, "GET / HTTP/1.1\r\nX: ", 19);
	leg_open(&l, &ws, false, 1);
	(void)!send(l.fd, huge, 20000, MSG_NOSIGNAL);
	ck_assert(leg_ends(&l, LIMIT_MS));
	relay_await_exactly(&relay, "refused", "first_frame_size", 1);
	leg_close(&l);
	free(huge);
	relay_stop(&relay);
}
END_TEST

int main(void)
{
	return test_main("relay/admission", 60, NULL, cleanup,
			TESTS(two_legs_with_one_uuid_are_a_pair, legs_meet_whatever_thread_has_them,
					what_came_with_the_first_frame_is_passed_on_first,
					wrong_and_missing_keys_are_refused,
					a_third_comer_is_refused, waiting_ends_after_its_time,
					a_partner_may_come_as_late_as_the_time_allows,
					a_leg_that_leaves_while_it_waits_frees_its_place,
					waiting_legs_are_bounded_in_all,
					waiting_legs_and_links_are_bounded_for_an_address,
					blocked_networks_are_refused_and_running_pairs_cut,
					with_an_allow_list_others_are_refused,
					ipv6_and_ipv4_share_the_port,
					forwarded_addresses_count_from_trusted_proxies_only,
					proxy_headers_name_the_client, junk_is_dropped_at_once,
					an_overlong_uuid_is_refused,
					silent_and_slow_legs_are_dropped,
					a_broken_upgrade_is_refused,
					who_only_looks_is_no_line_in_the_log));
}
