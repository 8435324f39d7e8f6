/* crypto/totp: SHA-1 is here for this alone (libsodium has none): in an HMAC it is still sound. */
#include "shared/crypto/totp.h"
#include "shared/base/macros.h"
#include "shared/crypto/hash.h"

#include <sodium.h>

#define SHA1_LEN 20
#define BLOCK 64

struct sha1 {
	uint32_t h[5];
	uint8_t block[BLOCK];
	uint64_t len;
};

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static uint32_t mixed(unsigned i, const uint32_t v[5], uint32_t *ret_k)
{
	static const uint32_t k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };

	*ret_k = k[i / 20];
	if (i < 20)
		return (v[1] & v[2]) | (~v[1] & v[3]);
	if (i < 40 || i >= 60)
		return v[1] ^ v[2] ^ v[3];
	return (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]);
}

static void sha1_block(struct sha1 *s)
{
	uint32_t w[80], v[5];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)s->block[4 * i] << 24 | (uint32_t)s->block[4 * i + 1] << 16 |
				(uint32_t)s->block[4 * i + 2] << 8 | s->block[4 * i + 3];
	for (unsigned i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(v, s->h, sizeof(v));
	for (unsigned i = 0; i < 80; i++) {
		uint32_t k, f = mixed(i, v, &k);
		uint32_t t = rotate(v[0], 5) + f + v[4] + k + w[i];

		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = t;
	}
	for (unsigned i = 0; i < 5; i++)
		s->h[i] += v[i];
	sodium_memzero(w, sizeof(w));
}

static void sha1_init(struct sha1 *s)
{
	*s = (struct sha1){
		.h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 },
	};
}

static void sha1_add(struct sha1 *s, struct hws_bytes in)
{
	for (size_t i = 0; i < in.len; i++) {
		s->block[s->len++ % BLOCK] = in.ptr[i];
		if (s->len % BLOCK == 0)
			sha1_block(s);
	}
}

static void sha1_end(struct sha1 *s, uint8_t ret[SHA1_LEN])
{
	static const uint8_t pad[BLOCK] = { 0x80 };
	uint64_t bits = s->len * 8;
	uint8_t tail[8];

	sha1_add(s, hws_bytes(pad, 1 + (BLOCK + 55 - s->len % BLOCK) % BLOCK));
	for (unsigned i = 0; i < 8; i++)
		tail[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha1_add(s, hws_bytes(tail, sizeof(tail)));
	for (unsigned i = 0; i < SHA1_LEN; i++)
		ret[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
	sodium_memzero(s, sizeof(*s));
}

static void hmac(struct hws_bytes key, struct hws_bytes in, uint8_t ret[SHA1_LEN])
{
	uint8_t inner[BLOCK] = { 0 }, outer[BLOCK];
	struct sha1 s;

	if (key.len > BLOCK) {
		sha1_init(&s);
		sha1_add(&s, key);
		sha1_end(&s, inner);
	} else if (key.len) {
		memcpy(inner, key.ptr, key.len);
	}
	for (unsigned i = 0; i < BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	sha1_init(&s);
	sha1_add(&s, hws_bytes(inner, BLOCK));
	sha1_add(&s, in);
	sha1_end(&s, ret);
	sha1_init(&s);
	sha1_add(&s, hws_bytes(outer, BLOCK));
	sha1_add(&s, hws_bytes(ret, SHA1_LEN));
	sha1_end(&s, ret);
	sodium_memzero(inner, sizeof(inner));
	sodium_memzero(outer, sizeof(outer));
}

void hws_totp_code(struct hws_bytes secret, uint64_t step, char buf[HWS_TOTP_CODE_TEXT])
{
	uint8_t moment[8], mac[SHA1_LEN];
	uint32_t v;
	size_t at;

	for (unsigned i = 0; i < 8; i++)
		moment[i] = (uint8_t)(step >> (56 - 8 * i));
	hmac(secret, hws_bytes(moment, sizeof(moment)), mac);
	at = mac[SHA1_LEN - 1] & 15;
	v = (uint32_t)(mac[at] & 127) << 24 | (uint32_t)mac[at + 1] << 16 |
			(uint32_t)mac[at + 2] << 8 | mac[at + 3];
	for (int i = HWS_TOTP_CODE_TEXT - 2; i >= 0; i--, v /= 10)
		buf[i] = (char)('0' + v % 10);
	buf[HWS_TOTP_CODE_TEXT - 1] = '\0';
	sodium_memzero(mac, sizeof(mac));
}

int hws_totp_check(struct hws_bytes secret, const char *code, uint64_t now_s, uint64_t last_step,
		uint64_t *ret_step)
{
	uint64_t now = now_s / HWS_TOTP_STEP_S, found = 0;
	char given[HWS_TOTP_CODE_TEXT] = { 0 }, right[HWS_TOTP_CODE_TEXT];
	bool whole = strnlen(code, sizeof(given)) == sizeof(given) - 1;

	if (whole)
		memcpy(given, code, sizeof(given) - 1);
	for (uint64_t step = now > 0 ? now - 1 : 0; step <= now + 1; step++) {
		bool same;

		hws_totp_code(secret, step, right);
		same = hws_secret_equal(given, right, sizeof(right) - 1);
		if (same & whole & (step > last_step))
			found = step;
	}
	sodium_memzero(right, sizeof(right));
	if (!found)
		return HWS_ERR_PASSWORD;
	*ret_step = found;
	return HWS_OK;
}

void hws_totp_secret_text(const uint8_t secret[HWS_TOTP_SECRET_LEN], char buf[HWS_TOTP_SECRET_TEXT])
{
	static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	for (unsigned i = 0; i < HWS_TOTP_SECRET_TEXT - 1; i++) {
		unsigned bit = i * 5, byte = bit / 8;
		unsigned two = (unsigned)secret[byte] << 8 |
				(byte + 1 < HWS_TOTP_SECRET_LEN ? secret[byte + 1] : 0u);

		buf[i] = signs[two >> (11 - bit % 8) & 31];
	}
	buf[HWS_TOTP_SECRET_TEXT - 1] = '\0';
}
