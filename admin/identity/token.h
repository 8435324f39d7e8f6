/* identity/token: the signed word of a provider about a person (an ID token of OpenID Connect),
 * without I/O and without a clock of its own. */
#pragma once
#include "shared/base/err.h"
#include <jansson.h>
#include <stdint.h>

#define IDN_TOKEN_MAX 65536u /* bytes of a token */
#define IDN_KEYS_MAX 64u     /* of a provider's set that are looked at */
#define IDN_SUBJECT_MAX 255u
#define IDN_SKEW_S 60 /* clocks may differ by so much */

struct idn_expect {
	const char *issuer, *client_id, *nonce;
	int64_t now_s;
};

/* Checks the signature by one of the provider's public keys (a JWK set), and that the word is from
 * this issuer, for this client, for this login, and of this time. Only algorithms with a public key
 * are taken, and each only with a key of its kind: never "none", never a MAC. *ret: the claims, the
 * caller's to release.
 * HWS_ERR_NOTFOUND: no key of the set could have signed it, so that a newer set may help;
 * HWS_ERR_CRYPTO: the signature is wrong; HWS_ERR_DENIED: the word is for another or another time;
 * HWS_ERR_PROTO, HWS_ERR_TOOBIG: no token. `err` has words without anything of the token. */
int idn_token_read(const char *token, const json_t *keys, const struct idn_expect *expect,
		json_t **ret, struct hws_error *err) HWS_MUST_CHECK;
