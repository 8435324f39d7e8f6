/* Brakes on guessing, on both engines. */
#include "admin/data/login_log.h"
#include "tests/unit/admin/engines.h"
#include <stdio.h>
#include <string.h>

#define NOW 1790000000000ll
#define MINUTE 60000ll

static const struct dat_login_brake brake = { 3, 15 * MINUTE };

static int try_at(const char *name, const char *ip, enum dat_login_step step, int64_t now,
		struct dat_login_turn *turn)
{
	struct dat_login_try t = { .name = name, .ip = ip, .via = "client" };

	return dat_login_begin(test_conn, &t, step, &brake, now, turn);
}

static void fail_at(const char *name, const char *ip, int64_t now)
{
	struct dat_login_turn turn;

	ck_ok(try_at(name, ip, DAT_LOGIN_PASSWORD, now, &turn));
	ck_ok(dat_login_end(test_conn, turn.guid, NULL, DAT_LOGIN_WRONG));
}

static void succeed_at(const char *name, const char *ip, int64_t now)
{
	struct dat_login_turn turn;

	ck_ok(try_at(name, ip, DAT_LOGIN_PASSWORD, now, &turn));
	ck_ok(dat_login_end(test_conn, turn.guid, NULL, DAT_LOGIN_OK));
}

START_TEST(a_name_is_braked_for_the_address_that_guesses)
{
	struct dat_login_turn turn;

	/* an attempt counts before it is known how it ends */
	ck_ok(try_at("Ann", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW, &turn));
	ck_assert(!turn.last);
	fail_at("ann", "192.0.2.1", NOW + 1);
	ck_ok(try_at("ANN", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 2, &turn));
	ck_assert(turn.last);
	ck_assert_int_eq(try_at("ann", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 3, &turn),
			HWS_ERR_DENIED);
	/* nobody else is */
	ck_ok(try_at("ann", "192.0.2.2", DAT_LOGIN_PASSWORD, NOW + 3, &turn));
	ck_ok(try_at("ben", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 3, &turn));
	/* and it passes */
	ck_ok(try_at("ann", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 15 * MINUTE + 1, &turn));
}
END_TEST

START_TEST(who_comes_in_begins_anew)
{
	struct dat_login_turn turn;

	fail_at("ann", "192.0.2.1", NOW);
	fail_at("ann", "192.0.2.1", NOW + 1);
	succeed_at("ann", "192.0.2.1", NOW + 2);
	fail_at("ann", "192.0.2.1", NOW + 3);
	fail_at("ann", "192.0.2.1", NOW + 4);
	fail_at("ann", "192.0.2.1", NOW + 5);
	ck_assert_int_eq(try_at("ann", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 6, &turn),
			HWS_ERR_DENIED);
	ck_ok(dat_login_forgive(test_conn, &(struct dat_account){ .name = "ANN" }, NOW + 7));
	ck_ok(try_at("ann", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 8, &turn));
}
END_TEST

START_TEST(a_name_and_an_address_of_one_account_are_one)
{
	static const struct dat_account ann = {
		.guid = "a-guid", .name = "Ann", .email = "Ann@Example.org"
	};
	struct dat_login_try t = { .account = &ann, .ip = "192.0.2.1", .via = "client" };
	static const char *const typed[] = { "ann@example.org", "ann", "ANN@example.org" };
	struct dat_login_turn turn;

	for (size_t i = 0; i < HWS_COUNT(typed); i++) {
		t.name = typed[i];
		ck_ok(dat_login_begin(test_conn, &t, DAT_LOGIN_PASSWORD, &brake, NOW, &turn));
		ck_assert_int_eq(turn.last, i == 2);
		ck_ok(dat_login_end(test_conn, turn.guid, ann.guid, DAT_LOGIN_WRONG));
	}
	for (size_t i = 0; i < 2; i++) {
		t.name = typed[i];
		ck_assert_int_eq(dat_login_begin(test_conn, &t, DAT_LOGIN_PASSWORD, &brake, NOW + 1,
						 &turn),
				HWS_ERR_DENIED);
	}
	/* somebody else with that name elsewhere, who came in, vouches for nobody */
	succeed_at("ann@example.org", "192.0.2.1", NOW + 2);
	ck_assert_int_eq(dat_login_begin(test_conn, &t, DAT_LOGIN_PASSWORD, &brake, NOW + 3, &turn),
			HWS_ERR_DENIED);
	/* who has no address is no one with what cannot be a name */
	for (int i = 0; i < 3; i++)
		fail_at("\xff", "192.0.2.9", NOW);
	t = (struct dat_login_try){ .name = "ben",
		.account = &(struct dat_account){ .name = "ben" },
		.ip = "192.0.2.9",
		.via = "client" };
	ck_ok(dat_login_begin(test_conn, &t, DAT_LOGIN_PASSWORD, &brake, NOW + 4, &turn));
	ck_ok(dat_login_forgive(test_conn, &ann, NOW + 5));
	t = (struct dat_login_try){
		.name = "ann", .account = &ann, .ip = "192.0.2.1", .via = "client"
	};
	ck_ok(dat_login_begin(test_conn, &t, DAT_LOGIN_PASSWORD, &brake, NOW + 6, &turn));
}
END_TEST

START_TEST(an_attacker_has_a_net_of_ipv6)
{
	struct dat_login_turn turn;

	fail_at("ann", "2001:db8:1:2::1", NOW);
	fail_at("ann", "2001:db8:1:2:ffff::2", NOW);
	fail_at("ann", "2001:db8:1:2:3:4:5:6", NOW);
	ck_assert_int_eq(try_at("ann", "2001:db8:1:2::77", DAT_LOGIN_PASSWORD, NOW + 1, &turn),
			HWS_ERR_DENIED);
	ck_ok(try_at("ann", "2001:db8:1:3::1", DAT_LOGIN_PASSWORD, NOW + 1, &turn));
	/* IPv4 in IPv6 is IPv4 */
	fail_at("ben", "::ffff:192.0.2.9", NOW);
	fail_at("ben", "192.0.2.9", NOW);
	fail_at("ben", "::ffff:192.0.2.9", NOW);
	ck_assert_int_eq(try_at("ben", "192.0.2.9", DAT_LOGIN_PASSWORD, NOW + 1, &turn),
			HWS_ERR_DENIED);
	ck_ok(try_at("ben", "::ffff:192.0.2.10", DAT_LOGIN_PASSWORD, NOW + 1, &turn));
}
END_TEST

START_TEST(strangers_lock_nobody_out_where_they_are_known)
{
	struct dat_login_turn turn;
	char ip[32];

	succeed_at("ann", "198.51.100.1", NOW - DAT_DAY_MS);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(ip, sizeof(ip), "203.0.113.%d", i);
		fail_at("ann", ip, NOW + i);
	}
	ck_assert_int_eq(try_at("ann", "203.0.113.200", DAT_LOGIN_PASSWORD, NOW + 40, &turn),
			HWS_ERR_DENIED);
	ck_ok(try_at("ann", "198.51.100.1", DAT_LOGIN_PASSWORD, NOW + 40, &turn));
}
END_TEST

START_TEST(one_address_with_many_names_is_braked)
{
	struct dat_login_turn turn;
	char name[32];

	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "user %d", i);
		fail_at(name, "192.0.2.1", NOW + i);
	}
	ck_assert_int_eq(try_at("another", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 40, &turn),
			HWS_ERR_DENIED);
}
END_TEST

START_TEST(codes_are_braked_by_the_account)
{
	struct dat_login_turn turn;
	char ip[32];

	for (int i = 0; i < 3; i++) {
		(void)snprintf(ip, sizeof(ip), "203.0.113.%d", i);
		/* the password is known there: that half does not count, the code does */
		ck_ok(try_at("ann", ip, DAT_LOGIN_PASSWORD, NOW + i, &turn));
		ck_ok(dat_login_end(test_conn, turn.guid, NULL, DAT_LOGIN_HALF));
		ck_ok(try_at("ann", ip, DAT_LOGIN_CODE, NOW + i, &turn));
		ck_ok(dat_login_end(test_conn, turn.guid, NULL, DAT_LOGIN_WRONG));
	}
	ck_ok(try_at("ann", "203.0.113.50", DAT_LOGIN_PASSWORD, NOW + 9, &turn));
	ck_assert_int_eq(try_at("ann", "203.0.113.50", DAT_LOGIN_CODE, NOW + 9, &turn),
			HWS_ERR_DENIED);
}
END_TEST

static int note_braked(const char *name_key, int64_t until, void *arg)
{
	ck_assert_str_eq(name_key, "ann");
	*(int64_t *)arg = until;
	return HWS_OK;
}

START_TEST(what_cannot_be_a_name_is_counted_too)
{
	struct dat_login_turn turn;
	int64_t until = 0, n = 0;
	char huge[400];

	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	for (int i = 0; i < 3; i++)
		fail_at(huge, "192.0.2.1", NOW + i);
	ck_assert_int_eq(try_at("\xff\xfe", "192.0.2.1", DAT_LOGIN_PASSWORD, NOW + 5, &turn),
			HWS_ERR_DENIED);
	fail_at("ann", "192.0.2.1", NOW);
	fail_at("ann", "192.0.2.1", NOW + 1);
	ck_ok(dat_login_sweep(test_conn, 1, NOW + DAT_DAY_MS + 3, &n));
	ck_assert_int_eq(n, 5);
	for (int i = 0; i < 3; i++)
		fail_at("Ann", "192.0.2.1", NOW + i);
	ck_ok(dat_login_braked(test_conn, &brake, NOW + 9, note_braked, &until));
	ck_assert_int_eq(until, NOW + 2 + 15 * MINUTE);
}
END_TEST

int main(void)
{
	return test_engines_main("login_log",
			TESTS(a_name_is_braked_for_the_address_that_guesses,
					who_comes_in_begins_anew,
					a_name_and_an_address_of_one_account_are_one,
					an_attacker_has_a_net_of_ipv6,
					strangers_lock_nobody_out_where_they_are_known,
					one_address_with_many_names_is_braked,
					codes_are_braked_by_the_account,
					what_cannot_be_a_name_is_counted_too));
}
