/* The table of uuids. Keys are hashed with a secret, since strangers choose them; a canonical uuid
 * is kept as 16 bytes, for there may be a hundred thousand. */
#include "server-relay/pairing.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/wire/limits.h"
#include <pthread.h>
#include <stdio.h>

#define STRIPES 64u
#define UUID_TEXT 36
#define UUID_BIN 16

struct rly_entry {
	struct rly_entry *next;
	struct rly_leg *leg;
	uint16_t shard;
	uint8_t paired;
	uint8_t is_bin; /* a canonical UUID is kept as 16 bytes */
	uint8_t len;
	uint8_t key[]; /* text, or the 16 bytes */
};

struct stripe {
	pthread_mutex_t lock;
	struct rly_entry **bucket;
	uint32_t size, count; /* size is a power of two, or 0 */
};

struct rly_pairing {
	struct stripe stripe[STRIPES];
	uint8_t hash_key[HWS_HASH_KEY_LEN];
	uint32_t waiting, max_waiting; /* atomic */
};

static uint64_t hash(const struct rly_pairing *p, const uint8_t *key, size_t len)
{
	return hws_keyed_hash(p->hash_key, hws_bytes(key, len));
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Only the one spelling that can be given back exactly. */
static bool uuid_pack(struct hws_bytes t, uint8_t ret[UUID_BIN])
{
	size_t n = 0;

	if (t.len != UUID_TEXT)
		return false;
	for (size_t i = 0; i < UUID_TEXT; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (t.ptr[i] != '-')
				return false;
			continue;
		}
		int d = hex_digit(t.ptr[i]);

		if (d < 0)
			return false;
		ret[n / 2] = (uint8_t)(n & 1 ? ret[n / 2] | d : d << 4);
		n++;
	}
	return true;
}

int rly_pairing_new(uint32_t max_waiting, struct rly_pairing **ret)
{
	struct rly_pairing *p = hws_alloc(sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	for (unsigned i = 0; i < STRIPES; i++)
		pthread_mutex_init(&p->stripe[i].lock, NULL);
	hws_rand_bytes(p->hash_key, sizeof(p->hash_key));
	p->max_waiting = max_waiting;
	*ret = p;
	return HWS_OK;
}

void rly_pairing_free(struct rly_pairing *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < STRIPES; i++) {
		struct stripe *s = &p->stripe[i];

		for (uint32_t b = 0; b < s->size; b++)
			for (struct rly_entry *e = s->bucket[b], *next; e; e = next) {
				next = e->next;
				hws_free(e);
			}
		hws_free(s->bucket);
		pthread_mutex_destroy(&s->lock);
	}
	hws_free(p);
}

void rly_pairing_set_max(struct rly_pairing *p, uint32_t max_waiting)
{
	__atomic_store_n(&p->max_waiting, max_waiting, __ATOMIC_RELAXED);
}

uint32_t rly_pairing_max(const struct rly_pairing *p)
{
	return __atomic_load_n(&p->max_waiting, __ATOMIC_RELAXED);
}

static int stripe_grow(struct rly_pairing *p, struct stripe *s)
{
	uint32_t size = s->size ? s->size * 2 : 16;
	struct rly_entry **bucket = hws_alloc_array(size, sizeof(struct rly_entry *));

	if (!bucket)
		return HWS_ERR_NOMEM;
	for (uint32_t b = 0; b < s->size; b++)
		for (struct rly_entry *e = s->bucket[b], *next; e; e = next) {
			struct rly_entry **to =
					&bucket[(hash(p, e->key, e->len) / STRIPES) & (size - 1)];

			next = e->next;
			e->next = *to;
			*to = e;
		}
	hws_free(s->bucket);
	s->bucket = bucket;
	s->size = size;
	return HWS_OK;
}

static bool waiting_take(struct rly_pairing *p)
{
	uint32_t max = __atomic_load_n(&p->max_waiting, __ATOMIC_RELAXED);

	if (__atomic_add_fetch(&p->waiting, 1, __ATOMIC_RELAXED) <= max)
		return true;
	__atomic_sub_fetch(&p->waiting, 1, __ATOMIC_RELAXED);
	return false;
}

struct key {
	uint8_t bin[UUID_BIN];
	struct hws_bytes bytes;
	bool is_bin;
	uint64_t hash;
};

static struct rly_entry *find(struct stripe *s, const struct key *k)
{
	if (!s->size)
		return NULL;
	for (struct rly_entry *e = s->bucket[(k->hash / STRIPES) & (s->size - 1)]; e; e = e->next)
		if (e->is_bin == k->is_bin && e->len == k->bytes.len &&
				memcmp(e->key, k->bytes.ptr, e->len) == 0)
			return e;
	return NULL;
}

static int insert(struct rly_pairing *p, struct stripe *s, const struct key *k, struct rly_leg *leg,
		unsigned shard, struct rly_entry **ret)
{
	struct rly_entry *e, **to;

	if (s->count >= s->size && stripe_grow(p, s) < 0 && !s->size)
		return HWS_ERR_NOMEM;
	if (!waiting_take(p))
		return HWS_ERR_FULL;
	e = hws_alloc(sizeof(*e) + k->bytes.len);
	if (!e) {
		__atomic_sub_fetch(&p->waiting, 1, __ATOMIC_RELAXED);
		return HWS_ERR_NOMEM;
	}
	e->leg = leg;
	e->shard = (uint16_t)shard;
	e->is_bin = k->is_bin;
	e->len = (uint8_t)k->bytes.len;
	memcpy(e->key, k->bytes.ptr, k->bytes.len);
	to = &s->bucket[(k->hash / STRIPES) & (s->size - 1)];
	e->next = *to;
	*to = e;
	s->count++;
	*ret = e;
	return HWS_OK;
}

int rly_pairing_join(struct rly_pairing *p, struct hws_bytes uuid, struct rly_leg *leg,
		unsigned shard, bool only_second, enum rly_join *ret, struct rly_entry **ret_entry)
{
	struct key k = { .bytes = uuid };
	struct stripe *s;
	struct rly_entry *e;
	int r = HWS_OK;

	if (!uuid.len || uuid.len > HWS_UUID_MAX)
		return HWS_ERR_PROTO;
	k.is_bin = uuid_pack(uuid, k.bin);
	if (k.is_bin)
		k.bytes = hws_bytes(k.bin, UUID_BIN);
	k.hash = hash(p, k.bytes.ptr, k.bytes.len);
	s = &p->stripe[k.hash % STRIPES];
	pthread_mutex_lock(&s->lock);
	e = find(s, &k);
	if (!e && only_second) {
		r = HWS_ERR_NOTFOUND;
	} else if (!e) {
		r = insert(p, s, &k, leg, shard, ret_entry);
		if (r == HWS_OK)
			*ret = RLY_JOIN_WAIT;
	} else if (e->paired) {
		*ret = RLY_JOIN_USED;
	} else {
		e->paired = true;
		__atomic_sub_fetch(&p->waiting, 1, __ATOMIC_RELAXED);
		*ret = RLY_JOIN_PAIR;
		*ret_entry = e;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

static void unlink_entry(struct stripe *s, uint64_t h, struct rly_entry *e)
{
	struct rly_entry **at = &s->bucket[(h / STRIPES) & (s->size - 1)];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	s->count--;
}

bool rly_pairing_leave(struct rly_pairing *p, struct rly_entry *e)
{
	uint64_t h = hash(p, e->key, e->len);
	struct stripe *s = &p->stripe[h % STRIPES];
	bool gone;

	pthread_mutex_lock(&s->lock);
	gone = !e->paired;
	e->leg = NULL;
	if (gone) {
		unlink_entry(s, h, e);
		__atomic_sub_fetch(&p->waiting, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&s->lock);
	if (gone)
		hws_free(e);
	return gone;
}

bool rly_pairing_taken(struct rly_pairing *p, struct rly_entry *e)
{
	struct stripe *s = &p->stripe[hash(p, e->key, e->len) % STRIPES];
	bool taken;

	pthread_mutex_lock(&s->lock);
	taken = e->paired;
	pthread_mutex_unlock(&s->lock);
	return taken;
}

void rly_pairing_end(struct rly_pairing *p, struct rly_entry *e)
{
	uint64_t h = hash(p, e->key, e->len);
	struct stripe *s = &p->stripe[h % STRIPES];

	pthread_mutex_lock(&s->lock);
	unlink_entry(s, h, e);
	pthread_mutex_unlock(&s->lock);
	hws_free(e);
}

unsigned rly_entry_shard(const struct rly_entry *e)
{
	return e->shard;
}

struct rly_leg *rly_entry_leg(const struct rly_entry *e)
{
	return e->leg;
}

void rly_entry_uuid(const struct rly_entry *e, char *buf, size_t size)
{
	const uint8_t *k = e->key;

	if (!e->is_bin) {
		snprintf(buf, size, "%.*s", (int)e->len, (const char *)k);
		return;
	}
	snprintf(buf, size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7], k[8], k[9], k[10], k[11],
			k[12], k[13], k[14], k[15]);
}

uint32_t rly_pairing_waiting(const struct rly_pairing *p)
{
	return __atomic_load_n(&p->waiting, __ATOMIC_RELAXED);
}
