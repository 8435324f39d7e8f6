/* rendezvous/relays/announce: relays as listeners. Each is sent what is agreed from now on, and
 * when it comes the last minute's: those pairs may be on their way to it already. */
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "shared/wire/ticket.h"
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_S 10
#define RECENT 256
#define RECENT_US (60 * HWS_US_PER_S)

struct rdv_announcer {
	struct rdv_core *core;
	struct hws_loop *loop;
	struct hws_list listeners;
	struct hws_buf out; /* scratch for packing */
	unsigned next;
	struct {
		uint64_t when_us; /* 0 = free */
		char uuid[HWS_UUID_MAX + 1];
	} recent[RECENT];
};

struct rdv_listener {
	struct hws_list node;
	struct rdv_announcer *owner;
	struct hws_conn *conn;
	struct hws_timer timer;
	uint8_t pk[HWS_PK_LEN];
};

int rdv_announcer_new(struct rdv_core *core, struct hws_loop *loop, struct rdv_announcer **ret)
{
	struct rdv_announcer *a = hws_alloc(sizeof(*a));

	if (!a)
		return HWS_ERR_NOMEM;
	a->core = core;
	a->loop = loop;
	hws_list_init(&a->listeners);
	hws_buf_init(&a->out, HWS_RDV_ONLINE_FRAME_MAX);
	*ret = a;
	return HWS_OK;
}

void rdv_announcer_free(struct rdv_announcer *a)
{
	if (!a)
		return;
	hws_buf_done(&a->out);
	hws_free(a);
}

struct wanted {
	const uint8_t *pk;
	bool found;
};

static int compare(const char *part, void *arg)
{
	struct wanted *w = arg;
	uint8_t pk[HWS_PK_LEN];

	if (hws_key_parse(part, pk) == HWS_OK && memcmp(pk, w->pk, sizeof(pk)) == 0)
		w->found = true;
	return HWS_OK;
}

static bool may_listen(struct rdv_core *core, const uint8_t pk[HWS_PK_LEN])
{
	struct wanted w = { .pk = pk };

	return hws_str_each(rdv_conf(core)->announce_to, ',', compare, &w) == HWS_OK && w.found;
}

static void on_heartbeat(void *arg)
{
	struct rdv_listener *l = arg;

	if (!may_listen(l->owner->core, l->pk)) {
		hws_warn("announce.revoked");
		hws_conn_close(l->conn, HWS_ERR_DENIED);
	} else if (hws_conn_send_heartbeat(l->conn) < 0) {
		hws_conn_close(l->conn, HWS_ERR_FULL);
	}
}

static void remember(struct rdv_announcer *a, const char *uuid)
{
	if (hws_str_copy(a->recent[a->next].uuid, sizeof(a->recent[0].uuid), uuid) < 0)
		return; /* only a relay that comes back would miss it */
	a->recent[a->next].when_us = hws_loop_now_us(a->loop);
	a->next = (a->next + 1) % RECENT;
}

static int send_tickets(
		struct rdv_announcer *a, struct hws_conn *conn, const char *const *uuid, size_t n)
{
	int r;

	hws_buf_reset(&a->out);
	r = hws_ticket_tickets(uuid, n, HWS_TICKET_TTL_S, &a->out);
	return r < 0 ? r : hws_conn_send(conn, hws_buf_bytes(&a->out));
}

static int send_recent(struct rdv_announcer *a, struct hws_conn *conn)
{
	const char *uuid[HWS_TICKET_LIST_MAX];
	size_t n = 0;
	int r = HWS_OK;

	for (unsigned i = 0; i < RECENT && r == HWS_OK; i++) {
		if (!a->recent[i].when_us ||
				hws_loop_now_us(a->loop) - a->recent[i].when_us > RECENT_US)
			continue;
		uuid[n++] = a->recent[i].uuid;
		if (n < HWS_TICKET_LIST_MAX)
			continue;
		r = send_tickets(a, conn, uuid, n);
		n = 0;
	}
	return r == HWS_OK && n ? send_tickets(a, conn, uuid, n) : r;
}

static int welcome(struct rdv_announcer *a, struct hws_conn *conn)
{
	hws_buf_reset(&a->out);
	if (hws_ticket_welcome(HEARTBEAT_S, &a->out) < 0 ||
			hws_conn_send(conn, hws_buf_bytes(&a->out)) < 0 || send_recent(a, conn) < 0)
		return HWS_ERR_FULL;
	return HWS_OK;
}

int rdv_announce_hello(struct rdv_announcer *a, struct hws_conn *conn,
		const struct sockaddr_storage *peer, const uint8_t session[HWS_SESSION_KEY_LEN],
		struct hws_bytes payload, struct rdv_listener **ret)
{
	uint8_t pk[HWS_PK_LEN];
	char key[HWS_KEY_TEXT], from[HWS_ADDR_TEXT];
	struct rdv_listener *l;
	int r = hws_ticket_hello_check(payload, session, pk);

	if (r == HWS_ERR_NOTFOUND || r == HWS_ERR_PROTO)
		return HWS_ERR_NOTFOUND;
	hws_addr_ip_text(peer, from, sizeof(from));
	if (r == HWS_OK && !may_listen(a->core, pk))
		r = HWS_ERR_DENIED;
	if (r < 0) {
		hws_warn_limited("announce.refused", HWS_STR("from", from),
				HWS_STR("relay_key",
						r == HWS_ERR_DENIED ? hws_key_text(pk, key) : ""),
				HWS_ERR("why", r));
		return r;
	}
	r = welcome(a, conn);
	l = r == HWS_OK ? hws_alloc(sizeof(*l)) : NULL;
	if (!l)
		return HWS_ERR_FULL;
	l->owner = a;
	l->conn = conn;
	memcpy(l->pk, pk, sizeof(pk));
	hws_list_push(&a->listeners, &l->node);
	hws_conn_set_idle(conn, 3 * HEARTBEAT_S * HWS_US_PER_S);
	hws_timer_every(a->loop, &l->timer, HEARTBEAT_S * HWS_US_PER_S, on_heartbeat, l);
	hws_count(&a->core->relays_listening);
	hws_info("announce.relay_up", HWS_STR("from", from),
			HWS_STR("relay_key", hws_key_text(pk, key)));
	*ret = l;
	return HWS_OK;
}

static void on_distance(const char *name, const struct hws_ticket_distance *d, void *arg)
{
	struct rdv_core *core = arg;

	rdv_relays_distance(core->relays, name, &d->network, d->rtt_ms);
	hws_count(&core->count.distances);
}

void rdv_announce_heard(struct rdv_listener *l, struct hws_bytes payload)
{
	struct rdv_core *core = l->owner->core;
	char name[HWS_HOSTNAME_MAX + 8];
	bool draining;

	if (hws_ticket_distances_read(payload, on_distance, core) == HWS_OK)
		return;
	if (hws_ticket_state_read(payload, name, sizeof(name), &draining) < 0)
		return; /* of a newer relay */
	if (*name && rdv_relays_leaving(core->relays, name, draining) < 0)
		hws_warn_limited("announce.unknown_relay", HWS_STR("name", name));
}

void rdv_announce(struct rdv_announcer *a, const char *uuid)
{
	struct hws_list *n, *next;
	struct hws_buf out;

	if (!*uuid || !*rdv_conf(a->core)->announce_to)
		return;
	remember(a, uuid);
	if (hws_list_empty(&a->listeners))
		return;
	hws_buf_init(&out, 4096);
	if (hws_ticket_tickets(&uuid, 1, HWS_TICKET_TTL_S, &out) == HWS_OK) {
		hws_list_for_safe (n, next, &a->listeners) {
			struct rdv_listener *l = hws_container(n, struct rdv_listener, node);

			/* one that does not read must dial again */
			if (hws_conn_send(l->conn, hws_buf_bytes(&out)) < 0)
				hws_conn_close(l->conn, HWS_ERR_FULL);
		}
		hws_count(&a->core->count.announced);
	}
	hws_buf_done(&out);
}

void rdv_announce_gone(struct rdv_listener *l)
{
	if (!l)
		return;
	hws_timer_stop(&l->timer);
	hws_list_remove(&l->node);
	__atomic_fetch_sub(&l->owner->core->relays_listening, 1, __ATOMIC_RELAXED);
	hws_warn("announce.relay_down");
	hws_free(l);
}
