/* FIPS 180-4, for inputs of at most two blocks. */
#include "shared/net/sha1.h"
#include "shared/base/err.h"
#include <string.h>

#define BLOCK 64

static uint32_t turn(uint32_t x, unsigned bits)
{
	return x << bits | x >> (32 - bits);
}

static void mix(uint32_t h[5], const uint8_t *block)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
				(uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned i = 16; i < 80; i++)
		w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t f, k, next;

		if (i < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (i < 40 || i >= 60) {
			f = b ^ c ^ d;
			k = i < 40 ? 0x6ed9eba1 : 0xca62c1d6;
		} else {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		}
		next = turn(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = turn(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

int hws_sha1(struct hws_bytes in, uint8_t ret[HWS_SHA1_BYTES])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint8_t padded[2 * BLOCK] = { 0 };
	size_t total = in.len + 9 <= BLOCK ? BLOCK : 2 * BLOCK;

	if (in.len > HWS_SHA1_INPUT_MAX)
		return HWS_ERR_TOOBIG;
	if (in.len)
		memcpy(padded, in.ptr, in.len);
	padded[in.len] = 0x80;
	padded[total - 2] = (uint8_t)(in.len * 8 >> 8);
	padded[total - 1] = (uint8_t)(in.len * 8);
	for (size_t at = 0; at < total; at += BLOCK)
		mix(h, padded + at);
	for (unsigned i = 0; i < HWS_SHA1_BYTES; i++)
		ret[i] = (uint8_t)(h[i / 4] >> (24 - i % 4 * 8));
	return HWS_OK;
}
