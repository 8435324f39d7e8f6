/* wire/compress: arbitrary zstd frames under a cap from the first byte; what we compress comes
 * back. */
#include <assert.h>

#include "shared/wire/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t max = size > 0 ? (size_t)1 << (data[0] % 20) : 0;
	struct hws_bytes in = hws_bytes(size > 0 ? data + 1 : data, size > 0 ? size - 1 : 0);
	struct hws_buf out, packed;

	hws_buf_init(&out, 8u << 20);
	hws_buf_init(&packed, 8u << 20);
	if (hws_decompress(in, max, &out) == HWS_OK)
		assert(hws_buf_len(&out) <= max);
	else
		assert(hws_buf_len(&out) == 0);
	hws_buf_reset(&out);
	assert(hws_compress(in, HWS_COMPRESS_LEVEL, &packed) == HWS_OK);
	assert(hws_decompress(hws_buf_bytes(&packed), in.len, &out) == HWS_OK);
	assert(hws_bytes_equal(hws_buf_bytes(&out), in));
	hws_buf_done(&out);
	hws_buf_done(&packed);
	return 0;
}
