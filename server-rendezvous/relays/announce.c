/* rendezvous/relays/announce: relays as listeners. */
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/relays/choice.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/wire/ticket.h"
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_S 10
#define RECENT 256
#define RECENT_US (60 * HWS_US_PER_S)

/* What was announced last, for a relay that comes back: those pairs are on their way to it. */
struct rdv_recent {
	unsigned next;
	struct {
		uint64_t when_us;
		char uuid[HWS_UUID_MAX + 1];
	} item[RECENT];
};

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
	struct rdv_client *cl = arg;

	if (!may_listen(cl->plane->core, cl->relay_pk)) {
		hws_warn("announce.revoked");
		hws_conn_close(cl->conn, HWS_ERR_DENIED);
	} else if (hws_conn_send_heartbeat(cl->conn) < 0) {
		hws_conn_close(cl->conn, HWS_ERR_FULL);
	}
}

static void remember(struct rdv_tcp *t, const char *uuid)
{
	struct rdv_recent *r = t->recent;

	if (!r)
		r = t->recent = calloc(1, sizeof(*r));
	if (!r || hws_str_copy(r->item[r->next].uuid, sizeof(r->item[0].uuid), uuid) < 0)
		return; /* only a relay that comes back would miss it */
	r->item[r->next].when_us = hws_loop_now_us(t->loop);
	r->next = (r->next + 1) % RECENT;
}

static int send_tickets(struct rdv_tcp *t, struct rdv_client *cl, const char *const *uuid, size_t n)
{
	int r;

	hws_buf_reset(&t->out);
	r = hws_ticket_tickets(uuid, n, HWS_TICKET_TTL_S, &t->out);
	return r < 0 ? r : hws_conn_send(cl->conn, hws_buf_bytes(&t->out));
}

static int send_recent(struct rdv_tcp *t, struct rdv_client *cl)
{
	const char *uuid[HWS_TICKET_LIST_MAX];
	size_t n = 0;
	int r = HWS_OK;

	for (unsigned i = 0; t->recent && i < RECENT && r == HWS_OK; i++) {
		if (!t->recent->item[i].when_us ||
				hws_loop_now_us(t->loop) - t->recent->item[i].when_us > RECENT_US)
			continue;
		uuid[n++] = t->recent->item[i].uuid;
		if (n < HWS_TICKET_LIST_MAX)
			continue;
		r = send_tickets(t, cl, uuid, n);
		n = 0;
	}
	return r == HWS_OK && n ? send_tickets(t, cl, uuid, n) : r;
}

bool rdv_announce_hello(struct rdv_client *cl, struct hws_bytes payload)
{
	struct rdv_tcp *t = cl->plane;
	uint8_t pk[HWS_PK_LEN];
	char key[HWS_KEY_TEXT], from[HWS_ADDR_TEXT];
	int r = hws_ticket_hello_check(payload, cl->session, pk);

	if (r == HWS_ERR_NOTFOUND || r == HWS_ERR_PROTO)
		return false;
	hws_addr_ip_text(&cl->peer, from, sizeof(from));
	if (r == HWS_OK && !may_listen(t->core, pk))
		r = HWS_ERR_DENIED;
	if (r < 0) {
		hws_warn_limited("announce.refused", HWS_STR("from", from),
				HWS_STR("relay_key",
						r == HWS_ERR_DENIED ? hws_key_text(pk, key) : ""),
				HWS_ERR("why", r));
		hws_conn_close(cl->conn, r);
		return true;
	}
	hws_buf_reset(&t->out);
	if (hws_ticket_welcome(HEARTBEAT_S, &t->out) < 0 ||
			hws_conn_send(cl->conn, hws_buf_bytes(&t->out)) < 0 ||
			send_recent(t, cl) < 0) {
		hws_conn_close(cl->conn, HWS_ERR_FULL);
		return true;
	}
	memcpy(cl->relay_pk, pk, sizeof(pk));
	hws_list_push(&t->listeners, &cl->listening);
	hws_conn_set_idle(cl->conn, 3 * HEARTBEAT_S * HWS_US_PER_S);
	hws_timer_every(t->loop, &cl->timer, HEARTBEAT_S * HWS_US_PER_S, on_heartbeat, cl);
	hws_count(&t->core->relays_listening);
	hws_info("announce.relay_up", HWS_STR("from", from),
			HWS_STR("relay_key", hws_key_text(pk, key)));
	return true;
}

static void on_distance(const char *name, const struct hws_ticket_distance *d, void *arg)
{
	struct rdv_core *core = arg;

	rdv_relays_distance(core->relays, name, &d->network, d->rtt_ms);
	hws_count(&core->count.distances);
}

void rdv_announce_heard(struct rdv_client *cl, struct hws_bytes payload)
{
	char name[HWS_HOSTNAME_MAX + 8];
	bool draining;

	if (hws_ticket_distances_read(payload, on_distance, cl->plane->core) == HWS_OK)
		return;
	if (hws_ticket_state_read(payload, name, sizeof(name), &draining) < 0)
		return; /* of a newer relay */
	if (*name && rdv_relays_leaving(cl->plane->core->relays, name, draining) < 0)
		hws_warn_limited("announce.unknown_relay", HWS_STR("name", name));
}

void rdv_announce(struct rdv_tcp *t, const char *uuid)
{
	struct hws_list *n, *next;
	struct hws_buf out;

	if (!*uuid || !*rdv_conf(t->core)->announce_to)
		return;
	remember(t, uuid);
	if (hws_list_empty(&t->listeners))
		return;
	hws_buf_init(&out, 4096);
	if (hws_ticket_tickets(&uuid, 1, HWS_TICKET_TTL_S, &out) == HWS_OK) {
		hws_list_for_safe (n, next, &t->listeners) {
			struct rdv_client *cl = hws_container(n, struct rdv_client, listening);

			if (hws_conn_send(cl->conn, hws_buf_bytes(&out)) < 0)
				hws_conn_close(cl->conn,
						HWS_ERR_FULL); /* it does not read: it must dial again */
		}
		hws_count(&t->core->count.announced);
	}
	hws_buf_done(&out);
}

void rdv_announce_gone(struct rdv_client *cl)
{
	if (!hws_list_linked(&cl->listening))
		return;
	hws_list_remove(&cl->listening);
	__atomic_fetch_sub(&cl->plane->core->relays_listening, 1, __ATOMIC_RELAXED);
	hws_warn("announce.relay_down");
}
