/* identity/metadata: what a provider says of itself at /.well-known/openid-configuration, without
 * I/O. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define IDN_ISSUER_TEXT 513
#define IDN_URL_TEXT 1025

struct idn_metadata {
	char issuer[IDN_ISSUER_TEXT];
	char authorize[IDN_URL_TEXT]; /* where the browser goes */
	char token[IDN_URL_TEXT];     /* where the code is redeemed */
	char jwks[IDN_URL_TEXT];      /* its public keys */
	char userinfo[IDN_URL_TEXT];  /* "" = none */
	/* Where it takes the client's secret. */
	bool secret_in_body, secret_in_head;
};

/* Where it is read; HWS_ERR_INVAL: the issuer is no https address. */
int idn_metadata_url(
		const char *issuer, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* HWS_ERR_PROTO with words: no such document, another's, or with addresses that are no https. */
int idn_metadata_read(struct hws_bytes text, const char *issuer, struct idn_metadata *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* An https address without a fragment, credentials, blanks or control signs, below `size`. */
bool idn_url_valid(const char *url, size_t size);
