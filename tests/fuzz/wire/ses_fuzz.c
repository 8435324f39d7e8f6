/* wire/envelope: the session's Message; what unpacks must pack to something that unpacks to the
 * same. */
#include <assert.h>

#include "shared/wire/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Ses__Message *m = NULL, *again = NULL;
	struct hws_buf a, b;

	if (hws_ses_unpack(hws_bytes(data, size), &m) != HWS_OK)
		return 0;
	hws_buf_init(&a, 64u << 20);
	hws_buf_init(&b, 64u << 20);
	assert(hws_ses_pack(m, &a) == HWS_OK);
	if (hws_ses_unpack(hws_buf_bytes(&a), &again) == HWS_OK) {
		assert(hws_ses_pack(again, &b) == HWS_OK);
		assert(hws_bytes_equal(hws_buf_bytes(&a), hws_buf_bytes(&b)));
	}
	hws_buf_done(&a);
	hws_buf_done(&b);
	hws_ses_free(again);
	hws_ses_free(m);
	return 0;
}
