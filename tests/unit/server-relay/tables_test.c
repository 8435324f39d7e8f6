/* What all threads share: who waits, what is announced, what an address uses; and the rates. */
#include "server-relay/addrs.h"
#include "server-relay/pairing.h"
#include "server-relay/rate.h"
#include "server-relay/tickets.h"
#include "shared/net/addr.h"
#include "shared/wire/limits.h"
#include "tests/unit/server-relay/suites.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- rates ------------------------------------------------------------------------------------ */

START_TEST(a_rate_is_kept_over_time)
{
	const uint64_t rates[] = { 1, 1000, 125000, 10u << 20, 10ull << 30 };

	for (size_t k = 0; k < 5; k++) {
		struct rly_rate r = { 0 };
		uint64_t used = 0, now = 5000000;

		for (int i = 0; i < 20000; i++) {
			now += 1 + (uint64_t)(i * 7919 % 2000); /* about a millisecond */
			int64_t c = rly_rate_credit(&r, rates[k], now);

			if (c > 0) {
				uint64_t n = (uint64_t)c / 2 + 1;

				rly_rate_charge(&r, n);
				used += n;
			}
		}
		double want = (double)rates[k] * (double)(now - 5000000) / 1e6;
		double burst = (double)rates[k] / 10 > RLY_RATE_MIN_BURST ? (double)rates[k] / 10
									  : RLY_RATE_MIN_BURST;

		ck_assert_msg((double)used <= want + burst + 2 && (double)used >= want * 0.98,
				"rate %llu: %llu of %.0f", (unsigned long long)rates[k],
				(unsigned long long)used, want);
	}
}
END_TEST

/* Two threads read their clocks at different times. */
START_TEST(a_clock_that_runs_behind_refills_nothing)
{
	struct rly_rate r = { 0 };

	(void)rly_rate_credit(&r, 1000000, 5000000);
	rly_rate_charge(&r, 300000);
	int64_t before = rly_rate_credit(&r, 1000000, 5000100);

	ck_assert_int_lt(before, 0);
	for (uint64_t back = 1; back < 5000000; back *= 3)
		ck_assert_int_eq(rly_rate_credit(&r, 1000000, 5000100 - back), before);
	ck_assert_int_gt(rly_rate_credit(&r, 1000000, 5500000), before);
}
END_TEST

/* --- pairing ---------------------------------------------------------------------------------- */

static struct rly_leg *fake(uintptr_t n)
{
	return (struct rly_leg *)(n * 16);
}

START_TEST(two_meet_and_a_third_does_not)
{
	static const char *const uuids[] = { "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e",
		"8F14E45F-CEEA-467F-A0E6-0D6A2F3C1B9E", "anything", "x" };
	struct rly_entry *e, *first[4];
	struct rly_pairing *p;
	enum rly_join how;
	char text[HWS_UUID_MAX + 1];

	ck_assert_int_eq(rly_pairing_new(100, &p), HWS_OK);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(rly_pairing_join(p, hws_bytes_str(uuids[i]), fake(i + 1), i, false,
						 &how, &first[i]),
				HWS_OK);
		ck_assert_int_eq(how, RLY_JOIN_WAIT);
		rly_entry_uuid(first[i], text, sizeof(text));
		ck_assert_str_eq(text, uuids[i]);
		ck_assert(!rly_pairing_taken(p, first[i]));
	}
	ck_assert_uint_eq(rly_pairing_waiting(p), 4);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(rly_pairing_join(p, hws_bytes_str(uuids[i]), fake(9), 7, true,
						 &how, &e),
				HWS_OK);
		ck_assert_int_eq(how, RLY_JOIN_PAIR);
		ck_assert_ptr_eq(e, first[i]);
		ck_assert_uint_eq(rly_entry_shard(e), i);
		ck_assert_ptr_eq(rly_entry_leg(e), fake(i + 1));
		ck_assert(rly_pairing_taken(p, e));
		ck_assert_int_eq(rly_pairing_join(p, hws_bytes_str(uuids[i]), fake(9), 7, false,
						 &how, &e),
				HWS_OK);
		ck_assert_int_eq(how, RLY_JOIN_USED);
		rly_pairing_end(p, first[i]);
		ck_assert_int_eq(rly_pairing_join(p, hws_bytes_str(uuids[i]), fake(9), 7, true,
						 &how, &e),
				HWS_ERR_NOTFOUND);
	}
	ck_assert_uint_eq(rly_pairing_waiting(p), 0);
	rly_pairing_free(p);
}
END_TEST

START_TEST(bad_uuids_and_too_many_are_refused)
{
	char uuid[HWS_UUID_MAX + 2];
	struct rly_entry *e;
	struct rly_pairing *p;
	enum rly_join how;

	memset(uuid, 'u', sizeof(uuid));
	ck_assert_int_eq(rly_pairing_new(2, &p), HWS_OK);
	ck_assert_int_eq(rly_pairing_join(p, hws_bytes(uuid, 0), fake(1), 0, false, &how, &e),
			HWS_ERR_PROTO);
	ck_assert_int_eq(rly_pairing_join(p, hws_bytes(uuid, HWS_UUID_MAX + 1), fake(1), 0, false,
					 &how, &e),
			HWS_ERR_PROTO);
	for (size_t n = HWS_UUID_MAX - 2; n <= HWS_UUID_MAX; n++)
		ck_assert_int_eq(rly_pairing_join(p, hws_bytes(uuid, n), fake(1), 0, false, &how,
						 &e),
				n < HWS_UUID_MAX ? HWS_OK : HWS_ERR_FULL);
	rly_pairing_free(p);
}
END_TEST

START_TEST(a_leg_leaves_unless_it_was_taken)
{
	struct rly_entry *e, *same;
	struct rly_pairing *p;
	enum rly_join how;

	ck_assert_int_eq(rly_pairing_new(2, &p), HWS_OK);
	ck_assert_int_eq(rly_pairing_join(p, hws_bytes("a", 1), fake(1), 0, false, &how, &e),
			HWS_OK);
	ck_assert(rly_pairing_leave(p, e));
	ck_assert_uint_eq(rly_pairing_waiting(p), 0);
	ck_assert_int_eq(rly_pairing_join(p, hws_bytes("a", 1), fake(1), 0, false, &how, &e),
			HWS_OK);
	ck_assert_int_eq(rly_pairing_join(p, hws_bytes("a", 1), fake(2), 1, false, &how, &same),
			HWS_OK);
	ck_assert(!rly_pairing_leave(p, e));
	ck_assert_ptr_null(rly_entry_leg(same));
	rly_pairing_end(p, same);
	rly_pairing_free(p);
}
END_TEST

#define THREADS 4
#define UUIDS 20000

struct racer {
	pthread_t thread;
	struct rly_pairing *pairing;
	unsigned n, waits, pairs;
	struct rly_entry **taken;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	for (unsigned i = 0; i < UUIDS; i++) {
		struct rly_entry *e;
		enum rly_join how;
		char uuid[40];

		/* each uuid is used by two threads */
		snprintf(uuid, sizeof(uuid), "%08x-0000-4000-8000-%012x", r->n / 2, i);
		if (rly_pairing_join(r->pairing, hws_bytes_str(uuid), fake(r->n + 1), r->n, false,
				    &how, &e) < 0)
			break;
		if (how == RLY_JOIN_WAIT) {
			r->waits++;
		} else {
			r->pairs++;
			r->taken[i] = e;
		}
	}
	return NULL;
}

START_TEST(those_that_come_at_the_same_moment_always_meet)
{
	static struct rly_entry *taken[THREADS][UUIDS];
	struct racer r[THREADS];
	struct rly_pairing *p;
	unsigned waits = 0, pairs = 0;

	ck_assert_int_eq(rly_pairing_new(UINT32_MAX / 2, &p), HWS_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		r[i] = (struct racer){ .pairing = p, .n = i, .taken = taken[i] };
		ck_assert_int_eq(pthread_create(&r[i].thread, NULL, race, &r[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(r[i].thread, NULL);
		waits += r[i].waits;
		pairs += r[i].pairs;
	}
	ck_assert_uint_eq(waits, THREADS / 2 * UUIDS);
	ck_assert_uint_eq(pairs, THREADS / 2 * UUIDS);
	ck_assert_uint_eq(rly_pairing_waiting(p), 0);
	for (unsigned i = 0; i < THREADS; i++)
		for (unsigned k = 0; k < UUIDS; k++)
			if (taken[i][k])
				rly_pairing_end(p, taken[i][k]);
	rly_pairing_free(p);
}
END_TEST

/* --- announcements ---------------------------------------------------------------------------- */

START_TEST(announcements_expire_are_bounded_and_revoked)
{
	struct rly_tickets *t;

	ck_assert_int_eq(rly_tickets_new(3, &t), HWS_OK);
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("a", 1), 100, 1), HWS_OK);
	ck_assert(rly_tickets_known(t, hws_bytes("a", 1), 99));
	ck_assert(!rly_tickets_known(t, hws_bytes("a", 1), 100));
	ck_assert_uint_eq(rly_tickets_count(t), 0);
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("a", 1), 100, 1), HWS_OK);
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("b", 1), 100, 2), HWS_OK);
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("c", 1), 100, 1), HWS_OK);
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("a", 1), 200, 1), HWS_OK); /* prolonged */
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("d", 1), 100, 1), HWS_OK);
	ck_assert(!rly_tickets_known(t, hws_bytes("b", 1), 1)); /* was the oldest */
	ck_assert(rly_tickets_known(t, hws_bytes("a", 1), 150));
	rly_tickets_remove(t, hws_bytes("a", 1));
	ck_assert(!rly_tickets_known(t, hws_bytes("a", 1), 1));
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("e", 1), 100, 2), HWS_OK);
	rly_tickets_remove_source(t, 1);
	ck_assert_uint_eq(rly_tickets_count(t), 1);
	ck_assert(rly_tickets_known(t, hws_bytes("e", 1), 1));
	ck_assert_int_eq(rly_tickets_add(t, hws_bytes("", 0), 100, 2), HWS_ERR_PROTO);
	rly_tickets_free(t);
}
END_TEST

START_TEST(links_are_counted_with_their_time)
{
	struct rly_tickets *t;

	ck_assert_int_eq(rly_tickets_new(3, &t), HWS_OK);
	ck_assert_uint_eq(rly_tickets_up_us(t, 1000), 0);
	rly_tickets_links(t, 1, 1000);
	rly_tickets_links(t, 2, 3000); /* a second one changes nothing */
	ck_assert_uint_eq(rly_tickets_up_us(t, 5000), 4000);
	rly_tickets_links(t, 1, 6000);
	ck_assert_uint_eq(rly_tickets_up_us(t, 7000), 6000);
	rly_tickets_links(t, 0, 8000);
	ck_assert_uint_eq(rly_tickets_up_us(t, 9000), 0);
	ck_assert_uint_eq(rly_tickets_links_up(t), 0);
	rly_tickets_links(t, 1, 10000);
	ck_assert_uint_eq(rly_tickets_up_us(t, 11000), 1000);
	rly_tickets_free(t);
}
END_TEST

/* --- addresses -------------------------------------------------------------------------------- */

static struct rly_addr *enter(struct rly_addrs *a, const char *ip, uint32_t max, int want)
{
	struct sockaddr_storage ss;
	struct rly_addr *e = NULL;

	ck_assert_int_eq(hws_addr_parse(ip, 1, &ss), HWS_OK);
	ck_assert_int_eq(rly_addr_enter(a, &ss, max, &e), want);
	return e;
}

START_TEST(addresses_count_by_ipv4_and_by_network_of_ipv6)
{
	struct rly_addr *v4[3], *v6[3], *many[500];
	struct rly_addrs *a;

	ck_assert_int_eq(rly_addrs_new(&a), HWS_OK);
	v4[0] = enter(a, "192.0.2.1", 2, HWS_OK);
	v4[1] = enter(a, "::ffff:192.0.2.1", 2, HWS_OK); /* the same one */
	ck_assert_ptr_eq(v4[0], v4[1]);
	enter(a, "192.0.2.1", 2, HWS_ERR_FULL);
	v4[2] = enter(a, "192.0.2.2", 2, HWS_OK);
	ck_assert_ptr_ne(v4[0], v4[2]);
	v6[0] = enter(a, "2001:db8::1", 0, HWS_OK);
	v6[1] = enter(a, "2001:db8::ffff:1", 0, HWS_OK); /* of the same /64 */
	v6[2] = enter(a, "2001:db8:0:1::1", 0, HWS_OK);
	ck_assert_ptr_eq(v6[0], v6[1]);
	ck_assert_ptr_ne(v6[0], v6[2]);
	ck_assert_uint_eq(rly_addrs_count(a), 4);
	ck_assert(rly_addr_wait(v4[0], 1));
	ck_assert(!rly_addr_wait(v4[0], 1));
	rly_addr_wait_end(v4[0]);
	ck_assert(rly_addr_wait(v4[0], 1));
	for (int i = 0; i < 500; i++) {
		char ip[20];

		snprintf(ip, sizeof(ip), "10.0.%d.%d", i / 250, i % 250);
		many[i] = enter(a, ip, 1, HWS_OK);
	}
	ck_assert_uint_eq(rly_addrs_count(a), 504);
	for (int i = 0; i < 500; i++)
		rly_addr_leave(a, many[i]);
	for (int i = 0; i < 3; i++) {
		rly_addr_leave(a, v4[i]);
		rly_addr_leave(a, v6[i]);
	}
	ck_assert_uint_eq(rly_addrs_count(a), 0);
	rly_addrs_free(a);
}
END_TEST

START_TEST(a_48_of_ipv6_is_not_65536_people)
{
	struct rly_addr *e[RLY_ADDR_WIDE * 2 + 1], *other;
	struct sockaddr_storage ss;
	struct rly_addrs *a;
	unsigned n = 0;

	ck_assert_int_eq(rly_addrs_new(&a), HWS_OK);
	for (unsigned i = 0; i < RLY_ADDR_WIDE; i++) {
		char ip[40];

		snprintf(ip, sizeof(ip), "2001:db8:5:%x::1", i);
		e[n++] = enter(a, ip, 2, HWS_OK);
		e[n++] = enter(a, ip, 2, HWS_OK);
		enter(a, ip, 2, HWS_ERR_FULL);
		ck_assert(rly_addr_wait(e[n - 1], 1));
		ck_assert_uint_eq(rly_addr_waiting(e[n - 1]), i + 1); /* of the whole network */
		ck_assert_uint_eq(rly_addr_legs(e[n - 1]), n);
	}
	enter(a, "2001:db8:5:ffff::1", 2, HWS_ERR_FULL);
	other = enter(a, "2001:db8:6::1", 2, HWS_OK); /* a neighbour is somebody else */
	rly_addr_leave(a, other);
	e[n++] = enter(a, "2001:db8:5:ffff::1", 0, HWS_OK);
	ck_assert(!rly_addr_wait(e[n - 1], 1));
	ck_assert_int_eq(hws_addr_parse("2001:db8:5:77::", 1, &ss), HWS_OK);
	ck_assert_uint_eq(rly_addrs_legs(a, &ss), n);
	ck_assert(rly_addr_collect(e[0], 60, 100));
	ck_assert(!rly_addr_collect(e[n - 1], 60, 100)); /* together */
	rly_addr_collect_end(e[0], 60);
	rly_addr_collect_end(e[n - 1], 60);
	for (unsigned i = 0; i < n; i++) {
		if (i < n - 1 && i % 2)
			rly_addr_wait_end(e[i]);
		rly_addr_leave(a, e[i]);
	}
	ck_assert_uint_eq(rly_addrs_count(a), 0);
	ck_assert_uint_eq(rly_addrs_legs(a, &ss), 0);
	rly_addrs_free(a);
}
END_TEST

START_TEST(a_share_leaves_room_for_others)
{
	/* so many as take all that they get leave something */
	for (unsigned n = 1; n <= 100; n++) {
		uint32_t held[100] = { 0 }, used = 0, max = 4096;

		for (bool more = true; more;) {
			more = false;
			for (unsigned i = 0; i < n; i++) {
				if (held[i] >= rly_addr_share(used, max, 4))
					continue;
				held[i]++;
				used++;
				more = true;
			}
		}
		ck_assert_uint_lt(used, max);
		ck_assert_uint_gt(used, max / 2);
	}
	ck_assert_uint_eq(rly_addr_share(10, 10, 8), 1);
	ck_assert_uint_eq(rly_addr_share(11, 10, 8), 1);
	ck_assert_uint_eq(rly_addr_share(0, UINT64_MAX / 2, 1), UINT32_MAX);
}
END_TEST

TCase *tables_case(void)
{
	TCase *t = tcase_create("tables");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_rate_is_kept_over_time);
	tcase_add_test(t, a_clock_that_runs_behind_refills_nothing);
	tcase_add_test(t, two_meet_and_a_third_does_not);
	tcase_add_test(t, bad_uuids_and_too_many_are_refused);
	tcase_add_test(t, a_leg_leaves_unless_it_was_taken);
	tcase_add_test(t, those_that_come_at_the_same_moment_always_meet);
	tcase_add_test(t, announcements_expire_are_bounded_and_revoked);
	tcase_add_test(t, links_are_counted_with_their_time);
	tcase_add_test(t, addresses_count_by_ipv4_and_by_network_of_ipv6);
	tcase_add_test(t, a_48_of_ipv6_is_not_65536_people);
	tcase_add_test(t, a_share_leaves_room_for_others);
	return t;
}
