/* admin/data/strategies: a device's column strategy_keys has every key that it may hold by us, one
 * a line: the device itself cannot say what came from a strategy. */
#include "admin/data/strategies.h"
#include "admin/data/changes.h"
#include "admin/data/name.h"
#include "shared/base/buf.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

#define KEYS_MAX (2 * DAT_OPTIONS_MAX * DAT_OPTION_KEY_TEXT)

int dat_strategy_add(struct sql_conn *c, const char *name, const char *note, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT];
	int64_t number = 0;
	struct dat_tx tx;
	int r = dat_name_key(name, key);

	if (r == HWS_OK)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = dat_count_up(c, "strategy", &number);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO strategy (guid, name, name_key, note, modified_at, "
				"created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
				SQL_P(SQL_T(guid), SQL_T(name), SQL_T(key), SQL_T(note),
						SQL_I(number), SQL_I(now)));
	r = dat_tx_end(&tx, r);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

/* A new number, so that hosts are told. */
static int renumber(struct sql_conn *c, const char *guid, int64_t now)
{
	int64_t number = 0;
	int r = dat_count_up(c, "strategy", &number);

	if (r == HWS_OK)
		r = dat_change_one(c,
				"UPDATE strategy SET modified_at = $1, updated_at = $2 WHERE guid = "
				"$3",
				SQL_P(SQL_I(number), SQL_I(now), SQL_T(guid)));
	return r == HWS_OK ? dat_changed(c, DAT_CHANGED_STRATEGY, "") : r;
}

static int set_flag(struct sql_conn *c, const char *text, int value, const char *guid)
{
	return value < 0 ? HWS_OK : dat_change_one(c, text, SQL_P(SQL_I(value != 0), SQL_T(guid)));
}

static int change(struct sql_conn *c, const char *guid, const char *name, const char *note,
		int enabled, int enforce, int is_default)
{
	char key[DAT_NAME_KEY_TEXT];
	int r = name ? dat_name_key(name, key) : HWS_OK;

	if (r == HWS_OK && name)
		r = dat_change_one(c,
				"UPDATE strategy SET name = $1, name_key = $2 WHERE guid = $3",
				SQL_P(SQL_T(name), SQL_T(key), SQL_T(guid)));
	if (r == HWS_OK && note)
		r = dat_text_check(note, DAT_NOTE_TEXT, true);
	if (r == HWS_OK && note)
		r = dat_change_one(c, "UPDATE strategy SET note = $1 WHERE guid = $2",
				SQL_P(SQL_T(note), SQL_T(guid)));
	if (r == HWS_OK)
		r = set_flag(c, "UPDATE strategy SET enabled = $1 WHERE guid = $2", enabled, guid);
	if (r == HWS_OK)
		r = set_flag(c, "UPDATE strategy SET enforce = $1 WHERE guid = $2", enforce, guid);
	if (r == HWS_OK && is_default > 0)
		r = sql_run(c, "UPDATE strategy SET is_default = 0 WHERE is_default = 1", SQL_NONE);
	if (r == HWS_OK)
		r = set_flag(c, "UPDATE strategy SET is_default = $1 WHERE guid = $2", is_default,
				guid);
	return r;
}

int dat_strategy_change(struct sql_conn *c, const char *guid, const char *name, const char *note,
		int enabled, int enforce, int is_default, int64_t now)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	/* first, since it is the lock, too */
	r = renumber(c, guid, now);
	if (r == HWS_OK)
		r = change(c, guid, name, note, enabled, enforce, is_default);
	return dat_tx_end(&tx, r);
}

static int check_option(const struct dat_option *o)
{
	int r = dat_text_check(o->key, DAT_OPTION_KEY_TEXT, false);

	if (r == HWS_OK && !*o->key)
		r = HWS_ERR_INVAL;
	return r == HWS_OK ? dat_text_check(o->value, DAT_OPTION_VALUE_TEXT, true) : r;
}

int dat_strategy_set_options(struct sql_conn *c, const char *guid, const struct dat_option *options,
		size_t n, int64_t now)
{
	struct dat_tx tx;
	int r = n > DAT_OPTIONS_MAX ? HWS_ERR_TOOBIG : dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = renumber(c, guid, now);
	if (r == HWS_OK)
		r = sql_run(c, "DELETE FROM strategy_option WHERE strategy_guid = $1",
				SQL_P(SQL_T(guid)));
	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		r = check_option(&options[i]);
		if (r == HWS_OK)
			r = sql_run(c,
					"INSERT INTO strategy_option (strategy_guid, okey, oval) "
					"VALUES ($1, $2, $3)",
					SQL_P(SQL_T(guid), SQL_T(options[i].key),
							SQL_T(options[i].value)));
	}
	return dat_tx_end(&tx, r);
}

int dat_strategy_remove(struct sql_conn *c, const char *guid)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_change_one(c, "DELETE FROM strategy WHERE guid = $1", SQL_P(SQL_T(guid)));
	return dat_tx_end(&tx, r == HWS_OK ? dat_changed(c, DAT_CHANGED_STRATEGY, "") : r);
}

int dat_strategy_row(const struct sql_row *row, void *arg)
{
	struct dat_strategy *s = arg;
	int r = sql_copy(row, 0, s->guid, sizeof(s->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, s->name, sizeof(s->name));
	if (r == HWS_OK)
		r = sql_copy(row, 2, s->note, sizeof(s->note));
	s->enabled = sql_int(row, 3) != 0;
	s->enforce = sql_int(row, 4) != 0;
	s->is_default = sql_int(row, 5) != 0;
	s->modified_at = sql_int(row, 6);
	s->targets = sql_int(row, 7);
	s->created_at = sql_int(row, 8);
	s->updated_at = sql_int(row, 9);
	return r;
}

int dat_strategy_get(struct sql_conn *c, const char *guid, struct dat_strategy *ret)
{
	struct dat_strategy s = { 0 };
	int r = sql_one(c, DAT_STRATEGY_COLUMNS "WHERE s.guid = $1", SQL_P(SQL_T(guid)),
			dat_strategy_row, &s);

	if (r == HWS_OK)
		*ret = s;
	return r;
}

struct list {
	dat_strategy_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_strategy s = { 0 };
	int r = dat_strategy_row(row, &s);

	return r == HWS_OK ? l->fn(&s, l->arg) : r;
}

int dat_strategy_list(struct sql_conn *c, dat_strategy_fn fn, void *arg)
{
	struct list l = { fn, arg };

	return sql_query(c, DAT_STRATEGY_COLUMNS "ORDER BY s.name_key LIMIT 1000", SQL_NONE,
			list_row, &l);
}

struct options {
	dat_option_fn fn;
	void *arg;
};

static int option_row(const struct sql_row *row, void *arg)
{
	const struct options *o = arg;

	return o->fn(sql_text(row, 0), sql_text(row, 1), o->arg);
}

int dat_strategy_options(struct sql_conn *c, const char *guid, dat_option_fn fn, void *arg)
{
	struct options o = { fn, arg };

	return sql_query(c,
			"SELECT okey, oval FROM strategy_option WHERE strategy_guid = $1 ORDER BY "
			"okey",
			SQL_P(SQL_T(guid)), option_row, &o);
}

/* --- what a device is to have ----------------------------------------------------------------- */

struct due {
	struct dat_strategy_due *ret;
	bool enabled;
};

static int read_due(const struct sql_row *row, void *arg)
{
	struct due *d = arg;

	d->enabled = sql_int(row, 1) != 0;
	d->ret->enforce = sql_int(row, 2) != 0;
	d->ret->modified_at = sql_int(row, 3);
	return sql_copy(row, 0, d->ret->guid, sizeof(d->ret->guid));
}

static int effective(struct sql_conn *c, const char *device_guid, struct dat_strategy_due *ret)
{
	struct due d = { ret, false };
	int r = sql_one(c,
			"SELECT s.guid, s.enabled, s.enforce, s.modified_at FROM device d JOIN "
			"strategy_target t ON (t.target_kind = 'device' AND t.target_guid = d.guid) "
			"OR (t.target_kind = 'user' AND t.target_guid = d.owner_guid) OR "
			"(t.target_kind = 'device_group' AND t.target_guid = d.device_group_guid) "
			"JOIN strategy s ON s.guid = t.strategy_guid WHERE d.guid = $1 ORDER BY "
			"CASE t.target_kind WHEN 'device' THEN 1 WHEN 'user' THEN 2 ELSE 3 END "
			"LIMIT 1",
			SQL_P(SQL_T(device_guid)), read_due, &d);

	if (r == HWS_ERR_NOTFOUND)
		r = sql_one(c,
				"SELECT guid, enabled, enforce, modified_at FROM strategy WHERE "
				"is_default = 1",
				SQL_NONE, read_due, &d);
	if (r == HWS_ERR_NOTFOUND || (r == HWS_OK && !d.enabled)) {
		*ret = (struct dat_strategy_due){ 0 };
		r = HWS_OK;
	}
	return r;
}

int dat_strategy_of(struct sql_conn *c, const char *device_guid, char ret_guid[DAT_GUID_TEXT])
{
	struct dat_strategy_due due = { 0 };
	int r = effective(c, device_guid, &due);

	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, due.guid) : r;
}

struct telling {
	struct hws_buf now; /* keys of the strategy, one a line */
	struct hws_buf had; /* keys that the device may hold, and a NUL */
	dat_option_fn fn;
	void *arg;
};

static bool has_key(struct hws_bytes keys, const char *key, size_t n)
{
	for (size_t at = 0; at < keys.len;) {
		const uint8_t *p = keys.ptr + at;
		const uint8_t *end = memchr(p, '\n', keys.len - at);
		size_t len = end ? (size_t)(end - p) : keys.len - at;

		if (len == n && memcmp(p, key, n) == 0)
			return true;
		at += len + 1;
	}
	return false;
}

static int tell_option(const char *key, const char *value, void *arg)
{
	struct telling *t = arg;

	hws_buf_put_str(&t->now, key);
	hws_buf_put_u8(&t->now, '\n');
	return t->fn ? t->fn(key, value, t->arg) : HWS_OK;
}

static int read_had(const struct sql_row *row, void *arg)
{
	struct telling *t = arg;

	hws_buf_put_str(&t->had, sql_text(row, 0));
	return hws_buf_err(&t->had);
}

/* With "" what the device had and is not to have; those stay on its list until it has said that it
 * holds the new. */
static int tell_gone(struct telling *t, struct hws_buf *all)
{
	struct hws_bytes had = hws_buf_bytes(&t->had), now = hws_buf_bytes(&t->now);
	int r = HWS_OK;

	hws_buf_put(all, now.ptr, now.len);
	for (size_t at = 0; at < had.len && r == HWS_OK;) {
		const char *p = (const char *)had.ptr + at;
		const char *end = memchr(p, '\n', had.len - at);
		size_t n = end ? (size_t)(end - p) : had.len - at;
		char key[DAT_OPTION_KEY_TEXT] = { 0 };

		at += n + 1;
		if (n == 0 || n >= sizeof(key) || has_key(now, p, n))
			continue;
		memcpy(key, p, n);
		hws_buf_put_str(all, key);
		hws_buf_put_u8(all, '\n');
		r = t->fn(key, "", t->arg);
	}
	return r == HWS_OK ? hws_buf_err(all) : r;
}

static int keep_keys(
		struct sql_conn *c, const char *device_guid, struct hws_buf *keys, int64_t seen)
{
	hws_buf_put_u8(keys, 0);
	if (hws_buf_err(keys) < 0)
		return hws_buf_err(keys);
	return dat_change_one(c,
			"UPDATE device SET strategy_keys = $1, strategy_seen = $2 WHERE guid = $3",
			SQL_P(SQL_T((const char *)hws_buf_bytes(keys).ptr), SQL_I(seen),
					SQL_T(device_guid)));
}

static int tell(struct sql_conn *c, const char *device_guid, int64_t has, struct telling *t,
		struct dat_strategy_due *due)
{
	struct hws_buf all;
	bool same = has == due->modified_at;
	int64_t seen = 0;
	int r = sql_number(c, "SELECT strategy_seen FROM device WHERE guid = $1",
			SQL_P(SQL_T(device_guid)), &seen);

	due->send = !same || (due->enforce && due->modified_at);
	/* mostly: nothing to tell, and nothing to write */
	if (r < 0 || (!due->send && seen == has))
		return r;
	r = sql_one(c, "SELECT strategy_keys FROM device WHERE guid = $1",
			SQL_P(SQL_T(device_guid)), read_had, t);
	if (!due->send)
		t->fn = NULL;
	if (r == HWS_OK && due->modified_at)
		r = dat_strategy_options(c, due->guid, tell_option, t);
	if (r == HWS_OK)
		r = hws_buf_err(&t->now);
	/* it holds the new: what it had to forget is forgotten */
	if (r == HWS_OK && same && seen != has)
		r = keep_keys(c, device_guid, &t->now, has);
	hws_buf_init(&all, KEYS_MAX);
	if (r == HWS_OK && !same) {
		r = tell_gone(t, &all);
		/* -1: it has not said yet that it holds this */
		if (r == HWS_OK)
			r = keep_keys(c, device_guid, &all, -1);
	}
	hws_buf_done(&all);
	return r;
}

int dat_strategy_due(struct sql_conn *c, const char *device_guid, int64_t has, dat_option_fn fn,
		void *arg, struct dat_strategy_due *ret)
{
	struct telling t = { .fn = fn, .arg = arg };
	struct dat_strategy_due due = { 0 };
	int r = effective(c, device_guid, &due);

	hws_buf_init(&t.now, KEYS_MAX);
	hws_buf_init(&t.had, KEYS_MAX);
	if (r == HWS_OK)
		r = tell(c, device_guid, has, &t, &due);
	hws_buf_done(&t.had);
	hws_buf_done(&t.now);
	if (r == HWS_OK)
		*ret = due;
	return r;
}
