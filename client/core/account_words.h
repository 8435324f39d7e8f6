/* core/account_words: what an API server is asked about an account, and what its answers mean.
 * Answers are a stranger's words. Pure. */
#pragma once
#include "client/core/accounts.h"

enum hws_account_said {
	HWS_ACCOUNT_REFUSED, /* `text` says why; "" = it did not say */
	HWS_ACCOUNT_TOKEN,   /* logged in: token, user, title */
	/* wants a second factor: `secret`, `user`; of the app, or mailed to `hint` */
	HWS_ACCOUNT_CODE_APP,
	HWS_ACCOUNT_CODE_MAIL,
	HWS_ACCOUNT_USER,    /* who one is: user, title */
	HWS_ACCOUNT_BROWSER, /* to be opened: `url`; asked about by `secret` */
	HWS_ACCOUNT_WAIT,    /* nobody has agreed there yet */
	HWS_ACCOUNT_STRANGE  /* no answer of an API server */
};

struct hws_account_reply {
	enum hws_account_said said;
	char text[300], hint[128];
	char user[HWS_ACCOUNT_NAME_TEXT], title[HWS_ACCOUNT_NAME_TEXT];
	char token_secret[HWS_ACCOUNT_TOKEN_TEXT], secret[HWS_ACCOUNT_TOKEN_TEXT];
	char url[4096];
};

/* What may be shown is plain afterwards. */
void hws_account_reply_parse(struct hws_bytes body, struct hws_account_reply *ret);

/* This machine, as the server lists it; `uuid` is the same at each question of a login. */
struct hws_account_device {
	const char *uuid, *name;
};
/* Bodies of questions, from malloc, with secrets; NULL without memory. */
char *hws_account_ask_password(
		const struct hws_account_device *d, const char *user, const char *password);
char *hws_account_ask_code(const struct hws_account_device *d, const struct hws_account_reply *of,
		const char *code);
char *hws_account_ask_provider(
		const struct hws_account_device *d, const char *provider, const char *api);
char *hws_account_ask_self(const struct hws_account_device *d);

/* Where deployed clients look for the API server of a rendezvous server: http at its port less
 * two. */
int hws_account_api_of(const char *server, char *buf, size_t size) HWS_MUST_CHECK;
/* A web address that can be one; a slash at the end is cut. *ret_plain: http without TLS to another
 * machine. */
int hws_account_api_take(const char *url, char *buf, size_t size, bool *ret_plain) HWS_MUST_CHECK;
