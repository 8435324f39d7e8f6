/* admin/data/alarm_raise: a burst of the same thing becomes one notice, and the next one says how
 * often it was. So does a burst of many things of one kind: a stranger can make up devices, and
 * these must not stand in the way of the next one or of another kind. */
#include "admin/data/alarms.h"
#include "admin/data/notices.h"
#include "admin/data/smtp.h"
#include "admin/data/webhooks.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>

#define HOUR_MS (3600LL * 1000)
#define GATHER_MS (60LL * 1000)

static const char *const titles[DAT_ALARMS] = {
	[DAT_ALARM_BRUTE_FORCE] = "Passwords are being guessed",
	[DAT_ALARM_NEW_DEVICE] = "A new device",
	[DAT_ALARM_RELAY_DOWN] = "A relay does not answer",
	[DAT_ALARM_NODE_DOWN] = "A server does not answer",
	[DAT_ALARM_CERTIFICATE] = "A certificate ends soon",
	[DAT_ALARM_RECORDINGS] = "The room for recordings ends",
};

static const struct {
	unsigned hourly; /* told one by one */
	const char *many, *text;
} gathered[DAT_ALARMS] = {
	[DAT_ALARM_BRUTE_FORCE] = { DAT_ALARM_HOURLY, "more alarms of passwords that are guessed",
			"Passwords of many accounts or devices are being guessed. The audit has each." },
	[DAT_ALARM_NEW_DEVICE] = { DAT_ALARM_DEVICES, "new devices",
			"More devices have registered for the first time than are told of one by "
			"one. The list of devices has each." },
	[DAT_ALARM_RELAY_DOWN] = { DAT_ALARM_HOURLY, "more alarms of relays",
			"Many relays have stopped to answer." },
	[DAT_ALARM_NODE_DOWN] = { DAT_ALARM_HOURLY, "more alarms of servers",
			"Many servers have stopped to answer." },
	[DAT_ALARM_CERTIFICATE] = { DAT_ALARM_HOURLY, "more alarms of certificates",
			"The certificates of many servers end." },
	[DAT_ALARM_RECORDINGS] = { DAT_ALARM_HOURLY, "more alarms of room for recordings",
			"The room for recordings of many servers ends." },
};

/* --- whether it is told ----------------------------------------------------------------------- */

struct alarm {
	struct sql_conn *c;
	const struct dat_keys *keys;
	enum dat_alarm_kind kind;
	char about[DAT_NAME_TEXT], text[DAT_NOTE_TEXT];
	char device_id[DAT_ID_TEXT], account[DAT_NAME_TEXT], ip[DAT_IP_TEXT];
	int64_t now, held_back, quiet_ms;
	int told;
	char hooks[DAT_WEBHOOKS_MAX][DAT_GUID_TEXT];
	size_t n_hooks;
};

/* Kinds are words: no alarm of one thing is in this row. */
static int many_name(enum dat_alarm_kind kind, char ret[DAT_SHORT_TEXT])
{
	return hws_fmt(ret, DAT_SHORT_TEXT, "many:%s", dat_alarm_name(kind));
}

/* Beyond what is told one by one: told together with others, a minute later at the earliest. */
static int gather(const struct alarm *a)
{
	char many[DAT_SHORT_TEXT];
	int r = many_name(a->kind, many);

	return r == HWS_OK
			? sql_run(a->c,
					  "INSERT INTO alarm_said (kind, about, said_at, held_back) "
					  "VALUES ($1, '', $2, 1) ON CONFLICT (kind, about) DO UPDATE "
					  "SET held_back = alarm_said.held_back + 1",
					  SQL_P(SQL_T(many),
							  SQL_I(a->now - DAT_ALARM_QUIET_MS +
									  GATHER_MS)))
			: r;
}

/* Counts it; whether it is the time to tell. The row is locked from here to the end of the
 * transaction, so that of two at the same moment one tells. */
static int is_due(struct alarm *a, bool *ret)
{
	const char *kind = dat_alarm_name(a->kind);
	int64_t told = 0, quiet = 0;
	int r = sql_run(a->c,
			"INSERT INTO alarm_said (kind, about, said_at, held_back) VALUES ($1, $2, "
			"0, 0) ON CONFLICT (kind, about) DO NOTHING",
			SQL_P(SQL_T(kind), SQL_T(a->about)));

	if (r == HWS_OK)
		r = sql_number(a->c,
				"UPDATE alarm_said SET held_back = held_back + 1 WHERE kind = $1 "
				"AND about = $2 RETURNING held_back",
				SQL_P(SQL_T(kind), SQL_T(a->about)), &a->held_back);
	if (r == HWS_OK)
		r = sql_number(a->c,
				"SELECT count(*) FROM alarm_said WHERE kind = $1 AND about = $2 "
				"AND said_at > $3",
				SQL_P(SQL_T(kind), SQL_T(a->about), SQL_I(a->now - a->quiet_ms)),
				&quiet);
	if (r == HWS_OK && !quiet)
		r = sql_number(a->c,
				"SELECT count(*) FROM alarm_said WHERE kind = $1 AND about <> $2 "
				"AND said_at > $3",
				SQL_P(SQL_T(kind), SQL_T(a->about), SQL_I(a->now - HOUR_MS)),
				&told);
	a->held_back--; /* this one */
	*ret = r == HWS_OK && !quiet && told < gathered[a->kind].hourly;
	if (r < 0 || quiet)
		return r;
	return *ret ? sql_run(a->c,
				      "UPDATE alarm_said SET said_at = $1, held_back = 0 WHERE kind "
				      "= $2 AND about = $3",
				      SQL_P(SQL_I(a->now), SQL_T(kind), SQL_T(a->about)))
		    : gather(a);
}

/* --- to whom ---------------------------------------------------------------------------------- */

static int mail_all(struct alarm *a, const char *body)
{
	struct dat_smtp *s = hws_alloc(sizeof(*s));
	char subject[DAT_SUBJECT_TEXT];
	int r = s ? dat_smtp_load(a->c, a->keys, s) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = hws_fmt(subject, sizeof(subject), "%s: %s", titles[a->kind], a->about);
	for (size_t i = 0; r == HWS_OK && s->enabled && (s->alarms & 1u << a->kind) && i < s->n_to;
			i++) {
		r = dat_notice_add(a->c, a->keys, DAT_BY_MAIL, s->to[i], dat_alarm_name(a->kind),
				subject, body, a->now);
		a->told++;
	}
	hws_free(s);
	return r;
}

static int on_hook(const struct dat_webhook *w, void *arg)
{
	struct alarm *a = arg;

	if (w->enabled && (w->alarms & 1u << a->kind) && a->n_hooks < DAT_WEBHOOKS_MAX)
		memcpy(a->hooks[a->n_hooks++], w->guid, DAT_GUID_TEXT);
	return HWS_OK;
}

static int call_all(struct alarm *a, const char *body)
{
	int r = dat_webhook_list(
			a->c, "", (struct dat_page){ 0, DAT_WEBHOOKS_MAX }, on_hook, a, NULL);

	for (size_t i = 0; i < a->n_hooks && r == HWS_OK; i++) {
		r = dat_notice_add(a->c, a->keys, DAT_BY_WEBHOOK, a->hooks[i],
				dat_alarm_name(a->kind), a->about, body, a->now);
		a->told++;
	}
	return r;
}

/* Lines of which admin/notify makes a mail or JSON; each a text without line ends. */
static int write_body(const struct alarm *a, char *buf, size_t size)
{
	return hws_fmt(buf, size, "%lld\n%lld\n%s\n%s\n%s\n%s\n%s", (long long)a->now,
			(long long)a->held_back, a->about, a->device_id, a->account, a->ip,
			a->text);
}

/* Cut, and without what no text may have. */
static void take(char *buf, size_t size, const char *s)
{
	hws_str_plain(buf, size, hws_bytes_str(hws_str_or_empty(s)));
	dat_text_cut(buf, size);
}

static int tell(struct alarm *a)
{
	char body[DAT_NOTICE_BODY];
	int r = write_body(a, body, sizeof(body));

	if (r == HWS_OK)
		r = mail_all(a, body);
	if (r == HWS_OK)
		r = call_all(a, body);
	/* who asks for it later has not heard it */
	if (r == HWS_OK && !a->told)
		r = sql_run(a->c,
				"UPDATE alarm_said SET said_at = 0 WHERE kind = $1 AND about = $2",
				SQL_P(SQL_T(dat_alarm_name(a->kind)), SQL_T(a->about)));
	return r;
}

int dat_alarm_raise(struct sql_conn *c, const struct dat_keys *keys, const struct dat_alarm *in,
		int64_t now, bool *ret_told)
{
	struct alarm *a;
	struct dat_tx tx;
	bool due = false;
	int r = (unsigned)in->kind < DAT_ALARMS ? dat_tx_begin(&tx, c) : HWS_ERR_INVAL;

	if (r < 0)
		return r;
	a = hws_alloc(sizeof(*a));
	if (!a)
		return dat_tx_end(&tx, HWS_ERR_NOMEM);
	*a = (struct alarm){ .c = c,
		.keys = keys,
		.kind = in->kind,
		.now = now,
		.quiet_ms = in->quiet_ms ? in->quiet_ms : DAT_ALARM_QUIET_MS };
	take(a->about, sizeof(a->about), in->about);
	take(a->text, sizeof(a->text), in->text);
	take(a->device_id, sizeof(a->device_id), in->device_id);
	take(a->account, sizeof(a->account), in->account);
	take(a->ip, sizeof(a->ip), in->ip);
	r = is_due(a, &due);
	if (r == HWS_OK && due)
		r = tell(a);
	if (r == HWS_OK && ret_told)
		*ret_told = a->told > 0;
	hws_free(a);
	return dat_tx_end(&tx, r);
}

/* --- many at once ----------------------------------------------------------------------------- */

static int tell_many(struct alarm *a)
{
	char many[DAT_SHORT_TEXT];
	int64_t n = 0, changed = 0;
	int r = many_name(a->kind, many);

	if (r == HWS_OK)
		r = sql_change(a->c,
				"UPDATE alarm_said SET said_at = $1 WHERE kind = $2 AND about = '' "
				"AND held_back > 0 AND said_at <= $3",
				SQL_P(SQL_I(a->now), SQL_T(many),
						SQL_I(a->now - DAT_ALARM_QUIET_MS)),
				&changed);
	if (r < 0 || !changed)
		return r;
	r = sql_number(a->c, "SELECT held_back FROM alarm_said WHERE kind = $1 AND about = ''",
			SQL_P(SQL_T(many)), &n);
	if (r == HWS_OK)
		r = sql_run(a->c,
				"UPDATE alarm_said SET held_back = 0 WHERE kind = $1 AND about = ''",
				SQL_P(SQL_T(many)));
	if (r == HWS_OK)
		r = hws_fmt(a->about, sizeof(a->about), "%lld %s", (long long)n,
				gathered[a->kind].many);
	if (r == HWS_OK)
		r = hws_str_copy(a->text, sizeof(a->text), gathered[a->kind].text);
	return r == HWS_OK ? tell(a) : r;
}

static int tell_kind(struct sql_conn *c, const struct dat_keys *keys, enum dat_alarm_kind kind,
		int64_t now, bool *ret_told)
{
	struct alarm *a;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	a = hws_alloc(sizeof(*a));
	if (!a)
		return dat_tx_end(&tx, HWS_ERR_NOMEM);
	*a = (struct alarm){ .c = c, .keys = keys, .kind = kind, .now = now };
	r = tell_many(a);
	*ret_told = *ret_told || a->told > 0;
	hws_free(a);
	return dat_tx_end(&tx, r);
}

int dat_alarm_tell_gathered(
		struct sql_conn *c, const struct dat_keys *keys, int64_t now, bool *ret_told)
{
	int r = HWS_OK;

	*ret_told = false;
	for (int kind = 0; kind < DAT_ALARMS && r == HWS_OK; kind++)
		r = tell_kind(c, keys, (enum dat_alarm_kind)kind, now, ret_told);
	return r;
}

int dat_alarm_sweep(struct sql_conn *c, int64_t before)
{
	return sql_run(c, "DELETE FROM alarm_said WHERE said_at < $1", SQL_P(SQL_I(before)));
}
