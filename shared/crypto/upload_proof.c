/* crypto/upload_proof: one line for each part of the claim, the body by its hash. */
#include "shared/crypto/upload_proof.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/digest.h"

void hws_upload_hash(struct hws_bytes body, char buf[HWS_UPLOAD_HASH_TEXT])
{
	uint8_t raw[HWS_SHA256_LEN];

	_Static_assert(HWS_UPLOAD_HASH_TEXT == 2 * HWS_SHA256_LEN + 1, "length");
	hws_sha256(body, raw);
	if (hws_hex_encode(hws_bytes(raw, sizeof(raw)), buf, HWS_UPLOAD_HASH_TEXT) < 0)
		buf[0] = '\0'; /* cannot be */
}

int hws_upload_text(const struct hws_upload *u, char buf[HWS_UPLOAD_TEXT])
{
	const char *const parts[] = { u->id, u->time_s, u->type, u->file, u->offset, u->length,
		u->started, u->seconds, u->resume, u->hash };

	for (size_t i = 0; i < HWS_COUNT(parts); i++)
		if (strchr(parts[i], '\n'))
			return HWS_ERR_INVAL;
	return hws_fmt(buf, HWS_UPLOAD_TEXT,
			"hawser upload v2\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n", u->id,
			u->time_s, u->type, u->file, u->offset, u->length, u->started, u->seconds,
			u->resume, u->hash);
}

int hws_upload_check(const struct hws_upload *u, const char *signature,
		const uint8_t pk[HWS_PK_LEN], int64_t now_s)
{
	uint8_t sig[HWS_SIG_LEN];
	char text[HWS_UPLOAD_TEXT];
	uint64_t at;
	int r = hws_base64_decode(hws_bytes_str(signature), sig, sizeof(sig));

	if (r == HWS_OK && (hws_parse_u64(u->time_s, &at) < 0 || at > INT64_MAX / 2))
		r = HWS_ERR_INVAL;
	if (r == HWS_OK)
		r = hws_upload_text(u, text);
	if (r < 0)
		return HWS_ERR_INVAL;
	r = hws_verify(pk, hws_bytes_str(text), hws_bytes(sig, sizeof(sig)));
	if (r == HWS_OK &&
			((int64_t)at < now_s - HWS_UPLOAD_AGE_S ||
					(int64_t)at > now_s + HWS_UPLOAD_AGE_S))
		r = HWS_ERR_RANGE;
	return r;
}
