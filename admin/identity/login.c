/* identity/login: settings, directory, account: the connection of the database is given back
 * between the first and the last. */
#include "admin/identity/login.h"
#include "admin/identity/admission.h"
#include "admin/identity/ldap.h"
#include "shared/base/mem.h"

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

int idn_login_ldap(struct sql_db *db, const struct dat_keys *keys, const char *ca_file,
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
		r = idn_ldap_login(conf, ca_file, name, password, &person, err);
	if (r == HWS_OK)
		r = admit(db, keys, conf, &person, now, ret_guid, err);
	idn_person_done(&person);
	hws_free_wiped(conf, sizeof(*conf));
	return r;
}
