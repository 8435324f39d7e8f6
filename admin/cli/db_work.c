/* admin/db_work: which database it is, opening it, and what is told of it: the same for every
 * verb. */
#include "admin/cli/db_work.h"
#include "server-rendezvous/import/take_over.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/daemon/daemon.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER "hawser-rendezvous"

/* --- opening ---------------------------------------------------------------------------------- */

/* The settings of the server, as it would read them when started now with these options. */
static int load_settings(struct adm_db *d)
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
		d->err.text[0] = 0; /* the usual file may be missing */
	return r;
}

int adm_db_find(struct adm_db *d)
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
				"the server keeps its devices in memory only (store = memory): "
				"there is no database. To work on one, give --store sqlite, "
				"sqlite:FILE or a postgresql:// address");
	return r;
}

bool adm_db_has_file(const struct adm_db *d)
{
	return d->place.kind == RDV_STORE_SQLITE;
}

static int open_postgres(struct adm_db *d)
{
#ifdef ADM_WITH_POSTGRES
	bool password = false;
	int r = rdv_store_postgres_check(d->place.address, &password, &d->err);

	if (r == HWS_OK && password && !d->place.secret)
		r = hws_error_set(&d->err, HWS_ERR_INVAL,
				"--store must not hold a password, everybody on this machine can "
				"read it there. "
				"Put the whole address into the config file as store-secret or "
				"into "
				"HAWSER_RENDEZVOUS_STORE_SECRET, or the password into a file: "
				"--store "
				"'postgresql://USER@HOST/DATABASE?passfile=FILE'");
	return r < 0 ? r
		     : rdv_store_postgres_open(d->loop, d->place.address, 2, &d->store, &d->err);
#else
	return hws_error_set(&d->err, HWS_ERR_UNSUPPORTED, "this build has no PostgreSQL");
#endif
}

int adm_db_open(struct adm_db *d, bool reader)
{
	const char *file = d->place.file;

	if (!adm_db_has_file(d))
		return open_postgres(d);
	return reader ? rdv_store_sqlite_open_reader(d->loop, file, &d->store, &d->err)
		      : rdv_store_sqlite_open(d->loop, file, &d->store, &d->err);
}

void adm_db_hand_over(const char *path)
{
	if (!rdv_hand_over(path))
		fprintf(stderr, "hawser-admin: %s: make %s its owner\n", path, SERVER);
}

void adm_db_make_folder(const struct adm_db *d)
{
	if (mkdir(d->dir, 0700) < 0 && errno != EEXIST)
		fprintf(stderr, "hawser-admin: cannot make the folder %s: %s\n", d->dir,
				strerror(errno));
}

int adm_db_say(struct adm_db *d, int r, const char *what)
{
	if (r < 0 && !d->err.text[0])
		hws_error_set(&d->err, r, "%s: %s", what, hws_err_text(r));
	return r;
}

void adm_db_refused(const char *id, const char *why, void *arg)
{
	struct adm_db *d = arg;

	if (d->shown++ < ADM_SHOWN_MAX)
		fprintf(stderr, "hawser-admin: device %s was not taken: %s\n", id, why);
}

struct rdv_copy adm_db_copy_into(struct adm_db *d, struct rdv_store *to, enum rdv_copy_mode mode)
{
	return (struct rdv_copy){
		.loop = d->loop, .to = to, .mode = mode, .refused = adm_db_refused, .arg = d
	};
}

void adm_db_put_int(struct adm_db *d, const char *name, uint64_t n)
{
	json_object_set_new(d->answer, name, json_integer((json_int_t)n));
}

void adm_db_put_store(struct adm_db *d)
{
	json_object_set_new(d->answer, "store", json_string(d->store->ops->name));
	if (adm_db_has_file(d))
		json_object_set_new(d->answer, "file", json_string(d->place.file));
}

void adm_db_put_copy(struct adm_db *d, const struct rdv_copy *c, const char *done)
{
	adm_db_put_int(d, "read", c->read);
	adm_db_put_int(d, done, c->written);
	adm_db_put_int(d, "there_already", c->there);
	adm_db_put_int(d, "not_taken", d->shown);
	if (d->shown > ADM_SHOWN_MAX)
		fprintf(stderr, "hawser-admin: and %llu more\n",
				(unsigned long long)(d->shown - ADM_SHOWN_MAX));
}
