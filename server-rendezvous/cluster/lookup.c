/* rendezvous/cluster/lookup: where is this device? Requests of viewers wait here while the database
 * is asked, many with one question, and never longer than ASK_US. */
#include "server-rendezvous/cluster/lookup.h"
#include "server-rendezvous/cluster/node.h"
#include "server-rendezvous/cluster/outbox.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/granted.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/locations.h"
#include <string.h>

#define ASK_US (2500 * HWS_US_PER_MS) /* a viewer asks again after 3 s */
#define ASK_MAX 1000u                 /* with one question */
#define MESSAGE_MAX 1400u
#define ASKS_MAX 10000u /* requests that wait for another node to be found */

struct rdv_lookups {
	struct rdv_node *node;
	struct hws_list waiting, asked; /* struct lookup */
	struct hws_list onlines;
	bool asking;
	uint64_t asks; /* atomic */
};

struct lookup {
	struct hws_list node;
	struct rdv_lookups *lu;
	uint64_t client, until_us;
	char id[RDV_ID_MAX + 1];
	uint8_t viewer[HWS_ADDR_WIRE_MAX];
	size_t viewer_len, len;
	bool relay, may_be_local, known;
	struct rdv_granted granted;
	uint8_t message[];
};

static void ask_flush(struct rdv_lookups *lu);

static void ask_free(struct lookup *a)
{
	hws_list_remove(&a->node);
	__atomic_fetch_sub(&a->lu->asks, 1, __ATOMIC_RELAXED);
	hws_free(a);
}

/* --- nowhere ---------------------------------------------------------------------------------- */

static void run_nowhere(void *arg)
{
	struct lookup *a = arg;
	struct rdv_node *node = a->lu->node;

	node->planes->nowhere(node->core, a->client, a->id, a->relay, a->known);
	ask_free(a);
}

static void say_nowhere(struct lookup *a, bool known)
{
	hws_list_remove(&a->node);
	a->known = a->known || known;
	if (a->lu->node->planes->post(a->lu->node->core, run_nowhere, a) < 0)
		ask_free(a);
}

static void on_exists(int r, const struct rdv_peer_row *row HWS_UNUSED, void *arg)
{
	/* when it cannot be told, "offline" says less that may be wrong */
	say_nowhere(arg, r != HWS_ERR_NOTFOUND);
}

/* A device that registered at another node after this one had started is in the database only. */
static void nowhere(struct lookup *a)
{
	struct rdv_store *s = a->lu->node->core->store;

	hws_list_remove(&a->node);
	if (a->known || s->devices->get(s, a->id, on_exists, a) < 0)
		say_nowhere(a, true);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void hand_over(struct lookup *a, const char *node)
{
	Cluster__Push p = CLUSTER__PUSH__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;

	p.id = a->id;
	p.viewer = (ProtobufCBinaryData){ a->viewer_len, a->viewer };
	p.relay = a->relay;
	p.may_be_local = a->may_be_local;
	p.permissions = a->granted.permissions;
	p.ref = a->granted.ref;
	p.message = (ProtobufCBinaryData){ a->len, a->message };
	item.what_case = CLUSTER__ITEM__WHAT_PUSH;
	item.push = &p;
	hws_count(&a->lu->node->core->count.cluster_pushed);
	rdv_outbox_send(a->lu->node->out, node, &item);
	ask_free(a);
}

/* The answer is signed with what the database says here, not with what the other node says. */
struct found {
	struct rdv_node *node;
	uint64_t client;
	char id[RDV_ID_MAX + 1];
	bool relay, has_pk, proves;
	uint8_t pk[RDV_PK_LEN];
};

static void run_found(void *arg)
{
	struct found *f = arg;

	f->node->planes->found(f->node->core, f->client, f->id, f->relay, f->has_pk ? f->pk : NULL,
			f->proves);
	hws_free(f);
}

/* The plane hears of the key before the answer, which wakes it. */
static void found_at(struct lookup *a, const struct rdv_where *w)
{
	struct rdv_node *node = a->lu->node;
	struct found *f = hws_alloc(sizeof(*f));

	if (f) {
		f->node = node;
		f->client = a->client;
		memcpy(f->id, a->id, sizeof(f->id));
		f->relay = a->relay;
		f->has_pk = w->has_pk;
		f->proves = w->proves;
		memcpy(f->pk, w->pk, sizeof(f->pk));
	}
	if (f && node->planes->post_quiet(node->core, run_found, f) == HWS_OK) {
		hand_over(a, w->node);
		return;
	}
	hws_free(f);
	hws_count(&node->core->count.cluster_failed);
	say_nowhere(a, true);
}

static struct lookup *find_asked(struct rdv_lookups *lu, const char *id)
{
	struct hws_list *n;

	hws_list_for (n, &lu->asked) {
		struct lookup *a = hws_container(n, struct lookup, node);

		if (strcmp(a->id, id) == 0)
			return a;
	}
	return NULL;
}

/* Answers come in the order of the questions; those that waited too long have left the list
 * meanwhile. */
static void on_asked(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct rdv_lookups *lu = arg;
	struct hws_list *node;

	if (r == HWS_ERR_CANCELED)
		return;
	lu->asking = false;
	for (size_t i = 0; r == HWS_OK && i < n; i++) {
		struct lookup *a = find_asked(lu, w[i].id);

		if (!a)
			continue;
		if (w[i].node[0] && strcmp(w[i].node, lu->node->name) != 0)
			found_at(a, &w[i]);
		else
			nowhere(a);
	}
	while ((node = hws_list_first(&lu->asked))) {
		hws_count(&lu->node->core->count.cluster_failed);
		say_nowhere(hws_container(node, struct lookup, node), true);
	}
	ask_flush(lu);
}

static void ask_flush(struct rdv_lookups *lu)
{
	const char **ids;
	struct hws_list *node;
	size_t n = 0;
	int r = HWS_ERR_NOMEM;

	if (lu->asking || hws_list_empty(&lu->waiting))
		return;
	ids = hws_alloc_array(ASK_MAX, sizeof(*ids));
	while (ids && n < ASK_MAX && (node = hws_list_first(&lu->waiting))) {
		hws_list_remove(node);
		hws_list_push(&lu->asked, node);
		ids[n++] = hws_container(node, struct lookup, node)->id;
	}
	if (ids)
		r = lu->node->core->store->locations->find_keyed(
				lu->node->core->store, ids, n, on_asked, lu);
	hws_free(ids);
	lu->asking = r == HWS_OK;
	while (r < 0 && (node = hws_list_first(&lu->asked)))
		say_nowhere(hws_container(node, struct lookup, node), true);
}

static void run_ask(void *arg)
{
	struct lookup *a = arg;

	if (!a->lu->node->joined || a->lu->node->leaving) {
		say_nowhere(a, true);
		return;
	}
	hws_list_push(&a->lu->waiting, &a->node);
	ask_flush(a->lu);
}

bool rdv_lookup_push(struct rdv_lookups *lu, const struct rdv_cluster_push *push)
{
	struct hws_buf packed;
	struct lookup *a = NULL;

	if (__atomic_load_n(&lu->asks, __ATOMIC_RELAXED) >= ASKS_MAX ||
			push->viewer.len > HWS_ADDR_WIRE_MAX)
		return false;
	hws_buf_init(&packed, MESSAGE_MAX);
	if (hws_rdv_pack(push->m, &packed) == HWS_OK)
		a = hws_alloc(sizeof(*a) + hws_buf_len(&packed));
	if (a) {
		a->lu = lu;
		a->client = push->client;
		a->until_us = hws_clock_us() + ASK_US;
		a->viewer_len = push->viewer.len;
		memcpy(a->viewer, push->viewer.ptr, push->viewer.len);
		a->relay = push->relay;
		a->may_be_local = push->may_be_local;
		a->known = push->known;
		if (push->granted)
			a->granted = *push->granted;
		a->len = hws_buf_len(&packed);
		memcpy(a->message, hws_buf_bytes(&packed).ptr, a->len);
	}
	hws_buf_done(&packed);
	if (!a)
		return false;
	__atomic_fetch_add(&lu->asks, 1, __ATOMIC_RELAXED);
	if (hws_str_copy(a->id, sizeof(a->id), push->id) < 0 ||
			hws_loop_post(lu->node->loop, run_ask, a) < 0) {
		ask_free(a);
		return false;
	}
	return true;
}

/* --- online queries --------------------------------------------------------------------------- */

/* Ids of a query that are not online here, and the bit of each in the answer. */
struct online {
	struct hws_list node;
	struct rdv_lookups *lu;
	uint64_t client, until_us;
	uint8_t *states;
	size_t states_len, n;
	char (*ids)[RDV_ID_MAX + 1];
	uint32_t *bits;
	bool asked; /* the store still has it: freed when it answers */
	bool sent;
};

static void online_free(struct online *o)
{
	hws_list_remove(&o->node);
	__atomic_fetch_sub(&o->lu->asks, 1, __ATOMIC_RELAXED);
	hws_free(o->states);
	hws_free(o->ids);
	hws_free(o->bits);
	hws_free(o);
}

struct online_answer {
	struct rdv_lookups *lu;
	uint64_t client;
	size_t len;
	uint8_t states[];
};

static void run_online_answer(void *arg)
{
	struct online_answer *a = arg;
	struct rdv_node *node = a->lu->node;

	node->planes->online(node->core, a->client, hws_bytes(a->states, a->len));
	hws_free(a);
}

static void online_send(struct online *o)
{
	struct online_answer *a = o->sent ? NULL : hws_alloc(sizeof(*a) + o->states_len);

	o->sent = true;
	if (!a)
		return;
	a->lu = o->lu;
	a->client = o->client;
	a->len = o->states_len;
	memcpy(a->states, o->states, o->states_len);
	if (o->lu->node->planes->post(o->lu->node->core, run_online_answer, a) < 0)
		hws_free(a);
}

static void on_online(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct online *o = arg;

	for (size_t i = 0; r == HWS_OK && i < n && i < o->n; i++) {
		if (w[i].node[0] && strcmp(w[i].node, o->lu->node->name) != 0)
			o->states[o->bits[i] / 8] |= (uint8_t)(0x80u >> (o->bits[i] % 8));
	}
	if (r != HWS_ERR_CANCELED)
		online_send(o);
	online_free(o);
}

static void run_online(void *arg)
{
	struct online *o = arg;
	const char **ids = hws_alloc_array(o->n, sizeof(*ids));
	struct rdv_store *s = o->lu->node->core->store;
	int r = HWS_ERR_NOMEM;

	for (size_t i = 0; ids && i < o->n; i++)
		ids[i] = o->ids[i];
	hws_list_push(&o->lu->onlines, &o->node);
	if (ids && o->lu->node->joined && !o->lu->node->leaving)
		r = s->locations->find(s, ids, o->n, on_online, o);
	hws_free(ids);
	o->asked = r == HWS_OK;
	if (o->asked)
		return;
	online_send(o);
	online_free(o);
}

static bool online_fill(struct online *o, const Rdv__OnlineRequest *m, const uint8_t *states)
{
	o->ids = hws_alloc_array(m->n_peers, sizeof(*o->ids));
	o->bits = hws_alloc_array(m->n_peers, sizeof(*o->bits));
	if (!o->ids || !o->bits)
		return false;
	for (size_t i = 0; i < m->n_peers; i++) {
		if (states[i / 8] & (0x80u >> (i % 8)) || !m->peers[i][0] ||
				hws_str_copy(o->ids[o->n], sizeof(o->ids[0]), m->peers[i]) < 0)
			continue;
		o->bits[o->n++] = (uint32_t)i;
	}
	return o->n > 0 && o->n <= HWS_RDV_ONLINE_IDS_MAX;
}

bool rdv_lookup_online(struct rdv_lookups *lu, uint64_t client, const Rdv__OnlineRequest *m,
		uint8_t *states)
{
	struct online *o;

	if (!m->n_peers || __atomic_load_n(&lu->asks, __ATOMIC_RELAXED) >= ASKS_MAX)
		return false;
	o = hws_alloc(sizeof(*o));
	if (!o)
		return false;
	o->lu = lu;
	o->client = client;
	o->until_us = hws_clock_us() + ASK_US;
	__atomic_fetch_add(&lu->asks, 1, __ATOMIC_RELAXED);
	o->states = states;
	o->states_len = (m->n_peers + 7) / 8;
	if (online_fill(o, m, states) && hws_loop_post(lu->node->loop, run_online, o) == HWS_OK)
		return true;
	o->states = NULL; /* stays the caller's */
	online_free(o);
	return false;
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void give_up(struct hws_list *list, uint64_t now_us)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, list) {
		struct lookup *a = hws_container(n, struct lookup, node);

		if (now_us < a->until_us)
			continue;
		hws_count(&a->lu->node->core->count.cluster_failed);
		say_nowhere(a, true);
	}
}

void rdv_lookups_tick(struct rdv_lookups *lu, uint64_t now_us)
{
	struct hws_list *n, *next;

	give_up(&lu->waiting, now_us);
	give_up(&lu->asked, now_us);
	hws_list_for_safe (n, next, &lu->onlines) {
		struct online *o = hws_container(n, struct online, node);

		if (now_us >= o->until_us)
			online_send(o); /* what this node knows */
	}
	ask_flush(lu);
}

int rdv_lookups_new(struct rdv_node *node, struct rdv_lookups **ret)
{
	struct rdv_lookups *lu = hws_alloc(sizeof(*lu));

	if (!lu)
		return HWS_ERR_NOMEM;
	lu->node = node;
	hws_list_init(&lu->waiting);
	hws_list_init(&lu->asked);
	hws_list_init(&lu->onlines);
	*ret = lu;
	return HWS_OK;
}

void rdv_lookups_free(struct rdv_lookups *lu)
{
	struct hws_list *n;

	if (!lu)
		return;
	while ((n = hws_list_first(&lu->waiting)))
		ask_free(hws_container(n, struct lookup, node));
	while ((n = hws_list_first(&lu->asked)))
		ask_free(hws_container(n, struct lookup, node));
	hws_free(lu);
}
