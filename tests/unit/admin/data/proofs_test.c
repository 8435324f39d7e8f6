/* What a login hangs on: sessions of an account as it was proved, hashes that another password has
 * overtaken, challenges, codes, tokens that are changed, lists in order, pictures: on both
 * engines. */
#include "admin/data/accounts.h"
#include "admin/data/avatars.h"
#include "admin/data/factors.h"
#include "admin/data/sessions.h"
#include "admin/data/tokens.h"
#include "tests/unit/admin/engines.h"
#include <stdio.h>
#include <string.h>

#define NOW 1790000000000ll

static void add(const char *name, enum dat_role role, char guid[DAT_GUID_TEXT])
{
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = name,
					.role = role,
					.status = DAT_ENABLED,
					.pw_hash = "hash of the first" },
			NOW, guid));
}

START_TEST(a_session_is_of_the_account_as_it_was_proved)
{
	char guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT], kept[DAT_TOKEN_TEXT];
	struct dat_session_new in = { .account_guid = guid, .kind = DAT_SESSION_CONSOLE };
	struct dat_account a, was;
	struct dat_session s;

	add("ann", DAT_ROLE_USER, guid);
	ck_ok(dat_account_get(test_conn, guid, &was));
	in.proved = &was;
	in.life_ms = 3600000;
	ck_ok(dat_session_add(test_conn, &in, NOW, kept));
	ck_ok(dat_session_check(test_conn, kept, NOW, &s, &a));
	ck_assert_int_eq(s.expires_at, NOW + 3600000);
	/* an hour from its last use, not the half day of its kind */
	ck_ok(dat_session_check(test_conn, kept, NOW + 3000000, &s, &a));
	ck_assert_int_eq(s.expires_at, NOW + 3000000 + 3600000);
	ck_assert_int_eq(dat_session_check(test_conn, kept, NOW + 7000000, &s, &a), HWS_ERR_DENIED);
	ck_ok(dat_session_add(test_conn, &in, NOW, kept));
	ck_ok(dat_session_check(test_conn, kept, NOW, &s, &a));
	/* who proved the old password while it was changed does not come in */
	ck_ok(dat_account_set_password(test_conn, guid, "hash of the second", false, NOW));
	ck_assert_int_eq(dat_session_add(test_conn, &in, NOW, token), HWS_ERR_DENIED);
	ck_assert_int_eq(dat_session_check(test_conn, kept, NOW, &s, &a), HWS_ERR_DENIED);
	ck_ok(dat_session_keep(test_conn, s.guid));
	ck_ok(dat_session_check(test_conn, kept, NOW, &s, &a));
}
END_TEST

START_TEST(a_hash_is_renewed_for_the_password_it_was)
{
	char guid[DAT_GUID_TEXT], hash[DAT_PW_HASH_TEXT];

	add("ann", DAT_ROLE_USER, guid);
	ck_ok(dat_account_rehash(test_conn, guid, "hash of the first", "dearer hash of the first"));
	ck_ok(dat_account_set_password(test_conn, guid, "hash of the second", false, NOW));
	ck_assert_int_eq(dat_account_rehash(test_conn, guid, "dearer hash of the first",
					 "dearest hash of the first"),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_account_pw_hash(test_conn, guid, hash));
	ck_assert_str_eq(hash, "hash of the second");
}
END_TEST

START_TEST(a_challenge_tells_whose_it_is_and_ends_with_the_password)
{
	char guid[DAT_GUID_TEXT], secret[DAT_TOKEN_TEXT], code[DAT_MAIL_CODE_TEXT];
	char whose[DAT_GUID_TEXT];
	enum dat_challenge_kind kind = DAT_CHALLENGE_TOTP;

	add("ann", DAT_ROLE_USER, guid);
	ck_ok(dat_challenge_begin(test_conn, guid, DAT_CHALLENGE_MAIL, "1", "u", "password", NOW,
			secret, code));
	ck_ok(dat_challenge_of(test_conn, secret, "1", "u", NOW + 1, whose, &kind));
	ck_assert_str_eq(whose, guid);
	ck_assert_int_eq(kind, DAT_CHALLENGE_MAIL);
	ck_assert_int_eq(dat_challenge_of(test_conn, secret, "1", "other", NOW, whose, &kind),
			HWS_ERR_DENIED);
	ck_assert_int_eq(dat_challenge_of(test_conn, secret, "1", "u", NOW + 300000, whose, &kind),
			HWS_ERR_DENIED);
	ck_assert_int_eq(dat_challenge_of(test_conn, "short", "1", "u", NOW, whose, &kind),
			HWS_ERR_DENIED);
	ck_ok(dat_account_set_password(test_conn, guid, "hash of the second", false, NOW));
	ck_assert_int_eq(dat_challenge_of(test_conn, secret, "1", "u", NOW + 1, whose, &kind),
			HWS_ERR_DENIED);
}
END_TEST

static int note_trust(const char *uuid, int64_t until, void *arg)
{
	ck_assert_int_gt(until, NOW);
	(void)snprintf(arg, 40, "%s", uuid);
	return HWS_OK;
}

START_TEST(trust_is_listed_while_it_holds)
{
	char guid[DAT_GUID_TEXT], last[40] = "";
	char codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT];

	add("ann", DAT_ROLE_USER, guid);
	ck_ok(dat_trust_add(test_conn, guid, "old", NOW - 1));
	ck_ok(dat_trust_add(test_conn, guid, "new", NOW + 1));
	ck_ok(dat_trust_list(test_conn, guid, NOW, note_trust, last));
	ck_assert_str_eq(last, "new");
	/* no codes without what they stand in for */
	ck_assert_int_eq(dat_recovery_renew(test_conn, guid, codes), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(a_token_is_changed)
{
	struct dat_token_new_row in = { .name = "t",
		.scope = { [DAT_AREA_USER] = DAT_SCOPE_WRITE } };
	enum dat_scope scope[DAT_AREAS] = { [DAT_AREA_RECORDING] = DAT_SCOPE_READ };
	struct dat_token_change ch = { .expires_at = -1, .enabled = -1 };
	char owner[DAT_GUID_TEXT], guid[DAT_GUID_TEXT], secret[DAT_TOKEN_TEXT];
	struct dat_token t;

	add("ann", DAT_ROLE_AUDITOR, owner);
	in.account_guid = owner;
	ck_ok(dat_token_add(test_conn, &in, NOW, guid, secret));
	ch.name = "renamed";
	ck_ok(dat_token_change(test_conn, guid, &ch, NOW + 5));
	ck_ok(dat_token_get(test_conn, guid, &t));
	ck_assert_str_eq(t.name, "renamed");
	ck_assert_str_eq(t.account_name, "ann");
	ck_assert_int_eq(t.account_role, DAT_ROLE_AUDITOR);
	ck_assert_int_eq(t.updated_at, NOW + 5);
	ck_assert_int_eq(t.scope[DAT_AREA_USER], DAT_SCOPE_WRITE);
	ch = (struct dat_token_change){ .scope = scope, .expires_at = NOW + 10, .enabled = 0 };
	ck_ok(dat_token_change(test_conn, guid, &ch, NOW + 6));
	ck_ok(dat_token_get(test_conn, guid, &t));
	ck_assert(!t.enabled);
	ck_assert_int_eq(t.expires_at, NOW + 10);
	ck_assert_int_eq(t.scope[DAT_AREA_USER], DAT_SCOPE_NONE);
	ck_assert_int_eq(t.scope[DAT_AREA_RECORDING], DAT_SCOPE_READ);
	ch.expires_at = NOW - 1;
	ck_assert_int_eq(dat_token_change(test_conn, guid, &ch, NOW), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_token_change(test_conn, owner, &ch, NOW - 5), HWS_ERR_NOTFOUND);
}
END_TEST

static int join(const struct dat_account *a, void *arg)
{
	(void)snprintf((char *)arg + strlen(arg), 20, "%.10s ", a->name);
	return HWS_OK;
}

static void check_list(struct dat_account_filter f, bool down, const char *want)
{
	char got[200] = "";
	int64_t total = 0;

	ck_ok(dat_account_list(test_conn, f, (struct dat_page){ 0, 10, down }, join, got, &total));
	ck_assert_str_eq(got, want);
}

START_TEST(accounts_are_listed_in_order)
{
	static const enum dat_role auditor = DAT_ROLE_AUDITOR;
	static const enum dat_status off = DAT_DISABLED;
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	struct dat_account_filter all = { .search = "", .group_guid = "" };
	struct dat_account_filter f = all;
	char ann[DAT_GUID_TEXT], ben[DAT_GUID_TEXT], cat[DAT_GUID_TEXT];

	add("cat", DAT_ROLE_USER, cat);
	add("Ann", DAT_ROLE_USER, ann);
	add("ben", DAT_ROLE_AUDITOR, ben);
	ch.email = "x@cats.example";
	ck_ok(dat_account_change(test_conn, ann, &ch, NOW));
	ck_ok(dat_account_logged_in(test_conn, cat, NOW));
	ck_ok(dat_account_set_status(test_conn, ben, DAT_DISABLED, NOW));
	check_list(all, false, "Ann ben cat ");
	check_list(all, true, "cat ben Ann ");
	f.order = DAT_BY_LOGIN;
	check_list(f, true, "cat ben Ann ");
	f.order = DAT_BY_ROLE;
	check_list(f, false, "ben Ann cat ");
	f.order = DAT_BY_STATUS;
	check_list(f, false, "ben Ann cat ");
	f = all;
	f.search = "CAT";
	check_list(f, false, "Ann cat ");
	f = all;
	f.role = &auditor;
	check_list(f, false, "ben ");
	f.status = &off;
	check_list(f, false, "ben ");
	f.role = NULL;
	f.search = "ann";
	check_list(f, false, "");
}
END_TEST

START_TEST(a_picture_is_kept_and_goes_with_its_account)
{
	char guid[DAT_GUID_TEXT], first[DAT_AVATAR_NAME_TEXT], name[DAT_AVATAR_NAME_TEXT];
	static uint8_t big[DAT_AVATAR_MAX + 1];
	struct hws_buf got;

	add("ann", DAT_ROLE_USER, guid);
	hws_buf_init(&got, sizeof(big));
	ck_ok(dat_avatar_name(test_conn, guid, name));
	ck_assert_str_eq(name, "");
	ck_ok(dat_avatar_put(test_conn, guid, hws_bytes("\0one", 4), first));
	ck_ok(dat_avatar_get(test_conn, first, &got));
	ck_assert_uint_eq(hws_buf_len(&got), 4);
	ck_assert_int_eq(memcmp(hws_buf_bytes(&got).ptr, "\0one", 4), 0);
	memset(big, 7, sizeof(big));
	ck_assert_int_eq(dat_avatar_put(test_conn, guid, hws_bytes(big, sizeof(big)), name),
			HWS_ERR_TOOBIG);
	ck_ok(dat_avatar_put(test_conn, guid, hws_bytes(big, DAT_AVATAR_MAX), name));
	ck_assert_str_ne(name, first);
	ck_assert_int_eq(dat_avatar_get(test_conn, first, &got), HWS_ERR_NOTFOUND);
	hws_buf_reset(&got);
	ck_ok(dat_avatar_get(test_conn, name, &got));
	ck_assert_uint_eq(hws_buf_len(&got), DAT_AVATAR_MAX);
	ck_ok(dat_account_remove(test_conn, guid));
	ck_assert_int_eq(dat_avatar_get(test_conn, name, &got), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_avatar_remove(test_conn, guid), HWS_ERR_NOTFOUND);
	hws_buf_done(&got);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/proofs",
			TESTS(a_session_is_of_the_account_as_it_was_proved,
					a_hash_is_renewed_for_the_password_it_was,
					a_challenge_tells_whose_it_is_and_ends_with_the_password,
					trust_is_listed_while_it_holds, a_token_is_changed,
					accounts_are_listed_in_order,
					a_picture_is_kept_and_goes_with_its_account));
}
