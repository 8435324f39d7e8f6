/* A scrolled page: found by rows that are in the picture before, and nowhere else in it, each of
 * which votes for how far it has come. Then only what is really the same is copied. */
#include "client/media/patch_parts.h"
#include "shared/base/mem.h"
#include <string.h>

#define STRIP 64 /* pixels: columns that are looked at together */
#define STRIPS_ASKED 4
#define VOTES_MIN 8u
#define VOTES_SURE 64u
#define RUN_MIN 16 /* rows; less is not worth a copy */
#define TWICE (-2) /* a row that is there more than once says nothing */
#define NONE (-1)

void patch_move(struct hws_picture *p, int from_x, int from_y, struct hws_rect to)
{
	size_t bytes = (size_t)to.w * 4;

	for (int i = 0; i < to.h; i++) {
		int k = from_y < to.y ? to.h - 1 - i : i;
		memmove(patch_row_of(p, to.x, to.y + k), patch_row(p, from_x, from_y + k), bytes);
	}
}

/* --- how far --- */

/* Four at a time, which do not wait for each other. */
static uint64_t hash_row(const uint32_t *px)
{
	uint64_t h[4] = { 1, 2, 3, 4 }, v[4];

	for (int i = 0; i < STRIP; i += 8) {
		memcpy(v, px + i, sizeof(v));
		for (int k = 0; k < 4; k++) {
			h[k] = (h[k] ^ v[k]) * 0xff51afd7ed558ccdull;
			h[k] ^= h[k] >> 29;
		}
	}
	for (int k = 1; k < 4; k++)
		h[0] = (h[0] ^ h[k]) * 0xc4ceb9fe1a85ec53ull;
	return h[0] ^ h[0] >> 31;
}

struct rows { /* of the picture before */
	uint64_t *hash;
	int *y;
	unsigned mask;
};

static unsigned find(const struct rows *t, uint64_t hash)
{
	unsigned at = (unsigned)hash & t->mask;

	while (t->y[at] != NONE && t->hash[at] != hash)
		at = (at + 1) & t->mask;
	return at;
}

static void note(struct rows *t, uint64_t hash, int y)
{
	unsigned at = find(t, hash);

	t->y[at] = t->y[at] == NONE ? y : TWICE;
	t->hash[at] = hash;
}

static unsigned vote(struct rows *t, const struct hws_picture *before,
		const struct hws_picture *now, struct hws_rect r, int x, unsigned *votes)
{
	uint64_t last = 0, h;
	unsigned cast = 0;

	for (unsigned i = 0; i <= t->mask; i++)
		t->y[i] = NONE;
	for (int y = 0; y < r.h; y++, last = h) {
		h = hash_row(patch_row(before, x, r.y + y));
		if (h != last)
			note(t, h, y);
	}
	last = 0;
	for (int y = 0; y < r.h; y++, last = h) {
		h = hash_row(patch_row(now, x, r.y + y));
		if (h == last)
			continue;
		int was = t->y[find(t, h)];
		if (was >= 0) {
			votes[y - was + r.h]++;
			cast++;
		}
	}
	return cast;
}

int patch_find_scroll(const struct hws_picture *before, const struct hws_picture *now,
		struct hws_rect within)
{
	struct hws_rect r = within;
	struct rows t = { .mask = 1 };
	unsigned cast = 0, best = 0;
	int by = 0, strips = r.w / STRIP;

	if (strips < 1 || r.h < 2 * RUN_MIN)
		return 0;
	while (t.mask < 2u * (unsigned)r.h)
		t.mask = t.mask * 2 + 1;
	t.hash = hws_alloc_array(t.mask + 1, sizeof(*t.hash));
	t.y = hws_alloc_array(t.mask + 1, sizeof(*t.y));
	unsigned *votes = hws_alloc_array(2 * (size_t)r.h + 1, sizeof(*votes));
	/* Where one strip is as good as sure, the next would only cost time. */
	int asked = HWS_MIN(strips, STRIPS_ASKED);
	for (int i = 0; t.hash && t.y && votes && i < asked; i++) {
		cast += vote(&t, before, now, r, r.x + strips * (2 * i + 1) / (2 * asked) * STRIP,
				votes);
		for (int d = 0; d < 2 * r.h + 1; d++)
			if (d != r.h && votes[d] > best) {
				best = votes[d];
				by = d - r.h;
			}
		if (best >= VOTES_SURE && best * 2 >= cast)
			break;
	}
	hws_free(t.hash);
	hws_free(t.y);
	hws_free(votes);
	return best >= VOTES_MIN && best * 4 >= cast ? by : 0;
}

/* --- what --- */

struct search {
	const struct hws_picture *before, *now;
	struct hws_rect within;
	int by;
	bool (*known)(int x, int y, int w, const void *arg);
	const void *arg;
};

/* `again`: the row above it was the same. What is known, is so by tiles. */
static bool is_same(const struct search *s, int x, int w, int y, bool again)
{
	int from = y - s->by;

	return from >= 0 && from < s->before->height &&
			((again && from % HWS_PATCH_TILE) || s->known(x, from, w, s->arg)) &&
			memcmp(patch_row(s->now, x, y), patch_row(s->before, x, from),
					(size_t)w * 4) == 0;
}

/* The longest run of rows of a strip that can be copied; none: h is 0. */
static struct hws_rect longest(const struct search *s, int x, int w)
{
	struct hws_rect best = { 0 };
	int low = s->within.y + s->within.h;

	for (int y = s->within.y; y < low;) {
		int from = y;
		while (y < low && is_same(s, x, w, y, y > from))
			y++;
		if (y - from > best.h)
			best = (struct hws_rect){ x, from, w, y - from };
		y++;
	}
	return best;
}

/* Side by side, and nearly as high: one copy of what both have. */
static bool join(struct hws_rect *a, struct hws_rect b)
{
	int top = HWS_MAX(a->y, b.y), low = HWS_MIN(a->y + a->h, b.y + b.h);

	if (a->x + a->w != b.x || (low - top) * 10 < HWS_MAX(a->h, b.h) * 7)
		return false;
	*a = (struct hws_rect){ a->x, top, a->w + b.w, low - top };
	return true;
}

unsigned patch_find_copies(const struct hws_picture *before, const struct hws_picture *now,
		struct hws_rect within, int by, bool (*known)(int x, int y, int w, const void *arg),
		const void *arg, struct hws_rect ret[PATCH_COPIES_MAX])
{
	struct search s = { before, now, within, by, known, arg };
	unsigned n = 0;

	for (int x = within.x; x < within.x + within.w; x += STRIP) {
		struct hws_rect r = longest(&s, x, HWS_MIN(STRIP, within.x + within.w - x));
		if (r.h < RUN_MIN || (n && join(&ret[n - 1], r)))
			continue;
		if (n == PATCH_COPIES_MAX)
			break;
		ret[n++] = r;
	}
	/* Of one column there is one copy at most, so that no copy needs what another has
	 * overwritten: any order will do. */
	return n;
}
