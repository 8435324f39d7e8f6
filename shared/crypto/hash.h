/* crypto/hash: a keyed hash for tables whose keys strangers choose (SipHash-2-4), and comparing in
 * constant time. */
#pragma once
#include "shared/base/bytes.h"
#include <stdbool.h>

#define HWS_HASH_KEY_LEN 16

/* Without the key nobody can make entries collide: draw it at start (hws_rand_bytes). */
uint64_t hws_keyed_hash(const uint8_t key[HWS_HASH_KEY_LEN], struct hws_bytes data);
/* 128 bits of it (SipHash-x-2-4), where two entries must not be mistaken for each other. */
void hws_keyed_hash128(const uint8_t key[HWS_HASH_KEY_LEN], struct hws_bytes data, uint8_t ret[16]);
/* Time depends on `len` only. */
bool hws_secret_equal(const void *a, const void *b, size_t len);
