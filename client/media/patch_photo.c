/* Pixels of photographs and gradients: each channel is foretold by its neighbours (the median of
 * LOCO-I), and what it is off is written in as many bits as it took nearby (Golomb-Rice). Plain and
 * fast: what needs better is not sent as a patch. */
#include "client/media/patch_parts.h"

#define BUSY 9u       /* contexts: how uneven it is around */
#define UNARY_MAX 20u /* then the value itself follows */
#define HALVE_AT 64u

struct rice {
	uint32_t sum, count;
};

struct photo {
	struct rice rice[3][BUSY];
	struct hws_buf *out;
	const uint8_t *at, *end;
	uint64_t held; /* bits, of which the lower `n` are valid */
	unsigned n;
};

static void photo_init(struct photo *p)
{
	*p = (struct photo){ 0 };
	for (unsigned c = 0; c < 3; c++)
		for (unsigned i = 0; i < BUSY; i++)
			p->rice[c][i] = (struct rice){ .sum = 1u << i >> 1, .count = 1 };
}

/* --- bits --- */

static void put_bits(struct photo *p, uint32_t v, unsigned n)
{
	p->held = p->held << n | v;
	p->n += n;
	while (p->n >= 8) {
		p->n -= 8;
		hws_buf_put_u8(p->out, (uint8_t)(p->held >> p->n));
	}
}

static unsigned take_bits(struct photo *p, unsigned n)
{
	while (p->n < n) { /* behind the end there are zeros */
		p->held = p->held << 8 | (p->at < p->end ? *p->at++ : 0);
		p->n += 8;
	}
	p->n -= n;
	return (unsigned)(p->held >> p->n) & ((1u << n) - 1);
}

/* --- values --- */

static unsigned rice_bits(const struct rice *r)
{
	unsigned k = 0;

	while (k < 7 && r->count << k < r->sum)
		k++;
	return k;
}

static void rice_learn(struct rice *r, unsigned v)
{
	r->sum += v;
	if (++r->count == HALVE_AT) {
		r->sum >>= 1;
		r->count >>= 1;
	}
}

static void put_value(struct photo *p, struct rice *r, unsigned v)
{
	unsigned k = rice_bits(r), high = v >> k;

	if (high < UNARY_MAX) {
		put_bits(p, 1, high + 1);
		put_bits(p, v & ((1u << k) - 1), k);
	} else {
		put_bits(p, 0, UNARY_MAX);
		put_bits(p, v, 8);
	}
	rice_learn(r, v);
}

static unsigned take_value(struct photo *p, struct rice *r)
{
	unsigned k = rice_bits(r), high = 0, v;

	while (high < UNARY_MAX && !take_bits(p, 1))
		high++;
	v = high < UNARY_MAX ? (high << k | take_bits(p, k)) & 0xff : take_bits(p, 8);
	rice_learn(r, v);
	return v;
}

/* --- pixels: green, red and blue less green; what they are off is a byte, wrapped --- */

static inline int distance(int a, int b)
{
	return a < b ? b - a : a - b;
}

static inline int median(int w, int n, int nw)
{
	int low = HWS_MIN(w, n), high = HWS_MAX(w, n);

	return nw >= high ? low : nw <= low ? high : w + n - nw;
}

struct near {
	int w, n, nw, ne;
};

static inline unsigned busy(const struct near *c)
{
	unsigned d = (unsigned)(distance(c->n, c->nw) + distance(c->w, c->nw) +
			distance(c->ne, c->n));
	unsigned b = d ? 32 - (unsigned)__builtin_clz(d) : 0;

	return HWS_MIN(b, BUSY - 1);
}

static inline int plane(uint32_t c, unsigned channel)
{
	int g = (int)(c >> 8 & 0xff);

	return channel == 0 ? g : ((int)(c >> (channel == 1 ? 16 : 0) & 0xff) - g + 128) & 0xff;
}

static inline struct near around(
		const uint32_t *row, const uint32_t *above, int x, int w, unsigned channel)
{
	uint32_t n = above ? above[x] : x ? row[x - 1] : 0x808080;
	uint32_t left = x ? row[x - 1] : n;

	return (struct near){ .w = plane(left, channel),
		.n = plane(n, channel),
		.nw = plane(above && x ? above[x - 1] : n, channel),
		.ne = plane(above && x + 1 < w ? above[x + 1] : n, channel) };
}

int patch_photo_write(const uint32_t *px, int w, int h, struct hws_buf *out)
{
	struct photo p;

	photo_init(&p);
	p.out = out;
	for (int y = 0; y < h; y++) {
		const uint32_t *row = px + (size_t)y * (size_t)w, *above = y ? row - w : NULL;
		for (int x = 0; x < w; x++)
			for (unsigned c = 0; c < 3; c++) {
				struct near a = around(row, above, x, w, c);
				int8_t d = (int8_t)(uint8_t)(plane(row[x], c) -
						median(a.w, a.n, a.nw));
				unsigned v = d < 0 ? (unsigned)(-1 - d) * 2 + 1 : (unsigned)d * 2;
				put_value(&p, &p.rice[c][busy(&a)], v);
			}
	}
	if (p.n)
		put_bits(&p, 0, 8 - p.n);
	return hws_buf_err(out);
}

void patch_photo_read(struct hws_bytes in, uint32_t *px, int w, int h)
{
	struct photo p;

	photo_init(&p);
	p.at = in.ptr;
	p.end = in.ptr + in.len;
	for (int y = 0; y < h; y++) {
		uint32_t *row = px + (size_t)y * (size_t)w;
		const uint32_t *above = y ? row - w : NULL;
		for (int x = 0; x < w; x++) {
			int v[3];
			for (unsigned c = 0; c < 3; c++) {
				struct near a = around(row, above, x, w, c);
				unsigned m = take_value(&p, &p.rice[c][busy(&a)]);
				int d = m & 1 ? -1 - (int)(m >> 1) : (int)(m >> 1);
				v[c] = (median(a.w, a.n, a.nw) + d) & 0xff;
			}
			unsigned red = (unsigned)(v[1] - 128 + v[0]) & 0xff;
			unsigned blue = (unsigned)(v[2] - 128 + v[0]) & 0xff;
			row[x] = red << 16 | (unsigned)v[0] << 8 | blue;
		}
	}
}
