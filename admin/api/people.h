/* api/people: what the routes about accounts share: how one is shown, and whether who asks may
 * touch it. */
#pragma once
#include "admin/api/authority.h"
#include "admin/api/v1.h"

/* Names that are braked now (admin/data/login_log.h). */
struct adi_braked {
	struct {
		char *name_key;
		int64_t until;
	} * row;
	size_t count;
};
int adi_braked_read(struct adi_app *app, struct sql_conn *c, struct adi_braked *ret) HWS_MUST_CHECK;
void adi_braked_free(struct adi_braked *b);
/* As User of the description. */
json_t *adi_out_user(const struct dat_account *a, const struct adi_braked *braked);
/* As AccountSession; `current` is the session of who asks, "" = none. */
json_t *adi_out_session(const struct dat_session *s, const char *current);
/* "active", "disabled", "invited". */
const char *adi_status_name(enum dat_status status);
int adi_status_parse(const char *name, enum dat_status *ret) HWS_MUST_CHECK;

/* Who asks, towards an account ("" = none). */
struct adi_actor adi_actor(const struct htp_request *q, const char *guid);
/* An event about an account, in the caller's transaction. `info` may be NULL. */
int adi_audit_user(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const char *kind, const struct dat_account *a, const char *info) HWS_MUST_CHECK;
/* Sends an account a link by which its password is chosen; in the caller's transaction.
 * HWS_ERR_UNSUPPORTED: no mail can be sent, or the account has no address. */
int adi_mail_user_link(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_account *a) HWS_MUST_CHECK;
/* Answers a refusal of the rules of authority. */
void adi_refuse_person(struct htp_reply *reply, struct adi_actor by);
/* The sessions of an account as a page. */
void adi_answer_sessions(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *guid, const char *current);
/* Limits of the brakes, from the settings. */
struct dat_login_brake;
struct dat_login_brake adi_brake(struct adi_app *app, struct sql_conn *c);
