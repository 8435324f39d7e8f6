/* api/page: the few pages that browsers are shown by the API itself, on their way back from a
 * provider of identity: without scripts, in the console's dress. */
#pragma once
#include "admin/http/reply.h"

/* All texts may be anybody's words: they are shown, never more. */
void adi_page(struct htp_reply *reply, int status, const char *title, const char *text);

struct adi_question {
	const char *account, *provider;
	const char *device_name, *device_os, *device_id, *ip; /* who asks; "" = not known */
	const char *consent;                                  /* what the answer must bring */
};
/* Whether that device may come in; the answer is a form to /api/oidc/consent. */
void adi_page_ask(struct htp_reply *reply, const struct adi_question *q);
