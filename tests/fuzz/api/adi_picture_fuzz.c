/* A file that is said to be a picture: refused, or made into one that is not larger, that is taken
 * as it is the second time, and that has no more than the chunks that show it. */
#include "admin/api/picture.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_buf once, twice;

	hws_buf_init(&once, 1 << 20);
	hws_buf_init(&twice, 1 << 20);
	if (adi_picture_clean(hws_bytes(data, size), &once) == HWS_OK) {
		struct hws_bytes first = hws_buf_bytes(&once);

		if (first.len > size || adi_picture_clean(first, &twice) != HWS_OK ||
				hws_buf_len(&twice) != first.len ||
				memcmp(hws_buf_bytes(&twice).ptr, first.ptr, first.len) != 0)
			abort();
	}
	hws_buf_done(&once);
	hws_buf_done(&twice);
	return 0;
}
