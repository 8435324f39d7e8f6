/* Each frame of a keyed link: authenticated, encrypted, counted. A counter that is not the next
 * one does not open, so nothing is replayed, dropped or put in another order unnoticed. */
#include "shared/crypto/record.h"

#include <sodium.h>

_Static_assert(HWS_RECORD_OVERHEAD == crypto_secretbox_MACBYTES, "wire format");

/* The counter, little endian, then zeros. */
static void nonce_of(uint64_t counter, uint8_t nonce[crypto_secretbox_NONCEBYTES])
{
	memset(nonce, 0, crypto_secretbox_NONCEBYTES);
	for (size_t i = 0; i < 8; i++)
		nonce[i] = (uint8_t)(counter >> (8 * i));
}

void hws_record_init(struct hws_record *r, const uint8_t key[32])
{
	memcpy(r->key_secret, key, sizeof(r->key_secret));
	r->tx = 0;
	r->rx = 0;
}

void hws_record_wipe(struct hws_record *r)
{
	sodium_memzero(r, sizeof(*r));
}

int hws_record_seal(struct hws_record *r, struct hws_bytes plain, uint8_t *out)
{
	uint8_t nonce[crypto_secretbox_NONCEBYTES];

	if (r->tx == UINT64_MAX) /* a nonce must not come twice */
		return HWS_ERR_PROTO;
	nonce_of(r->tx + 1, nonce);
	/* fails only above 2^38 bytes, which no frame header can announce */
	if (crypto_secretbox_easy(out, plain.ptr, plain.len, nonce, r->key_secret) != 0)
		return HWS_ERR_PROTO;
	r->tx++;
	return HWS_OK;
}

int hws_record_open(struct hws_record *r, struct hws_bytes in, uint8_t *out, struct hws_bytes *ret)
{
	uint8_t nonce[crypto_secretbox_NONCEBYTES];

	if (in.len <= 1) {
		*ret = in;
		return HWS_OK;
	}
	if (in.len < HWS_RECORD_OVERHEAD)
		return HWS_ERR_CRYPTO;
	if (r->rx == UINT64_MAX)
		return HWS_ERR_PROTO;
	nonce_of(r->rx + 1, nonce);
	if (crypto_secretbox_open_easy(out, in.ptr, in.len, nonce, r->key_secret) != 0)
		return HWS_ERR_CRYPTO;
	r->rx++;
	*ret = hws_bytes(out, in.len - HWS_RECORD_OVERHEAD);
	return HWS_OK;
}
