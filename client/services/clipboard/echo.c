/* Keeps two clipboards from answering each other for ever; by time, since what is copied again
 * later is meant. */
#include "client/services/clipboard/echo.h"
#include "shared/crypto/hash.h"
#include <string.h>

/* The content itself may be a password: only its hash is kept. Whoever makes two contents with one
 * hash has a copy of the second left out, which harms nobody; so the key need not be secret. */
static const uint8_t key[HWS_HASH_KEY_LEN] = { 'h', 'a', 'w', 's', 'e', 'r' };

void hws_clip_echo_set(struct hws_clip_echo *e, const struct hws_clip_content *c, uint64_t now_us)
{
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++) {
		e->part[i].len = c->part[i].len;
		if (c->part[i].len)
			hws_keyed_hash128(key, c->part[i], e->part[i].hash);
	}
	e->known = hws_clip_content_size(c) > 0;
	e->since_us = now_us;
}

bool hws_clip_echo_is(struct hws_clip_echo *e, const struct hws_clip_content *c, uint64_t now_us)
{
	uint8_t hash[16];
	bool same = false;
	unsigned f = 0;

	while (f < HWS_CLIP_FORMATS && !c->part[f].len)
		f++;
	if (f < HWS_CLIP_FORMATS && e->known && e->part[f].len == c->part[f].len &&
			now_us - e->since_us <= HWS_CLIP_ECHO_US) {
		hws_keyed_hash128(key, c->part[f], hash);
		same = memcmp(hash, e->part[f].hash, sizeof(hash)) == 0;
	}
	if (!same)
		e->known = false;
	return same;
}
