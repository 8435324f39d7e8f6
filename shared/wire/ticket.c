/* Packs and unpacks what relay and rendezvous server tell each other. A relay's hello signs a
 * hash of the session key, so that it proves who speaks on this link and on no other. */
#include "shared/wire/ticket.h"
#include "proto/extension.pb-c.h"
#include "shared/base/str.h"
#include "shared/crypto/digest.h"
#include "shared/wire/envelope.h"
#include "shared/wire/text.h"
#include <netinet/in.h>
#include <string.h>

static const char purpose[] = "hawser relay hello 1";

/* What is signed: the purpose and a hash of the session key, so that a hello is good on one link
 * only. */
struct statement {
	uint8_t bytes[sizeof(purpose) + HWS_SHA256_LEN];
};

static void statement(const uint8_t key[HWS_SESSION_KEY_LEN], struct statement *ret)
{
	memcpy(ret->bytes, purpose, sizeof(purpose));
	hws_sha256(hws_bytes(key, HWS_SESSION_KEY_LEN), ret->bytes + sizeof(purpose));
}

int hws_ticket_hello(const struct hws_identity *relay,
		const uint8_t session_key[HWS_SESSION_KEY_LEN], struct hws_buf *out)
{
	Ext__RelayHello hello = EXT__RELAY_HELLO__INIT;
	Ext__RdvExtension m = EXT__RDV_EXTENSION__INIT;
	uint8_t pk[HWS_PK_LEN], sig[HWS_SIG_LEN];
	struct statement s;

	statement(session_key, &s);
	memcpy(pk, relay->pk, sizeof(pk));
	hws_identity_sign(relay, hws_bytes(s.bytes, sizeof(s.bytes)), sig);
	hello.pk = (ProtobufCBinaryData){ sizeof(pk), pk };
	hello.signature = (ProtobufCBinaryData){ sizeof(sig), sig };
	m.union_case = EXT__RDV_EXTENSION__UNION_RELAY_HELLO;
	m.relay_hello = &hello;
	return hws_msg_pack(&m.base, out);
}

static int unpack(struct hws_bytes payload, Ext__RdvExtension **ret)
{
	ProtobufCMessage *m = NULL;
	int r = hws_msg_unpack(&ext__rdv_extension__descriptor, payload, HWS_TICKET_LIST_MAX, &m);

	if (r < 0)
		return r;
	*ret = (Ext__RdvExtension *)(void *)m;
	return HWS_OK;
}

int hws_ticket_hello_check(struct hws_bytes payload, const uint8_t session_key[HWS_SESSION_KEY_LEN],
		uint8_t ret_pk[HWS_PK_LEN])
{
	Ext__RdvExtension *m = NULL;
	uint8_t attached[HWS_SIG_LEN + sizeof(struct statement)];
	struct hws_bytes msg;
	struct statement s;
	int r = unpack(payload, &m);

	if (r < 0)
		return r;
	r = HWS_ERR_NOTFOUND;
	if (m->union_case == EXT__RDV_EXTENSION__UNION_RELAY_HELLO) {
		const Ext__RelayHello *h = m->relay_hello;

		r = HWS_ERR_PROTO;
		if (h->pk.len == HWS_PK_LEN && h->signature.len == HWS_SIG_LEN) {
			statement(session_key, &s);
			memcpy(attached, h->signature.data, HWS_SIG_LEN);
			memcpy(attached + HWS_SIG_LEN, s.bytes, sizeof(s.bytes));
			r = hws_verify_attached(
					h->pk.data, hws_bytes(attached, sizeof(attached)), &msg);
			if (r == HWS_OK)
				memcpy(ret_pk, h->pk.data, HWS_PK_LEN);
		}
	}
	hws_msg_free(&m->base);
	return r;
}

int hws_ticket_welcome(uint32_t heartbeat_s, struct hws_buf *out)
{
	Ext__RelayWelcome w = EXT__RELAY_WELCOME__INIT;
	Ext__RdvExtension m = EXT__RDV_EXTENSION__INIT;

	w.heartbeat_s = heartbeat_s;
	m.union_case = EXT__RDV_EXTENSION__UNION_RELAY_WELCOME;
	m.relay_welcome = &w;
	return hws_msg_pack(&m.base, out);
}

int hws_ticket_tickets(const char *const *uuid, size_t n, uint32_t ttl_s, struct hws_buf *out)
{
	Ext__RelayTickets t = EXT__RELAY_TICKETS__INIT;
	Ext__RdvExtension m = EXT__RDV_EXTENSION__INIT;

	if (n > HWS_TICKET_LIST_MAX)
		return HWS_ERR_TOOBIG;
	t.n_uuid = n;
	t.uuid = (char **)(uintptr_t)uuid; /* packing only reads */
	t.ttl_s = ttl_s;
	m.union_case = EXT__RDV_EXTENSION__UNION_RELAY_TICKETS;
	m.relay_tickets = &t;
	return hws_msg_pack(&m.base, out);
}

int hws_ticket_read(struct hws_bytes payload, struct hws_ticket_news *ret,
		void (*fn)(struct hws_bytes uuid, uint32_t ttl_s, void *arg), void *arg)
{
	Ext__RdvExtension *m = NULL;
	struct hws_ticket_news news = { 0 };
	int r = unpack(payload, &m);

	if (r < 0)
		return r;
	if (m->union_case == EXT__RDV_EXTENSION__UNION_RELAY_WELCOME) {
		news.welcome = true;
		news.heartbeat_s =
				m->relay_welcome->heartbeat_s ? m->relay_welcome->heartbeat_s : 1;
	} else if (m->union_case == EXT__RDV_EXTENSION__UNION_RELAY_TICKETS) {
		for (size_t i = 0; i < m->relay_tickets->n_uuid; i++) {
			struct hws_bytes uuid = hws_bytes_str(m->relay_tickets->uuid[i]);

			if (hws_pair_id_valid(uuid))
				fn(uuid, m->relay_tickets->ttl_s, arg);
		}
	} else {
		r = HWS_ERR_NOTFOUND;
	}
	if (r == HWS_OK)
		*ret = news;
	hws_msg_free(&m->base);
	return r;
}

int hws_ticket_state(const char *name, bool draining, struct hws_buf *out)
{
	Ext__RelayState state = EXT__RELAY_STATE__INIT;
	Ext__RdvExtension m = EXT__RDV_EXTENSION__INIT;

	state.name = (char *)(uintptr_t)name; /* packing only reads */
	state.draining = draining;
	m.union_case = EXT__RDV_EXTENSION__UNION_RELAY_STATE;
	m.relay_state = &state;
	return hws_msg_pack(&m.base, out);
}

int hws_ticket_state_read(struct hws_bytes payload, char *name, size_t size, bool *ret_draining)
{
	Ext__RdvExtension *m = NULL;
	int r = unpack(payload, &m);

	if (r < 0)
		return r;
	r = HWS_ERR_NOTFOUND;
	if (m->union_case == EXT__RDV_EXTENSION__UNION_RELAY_STATE) {
		r = hws_str_copy(name, size, m->relay_state->name);
		if (r == HWS_OK)
			*ret_draining = m->relay_state->draining;
	}
	hws_msg_free(&m->base);
	return r;
}

#define V4_BYTES 3
#define V6_BYTES 6

static size_t network_put(const struct sockaddr_storage *a, uint8_t buf[V6_BYTES])
{
	if (a->ss_family == AF_INET) {
		memcpy(buf, &((const struct sockaddr_in *)a)->sin_addr, V4_BYTES);
		return V4_BYTES;
	}
	memcpy(buf, &((const struct sockaddr_in6 *)a)->sin6_addr, V6_BYTES);
	return V6_BYTES;
}

static bool network_take(ProtobufCBinaryData in, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (in.len == V4_BYTES) {
		ret->ss_family = AF_INET;
		memcpy(&((struct sockaddr_in *)ret)->sin_addr, in.data, V4_BYTES);
	} else if (in.len == V6_BYTES) {
		ret->ss_family = AF_INET6;
		memcpy(&((struct sockaddr_in6 *)ret)->sin6_addr, in.data, V6_BYTES);
	}
	return ret->ss_family != AF_UNSPEC;
}

int hws_ticket_distances(const char *name, const struct hws_ticket_distance *item, size_t n,
		struct hws_buf *out)
{
	Ext__RelayDistance d[HWS_TICKET_LIST_MAX], *list[HWS_TICKET_LIST_MAX];
	Ext__RelayDistances all = EXT__RELAY_DISTANCES__INIT;
	Ext__RdvExtension m = EXT__RDV_EXTENSION__INIT;
	uint8_t network[HWS_TICKET_LIST_MAX][V6_BYTES];

	if (n > HWS_TICKET_LIST_MAX)
		return HWS_ERR_TOOBIG;
	for (size_t i = 0; i < n; i++) {
		ext__relay_distance__init(&d[i]);
		d[i].network.len = network_put(&item[i].network, network[i]);
		d[i].network.data = network[i];
		d[i].rtt_ms = item[i].rtt_ms;
		list[i] = &d[i];
	}
	all.name = (char *)(uintptr_t)name; /* packing only reads */
	all.n_item = n;
	all.item = list;
	m.union_case = EXT__RDV_EXTENSION__UNION_RELAY_DISTANCES;
	m.relay_distances = &all;
	return hws_msg_pack(&m.base, out);
}

int hws_ticket_distances_read(struct hws_bytes payload,
		void (*fn)(const char *name, const struct hws_ticket_distance *d, void *arg),
		void *arg)
{
	struct hws_ticket_distance d;
	Ext__RdvExtension *m = NULL;
	int r = unpack(payload, &m);

	if (r < 0)
		return r;
	if (m->union_case == EXT__RDV_EXTENSION__UNION_RELAY_DISTANCES) {
		for (size_t i = 0; i < m->relay_distances->n_item; i++) {
			d.rtt_ms = m->relay_distances->item[i]->rtt_ms;
			if (network_take(m->relay_distances->item[i]->network, &d.network))
				fn(m->relay_distances->name, &d, arg);
		}
	} else {
		r = HWS_ERR_NOTFOUND;
	}
	hws_msg_free(&m->base);
	return r;
}
