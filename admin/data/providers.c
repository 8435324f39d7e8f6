/* admin/data/providers: the secret of a client is sealed for its row. */
#include "admin/data/providers.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

static struct dat_cell cell_of(const char *guid)
{
	return (struct dat_cell){ "oidc_provider", "client_secret_enc", guid };
}

/* Clients put the name into what they send, and we into what they read. */
static int check_name(const char *name)
{
	size_t n = strnlen(name, DAT_PROVIDER_NAME_TEXT);

	if (n == 0 || n == DAT_PROVIDER_NAME_TEXT)
		return HWS_ERR_TOOBIG;
	for (; *name; name++) {
		if (!(*name >= 'a' && *name <= 'z') && !(*name >= '0' && *name <= '9') &&
				*name != '-')
			return HWS_ERR_INVAL;
	}
	return HWS_OK;
}

static int check(const struct dat_provider *p)
{
	const struct {
		const char *s;
		size_t size;
		bool needed, lines;
	} texts[] = {
		{ p->title, sizeof(p->title), false, false },
		{ p->issuer, sizeof(p->issuer), true, false },
		{ p->client_id, sizeof(p->client_id), true, false },
		{ p->scopes, sizeof(p->scopes), false, false },
		{ p->icon, sizeof(p->icon), false, true },
		{ p->domains, sizeof(p->domains), false, false },
		{ p->group_map, sizeof(p->group_map), true, true },
	};
	int r = check_name(p->name);

	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++) {
		r = dat_text_check(texts[i].s, texts[i].size, texts[i].lines);
		if (r == HWS_OK && texts[i].needed && !*texts[i].s)
			r = HWS_ERR_INVAL;
	}
	return r;
}

static int seal(const struct dat_keys *keys, const char *guid, const char *secret, char **ret)
{
	int r = dat_text_check(secret, DAT_CLIENT_SECRET_TEXT, false);

	return r == HWS_OK ? dat_seal(keys, cell_of(guid), secret, ret) : r;
}

int dat_provider_add(struct sql_conn *c, const struct dat_keys *keys, const struct dat_provider *in,
		const char *secret, int64_t now, char ret_guid[DAT_GUID_TEXT])
{
	char guid[DAT_GUID_TEXT], *sealed = NULL;
	int r = check(in);

	hws_rand_uuid(guid, sizeof(guid));
	if (r == HWS_OK)
		r = seal(keys, guid, secret, &sealed);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO oidc_provider (guid, name, title, issuer, client_id, "
				"client_secret_enc, scopes, icon, auto_create, domains, group_map, "
				"enabled, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, "
				"$7, $8, $9, $10, $11, $12, $13, $13)",
				SQL_P(SQL_T(guid), SQL_T(in->name), SQL_T(in->title),
						SQL_T(in->issuer), SQL_T(in->client_id),
						SQL_T(sealed), SQL_T(in->scopes), SQL_T(in->icon),
						SQL_I(in->auto_create), SQL_T(in->domains),
						SQL_T(in->group_map), SQL_I(in->enabled),
						SQL_I(now)));
	if (r == HWS_OK)
		r = hws_str_copy(ret_guid, DAT_GUID_TEXT, guid);
	hws_free(sealed);
	return r;
}

#define SELECT                                                                                     \
	"SELECT guid, name, title, issuer, client_id, scopes, icon, domains, group_map, "          \
	"auto_create, enabled, CASE WHEN client_secret_enc = '' THEN 0 ELSE 1 END, created_at, "   \
	"updated_at FROM oidc_provider "

static int read_provider(const struct sql_row *row, void *arg)
{
	struct dat_provider *p = arg;
	const struct sql_text_to texts[] = {
		{ 0, p->guid, sizeof(p->guid) },
		{ 1, p->name, sizeof(p->name) },
		{ 2, p->title, sizeof(p->title) },
		{ 3, p->issuer, sizeof(p->issuer) },
		{ 4, p->client_id, sizeof(p->client_id) },
		{ 5, p->scopes, sizeof(p->scopes) },
		{ 6, p->icon, sizeof(p->icon) },
		{ 7, p->domains, sizeof(p->domains) },
		{ 8, p->group_map, sizeof(p->group_map) },
	};
	int r = sql_copy_all(row, texts, HWS_COUNT(texts));

	p->auto_create = sql_int(row, 9) != 0;
	p->enabled = sql_int(row, 10) != 0;
	p->has_secret = sql_int(row, 11) != 0;
	p->created_at = sql_int(row, 12);
	p->updated_at = sql_int(row, 13);
	return r;
}

int dat_provider_get(struct sql_conn *c, const char *guid, struct dat_provider *ret)
{
	return sql_one(c, SELECT "WHERE guid = $1", SQL_P(SQL_T(guid)), read_provider, ret);
}

int dat_provider_find(struct sql_conn *c, const char *name, struct dat_provider *ret)
{
	return sql_one(c, SELECT "WHERE name = $1", SQL_P(SQL_T(name)), read_provider, ret);
}

struct secret {
	const struct dat_keys *keys;
	const char *guid;
	char *buf;
};

static int read_secret(const struct sql_row *row, void *arg)
{
	const struct secret *s = arg;

	return dat_unseal(s->keys, cell_of(s->guid), sql_text(row, 0), s->buf,
			DAT_CLIENT_SECRET_TEXT);
}

int dat_provider_secret(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		char buf[DAT_CLIENT_SECRET_TEXT])
{
	struct secret s = { keys, guid, buf };

	return sql_one(c, "SELECT client_secret_enc FROM oidc_provider WHERE guid = $1",
			SQL_P(SQL_T(guid)), read_secret, &s);
}

int dat_provider_put(struct sql_conn *c, const struct dat_keys *keys, const struct dat_provider *p,
		const char *secret, int64_t now)
{
	char *sealed = NULL;
	int64_t at = HWS_MAX(now, p->updated_at + 1);
	struct dat_tx tx;
	int r = check(p);

	if (r == HWS_OK && secret)
		r = seal(keys, p->guid, secret, &sealed);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0) {
		hws_free(sealed);
		return r;
	}
	/* the subjects of one issuer are not those of another, nor is the secret for its ears */
	r = sql_run(c,
			"DELETE FROM account_identity WHERE provider = $1 AND EXISTS (SELECT 1 "
			"FROM oidc_provider WHERE guid = $1 AND issuer <> $2)",
			SQL_P(SQL_T(p->guid), SQL_T(p->issuer)));
	if (r == HWS_OK)
		r = dat_change_one(c,
				"UPDATE oidc_provider SET name = $1, title = $2, issuer = $3, "
				"client_id = $4, client_secret_enc = COALESCE($5, CASE WHEN issuer "
				"= $3 THEN client_secret_enc ELSE '' END), scopes = $6, icon = $7, auto_create = $8, "
				"domains = $9, group_map = $10, enabled = $11, updated_at = $12 "
				"WHERE guid = $13 AND updated_at = $14",
				SQL_P(SQL_T(p->name), SQL_T(p->title), SQL_T(p->issuer),
						SQL_T(p->client_id), SQL_T(sealed),
						SQL_T(p->scopes), SQL_T(p->icon),
						SQL_I(p->auto_create), SQL_T(p->domains),
						SQL_T(p->group_map), SQL_I(p->enabled), SQL_I(at),
						SQL_T(p->guid), SQL_I(p->updated_at)));
	r = dat_tx_end(&tx, r);
	hws_free(sealed);
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_BUSY : r;
}

int dat_provider_remove(struct sql_conn *c, const char *guid)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_change_one(c, "DELETE FROM oidc_provider WHERE guid = $1", SQL_P(SQL_T(guid)));
	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM account_identity WHERE provider = $1",
				SQL_P(SQL_T(guid)));
	return dat_tx_end(&tx, r);
}

struct list {
	dat_provider_fn fn;
	void *arg;
	struct dat_provider *p;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	int r = read_provider(row, l->p);

	return r == HWS_OK ? l->fn(l->p, l->arg) : r;
}

#define MATCH "WHERE enabled >= $1 AND name LIKE $2 ESCAPE '\\' "

int dat_provider_list(struct sql_conn *c, struct dat_provider_filter f, struct dat_page page,
		dat_provider_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg, hws_alloc(sizeof(*l.p)) };
	char like[DAT_NAME_KEY_TEXT];
	int r = l.p ? sql_like(hws_str_or_empty(f.search), like, sizeof(like)) : HWS_ERR_NOMEM;

	page = dat_page(page);
	if (r == HWS_OK && ret_total)
		r = sql_number(c, "SELECT count(*) FROM oidc_provider " MATCH,
				SQL_P(SQL_I(f.enabled_only), SQL_T(like)), ret_total);
	if (r == HWS_OK)
		r = sql_query(c,
				f.down ? SELECT MATCH "ORDER BY name DESC LIMIT $3 OFFSET $4"
				       : SELECT MATCH "ORDER BY name LIMIT $3 OFFSET $4",
				SQL_P(SQL_I(f.enabled_only), SQL_T(like), SQL_I(page.limit),
						SQL_I(page.offset)),
				list_row, &l);
	hws_free(l.p);
	return r;
}
