/* api/recordings: bytes go to the file before the row says that they are there; a request that
 * fails in between leaves bytes that the next part overwrites. */
#include "admin/api/recordings.h"
#include "admin/data/audit.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define FREE_MIN (256ull << 20) /* of the disk, for everybody else */
#define TIDY_AT_A_TIME 100u
#define HEADER_MAX 1024u /* what is written anew at the end */

int adi_recordings_new(const char *state_dir, const struct adi_config *c,
		struct adi_recordings **ret, struct hws_error *err)
{
	struct adi_recordings *rs = hws_alloc(sizeof(*rs));
	char folder[460];
	int r = HWS_OK;

	if (!rs)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	pthread_mutex_init(&rs->lock, NULL);
	rs->max = c->recordings_max;
	rs->device_max = c->recordings_device_max;
	rs->on = *c->recording_key;
	if (*c->recording_folder)
		r = hws_str_copy(folder, sizeof(folder), c->recording_folder);
	else
		r = hws_fmt(folder, sizeof(folder), "%s/recordings", state_dir);
	if (r < 0)
		hws_error_set(err, r, "recording-folder: the path is too long");
	if (r == HWS_OK && rs->on)
		r = rec_key_public(c->recording_key, rs->key_name, rs->pk, err);
	if (r == HWS_OK)
		r = rs->on ? rec_place_open(&rs->place, folder, err)
			   : hws_str_copy(rs->place.folder, sizeof(rs->place.folder), folder);
	if (r < 0) {
		adi_recordings_free(rs);
		return r;
	}
	*ret = rs;
	return HWS_OK;
}

void adi_recordings_free(struct adi_recordings *r)
{
	if (r)
		pthread_mutex_destroy(&r->lock);
	hws_free(r);
}

/* --- an upload -------------------------------------------------------------------------------- */

static int failed(int r, const struct hws_error *err)
{
	hws_error_log("recording.failed", HWS_ERR("error", r), HWS_STR("text", err->text));
	return HWS_ERR_DISK;
}

/* Room for `more` bytes. */
static int check_room(
		struct adi_recordings *rs, struct sql_conn *c, const char *device_id, uint64_t more)
{
	int64_t all = 0, own = 0;
	int r = dat_recording_sizes(c, device_id, &all, &own);

	if (r < 0)
		return r;
	if ((rs->max && (uint64_t)all + more > rs->max) ||
			(rs->device_max && (uint64_t)own + more > rs->device_max) ||
			rec_place_free(&rs->place) < FREE_MIN + more)
		return HWS_ERR_FULL;
	return HWS_OK;
}

int adi_recordings_room(struct adi_recordings *rs, struct sql_conn *c, struct adi_room *ret)
{
	uint64_t free = rec_place_free(&rs->place);
	int64_t all = 0, own = 0;
	int r = rs->on ? dat_recording_sizes(c, "", &all, &own) : HWS_OK;

	if (r < 0)
		return r;
	*ret = (struct adi_room){ .left = UINT64_MAX, .whole = UINT64_MAX };
	if (!rs->on)
		return HWS_OK;
	/* a disk that cannot be asked has room */
	free = free > FREE_MIN ? HWS_MIN(free - FREE_MIN, UINT64_MAX / 2) : 0;
	*ret = (struct adi_room){ free, free + (uint64_t)all, true };
	if (rs->max && (rs->max <= (uint64_t)all || rs->max - (uint64_t)all < free))
		*ret = (struct adi_room){ rs->max > (uint64_t)all ? rs->max - (uint64_t)all : 0,
			rs->max, false };
	return HWS_OK;
}

/* Closes one part, writes it behind the others and counts it in `rec`. */
static int append(struct adi_recordings *rs, struct dat_recording *rec, enum rec_kind kind,
		int64_t offset, struct hws_bytes data)
{
	const struct rec_part part = { kind, (uint64_t)rec->parts, (uint64_t)offset, data };
	uint8_t chain[REC_CHAIN_LEN];
	struct hws_error err = { 0 };
	struct hws_buf out;
	int r = hws_hex_decode(rec->chain, chain, sizeof(chain));

	hws_buf_init(&out, REC_PART_LEN(REC_DATA_MAX));
	if (r == HWS_OK)
		r = rec_part_close(rs->pk, &part, &out);
	if (r == HWS_OK) {
		r = rec_place_write(&rs->place, rec->guid, (uint64_t)rec->stored,
				hws_buf_bytes(&out), kind == REC_END, &err);
		if (r < 0)
			r = failed(r, &err);
	}
	if (r == HWS_OK) {
		rec_chain_add(chain, hws_buf_bytes(&out));
		rec->stored += (int64_t)hws_buf_len(&out);
		rec->parts++;
		r = hws_hex_encode(hws_bytes(chain, sizeof(chain)), rec->chain, sizeof(rec->chain));
	}
	hws_buf_done(&out);
	return r;
}

static int hold(struct sql_conn *c, const struct adi_upload *u, int64_t now,
		struct dat_recording *ret)
{
	int r = dat_recording_hold(c, u->device_id, u->file, now, ret);

	return r == HWS_OK && ret->done ? HWS_ERR_CLOSED : r;
}

/* What an upload that was closed for another key, since then replaced, cannot go on with. */
static int check_key(const struct adi_recordings *rs, const struct dat_recording *rec)
{
	return hws_str_equal(rs->key_name, rec->key_name) ? HWS_OK : HWS_ERR_KEY;
}

int adi_upload_new(struct adi_recordings *rs, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret)
{
	static const uint8_t nothing[REC_CHAIN_LEN];
	struct dat_recording in = {
		.stored = REC_HEAD_LEN, .seconds = u->seconds, .started_at = u->started_at
	};
	struct hws_error err = { 0 };
	char guid[DAT_GUID_TEXT];
	int r = dat_recording_hold(c, u->device_id, u->file, now, ret);

	if (r == HWS_OK)
		return !u->resume           ? HWS_ERR_EXISTS
				: ret->done ? HWS_ERR_CLOSED
					    : check_key(rs, ret);
	if (r == HWS_ERR_NOTFOUND)
		r = check_room(rs, c, u->device_id, REC_HEAD_LEN);
	if (r == HWS_OK)
		r = hws_str_copy(in.device_id, sizeof(in.device_id), u->device_id);
	if (r == HWS_OK)
		r = hws_str_copy(in.file, sizeof(in.file), u->file);
	if (r == HWS_OK)
		r = hws_str_copy(in.key_name, sizeof(in.key_name), rs->key_name);
	if (r == HWS_OK)
		r = hws_hex_encode(hws_bytes(nothing, sizeof(nothing)), in.chain, sizeof(in.chain));
	if (r == HWS_OK)
		r = dat_recording_begin(c, &in, now, guid);
	if (r == HWS_OK)
		r = dat_recording_get(c, guid, ret);
	if (r == HWS_OK) {
		r = rec_place_make(&rs->place, guid, rs->pk, &err);
		if (r < 0)
			r = failed(r, &err);
	}
	return r;
}

static void remember(struct adi_recordings *rs, const char *guid, int64_t end,
		const uint8_t hash[HWS_SHA256_LEN])
{
	struct adi_last_part *l = NULL;

	pthread_mutex_lock(&rs->lock);
	for (unsigned i = 0; i < ADI_LAST_PARTS && !l; i++) {
		if (strcmp(rs->last[i].guid, guid) == 0)
			l = &rs->last[i];
	}
	if (!l)
		l = &rs->last[rs->next_last++ % ADI_LAST_PARTS];
	if (hws_str_copy(l->guid, sizeof(l->guid), guid) < 0)
		l->guid[0] = '\0';
	l->end = end;
	memcpy(l->hash, hash, HWS_SHA256_LEN);
	pthread_mutex_unlock(&rs->lock);
}

/* Only what is surely the same is confirmed. What was forgotten (a restart, another server) is
 * refused like other bytes: who uploads asks how far it is, and goes on there. */
static bool is_last(struct adi_recordings *rs, const char *guid, int64_t end,
		const uint8_t hash[HWS_SHA256_LEN])
{
	bool is = false;

	pthread_mutex_lock(&rs->lock);
	for (unsigned i = 0; i < ADI_LAST_PARTS && !is; i++) {
		is = strcmp(rs->last[i].guid, guid) == 0 && rs->last[i].end == end &&
				memcmp(rs->last[i].hash, hash, HWS_SHA256_LEN) == 0;
	}
	pthread_mutex_unlock(&rs->lock);
	return is;
}

int adi_upload_part(struct adi_recordings *rs, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret)
{
	int64_t len = (int64_t)u->body.len;
	uint8_t hash[HWS_SHA256_LEN];
	int r = hold(c, u, now, ret);

	if (r == HWS_OK)
		r = check_key(rs, ret);
	if (r < 0)
		return r;
	hws_sha256(u->body, hash);
	if (len && u->offset + len == ret->bytes && is_last(rs, ret->guid, ret->bytes, hash))
		return HWS_OK;
	if (!len || u->offset != ret->bytes)
		return HWS_ERR_RANGE;
	r = check_room(rs, c, u->device_id, REC_PART_LEN(u->body.len));
	if (r == HWS_OK)
		r = append(rs, ret, REC_DATA, u->offset, u->body);
	if (r < 0)
		return r;
	ret->bytes += len;
	remember(rs, ret->guid, ret->bytes, hash);
	return dat_recording_store(c, ret, now);
}

int adi_upload_tail(struct adi_recordings *rs, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret)
{
	int r = hold(c, u, now, ret);

	if (r == HWS_OK)
		r = check_key(rs, ret);
	if (r < 0)
		return r;
	if (u->offset != 0 || u->body.len > HEADER_MAX || (int64_t)u->body.len > ret->bytes)
		return HWS_ERR_RANGE;
	if (u->body.len)
		r = append(rs, ret, REC_DATA, 0, u->body);
	if (r == HWS_OK)
		r = append(rs, ret, REC_END, ret->bytes, hws_bytes(NULL, 0));
	if (r < 0)
		return r;
	ret->done = true;
	if (u->seconds)
		ret->seconds = u->seconds;
	else if (!ret->seconds) /* uploaded while it was made */
		ret->seconds = (now - ret->started_at) / 1000;
	return dat_recording_store(c, ret, now);
}

int adi_upload_remove(struct adi_recordings *rs, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret)
{
	int r = hold(c, u, now, ret);

	(void)rs;
	return r == HWS_OK ? dat_recording_remove(c, ret->guid) : r;
}

void adi_recording_drop(struct adi_recordings *rs, const char *guid)
{
	struct hws_error err = { 0 };

	if (rec_place_remove(&rs->place, guid, &err) < 0)
		hws_warn("recording.not_removed", HWS_STR("text", err.text));
}

/* --- tidying ---------------------------------------------------------------------------------- */

struct old {
	char guid[TIDY_AT_A_TIME][DAT_GUID_TEXT], name[TIDY_AT_A_TIME][DAT_FILE_TEXT];
	size_t n;
};

static int on_old(const struct dat_recording *rec, void *arg)
{
	struct old *o = arg;

	if (o->n < TIDY_AT_A_TIME) {
		memcpy(o->guid[o->n], rec->guid, sizeof(rec->guid));
		memcpy(o->name[o->n++], rec->file, sizeof(rec->file));
	}
	return HWS_OK;
}

static int remove_old(struct adi_recordings *rs, const struct dat_keys *keys, struct sql_conn *c,
		const struct old *o, const char *why, int64_t now)
{
	int r = HWS_OK;

	for (size_t i = 0; i < o->n && r == HWS_OK; i++) {
		const struct dat_event e = { .kind = "recording.expire",
			.actor_name = "hawser-api",
			.via = "local",
			.target_kind = "recording",
			.target_guid = o->guid[i],
			.target_name = o->name[i],
			.info = why };

		r = sql_begin(c);
		if (r < 0)
			return r;
		r = dat_recording_remove(c, o->guid[i]);
		if (r == HWS_OK)
			r = dat_audit_add(c, keys, &e, now);
		r = sql_end(c, r);
		if (r == HWS_OK)
			adi_recording_drop(rs, o->guid[i]);
		if (r == HWS_ERR_NOTFOUND) /* somebody else was faster */
			r = HWS_OK;
	}
	return r;
}

int adi_recordings_tidy(struct adi_recordings *rs, const struct dat_keys *keys, struct sql_conn *c,
		int64_t before, int64_t idle_since, int64_t now)
{
	struct dat_recording_filter f = { .device_id = "", .account_guid = "", .until = before };
	struct old *o = hws_alloc(sizeof(*o));
	int r = o ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK && before > 0)
		r = dat_recording_list(
				c, &f, (struct dat_page){ 0, TIDY_AT_A_TIME }, on_old, o, NULL);
	if (r == HWS_OK)
		r = remove_old(rs, keys, c, o, "{\"why\":\"old\"}", now);
	if (r == HWS_OK) {
		o->n = 0;
		f.until = 0;
		f.idle_since = idle_since;
		r = dat_recording_list(
				c, &f, (struct dat_page){ 0, TIDY_AT_A_TIME }, on_old, o, NULL);
	}
	if (r == HWS_OK)
		r = remove_old(rs, keys, c, o, "{\"why\":\"never finished\"}", now);
	hws_free(o);
	return r;
}
