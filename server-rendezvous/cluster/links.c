/* rendezvous/cluster/links: the other nodes that told us of themselves, who calls whom, and who is
 * let in. Any two nodes need one link, in whichever direction it was made. */
#include "server-rendezvous/cluster/links.h"
#include "server-rendezvous/cluster/link_at.h"
#include "server-rendezvous/cluster/node.h"
#include "server-rendezvous/cluster/peer_link.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/secret.h"
#include "shared/daemon/admit.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/net/listener.h"
#include <string.h>
#include <unistd.h>

#define PEERS_MAX 64u
#define GUESTS_MAX 32u /* that have not yet shown who they are */
#define LINKS_EACH 2   /* both ends may have called at once */
#define TELL_US (10 * HWS_US_PER_S)
#define FORGET_US (60 * HWS_US_PER_S)
#define DIAL_US (3 * HWS_US_PER_S)
#define AGAIN_MIN_US (200 * HWS_US_PER_MS)
#define AGAIN_MAX_US (10 * HWS_US_PER_S)
#define THEIR_TURN_US (3 * HWS_US_PER_S)
#define USE_LINKS "hwscl1lk"

struct peer {
	struct hws_list node;
	struct rdv_links *ls;
	char name[RDV_NODE_MAX + 1];
	char at[RDV_LINK_AT_MAX], host[RDV_LINK_AT_MAX];
	uint16_t port;
	uint8_t pk[HWS_BOX_PK_LEN];
	uint64_t told_us, wanted_us; /* of the last word; since when there is no link */
	uint64_t dial_us, pause_us;
	uint64_t up_us;
	struct hws_dial *dial;
	struct rdv_peer_link *link[LINKS_EACH];
	const char *trouble;
};

struct guest {
	struct hws_list node;
	struct rdv_peer_link *link;
	struct sockaddr_storage addr;
};

/* Keys are with the rest of the secrets. */
struct secrets {
	struct hws_box_pair own;
	uint8_t link_secret[RDV_LINK_SECRET_LEN];
};

struct rdv_links {
	struct rdv_node *node;
	struct rdv_links_conf conf;
	struct rdv_peer_link_conf link_conf;
	struct secrets *secrets;
	char at[RDV_LINK_AT_MAX];
	struct hws_listener *listener;
	struct hws_admit *admit;
	struct hws_list peers, guests;
	unsigned peer_count, guest_count, up;
	uint64_t tell_us; /* when it is to be told again */
	bool tell_all;    /* and with the wish to be told */
	bool ended;
};

static uint64_t now(const struct rdv_links *ls)
{
	return hws_loop_now_us(ls->node->loop);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell(struct rdv_links *ls, const char *to, bool answer)
{
	Cluster__Address a = CLUSTER__ADDRESS__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;

	a.at = ls->at;
	a.key = (ProtobufCBinaryData){ HWS_BOX_PK_LEN, ls->secrets->own.pk };
	a.tell = answer;
	item.what_case = CLUSTER__ITEM__WHAT_ADDRESS;
	item.address = &a;
	ls->conf.tell(to, &item, ls->conf.arg);
}

/* --- peers ------------------------------------------------------------------------------------ */

static struct peer *peer_named(struct rdv_links *ls, const char *name)
{
	struct hws_list *n;

	hws_list_for (n, &ls->peers) {
		struct peer *p = hws_container(n, struct peer, node);

		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

static void *peer_of(const uint8_t pk[HWS_BOX_PK_LEN], void *arg)
{
	struct rdv_links *ls = arg;
	struct hws_list *n;

	hws_list_for (n, &ls->peers) {
		struct peer *p = hws_container(n, struct peer, node);

		if (memcmp(p->pk, pk, HWS_BOX_PK_LEN) == 0)
			return p;
	}
	return NULL;
}

static struct rdv_peer_link *up_link(const struct peer *p)
{
	for (int i = 0; i < LINKS_EACH; i++) {
		if (p->link[i] && rdv_peer_link_up(p->link[i]))
			return p->link[i];
	}
	return NULL;
}

static bool has_link(const struct peer *p)
{
	return p->link[0] || p->link[1];
}

/* False when there is no room: the newer one goes. */
static bool attach(struct peer *p, struct rdv_peer_link *l)
{
	for (int i = 0; i < LINKS_EACH; i++) {
		if (p->link[i] == l)
			return true;
		if (!p->link[i]) {
			p->link[i] = l;
			return true;
		}
	}
	return false;
}

/* Those too that are being made. */
static void drop_links(struct peer *p, int why)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &p->ls->guests) {
		struct guest *g = hws_container(n, struct guest, node);

		if (rdv_peer_link_peer(g->link) == p)
			rdv_peer_link_close(g->link, why);
	}
	for (int i = 0; i < LINKS_EACH; i++) {
		if (p->link[i])
			rdv_peer_link_close(p->link[i], why);
	}
}

static void peer_free(struct peer *p)
{
	hws_dial_cancel(p->dial);
	p->dial = NULL;
	drop_links(p, HWS_ERR_CANCELED);
	hws_list_remove(&p->node);
	p->ls->peer_count--;
	hws_free(p);
}

static int peer_fill(struct peer *p, const Cluster__Address *a)
{
	p->at[0] = 0;
	if (!a->at[0])
		return HWS_OK;
	if (rdv_link_at_split(a->at, p->ls->conf.port, p->host, sizeof(p->host), &p->port) < 0)
		return HWS_ERR_PROTO;
	return hws_str_copy(p->at, sizeof(p->at), a->at);
}

static struct peer *peer_new(struct rdv_links *ls, const char *name)
{
	struct peer *p = ls->peer_count < PEERS_MAX ? hws_alloc(sizeof(*p)) : NULL;

	if (!p || hws_str_copy(p->name, sizeof(p->name), name) < 0) {
		hws_free(p);
		return NULL;
	}
	p->ls = ls;
	p->trouble = "";
	hws_list_push(&ls->peers, &p->node);
	ls->peer_count++;
	return p;
}

void rdv_links_told(struct rdv_links *ls, const char *from, const Cluster__Address *a)
{
	struct peer *p = peer_named(ls, from);
	bool same = p && a->key.len == HWS_BOX_PK_LEN &&
			memcmp(p->pk, a->key.data, HWS_BOX_PK_LEN) == 0;

	if (ls->ended || a->key.len != HWS_BOX_PK_LEN || strlen(a->at) >= RDV_LINK_AT_MAX)
		return;
	if (!p)
		p = peer_new(ls, from);
	if (!p)
		return;
	p->told_us = now(ls);
	if (!same || strcmp(p->at, a->at) != 0) {
		memcpy(p->pk, a->key.data, HWS_BOX_PK_LEN);
		if (!same) /* it was started again */
			drop_links(p, HWS_ERR_CANCELED);
		if (peer_fill(p, a) < 0)
			hws_warn_limited("cluster.link_address", HWS_STR("node", from));
		p->pause_us = 0;
		p->dial_us = p->wanted_us = p->told_us;
	}
	if (a->tell)
		tell(ls, from, false);
}

/* --- links ------------------------------------------------------------------------------------ */

static void guest_free(struct rdv_links *ls, struct guest *g)
{
	hws_admit_close(ls->admit, &g->addr);
	hws_list_remove(&g->node);
	ls->guest_count--;
	hws_free(g);
}

static struct guest *guest_of(struct rdv_links *ls, const struct rdv_peer_link *l)
{
	struct hws_list *n;

	hws_list_for (n, &ls->guests) {
		struct guest *g = hws_container(n, struct guest, node);

		if (g->link == l)
			return g;
	}
	return NULL;
}

static void on_up(struct rdv_peer_link *l, void *arg)
{
	struct rdv_links *ls = arg;
	struct guest *g = guest_of(ls, l);
	struct peer *p = rdv_peer_link_peer(l);
	char addr[HWS_ADDR_TEXT];

	if (g)
		guest_free(ls, g);
	if (!attach(p, l)) {
		rdv_peer_link_close(l, HWS_ERR_EXISTS);
		return;
	}
	if (!p->up_us) {
		p->up_us = hws_clock_us();
		__atomic_store_n(&ls->node->core->node_links, ++ls->up, __ATOMIC_RELAXED);
	}
	p->pause_us = 0;
	p->trouble = "";
	hws_info("cluster.link_up", HWS_STR("node", p->name),
			HWS_STR("at", hws_addr_text(rdv_peer_link_addr(l), addr, sizeof(addr))));
}

static void on_items(struct rdv_peer_link *l, Cluster__Envelope *e, void *arg)
{
	struct rdv_links *ls = arg;
	struct peer *p = rdv_peer_link_peer(l);

	ls->conf.on_items(p->name, e, ls->conf.arg);
}

static void on_lost(struct rdv_peer_link *l, struct hws_bytes packed, void *arg)
{
	struct rdv_links *ls = arg;
	struct peer *p = rdv_peer_link_peer(l);

	hws_count(&ls->node->core->count.cluster_again);
	ls->conf.by_database(p->name, packed, ls->conf.arg);
}

/* A little longer each time. */
static void dial_later(struct peer *p)
{
	p->pause_us = p->pause_us ? HWS_MIN(p->pause_us * 2, AGAIN_MAX_US) : AGAIN_MIN_US;
	p->dial_us = now(p->ls) + p->pause_us;
}

static void peer_lost(struct peer *p, const struct rdv_peer_link *l, int why)
{
	bool was = false;

	for (int i = 0; i < LINKS_EACH; i++) {
		if (p->link[i] == l) {
			p->link[i] = NULL;
			was = true;
		}
	}
	if (!was)
		return;
	if (p->up_us && !up_link(p)) {
		p->up_us = 0;
		__atomic_store_n(&p->ls->node->core->node_links, --p->ls->up, __ATOMIC_RELAXED);
		hws_warn("cluster.link_down", HWS_STR("node", p->name), HWS_ERR("why", why));
	}
	if (!has_link(p)) {
		p->trouble = hws_err_text(why);
		p->wanted_us = now(p->ls);
		dial_later(p);
	}
}

static void on_gone(struct rdv_peer_link *l, int why, void *arg)
{
	struct rdv_links *ls = arg;
	struct guest *g = guest_of(ls, l);
	struct peer *p = rdv_peer_link_peer(l);
	char addr[HWS_ADDR_TEXT];

	if (p)
		peer_lost(p, l, why);
	if (!g)
		return;
	hws_count(&ls->node->core->count.cluster_refused);
	hws_info_limited("cluster.link_refused",
			HWS_STR("from", hws_addr_text(&g->addr, addr, sizeof(addr))),
			HWS_ERR("why", why));
	guest_free(ls, g);
}

static void on_accept(int fd, const struct sockaddr_storage *from, void *arg)
{
	struct rdv_links *ls = arg;
	struct hws_stream *s = NULL;
	struct guest *g = NULL;

	if (ls->ended || !ls->node->joined || !hws_admit_event(ls->admit, from, 1, now(ls)) ||
			!hws_admit_open(ls->admit, from, now(ls))) {
		close(fd);
		return;
	}
	if (ls->guest_count >= GUESTS_MAX) /* the oldest had the most time to say who it is */
		rdv_peer_link_close(hws_container(hws_list_first(&ls->guests), struct guest, node)
						    ->link,
				HWS_ERR_FULL);
	g = hws_alloc(sizeof(*g));
	if (!g || hws_stream_tcp_new(ls->node->loop, fd, &s) < 0) {
		close(fd);
		goto fail;
	}
	if (rdv_peer_link_take(&ls->link_conf, s, &g->link) < 0)
		goto fail;
	g->addr = *from;
	hws_list_push(&ls->guests, &g->node);
	ls->guest_count++;
	return;
fail:
	hws_free(g);
	hws_admit_close(ls->admit, from);
}

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct peer *p = arg;
	struct rdv_peer_link *l;

	p->dial = NULL;
	if (r == HWS_OK)
		r = rdv_peer_link_call(&p->ls->link_conf, s, p, p->pk, &l);
	if (r == HWS_OK) {
		if (!attach(p, l))
			rdv_peer_link_close(l, HWS_ERR_EXISTS);
		return;
	}
	p->trouble = hws_err_text(r);
	dial_later(p);
}

/* One end calls; when that leads to nothing, the other does too: a firewall may let one direction
 * pass only. */
static bool our_turn(const struct rdv_links *ls, const struct peer *p)
{
	return !*ls->at || strcmp(ls->node->name, p->name) < 0 ||
			now(ls) - p->wanted_us >= THEIR_TURN_US;
}

static void look_after(struct rdv_links *ls, struct peer *p)
{
	struct hws_dial_conf conf = { .host = p->host, .port = p->port, .timeout_us = DIAL_US };

	for (int i = 0; i < LINKS_EACH; i++) {
		if (p->link[i])
			rdv_peer_link_tick(p->link[i]);
	}
	if (has_link(p))
		return;
	if (now(ls) - p->told_us >= FORGET_US) {
		peer_free(p);
		return;
	}
	if (!*p->at || p->dial || now(ls) < p->dial_us || !our_turn(ls, p))
		return;
	if (hws_dial(ls->node->loop, ls->conf.work, &conf, on_dialed, p, &p->dial) < 0)
		dial_later(p);
}

void rdv_links_tick(struct rdv_links *ls)
{
	struct hws_list *n, *next;

	if (ls->ended || !ls->node->joined)
		return;
	if (now(ls) >= ls->tell_us) {
		tell(ls, "", ls->tell_all);
		ls->tell_all = false;
		ls->tell_us = now(ls) + TELL_US;
	}
	hws_list_for_safe (n, next, &ls->peers)
		look_after(ls, hws_container(n, struct peer, node));
}

/* --- sending ---------------------------------------------------------------------------------- */

static bool send_to(struct rdv_links *ls, struct peer *p, struct hws_bytes packed)
{
	struct rdv_peer_link *l = ls->ended ? NULL : up_link(p);

	if (!l || !rdv_peer_link_send(l, packed))
		return false;
	hws_count(&ls->node->core->count.cluster_direct);
	return true;
}

bool rdv_links_send(struct rdv_links *ls, const char *to, struct hws_bytes packed)
{
	struct peer *p = peer_named(ls, to);

	return p && send_to(ls, p, packed);
}

bool rdv_links_send_all(struct rdv_links *ls, struct hws_bytes packed)
{
	struct rdv_store *s = ls->node->core->store;
	struct rdv_store_stats st;
	struct hws_list *n;

	s->ops->stats(s, &st);
	if (!ls->up || ls->up + 1 < st.nodes)
		return false; /* not all are linked: the database reaches them too */
	hws_list_for (n, &ls->peers) {
		struct peer *p = hws_container(n, struct peer, node);

		if (p->up_us && !send_to(ls, p, packed))
			ls->conf.by_database(p->name, packed, ls->conf.arg);
	}
	return true;
}

void rdv_links_each(struct rdv_links *ls, void (*fn)(const struct rdv_link_state *s, void *arg),
		void *arg)
{
	struct hws_list *n;

	hws_list_for (n, &ls->peers) {
		const struct peer *p = hws_container(n, struct peer, node);
		struct rdv_link_state s = {
			.told_us = p->told_us, .up_us = p->up_us, .trouble = p->trouble
		};

		memcpy(s.name, p->name, sizeof(s.name));
		memcpy(s.at, p->at, sizeof(s.at));
		fn(&s, arg);
	}
}

const char *rdv_links_at(const struct rdv_links *ls)
{
	return ls->at;
}

/* --- life ------------------------------------------------------------------------------------- */

/* Where it is told to; else where others are told to come, if that is an address of this machine;
 * else everywhere. */
static int listen_at(struct rdv_links *ls, struct hws_error *err)
{
	struct hws_listen_conf conf = { .bind_ip = ls->conf.bind_ip,
		.port = ls->conf.bind_port,
		.on_accept = on_accept,
		.arg = ls };
	char host[RDV_LINK_AT_MAX];
	struct sockaddr_storage ss;
	uint16_t port;
	int r = rdv_link_at_split(ls->at, ls->conf.port, host, sizeof(host), &port);

	if (r < 0)
		return hws_error_set(
				err, r, "--node-address: '%s' is no HOST or HOST:PORT", ls->at);
	if (!conf.port)
		conf.port = port;
	/* with its port: other nodes would take theirs */
	r = hws_host_port_join(host, port, ls->at, sizeof(ls->at));
	if (r < 0)
		return hws_error_set(err, r, "--node-address: '%s' is too long", host);
	if (!*conf.bind_ip && hws_addr_parse(host, port, &ss) == HWS_OK) {
		conf.bind_ip = host;
		r = hws_listener_new(ls->node->loop, &conf, &ls->listener, NULL);
		if (r == HWS_OK)
			return r;
		conf.bind_ip = "";
	}
	return hws_listener_new(ls->node->loop, &conf, &ls->listener, err);
}

int rdv_links_new(struct rdv_node *node, const struct rdv_links_conf *conf, struct rdv_links **ret,
		struct hws_error *err)
{
	struct hws_admit_conf admit = {
		.max_entries = 4096, .max_links = 8, .rate = 10, .burst = 40
	};
	struct rdv_links *ls = hws_alloc(sizeof(*ls));
	int r = ls ? hws_str_copy(ls->at, sizeof(ls->at), conf->at) : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		ls->node = node;
		ls->conf = *conf;
		ls->tell_all = true;
		hws_list_init(&ls->peers);
		hws_list_init(&ls->guests);
		ls->secrets = hws_secret_alloc(sizeof(*ls->secrets));
		r = ls->secrets ? hws_admit_new(&admit, &ls->admit) : HWS_ERR_NOMEM;
	}
	if (r == HWS_OK) {
		hws_box_pair_new(&ls->secrets->own);
		hws_identity_derive(&node->core->identity, USE_LINKS, ls->secrets->link_secret);
		ls->link_conf = (struct rdv_peer_link_conf){ .loop = node->loop,
			.own = &ls->secrets->own,
			.secret = ls->secrets->link_secret,
			.peer_of = peer_of,
			.on_up = on_up,
			.on_items = on_items,
			.on_lost = on_lost,
			.on_gone = on_gone,
			.arg = ls };
		if (*ls->at)
			r = listen_at(ls, err);
	}
	if (r < 0) {
		rdv_links_free(ls);
		return r;
	}
	*ret = ls;
	return HWS_OK;
}

void rdv_links_end(struct rdv_links *ls)
{
	struct hws_list *n;

	if (!ls || ls->ended)
		return;
	ls->ended = true;
	hws_listener_free(ls->listener);
	ls->listener = NULL;
	while (ls->guests.next && (n = hws_list_first(&ls->guests)))
		rdv_peer_link_close(hws_container(n, struct guest, node)->link, HWS_ERR_CANCELED);
	while (ls->peers.next && (n = hws_list_first(&ls->peers)))
		peer_free(hws_container(n, struct peer, node));
}

void rdv_links_free(struct rdv_links *ls)
{
	if (!ls)
		return;
	rdv_links_end(ls);
	hws_admit_free(ls->admit);
	hws_secret_free(ls->secrets);
	hws_free(ls);
}
