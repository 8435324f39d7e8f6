/* What people paste as a target, and the file of remembered hosts as anything on the disk may be.
 * Input: a byte that chooses, then the text. */
#include "client/core/known_peers.h"
#include "client/core/target.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_known_peers *k;
	struct hws_target t;
	char *text;

	if (size < 1)
		return 0;
	text = calloc(1, size);
	k = calloc(1, sizeof(*k));
	if (!text || !k)
		abort();
	memcpy(text, data + 1, size - 1);
	if (data[0] & 1) {
		if (hws_known_peers_parse(k, hws_bytes(text, size - 1), "id.example.com") ==
						HWS_OK &&
				k->count > HWS_PEERS_MAX)
			abort();
		hws_known_peers_done(k);
	} else if (hws_target_parse(text, &t, NULL) == HWS_OK) {
		if (!t.is_direct && strlen(t.id) == 0)
			abort();
	}
	free(text);
	free(k);
	return 0;
}
