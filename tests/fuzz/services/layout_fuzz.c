/* What a host says of its keyboard, any text: refused, or taken, and then what is written of it
 * reads back as the same. */
#include "client/services/input/layout.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_layout l, again;
	char text[HWS_PEER_LAYOUT], *in = malloc(size + 1);

	if (!in)
		return 0;
	if (size)
		memcpy(in, data, size);
	in[size] = 0;
	if (hws_layout_read(&l, in)) {
		hws_layout_write(&l, text);
		if (strlen(text) >= sizeof(text) || !hws_layout_read(&again, text) ||
				!hws_layout_equal(&l, &again))
			abort();
	}
	free(in);
	return 0;
}
