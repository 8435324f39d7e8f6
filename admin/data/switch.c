/* admin/data/switch: kept is a hash of the code, so that who reads the database cannot use it. */
#include "admin/data/switch.h"
#include "admin/data/devices.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/digest.h"
#include "shared/crypto/identity.h"

#include <string.h>

#define LIFE_MS ((int64_t)60 * 1000)
#define SKEW_S 120
#define CODE_MAX 256u
#define SWEEP 1000
#define PORTIONS 1000
#define LIVE_MAX 8 /* of one device */

static const char verifier_of[] = "switch-grant-verifier"; /* with its NUL */
static const char grant_of[] = "switch-grant";

/* A part of what is hashed or signed, with a NUL behind it. */
static size_t add(uint8_t *at, const char *text)
{
	size_t n = strlen(text) + 1;

	memcpy(at, text, n);
	return n;
}

static bool is_verifier(const char *text)
{
	uint8_t raw[HWS_SHA256_LEN];

	return hws_base64_decode(hws_bytes_str(text), raw, sizeof(raw)) == HWS_OK;
}

int dat_switch_check(const struct dat_switch_claim *claim, const uint8_t pk[32], int64_t now_s)
{
	uint8_t said[sizeof(grant_of) + DAT_ID_TEXT + DAT_VERIFIER_TEXT + 24];
	uint8_t sig[HWS_SIG_LEN];
	uint64_t then;
	size_t n;

	if (dat_text_check(claim->id, DAT_ID_TEXT, false) < 0 || !*claim->id ||
			!is_verifier(claim->verifier) || strlen(claim->timestamp) > 20 ||
			claim->timestamp[strspn(claim->timestamp, "0123456789")] ||
			hws_parse_u64(claim->timestamp, &then) < 0 || then > INT64_MAX / 2 ||
			hws_base64_decode(hws_bytes_str(claim->signature), sig, sizeof(sig)) < 0)
		return HWS_ERR_INVAL;
	n = add(said, grant_of);
	n += add(said + n, claim->id);
	n += add(said + n, claim->verifier);
	n += add(said + n, claim->timestamp) - 1; /* nothing behind the last */
	if (hws_verify(pk, hws_bytes(said, n), hws_bytes(sig, sizeof(sig))) < 0)
		return HWS_ERR_CRYPTO;
	if ((int64_t)then > now_s + SKEW_S || (int64_t)then < now_s - SKEW_S)
		return HWS_ERR_RANGE;
	return HWS_OK;
}

void dat_switch_verifier(const char *code, char ret[DAT_VERIFIER_TEXT])
{
	uint8_t said[sizeof(verifier_of) + CODE_MAX], hash[HWS_SHA256_LEN];
	size_t n = strnlen(code, CODE_MAX);

	memcpy(said, verifier_of, sizeof(verifier_of));
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): hashed by its length */
	memcpy(said + sizeof(verifier_of), code, n);
	hws_sha256(hws_bytes(said, sizeof(verifier_of) + n), hash);
	if (hws_base64_encode(hws_bytes(hash, sizeof(hash)), ret, DAT_VERIFIER_TEXT) < 0)
		ret[0] = '\0'; /* cannot be */
}

int dat_switch_put(struct sql_conn *c, const char *device_id, const char *verifier, int64_t now)
{
	int r = dat_text_check(device_id, DAT_ID_TEXT, false);

	if (r == HWS_OK && !is_verifier(verifier))
		r = HWS_ERR_INVAL;
	if (r < 0)
		return r;
	/* who announces more has given up the oldest */
	r = sql_run(c,
			"DELETE FROM switch_grant WHERE device_id = $1 AND verifier <> $2 AND verifier "
			"NOT IN (SELECT verifier FROM switch_grant WHERE device_id = $1 AND "
			"verifier <> $2 ORDER BY expires_at DESC, verifier LIMIT $3)",
			SQL_P(SQL_T(device_id), SQL_T(verifier), SQL_I(LIVE_MAX - 1)));
	if (r < 0)
		return r;
	return sql_run(c,
			"INSERT INTO switch_grant (verifier, device_id, expires_at) VALUES ($1, $2, "
			"$3) ON CONFLICT (verifier) DO UPDATE SET device_id = excluded.device_id, "
			"expires_at = excluded.expires_at",
			SQL_P(SQL_T(verifier), SQL_T(device_id), SQL_I(now + LIFE_MS)));
}

static int read_id(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_ID_TEXT);
}

int dat_switch_take(
		struct sql_conn *c, const char *code, int64_t now, char ret_device_id[DAT_ID_TEXT])
{
	char verifier[DAT_VERIFIER_TEXT];

	if (!*code || strnlen(code, CODE_MAX) == CODE_MAX)
		return HWS_ERR_NOTFOUND;
	dat_switch_verifier(code, verifier);
	return sql_one(c,
			"DELETE FROM switch_grant WHERE verifier = $1 AND expires_at > $2 RETURNING "
			"device_id",
			SQL_P(SQL_T(verifier), SQL_I(now)), read_id, ret_device_id);
}

/* The device must be where it was last heard of, and the login be the machine's that is called:
 * the reference was made here, while the viewer in a report is only what the host says. */
int dat_switch_viewer(struct sql_conn *c, const struct dat_switch_way *way, int64_t now,
		char ret_account_guid[DAT_GUID_TEXT])
{
	return sql_one(c,
			"SELECT f.account_guid FROM audit_ref f JOIN auth_session s ON s.guid = "
			"f.session_guid JOIN account a ON a.guid = s.account_guid AND "
			"a.session_epoch = s.epoch JOIN device t ON t.id = s.device_id AND t.uuid = "
			"s.device_uuid JOIN device h ON h.id = f.device_id WHERE f.device_id = $1 AND "
			"t.id = $2 AND t.uuid <> '' AND t.guid <> h.guid AND h.status = $3 AND "
			"h.last_ip = $4 AND h.last_ip <> '' AND f.account_guid = s.account_guid AND "
			"f.expires_at > $5 AND s.expires_at > $5 ORDER BY f.expires_at DESC, f.ref "
			"LIMIT 1",
			SQL_P(SQL_T(way->from), SQL_T(way->to), SQL_I(DAT_DEVICE_ON),
					SQL_T(way->ip), SQL_I(now)),
			dat_guid_row, ret_account_guid);
}

int dat_switch_sweep(struct sql_conn *c, int64_t now, int64_t *ret)
{
	int64_t n = 0;
	int r;

	*ret = 0;
	do { /* in portions, so that others come in between */
		r = sql_change(c,
				"DELETE FROM switch_grant WHERE verifier IN (SELECT verifier FROM "
				"switch_grant WHERE expires_at <= $1 LIMIT $2)",
				SQL_P(SQL_I(now), SQL_I(SWEEP)), &n);
		*ret += n;
	} while (r == HWS_OK && n == SWEEP && *ret < SWEEP * PORTIONS);
	return r;
}
