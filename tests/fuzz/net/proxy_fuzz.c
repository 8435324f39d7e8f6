/* PROXY headers: whatever comes in, the answer does not depend on where the bytes were cut. */
#include "shared/net/addr.h"
#include "shared/net/proxy_protocol.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_proxy_header whole, part;
	size_t used = 0, part_used = 0;
	int r = hws_proxy_parse(hws_bytes(data, size), &whole, &used);

	if (r == HWS_OK) {
		if (used == 0 || used > size || used > HWS_PROXY_MAX)
			abort();
		if (whole.proxied != (whole.source.ss_family != AF_UNSPEC))
			abort();
		if (hws_proxy_parse(hws_bytes(data, used), &part, &part_used) != HWS_OK ||
				part_used != used ||
				(whole.proxied && !hws_addr_equal(&part.source, &whole.source)))
			abort();
	} else if (r != HWS_ERR_SHORT && r != HWS_ERR_PROTO && r != HWS_ERR_TOOBIG) {
		abort();
	}
	/* Shorter input is never refused when the whole is a header, and never one when the whole
	 * is not. */
	for (size_t n = 0; n < size && n < 256; n++) {
		int p = hws_proxy_parse(hws_bytes(data, n), &part, &part_used);

		if (p == HWS_OK && (r != HWS_OK || n < used))
			abort();
		if (p < 0 && p != HWS_ERR_SHORT && p != r)
			abort();
		if (r == HWS_OK && n < used && p != HWS_ERR_SHORT)
			abort();
	}
	return 0;
}
