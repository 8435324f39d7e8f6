/* The first owner, made by a one-time link: there are no accounts that come with the program. */
#include "admin/api/console_enter.h"
#include "admin/api/identity.h"
#include "admin/data/links.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"

static int make_owner(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *hash, struct dat_account *ret)
{
	const char *email = adi_in_text(q->json, "email");
	struct dat_account_new in = {
		.name = adi_in_text(q->json, "name"),
		.email = email ? email : "",
		.pw_hash = hash,
		.role = DAT_ROLE_OWNER,
		.status = DAT_ENABLED,
	};
	char guid[DAT_GUID_TEXT];
	struct dat_link link;
	int64_t owners = 0;
	int r = dat_link_use(c, DAT_LINK_SETUP, adi_in_text(q->json, "token"), adi_now(), &link);

	if (r == HWS_OK)
		r = dat_account_owners(c, &owners);
	if (r == HWS_OK && owners)
		r = HWS_ERR_DENIED;
	if (r == HWS_OK)
		r = dat_account_add(c, &in, adi_now(), guid);
	if (r == HWS_OK)
		r = dat_link_end(c, DAT_LINK_SETUP);
	if (r == HWS_OK)
		r = dat_account_get(c, guid, ret);
	if (r == HWS_OK)
		r = adi_audit(app, c, q,
				&(struct adi_deed){ .kind = "user.setup",
						.target_kind = "user",
						.target_guid = guid,
						.target_name = ret->name,
						.actor = ret->name });
	return r;
}

#define NO_LINK                                                                                    \
	"This link was used before, has expired, a newer one was made, or there is an owner already."

/* The owner is made and logged in, or neither. */
static int begin_session(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *hash, struct adi_login *l)
{
	char trust[DAT_TOKEN_TEXT];
	struct adi_login_from from = adi_console_from(q, trust);
	struct dat_account account;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = make_owner(app, c, q, hash, &account);
	if (r == HWS_OK) {
		adi_login_enter(app, c, &from, &account, "setup", l);
		r = l->state == ADI_LOGIN_DONE ? HWS_OK : l->r < 0 ? l->r : HWS_ERR_DENIED;
	}
	return dat_tx_end(&tx, r);
}

static void answer_set_up(struct adi_app *app, struct htp_request *q, struct htp_reply *reply,
		const char *hash)
{
	struct adi_login l = { .token = "" };
	struct sql_conn *c;
	json_t *out;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = begin_session(app, c, q, hash, &l);
	sql_give(c);
	if (r == HWS_OK) {
		out = adi_console_enter(q, reply, app, &l);
		if (out)
			htp_reply_json(reply, out);
	} else if (r == HWS_ERR_DENIED) {
		adi_v1_error(reply, ADI_FORBIDDEN, "token", NO_LINK);
	} else {
		adi_v1_fail(reply, r, "user", "name");
	}
	adi_login_done(&l);
}

/* A stranger learns that there is no owner, and can do nothing with it: the link is 256 bits. */
static void set_up_state(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	int64_t owners = 0;
	struct sql_conn *c;
	int r;

	(void)q;
	if (!adi_take(app, reply, &c))
		return;
	r = dat_account_owners(c, &owners);
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, json_pack("{s:b}", "needed", owners == 0));
	else
		adi_v1_fail(reply, r, "user", NULL);
}

/* Before somebody fills in a form for a link that is void. */
static void check_set_up(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct dat_link link;
	int64_t owners = 0;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_link_get(c, DAT_LINK_SETUP, adi_in_text(q->json, "token"), adi_now(), &link);
	if (r == HWS_OK)
		r = dat_account_owners(c, &owners);
	sql_give(c);
	if (r == HWS_ERR_DENIED || (r == HWS_OK && owners))
		adi_v1_error(reply, ADI_FORBIDDEN, "token", NO_LINK);
	else if (r < 0)
		adi_v1_fail(reply, r, "link", "token");
	else
		htp_reply_bytes(reply, 204, NULL, hws_bytes(NULL, 0));
}

static void set_up(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char hash[HWS_SLOW_HASH_TEXT] = "";
	struct dat_link link;
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	/* before anything that costs a tenth of a second */
	r = dat_link_get(c, DAT_LINK_SETUP, adi_in_text(q->json, "token"), adi_now(), &link);
	sql_give(c);
	if (r == HWS_ERR_DENIED) {
		adi_v1_error(reply, ADI_FORBIDDEN, "token", NO_LINK);
		return;
	}
	if (r == HWS_OK)
		r = hws_slow_hash(hws_bytes_str(adi_in_text(q->json, "password")), app->cost, hash);
	if (r < 0) {
		adi_v1_fail(reply, r, "link", "token");
		return;
	}
	answer_set_up(app, q, reply, hash);
	hws_wipe(hash, sizeof(hash));
}

static void set_up_link(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	char url[ADI_SETUP_URL_TEXT] = "";
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!adi_take(app, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = adi_setup_link(app, c, adi_who(q)->account.name, url);
		if (r == HWS_OK)
			r = adi_audit(app, c, q, &(struct adi_deed){ .kind = "setup.link" });
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r == HWS_OK)
		htp_reply_json(reply, json_pack("{s:s}", "url", url));
	else if (r == HWS_ERR_EXISTS)
		adi_v1_error(reply, ADI_EXISTS, NULL, "There is an owner already.");
	else
		adi_v1_fail(reply, r, "link", NULL);
	hws_wipe(url, sizeof(url));
}

static const struct adi_call calls[] = {
	{ "setUpState", set_up_state, HTP_POOL_COMMON, 0 },
	{ "checkSetUp", check_set_up, HTP_POOL_COMMON, 0 },
	{ "setUp", set_up, HTP_POOL_HASH, 0 },
	{ "setUpLink", set_up_link, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_setup = { calls, HWS_COUNT(calls) };
