/* crypto/mac: what only who has the key could have made (BLAKE2b with a key). */
#pragma once
#include "shared/base/bytes.h"

#define HWS_MAC_KEY_LEN 32
#define HWS_MAC_LEN 32

/* Over all parts, each with its length before it: where one ends and the next begins counts. */
void hws_mac(const uint8_t key[HWS_MAC_KEY_LEN], const struct hws_bytes *parts, size_t n,
		uint8_t ret[HWS_MAC_LEN]);
