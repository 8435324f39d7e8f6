/* rendezvous/cluster/outbox: one queue for each node that is written to. The database takes a
 * message at a time and each costs a transaction, so what comes meanwhile travels together. */
#include "server-rendezvous/cluster/outbox.h"
#include "server-rendezvous/cluster/links.h"
#include "server-rendezvous/cluster/node.h"
#include "server-rendezvous/cluster/trust.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/store/nodes.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/buf.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define OUTBOXES_MAX 256u
#define OUTBOX_BYTES (1u << 20)
#define ITEMS_BYTES (RDV_MESSAGE_MAX - RDV_TRUST_OVERHEAD) /* of one message */
#define ITEM_MAX 3500u
#define IDS_BYTES 3000u

struct rdv_outboxes {
	struct rdv_node *node;
	uint64_t once; /* atomic: of the last item */
	struct hws_list list;
	unsigned count;
};

/* What waits for one node: packed envelopes of one item each, behind their length. */
struct outbox {
	struct hws_list node;
	struct rdv_outboxes *all;
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
		hws_count(&o->all->node->core->count.cluster_failed);
		hws_warn_limited("cluster.send_failed", HWS_STR("to", o->to), HWS_ERR("error", r));
	}
	if (r != HWS_ERR_CANCELED)
		outbox_flush(o);
}

_Static_assert(ITEM_MAX <= ITEMS_BYTES, "an item fits into a message");

/* As many items as fit: packed messages one behind the other are one message. */
static void take_items(struct outbox *o, struct hws_buf *out)
{
	while (hws_buf_len(&o->items) > 0) {
		struct hws_bytes rest = hws_buf_bytes(&o->items);
		uint16_t len;

		memcpy(&len, rest.ptr, sizeof(len));
		if (hws_buf_len(out) + len > ITEMS_BYTES)
			break;
		hws_buf_put(out, rest.ptr + sizeof(len), len);
		hws_buf_consume(&o->items, sizeof(len) + len);
	}
}

static void outbox_flush(struct outbox *o)
{
	struct rdv_outboxes *all = o->all;
	struct rdv_store *store = all->node->core->store;
	struct hws_buf items, out;
	uint64_t now_us, since_us;
	int r;

	if (o->sending || hws_buf_len(&o->items) == 0 || !all->node->joined ||
			store->nodes->clock(store, &now_us, &since_us) < 0)
		return;
	hws_buf_init(&items, ITEMS_BYTES);
	hws_buf_init(&out, RDV_MESSAGE_MAX);
	take_items(o, &items);
	r = hws_buf_err(&items);
	if (r == HWS_OK)
		r = rdv_trust_seal(all->node->trust, o->to, now_us, hws_buf_bytes(&items), &out);
	if (r == HWS_OK)
		r = store->nodes->send(store, o->to, hws_buf_bytes(&out), on_sent, o);
	hws_buf_done(&items);
	o->sending = r == HWS_OK;
	if (r < 0)
		hws_count(&all->node->core->count.cluster_failed);
	hws_buf_done(&out);
}

static struct outbox *outbox_of(struct rdv_outboxes *all, const char *to)
{
	struct hws_list *n;
	struct outbox *o;

	hws_list_for (n, &all->list) {
		o = hws_container(n, struct outbox, node);
		if (strcmp(o->to, to) == 0)
			return o;
	}
	if (all->count >= OUTBOXES_MAX)
		return NULL;
	o = hws_alloc(sizeof(*o));
	if (!o || hws_str_copy(o->to, sizeof(o->to), to) < 0) {
		hws_free(o);
		return NULL;
	}
	o->all = all;
	hws_buf_init(&o->items, OUTBOX_BYTES);
	hws_list_push(&all->list, &o->node);
	all->count++;
	return o;
}

void rdv_outbox_by_database(struct rdv_outboxes *all, const char *to, struct hws_bytes packed)
{
	struct outbox *o = outbox_of(all, to);
	uint16_t len = (uint16_t)packed.len;

	if (!o || packed.len > ITEM_MAX ||
			hws_buf_len(&o->items) + packed.len + sizeof(len) > OUTBOX_BYTES) {
		hws_count(&all->node->core->count.cluster_failed);
		return;
	}
	hws_buf_put(&o->items, &len, sizeof(len));
	hws_buf_put(&o->items, packed.ptr, packed.len);
	if (hws_buf_err(&o->items) < 0)
		hws_buf_reset(&o->items); /* without memory: viewers ask again */
	outbox_flush(o);
}

/* What is said to all and wants an answer soon. The rest belongs to what the database tells anyway:
 * that a node misses nothing of it does not depend on links. */
static bool is_question(Cluster__Item__WhatCase what)
{
	return what == CLUSTER__ITEM__WHAT_GRANT_ASK || what == CLUSTER__ITEM__WHAT_MISDIRECTED;
}

static void put(struct rdv_outboxes *all, const char *to, Cluster__Item__WhatCase what,
		struct hws_bytes packed)
{
	struct rdv_links *links = all->node->links;

	hws_count(&all->node->core->count.cluster_sent);
	if (!(*to ? rdv_links_send(links, to, packed)
		  : is_question(what) && rdv_links_send_all(links, packed)))
		rdv_outbox_by_database(all, to, packed);
}

/* Each item has a number that no other has: it may arrive by two ways. */
static int pack_item(struct rdv_outboxes *all, const Cluster__Item *item, struct hws_buf *out)
{
	Cluster__Envelope e = CLUSTER__ENVELOPE__INIT;
	Cluster__Item numbered = *item, *items[1] = { &numbered };

	numbered.once = __atomic_add_fetch(&all->once, 1, __ATOMIC_RELAXED);
	e.n_items = 1;
	e.items = items;
	return hws_msg_pack(&e.base, out);
}

void rdv_outbox_send(struct rdv_outboxes *all, const char *to, const Cluster__Item *item)
{
	struct hws_buf b;

	hws_buf_init(&b, ITEM_MAX);
	if (pack_item(all, item, &b) == HWS_OK)
		put(all, to, item->what_case, hws_buf_bytes(&b));
	else
		hws_count(&all->node->core->count.cluster_failed);
	hws_buf_done(&b);
}

struct later {
	struct rdv_outboxes *all;
	char to[RDV_NODE_MAX + 1];
	Cluster__Item__WhatCase what;
	struct hws_buf packed;
};

static void run_later(void *arg)
{
	struct later *l = arg;

	put(l->all, l->to, l->what, hws_buf_bytes(&l->packed));
	hws_buf_done(&l->packed);
	hws_free(l);
}

void rdv_outbox_send_later(struct rdv_outboxes *all, const char *to, const Cluster__Item *item)
{
	struct later *l = all->node->ended ? NULL : hws_alloc(sizeof(*l));

	if (!l)
		return;
	l->all = all;
	l->what = item->what_case;
	hws_buf_init(&l->packed, ITEM_MAX);
	if (hws_str_copy(l->to, sizeof(l->to), to) == HWS_OK &&
			pack_item(all, item, &l->packed) == HWS_OK &&
			hws_loop_post(all->node->loop, run_later, l) == HWS_OK)
		return;
	hws_count(&all->node->core->count.cluster_failed);
	hws_buf_done(&l->packed);
	hws_free(l);
}

void rdv_outbox_send_ids(struct rdv_outboxes *all, const char *to, Cluster__Item__WhatCase what,
		char **ids, size_t n, bool proven)
{
	for (size_t i = 0; i < n;) {
		Cluster__Ids list = CLUSTER__IDS__INIT;
		Cluster__Item item = CLUSTER__ITEM__INIT;
		size_t bytes = 0;

		list.id = ids + i;
		list.proven = proven;
		while (i < n && bytes < IDS_BYTES) {
			bytes += strlen(ids[i++]) + 2;
			list.n_id++;
		}
		item.what_case = what;
		item.gone = &list; /* `changed` and `removed` stand in the same place */
		rdv_outbox_send(all, to, &item);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

int rdv_outboxes_new(struct rdv_node *node, struct rdv_outboxes **ret)
{
	struct rdv_outboxes *all = hws_alloc(sizeof(*all));

	if (!all)
		return HWS_ERR_NOMEM;
	all->node = node;
	hws_rand_bytes(&all->once, sizeof(all->once));
	hws_list_init(&all->list);
	*ret = all;
	return HWS_OK;
}

void rdv_outboxes_free(struct rdv_outboxes *all)
{
	struct hws_list *n, *next;

	if (!all)
		return;
	hws_list_for_safe (n, next, &all->list) {
		struct outbox *o = hws_container(n, struct outbox, node);

		hws_buf_done(&o->items);
		hws_free(o);
	}
	hws_free(all);
}

void rdv_outboxes_flush(struct rdv_outboxes *all)
{
	struct hws_list *n;

	hws_list_for (n, &all->list)
		outbox_flush(hws_container(n, struct outbox, node));
}
