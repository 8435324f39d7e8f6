/* api/identity: the list of ways to log in is asked for by every client before it logs in: one
 * thread reads it anew, all others get what is there meanwhile. */
#include "admin/api/identity.h"
#include "admin/api/quick.h"
#include "admin/data/links.h"
#include "admin/data/providers.h"
#include "admin/identity/login.h"
#include "admin/identity/metadata.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

#define OPTIONS_FRESH_US HWS_US_PER_S
#define OPTIONS_MAX 32u /* providers that clients show */
#define CALLBACK "/api/oidc/callback"

struct adi_identity {
	struct idn_oidc *oidc;
	struct idn_directory *directory;
	atomic_uint asking; /* threads that wait for others */
	unsigned asking_max;
	pthread_mutex_t lock; /* of what follows */
	json_t *options;      /* NULL = never read */
	uint64_t options_us;
	bool reading;
};

int adi_identity_new(const struct adi_config *c, struct adi_identity **ret)
{
	struct adi_identity *i = hws_alloc(sizeof(*i));
	int r;

	if (!i)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&i->lock, NULL);
	/* one thread stays for passwords of our own */
	i->asking_max = HWS_MAX(1u, c->hash_threads - 1);
	r = idn_oidc_new(*c->oidc_ca ? c->oidc_ca : NULL, &i->oidc);
	if (r == HWS_OK)
		r = idn_directory_new(
				*c->ldap_ca ? c->ldap_ca : NULL, i->asking_max, &i->directory);
	if (r < 0)
		adi_identity_free(i);
	else
		*ret = i;
	return r;
}

void adi_identity_free(struct adi_identity *i)
{
	if (!i)
		return;
	idn_oidc_free(i->oidc);
	idn_directory_free(i->directory);
	json_decref(i->options);
	pthread_mutex_destroy(&i->lock);
	hws_free(i);
}

struct idn_oidc *adi_identity_oidc(struct adi_identity *i)
{
	return i->oidc;
}

const char *adi_ldap_ca(const struct adi_app *a)
{
	return *a->conf->ldap_ca ? a->conf->ldap_ca : NULL;
}

int adi_directory_login(struct adi_app *a, const char *name, const char *password,
		char ret_guid[DAT_GUID_TEXT], struct hws_error *err)
{
	return idn_directory_login(a->identity->directory, a->db, a->keys, name, password,
			adi_now(), ret_guid, err);
}

bool adi_identity_enter(struct adi_app *a)
{
	if (atomic_fetch_add(&a->identity->asking, 1) < a->identity->asking_max)
		return true;
	adi_identity_leave(a);
	return false;
}

void adi_identity_leave(struct adi_app *a)
{
	atomic_fetch_sub(&a->identity->asking, 1);
}

/* --- ways to log in --------------------------------------------------------------------------- */

struct options {
	json_t *common, *names;
};

static int add_provider(const struct dat_provider *p, void *arg)
{
	struct options *o = arg;
	char name[DAT_PROVIDER_NAME_TEXT + 8];
	json_t *item = json_pack("{s:s}", "name", p->name);

	if (item && *p->icon)
		json_object_set_new(item, "icon", json_string(p->icon));
	if (hws_fmt(name, sizeof(name), "oidc/%s", p->name) < 0 ||
			json_array_append_new(o->common, item) < 0 ||
			json_array_append_new(o->names, json_string(name)) < 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

/* The list in the two forms that clients of different ages read: a text of JSON with pictures, and
 * names. */
static json_t *compose(const struct options *o)
{
	json_t *all = json_array();
	char *common = json_dumps(o->common, JSON_COMPACT), *text = NULL;
	size_t size = common ? strlen(common) + sizeof("common-oidc/") : 0;
	bool ok = all && common;

	if (ok && json_array_size(o->names)) {
		text = hws_alloc(size);
		ok = text && hws_fmt(text, size, "common-oidc/%s", common) == HWS_OK &&
				json_array_append_new(all, json_string(text)) == 0 &&
				json_array_extend(all, o->names) == 0;
	}
	hws_free(text);
	free(common);
	if (ok)
		return all;
	json_decref(all);
	return NULL;
}

static json_t *read_options(struct adi_app *a)
{
	struct options o = { json_array(), json_array() };
	struct sql_conn *c = NULL;
	json_t *all = NULL;
	int r = adi_quick_take(a, &c);

	if (r == HWS_OK)
		r = dat_provider_list(c, (struct dat_provider_filter){ .enabled_only = true },
				(struct dat_page){ 0, OPTIONS_MAX }, add_provider, &o, NULL);
	adi_quick_give(a, c, r);
	if (r == HWS_OK)
		all = compose(&o);
	json_decref(o.common);
	json_decref(o.names);
	return all;
}

/* Under the lock. */
static json_t *copy_options(const struct adi_identity *i)
{
	return i->options ? json_deep_copy(i->options) : json_array();
}

json_t *adi_login_options(struct adi_app *a)
{
	struct adi_identity *i = a->identity;
	json_t *fresh, *ret = NULL;

	pthread_mutex_lock(&i->lock);
	if (i->options && (i->reading || hws_clock_us() - i->options_us < OPTIONS_FRESH_US))
		ret = copy_options(i);
	else
		i->reading = true;
	pthread_mutex_unlock(&i->lock);
	if (ret)
		return ret;
	fresh = read_options(a);
	pthread_mutex_lock(&i->lock);
	if (fresh) {
		json_decref(i->options);
		i->options = fresh;
	}
	/* a database that is away is asked again in a second, too */
	i->options_us = hws_clock_us();
	i->reading = false;
	ret = copy_options(i);
	pthread_mutex_unlock(&i->lock);
	return ret;
}

void adi_login_options_changed(struct adi_app *a)
{
	pthread_mutex_lock(&a->identity->lock);
	a->identity->options_us = 0;
	pthread_mutex_unlock(&a->identity->lock);
}

/* --- addresses -------------------------------------------------------------------------------- */

static int is_base(const char *part, void *arg)
{
	return strcmp(part, arg) == 0 ? HWS_ERR_EXISTS : HWS_OK; /* ends the search */
}

int adi_redirect_uri(const struct adi_app *a, const char *base, char *buf, size_t size)
{
	char wanted[512];
	size_t n;

	if (base && *base && hws_str_copy(wanted, sizeof(wanted), base) == HWS_OK) {
		n = strlen(wanted);
		if (wanted[n - 1] == '/')
			wanted[n - 1] = '\0';
		if (hws_str_each(a->conf->oidc_urls, ',', is_base, wanted) == HWS_ERR_EXISTS)
			return hws_fmt(buf, size, "%s" CALLBACK, wanted);
	}
	if (!*a->conf->public_url)
		return HWS_ERR_NOTFOUND;
	return hws_fmt(buf, size, "%s" CALLBACK, a->conf->public_url);
}

/* https://name[:port][/path]; http for tests and for those behind something else. */
static int check_base(const char *part, void *arg)
{
	size_t n = strlen(part),
	       scheme = hws_str_starts(part, "https://")  ? 8
			: hws_str_starts(part, "http://") ? 7
							  : 0;
	bool ok = scheme && n > scheme && n < 400 && part[n - 1] != '/';

	for (size_t i = 0; i < n && ok; i++)
		ok = part[i] > 0x20 && part[i] < 0x7f && !strchr("\"'<>\\^`{|}?#@,", part[i]);
	return ok ? HWS_OK
		  : hws_error_set(arg, HWS_ERR_INVAL,
				    "%s is no address as https://desk.example.org, without a slash "
				    "at its end",
				    part);
}

int adi_identity_check(const struct adi_config *c, struct hws_error *err)
{
	int r = *c->public_url ? check_base(c->public_url, err) : HWS_OK;

	return r == HWS_OK ? hws_str_each(c->oidc_urls, ',', check_base, err) : r;
}

/* --- the first owner -------------------------------------------------------------------------- */

int adi_console_link(const struct adi_app *a, const char *view, const char *token,
		char buf[ADI_SETUP_URL_TEXT])
{
	const struct adi_config *c = a->conf;
	char base[500];
	int r;

	if (*c->public_url)
		r = hws_str_copy(base, sizeof(base), c->public_url);
	else if (*c->tls_cert)
		r = hws_fmt(base, sizeof(base), "https://%s:%u", a->server_name, c->tls_port);
	else
		r = hws_fmt(base, sizeof(base), "http://%s:%u", a->server_name, c->port);
	/* behind the #, so that it gets into nobody's log */
	return r < 0 ? r : hws_fmt(buf, ADI_SETUP_URL_TEXT, "%s/#/%s?token=%s", base, view, token);
}

int adi_setup_link(
		struct adi_app *a, struct sql_conn *c, const char *by, char buf[ADI_SETUP_URL_TEXT])
{
	struct dat_link_new in = { .kind = DAT_LINK_SETUP, .made_by = by };
	char token[DAT_TOKEN_TEXT] = "";
	int64_t owners = 0;
	int r = dat_account_owners(c, &owners);

	if (r == HWS_OK && owners)
		r = HWS_ERR_EXISTS;
	if (r == HWS_OK)
		r = dat_link_add(c, &in, adi_now(), token);
	if (r == HWS_OK)
		r = adi_console_link(a, "setup", token, buf);
	hws_wipe(token, sizeof(token));
	return r;
}

void adi_setup_announce(struct adi_app *a)
{
	char url[ADI_SETUP_URL_TEXT];
	struct sql_conn *c = NULL;
	int r = sql_take(a->db, &c);

	if (r == HWS_OK)
		r = adi_setup_link(a, c, "start", url);
	sql_give(c);
	if (r == HWS_OK)
		hws_warn("setup.link", HWS_STR("url", url),
				HWS_STR("text",
						"nobody can log in yet: whoever opens this "
						"address within a day becomes the owner"));
	else if (r != HWS_ERR_EXISTS)
		hws_warn("setup.link_failed", HWS_STR("why", hws_err_text(r)));
	hws_wipe(url, sizeof(url));
}
