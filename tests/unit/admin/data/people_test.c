/* Accounts, groups and sessions, on both engines. */
#include "admin/data/accounts.h"
#include "admin/data/groups.h"
#include "admin/data/name.h"
#include "admin/data/sessions.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <string.h>

#define NOW 1790000000000ll

static void add(const char *name, enum dat_role role, char guid[DAT_GUID_TEXT])
{
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){
					.name = name, .role = role, .status = DAT_ENABLED },
			NOW, guid));
}

START_TEST(names_that_look_alike_are_one)
{
	static const char *const same[] = { "STRASSE", "strasse",
		("Stra\xc3\x9f"
		 "e"),
		"\xef\xbc\xb3trasse" /* a wide S */ };
	char key[DAT_NAME_KEY_TEXT], other[DAT_NAME_KEY_TEXT], like[40];

	ck_ok(dat_name_key(same[0], key));
	for (size_t i = 1; i < HWS_COUNT(same); i++) {
		ck_ok(dat_name_key(same[i], other));
		ck_assert_str_eq(key, other);
	}
	ck_assert_int_eq(dat_name_key("", key), HWS_ERR_INVAL);
	ck_assert_int_eq(dat_name_key(" a", key), HWS_ERR_INVAL);
	ck_assert_int_eq(dat_name_key("a\n", key), HWS_ERR_INVAL);
	ck_assert_int_eq(dat_name_key("\xff", key), HWS_ERR_INVAL);
	ck_ok(dat_fold_like("A_b", like, sizeof(like)));
	ck_assert_str_eq(like, "%a\\_b%");
}
END_TEST

START_TEST(the_longest_name_folds)
{
	/* one sign that folds to eighteen */
	char name[DAT_NAME_TEXT] = "", key[DAT_NAME_KEY_TEXT];

	for (size_t i = 0; i + 3 < sizeof(name); i += 3)
		memcpy(name + i, "\xef\xb7\xba", 4);
	ck_assert_int_ne(dat_name_key(name, key), HWS_ERR_NOMEM);
	memset(name, 0, sizeof(name));
	memset(name, 'n', 128);
	ck_ok(dat_name_key(name, key));
	name[128] = 'n';
	ck_assert_int_eq(dat_name_key(name, key), HWS_ERR_TOOBIG);
}
END_TEST

START_TEST(letters_are_counted_not_bytes)
{
	char name[DAT_NAME_TEXT + 4] = "", key[DAT_NAME_KEY_TEXT], id[DAT_ID_TEXT] = "";

	/* of two, three and four bytes */
	static const char *const signs[] = { "\xc3\xa4", "\xe6\xbc\xa2", "\xf0\xa0\x80\x80" };

	for (size_t k = 0; k < HWS_COUNT(signs); k++) {
		size_t len = strlen(signs[k]);

		name[0] = '\0';
		for (size_t i = 0; i < 128; i++)
			memcpy(name + i * len, signs[k], len + 1);
		ck_ok(dat_name_key(name, key));
		ck_ok(dat_text_check(name, DAT_NAME_TEXT, false));
		memcpy(name + 128 * len, signs[k], len + 1);
		ck_assert_int_eq(dat_name_key(name, key), HWS_ERR_TOOBIG);
		dat_text_cut(name, DAT_NAME_TEXT);
		ck_assert_uint_eq(strlen(name), 128 * len);
	}
	/* what nobody types has a bound of bytes */
	memset(id, 'i', sizeof(id) - 1);
	ck_ok(dat_text_check(id, sizeof(id), false));
	ck_assert_uint_eq(dat_letters(DAT_ID_TEXT), DAT_ID_TEXT - 1);
	ck_assert_uint_eq(dat_letters(DAT_NAME_TEXT), 128);
}
END_TEST

START_TEST(an_account_is_found_by_what_names_it)
{
	char guid[DAT_GUID_TEXT], again[DAT_GUID_TEXT];
	struct dat_account a;

	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = "Ann",
					.email = "Ann@Example.org",
					.pw_hash = "$hash",
					.role = DAT_ROLE_OPERATOR,
					.status = DAT_ENABLED },
			NOW, guid));
	ck_ok(dat_account_find(test_conn, "ANN", &a));
	ck_assert_str_eq(a.guid, guid);
	ck_assert_str_eq(a.name, "Ann");
	ck_assert_int_eq(a.role, DAT_ROLE_OPERATOR);
	ck_assert_str_eq(a.group_name, DAT_GROUP_DEFAULT);
	ck_assert(a.has_password && !a.tfa_on);
	ck_ok(dat_account_find_email(test_conn, "ann@example.ORG", &a));
	ck_assert_int_eq(dat_account_find(test_conn, "Bob", &a), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_account_find(test_conn, "", &a), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_account_add(test_conn,
					 &(struct dat_account_new){
							 .name = "aNN", .role = DAT_ROLE_USER },
					 NOW, again),
			HWS_ERR_EXISTS);
	ck_assert_int_eq(dat_account_add(test_conn,
					 &(struct dat_account_new){ .name = "Bob",
							 .email = "no address",
							 .role = DAT_ROLE_USER },
					 NOW, again),
			HWS_ERR_INVAL);
}
END_TEST

START_TEST(only_what_is_given_changes)
{
	char guid[DAT_GUID_TEXT], hash[DAT_PW_HASH_TEXT];
	struct dat_account a;

	add("ann", DAT_ROLE_USER, guid);
	ck_ok(dat_account_change(test_conn, guid,
			&(struct dat_account_change){
					DAT_ACCOUNT_CHANGE, .note = "two\nlines", .name = "Anna" },
			NOW + 5));
	ck_ok(dat_account_get(test_conn, guid, &a));
	ck_assert_str_eq(a.name, "Anna");
	ck_assert_str_eq(a.note, "two\nlines");
	ck_assert_int_eq(a.updated_at, NOW + 5);
	ck_assert(!a.tfa_enforced);
	ck_ok(dat_account_set_password(test_conn, guid, "$new", true, NOW));
	ck_ok(dat_account_pw_hash(test_conn, guid, hash));
	ck_assert_str_eq(hash, "$new");
	ck_ok(dat_account_set_password(test_conn, guid, NULL, false, NOW));
	ck_ok(dat_account_pw_hash(test_conn, guid, hash));
	ck_assert_str_eq(hash, "");
	/* a name that is taken leaves the rest as it was, too */
	add("bob", DAT_ROLE_USER, hash);
	ck_assert_int_eq(dat_account_change(test_conn, guid,
					 &(struct dat_account_change){ DAT_ACCOUNT_CHANGE,
							 .note = "x", .name = "BOB" },
					 NOW + 9),
			HWS_ERR_EXISTS);
	ck_ok(dat_account_get(test_conn, guid, &a));
	ck_assert_str_eq(a.note, "two\nlines");
	ck_assert_str_eq(a.name, "Anna");
}
END_TEST

START_TEST(an_owner_always_stays)
{
	char one[DAT_GUID_TEXT], two[DAT_GUID_TEXT];
	int64_t n;

	add("one", DAT_ROLE_OWNER, one);
	add("two", DAT_ROLE_OWNER, two);
	ck_ok(dat_account_set_status(test_conn, two, DAT_DISABLED, NOW));
	ck_assert_int_eq(dat_account_set_status(test_conn, one, DAT_DISABLED, NOW), HWS_ERR_DENIED);
	ck_assert_int_eq(dat_account_set_role(test_conn, one, DAT_ROLE_ADMIN, NOW), HWS_ERR_DENIED);
	ck_assert_int_eq(dat_account_remove(test_conn, one), HWS_ERR_DENIED);
	ck_ok(dat_account_owners(test_conn, &n));
	ck_assert_int_eq(n, 1);
	ck_ok(dat_account_set_status(test_conn, two, DAT_ENABLED, NOW));
	ck_ok(dat_account_remove(test_conn, one));
	ck_assert_int_eq(dat_account_remove(test_conn, one), HWS_ERR_NOTFOUND);
}
END_TEST

static int count_account(const struct dat_account *a, void *arg)
{
	(void)a;
	++*(int *)arg;
	return HWS_OK;
}

START_TEST(a_list_comes_in_pages)
{
	char guid[DAT_GUID_TEXT], group[DAT_GUID_TEXT], name[20];
	int64_t total = 0;
	int n = 0;

	ck_ok(dat_group_add(test_conn, DAT_USER_GROUP, "G", "", NOW, group));
	for (int i = 0; i < 12; i++) {
		ck_ok(hws_fmt(name, sizeof(name), "user_%02d", i));
		add(name, DAT_ROLE_USER, guid);
	}
	ck_ok(dat_account_change(test_conn, guid,
			&(struct dat_account_change){ DAT_ACCOUNT_CHANGE, .group_guid = group },
			NOW));
	ck_ok(dat_account_list(test_conn, (struct dat_account_filter){ "ER_", "" },
			(struct dat_page){ 10, 5 }, count_account, &n, &total));
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(total, 12);
	n = 0;
	ck_ok(dat_account_list(test_conn, (struct dat_account_filter){ "", group },
			(struct dat_page){ 0, 5 }, count_account, &n, &total));
	ck_assert_int_eq(n, 1);
	/* a group with members stays */
	ck_assert_int_eq(dat_group_remove(test_conn, DAT_USER_GROUP, group), HWS_ERR_BUSY);
	ck_ok(dat_account_remove(test_conn, guid));
	ck_ok(dat_group_remove(test_conn, DAT_USER_GROUP, group));
}
END_TEST

static int count_group(const struct dat_group *g, void *arg)
{
	(void)g;
	++*(int *)arg;
	return HWS_OK;
}

START_TEST(groups_of_both_kinds)
{
	struct dat_group g;
	char guid[DAT_GUID_TEXT];
	int64_t total;
	int n = 0;

	ck_ok(dat_group_add(test_conn, DAT_DEVICE_GROUP, "Servers", "note", NOW, guid));
	ck_assert_int_eq(dat_group_add(test_conn, DAT_DEVICE_GROUP, "SERVERS", "", NOW, guid),
			HWS_ERR_EXISTS);
	ck_ok(dat_group_find(test_conn, DAT_DEVICE_GROUP, "servers", &g));
	ck_assert_str_eq(g.note, "note");
	ck_assert_int_eq(
			dat_group_find(test_conn, DAT_USER_GROUP, "servers", &g), HWS_ERR_NOTFOUND);
	ck_ok(dat_group_change(test_conn, DAT_DEVICE_GROUP, g.guid, "Hosts", NULL, -1, NOW));
	ck_assert_int_eq(dat_group_change(test_conn, DAT_DEVICE_GROUP, g.guid, NULL, NULL, 1, NOW),
			HWS_ERR_INVAL);
	ck_ok(dat_group_default(test_conn, NOW, guid));
	ck_ok(dat_group_change(test_conn, DAT_USER_GROUP, guid, NULL, NULL, 1, NOW));
	ck_ok(dat_group_get(test_conn, DAT_USER_GROUP, guid, &g));
	ck_assert(g.intra_access);
	ck_ok(dat_group_list(test_conn, DAT_DEVICE_GROUP, "", (struct dat_page){ 0, 5 },
			count_group, &n, &total));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(total, 1);
}
END_TEST

static int log_in(const char *guid, enum dat_session_kind kind, const char *uuid,
		char token[DAT_TOKEN_TEXT])
{
	return dat_session_add(test_conn,
			&(struct dat_session_new){ .account_guid = guid,
					.kind = kind,
					.device_id = "123",
					.device_uuid = uuid,
					.ip = "192.0.2.1" },
			NOW, token);
}

START_TEST(a_session_lives_as_long_as_it_is_used)
{
	char guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT];
	int64_t day = DAT_DAY_MS, n = 0;
	struct dat_session s;
	struct dat_account a;

	add("ann", DAT_ROLE_USER, guid);
	ck_ok(log_in(guid, DAT_SESSION_CLIENT, "u1", token));
	ck_assert_int_eq(strlen(token), 64);
	ck_ok(dat_session_check(test_conn, token, NOW + 80 * day, &s, &a));
	ck_assert_str_eq(a.guid, guid);
	ck_assert_str_eq(s.ip, "192.0.2.1");
	ck_ok(dat_session_check(test_conn, token, NOW + 160 * day, &s, &a));
	ck_assert_int_eq(dat_session_check(test_conn, token, NOW + 251 * day, &s, &a),
			HWS_ERR_DENIED);
	ck_ok(dat_session_sweep(test_conn, NOW + 251 * day, &n));
	ck_assert_int_eq(n, 1);
	token[0] = token[0] == '0' ? '1' : '0';
	ck_assert_int_eq(dat_session_check(test_conn, token, NOW, &s, &a), HWS_ERR_DENIED);
	ck_assert_int_eq(dat_session_check(test_conn, "", NOW, &s, &a), HWS_ERR_DENIED);
}
END_TEST

static int count_session(const struct dat_session *s, void *arg)
{
	(void)s;
	++*(int *)arg;
	return HWS_OK;
}

START_TEST(what_ends_all_sessions_of_an_account)
{
	char guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT];
	struct dat_session s;
	struct dat_account a;
	int n = 0;

	add("own", DAT_ROLE_OWNER, guid);
	add("ann", DAT_ROLE_USER, guid);
	for (int way = 0; way < 4; way++) {
		ck_ok(log_in(guid, DAT_SESSION_CLIENT, "u1", token));
		ck_ok(dat_session_check(test_conn, token, NOW, &s, &a));
		if (way == 0)
			ck_ok(dat_account_log_out(test_conn, guid, NOW));
		else if (way == 1)
			ck_ok(dat_account_set_password(test_conn, guid, "$x", false, NOW));
		else if (way == 2)
			ck_ok(dat_session_end(test_conn, token));
		else
			ck_ok(dat_account_set_status(test_conn, guid, DAT_DISABLED, NOW));
		ck_assert_int_eq(dat_session_check(test_conn, token, NOW, &s, &a), HWS_ERR_DENIED);
	}
	ck_assert_int_eq(log_in(guid, DAT_SESSION_CLIENT, "u1", token), HWS_ERR_DENIED);
	ck_ok(dat_account_set_status(test_conn, guid, DAT_ENABLED, NOW));
	/* one client has one session */
	ck_ok(log_in(guid, DAT_SESSION_CLIENT, "u1", token));
	ck_ok(log_in(guid, DAT_SESSION_CLIENT, "u1", token));
	ck_ok(log_in(guid, DAT_SESSION_CONSOLE, "", token));
	ck_ok(dat_session_list(test_conn, guid, NOW, count_session, &n));
	ck_assert_int_eq(n, 2);
}
END_TEST

START_TEST(an_identity_elsewhere_is_one_account)
{
	char guid[DAT_GUID_TEXT], got[DAT_GUID_TEXT];

	add("ann", DAT_ROLE_USER, guid);
	ck_ok(dat_identity_link(test_conn, "idp", "sub-1", guid, "{}", NOW));
	ck_ok(dat_identity_find(test_conn, "idp", "sub-1", got));
	ck_assert_str_eq(got, guid);
	ck_assert_int_eq(dat_identity_find(test_conn, "idp", "sub-2", got), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_identity_link(test_conn, "idp", "sub-1", guid, "{}", NOW),
			HWS_ERR_EXISTS);
	ck_ok(dat_account_remove(test_conn, guid));
	ck_assert_int_eq(dat_identity_find(test_conn, "idp", "sub-1", got), HWS_ERR_NOTFOUND);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/people",
			TESTS(names_that_look_alike_are_one, the_longest_name_folds,
					letters_are_counted_not_bytes,
					an_account_is_found_by_what_names_it,
					only_what_is_given_changes, an_owner_always_stays,
					a_list_comes_in_pages, groups_of_both_kinds,
					a_session_lives_as_long_as_it_is_used,
					what_ends_all_sessions_of_an_account,
					an_identity_elsewhere_is_one_account));
}
