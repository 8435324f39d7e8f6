/* What rtnetlink may say, in one datagram after another: the list of what is known stays within its
 * bounds, and nothing is read beyond what came. */
#include "shared/net/net_state.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_net_state s = { 0 };
	bool done;

	while (size > 0) {
		size_t len = data[0] < size - 1 ? data[0] : size - 1;

		(void)hws_net_state_take(&s, hws_bytes(data + 1, len), &done);
		assert(s.count <= HWS_NET_ITEMS);
		data += len + 1;
		size -= len + 1;
	}
	return 0;
}
