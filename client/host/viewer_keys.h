/* host/viewer_keys: the installations of viewers that may log in at all, by their keys. Pure. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include <stdbool.h>

#define HWS_VIEWER_KEYS_MAX 256u

struct hws_viewer_keys {
	unsigned count; /* 0: everybody */
	uint8_t pk[HWS_VIEWER_KEYS_MAX][HWS_PK_LEN];
};

/* A comma separated list of keys (base64) or fingerprints (64 hex digits; blanks and colons may
 * stand between them), both as viewers show them. HWS_ERR_INVAL, HWS_ERR_RANGE: too many. */
int hws_viewer_keys_parse(const char *list, struct hws_viewer_keys *ret,
		struct hws_error *err) HWS_MUST_CHECK;
bool hws_viewer_keys_know(const struct hws_viewer_keys *k, const uint8_t pk[HWS_PK_LEN]);
/* Whether it is the owner of `pk` who speaks on this channel. `binding` (32 bytes) is what the gate
 * says it is; `word` (32 bytes, hws_secure_word) is what hostd signed for this connection, so that
 * no gate shows what another one has seen. */
bool hws_viewer_key_proves(struct hws_bytes pk, struct hws_bytes signature, const uint8_t *binding,
		const uint8_t *word);
