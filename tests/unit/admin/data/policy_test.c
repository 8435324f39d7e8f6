/* Devices, rules, and the decision who may reach whom: on both engines. */
#include "admin/data/accounts.h"
#include "admin/data/control_roles.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/reach.h"
#include "admin/data/rules.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <string.h>

#define NOW 1790000000000ll /* Monday 21 September 2026, 14:13 UTC */
#define MIN 60000ll

START_TEST(permissions_of_two_words)
{
	ck_assert(dat_perms_valid(0x2aaaaaa & DAT_PERMS_MASK));
	ck_assert(!dat_perms_valid(3));
	ck_assert(!dat_perms_valid(1ull << 40));
	ck_assert_uint_eq(dat_perms_over(0x5, 0x8), 0x9);
	ck_assert_uint_eq(dat_perms_over(0x9, 0), 0x9);
	ck_assert_uint_eq(dat_perms_widest(0x1, 0x2), 0x2);
	ck_assert_uint_eq(dat_perms_widest(0x5, 0x4), 0x4);
}
END_TEST

START_TEST(when_a_rule_is_open)
{
	static const struct {
		struct dat_when w;
		int64_t at;
		bool open;
	} c[] = {
		{ { 127, 0, 1440, 0, 0, 0 }, NOW, true },
		{ { 1, 0, 1440, 0, 0, 0 }, NOW, true },
		{ { 126, 0, 1440, 0, 0, 0 }, NOW, false },
		{ { 127, 853, 854, 0, 0, 0 }, NOW, true },
		{ { 127, 854, 1440, 0, 0, 0 }, NOW, false },
		{ { 127, 0, 853, 0, 0, 0 }, NOW, false },
		{ { 127, 913, 914, 60, 0, 0 }, NOW, true },
		{ { 127, 0, 1440, 0, NOW + 1, 0 }, NOW, false },
		{ { 127, 0, 1440, 0, 0, NOW }, NOW, false },
		{ { 127, 0, 1440, 0, 0, NOW + 1 }, NOW, true },
		/* from 22:00 to 06:00 of Mondays: 2:13 of Tuesday belongs to it, of Monday not */
		{ { 1, 1320, 360, 0, 0, 0 }, NOW + 12 * 60 * MIN, true },
		{ { 1, 1320, 360, 0, 0, 0 }, NOW - 12 * 60 * MIN, false },
		{ { 1, 1320, 360, 0, 0, 0 }, NOW + 9 * 60 * MIN, true },
		{ { 1, 1320, 360, 0, 0, 0 }, NOW, false },
	};

	for (size_t i = 0; i < HWS_COUNT(c); i++) {
		ck_assert(dat_when_valid(&c[i].w));
		ck_assert_msg(dat_when_open(&c[i].w, c[i].at) == c[i].open, "case %zu", i);
	}
	ck_assert(!dat_when_valid(&(struct dat_when){ .days = 128, .minute_to = 1 }));
	ck_assert(!dat_when_valid(&(struct dat_when){ .days = 1, .minute_to = 1441 }));
}
END_TEST

#define IN .logged_in = true, .viewer_enabled = true
#define DEV .device_known = true, .device_enabled = true
#define OWNED .owned = true, .owner_enabled = true

START_TEST(every_case_of_the_decision)
{
	static const struct dat_access_rule open = { true, 0, DAT_ALWAYS }, off = { 0 },
					    late = { true, 0, { 127, 0, 1, 0, 0, 0 } };
	const struct {
		struct dat_access_facts f;
		const struct dat_access_rule *rule;
		enum dat_access_why why;
		bool allowed;
	} c[] = {
		{ { IN, DEV, OWNED, .own = true }, NULL, DAT_WHY_OWNER, true },
		{ { IN, DEV, OWNED, .same_group = true }, NULL, DAT_WHY_GROUP, true },
		{ { IN, DEV, OWNED }, &open, DAT_WHY_RULE, true },
		{ { IN, DEV, OWNED }, &off, DAT_WHY_NO_RULE, false },
		{ { IN, DEV, OWNED }, &late, DAT_WHY_NOT_NOW, false },
		{ { IN, DEV, OWNED, .unowned_open = true }, NULL, DAT_WHY_NO_RULE, false },
		{ { IN, DEV, .unowned_open = true }, NULL, DAT_WHY_UNOWNED, true },
		{ { IN, DEV, .grouped = true, .unowned_open = true }, NULL, DAT_WHY_NO_RULE,
				false },
		{ { IN, DEV, .closed = true, .unowned_open = true }, NULL, DAT_WHY_NO_RULE, false },
		{ { IN, DEV, .closed = true, .unowned_open = true }, &open, DAT_WHY_RULE, true },
		{ { DEV, .closed = true, .strangers = true }, NULL, DAT_WHY_LOG_IN, false },
		{ { IN, DEV }, NULL, DAT_WHY_NO_RULE, false },
		{ { IN, .unowned_open = true }, NULL, DAT_WHY_UNOWNED, true },
		{ { DEV }, NULL, DAT_WHY_LOG_IN, false },
		{ { DEV, .unowned_open = true }, &open, DAT_WHY_LOG_IN, false },
		{ { DEV, .strangers = true }, NULL, DAT_WHY_STRANGERS, true },
		{ { DEV, OWNED, .strangers = true }, NULL, DAT_WHY_LOG_IN, false },
		{ { .logged_in = true, DEV, OWNED, .own = true }, NULL, DAT_WHY_ACCOUNT_OFF,
				false },
		{ { IN, OWNED, .own = true, .device_known = true }, NULL, DAT_WHY_DEVICE_OFF,
				false },
		{ { IN, OWNED, .own = true, .device_known = true, .device_pending = true }, NULL,
				DAT_WHY_DEVICE_PENDING, false },
		{ { IN, DEV, .owned = true }, &open, DAT_WHY_OWNER_OFF, false },
	};

	for (size_t i = 0; i < HWS_COUNT(c); i++) {
		struct dat_access a = dat_access_decide(&c[i].f, c[i].rule, c[i].rule ? 1 : 0, NOW);

		ck_assert_msg(a.allowed == c[i].allowed && a.why == c[i].why, "case %zu: %d", i,
				(int)a.why);
		ck_assert_msg((*dat_access_text(a.why) == '\0') == a.allowed, "case %zu", i);
	}
}
END_TEST

static void person(const char *name, const char *group, char guid[DAT_GUID_TEXT])
{
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = name,
					.group_guid = group,
					.role = DAT_ROLE_USER,
					.status = DAT_ENABLED },
			NOW, guid));
}

static enum dat_access_why why(const char *account, const char *id, uint64_t *ret_perms)
{
	struct dat_access a = { 0 };

	ck_ok(dat_access_check(test_conn, account, id, false, false, NOW, &a));
	*ret_perms = a.perms;
	return a.why;
}

static int count_one(const struct dat_device *d, void *arg)
{
	(void)d;
	++*(int *)arg;
	return HWS_OK;
}

/* What a decision says of each of three, and how many a list has. */
static void opens(const char *account, bool to_all, int n)
{
	static const char *const ids[] = { "owned1", "grouped1", "free1" };
	struct dat_reach reach;
	struct dat_access a;
	int64_t total;
	int rows = 0, allowed = 0;

	for (size_t i = 0; i < HWS_COUNT(ids); i++) {
		ck_ok(dat_access_check(test_conn, account, ids[i], to_all, true, NOW, &a));
		allowed += a.allowed;
	}
	ck_assert_int_eq(allowed, n);
	if (!*account)
		return;
	ck_ok(dat_reach_load(test_conn, account, true, NOW, &reach));
	ck_ok(dat_reach_devices(test_conn, &reach, (struct dat_page){ .limit = 10 }, count_one,
			&rows, &total));
	dat_reach_done(&reach);
	ck_assert_int_eq(rows, n);
}

START_TEST(removing_who_has_a_device_opens_it_to_nobody)
{
	char ann[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], dgroup[DAT_GUID_TEXT], dev[DAT_GUID_TEXT];
	struct dat_device d;

	person("ann", NULL, ann);
	person("bob", NULL, bob);
	ck_ok(dat_group_add(test_conn, DAT_DEVICE_GROUP, "dg", "", NOW, dgroup));
	ck_ok(dat_device_register(test_conn, "free1", "u", false, NOW, dev));
	ck_ok(dat_device_register(test_conn, "grouped1", "u", false, NOW, dev));
	ck_ok(dat_device_change(
			test_conn, dev, &(struct dat_device_change){ .group_guid = dgroup }, NOW));
	ck_ok(dat_device_register(test_conn, "owned1", "u", false, NOW, dev));
	ck_ok(dat_device_claim(test_conn, "owned1", "u", bob, NOW));
	opens(ann, false, 1);
	ck_ok(dat_account_remove(test_conn, bob));
	ck_ok(dat_group_remove(test_conn, DAT_DEVICE_GROUP, dgroup));
	opens(ann, false, 1);
	opens("", true, 1);
	/* by hand */
	ck_ok(dat_device_get(test_conn, dev, &d));
	ck_assert(d.closed && !*d.owner_guid);
	ck_ok(dat_device_change(test_conn, dev,
			&(struct dat_device_change){ .closed = &(bool){ false } }, NOW));
	opens(ann, false, 2);
}
END_TEST

START_TEST(rules_of_the_database_decide)
{
	char ann[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], group[DAT_GUID_TEXT], dev[DAT_GUID_TEXT];
	char rule_guid[DAT_GUID_TEXT], dgroup[DAT_GUID_TEXT];
	struct dat_control_role role;
	struct dat_rule rule = { .subj_kind = DAT_END_USER,
		.obj_kind = DAT_END_DEVICE,
		.enabled = true,
		.perms = 0x8,
		.when = DAT_ALWAYS };
	uint64_t perms;

	ck_ok(dat_group_add(test_conn, DAT_USER_GROUP, "g", "", NOW, group));
	ck_ok(dat_group_add(test_conn, DAT_DEVICE_GROUP, "dg", "", NOW, dgroup));
	person("ann", NULL, ann);
	person("bob", group, bob);
	ck_ok(dat_device_register(test_conn, "111", "u", false, NOW, dev));
	ck_ok(dat_device_claim(test_conn, "111", "u", bob, NOW));
	ck_assert_int_eq(dat_device_claim(test_conn, "111", "u", ann, NOW), HWS_ERR_EXISTS);
	ck_assert_int_eq(dat_device_claim(test_conn, "111", "v", ann, NOW), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(why(bob, "111", &perms), DAT_WHY_OWNER);
	ck_assert_int_eq(why(ann, "111", &perms), DAT_WHY_NO_RULE);
	ck_assert_int_eq(why("", "111", &perms), DAT_WHY_LOG_IN);
	ck_assert_int_eq(why("gone", "111", &perms), DAT_WHY_ACCOUNT_OFF);
	/* an end that is not there */
	ck_ok(hws_str_copy(rule.subj_guid, sizeof(rule.subj_guid), ann));
	ck_assert_int_eq(dat_rule_add(test_conn, &rule, NOW, rule_guid), HWS_ERR_NOTFOUND);
	ck_ok(hws_str_copy(rule.obj_guid, sizeof(rule.obj_guid), dev));
	ck_ok(dat_rule_add(test_conn, &rule, NOW, rule_guid));
	ck_ok(dat_control_role_builtin(test_conn, "default", &role));
	ck_ok(dat_control_role_change(
			test_conn, role.guid, NULL, NULL, -1, &(uint64_t){ 0x1 }, NOW));
	ck_assert_int_eq(why(ann, "111", &perms), DAT_WHY_RULE);
	ck_assert_uint_eq(perms, 0x9);
	/* of the owner's group, of the owner, of the device's group */
	rule.obj_kind = DAT_END_USER_GROUP;
	ck_ok(hws_str_copy(rule.obj_guid, sizeof(rule.obj_guid), group));
	ck_ok(dat_rule_replace(test_conn, rule_guid, &rule, NOW));
	ck_assert_int_eq(why(ann, "111", &perms), DAT_WHY_RULE);
	rule.obj_kind = DAT_END_USER;
	ck_ok(hws_str_copy(rule.obj_guid, sizeof(rule.obj_guid), bob));
	ck_ok(dat_rule_replace(test_conn, rule_guid, &rule, NOW));
	ck_assert_int_eq(why(ann, "111", &perms), DAT_WHY_RULE);
	rule.obj_kind = DAT_END_DEVICE_GROUP;
	ck_ok(hws_str_copy(rule.obj_guid, sizeof(rule.obj_guid), dgroup));
	ck_ok(dat_rule_replace(test_conn, rule_guid, &rule, NOW));
	ck_assert_int_eq(why(ann, "111", &perms), DAT_WHY_NO_RULE);
	ck_ok(dat_device_change(
			test_conn, dev, &(struct dat_device_change){ .group_guid = dgroup }, NOW));
	ck_assert_int_eq(why(ann, "111", &perms), DAT_WHY_RULE);
	ck_ok(dat_device_set_status(test_conn, dev, DAT_DEVICE_OFF, NOW));
	ck_assert_int_eq(why(ann, "111", &perms), DAT_WHY_DEVICE_OFF);
	ck_ok(dat_device_set_status(test_conn, dev, DAT_DEVICE_ON, NOW));
	/* with what it names a rule goes */
	ck_ok(dat_group_remove(test_conn, DAT_DEVICE_GROUP, dgroup));
	ck_assert_int_eq(dat_rule_remove(test_conn, rule_guid), HWS_ERR_NOTFOUND);
}
END_TEST

static int count(const struct dat_device *d, void *arg)
{
	(void)d;
	++*(int *)arg;
	return HWS_OK;
}

static int found(struct dat_device_filter f, int64_t want_total)
{
	int64_t total = -1;
	int n = 0;

	ck_ok(dat_device_list(test_conn, &f, (struct dat_page){ 0, 10 }, count, &n, &total));
	ck_assert_int_eq(total, want_total);
	return n;
}

START_TEST(devices_are_found_by_what_they_are)
{
	char ann[DAT_GUID_TEXT], guid[DAT_GUID_TEXT], id[20];
	struct dat_device d;

	person("ann", NULL, ann);
	for (int i = 0; i < 30; i++) {
		ck_ok(hws_fmt(id, sizeof(id), "%d", 1000 + i));
		ck_ok(dat_device_register(test_conn, id, "u", i == 7, NOW, guid));
	}
	ck_ok(dat_device_sysinfo(test_conn, "1029", "u",
			&(struct dat_sysinfo){ .hostname = "B\xc3\x9cRO-1",
					.username = "ann",
					.os = "linux / Debian" },
			NOW));
	ck_assert_int_eq(dat_device_sysinfo(test_conn, "1029", "other", &(struct dat_sysinfo){ 0 },
					 NOW),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_device_change(test_conn, guid,
			&(struct dat_device_change){ .owner_guid = ann, .note = "50% off" }, NOW));
	ck_ok(dat_device_tag(test_conn, guid, "red", true));
	ck_ok(dat_device_seen(test_conn,
			(struct dat_seen[]){ { "1029", "192.0.2.9", NOW }, { "none", "", NOW } },
			2));
	ck_assert_int_eq(found((struct dat_device_filter){ DAT_DEVICE_FILTER }, 30), 10);
	ck_assert_int_eq(found((struct dat_device_filter){ DAT_DEVICE_FILTER,
					       .search = "b\xc3\xbcro" },
					 1),
			1);
	ck_assert_int_eq(found((struct dat_device_filter){ DAT_DEVICE_FILTER, .search = "0%" }, 1),
			1);
	ck_assert_int_eq(found((struct dat_device_filter){ .status = DAT_DEVICE_PENDING }, 1), 1);
	ck_assert_int_eq(found((struct dat_device_filter){ DAT_DEVICE_FILTER, .owner_guid = ann,
					       .tag = "red", .online_since = NOW, .search = "102" },
					 1),
			1);
	ck_assert_int_eq(found((struct dat_device_filter){ DAT_DEVICE_FILTER, .unowned = true,
					       .ungrouped = true, .offline_since = NOW,
					       .order = DAT_DEVICES_BY_ONLINE },
					 29),
			10);
	ck_ok(dat_device_find(test_conn, "1029", &d));
	ck_assert_str_eq(d.owner_name, "ann");
	ck_assert_str_eq(d.last_ip, "192.0.2.9");
	ck_ok(dat_device_rename(test_conn, guid, "box", NOW));
	ck_assert_int_eq(dat_device_rename(test_conn, guid, "1001", NOW), HWS_ERR_EXISTS);
	ck_assert_int_eq(found((struct dat_device_filter){ DAT_DEVICE_FILTER, .search = "box" }, 1),
			1);
	ck_assert_int_eq(dat_device_register(test_conn, "box", "other", false, NOW, guid),
			HWS_ERR_DENIED);
	ck_ok(dat_account_remove(test_conn, ann));
	ck_ok(dat_device_find(test_conn, "box", &d));
	ck_assert_str_eq(d.owner_guid, "");
	ck_ok(dat_device_remove(test_conn, d.guid));
	ck_assert_int_eq(dat_device_find(test_conn, "box", &d), HWS_ERR_NOTFOUND);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/policy",
			TESTS(permissions_of_two_words, when_a_rule_is_open,
					every_case_of_the_decision, rules_of_the_database_decide,
					removing_who_has_a_device_opens_it_to_nobody,
					devices_are_found_by_what_they_are));
}
