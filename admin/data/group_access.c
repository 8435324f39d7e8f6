/* admin/data/group_access: a list of names over the rules. */
#include "admin/data/group_access.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

struct telling {
	dat_group_peer_fn fn;
	void *arg;
};

static enum dat_end end_of(const char *name)
{
	if (hws_str_equal(name, "user"))
		return DAT_END_USER;
	return hws_str_equal(name, "user_group") ? DAT_END_USER_GROUP : DAT_END_DEVICE_GROUP;
}

static int name_row(const struct sql_row *row, void *arg)
{
	const struct telling *t = arg;

	return t->fn(end_of(sql_text(row, 0)), sql_text(row, 1), t->arg);
}

static const char *object_kind(enum dat_group_kind kind)
{
	return kind == DAT_USER_GROUP ? "user_group" : "device_group";
}

int dat_group_ruled(struct sql_conn *c, const char *guid, bool *ret)
{
	int64_t n = 0;
	int r = sql_number(c,
			"SELECT count(*) FROM access_rule WHERE obj_kind = 'device_group' AND "
			"obj_guid = $1",
			SQL_P(SQL_T(guid)), &n);

	*ret = n > 0;
	return r;
}

int dat_group_incoming(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		dat_group_peer_fn fn, void *arg)
{
	struct telling t = { fn, arg };

	return sql_query(c,
			"SELECT DISTINCT r.subj_kind, coalesce(a.name, g.name, '') FROM access_rule "
			"r LEFT JOIN account a ON r.subj_kind = 'user' AND a.guid = r.subj_guid "
			"LEFT JOIN user_group g ON r.subj_kind = 'user_group' AND g.guid = "
			"r.subj_guid WHERE r.enabled = 1 AND r.obj_kind = $1 AND r.obj_guid = $2 "
			"ORDER BY 1, 2 LIMIT 1000",
			SQL_P(SQL_T(object_kind(kind)), SQL_T(guid)), name_row, &t);
}

int dat_group_outgoing(struct sql_conn *c, const char *guid, dat_group_peer_fn fn, void *arg)
{
	struct telling t = { fn, arg };

	return sql_query(c,
			"SELECT DISTINCT r.obj_kind, coalesce(g.name, d.name, '') FROM access_rule r "
			"LEFT JOIN user_group g ON r.obj_kind = 'user_group' AND g.guid = "
			"r.obj_guid LEFT JOIN device_group d ON r.obj_kind = 'device_group' AND "
			"d.guid = r.obj_guid WHERE r.enabled = 1 AND r.obj_kind IN ('user_group', "
			"'device_group') AND r.subj_kind = 'user_group' AND r.subj_guid = $1 ORDER "
			"BY 1, 2 LIMIT 1000",
			SQL_P(SQL_T(guid)), name_row, &t);
}

/* --- changing --------------------------------------------------------------------------------- */

#define PEERS_MAX 1000u

/* Rules of one group, by the other end. */
struct found {
	struct {
		char rule[DAT_GUID_TEXT];
		struct dat_group_peer peer;
	} row[PEERS_MAX];
	size_t n;
};

static int keep(const struct sql_row *row, void *arg)
{
	struct found *f = arg;
	int r;

	if (f->n == PEERS_MAX)
		return HWS_ERR_TOOBIG;
	f->row[f->n].peer.kind = end_of(sql_text(row, 1));
	r = sql_copy(row, 0, f->row[f->n].rule, DAT_GUID_TEXT);
	if (r == HWS_OK)
		r = sql_copy(row, 2, f->row[f->n].peer.guid, DAT_GUID_TEXT);
	f->n++;
	return r;
}

static bool same(const struct dat_group_peer *a, const struct dat_group_peer *b)
{
	return a->kind == b->kind && hws_str_equal(a->guid, b->guid);
}

static int add(struct sql_conn *c, enum dat_end subj, const char *subj_guid, enum dat_end obj,
		const char *obj_guid, int64_t now)
{
	struct dat_rule rule = { .subj_kind = subj, .obj_kind = obj, .enabled = true };
	char guid[DAT_GUID_TEXT];
	int r;

	rule.when = DAT_ALWAYS;
	r = hws_str_copy(rule.subj_guid, sizeof(rule.subj_guid), subj_guid);
	if (r == HWS_OK)
		r = hws_str_copy(rule.obj_guid, sizeof(rule.obj_guid), obj_guid);
	return r == HWS_OK ? dat_rule_add(c, &rule, now, guid) : r;
}

/* The rules that are not on the list go. */
static int drop(struct sql_conn *c, const struct found *f, const struct dat_group_peer *peers,
		size_t n)
{
	int r = HWS_OK;

	for (size_t i = 0; i < f->n && r == HWS_OK; i++) {
		bool stays = false;

		for (size_t k = 0; k < n && !stays; k++)
			stays = same(&f->row[i].peer, &peers[k]);
		if (!stays)
			r = dat_rule_remove(c, f->row[i].rule);
	}
	return r;
}

static bool has(const struct found *f, const struct dat_group_peer *peer)
{
	for (size_t i = 0; i < f->n; i++) {
		if (same(&f->row[i].peer, peer))
			return true;
	}
	return false;
}

static int set_incoming(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		const struct dat_group_peer *peers, size_t n, int64_t now, struct found *f)
{
	enum dat_end obj = kind == DAT_USER_GROUP ? DAT_END_USER_GROUP : DAT_END_DEVICE_GROUP;
	int r = sql_query(c,
			"SELECT guid, subj_kind, subj_guid FROM access_rule WHERE enabled = 1 AND "
			"obj_kind = $1 AND obj_guid = $2",
			SQL_P(SQL_T(object_kind(kind)), SQL_T(guid)), keep, f);

	if (r == HWS_OK)
		r = drop(c, f, peers, n);
	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		if (!has(f, &peers[i]))
			r = add(c, peers[i].kind, peers[i].guid, obj, guid, now);
	}
	return r;
}

static int set_outgoing(struct sql_conn *c, const char *guid, const struct dat_group_peer *peers,
		size_t n, int64_t now, struct found *f)
{
	int r = sql_query(c,
			"SELECT guid, obj_kind, obj_guid FROM access_rule WHERE enabled = 1 AND "
			"obj_kind IN ('user_group', 'device_group') AND subj_kind = 'user_group' "
			"AND subj_guid = $1",
			SQL_P(SQL_T(guid)), keep, f);

	if (r == HWS_OK)
		r = drop(c, f, peers, n);
	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		if (!has(f, &peers[i]))
			r = add(c, DAT_END_USER_GROUP, guid, peers[i].kind, peers[i].guid, now);
	}
	return r;
}

int dat_group_set_incoming(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		const struct dat_group_peer *peers, size_t n, int64_t now)
{
	struct found *f = hws_alloc(sizeof(*f));
	struct dat_tx tx;
	int r = f ? dat_tx_begin(&tx, c) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = dat_tx_end(&tx, set_incoming(c, kind, guid, peers, n, now, f));
	hws_free(f);
	return r;
}

int dat_group_set_outgoing(struct sql_conn *c, const char *guid, const struct dat_group_peer *peers,
		size_t n, int64_t now)
{
	struct found *f = hws_alloc(sizeof(*f));
	struct dat_tx tx;
	int r = f ? dat_tx_begin(&tx, c) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = dat_tx_end(&tx, set_outgoing(c, guid, peers, n, now, f));
	hws_free(f);
	return r;
}
