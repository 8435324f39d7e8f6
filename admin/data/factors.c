/* admin/data/factors: a try is counted, and that is committed, before the code is looked at, so
 * that many at once are no more than their number. */
#include "admin/data/factors.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/totp.h"

#include <string.h>

#define CHALLENGE_MS (5LL * 60 * 1000)
#define TRIES 5

static const char *const kinds[] = {
	[DAT_CHALLENGE_MAIL] = "email_check", [DAT_CHALLENGE_TOTP] = "tfa_check"
};

static struct dat_cell cell_of(const char *account_guid)
{
	return (struct dat_cell){ "account_totp", "secret_enc", account_guid };
}

/* --- digits ----------------------------------------------------------------------------------- */

int dat_totp_begin(struct sql_conn *c, const struct dat_keys *keys, const char *account_guid,
		char ret_secret[DAT_TOTP_SECRET_TEXT])
{
	uint8_t secret[HWS_TOTP_SECRET_LEN];
	char hex[2 * HWS_TOTP_SECRET_LEN + 1], *sealed = NULL;
	int r;

	hws_rand_bytes(secret, sizeof(secret));
	r = hws_hex_encode(hws_bytes(secret, sizeof(secret)), hex, sizeof(hex));
	if (r == HWS_OK)
		r = dat_seal(keys, cell_of(account_guid), hex, &sealed);
	if (r == HWS_OK)
		r = dat_change_one(c,
				"INSERT INTO account_totp (account_guid, secret_enc) VALUES ($1, "
				"$2) ON CONFLICT (account_guid) DO UPDATE SET secret_enc = "
				"excluded.secret_enc, last_step = 0 WHERE account_totp.enabled_at = "
				"0",
				SQL_P(SQL_T(account_guid), SQL_T(sealed)));
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_ERR_EXISTS; /* one is in force */
	if (r == HWS_OK)
		hws_totp_secret_text(secret, ret_secret);
	hws_free(sealed);
	hws_wipe(hex, sizeof(hex));
	hws_wipe(secret, sizeof(secret));
	return r;
}

struct totp {
	char sealed[2 * (2 * HWS_TOTP_SECRET_LEN + 40) + 1];
	int64_t last_step, enabled_at;
};

static int read_totp(const struct sql_row *row, void *arg)
{
	struct totp *t = arg;

	t->last_step = sql_int(row, 1);
	t->enabled_at = sql_int(row, 2);
	return sql_copy(row, 0, t->sealed, sizeof(t->sealed));
}

/* Takes the step for itself: of two who come with one code, one finds it used. */
static int use_step(struct sql_conn *c, const char *account_guid, uint64_t step)
{
	int r = dat_change_one(c,
			"UPDATE account_totp SET last_step = $1 WHERE account_guid = $2 AND "
			"last_step < $1",
			SQL_P(SQL_I((int64_t)step), SQL_T(account_guid)));

	return r == HWS_ERR_NOTFOUND ? HWS_ERR_PASSWORD : r;
}

static int check_digits(struct sql_conn *c, const struct dat_keys *keys, const char *account_guid,
		bool in_force, const char *code, int64_t now)
{
	uint8_t secret[HWS_TOTP_SECRET_LEN];
	char hex[2 * HWS_TOTP_SECRET_LEN + 1];
	struct totp t = { 0 };
	uint64_t step = 0;
	int r = sql_one(c,
			"SELECT secret_enc, last_step, enabled_at FROM account_totp WHERE "
			"account_guid = $1",
			SQL_P(SQL_T(account_guid)), read_totp, &t);

	if (r == HWS_OK && (t.enabled_at != 0) != in_force)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK)
		r = dat_unseal(keys, cell_of(account_guid), t.sealed, hex, sizeof(hex));
	if (r == HWS_OK)
		r = hws_hex_decode(hex, secret, sizeof(secret));
	if (r == HWS_OK)
		r = hws_totp_check(hws_bytes(secret, sizeof(secret)), code, (uint64_t)(now / 1000),
				(uint64_t)t.last_step, &step);
	if (r == HWS_OK)
		r = use_step(c, account_guid, step);
	hws_wipe(hex, sizeof(hex));
	hws_wipe(secret, sizeof(secret));
	return r;
}

/* --- recovery codes --------------------------------------------------------------------------- */

/* 11 of 31 signs: 54 bits, and few tries. Without those that look like others. */
static void recovery_code(char buf[DAT_RECOVERY_TEXT])
{
	static const char signs[] = "abcdefghjkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i < DAT_RECOVERY_TEXT - 1; i++)
		buf[i] = signs[hws_rand_below(sizeof(signs) - 1)];
	buf[5] = '-';
	buf[DAT_RECOVERY_TEXT - 1] = '\0';
}

static void code_hash(const char *account_guid, const char *code, char hash[DAT_HASH_TEXT])
{
	char text[DAT_GUID_TEXT + 66];

	/* two accounts with one code must not look alike */
	if (hws_fmt(text, sizeof(text), "%.36s/%.64s", account_guid, code) < 0)
		text[0] = '\0'; /* cannot be: it fits */
	dat_token_hash(text, hash);
	hws_wipe(text, sizeof(text));
}

static int new_codes(struct sql_conn *c, const char *account_guid,
		char ret_codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT])
{
	char hash[DAT_HASH_TEXT];
	int r = sql_run(c, "DELETE FROM account_recovery_code WHERE account_guid = $1",
			SQL_P(SQL_T(account_guid)));

	for (size_t i = 0; i < DAT_RECOVERY_CODES && r == HWS_OK; i++) {
		recovery_code(ret_codes[i]);
		code_hash(account_guid, ret_codes[i], hash);
		r = sql_run(c,
				"INSERT INTO account_recovery_code (account_guid, code_hash) VALUES "
				"($1, $2)",
				SQL_P(SQL_T(account_guid), SQL_T(hash)));
	}
	return r;
}

int dat_totp_enable(struct sql_conn *c, const struct dat_keys *keys, const char *account_guid,
		const char *code, int64_t now,
		char ret_codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT])
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = check_digits(c, keys, account_guid, false, code, now);
	if (r == HWS_OK)
		r = dat_change_one(c,
				"UPDATE account_totp SET enabled_at = $1 WHERE account_guid = $2",
				SQL_P(SQL_I(now), SQL_T(account_guid)));
	if (r == HWS_OK)
		r = new_codes(c, account_guid, ret_codes);
	return dat_tx_end(&tx, r);
}

int dat_totp_check(struct sql_conn *c, const struct dat_keys *keys, const char *account_guid,
		const char *code, int64_t now)
{
	char hash[DAT_HASH_TEXT];
	int r = check_digits(c, keys, account_guid, true, code, now);

	if (r != HWS_ERR_PASSWORD || strnlen(code, DAT_RECOVERY_TEXT) != DAT_RECOVERY_TEXT - 1)
		return r;
	code_hash(account_guid, code, hash);
	r = dat_change_one(c,
			"UPDATE account_recovery_code SET used_at = $1 WHERE account_guid = $2 AND "
			"code_hash = $3 AND used_at = 0",
			SQL_P(SQL_I(now), SQL_T(account_guid), SQL_T(hash)));
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_PASSWORD : r;
}

int dat_totp_disable(struct sql_conn *c, const char *account_guid)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = sql_run(c, "DELETE FROM account_recovery_code WHERE account_guid = $1",
			SQL_P(SQL_T(account_guid)));
	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM login_trust WHERE account_guid = $1",
				SQL_P(SQL_T(account_guid)));
	if (r == HWS_OK)
		r = dat_change_one(c, "DELETE FROM account_totp WHERE account_guid = $1",
				SQL_P(SQL_T(account_guid)));
	return dat_tx_end(&tx, r);
}

int dat_recovery_renew(struct sql_conn *c, const char *account_guid,
		char ret_codes[DAT_RECOVERY_CODES][DAT_RECOVERY_TEXT])
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	/* locks the row: of two at once one comes after the other */
	r = dat_change_one(c,
			"UPDATE account_totp SET enabled_at = enabled_at WHERE account_guid = $1 AND "
			"enabled_at > 0",
			SQL_P(SQL_T(account_guid)));
	if (r == HWS_OK)
		r = new_codes(c, account_guid, ret_codes);
	return dat_tx_end(&tx, r);
}

int dat_recovery_left(struct sql_conn *c, const char *account_guid, int64_t *ret)
{
	return sql_number(c,
			"SELECT count(*) FROM account_recovery_code WHERE account_guid = $1 AND "
			"used_at = 0",
			SQL_P(SQL_T(account_guid)), ret);
}

/* --- challenges ------------------------------------------------------------------------------- */

int dat_challenge_begin(struct sql_conn *c, const char *account_guid, enum dat_challenge_kind kind,
		const char *device_id, const char *device_uuid, const char *via, int64_t now,
		char ret_secret[DAT_TOKEN_TEXT], char ret_mail_code[DAT_MAIL_CODE_TEXT])
{
	char token[DAT_TOKEN_TEXT], kept[DAT_HASH_TEXT], mail[DAT_HASH_TEXT] = "";
	char code[DAT_MAIL_CODE_TEXT] = "";
	struct dat_tx tx;
	int r = dat_text_check(device_id, DAT_ID_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(device_uuid, DAT_UUID_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(via, DAT_SHORT_TEXT, false);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	dat_token_new(token);
	dat_token_hash(token, kept);
	if (kind == DAT_CHALLENGE_MAIL) {
		r = hws_fmt(code, sizeof(code), "%06u", hws_rand_below(1000000));
		code_hash(token, code, mail);
	}
	if (r == HWS_OK)
		r = sql_run(c,
				"DELETE FROM login_challenge WHERE account_guid = $1 AND device_id "
				"= $2 AND device_uuid = $3",
				SQL_P(SQL_T(account_guid), SQL_T(device_id), SQL_T(device_uuid)));
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO login_challenge (secret_hash, account_guid, kind, "
				"device_id, device_uuid, code_hash, via, expires_at) VALUES ($1, "
				"$2, $3, $4, $5, $6, $7, $8)",
				SQL_P(SQL_T(kept), SQL_T(account_guid), SQL_T(kinds[kind]),
						SQL_T(device_id), SQL_T(device_uuid), SQL_T(mail),
						SQL_T(via), SQL_I(now + CHALLENGE_MS)));
	r = dat_tx_end(&tx, r);
	if (r == HWS_OK)
		r = hws_str_copy(ret_secret, DAT_TOKEN_TEXT, token);
	if (r == HWS_OK)
		r = hws_str_copy(ret_mail_code, DAT_MAIL_CODE_TEXT, code);
	hws_wipe(token, sizeof(token));
	return r;
}

struct challenge {
	char account_guid[DAT_GUID_TEXT], code_hash[DAT_HASH_TEXT];
	bool totp;
};

static int read_challenge(const struct sql_row *row, void *arg)
{
	struct challenge *ch = arg;
	int r = sql_copy(row, 0, ch->account_guid, sizeof(ch->account_guid));

	ch->totp = hws_str_equal(sql_text(row, 1), kinds[DAT_CHALLENGE_TOTP]);
	return r == HWS_OK ? sql_copy(row, 2, ch->code_hash, sizeof(ch->code_hash)) : r;
}

static int check_mail(const struct challenge *ch, const char *secret, const char *code)
{
	char hash[DAT_HASH_TEXT];

	code_hash(secret, code, hash);
	return hws_secret_equal(hash, ch->code_hash, sizeof(hash)) ? HWS_OK : HWS_ERR_PASSWORD;
}

int dat_challenge_of(struct sql_conn *c, const char *secret, const char *device_id,
		const char *device_uuid, int64_t now, char ret_account_guid[DAT_GUID_TEXT],
		enum dat_challenge_kind *ret_kind)
{
	struct challenge ch = { 0 };
	char hash[DAT_HASH_TEXT];
	int r;

	if (strnlen(secret, DAT_TOKEN_TEXT) != DAT_TOKEN_TEXT - 1)
		return HWS_ERR_DENIED;
	dat_token_hash(secret, hash);
	r = sql_one(c,
			"SELECT account_guid, kind, code_hash FROM login_challenge WHERE secret_hash "
			"= $1 AND device_id = $2 AND device_uuid = $3 AND expires_at > $4 AND tries "
			"< $5",
			SQL_P(SQL_T(hash), SQL_T(device_id), SQL_T(device_uuid), SQL_I(now),
					SQL_I(TRIES)),
			read_challenge, &ch);
	if (r == HWS_OK) {
		*ret_kind = ch.totp ? DAT_CHALLENGE_TOTP : DAT_CHALLENGE_MAIL;
		r = hws_str_copy(ret_account_guid, DAT_GUID_TEXT, ch.account_guid);
	}
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

int dat_challenge_answer(struct sql_conn *c, const struct dat_keys *keys, const char *secret,
		const char *device_id, const char *device_uuid, const char *code, int64_t now,
		char ret_account_guid[DAT_GUID_TEXT])
{
	struct challenge ch = { 0 };
	char hash[DAT_HASH_TEXT];
	int r;

	/* the count of tries must stay when the answer is wrong */
	if (sql_in_transaction(c))
		return HWS_ERR_INVAL;
	if (strnlen(secret, DAT_TOKEN_TEXT) != DAT_TOKEN_TEXT - 1 || strnlen(code, 65) > 64)
		return HWS_ERR_DENIED;
	dat_token_hash(secret, hash);
	r = sql_one(c,
			"UPDATE login_challenge SET tries = tries + 1 WHERE secret_hash = $1 AND "
			"device_id = $2 AND device_uuid = $3 AND expires_at > $4 AND tries < $5 "
			"RETURNING account_guid, kind, code_hash",
			SQL_P(SQL_T(hash), SQL_T(device_id), SQL_T(device_uuid), SQL_I(now),
					SQL_I(TRIES)),
			read_challenge, &ch);
	if (r == HWS_ERR_NOTFOUND)
		return HWS_ERR_DENIED;
	if (r == HWS_OK)
		r = ch.totp ? dat_totp_check(c, keys, ch.account_guid, code, now)
			    : check_mail(&ch, secret, code);
	/* who takes it away has answered it: once */
	if (r == HWS_OK)
		r = dat_change_one(c, "DELETE FROM login_challenge WHERE secret_hash = $1",
				SQL_P(SQL_T(hash)));
	if (r == HWS_OK)
		r = hws_str_copy(ret_account_guid, DAT_GUID_TEXT, ch.account_guid);
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

/* --- trust ------------------------------------------------------------------------------------ */

int dat_trust_add(struct sql_conn *c, const char *account_guid, const char *device_uuid,
		int64_t until)
{
	int r = dat_text_check(device_uuid, DAT_UUID_TEXT, false);

	if (r < 0 || !*device_uuid)
		return r < 0 ? r : HWS_ERR_INVAL;
	return sql_run(c,
			"INSERT INTO login_trust (account_guid, kind, data, expires_at) VALUES ($1, "
			"'uuid', $2, $3) ON CONFLICT (account_guid, kind, data) DO UPDATE SET "
			"expires_at = excluded.expires_at",
			SQL_P(SQL_T(account_guid), SQL_T(device_uuid), SQL_I(until)));
}

int dat_trust_check(
		struct sql_conn *c, const char *account_guid, const char *device_uuid, int64_t now)
{
	int64_t one;

	return sql_number(c,
			"SELECT expires_at FROM login_trust WHERE account_guid = $1 AND kind = "
			"'uuid' AND data = $2 AND expires_at > $3",
			SQL_P(SQL_T(account_guid), SQL_T(device_uuid), SQL_I(now)), &one);
}

struct trust_list {
	dat_trust_fn fn;
	void *arg;
};

static int trust_row(const struct sql_row *row, void *arg)
{
	const struct trust_list *l = arg;

	return l->fn(sql_text(row, 0), sql_int(row, 1), l->arg);
}

int dat_trust_list(struct sql_conn *c, const char *account_guid, int64_t now, dat_trust_fn fn,
		void *arg)
{
	struct trust_list l = { fn, arg };

	return sql_query(c,
			"SELECT data, expires_at FROM login_trust WHERE account_guid = $1 AND kind = "
			"'uuid' AND expires_at > $2 ORDER BY data LIMIT 1000",
			SQL_P(SQL_T(account_guid), SQL_I(now)), trust_row, &l);
}

int dat_factors_sweep(struct sql_conn *c, int64_t now)
{
	int r = sql_run(c, "DELETE FROM login_challenge WHERE expires_at <= $1", SQL_P(SQL_I(now)));

	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM login_trust WHERE expires_at <= $1", SQL_P(SQL_I(now)));
	return r;
}
