/* Records between two hawser ends. A key for each direction, so no nonce ever comes twice and
 * nothing can be sent back; the type and the padding are inside, so that a filler looks like a key
 * press. */
#include "shared/crypto/record_v2.h"

#include "shared/base/mem.h"
#include "shared/crypto/transcript.h"
#include <sodium.h>

#define COUNT_MAX (1ull << 20)
#define BYTES_MAX (1ull << 30)
#define TAG crypto_aead_chacha20poly1305_ietf_ABYTES

_Static_assert(TAG + 1 == HWS_RECORD_V2_OVERHEAD, "wire format");
_Static_assert(HWS_RECORD_V2_KEY_LEN == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "wire format");

void hws_record_v2_init(struct hws_record_v2 *r, const uint8_t key[HWS_RECORD_V2_KEY_LEN])
{
	*r = (struct hws_record_v2){ .count_max = COUNT_MAX, .bytes_max = BYTES_MAX, .keys = 1 };
	memcpy(r->key_secret, key, sizeof(r->key_secret));
}

void hws_record_v2_wipe(struct hws_record_v2 *r)
{
	hws_wipe(r, sizeof(*r));
}

size_t hws_record_v2_len(size_t content, size_t pad)
{
	size_t inner = content + 1;

	if (pad > 1 && inner % pad)
		inner += pad - inner % pad;
	return inner + TAG;
}

/* The key of the next record: the old one cannot be had back from it. */
static void turn_key(struct hws_record_v2 *r)
{
	if (r->count < r->count_max && r->bytes < r->bytes_max)
		return;
	hws_digest_keyed(r->key_secret, "hawser v2 rekey", NULL, 0, r->key_secret);
	r->count = 0;
	r->bytes = 0;
	r->keys++;
}

static void nonce_of(uint64_t n, uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
	memset(nonce, 0, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
	for (size_t i = 0; i < 8; i++)
		nonce[i] = (uint8_t)(n >> (8 * i));
}

static void count(struct hws_record_v2 *r, size_t len)
{
	r->count++;
	r->bytes += len;
}

int hws_record_v2_seal(struct hws_record_v2 *r, enum hws_record_type type, struct hws_bytes content,
		size_t pad, uint8_t *out)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	size_t len = hws_record_v2_len(content.len, pad), inner = len - TAG;

	turn_key(r);
	nonce_of(r->count, nonce);
	if (content.len && out != content.ptr)
		memcpy(out, content.ptr, content.len);
	out[content.len] = (uint8_t)type;
	memset(out + content.len + 1, 0, inner - content.len - 1);
	/* fails only above 2^38 bytes, which no frame header can announce */
	if (crypto_aead_chacha20poly1305_ietf_encrypt(
			    out, NULL, out, inner, NULL, 0, NULL, nonce, r->key_secret) != 0)
		return HWS_ERR_PROTO;
	count(r, len);
	return HWS_OK;
}

/* The type is the last byte that is not zero; what is before it is content. */
static int take_type(struct hws_bytes inner, enum hws_record_type *ret_type, struct hws_bytes *ret)
{
	size_t n = inner.len;

	while (n && inner.ptr[n - 1] == 0)
		n--;
	if (!n || inner.ptr[n - 1] > HWS_RECORD_FILLER)
		return HWS_ERR_CRYPTO;
	*ret_type = (enum hws_record_type)inner.ptr[n - 1];
	if (*ret_type != HWS_RECORD_MESSAGE && n > 1)
		return HWS_ERR_CRYPTO; /* close and filler say nothing else */
	*ret = hws_bytes(inner.ptr, n - 1);
	return HWS_OK;
}

int hws_record_v2_open(struct hws_record_v2 *r, struct hws_bytes in, uint8_t *out,
		enum hws_record_type *ret_type, struct hws_bytes *ret)
{
	uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	unsigned long long inner;

	if (in.len < HWS_RECORD_V2_OVERHEAD)
		return HWS_ERR_CRYPTO;
	turn_key(r);
	nonce_of(r->count, nonce);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(
			    out, &inner, NULL, in.ptr, in.len, NULL, 0, nonce, r->key_secret) != 0)
		return HWS_ERR_CRYPTO;
	count(r, in.len);
	return take_type(hws_bytes(out, (size_t)inner), ret_type, ret);
}
