/* hawser-admin db: works on the database itself, through the same store library as the server, so
 * that both agree on what is in it, and no server need run. */
#include "admin/cli/db.h"
#include "admin/cli/db_copy.h"
#include "admin/cli/output.h"
#include "server-rendezvous/config/store_place.h"
#include "server-rendezvous/store/sqlite/hbbs.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/daemon.h"

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER "hawser-rendezvous"
#define SHOWN_MAX 20 /* refused devices named on standard error */
#define KEY_TEXT_MAX 256

struct db {
	struct hws_loop *loop;
	struct rdv_store *store;
	struct rdv_config conf; /* of the server */
	struct rdv_store_place place;
	const char *config, *state_dir, *where; /* --config, --state-dir, --store */
	const char *key;                        /* --key-file */
	bool configured, force, no_key;
	char dir[400]; /* state folder */
	json_t *answer;
	struct hws_error err;
	uint64_t shown;
};

/* --- opening -------------------------------------------------------------------------------------- */

/* The settings of the server, as it would read them when started now with these options. */
static int load_settings(struct db *d)
{
	const char *const given[][2] = { { "--config", d->config }, { "--state-dir", d->state_dir },
		{ "--store", d->where } };
	char *argv[8] = { (char *)(uintptr_t)SERVER };
	int argc = 1, rest, r;

	for (size_t i = 0; i < HWS_COUNT(given); i++) {
		if (!given[i][1])
			continue;
		argv[argc++] = (char *)(uintptr_t)given[i][0];
		argv[argc++] = (char *)(uintptr_t)given[i][1];
	}
	hws_log_set_level(HWS_LOG_ERROR); /* remarks on settings are the server's to make */
	r = rdv_config_load(&d->conf, argc, argv, &rest, &d->err);
	hws_log_set_level(HWS_LOG_WARN);
	d->configured = r == HWS_OK;
	if (r == HWS_OK)
		d->err.text[0] =
				0; /* the usual file may be missing: that is no cause of anything later */
	return r;
}

static int find_database(struct db *d)
{
	int r = load_settings(d);

	if (r < 0)
		return r;
	if (*d->conf.state_dir)
		r = hws_str_copy(d->dir, sizeof(d->dir), d->conf.state_dir);
	else
		r = hws_daemon_state_dir(SERVER, d->dir, sizeof(d->dir), &d->err);
	if (r < 0)
		return hws_error_set(&d->err, r,
				"cannot tell the state folder; name it with --state-dir");
	r = rdv_store_place(&d->conf, d->dir, &d->place, &d->err);
	if (r == HWS_OK && d->place.kind == RDV_STORE_MEMORY)
		r = hws_error_set(&d->err, HWS_ERR_INVAL,
				"the server keeps its devices in memory only (store = memory): there is no database. "
				"To work on one, give --store sqlite, sqlite:FILE or a postgresql:// address");
	return r;
}

static bool has_file(const struct db *d)
{
	return d->place.kind == RDV_STORE_SQLITE;
}

static int open_postgres(struct db *d)
{
#ifdef ADM_WITH_POSTGRES
	bool password = false;
	int r = rdv_store_postgres_check(d->place.address, &password, &d->err);

	if (r == HWS_OK && password && !d->place.secret)
		r = hws_error_set(&d->err, HWS_ERR_INVAL,
				"--store must not hold a password, everybody on this machine can read it there. "
				"Put the whole address into the config file as store-secret or into "
				"HAWSER_RENDEZVOUS_STORE_SECRET, or the password into a file: --store "
				"'postgresql://USER@HOST/DATABASE?passfile=FILE'");
	return r < 0 ? r
		     : rdv_store_postgres_open(d->loop, d->place.address, 2, &d->store, &d->err);
#else
	return hws_error_set(&d->err, HWS_ERR_UNSUPPORTED, "this build has no PostgreSQL");
#endif
}

/* `reader`: beside a running server. */
static int open_store(struct db *d, bool reader)
{
	const char *file = d->place.file;

	if (!has_file(d))
		return open_postgres(d);
	return reader ? rdv_store_sqlite_open_reader(d->loop, file, &d->store, &d->err)
		      : rdv_store_sqlite_open(d->loop, file, &d->store, &d->err);
}

/* What root makes in the folder of the server's account must belong to that account. */
static void hand_over(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".pub" };
	const char *slash = strrchr(path, '/');
	char name[600];
	struct stat dir, st;

	if (geteuid() != 0 || !slash ||
			hws_fmt(name, sizeof(name), "%.*s", (int)(slash - path), path) < 0 ||
			stat(*name ? name : "/", &dir) < 0 || dir.st_uid == 0)
		return;
	for (size_t i = 0; i < HWS_COUNT(ends); i++) {
		if (hws_fmt(name, sizeof(name), "%s%s", path, ends[i]) == HWS_OK &&
				lstat(name, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
				lchown(name, dir.st_uid, dir.st_gid) < 0)
			fprintf(stderr, "hawser-admin: %s: make %s its owner\n", name, SERVER);
	}
}

/* A server that never ran has no state folder yet. */
static void make_folder(const struct db *d)
{
	if (mkdir(d->dir, 0700) < 0 && errno != EEXIST)
		fprintf(stderr, "hawser-admin: cannot make the folder %s: %s\n", d->dir,
				strerror(errno));
}

/* A failed operation whose store has logged the cause. */
static int say(struct db *d, int r, const char *what)
{
	if (r < 0 && !d->err.text[0])
		hws_error_set(&d->err, r, "%s: %s", what, hws_err_text(r));
	return r;
}

static void on_refused(const char *id, const char *why, void *arg)
{
	struct db *d = arg;

	if (d->shown++ < SHOWN_MAX)
		fprintf(stderr, "hawser-admin: device %s was not taken: %s\n", id, why);
}

static struct adm_copy copy_into(struct db *d, struct rdv_store *to, enum adm_copy_mode mode)
{
	return (struct adm_copy){
		.loop = d->loop, .to = to, .mode = mode, .refused = on_refused, .arg = d
	};
}

static void put_int(struct db *d, const char *name, uint64_t n)
{
	json_object_set_new(d->answer, name, json_integer((json_int_t)n));
}

/* Which database it was, so that nobody backs up another one than he thinks. */
static void put_store(struct db *d)
{
	json_object_set_new(d->answer, "store", json_string(d->store->ops->name));
	if (has_file(d))
		json_object_set_new(d->answer, "file", json_string(d->place.file));
}

static void put_copy(struct db *d, const struct adm_copy *c, const char *done)
{
	put_int(d, "read", c->read);
	put_int(d, done, c->written);
	put_int(d, "there_already", c->there);
	put_int(d, "not_taken", d->shown);
	if (d->shown > SHOWN_MAX)
		fprintf(stderr, "hawser-admin: and %llu more\n",
				(unsigned long long)(d->shown - SHOWN_MAX));
}

/* --- verbs ---------------------------------------------------------------------------------------- */

static int db_status(struct db *d, const char *file HWS_UNUSED)
{
	struct adm_store_figures f;
	int r = open_store(d, true);

	if (r == HWS_OK)
		r = say(d, adm_store_count(d->loop, d->store, &f), "cannot read the database");
	if (r < 0)
		return r;
	put_store(d);
	put_int(d, "peers", f.peers);
	put_int(d, "peers_with_key", f.with_key);
	put_int(d, "entries", f.entries);
	put_int(d, "last_seen_s", f.newest_s);
	return HWS_OK;
}

/* PostgreSQL into a file of the same form as SQLite's own copy, so that one restore does for both. */
static int backup_postgres(struct db *d, const char *file)
{
	struct rdv_store *to = NULL;
	struct adm_copy c;
	char tmp[500];
	int r = hws_fmt(tmp, sizeof(tmp), "%s.part", file);

	if (r < 0)
		return r;
	if (access(file, F_OK) == 0)
		return HWS_ERR_EXISTS;
	unlink(tmp);
	r = rdv_store_sqlite_open(d->loop, tmp, &to, &d->err);
	if (r < 0)
		return r;
	c = copy_into(d, to, ADM_COPY_FORCE);
	r = adm_copy_store(&c, d->store);
	rdv_store_free(to);
	if (r == HWS_OK && link(tmp, file) < 0) /* never over another file */
		r = hws_err_from_errno(errno);
	unlink(tmp);
	return r;
}

static int db_backup(struct db *d, const char *file)
{
	int r = open_store(d, true);

	if (r == HWS_OK)
		r = has_file(d) ? adm_store_backup(d->loop, d->store, file)
				: backup_postgres(d, file);
	if (r == HWS_ERR_EXISTS)
		hws_error_set(&d->err, r, "%s is there already; name a new file", file);
	else
		say(d, r, file);
	if (r < 0)
		return r;
	put_store(d);
	json_object_set_new(d->answer, "backup", json_string(file));
	return HWS_OK;
}

static int db_restore(struct db *d, const char *file)
{
	struct rdv_store *from = NULL;
	struct adm_store_figures f;
	struct adm_copy c;
	int r = rdv_store_sqlite_open_reader(d->loop, file, &from, &d->err);

	make_folder(d);
	if (r == HWS_OK)
		r = open_store(d, false);
	if (r == HWS_OK)
		r = say(d, adm_store_count(d->loop, d->store, &f), "cannot read the database");
	if (r == HWS_OK && f.peers + f.entries && !d->force)
		r = hws_error_set(&d->err, HWS_ERR_EXISTS,
				"the database is not empty (%llu devices): give --force to replace those that are "
				"in the backup; the others stay",
				(unsigned long long)f.peers);
	if (r == HWS_OK) {
		c = copy_into(d, d->store, ADM_COPY_FORCE);
		r = say(d, adm_copy_store(&c, from), "the database failed");
		put_store(d);
		put_copy(d, &c, "restored");
	}
	rdv_store_free(from);
	return r;
}

/* --- take-over ------------------------------------------------------------------------------------ */

struct importing {
	struct db *d;
	struct adm_copy c;
	struct rdv_entry *entries; /* that are there already */
	size_t entry_count;
	uint64_t names, parts;
};

static int by_entry(const void *a, const void *b)
{
	const struct rdv_entry *x = a, *y = b;
	int c = strcmp(x->kind, y->kind);

	return c ? c : strcmp(x->key, y->key);
}

/* The note of hbbs becomes the name of the device, unless it has one already. */
static int import_note(struct importing *im, const char *id, const struct rdv_hbbs_note *note)
{
	struct rdv_entry e = { .kind = RDV_ENTRY_NAME };
	int r = hws_str_copy(e.key, sizeof(e.key), id);

	if (r == HWS_OK)
		r = hws_str_copy(e.value, sizeof(e.value), note->text);
	if (r < 0 ||
			(im->entries &&
					bsearch(&e, im->entries, im->entry_count,
							sizeof(im->entries[0]), by_entry)))
		return r;
	r = adm_copy_entry(&im->c, &e);
	im->names += r == HWS_OK;
	return r;
}

static int import_rows(const struct rdv_peer_row *rows, const struct rdv_hbbs_note *notes, size_t n,
		void *arg)
{
	struct importing *im = arg;
	bool *ours = hws_alloc_array(n, sizeof(*ours));
	int r = ours ? adm_copy_rows(&im->c, rows, n, ours) : HWS_ERR_NOMEM;

	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		if (ours[i] && *notes[i].text)
			r = import_note(im, rows[i].id, &notes[i]);
	}
	hws_free(ours);
	return say(im->d, r, "the database failed");
}

static void import_odd(const char *id, const char *why, void *arg)
{
	struct importing *im = arg;

	im->c.read++;
	on_refused(id, why, im->d);
}

static void import_part(const char *id, const char *what, void *arg)
{
	struct importing *im = arg;

	if (im->parts++ < SHOWN_MAX)
		fprintf(stderr, "hawser-admin: device %s was taken, but %s\n", id, what);
}

static int read_key_text(const char *path, char buf[KEY_TEXT_MAX], struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT
				? HWS_ERR_NOTFOUND
				: hws_error_set(err, hws_err_from_errno(errno),
						  "cannot open %s: %s", path, strerror(errno));
	n = read(fd, buf, KEY_TEXT_MAX - 1);
	close(fd);
	if (n < 0)
		return hws_error_set(err, hws_err_from_errno(errno), "cannot read %s: %s", path,
				strerror(errno));
	buf[n] = 0;
	return HWS_OK;
}

/* The key pair of hbbs: the secret file, and the public one as a check if it is there. */
static int read_hbbs_key(struct db *d, const char *path, struct hws_identity *ret)
{
	char text[KEY_TEXT_MAX], pub[600];
	uint8_t pk[HWS_PK_LEN];
	int r = read_key_text(path, text, &d->err);

	if (r < 0)
		return r;
	r = hws_identity_from_text(text, ret);
	hws_wipe(text, sizeof(text));
	if (r < 0)
		return hws_error_set(&d->err, r,
				"%s is damaged (it should hold 88 base64 characters): nothing was taken over. "
				"Restore it from a backup",
				path);
	if (hws_fmt(pub, sizeof(pub), "%s.pub", path) < 0 || read_key_text(pub, text, &d->err) < 0)
		return HWS_OK;
	if (hws_key_parse(hws_str_trim(text), pk) < 0 || memcmp(pk, ret->pk, sizeof(pk)) != 0)
		return hws_error_set(&d->err, HWS_ERR_CORRUPT,
				"%s does not belong to %s: nothing was taken over. Find out which of them your "
				"devices know",
				pub, path);
	return HWS_OK;
}

/* Where the key is taken from: named, or beside the database. */
static int key_source(struct db *d, const char *file, char *buf, size_t size)
{
	const char *slash = strrchr(file, '/');

	if (d->key)
		return hws_str_copy(buf, size, d->key);
	return hws_fmt(buf, size, "%.*sid_ed25519", slash ? (int)(slash - file) + 1 : 0, file);
}

/* Checks before anything is written, so that a take-over is done whole or not at all. *ret_save: the key is new. */
static int check_key(struct db *d, const char *file, const char *to, struct hws_identity *ret,
		bool *ret_save)
{
	struct hws_identity there;
	char from[500];
	int r = key_source(d, file, from, sizeof(from));

	if (r == HWS_OK)
		r = read_hbbs_key(d, from, ret);
	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(&d->err, r,
				"there is no key file %s: without the key of hbbs no device and no client would "
				"trust this server. Name it with --key-file, or give --no-key to leave it",
				from);
	if (r < 0)
		return r;
	r = hws_identity_load(to, &there, &d->err);
	if (r == HWS_ERR_NOTFOUND) {
		*ret_save = true;
		d->err.text[0] = 0;
		return HWS_OK;
	}
	if (r == HWS_OK && memcmp(there.pk, ret->pk, HWS_PK_LEN) != 0)
		r = hws_error_set(&d->err, HWS_ERR_EXISTS,
				"%s holds another key than hbbs: move it away to take over that of hbbs, or give "
				"--no-key to keep it",
				to);
	hws_identity_wipe(&there);
	return r;
}

static int db_import(struct db *d, const char *file)
{
	struct importing im = { .d = d };
	struct rdv_hbbs_reader reader = {
		.rows = import_rows, .odd = import_odd, .part = import_part, .arg = &im
	};
	struct hws_identity key = { 0 };
	bool save = false;
	char to[500], text[HWS_KEY_TEXT];
	int r = hws_fmt(to, sizeof(to), "%s/id_ed25519", d->dir);

	if (r == HWS_OK && access(file, R_OK) < 0)
		r = errno == ENOENT ? hws_error_set(&d->err, HWS_ERR_NOTFOUND,
						      "there is no file %s", file)
				    : hws_error_set(&d->err, hws_err_from_errno(errno),
						      "cannot read %s: %s", file, strerror(errno));
	if (r < 0)
		return r;
	make_folder(d);
	if (!d->no_key)
		r = check_key(d, file, to, &key, &save);
	if (r == HWS_OK)
		r = open_store(d, false);
	if (r == HWS_OK) {
		im.c = copy_into(d, d->store, ADM_COPY_KEEP);
		r = say(d, adm_store_entries(d->loop, d->store, &im.entries, &im.entry_count),
				"cannot read the database");
	}
	if (r == HWS_OK) {
		if (im.entry_count)
			qsort(im.entries, im.entry_count, sizeof(im.entries[0]), by_entry);
		r = say(d, rdv_hbbs_read(file, &reader, &d->err), file);
	}
	hws_free(im.entries);
	if (r == HWS_OK && save) {
		r = hws_identity_save(to, &key, &d->err);
		hand_over(to);
	}
	if (r == HWS_OK) {
		put_store(d);
		put_copy(d, &im.c, "imported");
		put_int(d, "taken_in_part", im.parts);
		put_int(d, "names", im.names);
		if (im.parts > SHOWN_MAX)
			fprintf(stderr, "hawser-admin: and %llu more that were taken in part\n",
					(unsigned long long)(im.parts - SHOWN_MAX));
		json_object_set_new(d->answer, "key",
				json_string(d->no_key                  ? "left"
								: save ? "taken over"
								       : "the same already"));
		if (!d->no_key)
			json_object_set_new(d->answer, "public_key",
					json_string(hws_key_text(key.pk, text)));
	}
	hws_identity_wipe(&key);
	return r;
}

/* --- command line --------------------------------------------------------------------------------- */

static const struct verb {
	const char *name;
	bool file;
	int (*run)(struct db *d, const char *file);
	const char *help;
} verbs[] = {
	{ "status", false, db_status, "devices and settings in the database" },
	{ "backup", true, db_backup, "a copy of the database as of now; the server may run" },
	{ "restore", true, db_restore, "read a backup into an empty database" },
	{ "import-hbbs", true, db_import, "take over the database and the key of hbbs" },
};

void adm_db_help(FILE *out)
{
	char line[64];

	for (size_t i = 0; i < HWS_COUNT(verbs); i++) {
		snprintf(line, sizeof(line), "db %s%s", verbs[i].name,
				verbs[i].file ? " FILE" : "");
		fprintf(out, "  %-24s %s\n", line, verbs[i].help);
	}
	fputs("    The database is that of the server's settings (/etc/hawser/rendezvous.conf, environment);\n"
	      "    --config FILE, --state-dir DIR, --store WHERE: as given to hawser-rendezvous\n"
	      "    --force (restore): replace what is there\n"
	      "    --key-file FILE, --no-key (import-hbbs): the key is elsewhere, or stays\n",
			out);
}

static int usage(const char *text, const char *what)
{
	fprintf(stderr, "hawser-admin: db: %s%s\n", text, what);
	return 2;
}

static int parse(struct db *d, int argc, char **argv, const char **ret_file)
{
	for (int i = 2; i < argc; i++) {
		const char **value = strcmp(argv[i], "--store") == 0  ? &d->where
				: strcmp(argv[i], "--state-dir") == 0 ? &d->state_dir
				: strcmp(argv[i], "--config") == 0    ? &d->config
				: strcmp(argv[i], "--key-file") == 0  ? &d->key
								      : NULL;

		if (value && i + 1 == argc)
			return usage("a value is missing for ", argv[i]);
		if (value)
			*value = argv[++i];
		else if (strcmp(argv[i], "--force") == 0)
			d->force = true;
		else if (strcmp(argv[i], "--no-key") == 0)
			d->no_key = true;
		else if (argv[i][0] == '-')
			return usage("unknown option ", argv[i]);
		else if (*ret_file)
			return usage("what is ", argv[i]);
		else
			*ret_file = argv[i];
	}
	return 0;
}

static int run(struct db *d, const struct verb *v, const char *file)
{
	int r = hws_crypto_init();

	if (r == HWS_OK)
		r = hws_loop_new(&d->loop);
	if (r == HWS_OK)
		r = find_database(d);
	if (r == HWS_OK)
		r = v->run(d, file);
	say(d, r, v->name);
	rdv_store_free(d->store);
	hws_loop_free(d->loop);
	if (has_file(d))
		hand_over(d->place.file);
	if (d->configured)
		hws_options_done(&rdv_options, &d->conf); /* the place borrows from it */
	return r;
}

int adm_db_run(bool json, int argc, char **argv)
{
	struct db d = { 0 };
	const char *file = NULL;
	const struct verb *v = NULL;
	int status = 1, r;

	for (size_t i = 0; i < HWS_COUNT(verbs) && argc > 1; i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			v = &verbs[i];
	}
	if (!v)
		return usage("status, backup, restore or import-hbbs; see hawser-admin --help", "");
	r = parse(&d, argc, argv, &file);
	if (r)
		return r;
	if (v->file != (file && *file))
		return usage(v->file ? "which file? db " : "no file belongs to db ", v->name);
	hws_log_setup("hawser-admin", HWS_LOG_TEXT, 2);
	hws_log_set_level(HWS_LOG_WARN);
	d.answer = json_object();
	if (!d.answer)
		return 1;
	r = run(&d, v, file);
	if (r < 0)
		fprintf(stderr, "hawser-admin: %s\n", d.err.text);
	else
		status = d.shown ? 1 : 0; /* done, but something was left behind */
	if (r == HWS_OK)
		adm_output(stdout, d.answer, json);
	json_decref(d.answer);
	return status;
}
