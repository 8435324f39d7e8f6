/* Text of another program's clipboard: whatever it is, what comes out is UTF-8 and bounded. */
#include "client/platform/x11/clip_text.h"
#include "shared/base/str.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = hws_bytes(data, size);
	struct hws_buf text, coded;

	hws_buf_init(&text, 1u << 20);
	hws_buf_init(&coded, 8u << 20);
	if (x11_compound_take(&text, in) == HWS_OK && hws_buf_err(&text) == HWS_OK)
		assert(hws_utf8_valid(hws_buf_bytes(&text)));
	if (hws_utf8_valid(in)) {
		x11_compound_put(&coded, in);
		assert(hws_buf_len(&coded) <= size * 4 + 64);
		hws_buf_reset(&coded);
		x11_latin1_put(&coded, in);
		assert(hws_buf_len(&coded) <= size);
	}
	hws_buf_reset(&text);
	if (x11_markup_take(&text, in) == HWS_OK && hws_buf_err(&text) == HWS_OK)
		assert(hws_utf8_valid(hws_buf_bytes(&text)));
	hws_buf_done(&text);
	hws_buf_done(&coded);
	return 0;
}
