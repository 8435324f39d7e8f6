/* What is kept of an attempt, and the one reason that is told for the relay. */
#include "client/reach/verdict.h"
#include "shared/net/addr.h"
#include "tests/support/suite.h"
#include <check.h>
#include <string.h>

static struct hws_verdict v;
static struct hws_verdict_facts facts;

static void set_up(void)
{
	hws_verdict_begin(&v, 5000000);
	facts = (struct hws_verdict_facts){ 0 };
}

static unsigned try_at(enum hws_path path, const char *text, unsigned ms)
{
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse(text, 0, &a), HWS_OK);
	return hws_verdict_try_addr(&v, path, &a, 5000000 + (uint64_t)ms * 1000);
}

static void over(unsigned number, int result, unsigned ms)
{
	hws_verdict_over(&v, number, result, 5000000 + (uint64_t)ms * 1000);
}

static void end(enum hws_path path, unsigned ms)
{
	hws_verdict_end(&v, path, &facts, 5000000 + (uint64_t)ms * 1000);
}

START_TEST(a_direct_way_has_no_reason)
{
	unsigned n = try_at(HWS_PATH_PUNCHED, "198.51.100.77:4000", 30);
	char line[HWS_VERDICT_LINE];

	over(n, HWS_OK, 75);
	end(HWS_PATH_PUNCHED, 80);
	ck_assert_int_eq(v.why, HWS_INDIRECT_NO);
	ck_assert_str_eq(hws_verdict_line(&v, line, sizeof(line)),
			"punched 198.51.100.x: chosen after 45 ms");
}
END_TEST

START_TEST(the_whole_address_of_nobody_is_kept)
{
	try_at(HWS_PATH_LAN, "192.168.7.23:4000", 0);
	try_at(HWS_PATH_IPV6, "[2001:db8:1:2:3:4:5:6]:4000", 0);
	ck_assert_str_eq(v.tries[0].at, "192.168.7.x");
	ck_assert_str_eq(v.tries[1].at, "2001:db8:1::/48");
}
END_TEST

START_TEST(silence_and_refusal_are_told_apart)
{
	unsigned n = try_at(HWS_PATH_PUNCHED, "198.51.100.77:4000", 0);
	unsigned relay = hws_verdict_try(&v, HWS_PATH_RELAY, "relay.example", 5300000);
	char line[HWS_VERDICT_LINE];

	over(n, _i ? HWS_ERR_REFUSED : HWS_ERR_TIMEOUT, 700);
	over(relay, HWS_OK, 800);
	end(HWS_PATH_RELAY, 800);
	ck_assert_int_eq(v.why, _i ? HWS_INDIRECT_REFUSED : HWS_INDIRECT_SILENT);
	ck_assert_str_eq(hws_verdict_line(&v, line, sizeof(line)),
			_i ? "punched 198.51.100.x: connection refused after 700 ms; relay relay.example: chosen after 500 ms"
			   : "punched 198.51.100.x: timed out after 700 ms; relay relay.example: chosen after 500 ms");
}
END_TEST

static const struct {
	bool tests, blocked, host; /* facts */
	int result;
	enum hws_indirect want;
} blocks[] = {
	{ true, true, false, HWS_ERR_TIMEOUT, HWS_INDIRECT_UDP_BLOCKED },
	{ true, true, true, HWS_ERR_TIMEOUT, HWS_INDIRECT_UDP_BLOCKED },
	{ true, true, false, HWS_ERR_REFUSED, HWS_INDIRECT_UDP_BLOCKED },
	{ false, true, false, HWS_ERR_TIMEOUT, HWS_INDIRECT_SILENT }, /* it never answers */
	{ true, false, true, HWS_ERR_TIMEOUT, HWS_INDIRECT_UDP_BLOCKED_HOST },
	{ true, true, false, HWS_ERR_CRYPTO, HWS_INDIRECT_BROKEN },
};

START_TEST(blocked_udp_has_a_reason_of_its_own)
{
	facts.tests_udp = blocks[_i].tests;
	facts.udp_blocked = blocks[_i].blocked;
	facts.udp_blocked_host = blocks[_i].host;
	over(try_at(HWS_PATH_PUNCHED, "198.51.100.77:4000", 0), blocks[_i].result, 700);
	end(HWS_PATH_RELAY, 800);
	ck_assert_int_eq(v.why, blocks[_i].want);
	/* a symmetric NAT is known for sure */
	facts.symmetric_viewer = true;
	end(HWS_PATH_RELAY, 800);
	ck_assert_int_eq(v.why, HWS_INDIRECT_SYMMETRIC_VIEWER);
}
END_TEST

START_TEST(a_way_may_change_on_the_way)
{
	unsigned n = hws_verdict_try(&v, HWS_PATH_RELAY, "r.example", 5000000);
	char line[HWS_VERDICT_LINE];

	hws_verdict_path(&v, n, HWS_PATH_RELAY_WS);
	over(n, HWS_OK, 20);
	hws_verdict_path(&v, n, HWS_PATH_RELAY); /* too late */
	end(HWS_PATH_RELAY_WS, 20);
	ck_assert_str_eq(hws_verdict_line(&v, line, sizeof(line)),
			"relay-ws r.example: chosen after 20 ms");
}
END_TEST

/* A way that was given up had its chance, or had not. */
START_TEST(what_was_given_up_is_silent_or_slow)
{
	unsigned n = try_at(HWS_PATH_UDP, "198.51.100.77:4000", 100);

	over(n, HWS_ERR_CANCELED, _i ? 150 : 900);
	over(n, HWS_OK, 950); /* too late */
	end(HWS_PATH_RELAY, 900);
	ck_assert_int_eq(v.why, _i ? HWS_INDIRECT_SLOW : HWS_INDIRECT_SILENT);
}
END_TEST

START_TEST(somebody_else_is_named)
{
	over(try_at(HWS_PATH_LAN, "192.168.7.23:4000", 0), HWS_ERR_CRYPTO, 20);
	end(HWS_PATH_RELAY, 900);
	ck_assert_int_eq(v.why, HWS_INDIRECT_BROKEN);
}
END_TEST

/* Only when no try came any farther. */
START_TEST(the_other_family_is_no_route)
{
	over(try_at(HWS_PATH_PUNCHED, "198.51.100.77:4000", 0), HWS_ERR_UNREACHABLE, 1);
	if (_i)
		over(try_at(HWS_PATH_IPV6, "[2001:db8::1]:4000", 0),
				_i == 1 ? HWS_ERR_TIMEOUT : HWS_ERR_REFUSED, 400);
	over(try_at(HWS_PATH_UDP, "198.51.100.77:4000", 0), HWS_ERR_UNREACHABLE, 1);
	end(HWS_PATH_RELAY, 900);
	ck_assert_int_eq(v.why,
			_i == 0                   ? HWS_INDIRECT_NO_ROUTE
					: _i == 1 ? HWS_INDIRECT_SILENT
						  : HWS_INDIRECT_REFUSED);
}
END_TEST

START_TEST(what_is_known_of_both_sides_counts_most)
{
	static const struct {
		struct hws_verdict_facts facts;
		enum hws_indirect why;
	} cases[] = {
		{ { .symmetric_viewer = true }, HWS_INDIRECT_SYMMETRIC_VIEWER },
		{ { .symmetric_host = true }, HWS_INDIRECT_SYMMETRIC_HOST },
		{ { .symmetric_viewer = true, .symmetric_host = true },
				HWS_INDIRECT_SYMMETRIC_BOTH },
		{ { .forced = true, .symmetric_host = true }, HWS_INDIRECT_VIEWER },
		{ { .forced = true, .through_web = true }, HWS_INDIRECT_NETWORK },
		{ { .host_relays = true }, HWS_INDIRECT_HOST },
		{ { .host_relays = true, .relay_reason = 1 }, HWS_INDIRECT_SYMMETRIC_HOST },
		{ { .host_relays = true, .relay_reason = 1, .symmetric_viewer = true },
				HWS_INDIRECT_SYMMETRIC_BOTH },
		{ { .host_relays = true, .relay_reason = 4, .symmetric_viewer = true },
				HWS_INDIRECT_HOST_POLICY },
		{ { .host_relays = true, .relay_reason = 7 }, HWS_INDIRECT_HOST_NETWORK },
		{ { .host_relays = true, .relay_reason = 6 }, HWS_INDIRECT_SERVER_POLICY },
		{ { .host_relays = true, .relay_reason = 4000000000u }, HWS_INDIRECT_HOST },
		{ { 0 }, HWS_INDIRECT_NO_ADDRESS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		facts = cases[i].facts;
		end(HWS_PATH_RELAY, 900);
		ck_assert_int_eq(v.why, cases[i].why);
	}
	end(HWS_PATH_NONE, 900);
	ck_assert_int_eq(v.why, HWS_INDIRECT_FAILED);
}
END_TEST

/* A direct way that has just died is not slow, however soon the relay stands. */
START_TEST(what_fell_is_not_slow)
{
	unsigned n = try_at(HWS_PATH_PUNCHED, "198.51.100.77:4000", 100);

	facts.not_slow = true;
	over(n, HWS_ERR_CANCELED, 120);
	end(HWS_PATH_RELAY, 120);
	ck_assert_int_eq(v.why, HWS_INDIRECT_SILENT);
}
END_TEST

static const struct {
	enum hws_indirect failed;
	int result;
	enum hws_indirect want;
} failures[] = {
	{ HWS_INDIRECT_NO, HWS_ERR_TIMEOUT, HWS_INDIRECT_FAILED },
	{ HWS_INDIRECT_NO, HWS_ERR_KEY, HWS_INDIRECT_KEY_REFUSED },
	{ HWS_INDIRECT_NO, HWS_ERR_INSECURE, HWS_INDIRECT_KEY_REFUSED },
	{ HWS_INDIRECT_NO, HWS_ERR_CRYPTO, HWS_INDIRECT_NOT_HOST },
	{ HWS_INDIRECT_RELAY_UNREACHABLE, HWS_ERR_TIMEOUT, HWS_INDIRECT_RELAY_UNREACHABLE },
	{ HWS_INDIRECT_RELAY_UNREACHABLE, HWS_ERR_KEY, HWS_INDIRECT_KEY_REFUSED },
};

START_TEST(a_failure_tells_how_far_it_came)
{
	over(try_at(HWS_PATH_PUNCHED, "198.51.100.77:4000", 0), failures[_i].result, 700);
	facts.failed = failures[_i].failed;
	end(HWS_PATH_NONE, 800);
	ck_assert_int_eq(v.why, failures[_i].want);
	ck_assert(hws_indirect_is_failure(v.why));
	ck_assert(!hws_indirect_is_failure(HWS_INDIRECT_SLOW));
}
END_TEST

START_TEST(nothing_ends_before_the_answer)
{
	v.answered_ms = 1;
	hws_verdict_end(&v, HWS_PATH_NONE, &facts, 5000400);
	ck_assert_uint_eq(v.ended_ms, 1);
}
END_TEST

START_TEST(the_record_is_bounded)
{
	char line[120];

	for (unsigned i = 0; i < HWS_VERDICT_TRIES; i++)
		ck_assert_uint_eq(hws_verdict_try(&v, HWS_PATH_RELAY, "a\nb", 5000000), i);
	ck_assert_uint_eq(hws_verdict_try(&v, HWS_PATH_RELAY, "c", 5000000), HWS_VERDICT_TRIES);
	over(HWS_VERDICT_TRIES, HWS_OK, 1);
	ck_assert_ptr_null(strchr(v.tries[0].at, '\n'));
	hws_verdict_line(&v, line, sizeof(line));
	ck_assert_uint_lt(strlen(line), sizeof(line));
	ck_assert_uint_gt(strlen(line), 40);
}
END_TEST

START_TEST(every_way_and_reason_has_words)
{
	for (unsigned i = 0; i <= HWS_PATH_RELAY_WS; i++) {
		ck_assert_uint_gt(strlen(hws_path_token((enum hws_path)i)), 0);
		ck_assert_uint_gt(strlen(hws_path_text((enum hws_path)i)), 0);
	}
	for (unsigned i = 0; i <= HWS_INDIRECT_NOT_HOST; i++) {
		ck_assert_uint_gt(strlen(hws_indirect_token((enum hws_indirect)i)), 0);
		ck_assert_uint_gt(strlen(hws_indirect_text((enum hws_indirect)i)), 0);
	}
	ck_assert_str_eq(hws_indirect_text(HWS_INDIRECT_SYMMETRIC_BOTH),
			"symmetric NAT on both sides");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/reach/verdict");
	TCase *t = test_case(s, "verdict", 10,
			TESTS(a_direct_way_has_no_reason, the_whole_address_of_nobody_is_kept,
					somebody_else_is_named, a_way_may_change_on_the_way,
					what_is_known_of_both_sides_counts_most,
					what_fell_is_not_slow, nothing_ends_before_the_answer,
					the_record_is_bounded, every_way_and_reason_has_words));

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, silence_and_refusal_are_told_apart, 0, 2);
	tcase_add_loop_test(t, a_failure_tells_how_far_it_came, 0,
			sizeof(failures) / sizeof(*failures));
	tcase_add_loop_test(t, what_was_given_up_is_silent_or_slow, 0, 2);
	tcase_add_loop_test(t, the_other_family_is_no_route, 0, 3);
	tcase_add_loop_test(t, blocked_udp_has_a_reason_of_its_own, 0,
			sizeof(blocks) / sizeof(*blocks));
	return test_suite_run(s);
}
