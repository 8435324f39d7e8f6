/* rendezvous/planes/online: which of these ids are there. Whoever has shown neither key nor device
 * gets zeroes, so that ids cannot be found out by asking; the answer's length is always right
 * (deployed clients rely on it). */
#include "server-rendezvous/planes/online.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/presence.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

static bool may_ask(struct rdv_client *cl, const Rdv__OnlineRequest *m)
{
	const struct rdv_config *c = rdv_conf(cl->plane->core);
	uint64_t now = hws_clock_us();

	if (c->online_query == RDV_ONLINE_OFF)
		return false;
	if (c->online_query == RDV_ONLINE_KNOWN && !c->open &&
			!rdv_known_addrs_has(cl->plane->core->known_addrs, &cl->addr, now))
		return false;
	return hws_admit_event(
			cl->plane->limits.online, &cl->peer, m->n_peers ? m->n_peers : 1, now);
}

void rdv_online_answer(struct rdv_client *cl, struct hws_bytes states)
{
	Rdv__OnlineResponse p = RDV__ONLINE_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.states = (ProtobufCBinaryData){ states.len, (uint8_t *)(uintptr_t)states.ptr };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_ONLINE_RESPONSE;
	m.online_response = &p;
	rdv_client_send(cl, &m);
}

bool rdv_online_request(struct rdv_client *cl, const Rdv__OnlineRequest *m)
{
	size_t len = (m->n_peers + 7) / 8;
	uint8_t *states = hws_alloc(len);
	struct rdv_core *core = cl->plane->core;
	uint64_t now = hws_clock_us();
	struct rdv_peer_info info;

	hws_count(&core->count.online_queries);
	if (!states)
		return true;
	if (may_ask(cl, m)) {
		for (size_t i = 0; i < m->n_peers; i++) {
			if (rdv_presence_get(core->presence, hws_bytes_str(m->peers[i]), now,
					    &info) &&
					info.online)
				states[i / 8] |= (uint8_t)(0x80u >> (i % 8));
		}
		if (core->cluster && rdv_cluster_online(core->cluster, cl->id, m, states))
			return false;
	} else {
		hws_count(&core->count.online_refused);
		hws_info_limited("online.refused", HWS_U64("ids", m->n_peers));
	}
	rdv_online_answer(cl, hws_bytes(states, len));
	hws_free(states);
	return true;
}
