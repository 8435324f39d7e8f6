/* A token of an account, made by the operator of the machine: the local socket is nobody of the
 * database, so that a token of the API's own would have no owner. For servers that are set up by
 * scripts, without a browser. */
#include "admin/cli/api_store.h"
#include "admin/cli/body.h"
#include "admin/cli/verbs.h"
#include "admin/data/audit.h"
#include "admin/data/tokens.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define DAYS_90_MS (90 * DAT_DAY_MS)

static int64_t now_ms(void)
{
	return (int64_t)(hws_wall_us() / HWS_US_PER_MS);
}

static int scopes_of(const json_t *scopes, enum dat_scope ret[DAT_AREAS])
{
	const char *area;
	json_t *right;
	size_t n = 0;

	json_object_foreach ((json_t *)(uintptr_t)scopes, area, right) {
		const char *text = json_string_value(right);
		enum dat_area at;

		if (dat_area_parse(area, &at) < 0 || !text ||
				(strcmp(text, "r") != 0 && strcmp(text, "rw") != 0))
			return adm_complain(ADM_USAGE, "--scope: AREA=r or AREA=rw, not '%s=%s'",
					area, text ? text : "");
		ret[at] = text[1] ? DAT_SCOPE_WRITE : DAT_SCOPE_READ;
		n++;
	}
	return n ? ADM_DONE : adm_complain(ADM_USAGE, "what may it do? --scope device=rw,audit=r");
}

static int add(struct sql_conn *c, const struct dat_keys *keys, const char *user,
		struct dat_token_new_row row, char ret_token[DAT_TOKEN_TEXT])
{
	char guid[DAT_GUID_TEXT];
	struct dat_account a;
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = dat_account_find(c, user, &a);
	row.account_guid = a.guid;
	if (r == HWS_OK)
		r = dat_token_add(c, &row, now_ms(), guid, ret_token);
	if (r == HWS_OK)
		r = dat_audit_add(c, keys,
				&(struct dat_event){ .kind = "token.add",
						.actor_name = "cli",
						.via = "local",
						.target_kind = "token",
						.target_guid = guid,
						.target_name = row.name },
				now_ms());
	return dat_tx_end(&tx, r);
}

static int make(struct adm_call *call, const struct dat_token_new_row *row)
{
	char token[DAT_TOKEN_TEXT] = "";
	struct adm_api_store *s = NULL;
	struct sql_conn *c = NULL;
	int r = adm_api_store_open(call, &s);

	if (r == HWS_OK)
		r = adm_api_store_take(s, &c);
	if (r == HWS_OK) {
		r = add(c, adm_api_store_keys(s), call->args[0], *row, token);
		sql_give(c);
	}
	adm_api_store_close(s);
	if (r == HWS_ERR_NOTFOUND && c)
		hws_error_set(&call->err, r, "there is no user '%s'", call->args[0]);
	else if (r < 0 && !call->err.text[0])
		hws_error_set(&call->err, r, "%s: %s", row->name, hws_err_text(r));
	if (r == HWS_OK)
		printf("%s\n", token);
	hws_wipe(token, sizeof(token));
	return r == HWS_OK ? ADM_DONE : r == HWS_ERR_NOTFOUND && c ? ADM_NOTHING : ADM_FAILED;
}

int adm_user_token(struct adm_call *call)
{
	struct dat_token_new_row row = { .name = call->args[1] };
	const json_t *expires;
	json_t *body = NULL;
	int status = adm_body_make(call, &body);

	if (status == ADM_DONE)
		status = scopes_of(json_object_get(body, "scopes"), row.scope);
	expires = json_object_get(body, "expires_at");
	row.expires_at = expires ? json_integer_value(expires) : now_ms() + DAYS_90_MS;
	if (status == ADM_DONE && call->dry_run)
		puts("would be made");
	else if (status == ADM_DONE)
		status = make(call, &row);
	json_decref(body);
	return adm_complain_of(call, status);
}
