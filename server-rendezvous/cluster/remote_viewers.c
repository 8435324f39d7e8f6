/* rendezvous/cluster/remote_viewers: requests of other nodes' viewers to devices of this node, and
 * the devices' answers back. All on the TCP plane's thread. */
#include "server-rendezvous/cluster/remote_viewers.h"
#include "server-rendezvous/cluster/node.h"
#include "server-rendezvous/cluster/outbox.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/granted.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include "shared/wire/text.h"

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/nodes.h"
#include <string.h>

#define BUCKETS 16384u
#define VIEWERS_MAX 100000u
#define VIEWERS_US (40 * HWS_US_PER_S)
#define REPLIES_MAX 8 /* datagrams come three times */
#define MESSAGE_MAX 1400u

/* A viewer of another node that waits for a device of this one. */
struct remote_viewer {
	struct hws_list age;
	struct remote_viewer *next; /* of the bucket */
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

struct rdv_remote_viewers {
	struct rdv_node *node;
	uint8_t hash_key[HWS_HASH_KEY_LEN];
	struct remote_viewer **bucket;
	struct hws_list age;
	size_t count;
};

/* --- table ------------------------------------------------------------------------------------ */

static size_t bucket_of(struct rdv_remote_viewers *rv, const struct rdv_addr *viewer)
{
	uint8_t bytes[sizeof(viewer->ip) + 2];

	memcpy(bytes, viewer->ip, sizeof(viewer->ip));
	memcpy(bytes + sizeof(viewer->ip), &viewer->port, 2);
	return hws_keyed_hash(rv->hash_key, hws_bytes(bytes, sizeof(bytes))) % BUCKETS;
}

static void viewer_free(struct rdv_remote_viewers *rv, struct remote_viewer *f)
{
	struct remote_viewer **at = &rv->bucket[bucket_of(rv, &f->viewer)];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	hws_list_remove(&f->age);
	rv->count--;
	hws_free(f);
}

static void expire(struct rdv_remote_viewers *rv, uint64_t now_us)
{
	struct hws_list *n;

	while ((n = hws_list_first(&rv->age))) {
		struct remote_viewer *f = hws_container(n, struct remote_viewer, age);

		if (rv->count < VIEWERS_MAX && now_us < f->until_us)
			return;
		viewer_free(rv, f);
	}
}

static struct remote_viewer *viewer_find(struct rdv_remote_viewers *rv,
		const struct rdv_addr *viewer, const char *id, bool relay)
{
	struct remote_viewer *f = rv->bucket ? rv->bucket[bucket_of(rv, viewer)] : NULL;

	for (; f; f = f->next) {
		if (f->relay == relay && rdv_addr_equal(&f->viewer, viewer) &&
				(!id || strcmp(f->id, id) == 0))
			return f;
	}
	return NULL;
}

static struct remote_viewer *viewer_new(
		struct rdv_remote_viewers *rv, const struct rdv_addr *viewer, uint64_t now_us)
{
	struct remote_viewer *f;
	size_t b;

	expire(rv, now_us);
	if (!rv->bucket)
		rv->bucket = hws_alloc_array(BUCKETS, sizeof(struct remote_viewer *));
	f = rv->bucket ? hws_alloc(sizeof(*f)) : NULL;
	if (!f)
		return NULL;
	b = bucket_of(rv, viewer);
	f->viewer = *viewer;
	f->next = rv->bucket[b];
	rv->bucket[b] = f;
	rv->count++;
	hws_list_push(&rv->age, &f->age);
	return f;
}

static struct remote_viewer *remember(struct rdv_remote_viewers *rv, const char *from,
		const Cluster__Push *p, const struct rdv_peer_info *host)
{
	uint64_t now = hws_clock_us();
	struct sockaddr_storage ss;
	struct remote_viewer *f;
	struct rdv_addr viewer;
	uint32_t cookie;

	if (p->viewer.len > HWS_ADDR_WIRE_MAX ||
			!hws_addr_decode_usable(hws_bytes(p->viewer.data, p->viewer.len), &ss))
		return NULL;
	hws_addr_decode(hws_bytes(p->viewer.data, p->viewer.len), &ss, &cookie);
	viewer = rdv_addr_from(&ss);
	f = viewer_find(rv, &viewer, p->id, p->relay);
	if (!f)
		f = viewer_new(rv, &viewer, now);
	if (!f || hws_str_copy(f->node, sizeof(f->node), from) < 0 ||
			hws_str_copy(f->id, sizeof(f->id), p->id) < 0)
		return NULL;
	hws_list_remove(&f->age);
	hws_list_push(&rv->age, &f->age);
	f->until_us = now + VIEWERS_US;
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

int rdv_remote_viewers_new(struct rdv_node *node, struct rdv_remote_viewers **ret)
{
	struct rdv_remote_viewers *rv = hws_alloc(sizeof(*rv));

	if (!rv)
		return HWS_ERR_NOMEM;
	rv->node = node;
	hws_rand_bytes(rv->hash_key, sizeof(rv->hash_key));
	hws_list_init(&rv->age);
	*ret = rv;
	return HWS_OK;
}

void rdv_remote_viewers_free(struct rdv_remote_viewers *rv)
{
	struct hws_list *n;

	if (!rv)
		return;
	while ((n = hws_list_first(&rv->age)))
		viewer_free(rv, hws_container(n, struct remote_viewer, age));
	hws_free(rv->bucket);
	hws_free(rv);
}

/* --- to a device of this node ----------------------------------------------------------------- */

/* In the words for two ends of one network: these cannot say "relay only", hence `may_be_local`. */
static void make_local(Rdv__RendezvousMessage *m, Rdv__FetchLocalAddr *local)
{
	const Rdv__PunchHole *p = m->punch_hole;

	local->socket_addr = p->socket_addr;
	local->relay_server = p->relay_server;
	local->socket_addr_v6 = p->socket_addr_v6;
	local->n_candidates = p->n_candidates;
	local->candidates = p->candidates;
	m->union_case = RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR;
	m->fetch_local_addr = local;
}

static bool push_here(struct rdv_remote_viewers *rv, const char *from, const Cluster__Push *p,
		Rdv__RendezvousMessage *m)
{
	Rdv__FetchLocalAddr local = RDV__FETCH_LOCAL_ADDR__INIT;
	struct rdv_granted granted = { .permissions = p->permissions };
	struct rdv_core *core = rv->node->core;
	struct rdv_peer_info host;
	struct remote_viewer *f;

	if (hws_str_copy(granted.ref, sizeof(granted.ref), p->ref) < 0)
		granted.ref[0] = '\0';
	if (!rdv_presence_get(core->presence, hws_bytes_str(p->id), hws_clock_us(), &host) ||
			!host.online || host.blocked)
		return false;
	f = remember(rv, from, p, &host);
	if (!f)
		return false;
	if (p->relay) {
		m->request_relay->secure = m->request_relay->secure || host.has_pk;
		if (hws_pair_id_valid(hws_bytes_str(m->request_relay->uuid)))
			rv->node->planes->announce(core, m->request_relay->uuid);
	} else if (p->may_be_local && !host.client && rdv_addr_ip_equal(&f->viewer, &host.addr)) {
		make_local(m, &local);
	}
	hws_count(&core->count.punch_sent);
	return rv->node->planes->push(core, &host, m, &granted);
}

void rdv_remote_push(struct rdv_remote_viewers *rv, const char *from, const Cluster__Push *p)
{
	Rdv__RendezvousMessage *m = NULL;
	bool done = false;

	if (hws_rdv_unpack(hws_bytes(p->message.data, p->message.len), &m) == HWS_OK &&
			m->union_case ==
					(p->relay ? RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY
						  : RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE))
		done = push_here(rv, from, p, m);
	hws_rdv_free(m);
	if (!done) {
		Cluster__Nowhere no = CLUSTER__NOWHERE__INIT;
		Cluster__Item item = CLUSTER__ITEM__INIT;

		no.id = p->id;
		no.viewer = p->viewer;
		no.relay = p->relay;
		item.what_case = CLUSTER__ITEM__WHAT_NOWHERE;
		item.nowhere = &no;
		rdv_outbox_send_later(rv->node->out, from, &item);
	}
}

/* --- a device's answer ------------------------------------------------------------------------ */

/* As reply.c recognises answers to viewers of its own. */
static bool is_answer(const struct remote_viewer *f, const struct rdv_replier *from, bool exact,
		uint32_t cookie)
{
	if (exact && rdv_addr_is_v4(&f->viewer))
		return cookie == f->cookie;
	return rdv_addr_ip_equal(&from->addr, &f->host);
}

bool rdv_remote_answer(struct rdv_remote_viewers *rv, const struct rdv_replier *from,
		ProtobufCBinaryData addr, const char *id, bool exact,
		const Rdv__RendezvousMessage *m)
{
	Cluster__Reply reply = CLUSTER__REPLY__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;
	struct sockaddr_storage ss;
	struct rdv_addr viewer;
	struct remote_viewer *f;
	struct hws_buf packed;
	uint32_t cookie = 0;

	hws_addr_decode(hws_bytes(addr.data, addr.len), &ss, &cookie);
	viewer = rdv_addr_from(&ss);
	f = viewer_find(rv, &viewer, id, id == NULL);
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
		hws_count(&rv->node->core->count.cluster_replied);
		rdv_outbox_send_later(rv->node->out, f->node, &item);
	}
	hws_buf_done(&packed);
	return true;
}

/* --- for a viewer of this node ---------------------------------------------------------------- */

void rdv_remote_reply(struct rdv_remote_viewers *rv, const Cluster__Reply *r)
{
	struct rdv_replier from = { .udp = r->udp, .elsewhere = true };
	Rdv__RendezvousMessage *m = NULL;
	struct sockaddr_storage ss;

	hws_addr_decode(hws_bytes(r->viewer.data, r->viewer.len), &ss, &from.cookie);
	if (r->from_ip.len != sizeof(from.addr.ip) || r->from_port > UINT16_MAX)
		return;
	memcpy(from.addr.ip, r->from_ip.data, sizeof(from.addr.ip));
	from.addr.port = (uint16_t)r->from_port;
	from.pk = r->pk.len == RDV_PK_LEN ? r->pk.data : NULL;
	if (hws_rdv_unpack(hws_bytes(r->message.data, r->message.len), &m) < 0)
		return;
	rv->node->planes->reply(rv->node->core, &from, m);
	hws_rdv_free(m);
}

void rdv_remote_nowhere(struct rdv_remote_viewers *rv, const Cluster__Nowhere *n)
{
	rv->node->planes->nowhere_at(
			rv->node->core, hws_bytes(n->viewer.data, n->viewer.len), n->id, n->relay);
}
