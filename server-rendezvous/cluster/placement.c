/* rendezvous/cluster/placement: which devices are at this node, told to the database; and what it
 * knows, learnt when it is needed. */
#include "server-rendezvous/cluster/placement.h"
#include "server-rendezvous/cluster/node.h"
#include "server-rendezvous/cluster/outbox.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/locations.h"
#include "server-rendezvous/store/nodes.h"
#include <pthread.h>
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

#define PLACES_MAX 200000u /* arrivals that wait for the database */
#define AGAIN_MAX 5000000u /* devices that are said again */
#define QUEUE_BYTES (128u << 20)
#define GONE_SLOTS 4096u

#define ARRIVED 'A'
#define LEFT 'L'
#define AGAIN 'R' /* was here before: others may have taken it */

/* Ids in order of time, each with a letter for what is said of it. */
struct idq {
	struct hws_buf b; /* letter, id, NUL; ... */
	size_t count;
};

struct rdv_placement {
	struct rdv_node *node;
	uint8_t hash_key[HWS_HASH_KEY_LEN];
	/* Of in and learn; taken under the lock of a shard, never the other way round. */
	pthread_mutex_t lock;
	struct idq in;      /* said by the planes */
	struct idq learn;   /* to be looked up */
	struct idq work;    /* the control loop's: its front is with the store */
	struct idq changed; /* to be told to the others */
	bool kicked;        /* atomic */
	bool overflowed;    /* atomic: an arrival was not noted */
	bool placing;
	bool judging;  /* the rows of the run's devices are asked for, too */
	bool unjudged; /* some could not be: they are looked at once more */
	unsigned learning;
	uint64_t retry_at_us;
	const char **run; /* ids of `work` with the store */
	size_t run_n;
	struct rdv_where *found; /* where they were before */
	struct {
		uint64_t hash, at_us;
		uint32_t times;
	} gone[GONE_SLOTS]; /* devices that were said to have left for another node */
};

static void place(struct rdv_placement *pm);
static void learn_some(struct rdv_placement *pm);

/* --- queues ----------------------------------------------------------------------------------- */

static bool idq_put(struct idq *q, char letter, struct hws_bytes id)
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
static const char *idq_at(const struct idq *q, size_t *at, char *ret_letter)
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
	struct rdv_placement *pm = arg;

	__atomic_store_n(&pm->kicked, false, __ATOMIC_RELEASE);
	place(pm);
	learn_some(pm);
}

static void say(struct rdv_placement *pm, struct idq *q, size_t max, char letter,
		struct hws_bytes id)
{
	bool full;

	if (id.len == 0 || id.len > RDV_ID_MAX || memchr(id.ptr, 0, id.len))
		return;
	pthread_mutex_lock(&pm->lock);
	full = q->count >= max || !idq_put(q, letter, id);
	pthread_mutex_unlock(&pm->lock);
	if (full && q == &pm->in && letter != LEFT)
		__atomic_store_n(&pm->overflowed, true, __ATOMIC_RELEASE);
	if (full && q == &pm->in)
		hws_count(&pm->node->core->count.cluster_failed);
	if (!__atomic_exchange_n(&pm->kicked, true, __ATOMIC_ACQ_REL) &&
			hws_loop_post(pm->node->loop, on_kick, pm) < 0)
		__atomic_store_n(&pm->kicked, false, __ATOMIC_RELEASE); /* the tick will see it */
}

void rdv_placement_arrived(struct rdv_placement *pm, struct hws_bytes id)
{
	say(pm, &pm->in, PLACES_MAX, ARRIVED, id);
}

void rdv_placement_left(struct rdv_placement *pm, struct hws_bytes id)
{
	say(pm, &pm->in, PLACES_MAX, LEFT, id);
}

void rdv_placement_learn(struct rdv_placement *pm, struct hws_bytes id)
{
	say(pm, &pm->learn, LEARN_MAX, ARRIVED, id);
}

/* --- devices that went to another node -------------------------------------------------------- */

static uint64_t hash_of(struct rdv_placement *pm, const char *id)
{
	return hws_keyed_hash(pm->hash_key, hws_bytes_str(id)) | 1;
}

static void note_gone(struct rdv_placement *pm, const char *id)
{
	uint64_t h = hash_of(pm, id), i = h / 2 % GONE_SLOTS, now = hws_clock_us();
	bool again = pm->gone[i].hash == h && now - pm->gone[i].at_us < GONE_US;

	pm->gone[i].times = again ? pm->gone[i].times + 1 : 1;
	pm->gone[i].hash = h;
	pm->gone[i].at_us = now;
}

static bool comes_and_goes(struct rdv_placement *pm, const char *id)
{
	uint64_t h = hash_of(pm, id), i = h / 2 % GONE_SLOTS;

	return pm->gone[i].hash == h && pm->gone[i].times >= GONE_TIMES &&
			hws_clock_us() - pm->gone[i].at_us < GONE_US;
}

/* What a device proved here nobody undoes by saying at another node that he is it: that one is told
 * that the device is here, and what it can. */
static bool stays(struct rdv_placement *pm, const struct rdv_peer *p, bool proven)
{
	return !proven && p->flags & RDV_PEER_PROVES &&
			rdv_peer_online(pm->node->core->presence, p, hws_clock_us());
}

void rdv_placement_gone(struct rdv_placement *pm, const char *id, bool proven)
{
	struct hws_bytes bytes = hws_bytes_str(id);
	uint64_t client = 0;
	bool here = false;
	struct rdv_shard *s;
	struct rdv_peer *p;

	if (bytes.len == 0 || bytes.len > RDV_ID_MAX)
		return;
	s = rdv_presence_lock(pm->node->core->presence, bytes);
	p = rdv_shard_find(s);
	if (p && proven)
		p->flags |= RDV_PEER_PROVES;
	if (p && p->flags & RDV_PEER_PLACED && stays(pm, p, proven)) {
		here = true;
	} else if (p && p->flags & RDV_PEER_PLACED) {
		p->flags &= (uint8_t)~RDV_PEER_PLACED;
		if (!(p->flags & RDV_PEER_PROVES)) /* but perhaps it did, there */
			p->flags |= RDV_PEER_UNWRITTEN;
		client = p->client;
		p->seen = 0;
		note_gone(pm, id);
	}
	rdv_presence_unlock(s);
	if (here)
		rdv_placement_arrived(pm, bytes);
	if (client)
		pm->node->planes->close_client(pm->node->core, client); /* its host comes again */
}

void rdv_placement_changed(struct rdv_placement *pm, const char *id)
{
	struct hws_bytes bytes = hws_bytes_str(id);
	struct rdv_shard *s;
	struct rdv_peer *p;

	if (bytes.len == 0 || bytes.len > RDV_ID_MAX)
		return;
	s = rdv_presence_lock(pm->node->core->presence, bytes);
	p = rdv_shard_find(s);
	if (p && !(p->flags & RDV_PEER_PLACED) && !p->client)
		rdv_shard_remove(s, p); /* learnt again when it is asked for */
	rdv_presence_unlock(s);
}

/* --- telling the database --------------------------------------------------------------------- */

static void drop_run(struct rdv_placement *pm)
{
	size_t at = 0;
	char letter;

	for (size_t i = 0; i < pm->run_n && idq_at(&pm->work, &at, &letter); i++)
		pm->work.count--;
	hws_buf_consume(&pm->work.b, at);
	if (hws_buf_len(&pm->work.b) == 0)
		hws_buf_reset(&pm->work.b);
}

static void run_end(struct rdv_placement *pm, int r)
{
	if (r < 0)
		pm->retry_at_us = hws_clock_us() + RETRY_US;
	else
		drop_run(pm);
	hws_free(pm->run);
	hws_free(pm->found);
	pm->run = NULL;
	pm->found = NULL;
	pm->run_n = 0;
	pm->placing = false;
	if (r == HWS_OK)
		place(pm);
}

static bool is_elsewhere(const struct rdv_placement *pm, const struct rdv_where *w)
{
	return w->node[0] && strcmp(w->node, pm->node->name) != 0;
}

static bool proves(struct rdv_placement *pm, const char *id)
{
	struct rdv_peer_info info;

	return rdv_presence_get(pm->node->core->presence, hws_bytes_str(id), hws_clock_us(),
			       &info) &&
			info.proves;
}

/* Tells each node which devices it has lost to this one; those that proved it apart. */
static void tell_gone(struct rdv_placement *pm)
{
	char **ids = hws_alloc_array(pm->run_n, sizeof(*ids));

	for (size_t i = 0; ids && i < pm->run_n; i++) {
		char node[RDV_NODE_MAX + 1];
		size_t n = 0, end = pm->run_n;

		if (!is_elsewhere(pm, &pm->found[i]))
			continue;
		memcpy(node, pm->found[i].node, sizeof(node));
		for (size_t k = i; k < pm->run_n; k++) {
			if (strcmp(pm->found[k].node, node) != 0)
				continue;
			if (!comes_and_goes(pm, pm->found[k].id))
				ids[proves(pm, pm->found[k].id) ? --end : n++] = pm->found[k].id;
			pm->found[k].node[0] = 0;
		}
		rdv_outbox_send_ids(pm->node->out, node, CLUSTER__ITEM__WHAT_GONE, ids, n, false);
		rdv_outbox_send_ids(pm->node->out, node, CLUSTER__ITEM__WHAT_GONE, ids + end,
				pm->run_n - end, true);
	}
	hws_free(ids);
}

static void on_put(int r, void *arg)
{
	struct rdv_placement *pm = arg;

	if (r == HWS_OK)
		tell_gone(pm);
	if (r == HWS_ERR_CANCELED)
		return;
	run_end(pm, r);
}

static void on_removed(int r, void *arg)
{
	if (r != HWS_ERR_CANCELED)
		run_end(arg, r);
}

/* Those that are somewhere else by now are not taken back: the other node heard from them later.
 * And an operator may have removed some meanwhile, which was said while this node could not hear:
 * they go now, or they would be served until it is started again. */
static size_t keep_ours(struct rdv_placement *pm, const char **ids)
{
	size_t n = 0;

	for (size_t i = 0; i < pm->run_n; i++) {
		if (pm->judging && !pm->found[i].has_pk)
			pm->node->planes->removed(pm->node->core, pm->found[i].id);
		else if (is_elsewhere(pm, &pm->found[i]))
			rdv_placement_gone(pm, pm->found[i].id, false);
		else if (!pm->found[i].node[0])
			ids[n++] = pm->found[i].id;
		pm->found[i].node[0] = 0;
	}
	return n;
}

static char run_letter(const struct rdv_placement *pm)
{
	size_t at = 0;
	char letter = LEFT;

	idq_at(&pm->work, &at, &letter);
	return letter;
}

static void on_found(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct rdv_placement *pm = arg;
	size_t count = pm->run_n;

	if (r == HWS_ERR_CANCELED)
		return;
	if (r == HWS_OK && n == pm->run_n) {
		pm->found = hws_memdup(w, n * sizeof(*w));
		if (!pm->found)
			r = HWS_ERR_NOMEM;
	} else if (r == HWS_OK) {
		r = HWS_ERR_STORE;
	}
	if (r == HWS_OK && run_letter(pm) == AGAIN)
		count = keep_ours(pm, pm->run);
	if (r == HWS_OK && count)
		r = pm->node->core->store->locations->put(
				pm->node->core->store, pm->run, count, on_put, pm);
	if (r < 0 || !count)
		run_end(pm, r);
}

/* The next run of entries of the same letter, at most RUN_MAX. */
static int take_run(struct rdv_placement *pm)
{
	struct rdv_store *store = pm->node->core->store;
	size_t at = 0, n = 0;
	char letter, first = 0;
	const char *id = idq_at(&pm->work, &at, &first);

	pm->run = hws_alloc_array(RUN_MAX, sizeof(*pm->run));
	if (!pm->run)
		return HWS_ERR_NOMEM;
	for (letter = first; id && letter == first && n < RUN_MAX;
			id = idq_at(&pm->work, &at, &letter))
		pm->run[n++] = id;
	pm->run_n = n;
	if (first == LEFT)
		return store->locations->remove(store, pm->run, n, on_removed, pm);
	/* What was registered while the database was away may not stand in it yet. */
	pm->judging = first == AGAIN && rdv_journal_idle(pm->node->core->journal);
	pm->unjudged = pm->unjudged || (first == AGAIN && !pm->judging);
	if (pm->judging)
		return store->locations->find_keyed(store, pm->run, n, on_found, pm);
	return store->locations->find(store, pm->run, n, on_found, pm);
}

static void take_in(struct rdv_placement *pm)
{
	struct idq q;

	if (pm->work.count)
		return;
	pthread_mutex_lock(&pm->lock);
	q = pm->work;
	pm->work = pm->in;
	pm->in = q;
	pthread_mutex_unlock(&pm->lock);
}

static void place(struct rdv_placement *pm)
{
	int r;

	if (pm->placing || !pm->node->joined || pm->node->leaving ||
			hws_clock_us() < pm->retry_at_us)
		return;
	take_in(pm);
	if (!pm->work.count) {
		/* more came than could be noted: all that are here are looked at */
		if (__atomic_exchange_n(&pm->overflowed, false, __ATOMIC_ACQ_REL))
			rdv_placement_again(pm);
		return;
	}
	pm->placing = true;
	r = take_run(pm);
	if (r < 0)
		run_end(pm, r);
}

static bool say_again(const struct rdv_peer *p, void *arg)
{
	struct rdv_placement *pm = arg;

	if (p->flags & RDV_PEER_PLACED)
		say(pm, &pm->in, AGAIN_MAX, AGAIN, rdv_peer_id(p));
	return true;
}

void rdv_placement_again(struct rdv_placement *pm)
{
	hws_info("cluster.again", HWS_STR("node", pm->node->name));
	rdv_presence_each(pm->node->core->presence, say_again, pm);
}

/* --- learning --------------------------------------------------------------------------------- */

static void on_learnt(int r, const struct rdv_peer_row *row, void *arg)
{
	struct rdv_placement *pm = arg;

	pm->learning--;
	if (r == HWS_OK && !rdv_presence_load(pm->node->core->presence, row))
		hws_warn_limited("register.table_full", HWS_STR("id", row->id));
	if (r != HWS_ERR_CANCELED)
		learn_some(pm);
}

static void learn_some(struct rdv_placement *pm)
{
	char id[RDV_ID_MAX + 1];

	while (pm->node->joined && !pm->node->leaving && pm->learning < LEARNING_MAX) {
		size_t at = 0;
		const char *first;
		char letter;
		int r = HWS_ERR_NOTFOUND;

		pthread_mutex_lock(&pm->lock);
		first = idq_at(&pm->learn, &at, &letter);
		if (first) {
			r = hws_str_copy(id, sizeof(id), first);
			hws_buf_consume(&pm->learn.b, at);
			pm->learn.count--;
		}
		pthread_mutex_unlock(&pm->lock);
		if (!first)
			return;
		if (r == HWS_OK)
			r = pm->node->core->store->devices->get(
					pm->node->core->store, id, on_learnt, pm);
		pm->learning += r == HWS_OK;
	}
}

/* --- telling the others ----------------------------------------------------------------------- */

void rdv_placement_written(struct rdv_placement *pm, const char *id)
{
	if (pm->node->joined && *id && pm->changed.count < CHANGED_MAX)
		idq_put(&pm->changed, ARRIVED, hws_bytes_str(id));
}

static void tell_changed(struct rdv_placement *pm)
{
	char **ids = hws_alloc_array(pm->changed.count, sizeof(*ids));
	size_t at = 0, n = 0;
	const char *id;
	char letter;

	while (ids && n < pm->changed.count && (id = idq_at(&pm->changed, &at, &letter)))
		ids[n++] = (char *)(uintptr_t)id;
	rdv_outbox_send_ids(pm->node->out, "", CLUSTER__ITEM__WHAT_CHANGED, ids, n, false);
	hws_free(ids);
	hws_buf_reset(&pm->changed.b);
	pm->changed.count = 0;
}

void rdv_placement_tick(struct rdv_placement *pm)
{
	if (pm->changed.count)
		tell_changed(pm);
	if (pm->unjudged && rdv_journal_idle(pm->node->core->journal)) {
		pm->unjudged = false;
		rdv_placement_again(pm);
	}
	place(pm);
	learn_some(pm);
}

int rdv_placement_new(struct rdv_node *node, struct rdv_placement **ret)
{
	struct rdv_placement *pm = hws_alloc(sizeof(*pm));

	if (!pm)
		return HWS_ERR_NOMEM;
	pm->node = node;
	hws_rand_bytes(pm->hash_key, sizeof(pm->hash_key));
	pthread_mutex_init(&pm->lock, NULL);
	hws_buf_init(&pm->in.b, QUEUE_BYTES);
	hws_buf_init(&pm->learn.b, QUEUE_BYTES);
	hws_buf_init(&pm->work.b, QUEUE_BYTES);
	hws_buf_init(&pm->changed.b, QUEUE_BYTES);
	*ret = pm;
	return HWS_OK;
}

void rdv_placement_free(struct rdv_placement *pm)
{
	if (!pm)
		return;
	hws_free(pm->run);
	hws_free(pm->found);
	hws_buf_done(&pm->in.b);
	hws_buf_done(&pm->learn.b);
	hws_buf_done(&pm->work.b);
	hws_buf_done(&pm->changed.b);
	pthread_mutex_destroy(&pm->lock);
	hws_free(pm);
}
