/* Keeps two clipboards from answering each other for ever; by time, since a text copied again
 * later is meant. */
#include "client/services/clipboard/echo.h"
#include "shared/crypto/hash.h"
#include <string.h>

/* The text itself may be a password: only its hash is kept. Whoever makes two texts with one hash
 * has a copy of the second left out, which harms nobody; so the key need not be secret. */
static const uint8_t key[HWS_HASH_KEY_LEN] = { 'h', 'a', 'w', 's', 'e', 'r' };

void hws_clip_echo_set(struct hws_clip_echo *e, struct hws_bytes text, uint64_t now_us)
{
	hws_keyed_hash128(key, text, e->hash);
	e->len = text.len;
	e->since_us = now_us;
}

bool hws_clip_echo_is(struct hws_clip_echo *e, struct hws_bytes text, uint64_t now_us)
{
	uint8_t hash[sizeof(e->hash)];
	bool same = e->len && e->len == text.len && now_us - e->since_us <= HWS_CLIP_ECHO_US;

	if (same) {
		hws_keyed_hash128(key, text, hash);
		same = memcmp(hash, e->hash, sizeof(hash)) == 0;
	}
	if (!same)
		e->len = 0;
	return same;
}
