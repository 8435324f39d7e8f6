/* rendezvous/planes/push: on the client connection a host lives on, or by datagram to where it last
 * spoke from. */
#include "server-rendezvous/planes/push.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/presence.h"
#include "shared/base/buf.h"
#include "shared/wire/envelope.h"

bool rdv_push(struct rdv_core *core, const struct rdv_peer_info *to,
		const Rdv__RendezvousMessage *m)
{
	struct hws_buf out;
	bool sent = false;

	if (to->client) {
		struct rdv_client *cl = rdv_client_get(core->tcp, to->client);

		if (cl)
			rdv_client_send(cl, m);
		return cl != NULL;
	}
	if (!to->addr.port)
		return false;
	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	if (hws_rdv_pack(m, &out) == HWS_OK) {
		rdv_udp_push(core->udp, &to->addr, hws_buf_bytes(&out));
		sent = true;
	}
	hws_buf_done(&out);
	return sent;
}
