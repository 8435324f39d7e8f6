/* rendezvous/cluster/remote_viewers: requests of other nodes' viewers to devices of this node, and
 * the devices' answers back. All on the TCP plane's thread. */
#include "server-rendezvous/cluster/parts.h"
#include "server-rendezvous/relays/announce.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/text.h"

#include <string.h>

#define BUCKETS 16384u
#define FOREIGN_MAX 100000u
#define FOREIGN_US (40 * HWS_US_PER_S)
#define REPLIES_MAX 8 /* datagrams come three times */
#define MESSAGE_MAX 1400u

/* A viewer of another node that waits for a device of this one. */
struct rdv_remote_viewer {
	struct hws_list age;
	struct rdv_remote_viewer *next; /* of the bucket */
	struct rdv_addr viewer, host;
	uint32_t cookie;
	uint64_t until_us;
	bool relay;
	uint8_t replies;
	uint8_t pk[RDV_PK_LEN];
	bool has_pk;
	uint8_t mangled[HWS_ADDR_WIRE_MAX];
	uint8_t mangled_len;
	char node[RDV_NODE_MAX + 1];
	char id[RDV_ID_MAX + 1];
};

/* --- table ------------------------------------------------------------------------------------ */

static size_t bucket_of(struct rdv_cluster *c, const struct rdv_addr *viewer)
{
	uint8_t bytes[sizeof(viewer->ip) + 2];

	memcpy(bytes, viewer->ip, sizeof(viewer->ip));
	memcpy(bytes + sizeof(viewer->ip), &viewer->port, 2);
	return hws_keyed_hash(c->hash_key, hws_bytes(bytes, sizeof(bytes))) % BUCKETS;
}

static void foreign_free(struct rdv_cluster *c, struct rdv_remote_viewer *f)
{
	struct rdv_remote_viewer **at = &c->foreign[bucket_of(c, &f->viewer)];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	hws_list_remove(&f->age);
	c->foreign_count--;
	hws_free(f);
}

static void expire(struct rdv_cluster *c, uint64_t now_us)
{
	struct hws_list *n;

	while ((n = hws_list_first(&c->foreign_age))) {
		struct rdv_remote_viewer *f = hws_container(n, struct rdv_remote_viewer, age);

		if (c->foreign_count < FOREIGN_MAX && now_us < f->until_us)
			return;
		foreign_free(c, f);
	}
}

static struct rdv_remote_viewer *foreign_find(
		struct rdv_cluster *c, const struct rdv_addr *viewer, const char *id, bool relay)
{
	struct rdv_remote_viewer *f = c->foreign ? c->foreign[bucket_of(c, viewer)] : NULL;

	for (; f; f = f->next) {
		if (f->relay == relay && rdv_addr_equal(&f->viewer, viewer) &&
				(!id || strcmp(f->id, id) == 0))
			return f;
	}
	return NULL;
}

static struct rdv_remote_viewer *foreign_new(
		struct rdv_cluster *c, const struct rdv_addr *viewer, uint64_t now_us)
{
	struct rdv_remote_viewer *f;
	size_t b;

	expire(c, now_us);
	if (!c->foreign)
		c->foreign = hws_alloc_array(BUCKETS, sizeof(struct rdv_remote_viewer *));
	f = c->foreign ? hws_alloc(sizeof(*f)) : NULL;
	if (!f)
		return NULL;
	b = bucket_of(c, viewer);
	f->viewer = *viewer;
	f->next = c->foreign[b];
	c->foreign[b] = f;
	c->foreign_count++;
	hws_list_push(&c->foreign_age, &f->age);
	return f;
}

static struct rdv_remote_viewer *remember(struct rdv_cluster *c, const char *from,
		const Cluster__Push *p, const struct rdv_peer_info *host)
{
	uint64_t now = hws_clock_us();
	struct sockaddr_storage ss;
	struct rdv_remote_viewer *f;
	struct rdv_addr viewer;
	uint32_t cookie;

	if (p->viewer.len > HWS_ADDR_WIRE_MAX ||
			!hws_addr_decode_usable(hws_bytes(p->viewer.data, p->viewer.len), &ss))
		return NULL;
	hws_addr_decode(hws_bytes(p->viewer.data, p->viewer.len), &ss, &cookie);
	viewer = rdv_addr_from(&ss);
	f = foreign_find(c, &viewer, p->id, p->relay);
	if (!f)
		f = foreign_new(c, &viewer, now);
	if (!f || hws_str_copy(f->node, sizeof(f->node), from) < 0 ||
			hws_str_copy(f->id, sizeof(f->id), p->id) < 0)
		return NULL;
	hws_list_remove(&f->age);
	hws_list_push(&c->foreign_age, &f->age);
	f->until_us = now + FOREIGN_US;
	f->cookie = cookie;
	f->relay = p->relay;
	f->replies = 0;
	f->host = host->addr;
	f->has_pk = host->has_pk;
	memcpy(f->pk, host->pk, sizeof(f->pk));
	memcpy(f->mangled, p->viewer.data, p->viewer.len);
	f->mangled_len = (uint8_t)p->viewer.len;
	return f;
}

void rdv_remote_viewer_done(struct rdv_cluster *c)
{
	struct hws_list *n;

	while ((n = hws_list_first(&c->foreign_age)))
		foreign_free(c, hws_container(n, struct rdv_remote_viewer, age));
	hws_free(c->foreign);
}

/* --- to a device of this node ----------------------------------------------------------------- */

/* In the words for two ends of one network: these cannot say "relay only", hence `may_be_local`. */
static void make_local(Rdv__RendezvousMessage *m, Rdv__FetchLocalAddr *local)
{
	const Rdv__PunchHole *p = m->punch_hole;

	local->socket_addr = p->socket_addr;
	local->relay_server = p->relay_server;
	local->socket_addr_v6 = p->socket_addr_v6;
	m->union_case = RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR;
	m->fetch_local_addr = local;
}

static bool push_here(struct rdv_cluster *c, const char *from, const Cluster__Push *p,
		Rdv__RendezvousMessage *m)
{
	Rdv__FetchLocalAddr local = RDV__FETCH_LOCAL_ADDR__INIT;
	struct rdv_core *core = c->core;
	struct rdv_peer_info host;
	struct rdv_remote_viewer *f;

	if (!rdv_presence_get(core->presence, hws_bytes_str(p->id), hws_clock_us(), &host) ||
			!host.online || host.unproven || host.blocked)
		return false;
	f = remember(c, from, p, &host);
	if (!f)
		return false;
	if (p->relay) {
		m->request_relay->secure = m->request_relay->secure || host.has_pk;
		if (hws_pair_id_valid(hws_bytes_str(m->request_relay->uuid)))
			rdv_announce(core->tcp, m->request_relay->uuid);
	} else if (p->may_be_local && !host.client && rdv_addr_ip_equal(&f->viewer, &host.addr)) {
		make_local(m, &local);
	}
	hws_count(&core->count.punch_sent);
	return rdv_push(core, &host, m);
}

static void heard_push(struct rdv_cluster *c, const char *from, const Cluster__Push *p)
{
	Rdv__RendezvousMessage *m = NULL;
	bool done = false;

	if (hws_rdv_unpack(hws_bytes(p->message.data, p->message.len), &m) == HWS_OK &&
			m->union_case ==
					(p->relay ? RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY
						  : RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE))
		done = push_here(c, from, p, m);
	hws_rdv_free(m);
	if (!done) {
		Cluster__Nowhere no = CLUSTER__NOWHERE__INIT;
		Cluster__Item item = CLUSTER__ITEM__INIT;

		no.id = p->id;
		no.viewer = p->viewer;
		no.relay = p->relay;
		item.what_case = CLUSTER__ITEM__WHAT_NOWHERE;
		item.nowhere = &no;
		rdv_cluster_send_later(c, from, &item);
	}
}

/* --- a device's answer ------------------------------------------------------------------------ */

/* As reply.c recognises answers to viewers of its own. */
static bool is_answer(const struct rdv_remote_viewer *f, const struct rdv_replier *from, bool exact,
		uint32_t cookie)
{
	if (exact && rdv_addr_is_v4(&f->viewer))
		return cookie == f->cookie;
	return rdv_addr_ip_equal(&from->addr, &f->host);
}

bool rdv_cluster_reply(struct rdv_cluster *c, const struct rdv_replier *from,
		ProtobufCBinaryData addr, const char *id, bool exact,
		const Rdv__RendezvousMessage *m)
{
	Cluster__Reply reply = CLUSTER__REPLY__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	struct sockaddr_storage ss;
	struct rdv_addr viewer;
	struct rdv_remote_viewer *f;
	struct hws_buf packed;
	uint32_t cookie = 0;

	hws_addr_decode(hws_bytes(addr.data, addr.len), &ss, &cookie);
	viewer = rdv_addr_from(&ss);
	f = foreign_find(c, &viewer, id, id == NULL);
	if (!f || f->until_us < hws_clock_us() || !is_answer(f, from, exact, cookie) ||
			f->replies >= REPLIES_MAX)
		return false;
	f->replies++;
	hws_buf_init(&packed, MESSAGE_MAX);
	if (hws_rdv_pack(m, &packed) == HWS_OK) {
		reply.id = f->id;
		reply.viewer = (ProtobufCBinaryData){ f->mangled_len, f->mangled };
		reply.relay = f->relay;
		reply.from_ip = (ProtobufCBinaryData){ sizeof(from->addr.ip),
			(uint8_t *)(uintptr_t)from->addr.ip };
		reply.from_port = from->addr.port;
		reply.udp = from->udp;
		if (f->has_pk)
			reply.pk = (ProtobufCBinaryData){ sizeof(f->pk), f->pk };
		reply.message = (ProtobufCBinaryData){ hws_buf_len(&packed),
			(uint8_t *)(uintptr_t)hws_buf_bytes(&packed).ptr };
		item.what_case = CLUSTER__ITEM__WHAT_REPLY;
		item.reply = &reply;
		hws_count(&c->core->count.cluster_replied);
		rdv_cluster_send_later(c, f->node, &item);
	}
	hws_buf_done(&packed);
	return true;
}

/* --- for a viewer of this node ---------------------------------------------------------------- */

void rdv_cluster_dispatch(
		struct rdv_cluster *c, const struct rdv_replier *from, Rdv__RendezvousMessage *m)
{
	struct rdv_tcp *t = c->core->tcp;

	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT:
		rdv_reply_sent(t, from, m->punch_hole_sent);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR:
		rdv_reply_local(t, from, m->local_addr);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE:
		rdv_reply_relay(t, from, m->relay_response);
		break;
	default:
		break;
	}
}

static void heard_reply(struct rdv_cluster *c, const Cluster__Reply *r)
{
	struct rdv_replier from = { .udp = r->udp, .elsewhere = true };
	Rdv__RendezvousMessage *m = NULL;

	if (r->from_ip.len != sizeof(from.addr.ip) || r->from_port > UINT16_MAX)
		return;
	memcpy(from.addr.ip, r->from_ip.data, sizeof(from.addr.ip));
	from.addr.port = (uint16_t)r->from_port;
	from.pk = r->pk.len == RDV_PK_LEN ? r->pk.data : NULL;
	if (hws_rdv_unpack(hws_bytes(r->message.data, r->message.len), &m) < 0)
		return;
	rdv_cluster_dispatch(c, &from, m);
	hws_rdv_free(m);
}

static void heard_nowhere(struct rdv_cluster *c, const Cluster__Nowhere *n)
{
	struct sockaddr_storage ss;
	struct rdv_addr viewer;
	struct rdv_client *cl;
	uint32_t cookie = 0;

	hws_addr_decode(hws_bytes(n->viewer.data, n->viewer.len), &ss, &cookie);
	viewer = rdv_addr_from(&ss);
	cl = viewer.port ? rdv_client_by_addr(c->core->tcp, &viewer) : NULL;
	if (cl && (!rdv_addr_is_v4(&viewer) || cookie == cl->cookie))
		rdv_punch_nowhere(cl, n->id, n->relay, true);
}

void rdv_cluster_heard(struct rdv_cluster *c, const char *from, const Cluster__Item *item)
{
	if (c->ended)
		return;
	switch (item->what_case) {
	case CLUSTER__ITEM__WHAT_PUSH:
		heard_push(c, from, item->push);
		break;
	case CLUSTER__ITEM__WHAT_REPLY:
		heard_reply(c, item->reply);
		break;
	case CLUSTER__ITEM__WHAT_NOWHERE:
		heard_nowhere(c, item->nowhere);
		break;
	case CLUSTER__ITEM__WHAT_GRANT_ASK:
		rdv_grant_asked(c, from, item->grant_ask);
		break;
	case CLUSTER__ITEM__WHAT_GRANT:
		rdv_grant_heard(c, item->grant);
		break;
	case CLUSTER__ITEM__WHAT_MISDIRECTED:
		rdv_misdirected_heard(c, item->misdirected);
		break;
	default:
		break; /* of a newer node */
	}
}
