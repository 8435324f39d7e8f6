/* Who gets how much of what a device may be asked: the sum is kept whatever comes, and shared
 * between those who ask. */
#include "server-rendezvous/planes/target_rate.h"
#include "shared/crypto/crypto.h"
#include "tests/support/suite.h"
#include <stdio.h>

#define RATE 5
#define BURST 60
#define STEP_US 10000u

static struct rdv_target_rate *t;
static uint64_t now_us;

static void set_up(void)
{
	ck_assert_int_eq(rdv_target_rate_new(1024, 4096, &t), HWS_OK);
	now_us = 1000000000;
}

static void tear_down(void)
{
	rdv_target_rate_free(t);
}

static bool call_from(const char *ip, const char *id, bool proven)
{
	const struct rdv_addr from = rdv_addr_from_ip_text(ip);
	const struct rdv_call c = { id, &from, proven, false, RATE, BURST, now_us };

	return rdv_target_rate_take(t, &c);
}

enum net { V4, V6_48, V6_64 };

static void address(enum net net, unsigned i, char ip[40])
{
	switch (net) {
	case V4:
		snprintf(ip, 40, "10.0.0.%u", i);
		break;
	case V6_48:
		snprintf(ip, 40, "2001:db8:1:%x::1", i);
		break;
	case V6_64:
		snprintf(ip, 40, "2001:db8:1::%x", i);
	}
}

/* `n` addresses call as fast as they can, for so long; what they get. */
static unsigned flood(unsigned n, enum net net, unsigned ms, bool proven)
{
	unsigned got = 0;

	for (unsigned at = 0; at < ms; at += STEP_US / 1000) {
		for (unsigned i = 0; i < n; i++) {
			char ip[40];

			address(net, i, ip);
			got += call_from(ip, "device", proven);
		}
		now_us += STEP_US;
	}
	return got;
}

START_TEST(a_device_is_never_asked_more_than_its_limit)
{
	unsigned got = flood(200, V4, 20000, true);

	ck_assert_uint_le(got, BURST + RATE * 20);
	ck_assert_uint_ge(got, RATE * 20);
}
END_TEST

START_TEST(one_alone_gets_most_of_what_there_is)
{
	unsigned got = flood(1, V4, 60000, true);

	ck_assert_uint_ge(got, RATE * 60 * 3 / 4);
	ck_assert(call_from("10.9.9.9", "device", true)); /* and there is room for another one */
}
END_TEST

/* Whoever stays below the fair share is not refused, however many floods there are, as long as a
 * part of the burst is more than one call. */
START_TEST(one_who_asks_little_is_always_served)
{
	static const unsigned floods[] = { 1, 2, 8, 30 };
	unsigned n = floods[_i];

	(void)flood(n, V4, 30000, true);
	for (int i = 0; i < 20; i++) {
		ck_assert_msg(call_from("10.9.9.9", "device", true), "%u floods, call %d", n, i);
		(void)flood(n, V4, 1000 * (n + 1) / RATE * 2, true);
	}
}
END_TEST

START_TEST(floods_share_evenly)
{
	unsigned got[4] = { 0 };

	(void)flood(4, V4, 30000, true);
	for (unsigned at = 0; at < 60000; at += 10) {
		for (unsigned i = 0; i < 4; i++) {
			char ip[40];

			address(V4, (i + at / 10) % 4, ip);
			got[(i + at / 10) % 4] += call_from(ip, "device", true);
		}
		now_us += STEP_US;
	}
	for (unsigned i = 0; i < 4; i++)
		ck_assert_msg(got[i] > 55 && got[i] < 95, "%u of 300 for %u", got[i], i);
}
END_TEST

START_TEST(the_last_quarter_is_for_the_proven)
{
	(void)flood(200, V4, 30000, false);
	(void)call_from("10.9.9.9", "device", false); /* what came in the last step */
	ck_assert(!call_from("10.9.9.10", "device", false));
	for (int i = 0; i < 10; i++) {
		char ip[40];

		snprintf(ip, sizeof(ip), "10.9.9.%d", i);
		ck_assert(call_from(ip, "device", true));
	}
}
END_TEST

/* 200 networks of one /48 get no more than four callers would. */
START_TEST(a_48_of_ipv6_is_a_few_callers)
{
	(void)flood(200, V6_48, 30000, true);
	for (int i = 0; i < 8; i++) {
		char ip[40];

		snprintf(ip, sizeof(ip), "2001:db8:2:%x::1", i);
		ck_assert_msg(call_from(ip, "device", true), "call %d", i);
	}
	(void)flood(1, V6_64, 30000, true); /* of one /64 */
	ck_assert(!call_from("2001:db8:1::ffff", "device", true));
}
END_TEST

/* Who calls many devices does not thereby free himself of what he called one. */
START_TEST(a_full_table_forgets_the_cheapest)
{
	struct rdv_target_rate *small;
	const struct rdv_addr a = rdv_addr_from_ip_text("10.0.0.1");
	struct rdv_call c = { "device", &a, true, false, RATE, BURST, now_us };
	char id[20];
	unsigned n = 0;

	ck_assert_int_eq(rdv_target_rate_new(1, 1, &small), HWS_OK);
	while (rdv_target_rate_take(small, &c))
		n++;
	ck_assert_uint_le(n, BURST / 2 + 1);
	ck_assert_uint_ge(n, BURST / 2 - 1);
	c.id = id;
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "d%d", i);
		ck_assert(rdv_target_rate_take(small, &c));
	}
	c.id = "device";
	ck_assert(!rdv_target_rate_take(small, &c));
	rdv_target_rate_free(small);
}
END_TEST

/* Many people behind one address, who call what is there with them. */
START_TEST(the_site_of_a_device_may_have_more)
{
	const struct rdv_addr a = rdv_addr_from_ip_text("10.0.0.1");
	const struct rdv_call c = { "device", &a, false, true, RATE, BURST, now_us };
	unsigned n = 0;

	while (rdv_target_rate_take(t, &c))
		n++;
	ck_assert_uint_ge(n, BURST * 4 / 5);
	ck_assert(call_from("10.0.0.2", "device", true)); /* not all of it */
}
END_TEST

START_TEST(no_rate_is_no_limit)
{
	const struct rdv_addr a = rdv_addr_from_ip_text("10.0.0.1");
	const struct rdv_call c = { "device", &a, false, false, 0, 1, now_us };

	for (int i = 0; i < 1000; i++)
		ck_assert(rdv_target_rate_take(t, &c));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/target_rate");
	TCase *k = test_case(s, "all", 60,
			TESTS(a_device_is_never_asked_more_than_its_limit,
					one_alone_gets_most_of_what_there_is, floods_share_evenly,
					the_last_quarter_is_for_the_proven,
					a_48_of_ipv6_is_a_few_callers,
					a_full_table_forgets_the_cheapest,
					the_site_of_a_device_may_have_more, no_rate_is_no_limit));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_checked_fixture(k, set_up, tear_down);
	tcase_add_loop_test(k, one_who_asks_little_is_always_served, 0, 4);
	return test_suite_run(s);
}
