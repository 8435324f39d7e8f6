/* admin/data/changes: numbers come from a counter whose row stays locked until the transaction
 * ends, so that whoever has read up to a number has missed none below it. */
#include "admin/data/changes.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

#define BATCH 1000
#define KEPT 10000

static const char *const kinds[DAT_CHANGED_KINDS] = {
	[DAT_CHANGED_DEVICE] = "device",
	[DAT_CHANGED_STRATEGY] = "strategy",
};

int dat_changed(struct sql_conn *c, enum dat_changed kind, const char *ref)
{
	int64_t seq = 0;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_count_up(c, "change", &seq);
	if (r == HWS_OK)
		r = sql_run(c, "INSERT INTO change_log (seq, kind, ref, at) VALUES ($1, $2, $3, $4)",
				SQL_P(SQL_I(seq), SQL_T(kinds[kind]), SQL_T(ref),
						SQL_I((int64_t)(hws_wall_us() / HWS_US_PER_MS))));
	return dat_tx_end(&tx, r);
}

int dat_changes_last(struct sql_conn *c, int64_t *ret)
{
	return sql_number(c, "SELECT value FROM counter WHERE name = 'change'", SQL_NONE, ret);
}

struct since {
	dat_changed_fn fn;
	void *arg;
	int64_t seq;
	bool lost;
};

static int since_row(const struct sql_row *row, void *arg)
{
	struct since *s = arg;
	int64_t seq = sql_int(row, 0);

	s->lost |= seq != s->seq + 1;
	s->seq = seq;
	for (unsigned i = 0; i < DAT_CHANGED_KINDS && !s->lost; i++) {
		if (hws_str_equal(kinds[i], sql_text(row, 1)))
			s->fn((enum dat_changed)i, sql_text(row, 2), s->arg);
	}
	return HWS_OK;
}

int dat_changes_since(struct sql_conn *c, int64_t *seq, dat_changed_fn fn, void *arg)
{
	struct since s = { fn, arg, *seq, false };
	int r = sql_query(c,
			"SELECT seq, kind, ref FROM change_log WHERE seq > $1 ORDER BY seq LIMIT $2",
			SQL_P(SQL_I(*seq), SQL_I(BATCH)), since_row, &s);

	if (r < 0)
		return r;
	*seq = s.seq;
	return s.lost ? HWS_ERR_RANGE : HWS_OK;
}

int dat_changes_trim(struct sql_conn *c)
{
	return sql_run(c,
			"DELETE FROM change_log WHERE seq < (SELECT value FROM counter WHERE name = "
			"'change') - $1",
			SQL_P(SQL_I(KEPT)));
}
