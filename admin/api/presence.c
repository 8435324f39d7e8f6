/* api/presence: a table by id under one lock, which nobody holds for longer than it takes to copy
 * a row; devices stand in a list by their last sign of life, so that the one that was silent for
 * longest makes room. */
#include "admin/api/presence.h"
#include "admin/data/changes.h"
#include "shared/base/bucket.h"
#include "shared/base/list.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include <pthread.h>
#include <string.h>

#define SCANS_MAX 16u /* single devices that are looked for in the whole table */
#define COMING 4096u  /* ids that were asked for in vain */
#define COMING_MS (60ll * 1000)
#define COMING_AGAIN_MS (600ll * 1000)
/* Even without a hint of a change the database is asked now and then. */
#define TRUST_MS (600ll * 1000)

struct entry {
	struct hws_list age;   /* of all, the oldest first */
	struct hws_list write; /* linked: there is something to write */
	struct entry *next;    /* in its bucket */
	int64_t at, learnt_at;
	int64_t due;
	bool settled, had_conns;
	bool stale; /* settled, as far as is known: something that all stand under was changed */
	char guid[DAT_GUID_TEXT], ip[DAT_IP_TEXT];
	int32_t *conn;
	uint32_t conns;
	uint16_t uuid_at; /* in `text` */
	char text[];      /* id, NUL, uuid, NUL */
};

struct coming {
	uint64_t hash;
	int64_t first_at;
};

struct adi_presence {
	pthread_mutex_t lock;
	struct entry **bucket;
	size_t buckets, max; /* buckets: a power of two */
	struct hws_list age, write;
	struct coming *coming;
	uint64_t seed, mark;
	struct hws_bucket again; /* those that are asked for anew after a change for all */
	int64_t changes;         /* number of the last that was read, -1 = none yet */
	struct adi_presence_stats stats;
};

int adi_presence_new(size_t max, struct adi_presence **ret)
{
	struct adi_presence *p = hws_alloc(sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	p->max = max;
	p->buckets = 64;
	while (p->buckets < max)
		p->buckets *= 2;
	p->changes = -1;
	hws_bucket_init(&p->again, ADI_PRESENCE_AGAIN, ADI_PRESENCE_AGAIN, 0);
	hws_list_init(&p->age);
	hws_list_init(&p->write);
	hws_rand_bytes(&p->seed, sizeof(p->seed));
	p->bucket = hws_pages_alloc(p->buckets * sizeof(void *));
	p->coming = hws_alloc_array(COMING, sizeof(*p->coming));
	pthread_mutex_init(&p->lock, NULL);
	if (!p->bucket || !p->coming) {
		adi_presence_free(p);
		return HWS_ERR_NOMEM;
	}
	*ret = p;
	return HWS_OK;
}

static void entry_free(struct entry *e)
{
	hws_list_remove(&e->age);
	hws_list_remove(&e->write);
	hws_free(e->conn);
	hws_free(e);
}

void adi_presence_free(struct adi_presence *p)
{
	if (!p)
		return;
	while (p->age.next && !hws_list_empty(&p->age))
		entry_free(hws_container(p->age.next, struct entry, age));
	if (p->bucket)
		hws_pages_free(p->bucket, p->buckets * sizeof(void *));
	hws_free(p->coming);
	pthread_mutex_destroy(&p->lock);
	hws_free(p);
}

/* FNV-1a with a seed, and mixed: ids are chosen by strangers, who do not know the seed. */
static uint64_t hash_of(const struct adi_presence *p, const char *id)
{
	uint64_t h = p->seed ^ 0xcbf29ce484222325ull;

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 0x100000001b3ull;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull ^ p->seed >> 1;
	return h ^ h >> 29;
}

static struct entry **place_of(struct adi_presence *p, const char *id)
{
	struct entry **at = &p->bucket[hash_of(p, id) & (p->buckets - 1)];

	while (*at && strcmp((*at)->text, id) != 0)
		at = &(*at)->next;
	return at;
}

/* --- heartbeats ------------------------------------------------------------------------------- */

static bool same_conns(const struct entry *e, const struct adi_beat *b)
{
	return e->conns == b->conns &&
			(!b->conns || memcmp(e->conn, b->conn, b->conns * sizeof(b->conn[0])) == 0);
}

static void keep_conns(struct entry *e, const struct adi_beat *b)
{
	int32_t *fresh = NULL;

	if (same_conns(e, b))
		return;
	if (b->conns) {
		fresh = hws_memdup(b->conn, b->conns * sizeof(b->conn[0]));
		if (!fresh)
			return; /* the next one tells it again */
	}
	hws_free(e->conn);
	e->conn = fresh;
	e->conns = (uint32_t)b->conns;
}

static void heard(struct adi_presence *p, struct entry *e, const struct adi_beat *b, int64_t now)
{
	e->at = now;
	if (hws_str_copy(e->ip, sizeof(e->ip), b->ip) < 0)
		e->ip[0] = '\0';
	keep_conns(e, b);
	hws_list_remove(&e->age);
	hws_list_push(&p->age, &e->age);
	if (!hws_list_linked(&e->write))
		hws_list_push(&p->write, &e->write);
}

bool adi_presence_quick(struct adi_presence *p, const struct adi_beat *b, int64_t now)
{
	struct entry *e;
	bool quick;

	pthread_mutex_lock(&p->lock);
	e = *place_of(p, b->id);
	quick = e && e->settled && e->due == b->has && now - e->learnt_at < TRUST_MS &&
			strcmp(e->text + e->uuid_at, b->uuid) == 0;
	/* when all are to be asked for at once the database gets no more than it can take: others
	 * go on as before until their next sign of life */
	if (quick && e->stale)
		quick = !hws_bucket_take(&p->again, 1, (uint64_t)now * 1000);
	if (quick) {
		heard(p, e, b, now);
		p->stats.quick++;
	} else {
		p->stats.asked++;
	}
	pthread_mutex_unlock(&p->lock);
	return quick;
}

bool adi_presence_alone(struct adi_presence *p, const struct adi_beat *b, int64_t now)
{
	struct entry *e;
	bool known;

	pthread_mutex_lock(&p->lock);
	e = *place_of(p, b->id);
	known = e && strcmp(e->text + e->uuid_at, b->uuid) == 0;
	if (known)
		heard(p, e, b, now);
	pthread_mutex_unlock(&p->lock);
	return known;
}

uint64_t adi_presence_mark(struct adi_presence *p)
{
	uint64_t mark;

	pthread_mutex_lock(&p->lock);
	mark = p->mark;
	pthread_mutex_unlock(&p->lock);
	return mark;
}

static void drop(struct adi_presence *p, struct entry **at)
{
	struct entry *e = *at;

	if (hws_list_linked(&e->write))
		p->stats.lost++;
	*at = e->next;
	p->stats.devices--;
	entry_free(e);
}

static struct entry *add(struct adi_presence *p, const struct adi_beat *b)
{
	size_t id = strlen(b->id) + 1, uuid = strlen(b->uuid) + 1;
	struct entry *e, **at;

	if (p->stats.devices >= p->max)
		drop(p, place_of(p, hws_container(p->age.next, struct entry, age)->text));
	e = hws_alloc(sizeof(*e) + id + uuid);
	if (!e)
		return NULL;
	memcpy(e->text, b->id, id);
	memcpy(e->text + id, b->uuid, uuid);
	e->uuid_at = (uint16_t)id;
	e->had_conns = true; /* perhaps: what an earlier process wrote */
	at = place_of(p, b->id);
	e->next = *at;
	*at = e;
	p->stats.devices++;
	return e;
}

void adi_presence_learn(struct adi_presence *p, const struct adi_beat *b, const struct adi_known *k,
		uint64_t mark, int64_t now)
{
	struct entry *e, **at;

	pthread_mutex_lock(&p->lock);
	at = place_of(p, b->id);
	/* the id has gone to another machine */
	if (*at && strcmp((*at)->text + (*at)->uuid_at, b->uuid) != 0)
		drop(p, at);
	e = *place_of(p, b->id);
	if (!e)
		e = add(p, b);
	if (e) {
		memcpy(e->guid, k->guid, sizeof(e->guid));
		e->due = k->due;
		/* something was changed while the database was read: ask once more */
		e->settled = k->settled && mark == p->mark;
		e->stale = false;
		e->learnt_at = now;
		heard(p, e, b, now);
	}
	pthread_mutex_unlock(&p->lock);
}

void adi_presence_foreign(struct adi_presence *p)
{
	pthread_mutex_lock(&p->lock);
	p->stats.foreign++;
	pthread_mutex_unlock(&p->lock);
}

bool adi_presence_may_come(struct adi_presence *p, const char *id, int64_t now)
{
	uint64_t h = hash_of(p, id);
	struct coming *w = &p->coming[h & (COMING - 1)];
	bool may;

	pthread_mutex_lock(&p->lock);
	if (now - w->first_at > COMING_AGAIN_MS)
		*w = (struct coming){ h, now };
	may = w->hash == h && now - w->first_at < COMING_MS;
	pthread_mutex_unlock(&p->lock);
	return may;
}

/* --- what is asked ---------------------------------------------------------------------------- */

static void forget(struct adi_presence *p, const char *guid)
{
	struct hws_list *node;

	hws_list_for (node, &p->age) {
		struct entry *e = hws_container(node, struct entry, age);

		if (!*guid)
			e->stale = true;
		else if (strcmp(e->guid, guid) == 0)
			e->settled = false;
	}
	p->mark++;
}

void adi_presence_forget(struct adi_presence *p, const char *guid)
{
	pthread_mutex_lock(&p->lock);
	forget(p, guid);
	pthread_mutex_unlock(&p->lock);
}

int64_t adi_presence_at(struct adi_presence *p, const char *id)
{
	const struct entry *e;
	int64_t at;

	pthread_mutex_lock(&p->lock);
	e = *place_of(p, id);
	at = e ? e->at : 0;
	pthread_mutex_unlock(&p->lock);
	return at;
}

size_t adi_presence_online(struct adi_presence *p, int64_t now)
{
	struct hws_list *node;
	size_t n = 0;

	pthread_mutex_lock(&p->lock);
	for (node = p->age.prev; node != &p->age; node = node->prev) {
		if (now - hws_container(node, struct entry, age)->at >= ADI_GONE_MS)
			break;
		n++;
	}
	pthread_mutex_unlock(&p->lock);
	return n;
}

void adi_presence_stats(struct adi_presence *p, struct adi_presence_stats *ret)
{
	pthread_mutex_lock(&p->lock);
	*ret = p->stats;
	pthread_mutex_unlock(&p->lock);
}

/* --- the database ----------------------------------------------------------------------------- */

struct changed {
	char guid[SCANS_MAX][DAT_GUID_TEXT];
	size_t n;
	bool all;
};

static void on_change(enum dat_changed kind, const char *ref, void *arg)
{
	struct changed *ch = arg;

	if (kind == DAT_CHANGED_DEVICE && *ref && ch->n < SCANS_MAX &&
			hws_str_copy(ch->guid[ch->n], DAT_GUID_TEXT, ref) == HWS_OK)
		ch->n++;
	else
		ch->all = true;
}

int adi_presence_poll(struct adi_presence *p, struct sql_conn *c)
{
	struct changed ch = { .n = 0 };
	int64_t seq = p->changes, before;
	int r = HWS_OK;

	if (seq < 0) {
		r = dat_changes_last(c, &seq);
		ch.all = true;
	} else {
		do {
			before = seq;
			r = dat_changes_since(c, &seq, on_change, &ch);
			if (r == HWS_ERR_RANGE) {
				ch.all = true;
				r = HWS_OK;
			}
		} while (r == HWS_OK && seq != before);
	}
	if (r == HWS_OK)
		p->changes = seq;
	if (ch.all)
		adi_presence_forget(p, "");
	for (size_t i = 0; i < ch.n && !ch.all; i++)
		adi_presence_forget(p, ch.guid[i]);
	return r;
}

struct copied {
	char id[DAT_ID_TEXT], guid[DAT_GUID_TEXT], ip[DAT_IP_TEXT];
	int64_t at;
	int32_t conn[ADI_BEAT_CONNS];
	size_t conns;
	bool put_conns;
};

struct batch {
	struct copied row[ADI_PRESENCE_BATCH];
	struct dat_seen seen[ADI_PRESENCE_BATCH];
	struct dat_conns conns[ADI_PRESENCE_BATCH];
	size_t n, with_conns;
};

static void take(struct adi_presence *p, struct batch *b)
{
	pthread_mutex_lock(&p->lock);
	for (b->n = 0; b->n < ADI_PRESENCE_BATCH && !hws_list_empty(&p->write); b->n++) {
		struct entry *e = hws_container(p->write.next, struct entry, write);
		struct copied *k = &b->row[b->n];

		if (hws_str_copy(k->id, sizeof(k->id), e->text) < 0)
			k->id[0] = '\0'; /* cannot be: it was within its bounds */
		memcpy(k->guid, e->guid, sizeof(k->guid));
		memcpy(k->ip, e->ip, sizeof(k->ip));
		k->at = e->at;
		k->conns = e->conns;
		if (e->conns)
			memcpy(k->conn, e->conn, e->conns * sizeof(e->conn[0]));
		k->put_conns = e->conns || e->had_conns;
		e->had_conns = e->conns != 0;
		hws_list_remove(&e->write);
	}
	pthread_mutex_unlock(&p->lock);
}

static void take_back(struct adi_presence *p, const struct batch *b)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < b->n; i++) {
		struct entry *e = *place_of(p, b->row[i].id);

		if (!e)
			continue;
		e->had_conns |= b->row[i].put_conns;
		if (!hws_list_linked(&e->write))
			hws_list_push(&p->write, &e->write);
	}
	pthread_mutex_unlock(&p->lock);
}

static int store(struct sql_conn *c, struct batch *b)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	b->with_conns = 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct copied *k = &b->row[i];

		b->seen[i] = (struct dat_seen){ k->id, k->ip, k->at };
		if (k->put_conns)
			b->conns[b->with_conns++] =
					(struct dat_conns){ k->guid, k->at, k->conn, k->conns };
	}
	r = dat_device_seen(c, b->seen, b->n);
	if (r == HWS_OK && b->with_conns)
		r = dat_conns_put(c, b->conns, b->with_conns);
	return dat_tx_end(&tx, r);
}

int adi_presence_write(struct adi_presence *p, struct sql_conn *c, bool *ret_more)
{
	struct batch *b = hws_alloc(sizeof(*b));
	int r = b ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		take(p, b);
		r = b->n ? store(c, b) : HWS_OK;
		if (r < 0)
			take_back(p, b);
		*ret_more = b->n == ADI_PRESENCE_BATCH;
	}
	hws_free(b);
	return r;
}
