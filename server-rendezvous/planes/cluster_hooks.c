/* rendezvous/planes/cluster_hooks: what other nodes say reaches clients and devices of this one:
 * the cluster names clients by number or address, here they are found. */
#include "server-rendezvous/planes/cluster_hooks.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/online.h"
#include "server-rendezvous/planes/pending.h"
#include "server-rendezvous/planes/punch.h"
#include "server-rendezvous/planes/push.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/planes/relay_request.h"
#include "server-rendezvous/planes/reply.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/wire/addr_codec.h"

static int run_there(struct rdv_core *core, void (*fn)(void *arg), void *arg)
{
	return rdv_tcp_post(core->tcp, fn, arg);
}

static int run_there_later(struct rdv_core *core, void (*fn)(void *arg), void *arg)
{
	return hws_loop_post_quiet(rdv_tcp_loop(core->tcp), fn, arg);
}

static void close_client(struct rdv_core *core, uint64_t client)
{
	rdv_tcp_post_close(core->tcp, client);
}

static void removed(struct rdv_core *core, const char *id)
{
	uint64_t client;

	if (rdv_registration_removed(core, id, &client) && client)
		rdv_tcp_post_close(core->tcp, client);
}

static struct hws_loop *loop_there(struct rdv_core *core)
{
	return rdv_tcp_loop(core->tcp);
}

static void announce(struct rdv_core *core, const char *uuid)
{
	rdv_announce(core->tcp->announcer, uuid);
}

static void reply(struct rdv_core *core, const struct rdv_replier *from, Rdv__RendezvousMessage *m)
{
	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT:
		rdv_reply_sent(core->tcp, from, m->punch_hole_sent);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR:
		rdv_reply_local(core->tcp, from, m->local_addr);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE:
		rdv_reply_relay(core->tcp, from, m->relay_response);
		break;
	default:
		break;
	}
}

static void found(struct rdv_core *core, uint64_t client, const char *id, bool relay,
		const uint8_t *pk, bool proves)
{
	struct rdv_client *cl = rdv_client_get(core->tcp, client);
	struct rdv_pending *p = cl ? rdv_pending_find(cl->pending, id, relay) : NULL;

	if (!p || !p->elsewhere)
		return;
	p->has_pk = pk != NULL;
	p->proves = proves;
	if (pk)
		memcpy(p->pk, pk, sizeof(p->pk));
}

static void nowhere(struct rdv_core *core, uint64_t client, const char *id, bool relay, bool known)
{
	struct rdv_client *cl = rdv_client_get(core->tcp, client);

	if (cl)
		rdv_punch_nowhere(cl, id, relay, known);
}

static void nowhere_at(struct rdv_core *core, struct hws_bytes addr, const char *id, bool relay)
{
	struct sockaddr_storage ss;
	struct rdv_addr viewer;
	struct rdv_client *cl;
	uint32_t cookie = 0;

	hws_addr_decode(addr, &ss, &cookie);
	viewer = rdv_addr_from(&ss);
	cl = viewer.port ? rdv_client_by_addr(core->tcp, &viewer) : NULL;
	if (cl && (!rdv_addr_is_v4(&viewer) || cookie == cl->cookie))
		rdv_punch_nowhere(cl, id, relay, true);
}

static void online(struct rdv_core *core, uint64_t client, struct hws_bytes states)
{
	struct rdv_client *cl = rdv_client_get(core->tcp, client);

	if (!cl)
		return;
	rdv_online_answer(cl, states);
	rdv_client_finish(cl);
}

static void granted(struct rdv_core *core, uint64_t client, Rdv__RequestRelay *m, const char *relay)
{
	struct rdv_client *cl = rdv_client_get(core->tcp, client);
	uint64_t now = hws_clock_us();

	if (!cl)
		return;
	rdv_grant_give(core->grants, &cl->addr, m->id, now);
	rdv_grant_relay(core->grants, &cl->addr, m->id, relay, now);
	rdv_relay_request(cl, m);
}

static void not_granted(struct rdv_core *core, uint64_t client)
{
	struct rdv_client *cl = rdv_client_get(core->tcp, client);

	if (cl)
		rdv_relay_unknown(cl);
}

const struct rdv_cluster_hooks rdv_cluster_hooks_of_planes = {
	.post = run_there,
	.post_quiet = run_there_later,
	.close_client = close_client,
	.removed = removed,
	.loop = loop_there,
	.push = rdv_push,
	.announce = announce,
	.reply = reply,
	.found = found,
	.nowhere = nowhere,
	.nowhere_at = nowhere_at,
	.online = online,
	.granted = granted,
	.not_granted = not_granted,
};
