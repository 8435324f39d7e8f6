/* rendezvous/planes/online: which of these ids are there. Whoever has shown neither key nor device
 * gets zeroes, so that ids cannot be found out by asking; the answer's length is always right
 * (deployed clients rely on it). */
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/state/known_addrs.h"
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
	return hws_admit_event(cl->plane->online, &cl->peer, m->n_peers ? m->n_peers : 1, now);
}

bool rdv_online_request(struct rdv_client *cl, const Rdv__OnlineRequest *m)
{
	Rdv__OnlineResponse p = RDV__ONLINE_RESPONSE__INIT;
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct rdv_core *core = cl->plane->core;
	uint64_t now = hws_clock_us();
	struct rdv_peer_info info;

	hws_count(&core->count.online_queries);
	p.states.len = (m->n_peers + 7) / 8;
	p.states.data = hws_alloc(p.states.len);
	if (!p.states.data)
		return true;
	if (may_ask(cl, m)) {
		for (size_t i = 0; i < m->n_peers; i++) {
			if (rdv_presence_get(core->presence, hws_bytes_str(m->peers[i]), now,
					    &info) &&
					info.online)
				p.states.data[i / 8] |= (uint8_t)(0x80u >> (i % 8));
		}
		if (core->cluster && rdv_cluster_online(core->cluster, cl, m, p.states.data))
			return false;
	} else {
		hws_count(&core->count.online_refused);
		hws_info_limited("online.refused", HWS_U64("ids", m->n_peers));
	}
	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_ONLINE_RESPONSE;
	out.online_response = &p;
	rdv_client_send(cl, &out);
	hws_free(p.states.data);
	return true;
}
