/* rendezvous/store/sqlite/migrate: an update that goes wrong must cost nothing: it is done whole or
 * not at all, and what was there before lies beside it. */
#include "server-rendezvous/store/sqlite/migrate.h"

#include "server-rendezvous/store/sqlite/file.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEFORE ".before-v"
/* More than these are not looked at: nobody has so many but by another's doing. */
#define COPIES_MAX 64u

/* --- whose it is, and which version ----------------------------------------------------------- */

static int copy_name(const char *path, int64_t version, char buf[PATH_MAX])
{
	return hws_fmt(buf, PATH_MAX, "%s" BEFORE "%lld", path, (long long)version);
}

/* Who changed it last: "" where nobody noted that. */
static void read_program(sqlite3 *db, char *buf, size_t size)
{
	sqlite3_stmt *st = NULL;
	const char *text = NULL;

	if (sqlite3_prepare_v2(db, "SELECT program FROM version ORDER BY step DESC LIMIT 1", -1,
			    &st, NULL) == SQLITE_OK &&
			sqlite3_step(st) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(st, 0);
	if (hws_str_copy(buf, size, text ? text : "") < 0)
		*buf = 0;
	sqlite3_finalize(st);
}

static int refuse_newer(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind,
		int64_t version, struct hws_error *err)
{
	char program[60], copy[PATH_MAX];

	read_program(db, program, sizeof(program));
	if (copy_name(path, (int64_t)kind->schema->count, copy) < 0 || access(copy, F_OK) < 0)
		*copy = 0;
	return rdv_schema_newer(path, version, program, kind->schema, copy, err);
}

int rdv_sqlite_check_kind(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind,
		int64_t *ret_version, struct hws_error *err)
{
	int64_t mark = 0, version = 0, tables = 0;
	int rc = rdv_sqlite_query_int(db, "PRAGMA application_id", &mark);

	if (rc == SQLITE_OK)
		rc = rdv_sqlite_query_int(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = rdv_sqlite_query_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	if (tables && mark != kind->mark)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is the database of another program. It was left as it is: name "
				"another file",
				path);
	if (version < 0 || version > (int64_t)kind->schema->count)
		return refuse_newer(db, path, kind, version, err);
	*ret_version = version;
	return HWS_OK;
}

/* --- the steps -------------------------------------------------------------------------------- */

/* What an older program reads when it refuses the file. */
static int note_version(sqlite3 *db, const struct rdv_sqlite_kind *kind)
{
	char sql[400];

	if (hws_fmt(sql, sizeof(sql),
			    "CREATE TABLE IF NOT EXISTS version (step INTEGER PRIMARY KEY, program "
			    "TEXT NOT NULL, made_s INTEGER NOT NULL);"
			    "INSERT OR REPLACE INTO version VALUES (%zu, '%s', %llu);"
			    "PRAGMA application_id = %d; PRAGMA user_version = %zu",
			    kind->schema->count, HAWSER_VERSION,
			    (unsigned long long)(hws_wall_us() / HWS_US_PER_S), (int)kind->mark,
			    kind->schema->count) < 0)
		return SQLITE_ERROR;
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int run_steps(sqlite3 *db, const struct rdv_sqlite_kind *kind, int64_t from)
{
	int rc = SQLITE_OK;

	for (size_t i = (size_t)from; i < kind->schema->count && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, kind->schema->step[i].sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? note_version(db, kind) : rc;
}

/* --- copies ----------------------------------------------------------------------------------- */

struct copy {
	char name[NAME_MAX + 1];
	struct timespec made;
};

static bool is_newer(const struct copy *a, const struct copy *b)
{
	return a->made.tv_sec != b->made.tv_sec ? a->made.tv_sec > b->made.tv_sec
						: a->made.tv_nsec > b->made.tv_nsec;
}

/* Whether this name in the folder of `path` is one of its copies. Early versions of hawser-api left
 * the "v" out. */
static bool is_copy(const char *base, const char *name)
{
	size_t n = strlen(base), before = strlen(BEFORE) - 1;
	uint64_t version;

	if (strncmp(name, base, n) != 0 || strncmp(name + n, BEFORE, before) != 0)
		return false;
	name += n + before;
	return hws_parse_u64(name + (*name == 'v'), &version) == HWS_OK;
}

static size_t list_copies(DIR *dir, const char *base, struct copy *all)
{
	const struct dirent *e;
	struct stat st;
	size_t n = 0;

	while (n < COPIES_MAX && (e = readdir(dir))) {
		if (!is_copy(base, e->d_name) ||
				fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
				!S_ISREG(st.st_mode) ||
				hws_str_copy(all[n].name, sizeof(all[n].name), e->d_name) < 0)
			continue;
		all[n++].made = st.st_mtim;
	}
	return n;
}

static DIR *open_folder_of(const char *path, const char **ret_base)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	*ret_base = slash ? slash + 1 : path;
	if (hws_fmt(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
			    slash ? path : ".") < 0)
		return NULL;
	return opendir(folder);
}

/* The new one has its name for good, and stays even if the clock was set back since the others were
 * made; of these the newest stay. That one cannot be removed is no reason to stop an update. */
static void settle_copies(const char *path, const char *whole)
{
	struct copy all[COPIES_MAX];
	const char *base, *slash = strrchr(whole, '/'), *fresh = slash ? slash + 1 : whole;
	size_t n, newer;
	DIR *dir = open_folder_of(path, &base);

	if (!dir)
		return;
	fsync(dirfd(dir));
	n = list_copies(dir, base, all);
	for (size_t i = 0; i < n; i++) {
		if (hws_str_equal(all[i].name, fresh))
			continue;
		newer = 1; /* the new one */
		for (size_t k = 0; k < n; k++)
			newer += !hws_str_equal(all[k].name, fresh) && is_newer(&all[k], &all[i]);
		if (newer >= RDV_SQLITE_COPIES)
			(void)!unlinkat(dirfd(dir), all[i].name, 0);
	}
	closedir(dir);
}

/* By a connection of its own: one that is about to write cannot copy. */
static int copy_into(const char *path, const char *part, const char *whole, struct hws_error *err)
{
	sqlite3 *db = NULL;
	int r = rdv_sqlite_open_plain(path, &db, err);

	unlink(part);
	if (r == HWS_OK)
		r = rdv_sqlite_copy(db, part, err);
	sqlite3_close(db);
	if (r == HWS_OK && rename(part, whole) < 0) {
		r = hws_error_set(err, HWS_ERR_DISK, "cannot write %s: %m", whole);
		unlink(part);
	}
	return r;
}

/* What a try that did not come further has left is made anew: more may have been written since. */
static int keep_copy(const char *path, int64_t version, struct hws_error *err)
{
	char whole[PATH_MAX], part[PATH_MAX];
	int r = copy_name(path, version, whole);

	if (r == HWS_OK)
		r = hws_fmt(part, sizeof(part), "%s.part", whole);
	if (r < 0)
		return hws_error_set(err, r, "%s: the name is too long", path);
	r = copy_into(path, part, whole, err);
	if (r < 0)
		return r;
	hws_info("store.copied", HWS_STR("file", path), HWS_STR("copy", whole),
			HWS_U64("version", (uint64_t)version));
	settle_copies(path, whole);
	return HWS_OK;
}

/* --- both together ---------------------------------------------------------------------------- */

/* Under the lock of the file: nobody writes between the copy and what changes it. */
static int change(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind, bool keep,
		struct hws_error *err)
{
	int64_t from = 0;
	int rc, r = rdv_sqlite_check_kind(db, path, kind, &from, err);

	if (r < 0 || from == (int64_t)kind->schema->count)
		return r;
	if (keep && from > 0)
		r = keep_copy(path, from, err);
	if (r < 0)
		return r;
	rc = run_steps(db, kind, from);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	if (from)
		hws_info("store.migrated", HWS_STR("file", path), HWS_U64("from", (uint64_t)from),
				HWS_U64("to", kind->schema->count));
	return HWS_OK;
}

static int migrate(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind, bool keep,
		struct hws_error *err)
{
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), r;

	if (rc != SQLITE_OK)
		return rdv_sqlite_error(db, rc, path, err);
	r = change(db, path, kind, keep, err);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int rdv_sqlite_migrate(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind,
		struct hws_error *err)
{
	return migrate(db, path, kind, false, err);
}

int rdv_sqlite_bring_up(sqlite3 *db, const char *path, const struct rdv_sqlite_kind *kind,
		struct hws_error *err)
{
	int64_t version = 0;
	int r = rdv_sqlite_check_kind(db, path, kind, &version, err);

	if (r < 0 || version == (int64_t)kind->schema->count)
		return r; /* no need to wait for those who write */
	return migrate(db, path, kind, true, err);
}
