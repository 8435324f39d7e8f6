#include "server-rendezvous/store/hbbs.h"

#include "server-rendezvous/store/sqlite_file.h"
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
				"SELECT count(*) FROM pragma_table_info('peer') WHERE name = 'created_s'",
				&ours);
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	if (ours)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is a database of hawser already; it needs no import", path);
	if (columns != COLUMN_COUNT)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is no database of hbbs (it has no table 'peer' with the columns of one); name its db_v2.sqlite3",
				path);
	return HWS_OK;
}

/* hbbs writes IPv4 addresses in their IPv6 form. */
static void take_ip(const char *text, struct rdv_peer_row *row)
{
	if (!text)
		return;
	if (strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.'))
		text += 7;
	if (strspn(text, "0123456789abcdefABCDEF.:") != strlen(text) ||
			hws_str_copy(row->ip, sizeof(row->ip), text) < 0)
		row->ip[0] = 0;
}

/* NULL, or why the row cannot be taken. */
static const char *take_row(sqlite3_stmt *st, struct rdv_peer_row *row)
{
	const void *id = sqlite3_column_blob(st, 0);
	size_t id_len = (size_t)sqlite3_column_bytes(st, 0);
	size_t uuid_len, pk_len;
	int64_t created;

	memset(row, 0, sizeof(*row));
	if (!id || !id_len)
		return "it has no id";
	if (id_len > RDV_ID_MAX)
		return "its id is longer than 64 bytes";
	if (hws_str_from_bytes(row->id, sizeof(row->id), hws_bytes(id, id_len)) < 0)
		return "its id is no text";
	uuid_len = (size_t)sqlite3_column_bytes(st, 1);
	if (uuid_len > RDV_UUID_MAX)
		return "its machine id is longer than 128 bytes";
	row->uuid_len = (uint8_t)uuid_len;
	if (uuid_len)
		memcpy(row->uuid, sqlite3_column_blob(st, 1), uuid_len);
	pk_len = (size_t)sqlite3_column_bytes(st, 2);
	row->has_pk = pk_len == RDV_PK_LEN; /* without one the device is asked for it */
	if (row->has_pk)
		memcpy(row->pk, sqlite3_column_blob(st, 2), RDV_PK_LEN);
	created = sqlite3_column_int64(st, 3);
	row->created_s = created > 0 ? (uint64_t)created : 0;
	row->seen_s = row->created_s; /* hbbs does not write when it saw a device */
	take_ip((const char *)sqlite3_column_text(st, 4), row);
	return NULL;
}

static int read_all(sqlite3 *db, const char *path, const struct rdv_hbbs_reader *reader,
		struct hws_error *err)
{
	static const char sql[] =
			"SELECT id, uuid, pk, CAST(strftime('%s', created_at) AS INTEGER), "
			"CASE WHEN json_valid(info) THEN json_extract(info, '$.ip') END FROM peer";
	struct rdv_peer_row *rows = hws_alloc_array(PORTION, sizeof(*rows));
	sqlite3_stmt *st = NULL;
	char shown[RDV_ID_MAX * 4 + 1];
	const char *why;
	size_t n = 0;
	int r = HWS_OK, rc;

	if (!rows)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	while (rc == SQLITE_OK && r == HWS_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		why = take_row(st, &rows[n]);
		if (why) {
			hws_str_escape(shown, sizeof(shown),
					hws_bytes(sqlite3_column_blob(st, 0),
							(size_t)sqlite3_column_bytes(st, 0)));
			reader->odd(shown, why, reader->arg);
		} else if (++n == PORTION) {
			r = reader->rows(rows, n, reader->arg);
			n = 0;
		}
	}
	if (r == HWS_OK && rc != SQLITE_DONE)
		r = rdv_sqlite_error(db, rc, path, err);
	if (r == HWS_OK && n)
		r = reader->rows(rows, n, reader->arg);
	sqlite3_finalize(st);
	hws_free(rows);
	return r;
}

int rdv_hbbs_read(const char *path, const struct rdv_hbbs_reader *reader, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int r, rc;

	if (access(path, F_OK) < 0)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is no file %s", path);
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db, BUSY_MS);
	/* one transaction: hbbs may go on writing meanwhile */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA trusted_schema = OFF; BEGIN", NULL, NULL, NULL);
	r = rc == SQLITE_OK ? check_is_hbbs(db, path, err) : rdv_sqlite_error(db, rc, path, err);
	if (r == HWS_OK)
		r = rdv_sqlite_check_whole(db, path, err);
	if (r == HWS_OK)
		r = read_all(db, path, reader, err);
	sqlite3_close(db);
	return r;
}
