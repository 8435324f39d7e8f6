/* admin/data/notices: taking one is a change of its next_at that only one of several can make, so
 * no lock is held while it is sent. */
#include "admin/data/notices.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

#define FIRST_PAUSE_MS ((int64_t)30 * 1000)
#define PAUSE_MAX_MS ((int64_t)3600 * 1000)

static const char *const ways[] = { [DAT_BY_MAIL] = "mail", [DAT_BY_WEBHOOK] = "webhook" };

static struct dat_cell cell_of(const char *guid)
{
	return (struct dat_cell){ "notice", "body_enc", guid };
}

int dat_notice_add(struct sql_conn *c, const struct dat_keys *keys, enum dat_notice_way way,
		const char *rcpt, const char *kind, const char *subject, const char *body,
		int64_t now)
{
	char guid[DAT_GUID_TEXT], *sealed = NULL;
	int r = dat_text_check(rcpt, DAT_EMAIL_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(kind, DAT_SHORT_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(subject, DAT_SUBJECT_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(body, DAT_NOTICE_BODY, true);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = dat_seal(keys, cell_of(guid), body, &sealed);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO notice (guid, way, rcpt, kind, subject, body_enc, "
				"next_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
				SQL_P(SQL_T(guid), SQL_T(ways[way]), SQL_T(rcpt), SQL_T(kind),
						SQL_T(subject), SQL_T(sealed), SQL_I(now)));
	hws_free(sealed);
	return r;
}

int dat_notice_mail(struct sql_conn *c, const struct dat_keys *keys, const char *rcpt,
		const char *subject, const char *body, int64_t now)
{
	if (!strchr(rcpt, '@') || strpbrk(rcpt, " <>,;\""))
		return HWS_ERR_INVAL;
	return dat_notice_add(c, keys, DAT_BY_MAIL, rcpt, "mail", subject, body, now);
}

struct taking {
	const struct dat_keys *keys;
	struct dat_notice *notice;
	int64_t next_at;
};

static int read_notice(const struct sql_row *row, void *arg)
{
	struct taking *t = arg;
	struct dat_notice *n = t->notice;
	int r = sql_copy(row, 0, n->guid, sizeof(n->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 2, n->rcpt, sizeof(n->rcpt));
	if (r == HWS_OK)
		r = sql_copy(row, 3, n->kind, sizeof(n->kind));
	if (r == HWS_OK)
		r = sql_copy(row, 4, n->subject, sizeof(n->subject));
	n->way = hws_str_equal(sql_text(row, 1), ways[DAT_BY_MAIL]) ? DAT_BY_MAIL : DAT_BY_WEBHOOK;
	n->tries = sql_int(row, 6);
	n->created_at = sql_int(row, 8);
	t->next_at = sql_int(row, 7);
	/* what another key has sealed has no text: it is sent by nobody, and given up */
	if (r == HWS_OK &&
			dat_unseal(t->keys, cell_of(n->guid), sql_text(row, 5), n->body_secret,
					sizeof(n->body_secret)) < 0)
		n->body_secret[0] = '\0';
	return r;
}

int dat_notice_take(struct sql_conn *c, const struct dat_keys *keys, int64_t now, int64_t until,
		struct dat_notice *ret)
{
	/* Others may be faster with one: then the next. What a person waits for (a code) goes
	 * before alarms. */
	for (unsigned tries = 0; tries < 8; tries++) {
		struct taking t = { keys, ret, 0 };
		int64_t changed = 0;
		int r = sql_one(c,
				"SELECT guid, way, rcpt, kind, subject, body_enc, tries, next_at, "
				"created_at FROM notice WHERE state = 0 AND next_at <= $1 ORDER BY "
				"CASE WHEN kind = 'mail' THEN 0 ELSE 1 END, next_at, guid LIMIT 1",
				SQL_P(SQL_I(now)), read_notice, &t);

		if (r == HWS_OK)
			r = sql_change(c,
					"UPDATE notice SET next_at = $1, tries = tries + 1 WHERE "
					"guid = $2 AND next_at = $3 AND state = 0",
					SQL_P(SQL_I(until), SQL_T(ret->guid), SQL_I(t.next_at)),
					&changed);
		if (r < 0 || changed) {
			ret->tries++;
			return r;
		}
	}
	return HWS_ERR_NOTFOUND;
}

int dat_notice_sent(struct sql_conn *c, const char *guid, int64_t now)
{
	return dat_change_one(c,
			"UPDATE notice SET state = 1, sent_at = $1, last_error = '', body_enc = '' "
			"WHERE guid = $2",
			SQL_P(SQL_I(now), SQL_T(guid)));
}

int dat_notice_failed(
		struct sql_conn *c, const char *guid, const char *why, bool for_good, int64_t now)
{
	char shown[DAT_NOTICE_ERROR_TEXT];
	int64_t tries = 0, pause = FIRST_PAUSE_MS;
	int r = sql_number(
			c, "SELECT tries FROM notice WHERE guid = $1", SQL_P(SQL_T(guid)), &tries);

	if (r < 0)
		return r;
	hws_str_plain(shown, sizeof(shown), hws_bytes_str(why));
	for (int64_t i = 1; i < tries && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	return dat_change_one(c,
			"UPDATE notice SET state = $1, body_enc = CASE WHEN $1 = 2 THEN '' ELSE "
			"body_enc END, next_at = $2, last_error = $3 WHERE guid = $4",
			SQL_P(SQL_I(for_good || tries >= DAT_NOTICE_TRIES ? 2 : 0),
					SQL_I(now + HWS_MIN(pause, PAUSE_MAX_MS)), SQL_T(shown),
					SQL_T(guid)));
}

int dat_notice_put_off(struct sql_conn *c, const char *guid, int64_t at)
{
	return dat_change_one(c,
			"UPDATE notice SET next_at = $1, tries = tries - 1 WHERE guid = $2",
			SQL_P(SQL_I(at), SQL_T(guid)));
}

int dat_notice_sweep(struct sql_conn *c, int64_t before)
{
	return sql_run(c, "DELETE FROM notice WHERE created_at < $1", SQL_P(SQL_I(before)));
}

static int read_figures(const struct sql_row *row, void *arg)
{
	struct dat_notice_figures *f = arg;

	if (sql_int(row, 0) == 0)
		f->waiting = sql_int(row, 1);
	else if (sql_int(row, 0) == 2)
		f->given_up = sql_int(row, 1);
	return HWS_OK;
}

int dat_notice_count(struct sql_conn *c, struct dat_notice_figures *ret)
{
	struct dat_notice_figures f = { 0 };
	int r = sql_query(c, "SELECT state, count(*) FROM notice GROUP BY state", SQL_NONE,
			read_figures, &f);

	if (r == HWS_OK)
		*ret = f;
	return r;
}
