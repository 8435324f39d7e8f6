/* rendezvous/cluster/lookup: where is this device? Requests of viewers wait here while the database
 * is asked, many with one question, and never longer than ASK_US. */
#include "server-rendezvous/cluster/parts.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"

#include <string.h>

#define ASK_US (2500 * HWS_US_PER_MS) /* a viewer asks again after 3 s */
#define ASK_MAX 1000u                 /* with one question */
#define MESSAGE_MAX 1400u

struct rdv_lookup {
	struct hws_list node;
	struct rdv_cluster *c;
	uint64_t client, until_us;
	char id[RDV_ID_MAX + 1];
	uint8_t viewer[HWS_ADDR_WIRE_MAX];
	size_t viewer_len, len;
	bool relay, may_be_local, known;
	uint8_t message[];
};

static void ask_flush(struct rdv_cluster *c);

static void ask_free(struct rdv_lookup *a)
{
	hws_list_remove(&a->node);
	__atomic_fetch_sub(&a->c->asks, 1, __ATOMIC_RELAXED);
	hws_free(a);
}

/* --- nowhere ---------------------------------------------------------------------------------- */

static void run_nowhere(void *arg)
{
	struct rdv_lookup *a = arg;
	struct rdv_client *cl = rdv_client_get(a->c->core->tcp, a->client);

	if (cl)
		rdv_punch_nowhere(cl, a->id, a->relay, a->known);
	ask_free(a);
}

static void say_nowhere(struct rdv_lookup *a, bool known)
{
	hws_list_remove(&a->node);
	a->known = a->known || known;
	if (rdv_tcp_post(a->c->core->tcp, run_nowhere, a) < 0)
		ask_free(a);
}

static void on_exists(int r, const struct rdv_peer_row *row HWS_UNUSED, void *arg)
{
	/* when it cannot be told, "offline" says less that may be wrong */
	say_nowhere(arg, r != HWS_ERR_NOTFOUND);
}

/* A device that registered at another node after this one had started is in the database only. */
static void nowhere(struct rdv_lookup *a)
{
	hws_list_remove(&a->node);
	if (a->known || a->c->store->ops->get(a->c->store, a->id, on_exists, a) < 0)
		say_nowhere(a, true);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void hand_over(struct rdv_lookup *a, const char *node)
{
	Cluster__Push p = CLUSTER__PUSH__INIT;
	Cluster__Item item = CLUSTER__ITEM__INIT;

	p.id = a->id;
	p.viewer = (ProtobufCBinaryData){ a->viewer_len, a->viewer };
	p.relay = a->relay;
	p.may_be_local = a->may_be_local;
	p.message = (ProtobufCBinaryData){ a->len, a->message };
	item.what_case = CLUSTER__ITEM__WHAT_PUSH;
	item.push = &p;
	hws_count(&a->c->core->count.cluster_pushed);
	rdv_cluster_send(a->c, node, &item);
	ask_free(a);
}

static struct rdv_lookup *find_asked(struct rdv_cluster *c, const char *id)
{
	struct hws_list *n;

	hws_list_for (n, &c->asked) {
		struct rdv_lookup *a = hws_container(n, struct rdv_lookup, node);

		if (strcmp(a->id, id) == 0)
			return a;
	}
	return NULL;
}

/* Answers come in the order of the questions; those that waited too long have left the list
 * meanwhile. */
static void on_asked(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct rdv_cluster *c = arg;
	struct hws_list *node;

	if (r == HWS_ERR_CANCELED)
		return;
	c->asking = false;
	for (size_t i = 0; r == HWS_OK && i < n; i++) {
		struct rdv_lookup *a = find_asked(c, w[i].id);

		if (!a)
			continue;
		if (w[i].node[0] && strcmp(w[i].node, c->name) != 0)
			hand_over(a, w[i].node);
		else
			nowhere(a);
	}
	while ((node = hws_list_first(&c->asked))) {
		hws_count(&c->core->count.cluster_failed);
		say_nowhere(hws_container(node, struct rdv_lookup, node), true);
	}
	ask_flush(c);
}

static void ask_flush(struct rdv_cluster *c)
{
	const char **ids;
	struct hws_list *node;
	size_t n = 0;
	int r = HWS_ERR_NOMEM;

	if (c->asking || hws_list_empty(&c->waiting))
		return;
	ids = hws_alloc_array(ASK_MAX, sizeof(*ids));
	while (ids && n < ASK_MAX && (node = hws_list_first(&c->waiting))) {
		hws_list_remove(node);
		hws_list_push(&c->asked, node);
		ids[n++] = hws_container(node, struct rdv_lookup, node)->id;
	}
	if (ids)
		r = c->store->ops->where_find(c->store, ids, n, on_asked, c);
	hws_free(ids);
	c->asking = r == HWS_OK;
	while (r < 0 && (node = hws_list_first(&c->asked)))
		say_nowhere(hws_container(node, struct rdv_lookup, node), true);
}

static void run_ask(void *arg)
{
	struct rdv_lookup *a = arg;

	if (!a->c->joined || a->c->leaving) {
		say_nowhere(a, true);
		return;
	}
	hws_list_push(&a->c->waiting, &a->node);
	ask_flush(a->c);
}

bool rdv_cluster_push(
		struct rdv_cluster *c, struct rdv_client *cl, const struct rdv_cluster_push *push)
{
	struct hws_buf packed;
	struct rdv_lookup *a = NULL;

	if (__atomic_load_n(&c->asks, __ATOMIC_RELAXED) >= RDV_CLUSTER_ASKS)
		return false;
	hws_buf_init(&packed, MESSAGE_MAX);
	if (hws_rdv_pack(push->m, &packed) == HWS_OK)
		a = hws_alloc(sizeof(*a) + hws_buf_len(&packed));
	if (a) {
		a->c = c;
		a->client = cl->id;
		a->until_us = hws_clock_us() + ASK_US;
		a->viewer_len = rdv_client_mangled(cl, a->viewer);
		a->relay = push->relay;
		a->may_be_local = push->may_be_local;
		a->known = push->known;
		a->len = hws_buf_len(&packed);
		memcpy(a->message, hws_buf_bytes(&packed).ptr, a->len);
	}
	hws_buf_done(&packed);
	if (!a)
		return false;
	__atomic_fetch_add(&c->asks, 1, __ATOMIC_RELAXED);
	if (hws_str_copy(a->id, sizeof(a->id), push->id) < 0 ||
			hws_loop_post(c->loop, run_ask, a) < 0) {
		ask_free(a);
		return false;
	}
	return true;
}

/* --- online queries --------------------------------------------------------------------------- */

/* Ids of a query that are not online here, and the bit of each in the answer. */
struct rdv_online {
	struct hws_list node;
	struct rdv_cluster *c;
	uint64_t client, until_us;
	uint8_t *states;
	size_t states_len, n;
	char (*ids)[RDV_ID_MAX + 1];
	uint32_t *bits;
	bool asked; /* the store still has it: freed when it answers */
	bool sent;
};

static void online_free(struct rdv_online *o)
{
	hws_list_remove(&o->node);
	__atomic_fetch_sub(&o->c->asks, 1, __ATOMIC_RELAXED);
	hws_free(o->states);
	hws_free(o->ids);
	hws_free(o->bits);
	hws_free(o);
}

struct online_answer {
	struct rdv_cluster *c;
	uint64_t client;
	size_t len;
	uint8_t states[];
};

static void run_online_answer(void *arg)
{
	struct online_answer *a = arg;
	struct rdv_client *cl = rdv_client_get(a->c->core->tcp, a->client);
	Rdv__OnlineResponse p = RDV__ONLINE_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.states = (ProtobufCBinaryData){ a->len, a->states };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_ONLINE_RESPONSE;
	m.online_response = &p;
	if (cl) {
		rdv_client_send(cl, &m);
		rdv_client_finish(cl);
	}
	hws_free(a);
}

static void online_send(struct rdv_online *o)
{
	struct online_answer *a = o->sent ? NULL : hws_alloc(sizeof(*a) + o->states_len);

	o->sent = true;
	if (!a)
		return;
	a->c = o->c;
	a->client = o->client;
	a->len = o->states_len;
	memcpy(a->states, o->states, o->states_len);
	if (rdv_tcp_post(o->c->core->tcp, run_online_answer, a) < 0)
		hws_free(a);
}

static void on_online(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct rdv_online *o = arg;

	for (size_t i = 0; r == HWS_OK && i < n && i < o->n; i++) {
		if (w[i].node[0] && strcmp(w[i].node, o->c->name) != 0)
			o->states[o->bits[i] / 8] |= (uint8_t)(0x80u >> (o->bits[i] % 8));
	}
	if (r != HWS_ERR_CANCELED)
		online_send(o);
	online_free(o);
}

static void run_online(void *arg)
{
	struct rdv_online *o = arg;
	const char **ids = hws_alloc_array(o->n, sizeof(*ids));
	int r = HWS_ERR_NOMEM;

	for (size_t i = 0; ids && i < o->n; i++)
		ids[i] = o->ids[i];
	hws_list_push(&o->c->onlines, &o->node);
	if (ids && o->c->joined && !o->c->leaving)
		r = o->c->store->ops->where_find(o->c->store, ids, o->n, on_online, o);
	hws_free(ids);
	o->asked = r == HWS_OK;
	if (o->asked)
		return;
	online_send(o);
	online_free(o);
}

static bool online_fill(struct rdv_online *o, const Rdv__OnlineRequest *m, const uint8_t *states)
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

bool rdv_cluster_online(struct rdv_cluster *c, struct rdv_client *cl, const Rdv__OnlineRequest *m,
		uint8_t *states)
{
	struct rdv_online *o;

	if (!m->n_peers || __atomic_load_n(&c->asks, __ATOMIC_RELAXED) >= RDV_CLUSTER_ASKS)
		return false;
	o = hws_alloc(sizeof(*o));
	if (!o)
		return false;
	o->c = c;
	o->client = cl->id;
	o->until_us = hws_clock_us() + ASK_US;
	__atomic_fetch_add(&c->asks, 1, __ATOMIC_RELAXED);
	o->states = states;
	o->states_len = (m->n_peers + 7) / 8;
	if (online_fill(o, m, states) && hws_loop_post(c->loop, run_online, o) == HWS_OK)
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
		struct rdv_lookup *a = hws_container(n, struct rdv_lookup, node);

		if (now_us < a->until_us)
			continue;
		hws_count(&a->c->core->count.cluster_failed);
		say_nowhere(a, true);
	}
}

void rdv_lookup_tick(struct rdv_cluster *c, uint64_t now_us)
{
	struct hws_list *n, *next;

	give_up(&c->waiting, now_us);
	give_up(&c->asked, now_us);
	hws_list_for_safe (n, next, &c->onlines) {
		struct rdv_online *o = hws_container(n, struct rdv_online, node);

		if (now_us >= o->until_us)
			online_send(o); /* what this node knows */
	}
	ask_flush(c);
}

void rdv_lookup_done(struct rdv_cluster *c)
{
	struct hws_list *lists[] = { &c->waiting, &c->asked };
	struct hws_list *n;

	for (size_t i = 0; i < HWS_COUNT(lists); i++) {
		while ((n = hws_list_first(lists[i])))
			ask_free(hws_container(n, struct rdv_lookup, node));
	}
}
