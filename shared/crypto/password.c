/* The double hash of the deployed wire, by which a password is proved but not sent, and what of
 * it may be kept: whoever has the first hash can log in, so it is handled as the password. */
#include "shared/crypto/password.h"

#include <sodium.h>

#include "shared/base/rand.h"
#include "shared/crypto/base64.h"

#define B64 sodium_base64_VARIANT_ORIGINAL

static const char readable[] = "23456789abcdefghijkmnpqrstuvwxyz";
static const char digits[] = "0123456789";

_Static_assert(sizeof(readable) - 1 == 32, "the set of the wire");
_Static_assert(HWS_H1_STORED_TEXT == 2 + sodium_base64_ENCODED_LEN(HWS_H1_LEN, B64), "text size");

static void sha256_two(struct hws_bytes a, struct hws_bytes b, uint8_t ret[32])
{
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, a.ptr, a.len);
	crypto_hash_sha256_update(&st, b.ptr, b.len);
	crypto_hash_sha256_final(&st, ret);
	sodium_memzero(&st, sizeof(st));
}

void hws_password_h1(struct hws_bytes password, const char *salt, uint8_t ret_secret[HWS_H1_LEN])
{
	sha256_two(password, hws_bytes_str(salt), ret_secret);
}

void hws_password_proof(const uint8_t h1_secret[HWS_H1_LEN], const char *challenge,
		uint8_t ret[HWS_PROOF_LEN])
{
	sha256_two(hws_bytes(h1_secret, HWS_H1_LEN), hws_bytes_str(challenge), ret);
}

bool hws_password_verify(
		const uint8_t h1_secret[HWS_H1_LEN], const char *challenge, struct hws_bytes proof)
{
	uint8_t want[HWS_PROOF_LEN];
	bool right;

	hws_password_proof(h1_secret, challenge, want);
	right = proof.len == sizeof(want) && sodium_memcmp(want, proof.ptr, sizeof(want)) == 0;
	sodium_memzero(want, sizeof(want));
	return right;
}

int hws_password_random(enum hws_password_set set, size_t chars, char *buf, size_t size)
{
	const char *from = set == HWS_PASSWORD_DIGITS ? digits : readable;
	uint32_t count = set == HWS_PASSWORD_DIGITS ? sizeof(digits) - 1 : sizeof(readable) - 1;

	if (chars > HWS_PASSWORD_RANDOM_MAX || chars >= size)
		return HWS_ERR_RANGE;
	for (size_t i = 0; i < chars; i++)
		buf[i] = from[hws_rand_below(count)];
	buf[chars] = '\0';
	return HWS_OK;
}

void hws_password_salt(char buf[HWS_SALT_TEXT])
{
	(void)!hws_password_random(HWS_PASSWORD_READABLE, HWS_SALT_TEXT - 1, buf, HWS_SALT_TEXT);
}

void hws_password_challenge(char buf[HWS_CHALLENGE_TEXT])
{
	(void)!hws_password_random(
			HWS_PASSWORD_READABLE, HWS_CHALLENGE_TEXT - 1, buf, HWS_CHALLENGE_TEXT);
}

void hws_password_store(const uint8_t h1_secret[HWS_H1_LEN], char buf[HWS_H1_STORED_TEXT])
{
	buf[0] = '0';
	buf[1] = '0';
	sodium_bin2base64(buf + 2, HWS_H1_STORED_TEXT - 2, h1_secret, HWS_H1_LEN, B64);
}

int hws_password_load(const char *text, uint8_t ret_secret[HWS_H1_LEN])
{
	if (strncmp(text, "00", 2) != 0 ||
			hws_base64_decode(hws_bytes_str(text + 2), ret_secret, HWS_H1_LEN) < 0)
		return HWS_ERR_CORRUPT;
	return HWS_OK;
}
