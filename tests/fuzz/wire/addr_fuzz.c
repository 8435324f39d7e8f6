/* wire/addr_codec, wire/text and the allocation-free register codec: any bytes. */
#include <assert.h>

#include "shared/wire/addr_codec.h"
#include "shared/wire/register_codec.h"
#include "shared/wire/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = hws_bytes(data, size);
	struct sockaddr_storage a, b;
	struct hws_register_peer peer;
	uint8_t buf[HWS_ADDR_WIRE_MAX];
	bool request_pk;
	uint32_t t, u;

	hws_addr_decode(in, &a, &t);
	size_t len = hws_addr_encode(&a, t, buf);

	assert(len <= sizeof(buf));
	hws_addr_decode(hws_bytes(buf, len), &b, &u);
	if (a.ss_family == b.ss_family) /* IPv6 that holds IPv4 comes back as IPv4 */
		assert(memcmp(&a, &b, sizeof(a)) == 0 && t == u);
	(void)hws_addr_decode_usable(in, &a);

	if (hws_register_peer_decode(in, &peer) == HWS_OK)
		assert(peer.id.len == 0 ||
				(peer.id.ptr >= data && peer.id.ptr + peer.id.len <= data + size));
	(void)!hws_register_peer_response_decode(in, &request_pk);
	if (hws_id_choosable(in))
		assert(hws_id_valid(in));
	(void)hws_uuid_valid(in);
	(void)hws_pair_id_valid(in);
	return 0;
}
