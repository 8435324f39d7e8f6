/* rendezvous/store/sqlite/hbbs: everything of a row is checked, and what is not as it should be is
 * told: an operator must learn at the take-over what his old database had lost, not from his users
 * later. */
#include "server-rendezvous/store/sqlite/hbbs.h"

#include "server-rendezvous/store/sqlite/file.h"
#include "server-rendezvous/store/sqlite/hbbs_file.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <string.h>
#include <unistd.h>

#define PORTION 1000u
#define BUSY_MS 5000
#define COLUMNS "'guid', 'id', 'uuid', 'pk', 'created_at', 'info'"
#define COLUMN_COUNT 6

static int check_is_hbbs(sqlite3 *db, const char *path, struct hws_error *err)
{
	int64_t columns = 0, ours = 0;
	int rc = rdv_sqlite_query_int(db,
			"SELECT count(*) FROM pragma_table_info('peer') WHERE name IN (" COLUMNS
			")",
			&columns);

	if (rc == SQLITE_OK)
		rc = rdv_sqlite_query_int(db,
				"SELECT count(*) FROM pragma_table_info('peer') WHERE name = "
				"'created_s'",
				&ours);
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	if (ours)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is a database of hawser already; it needs no import", path);
	if (columns != COLUMN_COUNT)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is no database of hbbs (it has no table 'peer' with the "
				"columns of one); name its db_v2.sqlite3",
				path);
	return HWS_OK;
}

struct reading {
	const struct rdv_hbbs_reader *to;
	sqlite3_stmt *st;
	const char *id; /* of the row at hand, safe to show */
	struct rdv_peer_row *rows;
	struct rdv_hbbs_note *notes;
	size_t n;
};

static void part(const struct reading *in, const char *what)
{
	in->to->part(in->id, what, in->to->arg);
}

/* hbbs writes IPv4 addresses in their IPv6 form. */
static void take_ip(const struct reading *in, struct rdv_peer_row *row)
{
	const char *text = (const char *)sqlite3_column_text(in->st, 4);

	if (!sqlite3_column_int(in->st, 6))
		part(in, "its info is no JSON: its last address is not known");
	if (!text)
		return;
	if (strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.'))
		text += 7;
	if (strspn(text, "0123456789abcdefABCDEF.:") == strlen(text) &&
			hws_str_copy(row->ip, sizeof(row->ip), text) == HWS_OK)
		return;
	row->ip[0] = 0;
	part(in, "its last address is none");
}

static void take_key(const struct reading *in, struct rdv_peer_row *row)
{
	size_t len = (size_t)sqlite3_column_bytes(in->st, 2);

	row->has_pk = len == RDV_PK_LEN;
	if (row->has_pk)
		memcpy(row->pk, sqlite3_column_blob(in->st, 2), RDV_PK_LEN);
	else if (len)
		part(in, "its key has not 32 bytes: the device is asked for it");
}

static void take_date(const struct reading *in, struct rdv_peer_row *row)
{
	int64_t created = sqlite3_column_int64(in->st, 3);

	row->created_s = created > 0 ? (uint64_t)created : 0;
	row->seen_s = row->created_s; /* hbbs does not write when it saw a device */
	if (sqlite3_column_type(in->st, 3) == SQLITE_NULL)
		part(in, "the date of its first registration is none: today is taken");
}

static void take_note(const struct reading *in, struct rdv_hbbs_note *note)
{
	const uint8_t *text = sqlite3_column_blob(in->st, 5);
	size_t len = (size_t)sqlite3_column_bytes(in->st, 5);

	note->text[0] = 0;
	if (!len)
		return;
	if (len > RDV_ENTRY_VALUE_MAX) {
		/* at the beginning of a character */
		for (len = RDV_ENTRY_VALUE_MAX; len && (text[len] & 0xc0) == 0x80; len--)
			;
		part(in, "its note was cut to 511 bytes");
	}
	if (hws_str_from_bytes(note->text, sizeof(note->text), hws_bytes(text, len)) < 0) {
		note->text[0] = 0;
		part(in, "its note is no text");
	}
}

/* NULL, or why the row cannot be taken. */
static const char *take_row(
		const struct reading *in, struct rdv_peer_row *row, struct rdv_hbbs_note *note)
{
	const void *id = sqlite3_column_blob(in->st, 0);
	size_t id_len = (size_t)sqlite3_column_bytes(in->st, 0);
	size_t uuid_len;

	memset(row, 0, sizeof(*row));
	if (!id || !id_len)
		return "it has no id";
	if (id_len > RDV_ID_MAX)
		return "its id is longer than 64 bytes";
	if (hws_str_from_bytes(row->id, sizeof(row->id), hws_bytes(id, id_len)) < 0)
		return "its id is no text";
	uuid_len = (size_t)sqlite3_column_bytes(in->st, 1);
	if (uuid_len > RDV_UUID_MAX)
		return "its machine id is longer than 128 bytes";
	/* Whoever came first would be let in under this id. */
	if (!uuid_len)
		return "it has no machine id; to let a device take this id: hawser-admin enrol";
	row->uuid_len = (uint8_t)uuid_len;
	memcpy(row->uuid, sqlite3_column_blob(in->st, 1), uuid_len);
	take_key(in, row);
	take_date(in, row);
	take_ip(in, row);
	take_note(in, note);
	return NULL;
}

static int hand_over(struct reading *in)
{
	size_t n = in->n;

	in->n = 0;
	return n ? in->to->rows(in->rows, in->notes, n, in->to->arg) : HWS_OK;
}

static int step(struct reading *in)
{
	char shown[RDV_ID_MAX * 4 + 1];
	const char *why;

	in->id = hws_str_escape(shown, sizeof(shown),
			hws_bytes(sqlite3_column_blob(in->st, 0),
					(size_t)sqlite3_column_bytes(in->st, 0)));
	why = take_row(in, &in->rows[in->n], &in->notes[in->n]);
	if (why)
		in->to->odd(in->id, why, in->to->arg);
	else
		in->n++;
	return in->n == PORTION ? hand_over(in) : HWS_OK;
}

/* The note came with later versions of hbbs. */
static int prepare(sqlite3 *db, sqlite3_stmt **ret)
{
	static const char with[] =
			"SELECT id, uuid, pk, CAST(strftime('%s', created_at) AS INTEGER), "
			"CASE WHEN json_valid(info) THEN json_extract(info, '$.ip') END, note, "
			"json_valid(info) FROM peer";
	static const char without[] =
			"SELECT id, uuid, pk, CAST(strftime('%s', created_at) AS INTEGER), "
			"CASE WHEN json_valid(info) THEN json_extract(info, '$.ip') END, NULL, "
			"json_valid(info) FROM peer";
	int64_t has_note = 0;
	int rc = rdv_sqlite_query_int(db,
			"SELECT count(*) FROM pragma_table_info('peer') WHERE name = 'note'",
			&has_note);

	return rc == SQLITE_OK ? sqlite3_prepare_v2(db, has_note ? with : without, -1, ret, NULL)
			       : rc;
}

static int read_all(sqlite3 *db, const char *path, const struct rdv_hbbs_reader *reader,
		struct hws_error *err)
{
	struct reading in = { .to = reader,
		.rows = hws_alloc_array(PORTION, sizeof(*in.rows)),
		.notes = hws_alloc_array(PORTION, sizeof(*in.notes)) };
	int r = in.rows && in.notes ? HWS_OK : HWS_ERR_NOMEM, rc = SQLITE_OK;

	if (r < 0)
		hws_error_set(err, r, "out of memory");
	else
		rc = prepare(db, &in.st);
	while (rc == SQLITE_OK && r == HWS_OK && (rc = sqlite3_step(in.st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		r = step(&in);
	}
	if (r == HWS_OK && rc != SQLITE_DONE)
		r = rdv_sqlite_error(db, rc, path, err);
	if (r == HWS_OK)
		r = hand_over(&in);
	sqlite3_finalize(in.st);
	hws_free(in.rows);
	hws_free(in.notes);
	return r;
}

int rdv_hbbs_read(const char *path, const struct rdv_hbbs_reader *reader, struct hws_error *err)
{
	struct rdv_hbbs_file f = { 0 };
	int r, rc;

	if (access(path, F_OK) < 0)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no file %s", path);
	r = rdv_hbbs_file_open(path, reader->scratch, &f, err);
	if (r == HWS_OK) {
		rc = sqlite3_busy_timeout(f.db, BUSY_MS);
		/* one transaction: hbbs may go on writing meanwhile */
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(f.db, "PRAGMA trusted_schema = OFF; BEGIN", NULL, NULL,
					NULL);
		r = rc == SQLITE_OK ? check_is_hbbs(f.db, path, err)
				    : rdv_sqlite_error(f.db, rc, path, err);
	}
	if (r == HWS_OK)
		r = rdv_sqlite_check_whole(f.db, path, err);
	if (r == HWS_OK)
		r = read_all(f.db, path, reader, err);
	rdv_hbbs_file_close(&f);
	return r;
}
