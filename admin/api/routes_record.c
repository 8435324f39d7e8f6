/* What devices send of recordings: POST /api/record?type=new|part|tail|remove&file=&offset=&length=
 * with the bytes as body. Each request is signed with the device's key (crypto/upload_proof.h), by
 * which the ID server knows it, too. The bytes are closed for the auditor at once. */
#include "admin/api/app.h"
#include "admin/api/recordings.h"
#include "admin/api/server_parts.h"
#include "admin/api/who.h"
#include "admin/data/audit.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/upload_proof.h"
#include <string.h>

static const char *query(const struct htp_request *q, const char *name)
{
	const char *text = htp_query(q, name);

	return text ? text : "";
}

static const char *field(const struct htp_request *q, const char *name)
{
	const char *text = htp_head_get(&q->head, name);

	return text ? text : "";
}

/* --- who -------------------------------------------------------------------------------------- */

/* That it is nobody's device is said to itself alone: after its signature. */
static int check_proof(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *device_id)
{
	char hash[HWS_UPLOAD_HASH_TEXT];
	const struct hws_upload u = {
		.id = device_id,
		.time_s = field(q, "X-Hawser-Time"),
		.type = query(q, "type"),
		.file = query(q, "file"),
		.offset = query(q, "offset"),
		.length = query(q, "length"),
		.started = query(q, "started"),
		.seconds = query(q, "seconds"),
		.resume = query(q, "resume"),
		.hash = hash,
	};
	char key[DAT_SHORT_TEXT];
	uint8_t pk[HWS_PK_LEN];
	struct adi_settings settings;
	bool stranger;
	int r;

	adi_app_settings(app, c, &settings);
	r = dat_recording_device_key(c, device_id, settings.require_approval, key);
	stranger = r == HWS_ERR_REFUSED;
	if (stranger)
		r = HWS_OK;
	if (r == HWS_OK && hws_key_parse(key, pk) < 0)
		r = HWS_ERR_KEY;
	if (r == HWS_OK)
		hws_upload_hash(hws_buf_bytes(&q->body), hash);
	if (r == HWS_OK)
		r = hws_upload_check(&u, field(q, "X-Hawser-Signature"), pk, adi_now() / 1000);
	return r == HWS_OK && stranger ? HWS_ERR_REFUSED : r;
}

/* Who is not known, and what is not signed, is refused in the same words. */
static void refuse(struct htp_reply *reply, int r)
{
	if (r == HWS_ERR_RANGE)
		htp_reply_error(reply, 403, "The device's clock is wrong by more than %d minutes",
				HWS_UPLOAD_AGE_S / 60);
	else if (r == HWS_ERR_REFUSED)
		htp_reply_error(reply, 403,
				"The device has no owner and no group: an administrator gives it "
				"one before it uploads");
	else if (r == HWS_ERR_STORE || r == HWS_ERR_BUSY || r == HWS_ERR_DISK)
		adi_fail(reply, r, "");
	else
		htp_reply_error(reply, 403, "Not a device that may upload, or not signed by it");
}

/* --- what ------------------------------------------------------------------------------------- */

static int number(const struct htp_request *q, const char *name, int64_t *ret)
{
	const char *text = query(q, name);
	uint64_t n = 0;

	if (*text && (hws_parse_u64(text, &n) < 0 || n > INT64_MAX / 4))
		return HWS_ERR_INVAL;
	*ret = (int64_t)n;
	return HWS_OK;
}

static int read_upload(const struct htp_request *q, struct adi_upload *u)
{
	const char *format;
	int64_t length = 0;
	int r;

	*u = (struct adi_upload){
		.device_id = field(q, "X-Hawser-Device"),
		.file = query(q, "file"),
		.body = hws_buf_bytes(&q->body),
		.resume = hws_str_equal(query(q, "resume"), "1"),
	};
	r = dat_text_check(u->device_id, DAT_ID_TEXT, false);
	if (r == HWS_OK)
		r = dat_recording_name(u->file, &format);
	if (r == HWS_OK)
		r = number(q, "offset", &u->offset);
	if (r == HWS_OK)
		r = number(q, "length", &length);
	if (r == HWS_OK)
		r = number(q, "started", &u->started_at);
	if (r == HWS_OK)
		r = number(q, "seconds", &u->seconds);
	if (r == HWS_OK && *query(q, "length") && (uint64_t)length != u->body.len)
		r = HWS_ERR_INVAL;
	return r;
}

static const struct type {
	const char *name, *event; /* NULL = none: a part is no deed */
	int (*fn)(struct adi_recordings *r, struct sql_conn *c, const struct adi_upload *u,
			int64_t now, struct dat_recording *ret);
	bool drops;
} types[] = {
	{ "new", "recording.begin", adi_upload_new, false },
	{ "part", NULL, adi_upload_part, false },
	{ "tail", "recording.done", adi_upload_tail, false },
	{ "remove", "recording.withdraw", adi_upload_remove, true },
};

static const struct type *find_type(const char *name)
{
	for (size_t i = 0; i < HWS_COUNT(types); i++)
		if (hws_str_equal(name, types[i].name))
			return &types[i];
	return NULL;
}

/* In the transaction of the deed. The chain of what is done stands in it: a file that is changed
 * later does not fit. */
static int note(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const struct dat_recording *rec)
{
	char info[300], ip[DAT_IP_TEXT];
	const struct dat_event e = { .kind = kind,
		.actor_name = rec->device_id,
		.via = "client",
		.target_kind = "recording",
		.target_guid = rec->guid,
		.target_name = rec->file,
		.ip = ip,
		.info = info };

	adi_ip(q, ip);
	if (hws_fmt(info, sizeof(info), "{\"bytes\":%lld,\"parts\":%lld,\"chain\":\"%s\"}",
			    (long long)rec->bytes, (long long)rec->parts, rec->chain) < 0)
		return HWS_ERR_TOOBIG;
	return dat_audit_add(c, app->keys, &e, adi_now());
}

static int run(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct type *t, const struct adi_upload *u, struct dat_recording *rec)
{
	bool resumed;
	int r = sql_begin(c);

	if (r < 0)
		return r;
	r = t->fn(app->recordings, c, u, adi_now(), rec);
	resumed = t->fn == adi_upload_new && r == HWS_OK && rec->parts;
	if (r == HWS_OK && t->event && !resumed)
		r = note(app, c, q, t->event, rec);
	r = sql_end(c, r);
	if (r == HWS_OK && t->drops)
		adi_recording_drop(app->recordings, rec->guid);
	return r;
}

static void answer(struct htp_reply *reply, int r, const struct dat_recording *rec)
{
	switch (r) {
	case HWS_OK:
		htp_reply_json(reply, json_pack("{s:I}", "offset", (json_int_t)rec->bytes));
		return;
	case HWS_ERR_EXISTS:
		htp_reply_error(reply, 409, "There is a recording of that name already");
		return;
	case HWS_ERR_CLOSED:
		htp_reply_error(reply, 410, "The recording is whole already");
		return;
	case HWS_ERR_KEY:
		/* never as one that is whole: the device might remove what is not here */
		htp_reply_error(reply, 409, "The recording was begun for another key");
		return;
	case HWS_ERR_RANGE:
		htp_reply_error(reply, 416, "Not the next part: offset=%lld is",
				(long long)rec->bytes);
		return;
	case HWS_ERR_FULL:
		htp_reply_error(reply, 413, "There is no room for more recordings");
		return;
	case HWS_ERR_DISK:
		htp_reply_error(reply, 503, "The recording cannot be written");
		return;
	default:
		adi_fail(reply, r, "recording");
	}
}

static void record(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const struct type *t = find_type(query(q, "type"));
	struct dat_recording rec = { 0 };
	struct adi_app *app = arg;
	struct adi_upload u;
	struct sql_conn *c;
	int r;

	if (!app->recordings->on) {
		htp_reply_error(reply, 404, "This server keeps no recordings");
		return;
	}
	if (!t || read_upload(q, &u) < 0) {
		htp_reply_error(reply, 400, "Not an upload of a recording");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = check_proof(app, c, q, u.device_id);
	if (r < 0)
		refuse(reply, r);
	else
		answer(reply, run(app, c, q, t, &u, &rec), &rec);
	sql_give(c);
}

const struct htp_route adi_routes_record[] = {
	{ HTP_POST, "/api/record", .body = HTP_BODY_RAW, .rate = HTP_RATE_DEVICE,
			.body_max = REC_DATA_MAX, .fn = record },
};
const size_t adi_routes_record_count = HWS_COUNT(adi_routes_record);
