/* wire/frame: any bytes, any cap in the first byte. */
#include <assert.h>

#include "shared/wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t max = size > 0 ? (size_t)1 << (data[0] % 31) : 0;
	struct hws_bytes in = hws_bytes(size > 0 ? data + 1 : data, size > 0 ? size - 1 : 0), body;
	size_t used = 0;
	int r;

	while ((r = hws_frame_next(in, max, &body, &used)) == HWS_OK) {
		uint8_t hdr[HWS_FRAME_HEADER_MAX];

		assert(used > 0 && used <= in.len && body.len < used && body.len <= max);
		assert(body.ptr >= in.ptr && body.ptr + body.len == in.ptr + used);
		assert(hws_frame_need(in) == used);
		assert(hws_frame_header(body.len, hdr) <= used - body.len);
		in.ptr += used;
		in.len -= used;
	}
	assert(r == HWS_ERR_SHORT || r == HWS_ERR_TOOBIG);
	assert(r != HWS_ERR_SHORT || hws_frame_need(in) > in.len);
	return 0;
}
