/* api/account_web: questions to the API server at which the user is, or wants to be, logged in.
 * Blocking; errors have been told by api_fail. For one thread. */
#pragma once
#include "client/core/account_words.h"
#include "shared/net/proxy_client.h"
#include <hawser/hawser.h>

struct hws_web;

struct api_account_place {
	uint8_t pk[HWS_PK_LEN]; /* of the rendezvous server */
	char api[HWS_ACCOUNT_API_TEXT];
	bool plain; /* without TLS, to another machine */
	struct hws_proxy proxy;
	char uuid[HAWSER_KEY_TEXT], name[128]; /* of this machine */
};

struct api_account_web {
	const struct api_account_place *place;
	struct hws_account_device device;
	struct hws_web *web;
	const char *token; /* NULL = not logged in yet */
};

/* `place` is borrowed until the end. Plain http is for its owner to have refused. */
int api_account_web_open(
		struct api_account_web *w, const struct api_account_place *place) HWS_MUST_CHECK;
void api_account_web_close(struct api_account_web *w);
/* Takes `body`, from malloc; NULL is an error. */
int api_account_post(struct api_account_web *w, const char *path, char *body,
		struct hws_account_reply *ret) HWS_MUST_CHECK;
/* Whether somebody has agreed in the browser. */
int api_account_poll(struct api_account_web *w, const char *code,
		struct hws_account_reply *ret) HWS_MUST_CHECK;
/* What answers there is no API server. */
int api_account_strange(const struct api_account_place *place);
