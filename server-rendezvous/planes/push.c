/* rendezvous/planes/push: on the client connection a host lives on, or by datagram to where it last
 * spoke from. */
#include "server-rendezvous/planes/push.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/granted.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/proofs.h"
#include "shared/base/buf.h"
#include "shared/wire/candidates.h"
#include "shared/wire/envelope.h"

struct told {
	Rdv__RendezvousMessage m;
	Rdv__ControlPermissions permissions, *granted; /* NULL: nothing is */
	Rdv__ControlledContext context, *within;
	union {
		Rdv__PunchHole punch;
		Rdv__FetchLocalAddr local;
		Rdv__RequestRelay relay;
	};
};

static void forget_unknown(ProtobufCMessage *m)
{
	m->n_unknown_fields = 0;
	m->unknown_fields = NULL;
}

static void take_granted(const struct rdv_granted *g, struct told *ret)
{
	ret->granted = NULL;
	ret->within = NULL;
	if (g && g->permissions) {
		rdv__control_permissions__init(&ret->permissions);
		ret->permissions.permissions = g->permissions;
		ret->granted = &ret->permissions;
	}
	if (g && *g->ref) {
		rdv__controlled_context__init(&ret->context);
		ret->context.conn_audit_ref = (char *)(uintptr_t)g->ref;
		ret->within = &ret->context;
	}
}

/* A device takes what is in `control_permissions` for its server's word on what the viewer may do.
 * That is the policy's, and nothing else: what viewers or other nodes wrote there is not its word;
 * nor is what stands in fields that it does not know. Lists, texts and bytes stay those of `m`. */
static void with_grants(const Rdv__RendezvousMessage *m, const struct rdv_granted *granted,
		struct told *ret)
{
	take_granted(granted, ret);
	ret->m = *m;
	forget_unknown(&ret->m.base);
	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE:
		ret->punch = *m->punch_hole;
		ret->punch.control_permissions = ret->granted;
		ret->punch.controlled_context = ret->within;
		ret->punch.n_candidates =
				hws_candidates_keep(ret->punch.candidates, ret->punch.n_candidates);
		forget_unknown(&ret->punch.base);
		ret->m.punch_hole = &ret->punch;
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR:
		ret->local = *m->fetch_local_addr;
		ret->local.control_permissions = ret->granted;
		ret->local.controlled_context = ret->within;
		ret->local.n_candidates =
				hws_candidates_keep(ret->local.candidates, ret->local.n_candidates);
		forget_unknown(&ret->local.base);
		ret->m.fetch_local_addr = &ret->local;
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY:
		ret->relay = *m->request_relay;
		ret->relay.control_permissions = ret->granted;
		ret->relay.controlled_context = ret->within;
		ret->relay.n_candidates =
				hws_candidates_keep(ret->relay.candidates, ret->relay.n_candidates);
		forget_unknown(&ret->relay.base);
		ret->m.request_relay = &ret->relay;
		break;
	default:
		break;
	}
}

bool rdv_push(struct rdv_core *core, const struct rdv_peer_info *to,
		const Rdv__RendezvousMessage *m, const struct rdv_granted *granted)
{
	struct rdv_client *cl = to->client ? rdv_client_get(core->tcp, to->client) : NULL;
	struct told told;
	struct hws_buf out;
	int r;

	if (to->client ? !cl : !to->addr.port)
		return false;
	with_grants(m, granted, &told);
	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	r = hws_rdv_pack(&told.m, &out);
	/* A device that proves itself takes no other word than a proven one. On a link as well: the
	 * encryption of deployed links lets others in between change what is said. */
	if (r == HWS_OK && to->proves && core->proofs)
		r = rdv_proofs_seal(core->proofs, to->pk, NULL, &out);
	if (r == HWS_OK && cl)
		rdv_client_send_bytes(cl, hws_buf_bytes(&out));
	else if (r == HWS_OK)
		rdv_udp_push(core->udp, &to->addr, hws_buf_bytes(&out));
	hws_buf_done(&out);
	return r == HWS_OK;
}
