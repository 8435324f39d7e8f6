/* hawser-admin db: works on the database itself, through the same store library as the server, so
 * that both agree on what is in it, and no server need run. */
#include "admin/cli/db.h"
#include "admin/cli/db_import.h"
#include "admin/cli/db_work.h"
#include "admin/cli/output.h"
#include "server-rendezvous/import/copy.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- verbs ------------------------------------------------------------------------------------ */

static int db_status(struct adm_db *d, const char *file HWS_UNUSED)
{
	struct rdv_store_figures f;
	int r = adm_db_open(d, true);

	if (r == HWS_OK)
		r = adm_db_say(d, rdv_copy_count(d->loop, d->store, &f),
				"cannot read the database");
	if (r < 0)
		return r;
	adm_db_put_store(d);
	adm_db_put_int(d, "peers", f.peers);
	adm_db_put_int(d, "peers_with_key", f.with_key);
	adm_db_put_int(d, "entries", f.entries);
	adm_db_put_int(d, "last_seen_s", f.newest_s);
	return HWS_OK;
}

/* PostgreSQL into a file of the same form as SQLite's own copy, so that one restore does for
 * both. */
static int backup_postgres(struct adm_db *d, const char *file)
{
	struct rdv_store *to = NULL;
	struct rdv_copy c;
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
	c = adm_db_copy_into(d, to, RDV_COPY_FORCE);
	r = rdv_copy_store(&c, d->store);
	rdv_store_free(to);
	if (r == HWS_OK && link(tmp, file) < 0) /* never over another file */
		r = hws_err_from_errno(errno);
	unlink(tmp);
	return r;
}

static int db_backup(struct adm_db *d, const char *file)
{
	int r = adm_db_open(d, true);

	if (r == HWS_OK)
		r = adm_db_has_file(d) ? rdv_copy_backup(d->loop, d->store, file)
				       : backup_postgres(d, file);
	if (r == HWS_ERR_EXISTS)
		hws_error_set(&d->err, r, "%s is there already; name a new file", file);
	else
		adm_db_say(d, r, file);
	if (r < 0)
		return r;
	adm_db_put_store(d);
	json_object_set_new(d->answer, "backup", json_string(file));
	return HWS_OK;
}

static int db_restore(struct adm_db *d, const char *file)
{
	struct rdv_store *from = NULL;
	struct rdv_store_figures f;
	struct rdv_copy c;
	int r = rdv_store_sqlite_open_reader(d->loop, file, &from, &d->err);

	adm_db_make_folder(d);
	if (r == HWS_OK)
		r = adm_db_open(d, false);
	if (r == HWS_OK)
		r = adm_db_say(d, rdv_copy_count(d->loop, d->store, &f),
				"cannot read the database");
	if (r == HWS_OK && f.peers + f.entries && !d->force)
		r = hws_error_set(&d->err, HWS_ERR_EXISTS,
				"the database is not empty (%llu devices): give --force to replace "
				"those that are "
				"in the backup; the others stay",
				(unsigned long long)f.peers);
	if (r == HWS_OK) {
		c = adm_db_copy_into(d, d->store, RDV_COPY_FORCE);
		r = adm_db_say(d, rdv_copy_store(&c, from), "the database failed");
		adm_db_put_store(d);
		adm_db_put_copy(d, &c, "restored");
	}
	rdv_store_free(from);
	return r;
}

/* --- command line ----------------------------------------------------------------------------- */

static const struct verb {
	const char *name;
	bool file;
	int (*run)(struct adm_db *d, const char *file);
} verbs[] = {
	{ "status", false, db_status },
	{ "backup", true, db_backup },
	{ "restore", true, db_restore },
	{ "import-hbbs", true, adm_db_import },
};

static int usage(const char *text, const char *what)
{
	fprintf(stderr, "hawser-admin: db: %s%s\n", text, what);
	return 2;
}

static int parse(struct adm_db *d, int argc, char **argv, const char **ret_file)
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

static int run(struct adm_db *d, const struct verb *v, const char *file)
{
	int r = hws_crypto_init();

	if (r == HWS_OK)
		r = hws_loop_new(&d->loop);
	if (r == HWS_OK)
		r = adm_db_find(d);
	if (r == HWS_OK)
		r = v->run(d, file);
	adm_db_say(d, r, v->name);
	rdv_store_free(d->store);
	hws_loop_free(d->loop);
	if (adm_db_has_file(d))
		adm_db_hand_over(d->place.file);
	if (d->configured)
		hws_options_done(&rdv_options, &d->conf); /* the place borrows from it */
	return r;
}

int adm_db_run(bool json, int argc, char **argv)
{
	struct adm_db d = { 0 };
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
