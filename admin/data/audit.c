/* admin/data/audit: the row of the two ends is locked by the UPDATE that takes the next number, so
 * that events of several nodes stand in one line. */
#include "admin/data/audit.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

#define BATCH 500
#define VERIFY_TRIES 3u
#define TEXTS 9u

struct head {
	int64_t seq, first_seq;
	char mac[DAT_HASH_TEXT], first_mac[DAT_HASH_TEXT], seal[DAT_HASH_TEXT];
};

/* The texts of an event in the order in which they are bound and stored. */
struct texts {
	const char *s[TEXTS];
};

static const size_t bounds[TEXTS] = { DAT_AUDIT_KIND_TEXT, DAT_GUID_TEXT, DAT_NAME_TEXT,
	DAT_SHORT_TEXT, DAT_SHORT_TEXT, DAT_UUID_TEXT, DAT_NAME_TEXT, DAT_IP_TEXT,
	DAT_AUDIT_INFO_TEXT };

static struct texts texts_of(const struct dat_event *e)
{
	struct texts t = { { e->kind, e->actor_guid, e->actor_name, e->via, e->target_kind,
			e->target_guid, e->target_name, e->ip, e->info } };

	for (size_t i = 0; i < TEXTS; i++) {
		if (!t.s[i])
			t.s[i] = "";
	}
	return t;
}

static void event_mac(const struct dat_keys *keys, const char *prev, int64_t seq, int64_t at,
		const struct texts *t, char ret[DAT_HASH_TEXT])
{
	struct hws_bytes parts[TEXTS + 2];
	char numbers[48];

	/* as text, so that it is the same on every machine */
	if (hws_fmt(numbers, sizeof(numbers), "%lld %lld", (long long)seq, (long long)at) < 0)
		numbers[0] = '\0'; /* cannot be: it fits */
	parts[0] = hws_bytes_str(prev);
	parts[1] = hws_bytes_str(numbers);
	for (size_t i = 0; i < TEXTS; i++)
		parts[i + 2] = hws_bytes_str(t->s[i]);
	dat_keys_mac(keys, parts, HWS_COUNT(parts), ret);
}

static void head_seal(const struct dat_keys *keys, const struct head *h, char ret[DAT_HASH_TEXT])
{
	struct hws_bytes parts[4] = { hws_bytes_str("head") };
	char numbers[48];

	if (hws_fmt(numbers, sizeof(numbers), "%lld %lld", (long long)h->seq,
			    (long long)h->first_seq) < 0)
		numbers[0] = '\0'; /* cannot be: it fits */
	parts[1] = hws_bytes_str(numbers);
	parts[2] = hws_bytes_str(h->mac);
	parts[3] = hws_bytes_str(h->first_mac);
	dat_keys_mac(keys, parts, HWS_COUNT(parts), ret);
}

static int read_head(const struct sql_row *row, void *arg)
{
	struct head *h = arg;
	int r = sql_copy(row, 1, h->mac, sizeof(h->mac));

	h->seq = sql_int(row, 0);
	h->first_seq = sql_int(row, 2);
	if (r == HWS_OK)
		r = sql_copy(row, 3, h->first_mac, sizeof(h->first_mac));
	return r == HWS_OK ? sql_copy(row, 4, h->seal, sizeof(h->seal)) : r;
}

/* Locks it. The first event of all makes it. */
static int lock_head(struct sql_conn *c, const struct dat_keys *keys, struct head *h)
{
	static const char lock[] = "UPDATE audit_head SET seal = '' WHERE one = 1 RETURNING seq, "
				   "mac, first_seq, first_mac, seal";
	int64_t events = 0;
	int r = sql_one(c, lock, SQL_NONE, read_head, h);

	if (r != HWS_ERR_NOTFOUND)
		return r;
	/* a record of the ends that was taken away is not made anew over what is there */
	r = sql_number(c, "SELECT count(*) FROM audit_event", SQL_NONE, &events);
	if (r == HWS_OK && events)
		return HWS_ERR_CORRUPT;
	*h = (struct head){ 0 };
	head_seal(keys, h, h->seal);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO audit_head (one, seq, mac, first_seq, first_mac, seal) "
				"VALUES (1, 0, '', 0, '', $1) ON CONFLICT (one) DO NOTHING",
				SQL_P(SQL_T(h->seal)));
	return r == HWS_OK ? sql_one(c, lock, SQL_NONE, read_head, h) : r;
}

static int write_head(struct sql_conn *c, const struct dat_keys *keys, struct head *h)
{
	head_seal(keys, h, h->seal);
	return dat_change_one(c,
			"UPDATE audit_head SET seq = $1, mac = $2, first_seq = $3, first_mac = $4, "
			"seal = $5 WHERE one = 1",
			SQL_P(SQL_I(h->seq), SQL_T(h->mac), SQL_I(h->first_seq),
					SQL_T(h->first_mac), SQL_T(h->seal)));
}

/* In its bounds, whatever somebody else has put into it; frees with hws_free. */
static char *tame(const char *s, size_t size)
{
	size_t n = strnlen(s, size);
	char *buf;

	if (n < size && hws_utf8_valid(hws_bytes(s, n)))
		return hws_strdup(s);
	buf = hws_alloc(size);
	return buf ? hws_str_escape(buf, size, hws_bytes(s, n)) : NULL;
}

static int append(
		struct sql_conn *c, const struct dat_keys *keys, const struct texts *t, int64_t now)
{
	struct head h;
	int r = lock_head(c, keys, &h);
	char mac[DAT_HASH_TEXT];

	if (r < 0)
		return r;
	h.seq++;
	event_mac(keys, h.mac, h.seq, now, t, mac);
	memcpy(h.mac, mac, sizeof(mac));
	r = sql_run(c,
			"INSERT INTO audit_event (seq, at, kind, actor_guid, actor_name, via, "
			"target_kind, target_guid, target_name, ip, info, mac) VALUES ($1, $2, $3, "
			"$4, $5, $6, $7, $8, $9, $10, $11, $12)",
			SQL_P(SQL_I(h.seq), SQL_I(now), SQL_T(t->s[0]), SQL_T(t->s[1]),
					SQL_T(t->s[2]), SQL_T(t->s[3]), SQL_T(t->s[4]),
					SQL_T(t->s[5]), SQL_T(t->s[6]), SQL_T(t->s[7]),
					SQL_T(t->s[8]), SQL_T(mac)));
	return r == HWS_OK ? write_head(c, keys, &h) : r;
}

int dat_audit_add(struct sql_conn *c, const struct dat_keys *keys, const struct dat_event *e,
		int64_t now)
{
	struct texts t = texts_of(e);
	char *tamed[TEXTS] = { 0 };
	struct dat_tx tx;
	int r = HWS_OK;

	for (size_t i = 0; i < TEXTS && r == HWS_OK; i++) {
		tamed[i] = tame(t.s[i], bounds[i]);
		t.s[i] = tamed[i];
		if (!tamed[i])
			r = HWS_ERR_NOMEM;
	}
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r == HWS_OK)
		r = dat_tx_end(&tx, append(c, keys, &t, now));
	for (size_t i = 0; i < TEXTS; i++)
		hws_free(tamed[i]);
	return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct dat_event dat_event_of(const struct sql_row *row)
{
	return (struct dat_event){ .seq = sql_int(row, 0),
		.at = sql_int(row, 1),
		.kind = sql_text(row, 2),
		.actor_guid = sql_text(row, 3),
		.actor_name = sql_text(row, 4),
		.via = sql_text(row, 5),
		.target_kind = sql_text(row, 6),
		.target_guid = sql_text(row, 7),
		.target_name = sql_text(row, 8),
		.ip = sql_text(row, 9),
		.info = sql_text(row, 10),
		.mac = sql_text(row, 11) };
}

struct list {
	dat_event_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_event e = dat_event_of(row);

	return l->fn(&e, l->arg);
}

int dat_audit_list(struct sql_conn *c, const struct dat_audit_filter *f, dat_event_fn fn, void *arg)
{
	struct list l = { fn, arg };
	int64_t before = f->before_seq ? f->before_seq : INT64_MAX;
	int64_t until = f->until ? f->until : INT64_MAX;
	char below[2 * DAT_AUDIT_KIND_TEXT];
	int r = dat_text_check(f->kind, DAT_AUDIT_KIND_TEXT, false);

	if (r == HWS_OK)
		r = sql_like(f->kind, below, sizeof(below) - 1);
	if (r < 0)
		return r;
	/* "%login%" is wanted as "login.%" */
	memmove(below, below + 1, strlen(below));
	below[strlen(below) - 1] = '\0';
	r = hws_fmt(below + strlen(below), sizeof(below) - strlen(below), ".%%");
	if (r < 0)
		return r;
	return sql_query(c,
			DAT_EVENT_COLUMNS
			"WHERE seq < $1 AND at >= $2 AND at < $3 AND ($4 = '' OR kind = $4 "
			"OR kind LIKE $5 ESCAPE '\\') AND ($6 = '' OR actor_guid = $6) AND "
			"($7 = '' OR target_guid = $7) ORDER BY seq DESC LIMIT $8",
			SQL_P(SQL_I(before), SQL_I(f->from), SQL_I(until), SQL_T(f->kind),
					SQL_T(below), SQL_T(f->actor), SQL_T(f->target),
					SQL_I(HWS_MAX(1u, HWS_MIN(f->limit, DAT_PAGE_MAX)))),
			list_row, &l);
}

/* --- verifying -------------------------------------------------------------------------------- */

struct walk {
	const struct dat_keys *keys;
	struct dat_audit_verdict *v;
	int64_t seq; /* the last that was right */
	char mac[DAT_HASH_TEXT];
};

static int wrong(struct dat_audit_verdict *v, int64_t seq, const char *what)
{
	v->whole = false;
	v->bad_seq = seq;
	v->what = what;
	return HWS_ERR_CANCELED;
}

static int walk_row(const struct sql_row *row, void *arg)
{
	struct walk *w = arg;
	struct dat_event e = dat_event_of(row);
	struct texts t = texts_of(&e);
	char mac[DAT_HASH_TEXT];

	if (e.seq != w->seq + 1)
		return wrong(w->v, w->seq + 1, "an event was taken out");
	event_mac(w->keys, w->mac, e.seq, e.at, &t, mac);
	if (!hws_str_equal(mac, sql_text(row, 11)))
		return wrong(w->v, e.seq, "an event was changed, or put in");
	w->seq = e.seq;
	memcpy(w->mac, mac, sizeof(mac));
	w->v->checked++;
	return HWS_OK;
}

static int walk_all(struct sql_conn *c, struct walk *w, const struct head *h)
{
	while (w->seq < h->seq) {
		int64_t before = w->seq;
		int r = sql_query(c,
				DAT_EVENT_COLUMNS
				"WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
				SQL_P(SQL_I(w->seq), SQL_I(h->seq), SQL_I(BATCH)), walk_row, w);

		if (r < 0)
			return r;
		if (w->seq == before)
			return wrong(w->v, w->seq + 1, "the end was cut off");
	}
	if (!hws_str_equal(w->mac, h->mac))
		return wrong(w->v, w->seq, "the record of the ends was changed");
	return HWS_OK;
}

static int get_head(struct sql_conn *c, struct head *h)
{
	return sql_one(c,
			"SELECT seq, mac, first_seq, first_mac, seal FROM audit_head WHERE one = 1",
			SQL_NONE, read_head, h);
}

static bool sealed(const struct dat_keys *keys, const struct head *h)
{
	char seal[DAT_HASH_TEXT];

	head_seal(keys, h, seal);
	return hws_str_equal(seal, h->seal);
}

static int read_mac(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_HASH_TEXT);
}

/* Whether an event that was seen is in the chain with these ends. What was trimmed since is: only
 * who has the key moves the first end. */
static int stands(struct sql_conn *c, const struct head *h, const struct dat_audit_mark *seen,
		bool *ret)
{
	char mac[DAT_HASH_TEXT] = "";
	int r = HWS_OK;

	*ret = true;
	if (!seen || !seen->seq || seen->seq < h->first_seq)
		return HWS_OK;
	if (seen->seq == h->first_seq)
		memcpy(mac, h->first_mac, sizeof(mac));
	else if (seen->seq <= h->seq)
		r = sql_one(c, "SELECT mac FROM audit_event WHERE seq = $1",
				SQL_P(SQL_I(seen->seq)), read_mac, mac);
	*ret = hws_str_equal(mac, seen->mac);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int reached(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_audit_mark *seen, struct dat_audit_mark *ret, bool *ret_stands)
{
	struct head h = { 0 };
	int r = get_head(c, &h);

	*ret = (struct dat_audit_mark){ 0 };
	*ret_stands = !seen || !seen->seq;
	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r < 0)
		return r;
	/* ends that were forged are no place to be marked */
	if (!sealed(keys, &h)) {
		*ret_stands = false;
		return HWS_OK;
	}
	ret->seq = h.seq;
	memcpy(ret->mac, h.mac, sizeof(ret->mac));
	return stands(c, &h, seen, ret_stands);
}

int dat_audit_reached(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_audit_mark *seen, struct dat_audit_mark *ret, bool *ret_stands)
{
	int r = reached(c, keys, seen, ret, ret_stands);

	/* what was seen may have been trimmed between the two looks */
	return r == HWS_OK && !*ret_stands ? reached(c, keys, seen, ret, ret_stands) : r;
}

static int verify(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_audit_mark *seen, struct dat_audit_verdict *v, int64_t *ret_first)
{
	static const char put_back[] = "all of it was put back to an earlier state";
	struct walk w = { .keys = keys, .v = v };
	struct head h = { 0 };
	int64_t n = 0;
	bool still = true;
	int r = get_head(c, &h);

	if (r == HWS_ERR_NOTFOUND) {
		r = sql_number(c, "SELECT count(*) FROM audit_event", SQL_NONE, &n);
		if (r < 0)
			return r;
		if (n)
			return wrong(v, 0, "the record of the ends was taken away");
		return seen && seen->seq ? wrong(v, 1, put_back) : HWS_OK;
	}
	if (r < 0)
		return r;
	*ret_first = h.first_seq;
	if (!sealed(keys, &h))
		return wrong(v, 0, "the record of the ends was changed, or the key is another");
	w.seq = h.first_seq;
	memcpy(w.mac, h.first_mac, sizeof(w.mac));
	r = walk_all(c, &w, &h);
	if (r < 0)
		return r;
	r = sql_number(c, "SELECT count(*) FROM audit_event WHERE seq <= $1",
			SQL_P(SQL_I(h.first_seq)), &n);
	if (r == HWS_OK && n)
		return wrong(v, h.first_seq, "events were put in front");
	if (r == HWS_OK)
		r = stands(c, &h, seen, &still);
	return r == HWS_OK && !still ? wrong(v, HWS_MIN(seen->seq, h.seq + 1), put_back) : r;
}

int dat_audit_fits(struct sql_conn *c, const struct dat_keys *keys)
{
	struct head h = { 0 };
	int r = get_head(c, &h);

	if (r < 0)
		return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
	return sealed(keys, &h) ? HWS_OK : HWS_ERR_CRYPTO;
}

int dat_audit_verify(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_audit_mark *seen, struct dat_audit_verdict *ret)
{
	struct dat_audit_verdict v = { .whole = false };
	int64_t first = 0, after = 1;

	/* Old events that are taken away in front meanwhile are not missing: then once more. */
	for (unsigned i = 0; i < VERIFY_TRIES && !v.whole && after != first; i++) {
		int r;

		v = (struct dat_audit_verdict){ .whole = true, .what = "" };
		first = after = 0;
		r = verify(c, keys, seen, &v, &first);
		if (r < 0 && v.whole)
			return r;
		if (!v.whole)
			r = sql_number(c, "SELECT coalesce(max(first_seq), 0) FROM audit_head",
					SQL_NONE, &after);
		if (r < 0)
			return r;
	}
	*ret = v;
	return HWS_OK;
}

static int read_cut(const struct sql_row *row, void *arg)
{
	struct head *h = arg;

	h->first_seq = sql_int(row, 0);
	return sql_copy(row, 1, h->first_mac, sizeof(h->first_mac));
}

int dat_audit_trim(struct sql_conn *c, const struct dat_keys *keys, int64_t older_than,
		unsigned max, int64_t *ret)
{
	int64_t from, n = 0;
	struct dat_tx tx;
	struct head h;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = lock_head(c, keys, &h);
	from = r == HWS_OK ? h.first_seq : 0;
	/* Up to the last of an unbroken row that is old enough: clocks of nodes differ. */
	if (r == HWS_OK)
		r = sql_one(c,
				"SELECT seq, mac FROM audit_event WHERE seq <= $1 AND seq < "
				"coalesce((SELECT min(seq) FROM audit_event WHERE at >= $2), $3) "
				"ORDER BY seq DESC LIMIT 1",
				SQL_P(SQL_I(from + max), SQL_I(older_than), SQL_I(INT64_MAX)),
				read_cut, &h);
	if (r == HWS_OK)
		r = sql_change(c, "DELETE FROM audit_event WHERE seq <= $1",
				SQL_P(SQL_I(h.first_seq)), &n);
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK; /* nothing is that old */
	if (r == HWS_OK)
		r = write_head(c, keys, &h);
	r = dat_tx_end(&tx, r);
	if (r == HWS_OK)
		*ret = n;
	return r;
}
