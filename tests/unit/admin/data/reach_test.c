/* What an account may reach: the list of many says the same as the decision about each one, over
 * rules of all kinds; zones with their summer time; control roles. On both engines. */
#include "admin/data/accounts.h"
#include "admin/data/control_roles.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/reach.h"
#include "admin/data/rules.h"
#include "admin/data/zone.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1790000000000ll /* Monday 21 September 2026, 14:13 UTC */
#define PEOPLE 6
#define DEVICES 24

static char group[3][DAT_GUID_TEXT], dgroup[2][DAT_GUID_TEXT];
static char person[PEOPLE][DAT_GUID_TEXT], device[DEVICES][DAT_GUID_TEXT];

static void make_people(void)
{
	char name[16];

	for (int i = 0; i < 3; i++) {
		ck_ok(hws_fmt(name, sizeof(name), "g%d", i));
		ck_ok(dat_group_add(test_conn, DAT_USER_GROUP, name, "", NOW, group[i]));
		ck_ok(dat_group_change(
				test_conn, DAT_USER_GROUP, group[i], NULL, NULL, i == 2, NOW));
	}
	for (int i = 0; i < 2; i++) {
		ck_ok(hws_fmt(name, sizeof(name), "d%d", i));
		ck_ok(dat_group_add(test_conn, DAT_DEVICE_GROUP, name, "", NOW, dgroup[i]));
	}
	for (int i = 0; i < PEOPLE; i++) {
		ck_ok(hws_fmt(name, sizeof(name), "p%d", i));
		ck_ok(dat_account_add(test_conn,
				&(struct dat_account_new){ .name = name,
						.status = DAT_ENABLED,
						.group_guid = group[i % 3] },
				NOW, person[i]));
	}
}

static void make_devices(void)
{
	char id[16];

	for (int i = 0; i < DEVICES; i++) {
		ck_ok(hws_fmt(id, sizeof(id), "%03d", i));
		ck_ok(dat_device_register(test_conn, id, "u", i == 23, NOW, device[i]));
		ck_ok(dat_device_change(test_conn, device[i],
				&(struct dat_device_change){
						.owner_guid = i % 7 < PEOPLE ? person[i % 7] : NULL,
						.group_guid = i % 3 < 2 ? dgroup[i % 3] : NULL },
				NOW));
	}
	ck_ok(dat_device_set_status(test_conn, device[3], DAT_DEVICE_OFF, NOW));
	ck_ok(dat_account_set_status(test_conn, person[5], DAT_DISABLED, NOW));
}

static void make_rule(enum dat_end subj, const char *subj_guid, enum dat_end obj,
		const char *obj_guid, struct dat_when when, const char *zone, bool enabled)
{
	struct dat_rule rule = { .subj_kind = subj, .obj_kind = obj, .enabled = enabled };
	char guid[DAT_GUID_TEXT];

	rule.when = when;
	ck_ok(hws_str_copy(rule.zone, sizeof(rule.zone), zone));
	ck_ok(hws_str_copy(rule.subj_guid, sizeof(rule.subj_guid), subj_guid));
	ck_ok(hws_str_copy(rule.obj_guid, sizeof(rule.obj_guid), obj_guid));
	ck_ok(dat_rule_add(test_conn, &rule, NOW, guid));
}

static void make_rules(void)
{
	struct dat_when past = DAT_ALWAYS, work = { 31, 16 * 60, 17 * 60, 0, 0, 0 };

	past.valid_until = NOW;
	make_rule(DAT_END_USER, person[0], DAT_END_DEVICE, device[4], DAT_ALWAYS, "", true);
	make_rule(DAT_END_USER, person[0], DAT_END_DEVICE, device[8], past, "", true);
	make_rule(DAT_END_USER, person[0], DAT_END_DEVICE, device[3], DAT_ALWAYS, "", true);
	make_rule(DAT_END_USER_GROUP, group[1], DAT_END_DEVICE_GROUP, dgroup[1], DAT_ALWAYS, "",
			true);
	make_rule(DAT_END_USER_GROUP, group[1], DAT_END_DEVICE_GROUP, dgroup[0], DAT_ALWAYS, "",
			false);
	make_rule(DAT_END_USER, person[3], DAT_END_USER, person[1], DAT_ALWAYS, "", true);
	/* 16:13 in Berlin, 23:13 in Tokyo */
	make_rule(DAT_END_USER, person[2], DAT_END_USER_GROUP, group[0], work, "Europe/Berlin",
			true);
	make_rule(DAT_END_USER, person[2], DAT_END_USER_GROUP, group[1], work, "Asia/Tokyo", true);
}

struct found {
	bool is[DEVICES];
	char last[DAT_ID_TEXT];
	int n;
};

static int note(const struct dat_device *d, void *arg)
{
	struct found *f = arg;
	size_t at = strtoul(d->id, NULL, 10);

	ck_assert_str_gt(d->id, f->last);
	ck_ok(hws_str_copy(f->last, sizeof(f->last), d->id));
	ck_assert(!f->is[at]);
	f->is[at] = true;
	f->n++;
	return HWS_OK;
}

/* In pages of 5, each device once. */
static struct found reachable(const char *account, bool open)
{
	struct found f = { .n = 0 };
	struct dat_reach reach;
	int64_t total = 0;

	ck_ok(dat_reach_load(test_conn, account, open, NOW, &reach));
	for (unsigned at = 0; at == 0 || (int64_t)at < total; at += 5)
		ck_ok(dat_reach_devices(
				test_conn, &reach, (struct dat_page){ at, 5 }, note, &f, &total));
	dat_reach_done(&reach);
	ck_assert_int_eq(f.n, total);
	return f;
}

START_TEST(the_list_and_the_decision_agree)
{
	struct dat_reach reach;
	char id[16];
	int yes = 0;

	make_people();
	make_devices();
	make_rules();
	for (int open = 0; open < 2; open++) {
		for (int p = 0; p < PEOPLE - 1; p++) {
			struct found f = reachable(person[p], open);

			for (int d = 0; d < DEVICES; d++) {
				struct dat_access a;

				ck_ok(hws_fmt(id, sizeof(id), "%03d", d));
				ck_ok(dat_access_check(
						test_conn, person[p], id, false, open, NOW, &a));
				ck_assert_msg(a.allowed == f.is[d], "p%d, %s, %d: %d", p, id, open,
						a.allowed);
				yes += a.allowed;
			}
		}
	}
	ck_assert_int_gt(yes, 40);
	ck_assert_int_lt(yes, 200);
	ck_assert_int_eq(dat_reach_load(test_conn, person[5], true, NOW, &reach), HWS_ERR_DENIED);
	dat_reach_done(&reach);
}
END_TEST

static char words[600];

static int add_word(const char *word, void *arg)
{
	size_t n = strlen(words);

	(void)arg;
	ck_ok(hws_fmt(words + n, sizeof(words) - n, "%s ", word));
	return HWS_OK;
}

static int add_account(const struct dat_account *a, void *arg)
{
	return add_word(a->guid, arg);
}

START_TEST(owners_and_groups_of_what_is_reached)
{
	struct dat_reach reach;
	int64_t total = 0;
	char want[3 * DAT_GUID_TEXT];

	make_people();
	make_devices();
	make_rules();
	ck_ok(dat_reach_load(test_conn, person[3], false, NOW, &reach));
	words[0] = '\0';
	ck_ok(dat_reach_accounts(
			test_conn, &reach, (struct dat_page){ 0, 10 }, add_account, NULL, &total));
	ck_assert_int_eq(total, 2);
	ck_ok(hws_fmt(want, sizeof(want), "%s %s ", person[1], person[3]));
	ck_assert_str_eq(words, want);
	words[0] = '\0';
	ck_ok(dat_reach_groups(
			test_conn, &reach, (struct dat_page){ 0, 10 }, add_word, NULL, &total));
	ck_assert_str_eq(words, "d0 d1 ");
	dat_reach_done(&reach);
}
END_TEST

START_TEST(which_rule_it_was)
{
	struct dat_rule_names names;
	struct dat_rule rule;
	struct dat_access a;
	char guid[DAT_GUID_TEXT];
	int64_t n = 0;

	make_people();
	make_devices();
	make_rules();
	ck_ok(dat_access_explain(test_conn, person[0], "004", false, false, NOW, &a, guid));
	ck_assert(a.allowed);
	ck_ok(dat_rule_get_named(test_conn, guid, &rule, &names));
	ck_assert_str_eq(names.subj, "p0");
	ck_assert_str_eq(names.obj, "004");
	ck_ok(dat_access_explain(test_conn, person[4], "004", false, false, NOW, &a, guid));
	ck_assert_str_eq(guid, "");
	ck_assert_int_eq(dat_rule_add(test_conn,
					 &(struct dat_rule){ .zone = "Middle/Earth",
							 .when = DAT_ALWAYS },
					 NOW, guid),
			HWS_ERR_RANGE);
	ck_ok(sql_number(test_conn, "SELECT count(*) FROM access_rule", SQL_NONE, &n));
	ck_assert_int_eq(n, 8);
}
END_TEST

static int last_rule(const struct dat_rule *rule, const struct dat_rule_names *names, void *arg)
{
	(void)names;
	*(struct dat_rule *)arg = *rule;
	return HWS_OK;
}

START_TEST(a_rules_own_control_role)
{
	struct dat_rule_filter f = {
		.search = "NIGHT", .subj_guid = "", .obj_guid = "", .enabled = -1, .by_name = true
	};
	struct dat_rule rule = { .subj_kind = DAT_END_USER, .obj_kind = DAT_END_DEVICE }, got;
	struct dat_control_role role;
	char guid[DAT_GUID_TEXT], role_guid[DAT_GUID_TEXT];
	struct dat_access a;
	int64_t n = 0;

	make_people();
	make_devices();
	ck_ok(dat_control_role_add(test_conn, "look", "", true, 0x1, NOW, role_guid));
	rule.enabled = true;
	rule.when = DAT_ALWAYS;
	ck_ok(hws_str_copy(rule.name, sizeof(rule.name), "Night shift"));
	memcpy(rule.subj_guid, person[0], DAT_GUID_TEXT);
	memcpy(rule.obj_guid, device[4], DAT_GUID_TEXT);
	memcpy(rule.control_role_guid, role_guid, DAT_GUID_TEXT);
	ck_ok(dat_rule_add(test_conn, &rule, NOW, guid));
	ck_ok(dat_access_check(test_conn, person[0], "004", false, false, NOW, &a));
	ck_assert_uint_eq(a.perms, 0x1);
	/* what allows less must not go away unseen */
	ck_assert_int_eq(dat_control_role_remove(test_conn, role_guid), HWS_ERR_BUSY);
	ck_ok(dat_control_role_get(test_conn, role_guid, &role));
	ck_assert_int_eq(role.used_by, 1);
	ck_ok(dat_rule_find(test_conn, &f, (struct dat_page){ 0, 10 }, last_rule, &got, &n));
	ck_assert_int_eq(n, 1);
	ck_assert_str_eq(got.guid, guid);
	f.enabled = 0;
	ck_ok(dat_rule_find(test_conn, &f, (struct dat_page){ 0, 10 }, last_rule, &got, &n));
	ck_assert_int_eq(n, 0);
	ck_ok(dat_rule_remove(test_conn, guid));
	ck_ok(dat_control_role_remove(test_conn, role_guid));
	ck_ok(dat_control_role_builtin(test_conn, "default", &role));
	ck_assert_int_eq(role.used_by, PEOPLE);
	ck_assert_int_eq(dat_control_role_remove(test_conn, role.guid), HWS_ERR_DENIED);
}
END_TEST

/* --- zones ------------------------------------------------------------------------------------ */

START_TEST(clocks_of_zones)
{
	static const struct {
		const char *zone;
		int64_t at;
		int minutes;
	} c[] = {
		{ "UTC", NOW, 0 },
		{ "Europe/Berlin", NOW, 120 },
		{ "Europe/Berlin", 1795000000000, 60 }, /* 18 November 2026 */
		{ "Europe/Berlin", 1774746000000,
				120 }, /* the moment of 29 March 2026, 01:00 UTC */
		{ "Europe/Berlin", 1774745999000, 60 },
		{ "Europe/Berlin", 4086000000000, 120 }, /* June 2099: by the rule of each year */
		{ "Europe/Berlin", 4103000000000, 60 },
		{ "Australia/Sydney", 4086000000000, 600 }, /* winter in June */
		{ "Australia/Sydney", 4103000000000, 660 },
		{ "Asia/Tokyo", 4103000000000, 540 },
		{ "America/St_Johns", NOW, -150 },
		{ "Asia/Kathmandu", NOW, 345 },
	};
	int minutes = 0;

	for (size_t i = 0; i < HWS_COUNT(c); i++) {
		ck_ok(dat_zone_offset(c[i].zone, c[i].at, &minutes));
		ck_assert_msg(minutes == c[i].minutes, "%s: %d", c[i].zone, minutes);
	}
	ck_assert_int_eq(dat_zone_offset("", NOW, &minutes), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_zone_offset("../../etc/passwd", NOW, &minutes), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_zone_offset("/etc/localtime", NOW, &minutes), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_zone_offset("Europe", NOW, &minutes), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_zone_offset("tzdata.zi", NOW, &minutes), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_zone_offset("zone1970", NOW, &minutes), HWS_ERR_RANGE);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/reach",
			TESTS(the_list_and_the_decision_agree, owners_and_groups_of_what_is_reached,
					which_rule_it_was, a_rules_own_control_role,
					clocks_of_zones));
}
