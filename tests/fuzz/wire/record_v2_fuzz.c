/* crypto/record_v2 and crypto/pake: arbitrary records and shares are refused; what is sealed opens,
 * unless a mask changed it; what is sealed badly (any type, any padding) is taken or refused by the
 * rule and never read past its end. Byte 0 chooses. */
#include <assert.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/pake.h"
#include "shared/crypto/record_v2.h"

static const uint8_t key[32] = { 7 };

static void foreign(const uint8_t *data, size_t size, uint8_t *buf)
{
	struct hws_record_v2 r;
	enum hws_record_type type;
	struct hws_bytes got;

	hws_record_v2_init(&r, key);
	assert(hws_record_v2_open(&r, hws_bytes(data, size), buf, &type, &got) == HWS_ERR_CRYPTO);
}

/* data[0]: the type; the rest: content, which may end with zeros or look like a type. */
static void sealed(const uint8_t *data, size_t size, uint8_t *buf)
{
	struct hws_record_v2 a, b;
	enum hws_record_type type, got_type;
	size_t pad = data[0] & 8 ? 64 : 0, len = hws_record_v2_len(size, pad);
	struct hws_bytes got;
	int r;

	type = (enum hws_record_type)(data[0] & 7);
	hws_record_v2_init(&a, key);
	hws_record_v2_init(&b, key);
	a.bytes_max = b.bytes_max = data[0];
	for (int i = 0; i < 3; i++) {
		assert(hws_record_v2_seal(&a, type, hws_bytes(data, size), pad, buf) == HWS_OK);
		if (data[0] & 16 && i == 1) {
			buf[data[size - 1] % len] ^= 1;
			assert(hws_record_v2_open(&b, hws_bytes(buf, len), buf, &got_type, &got) ==
					HWS_ERR_CRYPTO);
			return;
		}
		r = hws_record_v2_open(&b, hws_bytes(buf, len), buf, &got_type, &got);
		if (type == HWS_RECORD_MESSAGE)
			assert(r == HWS_OK && got_type == type &&
					hws_bytes_equal(got, hws_bytes(data, size)));
		else
			assert(r == HWS_ERR_CRYPTO || got.len < size);
		if (r < 0)
			return;
	}
}

static void shares(const uint8_t *data, size_t size)
{
	static struct hws_pake_verifier v;
	static struct hws_pake_secret s;
	static bool ready;
	uint8_t binding[32] = { 1 }, a[32], b[32], c[32];
	struct hws_pake_context context = { binding, key, HWS_PAKE_TEMPORARY };
	struct hws_pake_offer offer;
	struct hws_bytes half = hws_bytes(data, size < 32 ? size : 32);

	if (!ready) {
		struct hws_pake_cost cost = { .ops = 0 };

		assert(hws_pake_verifier_of(key, &cost, &v) == HWS_OK);
		assert(hws_pake_secret_of(key, &cost, &s) == HWS_OK);
		ready = true;
	}
	hws_pake_offer_new(&v, &offer);
	assert(hws_pake_judge(&v, &offer, &context, half,
			       hws_bytes(data + half.len, size - half.len), a) == HWS_ERR_CRYPTO);
	if (hws_pake_answer(&s, &context, half, a, b, c) == HWS_OK)
		assert(half.len == 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *buf;

	if (size < 2)
		return 0;
	buf = calloc(1, size + 64 + HWS_RECORD_V2_OVERHEAD);
	if (!buf || hws_crypto_init() < 0)
		abort();
	if (data[0] >= 0xc0)
		shares(data + 1, size - 1);
	else if (data[0] >= 0x80)
		foreign(data + 1, size - 1, buf);
	else
		sealed(data, size, buf);
	free(buf);
	return 0;
}
