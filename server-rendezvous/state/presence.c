/* rendezvous/state/presence: open addressing over chunks of records, one lock per shard:
 * keep-alives of many devices come on all threads at once and must not meet. */
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <pthread.h>
#include <stdlib.h>

#define SHARDS 64
#define CHUNK 512 /* records: 15 pages, of their own so that nothing is lost between them */
#define CHUNK_BYTES (CHUNK * sizeof(struct rdv_peer))
#define INDEX_MIN 64
#define REF_BITS 24 /* of an index entry: record number + 1; above it 8 bits of the hash */
#define REF_MASK ((1u << REF_BITS) - 1)
#define SHARD_MAX (REF_MASK - 1)
#define EVICT_LOOK 512 /* records: the lock is held for no longer than that */

struct rdv_shard {
	pthread_mutex_t lock;
	struct rdv_presence *table;
	struct rdv_peer **chunk;
	uint32_t *index; /* power of two; 0 = empty */
	uint32_t index_size;
	uint32_t chunks, chunk_size;
	uint32_t used;      /* live records */
	uint32_t top;       /* records handed out so far */
	uint32_t free_head; /* number + 1 of a free record, linked through `seen` */
	uint32_t young_at;  /* where the search for a young record goes on */
	uint64_t far_bytes;
	/* what the lock was taken for */
	uint32_t hash;
	struct hws_bytes id;
} __attribute__((aligned(64)));

struct rdv_presence {
	struct rdv_shard shard[SHARDS];
	uint8_t hash_key[HWS_HASH_KEY_LEN];
	uint64_t epoch_us, max;
	uint64_t full, evicted, online; /* atomics */
	uint32_t sweep_shard, sweep_at;
	uint64_t sweep_online;
	void (*left)(struct hws_bytes id, void *arg);
	void *left_arg;
};

int rdv_presence_new(uint64_t max_peers, uint64_t now_us, struct rdv_presence **ret)
{
	struct rdv_presence *p = aligned_alloc(64, sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	memset(p, 0, sizeof(*p));
	hws_rand_bytes(p->hash_key, sizeof(p->hash_key));
	p->epoch_us = now_us > 100000 ? now_us - 100000 : 0; /* so that "now" is never stamp 0 */
	p->max = max_peers;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&p->shard[i].lock, NULL);
		p->shard[i].table = p;
	}
	*ret = p;
	return HWS_OK;
}

static struct rdv_peer *record(const struct rdv_shard *s, uint32_t n)
{
	return &s->chunk[n / CHUNK][n % CHUNK];
}

void rdv_presence_free(struct rdv_presence *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct rdv_shard *s = &p->shard[i];

		for (uint32_t n = 0; n < s->top; n++) {
			if (record(s, n)->id_len > RDV_ID_INLINE)
				hws_free(record(s, n)->id.far);
		}
		for (uint32_t c = 0; c < s->chunks; c++)
			hws_pages_free(s->chunk[c], CHUNK_BYTES);
		hws_free(s->chunk);
		hws_free(s->index);
		pthread_mutex_destroy(&s->lock);
	}
	free(p);
}

struct rdv_shard *rdv_presence_lock(struct rdv_presence *p, struct hws_bytes id)
{
	uint64_t h;
	struct rdv_shard *s;

	/* Keyed, so that nobody can choose ids that collide. */
	h = hws_keyed_hash(p->hash_key, id);
	s = &p->shard[h >> 58]; /* 64 shards: the top 6 bits */
	pthread_mutex_lock(&s->lock);
	s->hash = (uint32_t)h;
	s->id = id;
	return s;
}

void rdv_presence_unlock(struct rdv_shard *s)
{
	s->id = (struct hws_bytes){ NULL, 0 };
	pthread_mutex_unlock(&s->lock);
}

struct hws_bytes rdv_peer_id(const struct rdv_peer *peer)
{
	return hws_bytes(peer->id_len > RDV_ID_INLINE ? peer->id.far : peer->id.inl, peer->id_len);
}

static uint32_t tag_of(uint32_t hash)
{
	return hash & ~REF_MASK;
}

/* Position in the index of the entry for the locked id; SIZE_MAX when it has none. */
static size_t slot_of(const struct rdv_shard *s)
{
	uint32_t mask = s->index_size - 1;

	if (!s->index_size)
		return SIZE_MAX;
	for (uint32_t i = s->hash & mask; s->index[i]; i = (i + 1) & mask) {
		const struct rdv_peer *peer;

		if ((s->index[i] & ~REF_MASK) != tag_of(s->hash))
			continue;
		peer = record(s, (s->index[i] & REF_MASK) - 1);
		if (peer->hash == s->hash && hws_bytes_equal(rdv_peer_id(peer), s->id))
			return i;
	}
	return SIZE_MAX;
}

struct rdv_peer *rdv_shard_find(struct rdv_shard *s)
{
	size_t at = slot_of(s);

	return at == SIZE_MAX ? NULL : record(s, (s->index[at] & REF_MASK) - 1);
}

static void index_put(struct rdv_shard *s, uint32_t hash, uint32_t n)
{
	uint32_t mask = s->index_size - 1;
	uint32_t i = hash & mask;

	while (s->index[i])
		i = (i + 1) & mask;
	s->index[i] = tag_of(hash) | (n + 1);
}

static bool index_grow(struct rdv_shard *s)
{
	uint32_t size = s->index_size ? s->index_size * 2 : INDEX_MIN;
	uint32_t *index = hws_alloc_array(size, sizeof(*index));

	if (!index)
		return false;
	hws_free(s->index);
	s->index = index;
	s->index_size = size;
	for (uint32_t n = 0; n < s->top; n++) {
		if (record(s, n)->id_len)
			index_put(s, record(s, n)->hash, n);
	}
	return true;
}

static bool chunk_grow(struct rdv_shard *s)
{
	if (s->chunks == s->chunk_size) {
		uint32_t size = s->chunk_size ? s->chunk_size * 2 : 8;
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): the chunks are pointers */
		struct rdv_peer **chunk = hws_realloc_array(s->chunk, size, sizeof(*chunk));

		if (!chunk)
			return false;
		s->chunk = chunk;
		s->chunk_size = size;
	}
	s->chunk[s->chunks] = hws_pages_alloc(CHUNK_BYTES);
	if (!s->chunk[s->chunks])
		return false;
	s->chunks++;
	return true;
}

/* The cap is kept by shard: no counter is shared between them. The spread of the hash makes some
 * shards fuller than others, hence the eighth on top. */
static bool is_full(const struct rdv_shard *s)
{
	return s->used >= s->table->max / SHARDS + s->table->max / SHARDS / 8 + 1 ||
			s->used >= SHARD_MAX;
}

static void left(const struct rdv_presence *p, struct rdv_peer *peer)
{
	peer->flags &= (uint8_t)~RDV_PEER_PLACED;
	if (p->left)
		p->left(rdv_peer_id(peer), p->left_arg);
}

/* Round and round, so that the one that came last goes last. */
static bool evict_young(struct rdv_shard *s)
{
	for (uint32_t i = 0; i < EVICT_LOOK && i < s->top; i++) {
		struct rdv_peer *peer;

		if (s->young_at >= s->top)
			s->young_at = 0;
		peer = record(s, s->young_at++);
		if (!peer->id_len || !(peer->flags & RDV_PEER_YOUNG))
			continue;
		if (peer->flags & RDV_PEER_PLACED)
			left(s->table, peer);
		rdv_shard_remove(s, peer);
		__atomic_fetch_add(&s->table->evicted, 1, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

struct rdv_peer *rdv_shard_add(struct rdv_shard *s)
{
	struct rdv_peer *peer;
	char *far = NULL;
	uint32_t n;

	if (s->id.len == 0 || s->id.len > HWS_ID_MAX || (is_full(s) && !evict_young(s))) {
		__atomic_fetch_add(&s->table->full, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	if (s->used + s->used / 2 >= s->index_size && !index_grow(s)) /* at most two thirds full */
		return NULL;
	if (s->id.len > RDV_ID_INLINE) {
		far = hws_memdup(s->id.ptr, s->id.len);
		if (!far)
			return NULL;
	}
	if (s->free_head) {
		n = s->free_head - 1;
		s->free_head = record(s, n)->seen;
	} else {
		if (s->top == s->chunks * CHUNK && !chunk_grow(s)) {
			hws_free(far);
			return NULL;
		}
		n = s->top++;
	}
	peer = record(s, n);
	memset(peer, 0, sizeof(*peer));
	peer->hash = s->hash;
	peer->id_len = (uint8_t)s->id.len;
	if (far) {
		peer->id.far = far;
		s->far_bytes += s->id.len;
	} else {
		memcpy(peer->id.inl, s->id.ptr, s->id.len);
	}
	index_put(s, s->hash, n);
	s->used++;
	return peer;
}

/* Takes the entry at `at` out and moves later ones of its run back, so that no run has a hole. */
static void index_remove(struct rdv_shard *s, uint32_t at)
{
	uint32_t mask = s->index_size - 1;
	uint32_t hole = at;

	for (uint32_t i = (at + 1) & mask; s->index[i]; i = (i + 1) & mask) {
		uint32_t home = record(s, (s->index[i] & REF_MASK) - 1)->hash & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			s->index[hole] = s->index[i];
			hole = i;
		}
	}
	s->index[hole] = 0;
}

void rdv_shard_remove(struct rdv_shard *s, struct rdv_peer *peer)
{
	uint32_t mask = s->index_size - 1;
	uint32_t i = peer->hash & mask;

	while (record(s, (s->index[i] & REF_MASK) - 1) != peer)
		i = (i + 1) & mask;
	uint32_t n = (s->index[i] & REF_MASK) - 1;
	index_remove(s, i);
	if (peer->id_len > RDV_ID_INLINE) {
		s->far_bytes -= peer->id_len;
		hws_free(peer->id.far);
	}
	memset(peer, 0, sizeof(*peer));
	peer->seen = s->free_head;
	s->free_head = n + 1;
	s->used--;
}

uint32_t rdv_presence_time(const struct rdv_presence *p, uint64_t now_us)
{
	uint64_t t = (now_us - p->epoch_us) / 100000;

	return t > UINT32_MAX ? UINT32_MAX : (uint32_t)t; /* 13 years of uptime */
}

uint64_t rdv_presence_age(const struct rdv_presence *p, uint32_t stamp, uint64_t now_us)
{
	uint64_t at = p->epoch_us + (uint64_t)stamp * 100000;

	if (!stamp)
		return UINT64_MAX;
	return now_us > at ? now_us - at : 0;
}

bool rdv_peer_online(const struct rdv_presence *p, const struct rdv_peer *peer, uint64_t now_us)
{
	return peer->client != 0 || rdv_presence_age(p, peer->seen, now_us) < RDV_ONLINE_US;
}

void rdv_presence_mac(const struct rdv_presence *p, struct hws_bytes uuid, uint8_t ret[RDV_MAC_LEN])
{
	hws_keyed_hash128(p->hash_key, uuid, ret);
}

bool rdv_presence_get(struct rdv_presence *p, struct hws_bytes id, uint64_t now_us,
		struct rdv_peer_info *ret)
{
	struct rdv_shard *s;
	struct rdv_peer *peer;

	if (id.len == 0 || id.len > HWS_ID_MAX)
		return false;
	s = rdv_presence_lock(p, id);
	peer = rdv_shard_find(s);
	if (peer) {
		ret->addr = peer->addr;
		ret->client = peer->client;
		ret->age_us = rdv_presence_age(p, peer->seen, now_us);
		ret->online = rdv_peer_online(p, peer, now_us) &&
				!(peer->flags & RDV_PEER_UNWRITTEN);
		ret->has_pk = peer->flags & RDV_PEER_HAS_PK;
		ret->blocked = peer->flags & RDV_PEER_BLOCKED;
		ret->copied = peer->flags & RDV_PEER_COPIED;
		ret->proves = peer->flags & RDV_PEER_PROVES;
		memcpy(ret->pk, peer->pk, sizeof(ret->pk));
	}
	rdv_presence_unlock(s);
	return peer != NULL;
}

/* Somebody registered in its place before the store was read. */
static void must_prove(
		struct rdv_presence *p, struct rdv_peer *peer, const struct rdv_peer_row *row)
{
	uint8_t mac[RDV_MAC_LEN];

	rdv_presence_mac(p, hws_bytes(row->uuid, row->uuid_len), mac);
	if (peer->flags & RDV_PEER_PROVES || memcmp(peer->mac, mac, sizeof(mac)) != 0)
		return;
	memcpy(peer->pk, row->pk, sizeof(peer->pk));
	peer->flags |= RDV_PEER_HAS_PK | RDV_PEER_PROVES;
	peer->seen = 0;
	peer->client = 0;
	peer->addr.port = 0;
}

bool rdv_presence_load(struct rdv_presence *p, const struct rdv_peer_row *row)
{
	struct rdv_shard *s = rdv_presence_lock(p, hws_bytes_str(row->id));
	struct rdv_peer *peer = rdv_shard_find(s);
	bool ok = true;

	if (!peer) {
		peer = rdv_shard_add(s);
		ok = peer != NULL;
		if (peer) {
			if (row->uuid_len) {
				rdv_presence_mac(p, hws_bytes(row->uuid, row->uuid_len), peer->mac);
				peer->flags |= RDV_PEER_HAS_UUID;
			}
			if (row->has_pk) {
				memcpy(peer->pk, row->pk, sizeof(peer->pk));
				peer->flags |= RDV_PEER_HAS_PK;
				peer->flags |= row->proves ? RDV_PEER_PROVES : 0;
			}
			peer->addr = rdv_addr_from_ip_text(row->ip);
		}
	} else if (row->proves && row->has_pk) {
		must_prove(p, peer, row);
	}
	rdv_presence_unlock(s);
	return ok;
}

uint64_t rdv_presence_block(struct rdv_presence *p, struct hws_bytes id, bool blocked)
{
	struct rdv_shard *s;
	struct rdv_peer *peer;
	uint64_t client = 0;

	if (id.len == 0 || id.len > HWS_ID_MAX)
		return 0;
	s = rdv_presence_lock(p, id);
	peer = rdv_shard_find(s);
	if (peer && blocked) {
		client = peer->client;
		peer->flags |= RDV_PEER_BLOCKED;
		peer->seen = 0;
		peer->addr.port = 0;
	} else if (peer) {
		peer->flags &= (uint8_t)~RDV_PEER_BLOCKED;
	}
	rdv_presence_unlock(s);
	return client;
}

void rdv_presence_on_left(
		struct rdv_presence *p, void (*fn)(struct hws_bytes id, void *arg), void *arg)
{
	p->left = fn;
	p->left_arg = arg;
}

void rdv_presence_sweep(struct rdv_presence *p, unsigned budget, uint64_t now_us)
{
	while (budget > 0) {
		struct rdv_shard *s = &p->shard[p->sweep_shard];
		unsigned part = HWS_MIN(
				budget, 512u); /* the lock is held for no longer than this */

		pthread_mutex_lock(&s->lock);
		for (; part > 0 && p->sweep_at < s->top; part--, budget--) {
			struct rdv_peer *peer = record(s, p->sweep_at++);

			if (!peer->id_len)
				continue;
			if (rdv_peer_online(p, peer, now_us))
				p->sweep_online++;
			else if (peer->flags & RDV_PEER_PLACED)
				left(p, peer);
		}
		bool end = p->sweep_at >= s->top;
		pthread_mutex_unlock(&s->lock);
		if (!end)
			continue;
		p->sweep_at = 0;
		if (++p->sweep_shard == SHARDS) {
			p->sweep_shard = 0;
			__atomic_store_n(&p->online, p->sweep_online, __ATOMIC_RELAXED);
			p->sweep_online = 0;
			return; /* at most one round a call */
		}
	}
}

void rdv_presence_stats(struct rdv_presence *p, struct rdv_presence_stats *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->online = __atomic_load_n(&p->online, __ATOMIC_RELAXED);
	ret->full = __atomic_load_n(&p->full, __ATOMIC_RELAXED);
	ret->evicted = __atomic_load_n(&p->evicted, __ATOMIC_RELAXED);
	ret->max = p->max;
	for (size_t i = 0; i < SHARDS; i++) {
		struct rdv_shard *s = &p->shard[i];

		pthread_mutex_lock(&s->lock);
		ret->peers += s->used;
		/* pages behind the last record have not been touched yet */
		ret->bytes += (uint64_t)s->top * sizeof(struct rdv_peer) +
				s->index_size * sizeof(uint32_t) + s->chunk_size * sizeof(void *) +
				s->far_bytes;
		pthread_mutex_unlock(&s->lock);
	}
}

void rdv_presence_each(struct rdv_presence *p, bool (*fn)(const struct rdv_peer *peer, void *arg),
		void *arg)
{
	bool more = true;

	for (size_t i = 0; i < SHARDS && more; i++) {
		struct rdv_shard *s = &p->shard[i];

		pthread_mutex_lock(&s->lock);
		for (uint32_t n = 0; n < s->top && more; n++) {
			if (record(s, n)->id_len)
				more = fn(record(s, n), arg);
		}
		pthread_mutex_unlock(&s->lock);
	}
}
