/* Devices that wait to be let in at the ID server: who makes room for whom: on both engines. */
#include "admin/data/devices.h"
#include "admin/data/waiting.h"
#include "tests/unit/admin/engines.h"

#include <stdio.h>

#define NOW 1790000000000ll
#define MIN 60000ll
#define DAY (24 * 60 * MIN)

/* As when an ID server tells of one for the first time. */
static void waits(const char *id, const char *ip, int64_t at)
{
	char guid[DAT_GUID_TEXT];

	ck_assert_int_eq(dat_waiting_again(test_conn, id, "u", "", at), HWS_ERR_NOTFOUND);
	ck_ok(dat_waiting_room(test_conn, ip));
	ck_ok(dat_device_register(test_conn, id, "u", true, at, guid));
	ck_ok(dat_waiting_mark(test_conn, guid, ip, at));
}

static bool is_here(const char *id)
{
	struct dat_device d;
	int r = dat_device_find(test_conn, id, &d);

	ck_assert(r == HWS_OK || r == HWS_ERR_NOTFOUND);
	return r == HWS_OK;
}

static int64_t all(void)
{
	int64_t n = 0;

	ck_ok(sql_number(test_conn, "SELECT count(*) FROM device", SQL_NONE, &n));
	return n;
}

START_TEST(a_network_has_its_share_of_those_that_wait)
{
	char id[DAT_ID_TEXT], ip[DAT_IP_TEXT];

	waits("honest", "198.51.100.7", NOW - MIN);
	for (int i = 0; i < 60; i++) { /* made up */
		(void)snprintf(id, sizeof(id), "4-%d", i);
		(void)snprintf(ip, sizeof(ip), "203.0.113.%d", i);
		waits(id, ip, NOW + i);
		(void)snprintf(id, sizeof(id), "6-%d", i);
		(void)snprintf(ip, sizeof(ip), "2001:db8:1:2:%x::1", i + 1);
		waits(id, ip, NOW + i);
	}
	ck_assert_int_eq(all(), 1 + 2 * DAT_WAITING_NET_MAX);
	ck_assert(is_here("honest"));
	ck_assert(!is_here("4-27"));
	ck_assert(is_here("4-28"));
	ck_assert(!is_here("6-27"));
	ck_assert(is_here("6-28"));
	waits("neighbour", "203.0.112.1", NOW);
	ck_assert_int_eq(all(), 2 + 2 * DAT_WAITING_NET_MAX);
}
END_TEST

START_TEST(who_was_silent_for_longest_makes_room)
{
	char id[DAT_ID_TEXT], ip[DAT_IP_TEXT];
	struct dat_device d;
	struct dat_tx tx;

	waits("honest", "198.51.100.7", NOW - 20 * MIN);
	waits("looked-at", "198.51.100.8", NOW - 21 * MIN);
	ck_ok(dat_device_find(test_conn, "looked-at", &d));
	ck_ok(dat_device_set_status(test_conn, d.guid, DAT_DEVICE_ON, NOW - 21 * MIN));
	ck_ok(dat_tx_begin(&tx, test_conn)); /* one, as many would take long */
	for (int i = 0; i < DAT_WAITING_MAX + 100; i++) {
		if (i == DAT_WAITING_MAX / 2) /* it asks again, as devices do */
			ck_ok(dat_waiting_again(test_conn, "honest", "u", "k", NOW + i));
		(void)snprintf(id, sizeof(id), "m-%d", i);
		(void)snprintf(ip, sizeof(ip), "10.%d.%d.1", i / 200, i % 200);
		waits(id, ip, NOW + i);
	}
	ck_ok(dat_tx_end(&tx, HWS_OK));
	ck_assert_int_eq(all(), DAT_WAITING_MAX + 1);
	ck_assert(is_here("honest"));
	ck_assert(is_here("looked-at"));
	ck_assert(!is_here("m-0"));
	ck_assert(is_here("m-200"));
	ck_ok(dat_device_find(test_conn, "honest", &d));
	ck_assert_str_eq(d.key, "k");
	/* neither another machine's, nor the key of one that was let in */
	ck_assert_int_eq(dat_waiting_again(test_conn, "honest", "other", "", NOW), HWS_ERR_DENIED);
	ck_ok(dat_device_set_status(test_conn, d.guid, DAT_DEVICE_ON, NOW));
	ck_ok(dat_waiting_again(test_conn, "honest", "u", "K", NOW));
	ck_ok(dat_device_find(test_conn, "honest", &d));
	ck_assert_str_eq(d.key, "k");
}
END_TEST

START_TEST(who_says_nothing_for_a_day_is_forgotten)
{
	char guid[DAT_GUID_TEXT];
	struct dat_device d;

	waits("gone", "198.51.100.1", NOW);
	waits("asks", "198.51.100.2", NOW);
	waits("came", "198.51.100.3", NOW);
	waits("placed", "", NOW);
	ck_ok(dat_device_register(test_conn, "pending", "u", true, NOW, guid));
	ck_ok(dat_waiting_again(test_conn, "asks", "u", "", NOW + DAY / 2));
	/* without its row it would be a device of nobody, open to all */
	ck_ok(dat_device_find(test_conn, "came", &d));
	ck_ok(dat_waiting_over(test_conn, d.guid));
	ck_ok(dat_device_find(test_conn, "placed", &d));
	ck_ok(sql_run(test_conn,
			"INSERT INTO device_group (guid, name, name_key, created_at, updated_at) "
			"VALUES ('g', 'g', 'g', 0, 0)",
			SQL_NONE));
	ck_ok(dat_device_change(
			test_conn, d.guid, &(struct dat_device_change){ .group_guid = "g" }, NOW));
	ck_ok(dat_waiting_sweep(test_conn, NOW + DAY - 1));
	ck_assert_int_eq(all(), 5);
	ck_ok(dat_waiting_sweep(test_conn, NOW + DAY));
	ck_assert_int_eq(all(), 4);
	ck_assert(!is_here("gone"));
	ck_ok(dat_waiting_sweep(test_conn, NOW + 2 * DAY));
	ck_assert(!is_here("asks"));
	ck_assert(is_here("came"));
	ck_assert(is_here("pending"));
	ck_assert(is_here("placed"));
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/waiting",
			TESTS(a_network_has_its_share_of_those_that_wait,
					who_was_silent_for_longest_makes_room,
					who_says_nothing_for_a_day_is_forgotten));
}
