/* What anybody in a local network may answer in a router's place. The first byte chooses the
 * protocol and the question. An answer that counts has repeated the question, and a port that is
 * mapped is told with an address. */
#include "client/reach/pcp.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_pcp_map m = { .port = 0x1234, .wanted = 0x1234, .lifetime_s = 3600 };
	struct hws_pcp_answer a;
	struct hws_bytes in;

	if (!size)
		return 0;
	memcpy(m.nonce, "nonce of our", HWS_PCP_NONCE);
	in = hws_bytes(data + 1, size - 1);
	m.lifetime_s = data[0] & 2 ? 0 : 3600;
	m.udp = data[0] & 4;
	if (data[0] & 1) {
		if (hws_natpmp_read(in, &m, &a) < 0)
			return 0;
		assert(a.said != HWS_PCP_OLDER && in.len >= 8);
		assert(a.said != HWS_PCP_MAPPED || in.len >= 16);
	} else {
		if (hws_pcp_read(in, &m, &a) < 0)
			return 0;
		assert(a.said != HWS_PCP_ADDRESS && in.len <= HWS_PCP_MAX);
		assert(a.said != HWS_PCP_MAPPED ||
				(in.len >= HWS_PCP_MAP_LEN &&
						memcmp(in.ptr + 24, m.nonce, HWS_PCP_NONCE) == 0));
	}
	assert((a.said == HWS_PCP_REFUSED || a.said == HWS_PCP_OLDER) == (a.result != 0));
	return 0;
}
