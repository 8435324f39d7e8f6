/* Pixels of text, lines and windows. Most are what their neighbours are: long stretches of one
 * colour cost one bit, an edge that goes on costs little. What is left is mostly a mixture of
 * background and foreground (smoothed letters): one of its channels tells the others.
 *
 * Writing and reading are one function, so that they cannot differ; the compiler makes two. */
#include "client/media/patch_parts.h"

#define CACHE 12u
#define CANDIDATES 6u
#define PLACES 40u /* contexts of two neighbours */

struct screen {
	struct patch_bit same_row[2], flat[16];
	struct patch_bit hit[CANDIDATES][PLACES];
	struct patch_bit cached, cache_at[CACHE];
	struct patch_bit mixed[PATCH_ANCHORS_MAX + 1], outside;
	struct patch_bit green[256], plain[2], rest[2][256];
	struct patch_anchors anchors;
	uint32_t cache[CACHE]; /* the latest colours that were no neighbour's; newest first */
	unsigned cached_n;
	struct patch_writer w;
	struct patch_reader r;
};

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS unsigned code_bit(struct screen *s, struct patch_bit *b, unsigned v, const bool writing)
{
	if (!writing)
		return patch_take(&s->r, b);
	patch_put(&s->w, b, v);
	return v;
}

ALWAYS uint32_t code_flat(struct screen *s, uint32_t v, uint32_t n, const bool writing)
{
	if (!writing)
		return patch_take_flat(&s->r, n);
	patch_put_flat(&s->w, v, n);
	return v;
}

/* Eight bits, the highest first, each known by those before. */
ALWAYS unsigned code_byte(
		struct screen *s, struct patch_bit tree[256], unsigned v, const bool writing)
{
	unsigned node = 1;

	for (int i = 7; i >= 0; i--)
		node = node << 1 | code_bit(s, &tree[node], v >> i & 1, writing);
	return node & 0xff;
}

/* --- colours --- */

static inline int channel(uint32_t c, unsigned shift)
{
	return (int)(c >> shift & 0xff);
}

/* Where `green` lies between two colours, so the other channel should. */
static inline int between(uint32_t a, uint32_t b, int green, unsigned shift)
{
	int from = channel(a, 8), span = channel(b, 8) - from;
	int v = channel(a, shift);

	if (span)
		v += ((green - from) * (channel(b, shift) - v) * 2 + (span > 0 ? span : -span)) /
				(span * 2);
	return HWS_MIN(HWS_MAX(v, 0), 255);
}

/* What red and blue are off when the colour is taken for a mixture with that anchor. */
static int off(const struct screen *s, uint32_t c, unsigned anchor)
{
	int g = channel(c, 8);
	int r = channel(c, 16) - between(s->anchors.colour[0], s->anchors.colour[anchor], g, 16);
	int b = channel(c, 0) - between(s->anchors.colour[0], s->anchors.colour[anchor], g, 0);

	return (r < 0 ? -r : r) + (b < 0 ? -b : b);
}

static unsigned nearest_mixture(const struct screen *s, uint32_t c)
{
	unsigned best = 1;

	for (unsigned i = 2; i < s->anchors.n; i++)
		if (off(s, c, i) < off(s, c, best))
			best = i;
	return off(s, c, best) <= 24 ? best : s->anchors.n;
}

/* Green of a mixture with that anchor is mostly between the two, and anything there. */
ALWAYS int code_green(struct screen *s, int green, unsigned anchor, const bool writing)
{
	int a = channel(s->anchors.colour[0], 8), low = a, high = a;

	if (anchor < s->anchors.n) {
		int b = channel(s->anchors.colour[anchor], 8);
		low = HWS_MIN(a, b);
		high = HWS_MAX(a, b);
	}
	if (high - low > 1 && !code_bit(s, &s->outside, green <= low || green >= high, writing))
		return low + 1 +
				(int)code_flat(s, (uint32_t)(green - low - 1),
						(uint32_t)(high - low - 1), writing);
	return (int)code_byte(s, s->green, (unsigned)green, writing);
}

ALWAYS uint32_t code_literal(struct screen *s, uint32_t c, const bool writing)
{
	unsigned with = writing && s->anchors.n > 1 ? nearest_mixture(s, c) : s->anchors.n, i = 1;
	int g = 0, v[2];

	/* With which anchor it is mixed; behind the last: with none. */
	while (i < s->anchors.n && !code_bit(s, &s->mixed[i], with == i, writing))
		i++;
	g = code_green(s, channel(c, 8), i, writing);
	for (unsigned k = 0; k < 2; k++) {
		unsigned shift = k ? 0 : 16;
		int guess = i < s->anchors.n
				? between(s->anchors.colour[0], s->anchors.colour[i], g, shift)
				: g;
		unsigned rest = (unsigned)(channel(c, shift) - guess) & 0xff;
		if (code_bit(s, &s->plain[k], rest != 0, writing))
			rest = code_byte(s, s->rest[k], rest, writing);
		else
			rest = 0;
		v[k] = (int)((unsigned)guess + rest) & 0xff;
	}
	return (uint32_t)v[0] << 16 | (uint32_t)g << 8 | (uint32_t)v[1];
}

static void to_front(struct screen *s, uint32_t c, unsigned at)
{
	for (unsigned i = at; i > 0; i--)
		s->cache[i] = s->cache[i - 1];
	s->cache[0] = c;
}

/* A colour that no neighbour has. */
ALWAYS uint32_t code_colour(struct screen *s, uint32_t c, const bool writing)
{
	unsigned at = 0, i = 0;

	while (writing && at < s->cached_n && s->cache[at] != c)
		at++;
	if (s->cached_n && code_bit(s, &s->cached, at < s->cached_n, writing)) {
		while (i + 1 < s->cached_n && code_bit(s, &s->cache_at[i], at != i, writing))
			i++;
		c = s->cache[i];
		to_front(s, c, i);
		return c;
	}
	c = code_literal(s, c, writing);
	if (s->cached_n < CACHE)
		s->cached_n++;
	to_front(s, c, s->cached_n - 1);
	return c;
}

static inline unsigned class_of(const struct screen *s, uint32_t c)
{
	return c == s->anchors.colour[0] ? 0 : c == s->anchors.colour[1] ? 1 : 2;
}

struct around {
	uint32_t n, w, ne, nw;
};

/* One pixel at an edge. */
ALWAYS uint32_t code_edge(struct screen *s, const struct around *a, uint32_t c, const bool writing)
{
	const uint32_t guess[CANDIDATES] = { a->n, a->w, s->anchors.colour[0], s->anchors.colour[1],
		a->ne, a->nw };
	unsigned place = (class_of(s, a->w) * 3 + class_of(s, a->n)) * 4 +
			(unsigned)(a->ne == a->n) * 2 + (unsigned)(a->nw == a->n);

	for (unsigned k = 0; k < CANDIDATES; k++) {
		bool again = false;
		for (unsigned j = 0; j < k; j++)
			again = again || guess[j] == guess[k];
		if (!again && code_bit(s, &s->hit[k][place], c == guess[k], writing))
			return guess[k];
	}
	return code_colour(s, c, writing);
}

/* --- rows --- */

static inline unsigned bits_of(unsigned v)
{
	return v ? 32 - (unsigned)__builtin_clz(v) : 0;
}

/* Pixels from x on that are surrounded by the colour `c` as far as is known. */
static inline int stretch(const uint32_t *above, int x, int w, uint32_t c)
{
	int n = 1;

	while (x + n < w && above[x + n] == c && (x + n + 1 >= w || above[x + n + 1] == c))
		n++;
	return n;
}

/* Writes the stretch; returns its length, and one more where the pixel behind it came along. */
ALWAYS int code_stretch(
		struct screen *s, uint32_t *row, int x, int len, uint32_t c, const bool writing)
{
	int run = 0;

	while (writing && run < len && row[x + run] == c)
		run++;
	unsigned broken = code_bit(s, &s->flat[bits_of((unsigned)len) & 15], run < len, writing);
	if (broken)
		run = (int)code_flat(s, (uint32_t)run, (uint32_t)len, writing);
	else
		run = len;
	for (int i = 0; !writing && i < run; i++)
		row[x + i] = c;
	if (!broken)
		return run;
	row[x + run] = code_colour(s, row[x + run], writing);
	return run + 1;
}

ALWAYS void code_row(
		struct screen *s, const uint32_t *above, uint32_t *row, int w, const bool writing)
{
	uint32_t border = s->anchors.colour[0];

	for (int x = 0; x < w;) {
		struct around a = { .n = above[x],
			.w = x ? row[x - 1] : border,
			.nw = x ? above[x - 1] : border,
			.ne = x + 1 < w ? above[x + 1] : border };
		if (a.n == a.w && a.nw == a.w && a.ne == a.w) {
			x += code_stretch(s, row, x, stretch(above, x, w, a.w), a.w, writing);
			continue;
		}
		row[x] = code_edge(s, &a, row[x], writing);
		x++;
	}
}

ALWAYS void code_anchors(struct screen *s, const bool writing)
{
	s->anchors.n = code_flat(s, s->anchors.n, PATCH_ANCHORS_MAX + 1, writing);
	for (unsigned i = 0; i < s->anchors.n; i++) {
		uint32_t c = s->anchors.colour[i];
		uint32_t v = code_flat(s, c & 0xff, 256, writing);
		if (code_flat(s, v * 0x010101u == c, 2, writing))
			v *= 0x010101u;
		else
			v |= code_flat(s, c >> 8, 1u << 16, writing) << 8;
		s->anchors.colour[i] = v;
		s->cache[s->cached_n++] = s->anchors.colour[i];
	}
	for (unsigned i = s->anchors.n; i < PATCH_ANCHORS_MAX; i++)
		s->anchors.colour[i] = i ? s->anchors.colour[0] : 0;
}

ALWAYS void code_all(struct screen *s, uint32_t *px, int w, int h, const bool writing)
{
	unsigned same = 0;

	code_anchors(s, writing);
	/* There is nothing above the first row; it is told as if that were background. */
	for (int x = 0; x < w; x++)
		px[x - w] = s->anchors.colour[0];
	for (int y = 0; y < h; y++) {
		uint32_t *row = px + (size_t)y * (size_t)w;
		const uint32_t *above = row - w;
		size_t bytes = (size_t)w * sizeof(*row);
		same = code_bit(s, &s->same_row[same], writing && memcmp(row, above, bytes) == 0,
				writing);
		if (!same)
			code_row(s, above, row, w, writing);
		else if (!writing)
			memcpy(row, above, bytes);
	}
}

static void screen_init(struct screen *s)
{
	patch_bits_init(s->same_row, HWS_COUNT(s->same_row));
	patch_bits_init(s->flat, HWS_COUNT(s->flat));
	patch_bits_init(s->hit[0], CANDIDATES * PLACES);
	patch_bits_init(&s->cached, 1);
	patch_bits_init(s->cache_at, CACHE);
	patch_bits_init(s->mixed, HWS_COUNT(s->mixed));
	patch_bits_init(&s->outside, 1);
	patch_bits_init(s->green, HWS_COUNT(s->green));
	patch_bits_init(s->plain, HWS_COUNT(s->plain));
	patch_bits_init(s->rest[0], 2 * 256);
	s->cached_n = 0;
}

void patch_screen_write(uint32_t *px, int w, int h, const struct patch_anchors *anchors,
		struct hws_buf *out)
{
	struct screen s;

	screen_init(&s);
	s.anchors = *anchors;
	patch_writer_init(&s.w, out);
	code_all(&s, px, w, h, true);
	patch_writer_end(&s.w);
}

void patch_screen_read(struct hws_bytes in, uint32_t *px, int w, int h)
{
	struct screen s;

	screen_init(&s);
	s.anchors.n = 0;
	patch_reader_init(&s.r, in);
	code_all(&s, px, w, h, false);
}
