/* Accounting per address: against a model, at its bounds, and with failing allocations. */
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/daemon/admit.h"

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		ss.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		ss.ss_family = AF_INET6;
	else
		ck_abort_msg("bad address %s", text);
	return ss;
}

static struct sockaddr_storage numbered(uint32_t n)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET };

	((struct sockaddr_in *)&ss)->sin_addr.s_addr = htonl(0x0a000000 + n);
	return ss;
}

static struct hws_admit *make(uint32_t entries, uint32_t links, uint64_t rate, uint64_t burst)
{
	struct hws_admit_conf conf = {
		.max_entries = entries, .max_links = links, .rate = rate, .burst = burst
	};
	struct hws_admit *a;

	ck_assert_int_eq(hws_admit_new(&conf, &a), HWS_OK);
	return a;
}

START_TEST(links_are_counted_per_address_and_given_back)
{
	struct hws_admit *a = make(100, 2, 0, 0);
	struct sockaddr_storage one = address("192.0.2.1"), two = address("192.0.2.2"),
				mapped = address("::ffff:192.0.2.1");

	ck_assert(hws_admit_open(a, &one, 1));
	ck_assert(hws_admit_open(a, &mapped, 1)); /* the same address */
	ck_assert(!hws_admit_open(a, &one, 1));
	ck_assert(hws_admit_open(a, &two, 1));
	ck_assert_uint_eq(hws_admit_count(a), 2);
	hws_admit_close(a, &one);
	ck_assert(hws_admit_open(a, &mapped, 1));
	hws_admit_close(a, &one);
	hws_admit_close(a, &one);
	hws_admit_close(a, &one); /* once too often */
	hws_admit_close(a, &two);
	ck_assert_uint_eq(hws_admit_count(a), 0);
	hws_admit_free(a);
	hws_admit_free(NULL);
}
END_TEST

START_TEST(ipv6_counts_by_64_and_other_families_are_free)
{
	struct hws_admit *a = make(100, 1, 1, 1);
	struct sockaddr_storage one = address("2001:db8:0:1::1"),
				same = address("2001:db8:0:1:ffff::2"),
				other = address("2001:db8:0:2::1"),
				local = { .ss_family = AF_UNIX };

	ck_assert(hws_admit_open(a, &one, 1));
	ck_assert(!hws_admit_open(a, &same, 1));
	ck_assert(hws_admit_open(a, &other, 1));
	for (int i = 0; i < 10; i++) {
		ck_assert(hws_admit_open(a, &local, 1));
		ck_assert(hws_admit_event(a, &local, 1, 1));
	}
	hws_admit_free(a);
}
END_TEST

START_TEST(a_48_of_ipv6_is_worth_four_addresses)
{
	struct hws_admit *a = make(1000, 2, 1, 10);
	unsigned open = 0, events = 0;

	for (unsigned i = 0; i < 100; i++) {
		char text[40];
		struct sockaddr_storage ss;

		snprintf(text, sizeof(text), "2001:db8:5:%x::1", i);
		ss = address(text);
		open += hws_admit_open(a, &ss, 1) + hws_admit_open(a, &ss, 1);
		for (int k = 0; k < 10; k++)
			events += hws_admit_event(a, &ss, 1, 1);
	}
	ck_assert_uint_eq(open, 8);
	ck_assert_uint_eq(events, 40);
	for (unsigned i = 0; i < 4; i++) {
		char text[40];
		struct sockaddr_storage ss;

		snprintf(text, sizeof(text), "2001:db8:5:%x::1", i);
		ss = address(text);
		hws_admit_close(a, &ss);
		hws_admit_close(a, &ss);
	}
	struct sockaddr_storage late = address("2001:db8:5:99::1"),
				other = address("2001:db8:6::1");

	ck_assert(hws_admit_open(a, &late, 1)); /* given back for the network, too */
	ck_assert(hws_admit_event(a, &other, 10, 1));
	hws_admit_free(a);
}
END_TEST

/* Sixteen addresses that take all they get leave room, whatever one of them may have. */
START_TEST(who_takes_much_leaves_room)
{
	struct hws_admit_conf conf = { .max_entries = 1000, .max_links = 1000, .max_total = 1000 };
	struct sockaddr_storage last = numbered(999);
	struct hws_admit *a;
	unsigned open = 0;

	ck_assert_int_eq(hws_admit_new(&conf, &a), HWS_OK);
	for (bool more = true; more;) {
		more = false;
		for (uint32_t i = 0; i < 16; i++) {
			struct sockaddr_storage ss = numbered(i);

			if (hws_admit_open(a, &ss, 1)) {
				open++;
				more = true;
			}
		}
	}
	ck_assert_uint_gt(open, 900);
	ck_assert_uint_lt(open, 1000);
	ck_assert(hws_admit_open(a, &last, 1));
	hws_admit_close(a, &last);
	hws_admit_free(a);
}
END_TEST

START_TEST(events_have_a_burst_and_a_rate_per_address)
{
	struct hws_admit *a = make(100, 0, 10, 3);
	struct hws_admit_conf more = { .max_entries = 100, .rate = 1000, .burst = 1000 };
	struct sockaddr_storage one = address("192.0.2.1"), two = address("192.0.2.2");

	for (int i = 0; i < 3; i++)
		ck_assert(hws_admit_event(a, &one, 1, 1000000));
	ck_assert(!hws_admit_event(a, &one, 1, 1000000));
	ck_assert(hws_admit_event(a, &two, 3, 1000000));
	ck_assert(hws_admit_event(a, &one, 1, 1100000));
	hws_admit_set_conf(a, &more); /* reload reaches known addresses */
	ck_assert(hws_admit_event(a, &one, 900, 2100000));
	hws_admit_free(a);
}
END_TEST

START_TEST(a_full_table_forgets_the_oldest_idle_address_only)
{
	struct hws_admit *a = make(3, 5, 10, 1);
	struct hws_admit_conf less = { 1, 5, 10, 1 };
	struct sockaddr_storage s[6];

	for (uint32_t i = 0; i < 6; i++)
		s[i] = numbered(i);
	ck_assert(hws_admit_open(a, &s[0], 1));
	ck_assert(hws_admit_event(a, &s[1], 1, 1));
	ck_assert(hws_admit_event(a, &s[2], 1, 1));
	ck_assert(!hws_admit_event(a, &s[1], 1, 1)); /* used again: 2 is the oldest now */
	ck_assert(hws_admit_event(a, &s[3], 1, 1));
	ck_assert_uint_eq(hws_admit_count(a), 3);
	ck_assert(!hws_admit_event(a, &s[1], 1, 1)); /* still known */
	ck_assert(hws_admit_open(a, &s[1], 1));
	ck_assert(hws_admit_open(a, &s[2], 1));  /* in place of 3 */
	ck_assert(!hws_admit_open(a, &s[4], 1)); /* all three have links */
	ck_assert(!hws_admit_event(a, &s[4], 1, 1));
	hws_admit_close(a, &s[0]);
	ck_assert(hws_admit_open(a, &s[4], 1));
	hws_admit_set_conf(a, &less);
	ck_assert_uint_eq(hws_admit_count(a), 3); /* open links are not forgotten */
	hws_admit_free(a);
}
END_TEST

START_TEST(behaves_as_a_plain_count_under_random_use)
{
	static unsigned links[3000];
	struct hws_admit *a = make(100000, 4, 0, 0);
	uint32_t used = 0;

	memset(links, 0, sizeof(links));
	for (int i = 0; i < 200000; i++) {
		uint32_t n = hws_rand_below(3000);
		struct sockaddr_storage s = numbered(n);

		if (hws_rand_below(5) < 3) {
			ck_assert_int_eq(hws_admit_open(a, &s, 1), links[n] < 4);
			if (links[n] < 4)
				used += links[n]++ == 0;
		} else {
			hws_admit_close(a, &s);
			if (links[n])
				used -= --links[n] == 0;
		}
		ck_assert_uint_eq(hws_admit_count(a), used);
	}
	hws_admit_free(a);
}
END_TEST

START_TEST(without_memory_it_refuses_instead_of_growing)
{
	for (unsigned long n = 1; n < 12; n++) {
		struct hws_admit_conf conf = { 100000, 1, 0, 0 };
		struct hws_admit *a = NULL;
		uint32_t open = 0;

		hws_mem_fail_at(n);
		if (hws_admit_new(&conf, &a) == HWS_OK) {
			for (uint32_t i = 0; i < 300; i++) {
				struct sockaddr_storage s = numbered(i);

				open += hws_admit_open(a, &s, 1);
			}
			ck_assert_uint_eq(hws_admit_count(a), open);
		} else {
			ck_assert_uint_eq(n, 1);
		}
		hws_mem_fail_at(0);
		hws_admit_free(a);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon/admit");
	TCase *t = tcase_create("admit");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, links_are_counted_per_address_and_given_back);
	tcase_add_test(t, ipv6_counts_by_64_and_other_families_are_free);
	tcase_add_test(t, a_48_of_ipv6_is_worth_four_addresses);
	tcase_add_test(t, who_takes_much_leaves_room);
	tcase_add_test(t, events_have_a_burst_and_a_rate_per_address);
	tcase_add_test(t, a_full_table_forgets_the_oldest_idle_address_only);
	tcase_add_test(t, behaves_as_a_plain_count_under_random_use);
	tcase_add_test(t, without_memory_it_refuses_instead_of_growing);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
