/* A token bucket for each device, and for each caller of it the calls of late, which fade as the
 * bucket fills. A caller may go on while it had fewer of late than the bucket still holds. Who asks
 * without end settles where both are equal, so n of them get the same and leave one part in n + 1
 * to those who ask seldom. The callers of an IPv6 network are counted by /64, and by /48 as well,
 * where together they are worth a few.
 *
 * Both tables are sets of seats. The one that is the cheapest to replace makes room: a full bucket,
 * or a caller without calls, is the same as none. */
#include "server-rendezvous/planes/target_rate.h"
#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include "shared/wire/limits.h"
#include <stdlib.h>
#include <string.h>

#define TARGET_WAYS 4
#define CALLER_WAYS 8
#define MICRO 1000000u /* of a token: the unit of the bucket */
#define CALL 1024u     /* one call, as callers are counted */
#define WIDE 4u        /* callers that a /48 is worth */
#define SITE 8u        /* ... and the address of the device itself */
#define RESERVE 4u     /* the last quarter of a bucket is for the proven */

struct target {
	uint64_t hash; /* 0 = free */
	struct hws_bucket bucket;
};

struct caller {
	uint32_t tag;   /* 0 = free */
	uint32_t calls; /* at at_us, in CALL */
	uint64_t at_us;
	uint64_t half_us; /* in this time half of them fade */
};

struct rdv_target_rate {
	struct target (*target)[TARGET_WAYS];
	struct caller (*caller)[CALLER_WAYS];
	uint32_t targets, callers; /* sets: powers of two */
	uint8_t key[HWS_HASH_KEY_LEN];
};

static uint32_t sets_for(uint32_t max, uint32_t ways)
{
	uint32_t sets = 1;

	while ((uint64_t)sets * ways < max && sets < 1u << 28)
		sets *= 2;
	return sets;
}

int rdv_target_rate_new(uint32_t max_targets, uint32_t max_callers, struct rdv_target_rate **ret)
{
	struct rdv_target_rate *t = calloc(1, sizeof(*t));

	if (!t)
		return HWS_ERR_NOMEM;
	t->targets = sets_for(max_targets, TARGET_WAYS);
	t->callers = sets_for(max_callers, CALLER_WAYS);
	hws_rand_bytes(t->key, sizeof(t->key));
	t->target = calloc(t->targets, sizeof(*t->target)); /* untouched pages cost nothing */
	t->caller = calloc(t->callers, sizeof(*t->caller));
	if (!t->target || !t->caller) {
		rdv_target_rate_free(t);
		return HWS_ERR_NOMEM;
	}
	*ret = t;
	return HWS_OK;
}

void rdv_target_rate_free(struct rdv_target_rate *t)
{
	if (!t)
		return;
	free(t->target);
	free(t->caller);
	free(t);
}

/* How full a bucket is, in parts of 2^16. */
static uint64_t fullness(struct hws_bucket *b, uint64_t now_us)
{
	(void)hws_bucket_take(b, 0, now_us);
	return b->level / MICRO * 65536 / HWS_MAX(b->burst, 1u);
}

static struct target *target_of(struct rdv_target_rate *t, const struct rdv_call *c)
{
	uint64_t h = hws_keyed_hash(t->key, hws_bytes_str(c->id)) | 1;
	struct target *set = t->target[(h >> 1) & (t->targets - 1)], *take = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < TARGET_WAYS; i++) {
		uint64_t full;

		if (set[i].hash == h) {
			take = &set[i];
			break;
		}
		full = set[i].hash ? fullness(&set[i].bucket, c->now_us) : UINT64_MAX;
		if (!take || full > most) {
			take = &set[i];
			most = full;
		}
	}
	if (take->hash != h || take->bucket.rate != c->rate || take->bucket.burst != c->burst) {
		take->hash = h;
		hws_bucket_init(&take->bucket, c->rate, c->burst, c->now_us);
	}
	return take;
}

static uint32_t faded(const struct caller *e, uint64_t now_us)
{
	uint64_t dt = now_us > e->at_us ? now_us - e->at_us : 0;
	uint64_t halves = dt / e->half_us, left = dt % e->half_us;
	uint32_t n;

	if (halves >= 32)
		return 0;
	n = e->calls >> halves;
	/* between the halves in a straight line */
	return n - (uint32_t)((uint64_t)n / 2 * left / e->half_us);
}

/* `len` bytes of the address count: what has more is another caller. */
static struct caller *caller_of(struct rdv_target_rate *t, const struct rdv_call *c, size_t len)
{
	uint8_t text[1 + 16 + HWS_ID_MAX] = { (uint8_t)len };
	size_t n = strnlen(c->id, HWS_ID_MAX);
	struct caller *set, *take = NULL;
	uint32_t tag, least = 0;
	uint64_t h;

	memcpy(text + 1, c->from->ip, len);
	memcpy(text + 17, c->id, n);
	h = hws_keyed_hash(t->key, hws_bytes(text, 17 + n));
	tag = (uint32_t)(h >> 32) | 1;
	set = t->caller[(uint32_t)h & (t->callers - 1)];
	for (size_t i = 0; i < CALLER_WAYS; i++) {
		uint32_t calls;

		if (set[i].tag == tag)
			return &set[i];
		calls = set[i].tag ? faded(&set[i], c->now_us) : 0;
		if (!take || calls < least) {
			take = &set[i];
			least = calls;
		}
	}
	*take = (struct caller){ .tag = tag, .half_us = 1 };
	return take;
}

static void count_call(struct caller *e, const struct rdv_call *c)
{
	uint32_t calls = faded(e, c->now_us);

	e->calls = calls > UINT32_MAX - CALL ? UINT32_MAX : calls + CALL;
	e->at_us = c->now_us;
	/* an empty bucket is full after burst / rate seconds; times ln 2 */
	e->half_us = HWS_MAX(c->burst * HWS_US_PER_S / c->rate * 69 / 100, 1u);
}

bool rdv_target_rate_take(struct rdv_target_rate *t, const struct rdv_call *c)
{
	struct hws_bucket *b;
	struct caller *near, *wide = NULL;
	uint64_t left, reserve;

	if (!c->rate)
		return true;
	b = &target_of(t, c)->bucket;
	(void)hws_bucket_take(b, 0, c->now_us);
	reserve = c->proven || c->site ? 0 : (uint64_t)c->burst / RESERVE * MICRO;
	left = b->level > reserve ? b->level - reserve : 0;
	if (left < MICRO)
		return false;
	left = left / (MICRO / CALL); /* in the unit of calls, and a little more */
	near = caller_of(t, c, rdv_addr_is_v4(c->from) ? 16 : 8);
	if (faded(near, c->now_us) >= left * (c->site ? SITE : 1))
		return false;
	if (!rdv_addr_is_v4(c->from) && !c->site) {
		/* may be the seat that was just taken, if all of its set have calls: then that one
		 * counts for both */
		wide = caller_of(t, c, 6);
		if (faded(wide, c->now_us) >= left * WIDE)
			return false;
	}
	if (!hws_bucket_take(b, 1, c->now_us))
		return false;
	count_call(near, c);
	if (wide && wide != near)
		count_call(wide, c);
	return true;
}
