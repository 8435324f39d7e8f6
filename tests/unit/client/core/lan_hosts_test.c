/* The hosts that can be woken, and their file. */
#include "client/core/lan_hosts.h"
#include "shared/base/str.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct hws_lan_hosts *list, *again;

static void set_up(void)
{
	list = calloc(1, sizeof(*list));
	again = calloc(1, sizeof(*again));
	ck_assert(list && again);
}

static void tear_down(void)
{
	free(list);
	free(again);
}

static void put(const char *id, const char *hostname, const char *mac)
{
	struct hws_lan_host h = { .has_mac = true };

	ck_assert_int_eq(hws_str_copy(h.id, sizeof(h.id), id), HWS_OK);
	ck_assert_int_eq(hws_str_copy(h.hostname, sizeof(h.hostname), hostname), HWS_OK);
	ck_assert_int_eq(hws_lan_mac_parse(mac, h.mac), HWS_OK);
	hws_lan_hosts_put(list, &h);
}

START_TEST(what_was_found_is_there_again)
{
	char dir[256], path[300];
	struct hws_error err = { 0 };

	snprintf(path, sizeof(path), "%s/lan.json", test_dir(dir, sizeof(dir)));
	ck_assert_int_eq(hws_lan_hosts_load(again, path, &err), HWS_OK);
	ck_assert_uint_eq(again->count, 0);
	put("111111", "Büro \"1\"", "00:11:22:33:44:55");
	put("222222", "pc2", "00:11:22:33:44:66");
	put("222222", "pc2", "00:11:22:33:44:77"); /* a second card */
	put("111111", "renamed", "00:11:22:33:44:55");
	ck_assert_uint_eq(list->count, 3);
	ck_assert_int_eq(hws_lan_hosts_store(list, path, &err), HWS_OK);
	ck_assert_int_eq(hws_lan_hosts_load(again, path, &err), HWS_OK);
	ck_assert_uint_eq(again->count, 3);
	ck_assert_str_eq(again->host[0].hostname, "renamed");
	ck_assert_uint_eq(hws_lan_hosts_find(again, "PC2", 0), 2);
	ck_assert_uint_eq(hws_lan_hosts_find(again, "PC2", 2), 3);
	ck_assert_uint_eq(hws_lan_hosts_find(again, "PC2", 3), 0);
	ck_assert_uint_eq(hws_lan_hosts_find(again, "111111", 0), 1);
	ck_assert_uint_eq(hws_lan_hosts_find(again, "", 0), 0);
}
END_TEST

START_TEST(the_oldest_gives_way)
{
	char id[20], mac[20];

	for (unsigned i = 0; i < HWS_LAN_HOSTS_MAX + 10; i++) {
		snprintf(id, sizeof(id), "%09u", i);
		snprintf(mac, sizeof(mac), "00:00:00:00:%02x:%02x", i >> 8, (i & 255) | 1);
		put(id, "", mac);
	}
	ck_assert_uint_eq(list->count, HWS_LAN_HOSTS_MAX);
	ck_assert_uint_eq(hws_lan_hosts_find(list, "000000009", 0), 0);
	ck_assert_uint_eq(hws_lan_hosts_find(list, "000000010", 0), HWS_LAN_HOSTS_MAX);
}
END_TEST

START_TEST(damage_is_said_and_odd_entries_are_left_out)
{
	ck_assert_int_eq(hws_lan_hosts_parse(again, hws_bytes_str("{")), HWS_ERR_CORRUPT);
	ck_assert_int_eq(hws_lan_hosts_parse(again, hws_bytes_str("{\"hosts\":7}")),
			HWS_ERR_CORRUPT);
	ck_assert_int_eq(
			hws_lan_hosts_parse(again,
					hws_bytes_str("{\"hosts\":[7,{\"id\":\"a\"},{\"id\":\"b\",\"mac\":\"x\"},"
						      "{\"id\":\"c\",\"mac\":\"001122334455\",\"hostname\":5}]}")),
			HWS_OK);
	ck_assert_uint_eq(again->count, 1);
	ck_assert_str_eq(again->host[0].id, "c");
}
END_TEST

int main(void)
{
	return test_main("lan_hosts", 60, set_up, tear_down,
			TESTS(what_was_found_is_there_again, the_oldest_gives_way,
					damage_is_said_and_odd_entries_are_left_out));
}
