/* rendezvous/cluster/cluster: life, and messages between nodes. */
#include "server-rendezvous/cluster/parts.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/planes/tcp.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

#include <stdlib.h>
#include <string.h>

#define TICK_US (50 * HWS_US_PER_MS)
#define DEAD_US (3500 * HWS_US_PER_MS) /* a node that has not spoken for so long is dead */
#define OUTBOXES_MAX 256u
#define OUTBOX_BYTES (1u << 20)
#define ITEM_MAX 3500u /* leaves room for the head */
#define ITEMS_MAX 4096u
#define IDS_BYTES 3000u

/* --- sending ---------------------------------------------------------------------------------- */

/* What waits for one node: packed envelopes of one item each, behind their length. */
struct outbox {
	struct hws_list node;
	struct rdv_cluster *c;
	char to[RDV_NODE_MAX + 1];
	struct hws_buf items;
	bool sending;
};

static void outbox_flush(struct outbox *o);

static void on_sent(int r, void *arg)
{
	struct outbox *o = arg;

	o->sending = false;
	if (r < 0 && r != HWS_ERR_CANCELED) {
		hws_count(&o->c->core->count.cluster_failed);
		hws_warn_limited("cluster.send_failed", HWS_STR("to", o->to), HWS_ERR("error", r));
	}
	if (r != HWS_ERR_CANCELED)
		outbox_flush(o);
}

static int put_head(struct rdv_cluster *c, struct hws_buf *out)
{
	Cluster__Envelope head = CLUSTER__ENVELOPE__INIT;

	head.key = (ProtobufCBinaryData){ sizeof(c->key), c->key };
	head.from = c->name;
	return hws_msg_pack(&head.base, out);
}

/* As many items as fit: packed messages one behind the other are one message. */
static void outbox_flush(struct outbox *o)
{
	struct rdv_cluster *c = o->c;
	struct hws_buf out;
	int r;

	if (o->sending || hws_buf_len(&o->items) == 0 || !c->joined)
		return;
	hws_buf_init(&out, RDV_MESSAGE_MAX);
	r = put_head(c, &out);
	while (r == HWS_OK && hws_buf_len(&o->items) > 0) {
		struct hws_bytes all = hws_buf_bytes(&o->items);
		uint16_t len;

		memcpy(&len, all.ptr, sizeof(len));
		if (hws_buf_len(&out) + len > RDV_MESSAGE_MAX)
			break;
		hws_buf_put(&out, all.ptr + sizeof(len), len);
		hws_buf_consume(&o->items, sizeof(len) + len);
	}
	if (r == HWS_OK)
		r = hws_buf_err(&out);
	if (r == HWS_OK)
		r = c->store->ops->send(c->store, o->to, hws_buf_bytes(&out), on_sent, o);
	o->sending = r == HWS_OK;
	if (r < 0)
		hws_count(&c->core->count.cluster_failed);
	hws_buf_done(&out);
}

static struct outbox *outbox_of(struct rdv_cluster *c, const char *to)
{
	struct hws_list *n;
	struct outbox *o;

	hws_list_for (n, &c->outboxes) {
		o = hws_container(n, struct outbox, node);
		if (strcmp(o->to, to) == 0)
			return o;
	}
	if (c->outbox_count >= OUTBOXES_MAX)
		return NULL;
	o = hws_alloc(sizeof(*o));
	if (!o || hws_str_copy(o->to, sizeof(o->to), to) < 0) {
		hws_free(o);
		return NULL;
	}
	o->c = c;
	hws_buf_init(&o->items, OUTBOX_BYTES);
	hws_list_push(&c->outboxes, &o->node);
	c->outbox_count++;
	return o;
}

static void outbox_put(struct rdv_cluster *c, const char *to, struct hws_bytes packed)
{
	struct outbox *o = outbox_of(c, to);
	uint16_t len = (uint16_t)packed.len;

	if (!o || packed.len > ITEM_MAX ||
			hws_buf_len(&o->items) + packed.len + sizeof(len) > OUTBOX_BYTES) {
		hws_count(&c->core->count.cluster_failed);
		return;
	}
	hws_buf_put(&o->items, &len, sizeof(len));
	hws_buf_put(&o->items, packed.ptr, packed.len);
	if (hws_buf_err(&o->items) < 0)
		hws_buf_reset(&o->items); /* without memory: viewers ask again */
	hws_count(&c->core->count.cluster_sent);
	outbox_flush(o);
}

static int pack_item(const Cluster__Item *item, struct hws_buf *out)
{
	Cluster__Envelope e = CLUSTER__ENVELOPE__INIT;
	Cluster__Item *items[1] = { (Cluster__Item *)(uintptr_t)item };

	e.n_items = 1;
	e.items = items;
	return hws_msg_pack(&e.base, out);
}

void rdv_cluster_send(struct rdv_cluster *c, const char *to, const Cluster__Item *item)
{
	struct hws_buf b;

	hws_buf_init(&b, ITEM_MAX);
	if (pack_item(item, &b) == HWS_OK)
		outbox_put(c, to, hws_buf_bytes(&b));
	else
		hws_count(&c->core->count.cluster_failed);
	hws_buf_done(&b);
}

struct later {
	struct rdv_cluster *c;
	char to[RDV_NODE_MAX + 1];
	struct hws_buf packed;
};

static void run_later(void *arg)
{
	struct later *l = arg;

	outbox_put(l->c, l->to, hws_buf_bytes(&l->packed));
	hws_buf_done(&l->packed);
	hws_free(l);
}

void rdv_cluster_send_later(struct rdv_cluster *c, const char *to, const Cluster__Item *item)
{
	struct later *l = c->ended ? NULL : hws_alloc(sizeof(*l));

	if (!l)
		return;
	l->c = c;
	hws_buf_init(&l->packed, ITEM_MAX);
	if (hws_str_copy(l->to, sizeof(l->to), to) == HWS_OK &&
			pack_item(item, &l->packed) == HWS_OK &&
			hws_loop_post(c->loop, run_later, l) == HWS_OK)
		return;
	hws_count(&c->core->count.cluster_failed);
	hws_buf_done(&l->packed);
	hws_free(l);
}

void rdv_cluster_send_ids(struct rdv_cluster *c, const char *to, Cluster__Item__WhatCase what,
		char **ids, size_t n)
{
	for (size_t i = 0; i < n;) {
		Cluster__Ids list = CLUSTER__IDS__INIT;
		Cluster__Item item = CLUSTER__ITEM__INIT;
		size_t bytes = 0;

		list.id = ids + i;
		while (i < n && bytes < IDS_BYTES) {
			bytes += strlen(ids[i++]) + 2;
			list.n_id++;
		}
		item.what_case = what;
		item.gone = &list; /* `changed` and `removed` stand in the same place */
		rdv_cluster_send(c, to, &item);
	}
}

void rdv_cluster_removed(struct rdv_cluster *c, const char *id)
{
	char *ids[] = { (char *)(uintptr_t)id };

	rdv_cluster_send_ids(c, "", CLUSTER__ITEM__WHAT_REMOVED, ids, 1);
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
	rdv_cluster_send(c, "", &item);
}

/* --- hearing ---------------------------------------------------------------------------------- */

/* Items for client connections go to their thread in one piece. */
struct parcel {
	struct rdv_cluster *c;
	Cluster__Envelope *e;
};

static void run_parcel(void *arg)
{
	struct parcel *p = arg;

	for (size_t i = 0; i < p->e->n_items; i++)
		rdv_cluster_heard(p->c, p->e->from, p->e->items[i]);
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

static void take_removed(struct rdv_cluster *c, const char *id)
{
	uint64_t client;

	if (rdv_registration_removed(c->core, id, &client) && client)
		rdv_tcp_post_close(c->core->tcp, client);
}

/* False when there is more for the client connections. */
static bool take_here(struct rdv_cluster *c, const Cluster__Envelope *e)
{
	bool all = true;

	for (size_t i = 0; i < e->n_items; i++) {
		const Cluster__Item *item = e->items[i];

		if (item->what_case == CLUSTER__ITEM__WHAT_GONE) {
			for (size_t k = 0; k < item->gone->n_id; k++)
				rdv_placement_gone(c, item->gone->id[k]);
		} else if (item->what_case == CLUSTER__ITEM__WHAT_CHANGED) {
			for (size_t k = 0; k < item->changed->n_id; k++)
				rdv_placement_changed(c, item->changed->id[k]);
		} else if (item->what_case == CLUSTER__ITEM__WHAT_REMOVED) {
			for (size_t k = 0; k < item->removed->n_id; k++)
				take_removed(c, item->removed->id[k]);
		} else if (item->what_case == CLUSTER__ITEM__WHAT_ENTRY) {
			take_entry(c, item->entry);
		} else {
			all = false;
		}
	}
	return all;
}

static void on_message(struct hws_bytes payload, void *arg)
{
	struct rdv_cluster *c = arg;
	ProtobufCMessage *m = NULL;
	Cluster__Envelope *e;
	struct parcel *p;

	if (!payload.ptr) {
		rdv_placement_again(c);
		if (c->on_entry)
			c->on_entry(NULL, false, c->entry_arg);
		return;
	}
	if (hws_msg_unpack(&cluster__envelope__descriptor, payload, ITEMS_MAX, &m) < 0) {
		hws_warn_limited("cluster.bad_message", HWS_U64("bytes", payload.len));
		return;
	}
	e = (Cluster__Envelope *)m;
	if (strcmp(e->from, c->name) == 0)
		goto out; /* what was sent to all comes back too */
	if (!hws_bytes_equal(hws_bytes(e->key.data, e->key.len),
			    hws_bytes(c->key, sizeof(c->key)))) {
		char from[RDV_NODE_MAX * 4 + 1];

		hws_str_escape(from, sizeof(from), hws_bytes_str(e->from));
		hws_warn_limited("cluster.other_key", HWS_STR("node", from),
				HWS_STR("text", "all nodes need the same key file id_ed25519"));
		goto out;
	}
	hws_count(&c->core->count.cluster_heard);
	if (take_here(c, e) || c->leaving)
		goto out;
	p = hws_alloc(sizeof(*p));
	if (!p)
		goto out;
	*p = (struct parcel){ c, e };
	if (rdv_tcp_post(c->core->tcp, run_parcel, p) == HWS_OK)
		return;
	hws_free(p);
out:
	hws_msg_free(m);
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_tick(void *arg)
{
	struct rdv_cluster *c = arg;
	uint64_t now = hws_clock_us();
	struct hws_list *n;

	rdv_placement_tick(c, now);
	rdv_lookup_tick(c, now);
	hws_list_for (n, &c->outboxes)
		outbox_flush(hws_container(n, struct outbox, node));
}

static void on_left(int r, void *arg)
{
	struct rdv_cluster *c = arg;

	if (r != HWS_ERR_CANCELED)
		hws_info("cluster.left", HWS_STR("node", c->name), HWS_ERR("result", r));
}

int rdv_cluster_new(struct rdv_core *core, struct hws_loop *loop, struct rdv_store *store,
		const char *node, struct rdv_cluster **ret, struct hws_error *err)
{
	struct rdv_cluster *c;

	if (!store->ops->node_join)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"--node is for several servers on one PostgreSQL: give --store a postgresql:// address, or leave --node out");
	c = calloc(1, sizeof(*c));
	if (!c)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	c->core = core;
	c->loop = loop;
	c->store = store;
	memcpy(c->key, core->identity.pk, sizeof(c->key));
	hws_rand_bytes(c->hash_key, sizeof(c->hash_key));
	hws_list_init(&c->outboxes);
	hws_list_init(&c->waiting);
	hws_list_init(&c->asked);
	hws_list_init(&c->onlines);
	hws_list_init(&c->foreign_age);
	hws_list_init(&c->relay_asks);
	pthread_mutex_init(&c->lock, NULL);
	hws_buf_init(&c->in.b, RDV_CLUSTER_BYTES);
	hws_buf_init(&c->learn.b, RDV_CLUSTER_BYTES);
	hws_buf_init(&c->work.b, RDV_CLUSTER_BYTES);
	hws_buf_init(&c->changed.b, RDV_CLUSTER_BYTES);
	if (hws_str_copy(c->name, sizeof(c->name), node) < 0) {
		rdv_cluster_free(c);
		return hws_error_set(err, HWS_ERR_INVAL, "--node: at most %d bytes", RDV_NODE_MAX);
	}
	*ret = c;
	return HWS_OK;
}

int rdv_cluster_start(struct rdv_cluster *c, struct hws_error *err)
{
	int r = c->store->ops->node_join(c->store, c->name, DEAD_US, on_message, c);

	if (r < 0)
		return hws_error_set(err, r,
				"cannot join the cluster as '%s': %s (a name has no backslash and is not empty)",
				c->name, hws_err_text(r));
	c->joined = true;
	hws_timer_every(c->loop, &c->tick, TICK_US, on_tick, c);
	hws_info("cluster.joined", HWS_STR("node", c->name));
	return HWS_OK;
}

void rdv_cluster_leave(struct rdv_cluster *c)
{
	if (!c || c->leaving || !c->joined)
		return;
	c->leaving = true;
	if (c->store->ops->node_leave(c->store, on_left, c) < 0)
		hws_warn("cluster.leave_failed", HWS_STR("node", c->name));
}

void rdv_cluster_end(struct rdv_cluster *c)
{
	if (!c)
		return;
	c->ended = c->leaving = true;
	c->joined = false;
	hws_timer_stop(&c->tick);
	/* what other threads have posted holds pointers to us */
	if (hws_loop_once(c->loop, 0) < 0)
		hws_debug("cluster.end");
}

void rdv_cluster_free(struct rdv_cluster *c)
{
	struct hws_list *n, *next;

	if (!c)
		return;
	hws_timer_stop(&c->tick);
	hws_list_for_safe (n, next, &c->outboxes) {
		struct outbox *o = hws_container(n, struct outbox, node);

		hws_buf_done(&o->items);
		hws_free(o);
	}
	rdv_placement_done(c);
	rdv_lookup_done(c);
	rdv_remote_viewer_done(c);
	rdv_misdirected_done(c);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
