/* identity/login: settings, directory, account: the connection of the database is given back
 * between the first and the last. A directory that says nothing must not have all threads. */
#include "admin/identity/login.h"
#include "admin/identity/admission.h"
#include "admin/identity/ldap.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"

#include <pthread.h>

/* Who is away is not asked by everybody who comes. */
#define AWAY_US (5 * HWS_US_PER_S)

struct idn_directory {
	char *ca_file;
	unsigned at_once;
	pthread_mutex_t lock; /* of what follows */
	unsigned asking;
	uint64_t failed_us; /* it was away then; 0 = it was not */
	int64_t conf_at;    /* with the settings of then */
	struct hws_error why;
};

int idn_directory_new(const char *ca_file, unsigned at_once, struct idn_directory **ret)
{
	struct idn_directory *d = hws_alloc(sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->at_once = at_once;
	pthread_mutex_init(&d->lock, NULL);
	if (ca_file) {
		d->ca_file = hws_strdup(ca_file);
		if (!d->ca_file) {
			idn_directory_free(d);
			return HWS_ERR_NOMEM;
		}
	}
	*ret = d;
	return HWS_OK;
}

void idn_directory_free(struct idn_directory *d)
{
	if (!d)
		return;
	pthread_mutex_destroy(&d->lock);
	hws_free(d->ca_file);
	hws_free(d);
}

/* --- the directory, when it has room ---------------------------------------------------------- */

static int enter(struct idn_directory *d, const struct idn_ldap_conf *conf, struct hws_error *err)
{
	int r = HWS_OK;

	pthread_mutex_lock(&d->lock);
	if (d->failed_us && d->conf_at == conf->updated_at &&
			hws_clock_us() - d->failed_us < AWAY_US)
		r = hws_error_set(err, d->why.code, "%s", d->why.text);
	else if (d->asking >= d->at_once)
		r = hws_error_set(err, HWS_ERR_BUSY, "too many wait for the directory");
	else
		d->asking++;
	pthread_mutex_unlock(&d->lock);
	return r;
}

static bool is_away(int r)
{
	return r == HWS_ERR_UNREACHABLE || r == HWS_ERR_TIMEOUT || r == HWS_ERR_CRYPTO;
}

static void leave(struct idn_directory *d, const struct idn_ldap_conf *conf, int r,
		const struct hws_error *err)
{
	pthread_mutex_lock(&d->lock);
	d->asking--;
	d->failed_us = is_away(r) ? hws_clock_us() : 0;
	d->conf_at = conf->updated_at;
	if (is_away(r))
		d->why = *err;
	pthread_mutex_unlock(&d->lock);
}

static int ask(struct idn_directory *d, const struct idn_ldap_conf *conf, const char *name,
		const char *password, struct idn_person *ret, struct hws_error *err)
{
	struct hws_error why = { 0 };
	int r = enter(d, conf, err);

	if (r < 0)
		return r;
	r = idn_ldap_login(conf, d->ca_file, name, password, ret, &why);
	leave(d, conf, r, &why);
	return r < 0 ? hws_error_set(err, r, "%s", why.text) : r;
}

/* --- a login ---------------------------------------------------------------------------------- */

static int read_conf(struct sql_db *db, const struct dat_keys *keys, struct idn_ldap_conf *conf,
		struct hws_error *err)
{
	struct sql_conn *c = NULL;
	int r = sql_take(db, &c);

	if (r == HWS_OK)
		r = idn_ldap_conf_read(c, keys, conf);
	sql_give(c);
	if (r < 0)
		return hws_error_set(err, r, "the directory's settings cannot be read: %s",
				hws_err_text(r));
	return conf->enabled ? HWS_OK
			     : hws_error_set(err, HWS_ERR_NOTFOUND, "no directory is in use");
}

static int admit(struct sql_db *db, const struct dat_keys *keys, const struct idn_ldap_conf *conf,
		const struct idn_person *person, int64_t now, char ret_guid[DAT_GUID_TEXT],
		struct hws_error *err)
{
	struct idn_policy policy = {
		.provider = IDN_LDAP,
		.source = "ldap",
		.title = IDN_LDAP,
		.auto_create = conf->auto_create,
		.domains = "",
		.group_map = conf->group_map,
	};
	struct sql_conn *c = NULL;
	int r = sql_take(db, &c);

	if (r < 0)
		return hws_error_set(err, r, "the database is away or busy");
	r = idn_admit(c, keys, &policy, person, now, ret_guid, err);
	sql_give(c);
	return r;
}

int idn_directory_login(struct idn_directory *d, struct sql_db *db, const struct dat_keys *keys,
		const char *name, const char *password, int64_t now, char ret_guid[DAT_GUID_TEXT],
		struct hws_error *err)
{
	struct idn_ldap_conf *conf = hws_alloc(sizeof(*conf));
	struct idn_person person = { .groups = NULL };
	int r;

	if (!conf)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r = read_conf(db, keys, conf, err);
	if (r == HWS_OK)
		r = ask(d, conf, name, password, &person, err);
	if (r == HWS_OK)
		r = admit(db, keys, conf, &person, now, ret_guid, err);
	idn_person_done(&person);
	hws_free_wiped(conf, sizeof(*conf));
	return r;
}
