/* rendezvous/cluster/placement: which devices are at this node, told to the database; and what it
 * knows, learnt when it is needed. */
#include "server-rendezvous/cluster/parts.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"

#include <string.h>

#define RUN_MAX 5000u
#define RETRY_US HWS_US_PER_S
#define LEARNING_MAX 64u
#define LEARN_MAX 20000u /* the surplus proves itself as new devices do */
#define CHANGED_MAX 50000u
/* A device that is said to have left and speaks again, time after time, is registered at several
 * nodes: then they stop taking it from each other. */
#define GONE_US (90 * HWS_US_PER_S)
#define GONE_TIMES 3

#define ARRIVED 'A'
#define LEFT 'L'
#define AGAIN 'R' /* was here before: others may have taken it */

static void place(struct rdv_cluster *c);
static void learn_some(struct rdv_cluster *c);

/* --- queues ----------------------------------------------------------------------------------- */

static bool idq_put(struct rdv_idq *q, char letter, struct hws_bytes id)
{
	hws_buf_put(&q->b, &letter, 1);
	hws_buf_put(&q->b, id.ptr, id.len);
	hws_buf_put(&q->b, "", 1);
	if (hws_buf_err(&q->b) < 0) {
		hws_buf_reset(&q->b);
		q->count = 0;
		return false;
	}
	q->count++;
	return true;
}

/* The first entry; its id stays in the buffer until idq_drop. */
static const char *idq_at(const struct rdv_idq *q, size_t *at, char *ret_letter)
{
	struct hws_bytes all = hws_buf_bytes(&q->b);
	const char *entry = (const char *)all.ptr + *at;

	if (*at >= all.len)
		return NULL;
	*ret_letter = entry[0];
	*at += strlen(entry) + 1;
	return entry + 1;
}

static void on_kick(void *arg)
{
	struct rdv_cluster *c = arg;

	__atomic_store_n(&c->kicked, false, __ATOMIC_RELEASE);
	place(c);
	learn_some(c);
}

static void say(struct rdv_cluster *c, struct rdv_idq *q, size_t max, char letter,
		struct hws_bytes id)
{
	bool full;

	if (id.len == 0 || id.len > RDV_ID_MAX || memchr(id.ptr, 0, id.len))
		return;
	pthread_mutex_lock(&c->lock);
	full = q->count >= max || !idq_put(q, letter, id);
	pthread_mutex_unlock(&c->lock);
	if (full && q == &c->in && letter != LEFT)
		__atomic_store_n(&c->overflowed, true, __ATOMIC_RELEASE);
	if (full && q == &c->in)
		hws_count(&c->core->count.cluster_failed);
	if (!__atomic_exchange_n(&c->kicked, true, __ATOMIC_ACQ_REL) &&
			hws_loop_post(c->loop, on_kick, c) < 0)
		__atomic_store_n(&c->kicked, false, __ATOMIC_RELEASE); /* the tick will see it */
}

void rdv_cluster_arrived(struct rdv_cluster *c, struct hws_bytes id)
{
	say(c, &c->in, RDV_CLUSTER_PLACES, ARRIVED, id);
}

void rdv_cluster_left(struct rdv_cluster *c, struct hws_bytes id)
{
	say(c, &c->in, RDV_CLUSTER_PLACES, LEFT, id);
}

void rdv_cluster_learn(struct rdv_cluster *c, struct hws_bytes id)
{
	say(c, &c->learn, LEARN_MAX, ARRIVED, id);
}

/* --- devices that went to another node -------------------------------------------------------- */

static uint64_t hash_of(struct rdv_cluster *c, const char *id)
{
	return hws_keyed_hash(c->hash_key, hws_bytes_str(id)) | 1;
}

static void note_gone(struct rdv_cluster *c, const char *id)
{
	uint64_t h = hash_of(c, id), i = h / 2 % RDV_CLUSTER_GONE, now = hws_clock_us();
	bool again = c->gone[i].hash == h && now - c->gone[i].at_us < GONE_US;

	c->gone[i].times = again ? c->gone[i].times + 1 : 1;
	c->gone[i].hash = h;
	c->gone[i].at_us = now;
}

static bool comes_and_goes(struct rdv_cluster *c, const char *id)
{
	uint64_t h = hash_of(c, id), i = h / 2 % RDV_CLUSTER_GONE;

	return c->gone[i].hash == h && c->gone[i].times >= GONE_TIMES &&
			hws_clock_us() - c->gone[i].at_us < GONE_US;
}

void rdv_placement_gone(struct rdv_cluster *c, const char *id)
{
	struct hws_bytes bytes = hws_bytes_str(id);
	uint64_t client = 0;
	struct rdv_shard *s;
	struct rdv_peer *p;

	if (bytes.len == 0 || bytes.len > RDV_ID_MAX)
		return;
	s = rdv_presence_lock(c->core->presence, bytes);
	p = rdv_shard_find(s);
	if (p && p->flags & RDV_PEER_PLACED) {
		p->flags &= (uint8_t)~RDV_PEER_PLACED;
		client = rdv_peer_client(p);
		p->seen = 0;
		note_gone(c, id);
	}
	rdv_presence_unlock(s);
	if (client)
		rdv_tcp_post_close(c->core->tcp, client); /* a host that lives on it comes again */
}

void rdv_placement_changed(struct rdv_cluster *c, const char *id)
{
	struct hws_bytes bytes = hws_bytes_str(id);
	struct rdv_shard *s;
	struct rdv_peer *p;

	if (bytes.len == 0 || bytes.len > RDV_ID_MAX)
		return;
	s = rdv_presence_lock(c->core->presence, bytes);
	p = rdv_shard_find(s);
	if (p && !(p->flags & (RDV_PEER_PLACED | RDV_PEER_UNPROVEN)) && !rdv_peer_client(p))
		rdv_shard_remove(s, p); /* learnt again when it is asked for */
	rdv_presence_unlock(s);
}

/* --- telling the database --------------------------------------------------------------------- */

static void drop_run(struct rdv_cluster *c)
{
	size_t at = 0;
	char letter;

	for (size_t i = 0; i < c->run_n && idq_at(&c->work, &at, &letter); i++)
		c->work.count--;
	hws_buf_consume(&c->work.b, at);
	if (hws_buf_len(&c->work.b) == 0)
		hws_buf_reset(&c->work.b);
}

static void run_end(struct rdv_cluster *c, int r)
{
	if (r < 0)
		c->retry_at_us = hws_clock_us() + RETRY_US;
	else
		drop_run(c);
	hws_free(c->run);
	hws_free(c->found);
	c->run = NULL;
	c->found = NULL;
	c->run_n = 0;
	c->placing = false;
	if (r == HWS_OK)
		place(c);
}

static bool is_elsewhere(const struct rdv_cluster *c, const struct rdv_where *w)
{
	return w->node[0] && strcmp(w->node, c->name) != 0;
}

/* Tells each node which devices it has lost to this one. */
static void tell_gone(struct rdv_cluster *c)
{
	char **ids = hws_alloc_array(c->run_n, sizeof(*ids));

	for (size_t i = 0; ids && i < c->run_n; i++) {
		char node[RDV_NODE_MAX + 1];
		size_t n = 0;

		if (!is_elsewhere(c, &c->found[i]))
			continue;
		memcpy(node, c->found[i].node, sizeof(node));
		for (size_t k = i; k < c->run_n; k++) {
			if (strcmp(c->found[k].node, node) != 0)
				continue;
			if (!comes_and_goes(c, c->found[k].id))
				ids[n++] = c->found[k].id;
			c->found[k].node[0] = 0;
		}
		rdv_cluster_send_ids(c, node, CLUSTER__ITEM__WHAT_GONE, ids, n);
	}
	hws_free(ids);
}

static void on_put(int r, void *arg)
{
	struct rdv_cluster *c = arg;

	if (r == HWS_OK)
		tell_gone(c);
	if (r == HWS_ERR_CANCELED)
		return;
	run_end(c, r);
}

static void on_removed(int r, void *arg)
{
	if (r != HWS_ERR_CANCELED)
		run_end(arg, r);
}

/* Those that are somewhere else by now are not taken back: the other node heard from them later. */
static size_t keep_ours(struct rdv_cluster *c, const char **ids)
{
	size_t n = 0;

	for (size_t i = 0; i < c->run_n; i++) {
		if (is_elsewhere(c, &c->found[i]))
			rdv_placement_gone(c, c->found[i].id);
		else if (!c->found[i].node[0])
			ids[n++] = c->found[i].id;
		c->found[i].node[0] = 0;
	}
	return n;
}

static char run_letter(const struct rdv_cluster *c)
{
	size_t at = 0;
	char letter = LEFT;

	idq_at(&c->work, &at, &letter);
	return letter;
}

static void on_found(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct rdv_cluster *c = arg;
	size_t count = c->run_n;

	if (r == HWS_ERR_CANCELED)
		return;
	if (r == HWS_OK && n == c->run_n) {
		c->found = hws_memdup(w, n * sizeof(*w));
		if (!c->found)
			r = HWS_ERR_NOMEM;
	} else if (r == HWS_OK) {
		r = HWS_ERR_STORE;
	}
	if (r == HWS_OK && run_letter(c) == AGAIN)
		count = keep_ours(c, c->run);
	if (r == HWS_OK && count)
		r = c->store->ops->where_put(c->store, c->run, count, on_put, c);
	if (r < 0 || !count)
		run_end(c, r);
}

/* The next run of entries of the same letter, at most RUN_MAX. */
static int take_run(struct rdv_cluster *c)
{
	size_t at = 0, n = 0;
	char letter, first = 0;
	const char *id = idq_at(&c->work, &at, &first);

	c->run = hws_alloc_array(RUN_MAX, sizeof(*c->run));
	if (!c->run)
		return HWS_ERR_NOMEM;
	for (letter = first; id && letter == first && n < RUN_MAX;
			id = idq_at(&c->work, &at, &letter))
		c->run[n++] = id;
	c->run_n = n;
	if (first == LEFT)
		return c->store->ops->where_remove(c->store, c->run, n, on_removed, c);
	return c->store->ops->where_find(c->store, c->run, n, on_found, c);
}

static void take_in(struct rdv_cluster *c)
{
	struct rdv_idq q;

	if (c->work.count)
		return;
	pthread_mutex_lock(&c->lock);
	q = c->work;
	c->work = c->in;
	c->in = q;
	pthread_mutex_unlock(&c->lock);
}

static void place(struct rdv_cluster *c)
{
	int r;

	if (c->placing || !c->joined || c->leaving || hws_clock_us() < c->retry_at_us)
		return;
	take_in(c);
	if (!c->work.count) {
		/* more came than could be noted: all that are here are looked at */
		if (__atomic_exchange_n(&c->overflowed, false, __ATOMIC_ACQ_REL))
			rdv_placement_again(c);
		return;
	}
	c->placing = true;
	r = take_run(c);
	if (r < 0)
		run_end(c, r);
}

static bool say_again(const struct rdv_peer *p, void *arg)
{
	struct rdv_cluster *c = arg;

	if (p->flags & RDV_PEER_PLACED)
		say(c, &c->in, RDV_CLUSTER_AGAIN, AGAIN, rdv_peer_id(p));
	return true;
}

void rdv_placement_again(struct rdv_cluster *c)
{
	hws_info("cluster.again", HWS_STR("node", c->name));
	rdv_presence_each(c->core->presence, say_again, c);
}

/* --- learning --------------------------------------------------------------------------------- */

/* A device that came here before its row did: it is no stranger if its machine id is that of the
 * row. */
static void meet(struct rdv_cluster *c, struct rdv_shard *s, struct rdv_peer *p,
		const struct rdv_peer_row *row)
{
	uint8_t mac[RDV_MAC_LEN];

	if (!(p->flags & RDV_PEER_UNPROVEN) || !row->uuid_len || !row->has_pk)
		return;
	rdv_presence_mac(c->core->presence, hws_bytes(row->uuid, row->uuid_len), mac);
	if (memcmp(mac, p->mac, sizeof(mac)) != 0) {
		rdv_shard_remove(s, p); /* the row takes its place */
	} else if (memcmp(row->pk, p->pk, RDV_PK_LEN) == 0) {
		rdv_peer_prove(p);
		p->flags |= RDV_PEER_PLACED;
		rdv_cluster_arrived(c, rdv_peer_id(p));
	}
}

static void on_learnt(int r, const struct rdv_peer_row *row, void *arg)
{
	struct rdv_cluster *c = arg;
	struct rdv_shard *s;
	struct rdv_peer *p;

	c->learning--;
	if (r == HWS_OK) {
		s = rdv_presence_lock(c->core->presence, hws_bytes_str(row->id));
		p = rdv_shard_find(s);
		if (p)
			meet(c, s, p, row);
		rdv_presence_unlock(s);
		if (!rdv_presence_load(c->core->presence, row))
			hws_warn_limited("register.table_full", HWS_STR("id", row->id));
	}
	if (r != HWS_ERR_CANCELED)
		learn_some(c);
}

static void learn_some(struct rdv_cluster *c)
{
	char id[RDV_ID_MAX + 1];

	while (c->joined && !c->leaving && c->learning < LEARNING_MAX) {
		size_t at = 0;
		const char *first;
		char letter;
		int r = HWS_ERR_NOTFOUND;

		pthread_mutex_lock(&c->lock);
		first = idq_at(&c->learn, &at, &letter);
		if (first) {
			r = hws_str_copy(id, sizeof(id), first);
			hws_buf_consume(&c->learn.b, at);
			c->learn.count--;
		}
		pthread_mutex_unlock(&c->lock);
		if (!first)
			return;
		if (r == HWS_OK)
			r = c->store->ops->get(c->store, id, on_learnt, c);
		c->learning += r == HWS_OK;
	}
}

/* --- telling the others ----------------------------------------------------------------------- */

void rdv_cluster_changed(struct rdv_cluster *c, const char *id)
{
	if (c->joined && *id && c->changed.count < CHANGED_MAX)
		idq_put(&c->changed, ARRIVED, hws_bytes_str(id));
}

static void tell_changed(struct rdv_cluster *c)
{
	char **ids = hws_alloc_array(c->changed.count, sizeof(*ids));
	size_t at = 0, n = 0;
	const char *id;
	char letter;

	while (ids && n < c->changed.count && (id = idq_at(&c->changed, &at, &letter)))
		ids[n++] = (char *)(uintptr_t)id;
	rdv_cluster_send_ids(c, "", CLUSTER__ITEM__WHAT_CHANGED, ids, n);
	hws_free(ids);
	hws_buf_reset(&c->changed.b);
	c->changed.count = 0;
}

void rdv_placement_tick(struct rdv_cluster *c, uint64_t now_us HWS_UNUSED)
{
	if (c->changed.count)
		tell_changed(c);
	place(c);
	learn_some(c);
}

void rdv_placement_done(struct rdv_cluster *c)
{
	hws_free(c->run);
	hws_free(c->found);
	hws_buf_done(&c->in.b);
	hws_buf_done(&c->learn.b);
	hws_buf_done(&c->work.b);
	hws_buf_done(&c->changed.b);
}
