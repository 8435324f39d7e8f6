/* Strategies: which one is in force, what a device is told, what it is told to forget. */
#include "admin/data/accounts.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/strategies.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <string.h>

#define NOW 1790000000000ll

static char told[400];

static int tell(const char *key, const char *value, void *arg)
{
	size_t n = strlen(told);

	(void)arg;
	ck_ok(hws_fmt(told + n, sizeof(told) - n, "%s=%s;", key, value));
	return HWS_OK;
}

static struct dat_strategy_due due(const char *device, int64_t has)
{
	struct dat_strategy_due d = { 0 };

	told[0] = '\0';
	ck_ok(dat_strategy_due(test_conn, device, has, tell, NULL, &d));
	return d;
}

static void strategy(const char *name, const char *key, const char *value, char guid[DAT_GUID_TEXT])
{
	struct dat_option o[2] = { 0 };

	ck_ok(dat_strategy_add(test_conn, name, "", NOW, guid));
	ck_ok(hws_str_copy(o[0].key, sizeof(o[0].key), key));
	ck_ok(hws_str_copy(o[0].value, sizeof(o[0].value), value));
	ck_ok(hws_str_copy(o[1].key, sizeof(o[1].key), "all"));
	ck_ok(hws_str_copy(o[1].value, sizeof(o[1].value), name));
	ck_ok(dat_strategy_set_options(test_conn, guid, o, 2, NOW));
}

START_TEST(the_nearest_is_in_force)
{
	char dev[DAT_GUID_TEXT], ann[DAT_GUID_TEXT], group[DAT_GUID_TEXT];
	char s[4][DAT_GUID_TEXT];

	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = "ann", .status = DAT_ENABLED }, NOW,
			ann));
	ck_ok(dat_group_add(test_conn, DAT_DEVICE_GROUP, "g", "", NOW, group));
	ck_ok(dat_device_register(test_conn, "1", "u", false, NOW, dev));
	ck_ok(dat_device_change(test_conn, dev,
			&(struct dat_device_change){ .owner_guid = ann, .group_guid = group },
			NOW));
	ck_assert_int_eq(due(dev, 0).modified_at, 0);
	strategy("default", "a", "1", s[0]);
	strategy("group", "b", "1", s[1]);
	strategy("user", "c", "1", s[2]);
	strategy("device", "d", "1", s[3]);
	ck_ok(dat_strategy_change(test_conn, s[0], NULL, NULL, -1, -1, 1, NOW));
	ck_assert_str_eq(due(dev, 0).guid, s[0]);
	ck_ok(dat_strategy_assign(test_conn, s[1], DAT_TARGET_DEVICE_GROUP, group, NOW));
	ck_assert_str_eq(due(dev, 0).guid, s[1]);
	ck_ok(dat_strategy_assign(test_conn, s[2], DAT_TARGET_USER, ann, NOW));
	ck_assert_str_eq(due(dev, 0).guid, s[2]);
	ck_ok(dat_strategy_assign(test_conn, s[3], DAT_TARGET_DEVICE, dev, NOW));
	ck_assert_str_eq(due(dev, 0).guid, s[3]);
	/* off is unmanaged: nothing further down steps in */
	ck_ok(dat_strategy_change(test_conn, s[3], NULL, NULL, 0, -1, -1, NOW));
	ck_assert_str_eq(due(dev, 0).guid, "");
	ck_ok(dat_strategy_assign(test_conn, "", DAT_TARGET_DEVICE, dev, NOW));
	ck_assert_str_eq(due(dev, 0).guid, s[2]);
	ck_assert_int_eq(dat_strategy_assign(test_conn, s[3], DAT_TARGET_DEVICE, "none", NOW),
			HWS_ERR_NOTFOUND);
	/* only one is the default */
	ck_ok(dat_strategy_change(test_conn, s[1], NULL, NULL, -1, -1, 1, NOW));
}
END_TEST

START_TEST(a_device_is_told_once_and_told_to_forget)
{
	char dev[DAT_GUID_TEXT], one[DAT_GUID_TEXT], two[DAT_GUID_TEXT];
	struct dat_strategy_due d;
	int64_t first;

	ck_ok(dat_device_register(test_conn, "1", "u", false, NOW, dev));
	strategy("one", "a", "1", one);
	strategy("two", "b", "2", two);
	ck_ok(dat_strategy_assign(test_conn, one, DAT_TARGET_DEVICE, dev, NOW));
	d = due(dev, 0);
	ck_assert(d.send);
	ck_assert_str_eq(told, "a=1;all=one;");
	first = d.modified_at;
	d = due(dev, first);
	ck_assert(!d.send);
	ck_assert_str_eq(told, "");
	ck_ok(dat_strategy_assign(test_conn, two, DAT_TARGET_DEVICE, dev, NOW));
	d = due(dev, first);
	ck_assert(d.send && d.modified_at != first);
	ck_assert_str_eq(told, "all=two;b=2;a=;");
	/* it did not hear: once more */
	due(dev, first);
	ck_assert_str_eq(told, "all=two;b=2;a=;");
	due(dev, d.modified_at);
	ck_ok(dat_strategy_assign(test_conn, "", DAT_TARGET_DEVICE, dev, NOW));
	d = due(dev, d.modified_at);
	ck_assert(d.send && d.modified_at == 0);
	ck_assert_str_eq(told, "all=;b=;");
	d = due(dev, 0);
	ck_assert(!d.send);
	due(dev, 0);
	ck_assert_str_eq(told, "");
}
END_TEST

START_TEST(an_enforced_one_is_told_each_time)
{
	char dev[DAT_GUID_TEXT], one[DAT_GUID_TEXT];
	struct dat_strategy s;

	ck_ok(dat_device_register(test_conn, "1", "u", false, NOW, dev));
	strategy("one", "a", "1", one);
	ck_ok(dat_strategy_change(test_conn, one, "uno", "n", -1, 1, -1, NOW));
	ck_ok(dat_strategy_assign(test_conn, one, DAT_TARGET_DEVICE, dev, NOW));
	ck_ok(dat_strategy_get(test_conn, one, &s));
	ck_assert_str_eq(s.name, "uno");
	ck_assert_int_eq(s.targets, 1);
	for (int i = 0; i < 3; i++) {
		ck_assert(due(dev, i ? s.modified_at : 0).send);
		ck_assert_str_eq(told, "a=1;all=one;");
	}
	ck_ok(dat_strategy_remove(test_conn, one));
	ck_assert(due(dev, s.modified_at).send);
	ck_assert_str_eq(told, "a=;all=;");
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/strategies",
			TESTS(the_nearest_is_in_force, a_device_is_told_once_and_told_to_forget,
					an_enforced_one_is_told_each_time));
}
