/* reach/server_list: the rendezvous servers that a setting names, each with its own key, so that
 * the key of one is never used with another. Pure. */
#pragma once
#include "client/reach/server_addr.h"
#include "shared/base/err.h"
#include "shared/wire/limits.h"

#define HWS_SERVERS_MAX 8u
/* The longest text of such a list. */
#define HWS_SERVERS_TEXT (HWS_SERVERS_MAX * (HWS_SERVER_ADDR_TEXT + HWS_KEY_TEXT_MAX + 8))

struct hws_server_entry {
	char text[HWS_SERVER_ADDR_TEXT]; /* as reach/server_addr reads it */
	char key[HWS_KEY_TEXT_MAX + 1];  /* "" = none is known */
	/* of an account there, NULL = none; a secret, of whoever set it */
	const char *token_secret;
	bool token_by_tls; /* TLS for its name is enough: who has the token named it himself */
};

struct hws_server_list {
	size_t count;
	struct hws_server_entry entry[HWS_SERVERS_MAX]; /* the first is asked first */
};

/* `servers`: addresses with commas, blanks or line ends between, each perhaps with "?key=KEY"
 * behind it. `keys`: one for all that have none so, or as many as there are servers, in their
 * order, "-" for none. Both may be "". An error says what is wrong with which. */
int hws_server_list_parse(const char *servers, const char *keys, struct hws_server_list *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Whether a text can be one of `servers`, or one of `keys` for any of them; "" can. */
bool hws_server_list_is(const char *servers);
bool hws_server_list_are_keys(const char *keys);
/* That what stands for keys can be some: keys of Ed25519 as text. */
int hws_server_list_check_keys(
		const struct hws_server_list *l, struct hws_error *err) HWS_MUST_CHECK;
