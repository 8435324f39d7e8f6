/* admin/data/recordings: an upload holds its row while it writes a part, so that of two at once one
 * comes behind the other. */
#include "admin/data/recordings.h"
#include "admin/data/devices.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"SELECT guid, device_id, file, viewer_id, account_guid, account_name, state, format, "     \
	"key_name, bytes, stored, parts, chain, seconds, started_at, created_at, updated_at FROM " \
	"recording "

int dat_recording_name(const char *file, const char **ret_format)
{
	static const struct {
		const char *end, *format;
	} known[] = { { ".webm", "webm" }, { ".mp4", "mp4" } };
	size_t n = strnlen(file, DAT_FILE_TEXT);

	if (dat_text_check(file, DAT_FILE_TEXT, false) < 0 || strpbrk(file, "/\\:") ||
			file[0] == '.')
		return HWS_ERR_INVAL;
	for (size_t i = 0; i < HWS_COUNT(known); i++) {
		size_t end = strlen(known[i].end);

		if (n > end && strcmp(file + n - end, known[i].end) == 0) {
			*ret_format = known[i].format;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

static int read_recording(const struct sql_row *row, void *arg)
{
	struct dat_recording *rec = arg;
	const struct sql_text_to texts[] = { { 0, rec->guid, sizeof(rec->guid) },
		{ 1, rec->device_id, sizeof(rec->device_id) }, { 2, rec->file, sizeof(rec->file) },
		{ 3, rec->viewer_id, sizeof(rec->viewer_id) },
		{ 4, rec->account_guid, sizeof(rec->account_guid) },
		{ 5, rec->account_name, sizeof(rec->account_name) },
		{ 7, rec->format, sizeof(rec->format) },
		{ 8, rec->key_name, sizeof(rec->key_name) },
		{ 12, rec->chain, sizeof(rec->chain) } };
	int r = sql_copy_all(row, texts, HWS_COUNT(texts));

	rec->done = hws_str_equal(sql_text(row, 6), "done");
	rec->bytes = sql_int(row, 9);
	rec->stored = sql_int(row, 10);
	rec->parts = sql_int(row, 11);
	rec->seconds = sql_int(row, 13);
	rec->started_at = sql_int(row, 14);
	rec->created_at = sql_int(row, 15);
	rec->updated_at = sql_int(row, 16);
	return r;
}

/* --- life ------------------------------------------------------------------------------------- */

/* The connection of this device that was open when the recording began, if it told of one. */
static int find_viewer(struct sql_conn *c, const char *guid, const char *device_id, int64_t at)
{
	return sql_run(c,
			"UPDATE recording SET viewer_id = a.peer_id, account_guid = "
			"a.account_guid, account_name = a.account_name FROM (SELECT peer_id, "
			"account_guid, account_name FROM audit_conn WHERE device_id = $1 AND "
			"created_at <= $2 AND (end_at = 0 OR end_at >= $2) AND authed_at > 0 ORDER "
			"BY created_at DESC LIMIT 1) AS a WHERE guid = $3",
			SQL_P(SQL_T(device_id), SQL_I(at), SQL_T(guid)));
}

int dat_recording_begin(struct sql_conn *c, const struct dat_recording *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	int64_t started = in->started_at > 0 && in->started_at < now ? in->started_at : now;
	int64_t changed = 0;
	const char *format;
	char guid[DAT_GUID_TEXT];
	struct dat_tx tx;
	int r = dat_recording_name(in->file, &format);

	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = sql_change(c,
			"INSERT INTO recording (guid, device_id, file, state, format, key_name, "
			"stored, chain, seconds, started_at, created_at, updated_at) VALUES ($1, "
			"$2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT (device_id, "
			"file) DO NOTHING",
			SQL_P(SQL_T(guid), SQL_T(in->device_id), SQL_T(in->file), SQL_T(format),
					SQL_T(in->key_name), SQL_I(in->stored), SQL_T(in->chain),
					SQL_I(in->seconds), SQL_I(started), SQL_I(now)),
			&changed);
	if (r == HWS_OK && !changed)
		r = HWS_ERR_EXISTS;
	if (r == HWS_OK)
		r = find_viewer(c, guid, in->device_id, started);
	r = dat_tx_end(&tx, r);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_recording_get(struct sql_conn *c, const char *guid, struct dat_recording *ret)
{
	struct dat_recording rec = { 0 };
	int r = sql_one(c, COLUMNS "WHERE guid = $1", SQL_P(SQL_T(guid)), read_recording, &rec);

	if (r == HWS_OK)
		*ret = rec;
	return r;
}

int dat_recording_hold(struct sql_conn *c, const char *device_id, const char *file, int64_t now,
		struct dat_recording *ret)
{
	struct dat_recording rec = { 0 };
	int r = dat_change_one(c,
			"UPDATE recording SET updated_at = $1 WHERE device_id = $2 AND file = $3",
			SQL_P(SQL_I(now), SQL_T(device_id), SQL_T(file)));

	if (r == HWS_OK)
		r = sql_one(c, COLUMNS "WHERE device_id = $1 AND file = $2",
				SQL_P(SQL_T(device_id), SQL_T(file)), read_recording, &rec);
	if (r == HWS_OK)
		*ret = rec;
	return r;
}

int dat_recording_store(struct sql_conn *c, const struct dat_recording *rec, int64_t now)
{
	return dat_change_one(c,
			"UPDATE recording SET bytes = $1, stored = $2, parts = $3, chain = $4, "
			"seconds = $5, state = $6, updated_at = $7 WHERE guid = $8",
			SQL_P(SQL_I(rec->bytes), SQL_I(rec->stored), SQL_I(rec->parts),
					SQL_T(rec->chain), SQL_I(rec->seconds),
					SQL_T(rec->done ? "done" : "open"), SQL_I(now),
					SQL_T(rec->guid)));
}

int dat_recording_remove(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "DELETE FROM recording WHERE guid = $1", SQL_P(SQL_T(guid)));
}

/* --- lists ------------------------------------------------------------------------------------ */

struct list {
	dat_recording_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_recording rec = { 0 };
	int r = read_recording(row, &rec);

	return r == HWS_OK ? l->fn(&rec, l->arg) : r;
}

#define FILTER                                                                                     \
	"WHERE ($1 = '' OR device_id = $1) AND ($2 = '' OR account_guid = $2) AND started_at >= "  \
	"$3 AND started_at < $4 AND ($5 = 0 OR (state = 'open' AND updated_at < $5)) "

int dat_recording_list(struct sql_conn *c, const struct dat_recording_filter *f,
		struct dat_page page, dat_recording_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { fn, arg };
	int64_t until = f->until ? f->until : INT64_MAX;
	int r = HWS_OK;

	page = dat_page(page);
	if (ret_total)
		r = sql_number(c, "SELECT count(*) FROM recording " FILTER,
				SQL_P(SQL_T(f->device_id), SQL_T(f->account_guid), SQL_I(f->from),
						SQL_I(until), SQL_I(f->idle_since)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, COLUMNS FILTER "ORDER BY started_at DESC, guid LIMIT $6 OFFSET $7",
				SQL_P(SQL_T(f->device_id), SQL_T(f->account_guid), SQL_I(f->from),
						SQL_I(until), SQL_I(f->idle_since),
						SQL_I(page.limit), SQL_I(page.offset)),
				list_row, &l);
	return r;
}

int dat_recording_sizes(
		struct sql_conn *c, const char *device_id, int64_t *ret_all, int64_t *ret_device)
{
	int r = sql_number(c, "SELECT CAST(COALESCE(sum(stored), 0) AS BIGINT) FROM recording",
			SQL_NONE, ret_all);

	return r == HWS_OK ? sql_number(c,
					     "SELECT CAST(COALESCE(sum(stored), 0) AS BIGINT) FROM "
					     "recording WHERE device_id = $1",
					     SQL_P(SQL_T(device_id)), ret_device)
			   : r;
}

struct device_key {
	char *buf;
	int64_t status;
	bool known;
};

static int read_key(const struct sql_row *row, void *arg)
{
	struct device_key *k = arg;

	k->status = sql_int(row, 1);
	k->known = *sql_text(row, 2) || *sql_text(row, 3);
	return sql_copy(row, 0, k->buf, DAT_SHORT_TEXT);
}

int dat_recording_device_key(
		struct sql_conn *c, const char *device_id, bool approved, char ret[DAT_SHORT_TEXT])
{
	struct device_key k = { ret, DAT_DEVICE_OFF, false };
	int r = sql_one(c,
			"SELECT pk, status, COALESCE(owner_guid, ''), "
			"COALESCE(device_group_guid, '') FROM device WHERE id = $1",
			SQL_P(SQL_T(device_id)), read_key, &k);

	if (r == HWS_OK && k.status != DAT_DEVICE_ON)
		r = HWS_ERR_DENIED;
	if (r == HWS_OK && !*ret)
		r = HWS_ERR_KEY;
	return r == HWS_OK && !k.known && !approved ? HWS_ERR_REFUSED : r;
}
