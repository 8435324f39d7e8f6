/* Take-over from each kind of server, on both engines: what comes, that a dry run leaves nothing,
 * that a second run changes nothing, that what is here stays, and that odd rows harm nobody. */
#include "admin/data/accounts.h"
#include "admin/data/audit.h"
#include "admin/data/books.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/import/import.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"
#include "tests/unit/admin/import/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1790000000000ll

static struct dat_keys *keys;
static char folder[60], path[100], key_path[100];
static char lines[16384];

static void begin(void)
{
	struct hws_error err = { 0 };

	ck_ok(hws_str_copy(folder, sizeof(folder), "/tmp/hawser-import-XXXXXX"));
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_ok(hws_fmt(path, sizeof(path), "%s/other.db", folder));
	ck_ok(hws_fmt(key_path, sizeof(key_path), "%s/keys", folder));
	ck_ok(dat_keys_open(key_path, &keys, &err));
}

static void end(void)
{
	dat_keys_free(keys);
	unlink(path);
	unlink(key_path);
	rmdir(folder);
}

static void note(const struct imp_line *l, void *arg)
{
	size_t n = strlen(lines);

	(void)arg;
	snprintf(lines + n, sizeof(lines) - n, "%s %s %s|%s\n", imp_verb_name(l->verb), l->what,
			l->name, l->why);
}

static int run(const char *kind, bool dry, bool rights, struct imp_report *ret,
		struct hws_error *err)
{
	const struct imp_job job = { .kind = kind,
		.file = path,
		.dry_run = dry,
		.take_rights = rights,
		.now = NOW,
		.by = "root",
		.say = note };

	lines[0] = '\0';
	return imp_run(test_conn, keys, &job, ret, err);
}

static struct imp_report take(const char *kind, bool dry)
{
	struct imp_report rep;
	struct hws_error err = { 0 };
	int r = run(kind, dry, false, &rep, &err);

	ck_assert_msg(r == HWS_OK, "%s", err.text);
	return rep;
}

static void said(const char *line)
{
	ck_assert_msg(strstr(lines, line) != NULL, "no \"%s\" in:\n%s", line, lines);
}

static struct dat_account account(const char *name)
{
	struct dat_account a;

	ck_assert_msg(dat_account_find(test_conn, name, &a) == HWS_OK, "no account %s", name);
	return a;
}

static int64_t count(const char *table)
{
	char sql[100];
	int64_t n = -1;

	ck_ok(hws_fmt(sql, sizeof(sql), "SELECT count(*) FROM %s", table));
	ck_ok(sql_number(test_conn, sql, SQL_NONE, &n));
	return n;
}

struct want {
	const char *id;
	struct dat_entry entry;
	bool found;
};

static int pick(const struct dat_entry *e, void *arg)
{
	struct want *w = arg;

	if (hws_str_equal(e->id, w->id)) {
		w->entry = *e;
		w->found = true;
	}
	return HWS_OK;
}

static struct dat_entry entry(const char *book, const char *id)
{
	struct want w = { .id = id };
	int64_t total;

	ck_ok(dat_entry_list(test_conn, &(struct dat_entry_filter){ .book_guid = book },
			(struct dat_page){ .limit = 100 }, pick, &w, &total));
	ck_assert_msg(w.found, "no entry %s", id);
	return w.entry;
}

static int add_tag(const char *name, int64_t color, void *arg)
{
	char *all = arg;

	(void)color;
	strncat(all, name, 100);
	strncat(all, ";", 2);
	return HWS_OK;
}

/* A second run must find everything there. */
static void again_changes_nothing(const char *kind, struct imp_report first)
{
	struct imp_report rep = take(kind, false);

	ck_assert_msg(rep.added == 0 && rep.changed == 0, "second run:\n%s", lines);
	ck_assert_uint_eq(rep.refused, first.refused);
	ck_assert_uint_eq(rep.same, first.added + first.changed + first.same);
}

START_TEST(rustdesk_api_is_taken_over)
{
	char book[DAT_GUID_TEXT], owner[DAT_GUID_TEXT], hash[DAT_SECRET_TEXT],
			password[DAT_SECRET_TEXT], tags[300] = "";
	struct dat_account admin;
	struct imp_report rep;
	struct dat_device d;
	struct dat_entry e;
	enum dat_book_right right;

	begin();
	files_sqlite(path, files_rustdesk_api);
	rep = take("auto", false);
	ck_assert_str_eq(rep.kind, "rustdesk-api");
	admin = account("admin");
	ck_assert_int_eq(admin.role, DAT_ROLE_USER);
	ck_assert(!admin.has_password);
	ck_assert_str_eq(admin.email, ""); /* made up by that server */
	ck_assert_str_eq(admin.display_name, "The Admin");
	ck_assert_str_eq(admin.group_name, "Helpdesk");
	ck_assert_str_eq(account("ben").email, "ben@firm.example");
	ck_assert_str_eq(account("gone").email, "");
	ck_assert_int_eq(account("gone").status, DAT_DISABLED);
	said("add user gone|its mail address is another's here");
	said("an administrator there, a user here");
	ck_ok(dat_device_find(test_conn, "111222333", &d));
	ck_assert_str_eq(d.owner_name, "ben");
	ck_assert_str_eq(d.group_name, "Tills");
	ck_assert_str_eq(d.name, "till-1");
	said("refuse device 444555666|it has no machine id");
	ck_ok(dat_book_find(test_conn, "Branches", book, owner));
	ck_assert_str_eq(owner, admin.guid);
	ck_ok(dat_book_right(test_conn, book, account("ben").guid, &right));
	ck_assert_int_eq(right, DAT_BOOK_READ);
	ck_ok(dat_book_find(test_conn, "Branches (ben)", book, owner));
	ck_ok(dat_book_find(test_conn, "Branches", book, owner));
	e = entry(book, "111222333");
	ck_assert_str_eq(e.alias, "Till one");
	ck_assert(e.force_relay && e.known);
	ck_ok(dat_entry_secrets(test_conn, keys, e.guid, hash, password));
	ck_assert_str_eq(password, "pw1");
	ck_ok(dat_entry_tags(test_conn, e.guid, add_tag, tags));
	ck_assert_str_eq(tags, "new;north;");
	ck_ok(dat_book_personal(test_conn, account("ben").guid, NOW, book));
	e = entry(book, "777888999");
	ck_ok(dat_entry_secrets(test_conn, keys, e.guid, hash, password));
	ck_assert_str_eq(hash, "aGFzaA==");
	said("refuse entry 5|its address book is not here");
	said("refuse rule Branches|who may use the book is not here");
	again_changes_nothing("rustdesk-api", rep);
	end();
}
END_TEST

START_TEST(an_early_version_has_fewer_columns)
{
	struct imp_report rep;

	begin();
	files_sqlite(path, files_rustdesk_api_old);
	rep = take("auto", false);
	ck_assert_uint_eq(rep.added, 3);
	ck_assert_uint_eq(rep.refused, 0);
	end();
}
END_TEST

START_TEST(api_server_pro_is_taken_over)
{
	char book[DAT_GUID_TEXT], owner[DAT_GUID_TEXT];
	struct imp_report rep;
	enum dat_book_right right;

	begin();
	files_sqlite(path, files_pro);
	rep = take("auto", false);
	ck_assert_str_eq(rep.kind, "api-server-pro");
	ck_ok(dat_book_find(test_conn, "All of us", book, owner));
	ck_assert_str_eq(entry(book, "321").alias, "shared one");
	/* disabled accounts have no rights; enabled, it reads */
	ck_ok(dat_account_set_status(test_conn, account("eva").guid, DAT_ENABLED, NOW));
	ck_ok(dat_book_right(test_conn, book, account("eva").guid, &right));
	ck_assert_int_eq(right, DAT_BOOK_READ);
	ck_ok(dat_book_personal(test_conn, account("root").guid, NOW, book));
	ck_assert_str_eq(entry(book, "322").alias, "own");
	ck_ok(dat_book_personal(test_conn, account("eva").guid, NOW, book));
	ck_assert_str_eq(entry(book, "323").alias, "evas");
	ck_assert_int_eq(count("ab_tag"), 3); /* red; blue, green */
	again_changes_nothing("api-server-pro", rep);
	end();
}
END_TEST

START_TEST(django_is_taken_over)
{
	char book[DAT_GUID_TEXT];
	struct imp_report rep;

	begin();
	files_sqlite(path, files_django);
	rep = take("kingmo888", false);
	ck_assert_int_eq(account("lee").status, DAT_DISABLED);
	ck_ok(dat_book_personal(test_conn, account("kim").guid, NOW, book));
	ck_assert_str_eq(entry(book, "900").alias, "Lab PC");
	ck_assert_int_eq(count("ab_tag"), 2);
	again_changes_nothing("auto", rep);
	end();
}
END_TEST

START_TEST(sctgdesk_is_taken_over)
{
	char book[DAT_GUID_TEXT], owner[DAT_GUID_TEXT], hash[DAT_SECRET_TEXT],
			password[DAT_SECRET_TEXT];
	struct imp_report rep;
	struct dat_device d;
	struct hws_error err = { 0 };
	struct dat_entry e;

	begin();
	files_sqlite(path, files_sctg);
	ck_ok(run("auto", false, true, &rep, &err));
	ck_assert_str_eq(rep.kind, "sctgdesk");
	ck_assert_int_eq(account("sam").role, DAT_ROLE_ADMIN); /* as asked for */
	ck_assert_str_eq(account("sam").group_name, "Ops");
	ck_ok(dat_device_find(test_conn, "600", &d));
	ck_assert_str_eq(d.uuid, "YWI=");
	ck_assert_str_eq(d.name, "hq");
	ck_ok(dat_device_find(test_conn, "601", &d));
	ck_assert_int_eq(d.status, DAT_DEVICE_OFF);
	ck_ok(dat_book_find(test_conn, "Team", book, owner));
	e = entry(book, "600");
	ck_assert_str_eq(e.alias, "HQ");
	ck_ok(dat_entry_secrets(test_conn, keys, e.guid, hash, password));
	ck_assert_str_eq(password, "secret");
	ck_assert_int_eq(count("ab_entry"), 2); /* what was deleted there is not taken */
	ck_assert_int_eq(count("ab_rule"), 3);
	again_changes_nothing("auto", rep);
	end();
}
END_TEST

START_TEST(devices_of_the_id_server_are_taken_over)
{
	struct dat_device d;

	begin();
	files_sqlite(path, files_hbbs);
	ck_assert_uint_eq(take("auto", false).added, 1);
	ck_ok(dat_device_find(test_conn, "100200300", &d));
	ck_assert_str_eq(d.uuid, "AP8Q");
	ck_assert_str_eq(d.note, "the old one");
	end();
}
END_TEST

START_TEST(a_dry_run_says_the_same_and_leaves_nothing)
{
	struct imp_report dry, wet;
	char told[sizeof(lines)];
	int64_t groups;

	begin();
	groups = count("user_group");
	files_sqlite(path, files_rustdesk_api);
	dry = take("auto", true);
	memcpy(told, lines, sizeof(told));
	ck_assert_int_eq(count("account"), 0);
	ck_assert_int_eq(count("device"), 0);
	ck_assert_int_eq(count("ab_entry"), 0);
	ck_assert_int_eq(count("audit_event"), 0);
	ck_assert_int_eq(count("user_group"), groups);
	wet = take("auto", false);
	ck_assert_str_eq(told, lines);
	ck_assert_uint_eq(dry.added, wet.added);
	ck_assert_int_eq(count("audit_event"), 1);
	end();
}
END_TEST

START_TEST(what_is_here_stays)
{
	char guid[DAT_GUID_TEXT];
	struct dat_account ben;
	struct dat_device d;

	begin();
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = "Ben",
					.display_name = "Benjamin",
					.pw_hash = "kept",
					.role = DAT_ROLE_OPERATOR,
					.status = DAT_ENABLED },
			NOW, guid));
	ck_ok(dat_device_register(test_conn, "111222333", "another", false, NOW, guid));
	files_sqlite(path, files_rustdesk_api);
	take("auto", false);
	ben = account("ben");
	ck_assert_str_eq(ben.display_name, "Benjamin");
	ck_assert_int_eq(ben.role, DAT_ROLE_OPERATOR);
	ck_assert(ben.has_password);
	ck_assert_str_eq(ben.email, "ben@firm.example"); /* was empty */
	said("change user ben|");
	said("refuse device 111222333|the ID is another machine's here");
	ck_ok(dat_device_find(test_conn, "111222333", &d));
	ck_assert_str_eq(d.owner_name, "");
	end();
}
END_TEST

START_TEST(csv_of_all_kinds)
{
	char book[DAT_GUID_TEXT], owner[DAT_GUID_TEXT];
	struct imp_report rep;

	begin();
	files_text(path,
			"\xef\xbb\xbfwhat;name;email;group;owner;book;id;uuid;alias;tags;right;"
			"subject_kind;subject;color\r\n"
			"entry;;;;;Field;42;;\"The \"\"big\"\"\r\none\";\"a,b\";;;;\r\n"
			"book;Field;;;ann;;;;;;;;;\r\n"
			"rule;;;;;Field;;;;;write;user;bob;\r\n"
			"user;ann;ann@x.example;Crew;;;;;;;;;;\r\n"
			"user;bob\r\n"
			"group;Crew\r\n"
			"device;;;;bob;;42;dQ==\r\n"
			"tag;a;;;;Field;;;;;;;;#ff0000\r\n");
	rep = take("csv", false);
	ck_assert_uint_eq(rep.refused, 0);
	ck_assert_uint_eq(rep.added, 8);
	ck_ok(dat_book_find(test_conn, "Field", book, owner));
	ck_assert_str_eq(entry(book, "42").alias, "The \"big\"  one");
	ck_assert_str_eq(account("ann").group_name, "Crew");
	again_changes_nothing("csv", rep);
	end();
}
END_TEST

static const struct wrong {
	const char *text, *says;
} wrongs[] = {
	{ "", "is empty" },
	{ "what,colour\nuser,x\n", "which is not known" },
	{ "name,note\nx,y\n", "does not say what its lines are" },
	{ "what,name\nuser,\"x\n", "never closed" },
	{ "what,name\nuser,\"x\"y\n", "line 2: signs behind" },
	{ "what,name\nuser,ann\nuser,bob,extra\n", "line 3: more fields" },
	{ "what,name\nmouse,ann\n", "line 2: what is neither" },
	{ "what,name\n,ann\n", "line 2: what is it?" },
};

START_TEST(csv_that_is_wrong_is_refused_whole)
{
	for (size_t i = 0; i < HWS_COUNT(wrongs); i++) {
		struct hws_error err = { 0 };
		struct imp_report rep;

		begin();
		files_text(path, wrongs[i].text);
		ck_assert_int_lt(run("csv", false, false, &rep, &err), 0);
		ck_assert_msg(strstr(err.text, wrongs[i].says) != NULL, "%s", err.text);
		ck_assert_int_eq(count("account"), 0);
		end();
	}
}
END_TEST

START_TEST(odd_rows_harm_nobody)
{
	struct hws_error err = { 0 };
	struct imp_report rep;

	begin();
	files_sqlite(path, files_rustdesk_api);
	files_sqlite(path,
			"CREATE TABLE groups (id, name);"
			"INSERT INTO groups VALUES (1, NULL), (2, x'ff00'), (3, printf('%.*c', 999, "
			"'g')), (4, 'tab' || char(9) || 'bed');"
			"CREATE TABLE users (id, username, email, nickname, group_id, is_admin, "
			"status);"
			"INSERT INTO users VALUES (1, 'a' || char(10) || 'b', 'no mail', 'x', 3, 0, "
			"1), (2, x'c3', 'a@b', 'n', 'z', 'q', 'r'), (NULL, NULL, NULL, NULL, NULL, "
			"NULL, NULL), (3, replace(hex(zeroblob(42)), '00', char(64506)), '', '', 0, "
			"0, 1), (4, '<b>x</b>''; DROP TABLE account; --', '', '', 0, 0, 1);"
			"CREATE TABLE peers (row_id, id, cpu, hostname, memory, os, username, uuid, "
			"version, user_id, alias);"
			"INSERT INTO peers VALUES (1, 'way too long an id ' || printf('%.*c', 200, "
			"'x'), '', '', '', '', '', 'u', '', 1, ''), (2, '77', printf('%.*c', 9999, "
			"'c'), replace(hex(zeroblob(42)), '00', char(64506)), x'fe', '', '', 'uu', "
			"'', 4, '');"
			"CREATE TABLE tags (id, name, user_id, color);"
			"INSERT INTO tags VALUES (1, 'Untagged', 4, 'green'), (2, 'ok', 4, 'green');"
			"CREATE TABLE address_books (row_id, id, username, password, hostname, "
			"alias, platform, tags, hash, user_id, force_always_relay);"
			"INSERT INTO address_books VALUES (1, '5', '', printf('%.*c', 9999, 'p'), "
			"'', '', '', '[1,null,{\"a\":[]},\"Untagged\",\"x\"]', '', 4, 'maybe'), (2, "
			"'6', '', '', '', '', '', "
			"'1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,"
			"28,29,30,31,32,33,34', '', 4, 0);");
	rep = take("auto", false);
	said("add user a b|its name had signs");
	said("add user ?|its name had signs");
	said("refuse user (no name)|a user must have a name");
	said("refuse group (no name)|");
	said("add user <b>x</b>'; DROP TABLE account; --|");
	said("refuse device way too long");
	said("add device 77|");
	said("refuse tag Untagged|");
	said("add tag ok|");
	said("add entry 5|a password or tag does not fit: left out");
	said("add entry 6|a password or tag does not fit: left out");
	again_changes_nothing("auto", rep);
	/* a view is no table of a server */
	files_sqlite(path,
			"CREATE VIEW users AS SELECT 1 AS id, 'v' AS username; CREATE VIEW "
			"address_books AS SELECT 1 AS user_id; CREATE VIEW peers AS SELECT 1 AS "
			"row_id;");
	ck_assert_int_eq(run("auto", false, false, &rep, &err), HWS_ERR_CORRUPT);
	files_text(path,
			"this is no database at all, but long enough to be looked at as one....."
			".................................................................");
	ck_assert_int_lt(run("auto", false, false, &rep, &err), 0);
	ck_assert_int_eq(run("mouse", false, false, &rep, &err), HWS_ERR_INVAL);
	unlink(path);
	ck_assert_int_eq(run("auto", false, false, &rep, &err), HWS_ERR_NOTFOUND);
	end();
}
END_TEST

int main(void)
{
	return test_engines_main("import",
			TESTS(rustdesk_api_is_taken_over, an_early_version_has_fewer_columns,
					api_server_pro_is_taken_over, django_is_taken_over,
					sctgdesk_is_taken_over,
					devices_of_the_id_server_are_taken_over,
					a_dry_run_says_the_same_and_leaves_nothing,
					what_is_here_stays, csv_of_all_kinds,
					csv_that_is_wrong_is_refused_whole, odd_rows_harm_nobody));
}
