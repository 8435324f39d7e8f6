/* net/sha1: SHA-1, because RFC 6455 demands it of who opens a WebSocket. It protects nothing
 * there, and nothing else may use it: libsodium rightly has none. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/macros.h"

#define HWS_SHA1_BYTES 20
#define HWS_SHA1_INPUT_MAX 119 /* what two blocks hold */

/* Of at most HWS_SHA1_INPUT_MAX bytes, else HWS_ERR_TOOBIG. */
int hws_sha1(struct hws_bytes in, uint8_t ret[HWS_SHA1_BYTES]) HWS_MUST_CHECK;
