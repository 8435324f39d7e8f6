/* crypto/hmac: HMAC-SHA-256, for others who check it with what every language has. Between our own
 * ends crypto/mac.h. */
#pragma once
#include "shared/base/bytes.h"

#define HWS_HMAC_LEN 32

/* Over the parts one after the other. */
void hws_hmac_sha256(struct hws_bytes key, const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_HMAC_LEN]);
