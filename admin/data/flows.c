/* admin/data/flows: each step is one UPDATE with the step before it in its condition, so that of
 * two who come at once one is refused. */
#include "admin/data/flows.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

#define SWEEP 1000

static const char *const kinds[DAT_FLOW_KINDS] = {
	[DAT_FLOW_CLIENT] = "client",
	[DAT_FLOW_BROWSER] = "browser",
	[DAT_FLOW_CONSOLE] = "console",
};

static struct dat_cell cell_of(const char *key)
{
	return (struct dat_cell){ "oidc_flow", "verifier_enc", key };
}

static int check_texts(const struct dat_flow_new *in)
{
	int r = dat_text_check(hws_str_or_empty(in->device_id), DAT_ID_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->device_uuid), DAT_UUID_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->device_os), DAT_SHORT_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->device_name), DAT_NAME_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(in->ip), DAT_IP_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(in->redirect_uri, DAT_FLOW_URI_TEXT, false);
	return r;
}

/* Anybody may begin one: a client has one at a time, and all together have a bound. */
static int make_room(struct sql_conn *c, const struct dat_flow_new *in, int64_t now)
{
	int64_t n = 0;
	int r = HWS_OK;

	if (in->device_uuid && *in->device_uuid)
		r = sql_run(c, "DELETE FROM oidc_flow WHERE device_id = $1 AND device_uuid = $2",
				SQL_P(SQL_T(hws_str_or_empty(in->device_id)),
						SQL_T(in->device_uuid)));
	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) FROM oidc_flow WHERE expires_at > $1",
				SQL_P(SQL_I(now)), &n);
	return r == HWS_OK && n >= DAT_FLOWS_MAX ? HWS_ERR_FULL : r;
}

static int insert(struct sql_conn *c, const struct dat_flow_new *in, int64_t now,
		const struct dat_flow_keys *k, const char *key, const char *sealed)
{
	char state[DAT_HASH_TEXT], browser[DAT_HASH_TEXT] = "";
	int64_t life = in->kind == DAT_FLOW_CONSOLE ? DAT_FLOW_CONSOLE_MS : DAT_FLOW_CLIENT_MS;

	dat_token_hash(k->state, state);
	if (in->kind == DAT_FLOW_CONSOLE)
		dat_token_hash(k->browser, browser);
	return sql_run(c,
			"INSERT INTO oidc_flow (code_hash, state_hash, provider_guid, kind, nonce, "
			"verifier_enc, consent_hash, redirect_uri, device_id, device_uuid, "
			"device_os, device_name, ip, expires_at) VALUES ($1, $2, $3, $4, $5, $6, "
			"$7, $8, $9, $10, $11, $12, $13, $14)",
			SQL_P(SQL_T(key), SQL_T(state), SQL_T(in->provider_guid),
					SQL_T(kinds[in->kind]), SQL_T(k->nonce), SQL_T(sealed),
					SQL_T(browser), SQL_T(in->redirect_uri),
					SQL_T(hws_str_or_empty(in->device_id)),
					SQL_T(hws_str_or_empty(in->device_uuid)),
					SQL_T(hws_str_or_empty(in->device_os)),
					SQL_T(hws_str_or_empty(in->device_name)),
					SQL_T(hws_str_or_empty(in->ip)), SQL_I(now + life)));
}

int dat_flow_begin(struct sql_conn *c, const struct dat_keys *keys, const struct dat_flow_new *in,
		int64_t now, struct dat_flow_keys *ret)
{
	struct dat_flow_keys k;
	char key[DAT_HASH_TEXT], *sealed = NULL;
	struct dat_tx tx;
	int r = check_texts(in);

	if (r < 0)
		return r;
	dat_token_new(k.code);
	dat_token_new(k.state);
	dat_token_new(k.nonce);
	dat_token_new(k.verifier);
	dat_token_new(k.browser);
	dat_token_hash(k.code, key);
	r = dat_seal(keys, cell_of(key), k.verifier, &sealed);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = make_room(c, in, now);
		if (r == HWS_OK)
			r = insert(c, in, now, &k, key, sealed);
		r = dat_tx_end(&tx, r);
	}
	if (r == HWS_OK)
		*ret = k;
	hws_wipe(&k, sizeof(k));
	hws_free(sealed);
	return r;
}

#define COLUMNS                                                                                    \
	"code_hash, kind, provider_guid, redirect_uri, nonce, verifier_enc, consent_hash, "        \
	"device_id, device_uuid, device_os, device_name, ip, account_guid, error, expires_at"

struct found {
	struct dat_flow f;
	const struct dat_keys *keys; /* NULL: the verifier stays sealed */
};

static int read_texts(const struct sql_row *row, struct dat_flow *f)
{
	const struct sql_text_to texts[] = {
		{ 0, f->key, sizeof(f->key) },
		{ 2, f->provider_guid, sizeof(f->provider_guid) },
		{ 3, f->redirect_uri, sizeof(f->redirect_uri) },
		{ 4, f->nonce, sizeof(f->nonce) },
		{ 6, f->browser_hash, sizeof(f->browser_hash) },
		{ 7, f->device_id, sizeof(f->device_id) },
		{ 8, f->device_uuid, sizeof(f->device_uuid) },
		{ 9, f->device_os, sizeof(f->device_os) },
		{ 10, f->device_name, sizeof(f->device_name) },
		{ 11, f->ip, sizeof(f->ip) },
		{ 12, f->account_guid, sizeof(f->account_guid) },
		{ 13, f->error, sizeof(f->error) },
	};

	return sql_copy_all(row, texts, HWS_COUNT(texts));
}

static int read_flow(const struct sql_row *row, void *arg)
{
	struct found *found = arg;
	struct dat_flow *f = &found->f;
	int r = read_texts(row, f);

	f->expires_at = sql_int(row, 14);
	f->kind = DAT_FLOW_KINDS;
	for (unsigned i = 0; i < DAT_FLOW_KINDS; i++) {
		if (hws_str_equal(kinds[i], sql_text(row, 1)))
			f->kind = (enum dat_flow_kind)i;
	}
	if (r == HWS_OK && f->kind == DAT_FLOW_KINDS)
		r = HWS_ERR_CORRUPT;
	if (r == HWS_OK && found->keys)
		r = dat_unseal(found->keys, cell_of(f->key), sql_text(row, 5), f->verifier,
				sizeof(f->verifier));
	return r;
}

static bool token_form(const char *token)
{
	return strnlen(token, DAT_TOKEN_TEXT) == DAT_TOKEN_TEXT - 1;
}

static int one(struct sql_conn *c, const char *text, const struct sql_value *params, size_t n,
		const struct dat_keys *keys, struct dat_flow *ret)
{
	struct found found = { .keys = keys };
	int r = sql_one(c, text, params, n, read_flow, &found);

	if (r == HWS_OK)
		*ret = found.f;
	hws_wipe(&found, sizeof(found));
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

int dat_flow_return(struct sql_conn *c, const struct dat_keys *keys, const char *state, int64_t now,
		struct dat_flow *ret)
{
	char hash[DAT_HASH_TEXT];

	if (!token_form(state))
		return HWS_ERR_DENIED;
	dat_token_hash(state, hash);
	return one(c,
			"UPDATE oidc_flow SET phase = 'returned' WHERE state_hash = $1 AND phase = "
			"'begun' AND expires_at > $2 RETURNING " COLUMNS,
			SQL_P(SQL_T(hash), SQL_I(now)), keys, ret);
}

int dat_flow_ask(struct sql_conn *c, const char *key, const char *account_guid,
		char ret_consent[DAT_TOKEN_TEXT])
{
	char consent[DAT_TOKEN_TEXT], hash[DAT_HASH_TEXT];
	int r;

	dat_token_new(consent);
	dat_token_hash(consent, hash);
	r = dat_change_one(c,
			"UPDATE oidc_flow SET phase = 'asking', account_guid = $1, consent_hash = "
			"$2 WHERE code_hash = $3 AND phase = 'returned' AND error = ''",
			SQL_P(SQL_T(account_guid), SQL_T(hash), SQL_T(key)));
	if (r == HWS_OK)
		r = hws_str_copy(ret_consent, DAT_TOKEN_TEXT, consent);
	hws_wipe(consent, sizeof(consent));
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_DENIED : r;
}

int dat_flow_fail(struct sql_conn *c, const char *key, const char *error)
{
	int r = dat_text_check(error, DAT_FLOW_ERROR_TEXT, false);

	if (r < 0 || !*error)
		error = "Log in failed";
	return sql_run(c,
			"UPDATE oidc_flow SET error = $1 WHERE code_hash = $2 AND phase <> "
			"'agreed'",
			SQL_P(SQL_T(error), SQL_T(key)));
}

int dat_flow_answer(struct sql_conn *c, const char *consent, bool agreed, int64_t now,
		struct dat_flow *ret)
{
	char hash[DAT_HASH_TEXT];

	if (!token_form(consent))
		return HWS_ERR_DENIED;
	dat_token_hash(consent, hash);
	return one(c,
			"UPDATE oidc_flow SET phase = $1, consent_hash = '', error = $2 WHERE "
			"consent_hash = $3 AND phase = 'asking' AND kind <> 'console' AND expires_at "
			"> $4 RETURNING " COLUMNS,
			SQL_P(SQL_T(agreed ? "agreed" : "returned"),
					SQL_T(agreed ? "" : "The login was refused in the browser"),
					SQL_T(hash), SQL_I(now)),
			NULL, ret);
}

/* Whether there is one at all that this client may wait for. */
static int still_waiting(struct sql_conn *c, const char *hash, const char *device_id,
		const char *device_uuid, int64_t now)
{
	int64_t n = 0;
	int r = sql_number(c,
			"SELECT count(*) FROM oidc_flow WHERE code_hash = $1 AND kind <> 'console' "
			"AND device_id = $2 AND device_uuid = $3 AND expires_at > $4",
			SQL_P(SQL_T(hash), SQL_T(device_id), SQL_T(device_uuid), SQL_I(now)), &n);

	if (r < 0)
		return r;
	return n ? HWS_ERR_AGAIN : HWS_ERR_DENIED;
}

int dat_flow_take(struct sql_conn *c, const char *code, const char *device_id,
		const char *device_uuid, int64_t now, struct dat_flow *ret)
{
	char hash[DAT_HASH_TEXT];
	int r;

	if (!token_form(code))
		return HWS_ERR_DENIED;
	dat_token_hash(code, hash);
	r = one(c,
			"DELETE FROM oidc_flow WHERE code_hash = $1 AND kind <> 'console' AND "
			"device_id = $2 AND device_uuid = $3 AND expires_at > $4 AND (phase = "
			"'agreed' OR error <> '') RETURNING " COLUMNS,
			SQL_P(SQL_T(hash), SQL_T(device_id), SQL_T(device_uuid), SQL_I(now)), NULL,
			ret);
	return r == HWS_ERR_DENIED ? still_waiting(c, hash, device_id, device_uuid, now) : r;
}

int dat_flow_end(struct sql_conn *c, const char *key)
{
	return dat_change_one(c, "DELETE FROM oidc_flow WHERE code_hash = $1", SQL_P(SQL_T(key)));
}

int dat_flow_sweep(struct sql_conn *c, int64_t now, int64_t *ret)
{
	return sql_change(c,
			"DELETE FROM oidc_flow WHERE code_hash IN (SELECT code_hash FROM oidc_flow "
			"WHERE expires_at <= $1 LIMIT $2)",
			SQL_P(SQL_I(now), SQL_I(SWEEP)), ret);
}
