/* http/origin: which web sites may use the API in the browsers of our users. */
#pragma once
#include "admin/http/head.h"
#include "admin/http/reply.h"

#define HTP_ORIGINS_MAX 32u

struct htp_origins {
	char *item[HTP_ORIGINS_MAX];
	unsigned count;
};

/* "https://a.example, https://b.example:8443"; replaces the content only if all of it is right.
 * "*" is refused: tokens are at stake. */
int htp_origins_parse(
		const char *text, struct htp_origins *o, struct hws_error *err) HWS_MUST_CHECK;
void htp_origins_done(struct htp_origins *o);
/* The one of the list that the request comes from, NULL: it names none, or none of ours. Borrows
 * from `o`. */
const char *htp_origins_match(const struct htp_origins *o, const struct htp_head *head);
/* Whether a browser made the request for our own pages, or for one of the list; or no browser. */
bool htp_origins_own(const struct htp_origins *o, const struct htp_head *head);
/* The answer to OPTIONS. */
void htp_origins_preflight(struct htp_reply *reply, const struct htp_head *head, const char *origin,
		unsigned allowed);
