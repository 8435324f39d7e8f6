/* api/login: the one place where a name and a password become an account, and an account a session.
 * What is answered to whom is the routes' own; that all of them ask here keeps brakes, second
 * factors and the audit the same for clients, browsers and the console. Blocking; takes connections
 * itself and holds none while a password is hashed or a directory asked. */
#pragma once
#include "admin/api/who.h"
#include "admin/data/factors.h"

enum adi_login_state {
	ADI_LOGIN_DONE,       /* `token` is the session's */
	ADI_LOGIN_SECOND,     /* `secret` is of the challenge, `second` what is asked for */
	ADI_LOGIN_WRONG,      /* name or password */
	ADI_LOGIN_WRONG_CODE, /* of the second factor; it may be tried again */
	ADI_LOGIN_DEAD,       /* there is no such challenge, or no longer */
	ADI_LOGIN_BRAKED,     /* too many attempts */
	ADI_LOGIN_REFUSED,    /* who they are is proved, but they may not: `text` says why */
	ADI_LOGIN_FAILED      /* `r`: the database, memory */
};

/* Where from. */
struct adi_login_from {
	const struct htp_request *q;
	enum dat_session_kind kind;
	/* "" = unknown; of the console "console" and "". Bounded: DAT_ID_TEXT and so on. */
	const char *device_id, *device_uuid, *os, *device_name;
	const char *trust; /* what a browser was given to be trusted by; "" = nothing */
};

struct adi_login {
	enum adi_login_state state;
	struct dat_account account; /* of the first two */
	char token[DAT_TOKEN_TEXT];
	int64_t expires_at;
	char secret[DAT_TOKEN_TEXT];
	enum dat_challenge_kind second;
	char trust[DAT_TOKEN_TEXT]; /* a new one for this browser, "" = none */
	char text[256];
	int r;
};
/* Wipes what is secret. */
void adi_login_done(struct adi_login *l);

void adi_login_password(struct adi_app *app, const struct adi_login_from *from, const char *name,
		const char *password, struct adi_login *ret);
/* `name`: whom the caller believes it is about, NULL = does not say. trust_days: 0 = none. */
void adi_login_code(struct adi_app *app, const struct adi_login_from *from, const char *name,
		const char *secret, const char *code, unsigned trust_days, struct adi_login *ret);
/* Lets in whom another way has proved to be this account (a provider, a one-time link), with all
 * that belongs to it; `via` names that way ("oidc"). In a transaction of its own or the caller's. */
void adi_login_enter(struct adi_app *app, struct sql_conn *c, const struct adi_login_from *from,
		const struct dat_account *a, const char *via, struct adi_login *ret);

/* Ends the session of who asks. HWS_ERR_NOTFOUND: it has ended. */
int adi_login_end(struct adi_app *app, struct sql_conn *c,
		const struct htp_request *q) HWS_MUST_CHECK;
