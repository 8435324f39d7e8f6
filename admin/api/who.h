/* api/who: who makes a request: a session of a client, of a browser, of the console (cookie), an
 * API token, or the operator on this machine. */
#pragma once
#include "admin/api/app.h"
#include "admin/data/sessions.h"
#include "admin/data/tokens.h"

enum adi_via { ADI_VIA_CLIENT, ADI_VIA_BROWSER, ADI_VIA_CONSOLE, ADI_VIA_TOKEN, ADI_VIA_LOCAL };

#define ADI_COOKIE "hawser_session"
#define ADI_CSRF_FIELD "X-CSRF-Token"

/* Refusals that have a code of their own in /api/v1 (adi_v1_shape). */
#define ADI_TEXT_PAGE_OLD "The page is out of date; load it again"
#define ADI_TEXT_ACT_FIRST "Change the password or set up the second factor first"

struct adi_who {
	enum adi_via via;
	/* ADI_VIA_LOCAL: no account of the database; role owner, name "local", guid "". */
	struct dat_account account;
	struct dat_session session;  /* of the first three */
	struct dat_token token;      /* of a token */
	char secret[DAT_TOKEN_TEXT]; /* what a session or token was proved with */
	char ip[DAT_IP_TEXT];        /* "" = unknown */
};

/* htp_conf.authorise; `arg` is the app. Looks at the route's roles and scope as well. A session
 * of a client or browser opens no route of /api/v1; a token only routes with a scope it has. */
int adi_authorise(struct htp_request *q, struct htp_reply *reply, void *arg);
/* NULL on routes that are open. */
const struct adi_who *adi_who(const struct htp_request *q);
/* "client" ... "local": for the audit. */
const char *adi_via_name(enum adi_via via);
/* Bit of a role in htp_route.roles. */
#define ADI_ROLE(r) (1u << (r))

/* The address of who sent a request, "" if it is not known. */
void adi_ip(const struct htp_request *q, char buf[DAT_IP_TEXT]);
/* What a console's page must send back with each write; of the session's secret. */
void adi_csrf(const char *secret, char buf[DAT_HASH_TEXT]);
/* Sets the cookie; `secret` NULL ends it. */
void adi_set_cookie(const struct htp_request *q, struct htp_reply *reply, const char *secret);

/* An event of the audit by who makes the request (also one that nobody has proved to be: then
 * `actor` is what they say they are, NULL otherwise). In the caller's transaction. */
struct adi_deed {
	const char *kind; /* "user.add" */
	const char *target_kind, *target_guid, *target_name;
	const char *info; /* JSON object, NULL = none */
	const char *actor;
};
int adi_audit(struct adi_app *a, struct sql_conn *c, const struct htp_request *q,
		const struct adi_deed *deed) HWS_MUST_CHECK;
