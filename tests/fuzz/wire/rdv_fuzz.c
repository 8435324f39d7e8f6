/* wire/envelope: RendezvousMessage; what unpacks must pack to something that unpacks to the same.
 * */
#include <assert.h>
#include <stdlib.h>

#include "shared/wire/envelope.h"
#include "shared/wire/register_codec.h"

static void check_small_codec(struct hws_bytes in, const Rdv__RendezvousMessage *m)
{
	struct hws_register_peer peer;
	bool request_pk;

	if (hws_register_peer_decode(in, &peer) == HWS_OK && m) {
		assert(m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER);
		assert(hws_bytes_equal(peer.id, hws_bytes_str(m->register_peer->id)));
		assert(peer.serial == m->register_peer->serial);
	}
	if (hws_register_peer_response_decode(in, &request_pk) == HWS_OK && m) {
		assert(m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE);
		assert(request_pk == !!m->register_peer_response->request_pk);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = hws_bytes(data, size);
	Rdv__RendezvousMessage *m = NULL, *again = NULL;
	struct hws_buf a, b;

	if (hws_rdv_unpack(in, &m) != HWS_OK) {
		check_small_codec(in, NULL);
		return 0;
	}
	check_small_codec(in, m);
	hws_buf_init(&a, 64u << 20);
	hws_buf_init(&b, 64u << 20);
	assert(hws_rdv_pack(m, &a) == HWS_OK);
	if (hws_rdv_unpack(hws_buf_bytes(&a), &again) == HWS_OK) {
		assert(hws_rdv_pack(again, &b) == HWS_OK);
		assert(hws_bytes_equal(hws_buf_bytes(&a), hws_buf_bytes(&b)));
	}
	hws_buf_done(&a);
	hws_buf_done(&b);
	hws_rdv_free(again);
	hws_rdv_free(m);
	return 0;
}
