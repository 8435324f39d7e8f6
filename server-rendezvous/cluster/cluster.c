/* rendezvous/cluster/cluster: the life of this node in the cluster, and what it hears. The work is
 * done by its parts (placement, lookup, remote_viewers, misdirected), which know the node and the
 * outbox but not each other; this file tells each what concerns it. */
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/cluster/links.h"
#include "server-rendezvous/cluster/lookup.h"
#include "server-rendezvous/cluster/misdirected.h"
#include "server-rendezvous/cluster/node.h"
#include "server-rendezvous/cluster/outbox.h"
#include "server-rendezvous/cluster/placement.h"
#include "server-rendezvous/cluster/remote_viewers.h"
#include "server-rendezvous/cluster/trust.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/seen.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/nodes.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include <stdlib.h>
#include <string.h>

/* Items are remembered for much longer than a link and the database can differ. */
#define SEEN_MAX 65536u
#define SEEN_TICK_US HWS_US_PER_S
#define SEEN_TICKS 30u
#define TICK_US (50 * HWS_US_PER_MS)
#define DEAD_US (3500 * HWS_US_PER_MS) /* a node that has not spoken for so long is dead */

struct rdv_cluster {
	struct rdv_node node;
	struct hws_timer tick;
	struct rdv_placement *placement;
	struct rdv_lookups *lookups;
	struct rdv_remote_viewers *remote;
	struct rdv_misdirected *misdirected;
	void (*on_entry)(const struct rdv_entry *e, bool removed, void *arg);
	void *entry_arg;
	struct rdv_seen *seen; /* items that came */
};

/* --- for the planes --------------------------------------------------------------------------- */

void rdv_cluster_arrived(struct rdv_cluster *c, struct hws_bytes id)
{
	rdv_placement_arrived(c->placement, id);
}

void rdv_cluster_left(struct rdv_cluster *c, struct hws_bytes id)
{
	rdv_placement_left(c->placement, id);
}

void rdv_cluster_learn(struct rdv_cluster *c, struct hws_bytes id)
{
	rdv_placement_learn(c->placement, id);
}

void rdv_cluster_changed(struct rdv_cluster *c, const char *id)
{
	rdv_placement_written(c->placement, id);
}

bool rdv_cluster_push(struct rdv_cluster *c, const struct rdv_cluster_push *push)
{
	return rdv_lookup_push(c->lookups, push);
}

bool rdv_cluster_online(struct rdv_cluster *c, uint64_t client, const Rdv__OnlineRequest *m,
		uint8_t *states)
{
	return rdv_lookup_online(c->lookups, client, m, states);
}

bool rdv_cluster_reply(struct rdv_cluster *c, const struct rdv_replier *from,
		ProtobufCBinaryData addr, const char *id, bool exact,
		const Rdv__RendezvousMessage *m)
{
	return rdv_remote_answer(c->remote, from, addr, id, exact, m);
}

void rdv_cluster_misdirected(struct rdv_cluster *c, const struct rdv_replier *from,
		const Rdv__RendezvousMessage *m)
{
	rdv_misdirected_answer(c->misdirected, from, m);
}

bool rdv_cluster_relay_ask(struct rdv_cluster *c, uint64_t client, const struct rdv_addr *viewer,
		Rdv__RequestRelay *m)
{
	return rdv_misdirected_relay(c->misdirected, client, viewer, m);
}

/* --- for the operator ------------------------------------------------------------------------- */

void rdv_cluster_removed(struct rdv_cluster *c, const char *id)
{
	char *ids[] = { (char *)(uintptr_t)id };

	rdv_outbox_send_ids(c->node.out, "", CLUSTER__ITEM__WHAT_REMOVED, ids, 1, false);
}

void rdv_cluster_on_entry(struct rdv_cluster *c,
		void (*fn)(const struct rdv_entry *e, bool removed, void *arg), void *arg)
{
	c->on_entry = fn;
	c->entry_arg = arg;
}

void rdv_cluster_entry(struct rdv_cluster *c, const struct rdv_entry *e, bool removed)
{
	Cluster__Entry out = CLUSTER__ENTRY__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;

	out.kind = (char *)(uintptr_t)e->kind;
	out.key = (char *)(uintptr_t)e->key;
	out.value = (char *)(uintptr_t)e->value;
	out.removed = removed;
	item.what_case = CLUSTER__ITEM__WHAT_ENTRY;
	item.entry = &out;
	rdv_outbox_send(c->node.out, "", &item);
}

/* --- hearing ---------------------------------------------------------------------------------- */

/* Items for client connections go to their thread in one piece. */
struct parcel {
	struct rdv_cluster *c;
	Cluster__Envelope *e;
	char from[RDV_NODE_MAX + 1];
};

static void take_there(struct rdv_cluster *c, const char *from, const Cluster__Item *item)
{
	if (c->node.ended)
		return;
	switch (item->what_case) {
	case CLUSTER__ITEM__WHAT_PUSH:
		rdv_remote_push(c->remote, from, item->push);
		break;
	case CLUSTER__ITEM__WHAT_REPLY:
		rdv_remote_reply(c->remote, item->reply);
		break;
	case CLUSTER__ITEM__WHAT_NOWHERE:
		rdv_remote_nowhere(c->remote, item->nowhere);
		break;
	case CLUSTER__ITEM__WHAT_GRANT_ASK:
		rdv_grant_asked(c->misdirected, from, item->grant_ask);
		break;
	case CLUSTER__ITEM__WHAT_GRANT:
		rdv_grant_heard(c->misdirected, item->grant);
		break;
	case CLUSTER__ITEM__WHAT_MISDIRECTED:
		rdv_misdirected_heard(c->misdirected, item->misdirected);
		break;
	default:
		break; /* of a newer node */
	}
}

static void run_parcel(void *arg)
{
	struct parcel *p = arg;

	for (size_t i = 0; i < p->e->n_items; i++)
		take_there(p->c, p->from, p->e->items[i]);
	hws_msg_free(&p->e->base);
	hws_free(p);
}

static void take_entry(struct rdv_cluster *c, const Cluster__Entry *in)
{
	struct rdv_entry e;

	if (c->on_entry && hws_str_copy(e.kind, sizeof(e.kind), in->kind) == HWS_OK &&
			hws_str_copy(e.key, sizeof(e.key), in->key) == HWS_OK &&
			hws_str_copy(e.value, sizeof(e.value), in->value) == HWS_OK)
		c->on_entry(&e, in->removed, c->entry_arg);
}

/* An item that came before, by the other way, is none. */
static void forget_repeated(struct rdv_cluster *c, const char *from, Cluster__Envelope *e)
{
	struct {
		char from[RDV_NODE_MAX + 1];
		uint64_t once;
	} what = { .once = 0 };
	struct hws_bytes key = hws_bytes(&what, sizeof(what));
	uint64_t now = hws_clock_us();

	if (hws_str_copy(what.from, sizeof(what.from), from) < 0)
		return;
	for (size_t i = 0; i < e->n_items; i++) {
		Cluster__Item *item = e->items[i];

		if (!item->once) /* of an older node, which has no links */
			continue;
		what.once = item->once;
		if (rdv_seen_has(c->seen, key, now)) {
			item->what_case = CLUSTER__ITEM__WHAT__NOT_SET;
			hws_count(&c->node.core->count.cluster_repeated);
		} else {
			rdv_seen_add(c->seen, key, now);
		}
	}
}

/* False when there is more for the client connections. */
static bool take_here(struct rdv_cluster *c, const char *from, const Cluster__Envelope *e)
{
	bool all = true;

	for (size_t i = 0; i < e->n_items; i++) {
		const Cluster__Item *item = e->items[i];

		if (item->what_case == CLUSTER__ITEM__WHAT_GONE) {
			for (size_t k = 0; k < item->gone->n_id; k++)
				rdv_placement_gone(c->placement, item->gone->id[k],
						item->gone->proven);
		} else if (item->what_case == CLUSTER__ITEM__WHAT_CHANGED) {
			for (size_t k = 0; k < item->changed->n_id; k++)
				rdv_placement_changed(c->placement, item->changed->id[k]);
		} else if (item->what_case == CLUSTER__ITEM__WHAT_REMOVED) {
			for (size_t k = 0; k < item->removed->n_id; k++)
				c->node.planes->removed(c->node.core, item->removed->id[k]);
		} else if (item->what_case == CLUSTER__ITEM__WHAT_ENTRY) {
			take_entry(c, item->entry);
		} else if (item->what_case == CLUSTER__ITEM__WHAT_ADDRESS) {
			rdv_links_told(c->node.links, from, item->address);
		} else if (item->what_case != CLUSTER__ITEM__WHAT__NOT_SET) {
			all = false;
		}
	}
	return all;
}

/* Says so when it is no message of the other nodes. */
static int open_message(struct rdv_cluster *c, struct hws_bytes payload, Cluster__Envelope **ret)
{
	struct rdv_store *s = c->node.core->store;
	uint64_t now_us, since_us;
	int r;

	if (s->nodes->clock(s, &now_us, &since_us) == HWS_OK)
		rdv_trust_begin(c->node.trust, since_us);
	r = rdv_trust_open(c->node.trust, payload, ret);
	if (r < 0 && r != HWS_ERR_CANCELED) {
		hws_count(&c->node.core->count.cluster_refused);
		hws_warn_limited("cluster.refused", HWS_U64("bytes", payload.len),
				HWS_STR("text",
						r == HWS_ERR_EXISTS
								? "a message that was here before, or "
								  "of before this node listened"
								: "a message that no node of ours "
								  "wrote"));
	}
	return r;
}

/* Takes `e`; `from` may be in it. */
static void take(struct rdv_cluster *c, const char *from, Cluster__Envelope *e)
{
	struct parcel *p;

	hws_count(&c->node.core->count.cluster_heard);
	forget_repeated(c, from, e);
	if (take_here(c, from, e) || c->node.leaving)
		goto out;
	p = hws_alloc(sizeof(*p));
	if (!p)
		goto out;
	p->c = c;
	p->e = e;
	if (hws_str_copy(p->from, sizeof(p->from), from) == HWS_OK &&
			c->node.planes->post(c->node.core, run_parcel, p) == HWS_OK)
		return;
	hws_free(p);
out:
	hws_msg_free(&e->base);
}

static void on_message(struct hws_bytes payload, void *arg)
{
	struct rdv_cluster *c = arg;
	Cluster__Envelope *e;

	if (!payload.ptr) {
		rdv_placement_again(c->placement);
		if (c->on_entry)
			c->on_entry(NULL, false, c->entry_arg);
		return;
	}
	if (open_message(c, payload, &e) == HWS_OK)
		take(c, e->from, e);
}

/* --- links ------------------------------------------------------------------------------------ */

static void link_tell(const char *to, const Cluster__Item *item, void *arg)
{
	struct rdv_cluster *c = arg;

	rdv_outbox_send(c->node.out, to, item);
}

static void link_items(const char *from, Cluster__Envelope *e, void *arg)
{
	take(arg, from, e);
}

static void link_lost(const char *to, struct hws_bytes packed, void *arg)
{
	struct rdv_cluster *c = arg;

	rdv_outbox_by_database(c->node.out, to, packed);
}

const char *rdv_cluster_links(struct rdv_cluster *c,
		void (*fn)(const struct rdv_link_state *s, void *arg), void *arg)
{
	rdv_links_each(c->node.links, fn, arg);
	return rdv_links_at(c->node.links);
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_tick(void *arg)
{
	struct rdv_cluster *c = arg;

	rdv_placement_tick(c->placement);
	rdv_lookups_tick(c->lookups, hws_clock_us());
	rdv_links_tick(c->node.links);
	rdv_outboxes_flush(c->node.out);
}

static void on_left(int r, void *arg)
{
	struct rdv_cluster *c = arg;

	if (r != HWS_ERR_CANCELED)
		hws_info("cluster.left", HWS_STR("node", c->node.name), HWS_ERR("result", r));
}

static int links_new(
		struct rdv_cluster *c, const struct rdv_cluster_conf *conf, struct hws_error *err)
{
	const struct rdv_links_conf lc = { .at = conf->link_at,
		.bind_ip = conf->link_bind,
		.bind_port = conf->link_port,
		.port = conf->link_default_port,
		.work = conf->work,
		.tell = link_tell,
		.on_items = link_items,
		.by_database = link_lost,
		.arg = c };

	return rdv_links_new(&c->node, &lc, &c->node.links, err);
}

static int parts_new(
		struct rdv_cluster *c, const struct rdv_cluster_conf *conf, struct hws_error *err)
{
	int r = rdv_trust_new(&c->node.core->identity, c->node.name, &c->node.trust);

	if (r == HWS_OK)
		r = rdv_outboxes_new(&c->node, &c->node.out);
	if (r == HWS_OK)
		r = rdv_placement_new(&c->node, &c->placement);
	if (r == HWS_OK)
		r = rdv_lookups_new(&c->node, &c->lookups);
	if (r == HWS_OK)
		r = rdv_remote_viewers_new(&c->node, &c->remote);
	if (r == HWS_OK)
		r = rdv_misdirected_new(&c->node, &c->misdirected);
	if (r == HWS_OK)
		r = rdv_seen_new(SEEN_MAX, SEEN_TICK_US, SEEN_TICKS, &c->seen);
	if (r == HWS_OK)
		r = links_new(c, conf, err);
	return r;
}

int rdv_cluster_new(struct rdv_core *core, struct hws_loop *loop,
		const struct rdv_cluster_hooks *planes, const struct rdv_cluster_conf *conf,
		struct rdv_cluster **ret, struct hws_error *err)
{
	struct rdv_cluster *c;
	int r;

	if (!core->store->nodes)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"--node is for several servers on one PostgreSQL: give --store a "
				"postgresql:// address, or leave --node out");
	c = calloc(1, sizeof(*c));
	if (!c)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	c->node.core = core;
	c->node.planes = planes;
	c->node.loop = loop;
	if (hws_str_copy(c->node.name, sizeof(c->node.name), conf->node) < 0)
		r = hws_error_set(err, HWS_ERR_INVAL, "--node: at most %d bytes", RDV_NODE_MAX);
	else
		r = parts_new(c, conf, err);
	if (r < 0) {
		rdv_cluster_free(c);
		return r;
	}
	*ret = c;
	return HWS_OK;
}

int rdv_cluster_start(struct rdv_cluster *c, struct hws_error *err)
{
	struct rdv_store *s = c->node.core->store;
	const struct rdv_nodes_conf conf = { .node = c->node.name,
		.channels = rdv_trust_channels(c->node.trust),
		.dead_us = DEAD_US,
		.on_message = on_message,
		.arg = c };
	int r = s->nodes->join(s, &conf);

	if (r < 0)
		return hws_error_set(err, r,
				"cannot join the cluster as '%s': %s (a name has no backslash and "
				"is not empty)",
				c->node.name, hws_err_text(r));
	c->node.joined = true;
	hws_timer_every(c->node.loop, &c->tick, TICK_US, on_tick, c);
	hws_info("cluster.joined", HWS_STR("node", c->node.name));
	return HWS_OK;
}

void rdv_cluster_leave(struct rdv_cluster *c)
{
	if (!c || c->node.leaving || !c->node.joined)
		return;
	c->node.leaving = true;
	if (c->node.core->store->nodes->leave(c->node.core->store, on_left, c) < 0)
		hws_warn("cluster.leave_failed", HWS_STR("node", c->node.name));
}

void rdv_cluster_end(struct rdv_cluster *c)
{
	if (!c)
		return;
	c->node.ended = c->node.leaving = true;
	c->node.joined = false;
	hws_timer_stop(&c->tick);
	rdv_links_end(c->node.links);
	/* what other threads have posted holds pointers to us */
	if (hws_loop_once(c->node.loop, 0) < 0)
		hws_debug("cluster.end");
}

void rdv_cluster_free(struct rdv_cluster *c)
{
	if (!c)
		return;
	hws_timer_stop(&c->tick);
	rdv_placement_free(c->placement);
	rdv_lookups_free(c->lookups);
	rdv_remote_viewers_free(c->remote);
	rdv_misdirected_free(c->misdirected);
	rdv_links_free(c->node.links);
	rdv_seen_free(c->seen);
	rdv_outboxes_free(c->node.out);
	rdv_trust_free(c->node.trust);
	free(c);
}
