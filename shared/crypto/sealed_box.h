/* crypto/sealed_box: closes bytes so that only who has a secret key opens them; who closed them
 * cannot. Nothing tells who that was. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_SEALED_BOX_KEY_LEN 32
#define HWS_SEALED_BOX_OVERHEAD 48

struct hws_sealed_box_pair {
	uint8_t pk[HWS_SEALED_BOX_KEY_LEN];
	uint8_t sk_secret[HWS_SEALED_BOX_KEY_LEN];
};

void hws_sealed_box_pair_new(struct hws_sealed_box_pair *ret);
/* The pair of a secret key. */
void hws_sealed_box_pair_of(
		const uint8_t sk[HWS_SEALED_BOX_KEY_LEN], struct hws_sealed_box_pair *ret);
void hws_sealed_box_pair_wipe(struct hws_sealed_box_pair *p);
/* `ret` has room for plain.len + HWS_SEALED_BOX_OVERHEAD. HWS_ERR_CRYPTO: the key is none. */
int hws_sealed_box_close(const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], struct hws_bytes plain,
		uint8_t *ret) HWS_MUST_CHECK;
/* `ret` has room for sealed.len - HWS_SEALED_BOX_OVERHEAD. HWS_ERR_CRYPTO: of another key, or
 * changed. */
int hws_sealed_box_open(const struct hws_sealed_box_pair *pair, struct hws_bytes sealed,
		uint8_t *ret) HWS_MUST_CHECK;
