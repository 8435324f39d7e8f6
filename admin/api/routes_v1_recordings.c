/* Recordings for the auditor: the list, the closed file (which only his key opens, where he has
 * it), removal. Whoever gets one stands in the audit before the first byte goes out. */
#include "admin/api/recordings.h"
#include "admin/api/v1.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include <string.h>

#define PART (256u << 10)

/* --- list ------------------------------------------------------------------------------------- */

struct listing {
	json_t *items;
	int64_t keep_ms; /* 0 = for ever */
};

static json_t *out(const struct dat_recording *rec, int64_t keep_ms)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:s, s:I}", "guid", rec->guid,
			"device_id", rec->device_id, "viewer_id", rec->viewer_id, "user",
			adi_out_ref(rec->account_guid, rec->account_name), "started_at",
			(json_int_t)rec->started_at, "seconds", (json_int_t)rec->seconds, "bytes",
			(json_int_t)rec->bytes, "format", rec->format, "encrypted_to",
			rec->key_name, "expires_at",
			(json_int_t)(keep_ms ? rec->started_at + keep_ms : 0));
}

static int on_recording(const struct dat_recording *rec, void *arg)
{
	struct listing *l = arg;

	return json_array_append_new(l->items, out(rec, l->keep_ms)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int64_t time_of(const struct htp_request *q, const char *name)
{
	uint64_t n = 0;

	/* a number: the description says so */
	return hws_parse_u64(adi_v1_query(q, name), &n) == HWS_OK && n < INT64_MAX ? (int64_t)n : 0;
}

static void list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	const struct dat_recording_filter f = {
		.device_id = adi_v1_query(q, "device"),
		.account_guid = adi_v1_query(q, "user"),
		.from = time_of(q, "from"),
		.until = time_of(q, "to"),
	};
	struct listing l = { 0 };
	struct adi_settings s;
	struct dat_page page;
	struct sql_conn *c;
	int64_t total = 0;
	int r;

	if (!adi_v1_page(q, reply, &page) || !adi_take(app, reply, &c))
		return;
	adi_app_settings(app, c, &s);
	l.keep_ms = s.recording_days * DAT_DAY_MS;
	l.items = json_array();
	r = dat_recording_list(c, &f, page, on_recording, &l, &total);
	sql_give(c);
	adi_v1_listed(reply, r, "recording", l.items, page, total);
}

/* --- content ---------------------------------------------------------------------------------- */

static int deed(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const struct dat_recording *rec)
{
	return adi_audit(app, c, q,
			&(struct adi_deed){ .kind = kind,
					.target_kind = "recording",
					.target_guid = rec->guid,
					.target_name = rec->file });
}

/* The file on its way out; as long as the row said when it was asked for. */
struct sending {
	struct adi_recordings *place;
	char guid[DAT_GUID_TEXT];
	uint64_t at, end;
};

static int next_part(void *arg, struct hws_buf *out)
{
	struct sending *s = arg;
	struct hws_error err = { 0 };
	size_t before = hws_buf_len(out);
	int r;

	if (s->at == s->end)
		return HWS_ERR_EOF;
	r = rec_place_read(&s->place->place, s->guid, s->at,
			(size_t)HWS_MIN(s->end - s->at, (uint64_t)PART), out, &err);
	if (r < 0) /* less than the row says is no end */
		return r == HWS_ERR_EOF ? HWS_ERR_CORRUPT : r;
	s->at += hws_buf_len(out) - before;
	return HWS_OK;
}

static void play(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct sending *s = hws_alloc(sizeof(*s));
	struct dat_recording rec;
	struct sql_conn *c;
	int r = s ? HWS_OK : HWS_ERR_NOMEM;

	if (!adi_take(app, reply, &c)) {
		hws_free(s);
		return;
	}
	if (r == HWS_OK)
		r = sql_begin(c);
	if (r == HWS_OK) {
		r = dat_recording_get(c, htp_param(q, "guid"), &rec);
		if (r == HWS_OK)
			r = deed(app, c, q, "recording.play", &rec);
		r = sql_end(c, r);
	}
	sql_give(c);
	if (r < 0) {
		hws_free(s);
		adi_v1_fail(reply, r, "recording", NULL);
		return;
	}
	s->place = app->recordings;
	memcpy(s->guid, rec.guid, sizeof(s->guid));
	s->end = (uint64_t)rec.stored;
	htp_reply_parts(reply, "application/octet-stream", next_part, s, hws_free);
}

static void remove_one(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_recording rec;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = sql_begin(c);
	if (r == HWS_OK) {
		r = dat_recording_get(c, htp_param(q, "guid"), &rec);
		if (r == HWS_OK)
			r = dat_recording_remove(c, rec.guid);
		if (r == HWS_OK)
			r = deed(app, c, q, "recording.remove", &rec);
		r = sql_end(c, r);
	}
	sql_give(c);
	if (r < 0) {
		adi_v1_fail(reply, r, "recording", NULL);
		return;
	}
	adi_recording_drop(app->recordings, rec.guid);
	adi_v1_nothing(reply);
}

static const struct adi_call calls[] = {
	{ "listRecordings", list, HTP_POOL_COMMON, 0 },
	{ "playRecording", play, HTP_POOL_COMMON, 0 },
	{ "removeRecording", remove_one, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_recordings = { calls, HWS_COUNT(calls) };
