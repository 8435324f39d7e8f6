/* Tokens of scripts, second factors, challenges, keys outside the database: on both engines. */
#include "admin/data/factors.h"
#include "admin/data/sessions.h"
#include "admin/data/tokens.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/totp.h"
#include "tests/unit/admin/engines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1790000000000ll

static struct dat_keys *keys;
static char account[DAT_GUID_TEXT];

static struct dat_keys *open_keys(const char *path)
{
	struct hws_error err = { 0 };
	struct dat_keys *k = NULL;
	int r = dat_keys_open(path, &k, &err);

	ck_assert_msg(r == HWS_OK, "%s", err.text);
	return k;
}

static void begin(void)
{
	char dir[] = "/tmp/hawser-keys-XXXXXX", path[60];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(hws_fmt(path, sizeof(path), "%s/keys", dir));
	keys = open_keys(path);
	unlink(path);
	rmdir(dir);
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = "ann",
					.role = DAT_ROLE_USER,
					.status = DAT_ENABLED },
			NOW, account));
}

static void end(void)
{
	dat_keys_free(keys);
}

START_TEST(a_sealed_text_opens_only_in_its_place)
{
	struct dat_cell cell = { "t", "c", "g" }, other = { "t", "c", "h" };
	char dir[] = "/tmp/hawser-keys-XXXXXX", path[60], buf[40];
	struct dat_keys *k, *again;
	char *sealed = NULL, *empty = NULL;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(hws_fmt(path, sizeof(path), "%s/keys", dir));
	k = open_keys(path);
	again = open_keys(path);
	ck_ok(dat_seal(k, cell, "secret", &sealed));
	ck_assert_ptr_null(strstr(sealed, "secret"));
	ck_ok(dat_unseal(again, cell, sealed, buf, sizeof(buf)));
	ck_assert_str_eq(buf, "secret");
	ck_assert_int_eq(dat_unseal(k, other, sealed, buf, sizeof(buf)), HWS_ERR_CRYPTO);
	begin();
	ck_assert_int_eq(dat_unseal(keys, cell, sealed, buf, sizeof(buf)), HWS_ERR_CRYPTO);
	sealed[3] = sealed[3] == '0' ? '1' : '0';
	ck_assert_int_eq(dat_unseal(k, cell, sealed, buf, sizeof(buf)), HWS_ERR_CRYPTO);
	ck_assert_int_eq(dat_unseal(k, cell, "rubbish", buf, sizeof(buf)), HWS_ERR_CRYPTO);
	ck_ok(dat_seal(k, cell, "", &empty));
	ck_ok(dat_unseal(k, cell, empty, buf, sizeof(buf)));
	ck_assert_str_eq(buf, "");
	hws_free(sealed);
	hws_free(empty);
	dat_keys_free(again);
	dat_keys_free(k);
	end();
	unlink(path);
	rmdir(dir);
}
END_TEST

static int take_token(const struct dat_token *t, void *arg)
{
	*(struct dat_token *)arg = *t;
	return HWS_OK;
}

START_TEST(a_token_does_what_its_scopes_say_until_its_day)
{
	struct dat_token_new_row in = { .name = "script",
		.account_guid = account,
		.scope[DAT_AREA_DEVICE] = DAT_SCOPE_WRITE,
		.scope[DAT_AREA_AUDIT] = DAT_SCOPE_READ,
		.expires_at = NOW + 1000 };
	char guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT];
	struct dat_token t;
	struct dat_account a;

	begin();
	ck_ok(dat_token_add(test_conn, &in, NOW, guid, token));
	ck_ok(dat_token_check(test_conn, token, "192.0.2.1", NOW, &t, &a));
	ck_assert_int_eq(t.scope[DAT_AREA_DEVICE], DAT_SCOPE_WRITE);
	ck_assert_int_eq(t.scope[DAT_AREA_AUDIT], DAT_SCOPE_READ);
	ck_assert_int_eq(t.scope[DAT_AREA_USER], DAT_SCOPE_NONE);
	ck_assert_str_eq(a.guid, account);
	ck_assert_int_eq(dat_token_check(test_conn, token, "", NOW + 1000, &t, &a), HWS_ERR_DENIED);
	ck_ok(dat_token_enable(test_conn, guid, false));
	ck_assert_int_eq(dat_token_check(test_conn, token, "", NOW, &t, &a), HWS_ERR_DENIED);
	ck_ok(dat_token_list(test_conn, account, take_token, &t));
	ck_assert(!t.enabled);
	ck_assert_str_eq(t.last_ip, "192.0.2.1");
	ck_assert_int_eq(memcmp(t.prefix, token, 8), 0);
	ck_ok(dat_token_enable(test_conn, guid, true));
	ck_ok(dat_account_set_status(test_conn, account, DAT_DISABLED, NOW));
	ck_assert_int_eq(dat_token_check(test_conn, token, "", NOW, &t, &a), HWS_ERR_DENIED);
	ck_ok(dat_token_remove(test_conn, guid));
	ck_assert_int_eq(dat_token_remove(test_conn, guid), HWS_ERR_NOTFOUND);
	end();
}
END_TEST

/* As when the disk is full. */
static void stop_writing(void)
{
	if (strcmp(sql_engine_name(test_db), "sqlite") == 0) {
		ck_ok(sql_run(test_conn, "PRAGMA query_only = 1", SQL_NONE));
		return;
	}
	ck_ok(sql_run(test_conn,
			"CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
			"RAISE ''full'' USING ERRCODE = ''53100''; END'",
			SQL_NONE));
	ck_ok(sql_run(test_conn,
			"CREATE TRIGGER full1 BEFORE UPDATE ON auth_session EXECUTE FUNCTION "
			"disk_full()",
			SQL_NONE));
	ck_ok(sql_run(test_conn,
			"CREATE TRIGGER full2 BEFORE UPDATE ON api_token EXECUTE FUNCTION "
			"disk_full()",
			SQL_NONE));
}

static void write_again(void)
{
	if (strcmp(sql_engine_name(test_db), "sqlite") == 0)
		ck_ok(sql_run(test_conn, "PRAGMA query_only = 0", SQL_NONE));
	else
		ck_ok(sql_run(test_conn, "DROP FUNCTION disk_full() CASCADE", SQL_NONE));
}

START_TEST(who_can_read_reads_while_nothing_can_be_written)
{
	struct dat_token_new_row in = {
		.name = "script", .account_guid = account, .scope[DAT_AREA_DEVICE] = DAT_SCOPE_READ
	};
	char guid[DAT_GUID_TEXT], token[DAT_TOKEN_TEXT], secret[DAT_TOKEN_TEXT];
	struct dat_session s;
	struct dat_account a;
	struct dat_token t;

	begin();
	ck_ok(dat_token_add(test_conn, &in, NOW, guid, token));
	ck_ok(dat_session_add(test_conn,
			&(struct dat_session_new){ .account_guid = account,
					.kind = DAT_SESSION_CLIENT,
					.device_id = "123",
					.device_uuid = "u",
					.ip = "" },
			NOW, secret));
	ck_ok(sql_run(test_conn, "UPDATE auth_session SET life_ms = $1, expires_at = $2",
			SQL_P(SQL_I(DAT_DAY_MS), SQL_I(NOW + DAT_DAY_MS))));
	stop_writing();
	ck_ok(dat_token_check(test_conn, token, "", NOW + DAT_DAY_MS / 2, &t, &a));
	ck_ok(dat_session_check(test_conn, secret, NOW + DAT_DAY_MS / 2, &s, &a));
	/* no longer than it was let live */
	ck_assert_int_eq(s.expires_at, NOW + DAT_DAY_MS);
	ck_assert_int_eq(dat_session_check(test_conn, secret, NOW + DAT_DAY_MS, &s, &a),
			HWS_ERR_DENIED);
	write_again();
	ck_ok(dat_session_check(test_conn, secret, NOW + DAT_DAY_MS / 2, &s, &a));
	ck_assert_int_eq(s.expires_at, NOW + DAT_DAY_MS / 2 + DAT_DAY_MS);
	end();
}
END_TEST

/* As a telephone does it. */
static void code_at(const char *secret_text, int64_t now, char code[HWS_TOTP_CODE_TEXT])
{
	static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t secret[HWS_TOTP_SECRET_LEN] = { 0 };

	for (unsigned i = 0; i < 32; i++) {
		unsigned v = (unsigned)(strchr(signs, secret_text[i]) - signs);

		for (unsigned b = 0; b < 5; b++) {
			if (v >> (4 - b) & 1)
				secret[(i * 5 + b) / 8] |= (uint8_t)(0x80 >> (i * 5 + b) % 8);
		}
	}
	hws_totp_code(hws_bytes(secret, sizeof(secret)), (uint64_t)now / 30000, code);
}

static void enable(char secret[DAT_TOTP_SECRET_TEXT],
		char codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT])
{
	char code[HWS_TOTP_CODE_TEXT];

	ck_ok(dat_totp_begin(test_conn, keys, account, secret));
	ck_assert_int_eq(dat_totp_enable(test_conn, keys, account, "12345", NOW, codes),
			HWS_ERR_PASSWORD);
	code_at(secret, NOW, code);
	ck_ok(dat_totp_enable(test_conn, keys, account, code, NOW, codes));
	/* which has served by this */
	ck_assert_int_eq(dat_totp_check(test_conn, keys, account, code, NOW), HWS_ERR_PASSWORD);
}

START_TEST(digits_and_recovery_codes_serve_once)
{
	char secret[DAT_TOTP_SECRET_TEXT], code[HWS_TOTP_CODE_TEXT];
	char codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT];
	struct dat_account a;
	int64_t left = 0;

	begin();
	ck_assert_int_eq(dat_totp_check(test_conn, keys, account, "123456", NOW), HWS_ERR_NOTFOUND);
	enable(secret, codes);
	ck_ok(dat_account_get(test_conn, account, &a));
	ck_assert(a.tfa_on);
	ck_assert_int_eq(dat_totp_begin(test_conn, keys, account, secret), HWS_ERR_EXISTS);
	code_at(secret, NOW + 60000, code);
	ck_ok(dat_totp_check(test_conn, keys, account, code, NOW + 60000));
	ck_assert_int_eq(dat_totp_check(test_conn, keys, account, code, NOW + 60000),
			HWS_ERR_PASSWORD);
	ck_ok(dat_totp_check(test_conn, keys, account, codes[4], NOW));
	ck_assert_int_eq(dat_totp_check(test_conn, keys, account, codes[4], NOW), HWS_ERR_PASSWORD);
	ck_ok(dat_recovery_left(test_conn, account, &left));
	ck_assert_int_eq(left, DAT_RECOVERY_CODES - 1);
	ck_ok(dat_totp_disable(test_conn, account));
	ck_assert_int_eq(dat_totp_check(test_conn, keys, account, codes[5], NOW), HWS_ERR_NOTFOUND);
	end();
}
END_TEST

START_TEST(a_challenge_is_of_one_client_and_few_tries)
{
	char secret[DAT_TOKEN_TEXT], code[DAT_MAIL_CODE_TEXT], got[DAT_GUID_TEXT];

	begin();
	ck_ok(dat_challenge_begin(test_conn, account, DAT_CHALLENGE_MAIL, "1", "u", "password", NOW,
			secret, code));
	ck_assert_int_eq(strlen(code), 6);
	ck_assert_int_eq(dat_challenge_answer(test_conn, keys, secret, "1", "v", code, NOW, got),
			HWS_ERR_DENIED);
	ck_assert_int_eq(dat_challenge_answer(test_conn, keys, secret, "1", "u", code,
					 NOW + 5 * 60000, got),
			HWS_ERR_DENIED);
	ck_assert_int_eq(dat_challenge_answer(test_conn, keys, secret, "1", "u", "no", NOW, got),
			HWS_ERR_PASSWORD);
	ck_ok(dat_challenge_answer(test_conn, keys, secret, "1", "u", code, NOW, got));
	ck_assert_str_eq(got, account);
	ck_assert_int_eq(dat_challenge_answer(test_conn, keys, secret, "1", "u", code, NOW, got),
			HWS_ERR_DENIED);
	ck_ok(dat_challenge_begin(test_conn, account, DAT_CHALLENGE_MAIL, "1", "u", "password", NOW,
			secret, code));
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(dat_challenge_answer(
						 test_conn, keys, secret, "1", "u", "no", NOW, got),
				HWS_ERR_PASSWORD);
	ck_assert_int_eq(dat_challenge_answer(test_conn, keys, secret, "1", "u", code, NOW, got),
			HWS_ERR_DENIED);
	end();
}
END_TEST

START_TEST(a_challenge_takes_the_telephone_or_a_recovery_code)
{
	char secret[DAT_TOTP_SECRET_TEXT], codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT];
	char challenge[DAT_TOKEN_TEXT], none[DAT_MAIL_CODE_TEXT], got[DAT_GUID_TEXT];

	begin();
	enable(secret, codes);
	ck_ok(dat_challenge_begin(test_conn, account, DAT_CHALLENGE_TOTP, "1", "u", "password", NOW,
			challenge, none));
	ck_assert_str_eq(none, "");
	ck_assert_int_eq(dat_challenge_answer(test_conn, keys, challenge, "1", "u", "", NOW, got),
			HWS_ERR_PASSWORD);
	ck_ok(dat_challenge_answer(test_conn, keys, challenge, "1", "u", codes[0], NOW, got));
	ck_assert_int_eq(dat_trust_check(test_conn, account, "u", NOW), HWS_ERR_NOTFOUND);
	ck_ok(dat_trust_add(test_conn, account, "u", NOW + 1000));
	ck_ok(dat_trust_check(test_conn, account, "u", NOW));
	ck_assert_int_eq(dat_trust_check(test_conn, account, "u", NOW + 1000), HWS_ERR_NOTFOUND);
	ck_ok(dat_factors_sweep(test_conn, NOW + 1000));
	end();
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/logins",
			TESTS(a_sealed_text_opens_only_in_its_place,
					a_token_does_what_its_scopes_say_until_its_day,
					who_can_read_reads_while_nothing_can_be_written,
					digits_and_recovery_codes_serve_once,
					a_challenge_is_of_one_client_and_few_tries,
					a_challenge_takes_the_telephone_or_a_recovery_code));
}
