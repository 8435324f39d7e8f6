/* rendezvous/cluster/misdirected: a name with several addresses leads each client connection of a
 * viewer or device to another node: answers and relay requests that come to a node which knows
 * nothing of them. All on the TCP plane's thread. */
#include "server-rendezvous/cluster/misdirected.h"
#include "server-rendezvous/cluster/node.h"
#include "server-rendezvous/cluster/outbox.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

#include "server-rendezvous/store/devices.h"
#include <string.h>

#define ASK_US (1500 * HWS_US_PER_MS)
#define ASKS_MAX 2000u
#define MESSAGE_MAX 1400u

struct rdv_misdirected {
	struct rdv_node *node;
	struct hws_list relay_asks;
	size_t relay_ask_count;
	uint64_t tickets;
};

/* --- answers of devices ----------------------------------------------------------------------- */

void rdv_misdirected_answer(struct rdv_misdirected *md, const struct rdv_replier *from,
		const Rdv__RendezvousMessage *m)
{
	Cluster__Misdirected s = CLUSTER__MISDIRECTED__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	struct hws_buf packed;

	hws_buf_init(&packed, MESSAGE_MAX);
	if (hws_rdv_pack(m, &packed) == HWS_OK) {
		s.from_ip = (ProtobufCBinaryData){ sizeof(from->addr.ip),
			(uint8_t *)(uintptr_t)from->addr.ip };
		s.from_port = from->addr.port;
		s.message = (ProtobufCBinaryData){ hws_buf_len(&packed),
			(uint8_t *)(uintptr_t)hws_buf_bytes(&packed).ptr };
		item.what_case = CLUSTER__ITEM__WHAT_MISDIRECTED;
		item.misdirected = &s;
		rdv_outbox_send_later(md->node->out, "", &item);
	}
	hws_buf_done(&packed);
}

/* The node that has the viewer, or the device, knows more. */
void rdv_misdirected_heard(struct rdv_misdirected *md, const Cluster__Misdirected *s)
{
	struct rdv_replier from = { .misdirected = true };
	Rdv__RendezvousMessage *m = NULL;

	if (s->from_ip.len != sizeof(from.addr.ip) || s->from_port > UINT16_MAX)
		return;
	memcpy(from.addr.ip, s->from_ip.data, sizeof(from.addr.ip));
	from.addr.port = (uint16_t)s->from_port;
	if (hws_rdv_unpack(hws_bytes(s->message.data, s->message.len), &m) < 0)
		return;
	md->node->planes->reply(md->node->core, &from, m);
	hws_rdv_free(m);
}

/* --- relay requests of viewers ---------------------------------------------------------------- */

struct relay_ask {
	struct hws_list node;
	struct rdv_misdirected *md;
	struct hws_timer timer;
	uint64_t ticket, client;
	size_t len;
	uint8_t message[];
};

static void ask_free(struct relay_ask *a)
{
	hws_timer_stop(&a->timer);
	hws_list_remove(&a->node);
	a->md->relay_ask_count--;
	hws_free(a);
}

static void on_nobody(void *arg)
{
	struct relay_ask *a = arg;
	struct rdv_node *node = a->md->node;
	uint64_t client = a->client;

	ask_free(a);
	node->planes->not_granted(node->core, client);
}

static struct relay_ask *ask_new(struct rdv_misdirected *md, uint64_t client, Rdv__RequestRelay *m)
{
	Rdv__RendezvousMessage out = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct relay_ask *a = NULL;
	struct hws_buf packed;

	out.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	out.request_relay = m;
	hws_buf_init(&packed, HWS_RDV_FRAME_MAX);
	if (hws_rdv_pack(&out, &packed) == HWS_OK)
		a = hws_alloc(sizeof(*a) + hws_buf_len(&packed));
	if (a) {
		a->md = md;
		a->client = client;
		a->ticket = ++md->tickets;
		a->len = hws_buf_len(&packed);
		memcpy(a->message, hws_buf_bytes(&packed).ptr, a->len);
		hws_list_push(&md->relay_asks, &a->node);
		md->relay_ask_count++;
	}
	hws_buf_done(&packed);
	return a;
}

bool rdv_misdirected_relay(struct rdv_misdirected *md, uint64_t client,
		const struct rdv_addr *viewer, Rdv__RequestRelay *m)
{
	Cluster__GrantAsk g = CLUSTER__GRANT_ASK__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	struct relay_ask *a = md->relay_ask_count < ASKS_MAX ? ask_new(md, client, m) : NULL;

	if (!a)
		return false;
	hws_timer_start(md->node->planes->loop(md->node->core), &a->timer, ASK_US, on_nobody, a);
	g.ticket = a->ticket;
	g.id = m->id;
	g.ip = (ProtobufCBinaryData){ sizeof(viewer->ip), (uint8_t *)(uintptr_t)viewer->ip };
	item.what_case = CLUSTER__ITEM__WHAT_GRANT_ASK;
	item.grant_ask = &g;
	rdv_outbox_send_later(md->node->out, "", &item);
	return true;
}

void rdv_grant_asked(struct rdv_misdirected *md, const char *from, const Cluster__GrantAsk *g)
{
	Cluster__Grant out = CLUSTER__GRANT__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	struct rdv_addr ip = { .port = 0 };
	const char *relay;

	if (g->ip.len != sizeof(ip.ip) || !g->id[0] || strlen(g->id) > RDV_ID_MAX)
		return;
	memcpy(ip.ip, g->ip.data, sizeof(ip.ip));
	relay = rdv_grant_find(md->node->core->grants, &ip, g->id, hws_clock_us());
	if (!relay)
		return;
	out.ticket = g->ticket;
	out.relay = (char *)(uintptr_t)relay;
	item.what_case = CLUSTER__ITEM__WHAT_GRANT;
	item.grant = &out;
	rdv_outbox_send_later(md->node->out, from, &item);
}

void rdv_grant_heard(struct rdv_misdirected *md, const Cluster__Grant *g)
{
	Rdv__RendezvousMessage *m = NULL;
	struct relay_ask *a = NULL;
	struct hws_list *n;

	hws_list_for (n, &md->relay_asks) {
		a = hws_container(n, struct relay_ask, node);
		if (a->ticket == g->ticket)
			break;
	}
	if (n == &md->relay_asks)
		return;
	if (hws_rdv_unpack(hws_bytes(a->message, a->len), &m) == HWS_OK)
		md->node->planes->granted(md->node->core, a->client, m->request_relay, g->relay);
	hws_rdv_free(m);
	ask_free(a);
}

int rdv_misdirected_new(struct rdv_node *node, struct rdv_misdirected **ret)
{
	struct rdv_misdirected *md = hws_alloc(sizeof(*md));

	if (!md)
		return HWS_ERR_NOMEM;
	md->node = node;
	hws_list_init(&md->relay_asks);
	*ret = md;
	return HWS_OK;
}

void rdv_misdirected_free(struct rdv_misdirected *md)
{
	struct hws_list *n;

	if (!md)
		return;
	while ((n = hws_list_first(&md->relay_asks))) {
		struct relay_ask *a = hws_container(n, struct relay_ask, node);

		/* its timer is gone with the loop of the plane */
		hws_list_remove(n);
		hws_free(a);
	}
	hws_free(md);
}
