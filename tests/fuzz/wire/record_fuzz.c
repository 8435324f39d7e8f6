/* crypto/record: arbitrary payloads are refused; what is sealed opens, unless a mask changed it. */
#include <assert.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[32] = { 7 };
	uint8_t *buf = calloc(1, size + HWS_RECORD_OVERHEAD);
	struct hws_record a, b;
	struct hws_bytes got;

	if (!buf || hws_crypto_init() < 0)
		abort();
	hws_record_init(&a, key);
	hws_record_init(&b, key);

	int r = hws_record_open(&b, hws_bytes(data, size), buf, &got);

	assert(size <= 1 ? r == HWS_OK && got.len == size : r == HWS_ERR_CRYPTO);
	assert(b.rx == 0);
	assert(hws_record_seal(&a, hws_bytes(data, size), buf) == HWS_OK);
	if (size > 0 && data[0] & 1) {
		buf[size % (size + HWS_RECORD_OVERHEAD)] ^= data[0];
		assert(hws_record_open(&b, hws_bytes(buf, size + HWS_RECORD_OVERHEAD), buf, &got) ==
				HWS_ERR_CRYPTO);
	} else {
		assert(hws_record_open(&b, hws_bytes(buf, size + HWS_RECORD_OVERHEAD), buf, &got) ==
				HWS_OK);
		assert(hws_bytes_equal(got, hws_bytes(data, size)));
	}
	free(buf);
	return 0;
}
