/* X25519 between two identities. The Ed25519 keys are converted, so that nobody has to keep, send
 * or sign a second key; the purpose and both public keys are hashed with the common secret, so that
 * keys of one use or pair are of none in another. */
#include "shared/crypto/agree.h"
#include "shared/base/mem.h"
#include <sodium.h>
#include <string.h>

static int common(const struct hws_identity *own, const uint8_t other_pk[HWS_PK_LEN],
		uint8_t ret_secret[32])
{
	uint8_t pk[32], sk_secret[32];
	int r = HWS_ERR_CRYPTO;

	if (crypto_sign_ed25519_pk_to_curve25519(pk, other_pk) == 0 &&
			crypto_sign_ed25519_sk_to_curve25519(sk_secret, own->sk_secret) == 0 &&
			crypto_scalarmult_curve25519(ret_secret, sk_secret, pk) == 0)
		r = HWS_OK;
	hws_wipe(sk_secret, sizeof(sk_secret));
	return r;
}

static void derive(const uint8_t common_secret[32], char direction, const char *purpose,
		const uint8_t *first_pk, const uint8_t *second_pk, uint8_t *ret_secret)
{
	crypto_generichash_state st;

	crypto_generichash_init(&st, common_secret, 32, HWS_AGREE_KEY_LEN);
	crypto_generichash_update(&st, (const uint8_t *)purpose, strlen(purpose));
	crypto_generichash_update(&st, (const uint8_t *)&direction, 1);
	crypto_generichash_update(&st, first_pk, HWS_PK_LEN);
	crypto_generichash_update(&st, second_pk, HWS_PK_LEN);
	crypto_generichash_final(&st, ret_secret, HWS_AGREE_KEY_LEN);
	hws_wipe(&st, sizeof(st));
}

int hws_agree(const struct hws_identity *own, const uint8_t first_pk[HWS_PK_LEN],
		const uint8_t second_pk[HWS_PK_LEN], const char *purpose,
		uint8_t ret_first_secret[HWS_AGREE_KEY_LEN],
		uint8_t ret_second_secret[HWS_AGREE_KEY_LEN])
{
	bool first = !memcmp(own->pk, first_pk, HWS_PK_LEN);
	uint8_t common_secret[32];
	int r = common(own, first ? second_pk : first_pk, common_secret);

	if (r == HWS_OK) {
		derive(common_secret, '1', purpose, first_pk, second_pk, ret_first_secret);
		derive(common_secret, '2', purpose, first_pk, second_pk, ret_second_secret);
	}
	hws_wipe(common_secret, sizeof(common_secret));
	return r;
}

void hws_agree_mac(const uint8_t key_secret[HWS_AGREE_KEY_LEN], struct hws_bytes data,
		uint8_t ret[HWS_AGREE_MAC_LEN])
{
	crypto_generichash(
			ret, HWS_AGREE_MAC_LEN, data.ptr, data.len, key_secret, HWS_AGREE_KEY_LEN);
}
