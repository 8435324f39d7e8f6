/* Getting in when nobody can, and the first time: on the database of hawser-api itself, so that it
 * works while that, or the provider that people log in with, is away. */
#include "admin/cli/api_store.h"
#include "admin/cli/call.h"
#include "admin/cli/rest.h"
#include "admin/cli/secret.h"
#include "admin/cli/verbs.h"
#include "admin/data/accounts.h"
#include "admin/data/audit.h"
#include "admin/data/factors.h"
#include "admin/data/links.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/slow_hash.h"
#include <pwd.h>
#include <string.h>
#include <unistd.h>

struct glass {
	struct adm_api_store *store;
	const char *name;
	const char *pw_hash;
	int64_t now;
	bool made; /* a new account */
	char guid[DAT_GUID_TEXT];
};

static const char *who(void)
{
	const struct passwd *p = getpwuid(getuid());

	return p ? p->pw_name : "?";
}

/* Of a directory's or a provider's account nobody changes the password here, which the first login
 * asks for. Only one without a password is handed over. */
static int make_local(struct sql_conn *c, const struct dat_account *a, int64_t now)
{
	int r = dat_account_set_password(c, a->guid, NULL, true, now);

	return r == HWS_OK ? dat_account_hand_over(c, a->guid, "local", now) : r;
}

/* An account of this name, whatever it was before, becomes an owner that logs in with this
 * password alone. */
static int open_up(struct sql_conn *c, struct glass *g)
{
	const struct dat_account_new fresh = { .name = g->name,
		.pw_hash = g->pw_hash,
		.role = DAT_ROLE_OWNER,
		.status = DAT_ENABLED,
		.must_change_pw = true };
	const struct dat_account_change change = { DAT_ACCOUNT_CHANGE };
	struct dat_account a;
	struct dat_account_change off = change;
	int r = dat_account_find(c, g->name, &a);

	off.tfa_enforced = 0;
	off.email_verification = 0;
	g->made = r == HWS_ERR_NOTFOUND;
	if (g->made)
		return dat_account_add(c, &fresh, g->now, g->guid);
	if (r == HWS_OK)
		r = hws_str_copy(g->guid, sizeof(g->guid), a.guid);
	if (r == HWS_OK)
		r = dat_account_set_status(c, a.guid, DAT_ENABLED, g->now);
	if (r == HWS_OK)
		r = dat_account_set_role(c, a.guid, DAT_ROLE_OWNER, g->now);
	if (r == HWS_OK)
		r = dat_account_change(c, a.guid, &off, g->now);
	if (r == HWS_OK)
		r = dat_totp_disable(c, a.guid);
	if (r == HWS_ERR_NOTFOUND) /* it had none */
		r = HWS_OK;
	if (r == HWS_OK && strcmp(a.source, "local") != 0)
		r = make_local(c, &a, g->now);
	if (r == HWS_OK)
		r = dat_account_set_password(c, a.guid, g->pw_hash, true, g->now);
	return r;
}

static int break_glass(struct glass *g, struct sql_conn *c)
{
	char actor[80];
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	snprintf(actor, sizeof(actor), "cli:%.60s", who());
	r = open_up(c, g);
	if (r == HWS_OK)
		r = dat_audit_add(c, adm_api_store_keys(g->store),
				&(struct dat_event){ .kind = "user.break_glass",
						.actor_name = actor,
						.via = "local",
						.target_kind = "user",
						.target_guid = g->guid,
						.target_name = g->name },
				g->now);
	return dat_tx_end(&tx, r);
}

static int new_password(struct adm_call *call, char buf[ADM_SECRET_TEXT], bool *ret_made)
{
	const char *file = adm_value(call, "password-file");
	int r = HWS_OK;

	*ret_made = !file && !adm_given(call, "password-stdin");
	if (*ret_made)
		adm_secret_make(buf);
	else
		r = adm_secret_file(file ? file : "-", buf, ADM_SECRET_TEXT, &call->err);
	if (r == HWS_OK && dat_password_check(buf) < 0)
		r = hws_error_set(&call->err, HWS_ERR_RANGE,
				"a password has %u to %u characters, in UTF-8", DAT_PASSWORD_MIN,
				DAT_PASSWORD_MAX);
	return r;
}

int adm_user_break_glass(struct adm_call *call)
{
	char password[ADM_SECRET_TEXT] = "", hash[HWS_SLOW_HASH_TEXT];
	struct glass g = { .name = call->args[0],
		.pw_hash = hash,
		.now = (int64_t)(hws_wall_us() / HWS_US_PER_MS) };
	struct sql_conn *c = NULL;
	bool made = false;
	int r = adm_api_store_open(call, &g.store);

	if (r < 0)
		return adm_complain_of(call, ADM_FAILED);
	if (call->dry_run) {
		adm_api_store_close(g.store);
		printf("%s would become a local owner with a new password\n", g.name);
		return ADM_DONE;
	}
	r = new_password(call, password, &made);
	if (r == HWS_OK)
		r = hws_slow_hash(hws_bytes_str(password), HWS_SLOW_COST, hash);
	if (r == HWS_OK)
		r = adm_api_store_take(g.store, &c);
	if (r == HWS_OK) {
		r = break_glass(&g, c);
		sql_give(c);
	}
	adm_api_store_close(g.store);
	if (r < 0 && !call->err.text[0])
		hws_error_set(&call->err, r, "%s: %s", g.name, hws_err_text(r));
	if (r == HWS_OK) {
		fprintf(stderr, "%s%s is an owner. The password must be changed at the first login.\n",
				g.name, g.made ? " was made, and" : "");
		if (made)
			printf("%s\n", password);
	}
	hws_wipe(password, sizeof(password));
	return r < 0 ? adm_complain_of(call, ADM_FAILED) : ADM_DONE;
}

/* --- the first owner -------------------------------------------------------------------------- */

/* Of the server that runs: it knows what it is called. */
static int ask_link(struct adm_call *call)
{
	json_t *answer = NULL;
	int status = adm_rest_call(call, "POST", "/setup/link", NULL, &answer);
	const char *url = json_string_value(json_object_get(answer, "url"));

	if (status == ADM_DONE && url)
		printf("%s\n", url);
	else if (status == ADM_DONE)
		status = adm_complain(ADM_FAILED, "the server gives no link");
	json_decref(answer);
	return status;
}

static int make_link(struct adm_call *call, struct adm_api_store *s)
{
	const int64_t now = (int64_t)(hws_wall_us() / HWS_US_PER_MS);
	const char *url = adm_value(call, "url");
	char token[DAT_TOKEN_TEXT] = "", actor[80];
	const struct dat_link_new link = { .kind = DAT_LINK_SETUP, .made_by = actor };
	struct sql_conn *c = NULL;
	int64_t owners = 0;
	int r = adm_api_store_take(s, &c);

	if (r < 0)
		return r;
	snprintf(actor, sizeof(actor), "cli:%.60s", who());
	r = dat_account_owners(c, &owners);
	if (r == HWS_OK && owners)
		r = hws_error_set(&call->err, HWS_ERR_EXISTS,
				"there is an owner already: hawser-admin user break-glass NAME gives one "
				"a new password");
	if (r == HWS_OK)
		r = dat_link_add(c, &link, now, token);
	sql_give(c);
	if (r == HWS_OK)
		printf("%s/#/setup?token=%s\n", url ? url : "https://SERVER", token);
	hws_wipe(token, sizeof(token));
	return r;
}

int adm_user_setup_link(struct adm_call *call)
{
	bool direct = adm_given(call, "database") || adm_given(call, "data-dir") ||
			adm_given(call, "config");
	struct adm_api_store *s = NULL;
	int status = ADM_AWAY, r;

	call->settings.local = true;
	if (!direct)
		status = ask_link(call);
	if (status != ADM_AWAY)
		return adm_complain_of(call, status);
	call->err.text[0] = 0;
	r = adm_api_store_open(call, &s);
	if (r == HWS_OK)
		r = make_link(call, s);
	adm_api_store_close(s);
	if (r < 0 && !call->err.text[0])
		hws_error_set(&call->err, r, "%s", hws_err_text(r));
	return adm_complain_of(call,
			r == HWS_OK                           ? ADM_DONE
					: r == HWS_ERR_EXISTS ? ADM_CONFLICT
							      : ADM_FAILED);
}
