/* libsodium decodes, and what it gives is encoded again and compared: the library is more
 * generous than one text for each value allows. */
#include "shared/crypto/base64.h"

#include <sodium.h>

#define B64 sodium_base64_VARIANT_ORIGINAL
#define LEN_MAX 256

int hws_base64_decode(struct hws_bytes text, uint8_t *ret, size_t len)
{
	uint8_t raw[LEN_MAX];
	char again[HWS_BASE64_TEXT(LEN_MAX)];
	size_t got = 0;
	int r = HWS_ERR_INVAL;

	if (len > LEN_MAX || text.len != HWS_BASE64_TEXT(len) - 1)
		return r;
	if (sodium_base642bin(raw, len, (const char *)text.ptr, text.len, NULL, &got, NULL, B64) !=
					0 ||
			got != len)
		goto out;
	/* The library takes some bytes above 0x7f for digits: only what it would write itself
	 * counts. */
	sodium_bin2base64(again, sizeof(again), raw, len, B64);
	if (sodium_memcmp(again, text.ptr, text.len) != 0)
		goto out;
	memcpy(ret, raw, len);
	r = HWS_OK;
out:
	sodium_memzero(raw, sizeof(raw));
	sodium_memzero(again, sizeof(again));
	return r;
}

static int encode(struct hws_bytes in, int variant, char *buf, size_t size)
{
	if (in.len > SIZE_MAX / 2 || size < sodium_base64_encoded_len(in.len, variant))
		return HWS_ERR_TOOBIG;
	sodium_bin2base64(buf, size, in.ptr, in.len, variant);
	return HWS_OK;
}

int hws_base64_encode(struct hws_bytes in, char *buf, size_t size)
{
	return encode(in, B64, buf, size);
}

int hws_base64url_encode(struct hws_bytes in, char *buf, size_t size)
{
	return encode(in, sodium_base64_VARIANT_URLSAFE_NO_PADDING, buf, size);
}
