/* Shares by source: an attacker with three addresses has three shares, and its sixteen connections
 * from each give way before the one of a person. Where all sources are equal, who said something is
 * kept, and of the silent ones chance decides, which an attacker cannot outrun: a place that is
 * fought for is not always the same. */
#include "client/host/door.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include <netinet/in.h>
#include <string.h>

#define ADDRESSES_MAX 4096u
#define FRESH_S 30u /* a source is fresh once in so long */

/* Beside it: WORTH_KNOWN more. */
enum worth { WORTH_SILENT = 1, WORTH_NEW, WORTH_SLOW, WORTH_SPOKE, WORTH_KNOWN = 8 };

int hws_door_open(struct hws_door *d, uint64_t now_us)
{
	const struct hws_admit_conf conf = {
		.max_entries = ADDRESSES_MAX, .rate = 1, .burst = FRESH_S
	};

	hws_bucket_init(&d->strangers, HWS_DOOR_RATE, HWS_DOOR_BURST, now_us);
	hws_bucket_init(&d->fresh, HWS_DOOR_FRESH_RATE, HWS_DOOR_FRESH_BURST, now_us);
	return hws_admit_new(&conf, &d->seen);
}

void hws_door_close(struct hws_door *d)
{
	hws_admit_free(d->seen);
	d->seen = NULL;
}

bool hws_door_knock(struct hws_door *d, const struct hws_guest *g, uint64_t now_us)
{
	if (g->known || hws_bucket_take(&d->strangers, 1, now_us))
		return true;
	/* what a server tells can be fresh each time */
	return !g->told && hws_admit_event(d->seen, g->from, FRESH_S, now_us) &&
			hws_bucket_take(&d->fresh, 1, now_us);
}

/* --- places ----------------------------------------------------------------------------------- */

static bool same_source(const struct hws_guest *a, const struct hws_guest *b)
{
	const struct sockaddr_storage *x = a->from, *y = b->from;

	if (a->told || b->told)
		return a->told == b->told;
	if (x->ss_family != y->ss_family)
		return false;
	if (x->ss_family == AF_INET)
		return ((const struct sockaddr_in *)x)->sin_addr.s_addr ==
				((const struct sockaddr_in *)y)->sin_addr.s_addr;
	/* who has one address of such a network has all */
	return x->ss_family == AF_INET6 &&
			!memcmp(&((const struct sockaddr_in6 *)x)->sin6_addr,
					&((const struct sockaddr_in6 *)y)->sin6_addr, 8);
}

static size_t share(const struct hws_guest *others, size_t count, const struct hws_guest *g)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += !others[i].open && same_source(&others[i], g);
	return n;
}

/* The less, the sooner it gives way to `g`; 0 = not at all. */
static unsigned worth(const struct hws_guest *o, const struct hws_guest *g, uint64_t now_us)
{
	uint64_t age = now_us - HWS_MIN(o->since_us, now_us);
	unsigned known = o->known ? WORTH_KNOWN : 0;

	if (o->open || (o->known && !g->known))
		return 0;
	if (!o->spoke)
		return known + (age >= HWS_DOOR_SILENT_US ? WORTH_SILENT : WORTH_NEW);
	return known + (age >= HWS_DOOR_SPOKE_US ? WORTH_SLOW : WORTH_SPOKE);
}

/* Whether of two that are worth the same the next one goes rather: of those that have only come
 * anyone, of those that spoke the last, else the first. */
static bool goes_rather(unsigned w, const struct hws_guest *next, const struct hws_guest *best,
		uint32_t equals)
{
	if (w % WORTH_KNOWN == WORTH_NEW)
		return hws_rand_below(equals) == 0;
	if (w % WORTH_KNOWN == WORTH_SPOKE)
		return next->since_us > best->since_us;
	return next->since_us < best->since_us;
}

/* Of those whose source has `weight` connections (0 = any), and of the source of g only where `own`
 * says so: the one worth least and at most `up_to`. */
static long choose(const struct hws_guest *others, size_t count, const struct hws_guest *g,
		size_t weight, bool own, unsigned up_to, uint64_t now_us)
{
	long best = HWS_DOOR_FULL;
	unsigned least = up_to + 1;
	uint32_t equals = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned w = worth(&others[i], g, now_us);

		if (!w || w > up_to || w > least ||
				(weight && share(others, count, &others[i]) != weight) ||
				(own && !same_source(&others[i], g)))
			continue;
		equals = w < least ? 1 : equals + 1;
		if (w < least || goes_rather(w, &others[i], &others[best], equals))
			best = (long)i;
		least = w;
	}
	return best;
}

static long give_way(const struct hws_guest *others, size_t count, const struct hws_guest *g,
		uint64_t now_us)
{
	size_t own = share(others, count, g) + 1, most = 0;

	if (g->known)
		return choose(others, count, g, 0, false, WORTH_KNOWN + WORTH_SPOKE, now_us);
	for (size_t i = 0; i < count; i++) {
		if (worth(&others[i], g, now_us))
			most = HWS_MAX(most, share(others, count, &others[i]));
	}
	if (most > own) /* whoever it is has more than g will have */
		return choose(others, count, g, most, false, WORTH_SPOKE, now_us);
	/* g itself has the most, then one of its own; who spoke stays */
	return choose(others, count, g, 0, own > 1, WORTH_SLOW, now_us);
}

long hws_door_place(const struct hws_guest *others, size_t count, size_t max,
		const struct hws_guest *g, uint64_t now_us)
{
	size_t open = 0, strangers = 0, free;

	for (size_t i = 0; i < count; i++) {
		open += others[i].open;
		strangers += !others[i].open && !others[i].known;
	}
	free = max - HWS_MIN(open, max);
	if (count < max && (g->known || strangers < free - free / 8))
		return HWS_DOOR_ROOM;
	return free ? give_way(others, count, g, now_us) : HWS_DOOR_FULL;
}
