/* What anybody in a local network may send: whatever is taken of it can be sent on, and is then
 * taken for the same. */
#include "client/reach/lan_word.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_lan_host h, again;
	enum hws_lan_word word, same;
	struct hws_buf out;
	int r;

	if (hws_lan_parse(hws_bytes(data, size), &word, &h) < 0)
		return 0;
	assert(strlen(h.id) <= HWS_LAN_ID_MAX);
	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	r = word == HWS_LAN_PONG ? hws_lan_pong(&h, &out)
				 : hws_lan_ping(h.id, h.has_nonce ? h.nonce : NULL, &out);
	assert(r == HWS_OK);
	assert(hws_lan_parse(hws_buf_bytes(&out), &same, &again) == HWS_OK);
	assert(same == word && memcmp(&h, &again, sizeof(h)) == 0);
	hws_buf_done(&out);
	return 0;
}
