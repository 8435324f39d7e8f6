/* The host's end: what viewers show exactly is known here, by tiles, and as a picture that follows
 * each patch. A change is first narrowed to what really differs, then scrolled pages are copied,
 * and what is left is coded as a few rectangles. */
#include "client/media/patch_parts.h"
#include "shared/base/mem.h"
#include <string.h>

#define TILE HWS_PATCH_TILE
#define RECTS_MAX 256u
#define WASTE_MAX 3      /* tiles that two rectangles may gain by being one */
#define SCROLL_TILES 24u /* changed ones, below which no page has been scrolled */
/* Pixels that a byte is taken to be enough for, of text and of what is not. */
#define TEXT_PIXELS 2u
#define PHOTO_PIXELS 1u

enum { CHANGED = 1, LOOSE = 2 }; /* LOOSE: of a completion, not text */

struct hws_patcher {
	int width, height, cols, rows;
	struct hws_picture *was;
	uint32_t *turn; /* of each tile: when it was last shown otherwise; 0: it is exact */
	uint8_t *mark;
	size_t inexact; /* tiles */
	struct patch_maker maker;
	struct hws_rect rect[RECTS_MAX]; /* in tiles, then in pixels */
	unsigned n;
};

static bool is_known(int x, int y, int w, const void *arg)
{
	const struct hws_patcher *p = arg;
	const uint32_t *row = p->turn + (size_t)(y / TILE) * (size_t)p->cols;

	for (int i = x / TILE; i <= (x + w - 1) / TILE; i++)
		if (row[i])
			return false;
	return true;
}

static size_t tile_at(const struct hws_patcher *p, int x, int y)
{
	return (size_t)y * (size_t)p->cols + (size_t)x;
}

int hws_patcher_new(int width, int height, struct hws_patcher **ret)
{
	struct hws_patcher *p = hws_alloc(sizeof(*p));
	int r = p ? hws_picture_new(HWS_PIXEL_BGRA, width, height, &p->was) : HWS_ERR_NOMEM;

	if (r < 0) {
		hws_free(p);
		return r;
	}
	p->width = width;
	p->height = height;
	p->cols = (width + TILE - 1) / TILE;
	p->rows = (height + TILE - 1) / TILE;
	p->inexact = (size_t)p->cols * (size_t)p->rows;
	p->turn = hws_alloc_array(p->inexact, sizeof(*p->turn));
	p->mark = hws_alloc_array(p->inexact, sizeof(*p->mark));
	if (!p->turn || !p->mark) {
		hws_patcher_free(p);
		return HWS_ERR_NOMEM;
	}
	for (size_t i = 0; i < p->inexact; i++)
		p->turn[i] = 1;
	p->maker.was = p->was;
	p->maker.known = is_known;
	p->maker.arg = p;
	*ret = p;
	return HWS_OK;
}

void hws_patcher_free(struct hws_patcher *p)
{
	if (!p)
		return;
	hws_picture_drop(p->was);
	hws_free(p->turn);
	hws_free(p->mark);
	hws_free(p->maker.px);
	hws_free(p);
}

/* --- tiles --- */

/* The tiles that a rectangle of pixels touches. */
static struct hws_rect tiles_of(const struct hws_patcher *p, struct hws_rect r)
{
	r = hws_rect_intersect(r, (struct hws_rect){ 0, 0, p->width, p->height });
	if (hws_rect_empty(r))
		return (struct hws_rect){ 0 };
	int x = r.x / TILE, y = r.y / TILE;

	return (struct hws_rect){ x, y, (r.x + r.w - 1) / TILE - x + 1,
		(r.y + r.h - 1) / TILE - y + 1 };
}

static struct hws_rect pixels_of(const struct hws_patcher *p, struct hws_rect tiles)
{
	return hws_rect_intersect((struct hws_rect){ tiles.x * TILE, tiles.y * TILE, tiles.w * TILE,
						  tiles.h * TILE },
			(struct hws_rect){ 0, 0, p->width, p->height });
}

static void set_turn(struct hws_patcher *p, size_t tile, uint32_t turn)
{
	p->inexact += (turn != 0) - (size_t)(p->turn[tile] != 0);
	p->turn[tile] = turn;
}

void hws_patcher_shown_otherwise(
		struct hws_patcher *p, const struct hws_region *region, uint32_t turn)
{
	for (unsigned i = 0; i < region->n; i++) {
		struct hws_rect t = tiles_of(p, region->rect[i]);
		for (int y = t.y; y < t.y + t.h; y++)
			for (int x = t.x; x < t.x + t.w; x++)
				set_turn(p, tile_at(p, x, y), HWS_MAX(turn, 1u));
	}
}

bool hws_patcher_is_exact(const struct hws_patcher *p)
{
	return p->inexact == 0;
}

bool hws_patcher_is_exact_in(const struct hws_patcher *p, struct hws_rect r)
{
	struct hws_rect t = tiles_of(p, r);

	for (int y = t.y; y < t.y + t.h; y++)
		for (int x = t.x; x < t.x + t.w; x++)
			if (p->turn[y * p->cols + x])
				return false;
	return true;
}

bool hws_patcher_waits(const struct hws_patcher *p, uint32_t until)
{
	for (int i = 0; i < p->cols * p->rows; i++)
		if (p->turn[i] > until)
			return true;
	return false;
}

/* A run below another one of the same width makes it higher. */
static void add_tiles(struct hws_region *g, struct hws_rect r)
{
	for (unsigned i = 0; i < g->n; i++) {
		struct hws_rect *a = &g->rect[i];
		if (a->x == r.x && a->w == r.w && a->y + a->h == r.y) {
			a->h += r.h;
			return;
		}
	}
	if (g->n < HWS_REGION_MAX) /* not joined by hws_region_add: what is exact stays out */
		g->rect[g->n++] = r;
}

void hws_patcher_inexact(const struct hws_patcher *p, const struct hws_region *region,
		struct hws_region *ret)
{
	hws_region_clear(ret);
	for (unsigned i = 0; i < region->n; i++) {
		struct hws_rect t = tiles_of(p, region->rect[i]);
		for (int y = t.y; y < t.y + t.h; y++)
			for (int x = t.x; x < t.x + t.w; x++) {
				int from = x;
				while (x < t.x + t.w && p->turn[y * p->cols + x])
					x++;
				if (x > from)
					add_tiles(ret,
							pixels_of(p,
									(struct hws_rect){ from, y,
											x - from,
											1 }));
			}
	}
}

/* --- what differs --- */

/* Marks the tiles of the damage that differ; returns their number, and the box around them. */
static size_t mark_changed(
		struct hws_patcher *p, const struct hws_patch_wish *wish, struct hws_rect *ret_box)
{
	size_t n = 0;

	memset(p->mark, 0, (size_t)p->cols * (size_t)p->rows);
	*ret_box = (struct hws_rect){ 0 };
	for (unsigned i = 0; i < wish->damage->n; i++) {
		struct hws_rect t = tiles_of(p, wish->damage->rect[i]);
		for (int y = t.y; y < t.y + t.h; y++)
			for (int x = t.x; x < t.x + t.w; x++) {
				struct hws_rect tile = { x, y, 1, 1 };
				uint8_t *mark = &p->mark[y * p->cols + x];
				bool exact = !p->turn[y * p->cols + x];
				struct hws_rect at = pixels_of(p, tile);
				if (*mark || (exact && !patch_differs(p->was, wish->now, at)))
					continue;
				*mark = CHANGED;
				*ret_box = hws_rect_union(*ret_box, tile);
				n++;
			}
	}
	return n;
}

/* --- rectangles --- */

static int area(struct hws_rect r)
{
	return r.w * r.h;
}

/* A run of tiles joins what is above it where that costs little. */
static void add_run(struct hws_patcher *p, struct hws_rect run)
{
	for (unsigned i = p->n; i-- > 0;) {
		struct hws_rect *r = &p->rect[i], both = hws_rect_union(*r, run);
		if (r->y + r->h < run.y - 1)
			break; /* they are in order: the rest is further above */
		if (area(both) - area(*r) - area(run) <= WASTE_MAX) {
			*r = both;
			return;
		}
	}
	if (p->n < RECTS_MAX)
		p->rect[p->n++] = run;
	else
		p->rect[p->n - 1] = hws_rect_union(p->rect[p->n - 1], run);
}

/* The marked tiles as rectangles of tiles. */
static void collect(struct hws_patcher *p, struct hws_rect box, uint8_t mark)
{
	p->n = 0;
	for (int y = box.y; y < box.y + box.h; y++) {
		const uint8_t *row = p->mark + y * p->cols;
		for (int x = box.x; x < box.x + box.w; x++) {
			int from = x;
			while (x < box.x + box.w && row[x] == mark)
				x++;
			if (x > from)
				add_run(p, (struct hws_rect){ from, y, x - from, 1 });
		}
	}
}

/* From tiles to pixels; the sum of them. */
static size_t to_pixels(struct hws_patcher *p, const struct hws_picture *now)
{
	struct hws_rect tiles[RECTS_MAX];
	unsigned n = p->n;
	size_t sum = 0;

	memcpy(tiles, p->rect, n * sizeof(*tiles));
	p->n = 0;
	for (unsigned i = 0; i < n; i++) {
		struct hws_rect r = pixels_of(p, tiles[i]);
		/* room for what is still to come, a rectangle each */
		unsigned room = RECTS_MAX - p->n - (n - i - 1);
		if (hws_patcher_is_exact_in(p, r))
			p->n += patch_cut(p->was, now, r, p->rect + p->n, room);
		else
			p->rect[p->n++] = r;
	}
	for (unsigned i = 0; i < p->n; i++)
		sum += (size_t)p->rect[i].w * (size_t)p->rect[i].h;
	return sum;
}

static void now_exact(struct hws_patcher *p, struct hws_rect r)
{
	/* Of a tile that was not exact all of it is in the rectangle. */
	struct hws_rect t = tiles_of(p, r);

	for (int y = t.y; y < t.y + t.h; y++)
		for (int x = t.x; x < t.x + t.w; x++)
			set_turn(p, tile_at(p, x, y), 0);
}

/* --- a change --- */

/* Tiles that are covered whole by a copy are exact now, and need no second look. */
static void covered(struct hws_patcher *p, struct hws_rect c)
{
	int x = (c.x + TILE - 1) / TILE, y = (c.y + TILE - 1) / TILE;
	struct hws_rect t = { x, y, (c.x + c.w) / TILE - x, (c.y + c.h) / TILE - y };

	for (int k = t.y; k < t.y + t.h; k++)
		for (int i = t.x; i < t.x + t.w; i++) {
			size_t tile = tile_at(p, i, k);
			if (!p->mark[tile])
				continue; /* not of the damage: nobody would take it back */
			p->mark[tile] = 0;
			set_turn(p, tile, 0);
		}
}

/* Of the tiles that are marked, those that still differ. */
static void mark_again(struct hws_patcher *p, const struct hws_picture *now, struct hws_rect box)
{
	for (int y = box.y; y < box.y + box.h; y++)
		for (int x = box.x; x < box.x + box.w; x++) {
			size_t i = tile_at(p, x, y);
			struct hws_rect tile = { x, y, 1, 1 };
			if (p->mark[i] && !p->turn[i] &&
					!patch_differs(p->was, now, pixels_of(p, tile)))
				p->mark[i] = 0;
		}
}

/* Copies a scrolled page; true when there was one. */
static bool scroll(struct hws_patcher *p, const struct hws_patch_wish *wish, struct hws_rect box)
{
	struct hws_rect within = pixels_of(p, box), copy[PATCH_COPIES_MAX];
	int by = patch_find_scroll(p->was, wish->now, within);
	unsigned n = by ? patch_find_copies(p->was, wish->now, within, by, is_known, p, copy) : 0;

	for (unsigned i = 0; i < n; i++) {
		struct hws_rect c = copy[i];
		patch_write_copy(&p->maker, c.x, c.y - by, c);
		covered(p, c);
	}
	return n > 0;
}

static int write_change(
		struct hws_patcher *p, const struct hws_patch_wish *wish, struct hws_buf *out)
{
	struct hws_rect box;
	size_t begin = out->end, n = mark_changed(p, wish, &box);

	if (!n)
		return HWS_ERR_AGAIN;
	patch_begin(&p->maker, out);
	if (n >= SCROLL_TILES && scroll(p, wish, box))
		mark_again(p, wish->now, box);
	collect(p, box, CHANGED);
	if (to_pixels(p, wish->now) > wish->pixels)
		return HWS_ERR_TOOBIG;
	for (unsigned i = 0; i < p->n; i++) {
		int r = patch_write_pixels(&p->maker, wish->now, p->rect[i]);
		if (r < 0)
			return r;
		if (out->end - begin > wish->max)
			return HWS_ERR_TOOBIG;
		now_exact(p, p->rect[i]);
	}
	return patch_end(&p->maker);
}

/* As it was; memory may be kept. */
static void take_back(struct hws_buf *out, size_t end)
{
	out->end = end;
	out->err = HWS_OK;
}

/* Rectangles hold tiles between those of the damage, too. */
static void not_sent(struct hws_patcher *p, uint32_t turn)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct hws_region one = { 1, { p->rect[i] } };
		hws_patcher_shown_otherwise(p, &one, turn);
	}
}

int hws_patcher_change(
		struct hws_patcher *p, const struct hws_patch_wish *wish, struct hws_buf *out)
{
	size_t end = out->end;

	if (wish->now->format != HWS_PIXEL_BGRA || wish->now->width != p->width ||
			wish->now->height != p->height)
		return HWS_ERR_INVAL;
	int r = write_change(p, wish, out);

	if (r < 0)
		take_back(out, end);
	if (r < 0 && r != HWS_ERR_AGAIN) { /* what was copied already lies within the damage */
		hws_patcher_shown_otherwise(p, wish->damage, wish->turn);
		not_sent(p, wish->turn);
	}
	return r;
}

/* --- completion --- */

/* Text is made of runs; of a photograph hardly a pixel is like the one before. */
static bool is_text(const struct hws_picture *now, struct hws_rect r)
{
	int turns = 0;

	for (int y = r.y; y < r.y + r.h; y++) {
		const uint32_t *row = patch_row(now, r.x, y);
		for (int x = 1; x < r.w; x++)
			turns += row[x] != row[x - 1];
	}
	return turns * 2 < area(r);
}

static size_t mark_due(
		struct hws_patcher *p, const struct hws_picture *now, uint32_t until, bool photo)
{
	size_t n = 0, i = 0;

	for (int y = 0; y < p->rows; y++)
		for (int x = 0; x < p->cols; x++, i++) {
			struct hws_rect r = { x, y, 1, 1 };
			p->mark[i] = 0;
			if (!p->turn[i] || p->turn[i] > until)
				continue;
			p->mark[i] = is_text(now, pixels_of(p, r)) ? CHANGED : LOOSE;
			n += photo || p->mark[i] == CHANGED;
		}
	return n;
}

/* What of a rectangle is coded at once: little where little may be sent, as nothing is taken back
 * of what was too much. */
static struct hws_rect first_part(struct hws_rect r, size_t pixels)
{
	int high = HWS_MIN(r.h, 4 * TILE - r.y % TILE), low = HWS_MIN(r.h, TILE - r.y % TILE);

	if ((size_t)r.w * (size_t)high <= pixels)
		return (struct hws_rect){ r.x, r.y, r.w, high };
	int w = (int)HWS_MIN(pixels / (size_t)low, (size_t)r.w) / TILE * TILE;
	return (struct hws_rect){ r.x, r.y, HWS_MIN(HWS_MAX(w, TILE), r.w), low };
}

/* A rectangle, or as much of it as should do. */
static int complete_rect(struct hws_patcher *p, const struct hws_picture *now, struct hws_rect r,
		size_t end, struct hws_buf *out)
{
	size_t per_byte = is_text(now, r) ? TEXT_PIXELS : PHOTO_PIXELS;

	while (r.h > 0 && out->end < end) {
		struct hws_rect band = first_part(r, (end - out->end) * per_byte);
		struct hws_rect part = band;
		for (; part.x < r.x + r.w && out->end < end; part.x += part.w) {
			part.w = HWS_MIN(band.w, r.x + r.w - part.x);
			int err = patch_write_pixels(&p->maker, now, part);
			if (err < 0)
				return err;
			now_exact(p, part);
		}
		r.y += band.h;
		r.h -= band.h;
	}
	return HWS_OK;
}

int hws_patcher_complete(struct hws_patcher *p, const struct hws_picture *now, uint32_t until,
		bool photo, size_t max, struct hws_buf *out)
{
	struct hws_rect all = { 0, 0, p->cols, p->rows };
	size_t begin = out->end;
	int r = HWS_OK;

	if (now->format != HWS_PIXEL_BGRA || now->width != p->width || now->height != p->height)
		return HWS_ERR_INVAL;
	if (!mark_due(p, now, until, photo))
		return HWS_ERR_AGAIN;
	patch_begin(&p->maker, out);
	for (unsigned kind = CHANGED; kind <= (photo ? LOOSE : CHANGED); kind++) {
		collect(p, all, (uint8_t)kind);
		for (unsigned i = 0; i < p->n && r == HWS_OK; i++)
			r = complete_rect(p, now, pixels_of(p, p->rect[i]), begin + max, out);
	}
	if (r == HWS_OK)
		r = patch_end(&p->maker);
	if (r < 0)
		take_back(out, begin);
	return r;
}
