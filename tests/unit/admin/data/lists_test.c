/* Lists of the API's subjects, with every filter and order that they have: the same text on both
 * engines must say the same. */
#include "admin/data/accounts.h"
#include "admin/data/audit.h"
#include "admin/data/books.h"
#include "admin/data/control_roles.h"
#include "admin/data/devices.h"
#include "admin/data/group_access.h"
#include "admin/data/groups.h"
#include "admin/data/patterns.h"
#include "admin/data/report_lists.h"
#include "admin/data/strategies.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1790000000000ll

static char ann[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], ops[DAT_GUID_TEXT], tills[DAT_GUID_TEXT];
static char device[DAT_GUID_TEXT];
static const struct dat_page page = { 0, 100, false }, back = { 0, 100, true };

/* What a list gave, a word for each row. */
static char said[2000];

static int say(const char *word)
{
	size_t n = strlen(said);

	ck_ok(hws_fmt(said + n, sizeof(said) - n, "%s;", word));
	return HWS_OK;
}

static void is(const char *want, int64_t total, int64_t want_total)
{
	ck_assert_str_eq(said, want);
	ck_assert_int_eq(total, want_total);
	said[0] = '\0';
}

static void begin(void)
{
	const struct dat_sysinfo info = { .hostname = "Plant7-HMI", .username = "Op1", .os = "x" };
	char other[DAT_GUID_TEXT];

	said[0] = '\0';
	ck_ok(dat_group_add(test_conn, DAT_USER_GROUP, "Ops", "", NOW, ops));
	ck_ok(dat_group_add(test_conn, DAT_DEVICE_GROUP, "Tills", "", NOW, tills));
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){
					.name = "ann", .status = DAT_ENABLED, .group_guid = ops },
			NOW, ann));
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = "Bob", .status = DAT_ENABLED }, NOW,
			bob));
	ck_ok(dat_device_register(test_conn, "111", "u", false, NOW, device));
	ck_ok(dat_device_register(test_conn, "222", "u", false, NOW, other));
	ck_ok(dat_device_change(test_conn, device,
			&(struct dat_device_change){ .owner_guid = ann, .group_guid = tills },
			NOW));
	ck_ok(dat_device_sysinfo(test_conn, "111", "u", &info, NOW));
}

/* --- by patterns ------------------------------------------------------------------------------ */

static int say_account(const struct dat_account *a, void *arg)
{
	(void)arg;
	return say(strcmp(a->guid, ann) == 0 ? "ann" : "bob");
}

static void accounts(const char *name, const char *group, const char *want)
{
	char name_like[DAT_PATTERN_TEXT], group_like[DAT_PATTERN_TEXT];
	int64_t total = 0, n = 0;

	ck_ok(dat_pattern(name, name_like));
	ck_ok(dat_pattern(group, group_like));
	ck_ok(dat_accounts_like(test_conn, name_like, group_like, page, say_account, NULL, &total));
	for (const char *c = want; *c; c++)
		n += *c == ';';
	is(want, total, n);
}

static int say_device(const struct dat_device *d, void *arg)
{
	(void)arg;
	return say(d->id);
}

static void devices(size_t which, const char *text, const char *want)
{
	struct dat_device_patterns p;
	char *const parts[] = { p.id, p.name, p.username, p.owner, p.owner_group, p.group };
	int64_t total = 0, n = 0;

	for (size_t i = 0; i < HWS_COUNT(parts); i++)
		ck_ok(dat_pattern(i == which ? text : NULL, parts[i]));
	ck_ok(dat_devices_like(test_conn, &p, page, say_device, NULL, &total));
	for (const char *c = want; *c; c++)
		n += *c == ';';
	is(want, total, n);
}

START_TEST(by_the_patterns_of_scripts)
{
	begin();
	accounts(NULL, NULL, "ann;bob;");
	accounts("%O%", NULL, "bob;");
	accounts("a_n", "ops", "ann;");
	accounts("%", "-", "");
	accounts("\\", NULL, "");
	accounts("%\\", NULL, "");
	devices(9, NULL, "111;222;");
	devices(0, "1%", "111;");
	devices(1, "%PLANT7%", "111;");
	devices(1, "-", "222;");
	devices(2, "op_", "111;");
	devices(3, "ANN", "111;");
	devices(4, "Ops", "111;");
	devices(5, "tills", "111;");
	devices(5, "-", "222;");
}
END_TEST

/* --- rules as lists of names ------------------------------------------------------------------ */

static int say_peer(enum dat_end kind, const char *name, void *arg)
{
	(void)arg;
	ck_ok(say(kind == DAT_END_USER                               ? "user"
					: kind == DAT_END_USER_GROUP ? "group"
								     : "devices"));
	return say(name);
}

START_TEST(who_may_come_into_a_group)
{
	struct dat_group_peer peers[2] = { { .kind = DAT_END_USER },
		{ .kind = DAT_END_USER_GROUP } };

	begin();
	memcpy(peers[0].guid, bob, DAT_GUID_TEXT);
	memcpy(peers[1].guid, ops, DAT_GUID_TEXT);
	ck_ok(dat_group_set_incoming(test_conn, DAT_DEVICE_GROUP, tills, peers, 2, NOW));
	ck_ok(dat_group_incoming(test_conn, DAT_DEVICE_GROUP, tills, say_peer, NULL));
	is("user;Bob;group;Ops;", 0, 0);
	ck_ok(dat_group_outgoing(test_conn, ops, say_peer, NULL));
	is("devices;Tills;", 0, 0);
	ck_ok(dat_group_set_incoming(test_conn, DAT_DEVICE_GROUP, tills, peers, 1, NOW));
	ck_ok(dat_group_outgoing(test_conn, ops, say_peer, NULL));
	is("", 0, 0);
	peers[0].kind = DAT_END_DEVICE_GROUP;
	memcpy(peers[0].guid, tills, DAT_GUID_TEXT);
	ck_ok(dat_group_set_outgoing(test_conn, ops, peers, 1, NOW));
	ck_ok(dat_group_incoming(test_conn, DAT_DEVICE_GROUP, tills, say_peer, NULL));
	is("user;Bob;group;Ops;", 0, 0);
	memcpy(peers[0].guid, ann, DAT_GUID_TEXT);
	ck_assert_int_eq(dat_group_set_outgoing(test_conn, ops, peers, 1, NOW), HWS_ERR_NOTFOUND);
}
END_TEST

/* --- strategies and roles --------------------------------------------------------------------- */

static int say_strategy(const struct dat_strategy *s, void *arg)
{
	(void)arg;
	return say(s->name);
}

static int say_target(enum dat_target kind, const char *guid, const char *name, void *arg)
{
	(void)guid;
	(void)arg;
	ck_ok(say(dat_target_name(kind)));
	return say(name);
}

static int say_count(const char *guid, int64_t devices, void *arg)
{
	char word[64];

	ck_ok(hws_fmt(word, sizeof(word), "%s %lld", strcmp(guid, arg) == 0 ? "this" : "other",
			(long long)devices));
	return say(word);
}

static int say_role(const struct dat_control_role *role, void *arg)
{
	(void)arg;
	return say(role->name);
}

START_TEST(strategies_and_control_roles)
{
	char a[DAT_GUID_TEXT], b[DAT_GUID_TEXT], guid[DAT_GUID_TEXT];
	struct dat_strategy_filter f = { .search = "", .enabled = -1 };
	struct dat_strategy s;
	int64_t total = 0;

	begin();
	ck_ok(dat_strategy_add(test_conn, "Alpha", "", NOW, a));
	ck_ok(dat_strategy_add(test_conn, "beta", "", NOW, b));
	ck_ok(dat_strategy_change(test_conn, b, NULL, NULL, 0, -1, -1, NOW + 1));
	ck_ok(dat_strategy_find(test_conn, &f, page, say_strategy, NULL, &total));
	is("Alpha;beta;", total, 2);
	ck_ok(dat_strategy_find(test_conn, &f, back, say_strategy, NULL, &total));
	is("beta;Alpha;", total, 2);
	f.enabled = 0;
	ck_ok(dat_strategy_find(test_conn, &f, page, say_strategy, NULL, &total));
	is("beta;", total, 1);
	f.search = "PH";
	f.enabled = 1;
	ck_ok(dat_strategy_find(test_conn, &f, page, say_strategy, NULL, &total));
	is("Alpha;", total, 1);
	ck_ok(dat_strategy_get(test_conn, b, &s));
	ck_assert_int_eq(s.updated_at, NOW + 1);
	ck_assert_int_eq(s.created_at, NOW);
	ck_ok(dat_strategy_assign(test_conn, a, DAT_TARGET_USER, ann, NOW));
	ck_ok(dat_strategy_assign(test_conn, a, DAT_TARGET_DEVICE_GROUP, tills, NOW));
	ck_ok(dat_target_list(test_conn, a, page, say_target, NULL, &total));
	is("device_group;Tills;user;ann;", total, 2);
	ck_ok(dat_strategy_devices(test_conn, a, &total));
	ck_assert_int_eq(total, 1);
	ck_ok(dat_strategy_counts(test_conn, say_count, a));
	is("this 1;", 0, 0);
	ck_ok(dat_strategy_assign(test_conn, b, DAT_TARGET_DEVICE, device, NOW));
	ck_ok(dat_strategy_devices(test_conn, a, &total));
	ck_assert_int_eq(total, 0);
	/* it is switched off: nothing steps in */
	ck_ok(dat_strategy_of(test_conn, device, guid));
	ck_assert_str_eq(guid, "");
	ck_ok(dat_control_role_add(test_conn, "Look", "", true, 1, NOW, guid));
	ck_ok(dat_control_role_list(test_conn, "", back, say_role, NULL, &total));
	is("Not logged in;Look;Default;", total, 3);
	ck_ok(dat_control_role_list(test_conn, "OO", page, say_role, NULL, &total));
	is("Look;", total, 1);
}
END_TEST

/* --- books ------------------------------------------------------------------------------------ */

static int say_book(const struct dat_book *b, void *arg)
{
	static const char *const rights[] = { "none", "read", "write", "full" };

	(void)arg;
	ck_ok(say(b->name));
	return say(rights[b->right]);
}

static int say_share(const struct dat_share *s, void *arg)
{
	(void)arg;
	ck_ok(say(s->subj_kind));
	return say(s->subj_name);
}

static int say_entry(const struct dat_entry *e, void *arg)
{
	(void)arg;
	ck_ok(say(e->id));
	return e->reached ? say(e->dev_hostname) : HWS_OK;
}

static struct dat_keys *open_keys(char path[60])
{
	struct hws_error err = { 0 };
	struct dat_keys *keys = NULL;
	char dir[] = "/tmp/hawser-keys-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(hws_fmt(path, 60, "%s/keys", dir));
	ck_ok(dat_keys_open(path, &keys, &err));
	return keys;
}

START_TEST(books_shares_and_entries)
{
	static const char *const tags[] = { "shop" };
	char path[60], book[DAT_GUID_TEXT], own[DAT_GUID_TEXT], password[DAT_SECRET_TEXT];
	struct dat_keys *keys = open_keys(path);
	struct dat_book_filter f = { .account_guid = bob, .search = "" };
	struct dat_share_filter shares = { .book_guid = book };
	struct dat_entry_filter e = { .book_guid = book };
	struct dat_reach reach;
	struct dat_book b;
	struct dat_share s;
	int64_t total = 0;

	begin();
	ck_ok(dat_book_add(test_conn, ann, "Plant", "", NOW, book));
	ck_ok(dat_book_personal(test_conn, bob, NOW, own));
	ck_ok(dat_book_list(test_conn, &f, page, say_book, NULL, &total));
	is("", total, 0);
	f.personal = true;
	f.all = true;
	ck_ok(dat_book_list(test_conn, &f, back, say_book, NULL, &total));
	is("Plant;none;My address book;full;", total, 2);
	ck_ok(dat_book_rule(test_conn, book, "everyone", "", DAT_BOOK_READ, NOW));
	ck_ok(dat_book_rule(test_conn, book, "user", bob, DAT_BOOK_WRITE, NOW + 1));
	f.personal = f.all = false;
	f.search = "PLA";
	ck_ok(dat_book_list(test_conn, &f, page, say_book, NULL, &total));
	is("Plant;write;", total, 1);
	ck_ok(dat_share_list(test_conn, &shares, page, say_share, NULL, &total));
	is("everyone;;user;Bob;", total, 2);
	ck_ok(dat_book_rule(test_conn, book, "group", ops, DAT_BOOK_READ, NOW - 1));
	shares.by_name = true;
	ck_ok(dat_share_list(test_conn, &shares, page, say_share, NULL, &total));
	is("everyone;;user;Bob;group;Ops;", total, 3);
	ck_ok(dat_share_list(test_conn, &shares, back, say_share, NULL, &total));
	is("group;Ops;user;Bob;everyone;;", total, 3);
	shares.search = "OB";
	ck_ok(dat_share_list(test_conn, &shares, page, say_share, NULL, &total));
	is("user;Bob;", total, 1);
	ck_ok(dat_book_rule(test_conn, book, "group", ops, DAT_BOOK_NONE, NOW));
	ck_ok(dat_share_find(test_conn, book, "user", bob, &s));
	ck_ok(dat_share_change(test_conn, s.guid, DAT_BOOK_FULL, NOW + 2));
	ck_ok(dat_book_get(test_conn, book, bob, &b));
	ck_assert_int_eq(b.right, DAT_BOOK_FULL);
	ck_assert(!b.has_password);
	ck_ok(dat_book_set_password(test_conn, keys, book, "pw"));
	ck_ok(dat_book_password(test_conn, keys, book, password, sizeof(password)));
	ck_assert_str_eq(password, "pw");
	ck_ok(dat_entry_put(test_conn, keys, book,
			&(struct dat_entry_change){ DAT_ENTRY_CHANGE, .id = "111", .alias = "Zoo",
					.tags = tags, .n_tags = 1 },
			NOW));
	ck_ok(dat_entry_put(test_conn, keys, book,
			&(struct dat_entry_change){ DAT_ENTRY_CHANGE, .id = "999", .alias = "ape" },
			NOW));
	ck_ok(dat_entry_list(test_conn, &e, back, say_entry, NULL, &total));
	is("999;111;", total, 2);
	e.order = DAT_ENTRY_BY_ALIAS;
	e.search = "zOO";
	e.tag = "shop";
	ck_ok(dat_entry_list(test_conn, &e, page, say_entry, NULL, &total));
	is("111;", total, 1);
	e = (struct dat_entry_filter){ .book_guid = book, .reach = &reach };
	ck_ok(dat_reach_load(test_conn, ann, false, NOW, &reach));
	ck_ok(dat_entry_list(test_conn, &e, page, say_entry, NULL, &total));
	is("111;Plant7-HMI;999;", total, 2);
	dat_reach_done(&reach);
	ck_ok(dat_reach_load(test_conn, bob, false, NOW, &reach));
	ck_ok(dat_entry_list(test_conn, &e, page, say_entry, NULL, &total));
	is("111;999;", total, 2);
	dat_reach_done(&reach);
	ck_ok(dat_tag_count(test_conn, book, "shop", &total));
	ck_assert_int_eq(total, 1);
	dat_keys_free(keys);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}
END_TEST

/* --- what was reported ------------------------------------------------------------------------ */

static int say_event(const struct dat_event *e, void *arg)
{
	(void)arg;
	return say(e->kind);
}

static int say_conn(const struct dat_conn *l, void *arg)
{
	(void)arg;
	return say(l->peer_id);
}

static int say_file(const struct dat_file_row *f, void *arg)
{
	(void)arg;
	return say(f->report.path);
}

static int say_alarm(const struct dat_alarm_row *a, void *arg)
{
	(void)arg;
	return say(a->report.device_id);
}

/* What is not given is "". */
static struct dat_audit_search whole(struct dat_audit_search s)
{
	const char **const texts[] = { &s.kind, &s.text, &s.actor, &s.device, &s.address };

	for (size_t i = 0; i < HWS_COUNT(texts); i++)
		*texts[i] = *texts[i] ? *texts[i] : "";
	s.limit = 10;
	return s;
}

START_TEST(what_was_reported)
{
	static const struct {
		struct dat_audit_search s;
		const char *want;
	} c[] = {
		{ { .kind = NULL }, "alarm.tries;user.add;connection.new;" },
		{ { .kind = "console" }, "user.add;" },
		{ { .kind = "connection" }, "connection.new;" },
		{ { .actor = "AN" }, "user.add;" },
		{ { .device = "111" }, "connection.new;" },
		{ { .device = "111", .kind = "file" }, "" },
		{ { .address = "192.0.2.1" }, "connection.new;" },
		{ { .text = "GEHEIM" }, "connection.new;" },
		{ { .text = "%" }, "" },
		{ { .from = NOW + 1 }, "alarm.tries;user.add;" },
		{ { .from = NOW + 1, .until = NOW + 1 }, "user.add;" },
		{ { .before_seq = 2 }, "connection.new;" },
	};
	struct dat_conn conn = { .device_id = "111",
		.device_uuid = "u",
		.session_id = "5",
		.peer_id = "P9",
		.type = 1 };
	char path[60], guid[DAT_GUID_TEXT], like[DAT_PATTERN_TEXT], any[DAT_PATTERN_TEXT];
	struct dat_keys *keys = open_keys(path);
	int64_t total = 0;

	begin();
	ck_ok(dat_audit_add(test_conn, keys,
			&(struct dat_event){ .kind = "connection.new",
					.target_kind = "device",
					.target_name = "111",
					.ip = "192.0.2.1",
					.info = "{\"x\":\"Geheim\"}" },
			NOW));
	ck_ok(dat_audit_add(test_conn, keys,
			&(struct dat_event){ .kind = "user.add", .actor_name = "Ann" }, NOW + 1));
	ck_ok(dat_audit_add(
			test_conn, keys, &(struct dat_event){ .kind = "alarm.tries" }, NOW + 2));
	for (size_t i = 0; i < HWS_COUNT(c); i++) {
		struct dat_audit_search search = whole(c[i].s);

		ck_ok(dat_audit_find(test_conn, &search, say_event, NULL));
		ck_assert_msg(strcmp(said, c[i].want) == 0, "case %zu: %s", i, said);
		said[0] = '\0';
	}
	ck_ok(dat_pattern(NULL, any));
	ck_ok(dat_pattern("p%", like));
	ck_ok(dat_console_like(test_conn, any, NOW, page, say_event, NULL, &total));
	is("user.add;", total, 1);
	ck_ok(dat_conn_authorised(test_conn, &conn, NOW, guid));
	ck_ok(dat_conns_like(test_conn, like, 1, NOW, page, say_conn, NULL, &total));
	is("P9;", total, 1);
	ck_ok(dat_conns_like(test_conn, like, 0, NOW, page, say_conn, NULL, &total));
	is("", total, 0);
	ck_ok(dat_conns_like(test_conn, any, -1, NOW + 1, page, say_conn, NULL, &total));
	is("", total, 0);
	ck_ok(dat_file_add(test_conn,
			&(struct dat_file_report){
					.device_id = "111", .peer_id = "P9", .path = "/x" },
			NOW, guid));
	ck_ok(dat_files_like(test_conn, like, NOW, page, say_file, NULL, &total));
	is("/x;", total, 1);
	ck_ok(dat_alarm_add(test_conn, &(struct dat_alarm_report){ .typ = 1, .device_id = "111" },
			NOW, guid));
	ck_ok(dat_alarms_like(test_conn, "111", NOW, page, say_alarm, NULL, &total));
	is("111;", total, 1);
	dat_keys_free(keys);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/lists",
			TESTS(by_the_patterns_of_scripts, who_may_come_into_a_group,
					strategies_and_control_roles, books_shares_and_entries,
					what_was_reported));
}
