/* media/patch_range: a binary range coder with adaptive probabilities, as patches use it. What is
 * read beyond the end is zeros: a hostile stream gives other pixels, never another place. Private
 * to the patch files; inline, because each pixel comes through here. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include <stdbool.h>

/* The probability that a bit is 0, in 65536ths, and how sure that is. */
struct patch_bit {
	uint16_t zero;
	uint8_t seen;
};

#define PATCH_SURE 15 /* bits after which it adapts no slower */

/* How fast it adapts: fast at first, because a patch is short. Part of the format. */
static const uint8_t patch_pace[PATCH_SURE + 1] = { 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4,
	5 };

static inline void patch_bits_init(struct patch_bit *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (struct patch_bit){ .zero = 1u << 15 };
}

static inline void patch_bit_learn(struct patch_bit *b, unsigned bit)
{
	unsigned pace = patch_pace[b->seen];

	if (bit)
		b->zero = (uint16_t)(b->zero - (b->zero >> pace));
	else
		b->zero = (uint16_t)(b->zero + ((65535u - b->zero) >> pace));
	/* Never quite sure: the other bit must stay possible. */
	b->zero = (uint16_t)HWS_MIN(HWS_MAX(b->zero, 64u), 65535u - 64u);
	b->seen = (uint8_t)(b->seen + (b->seen < PATCH_SURE));
}

/* --- writing --- */

struct patch_writer {
	struct hws_buf *out;
	uint64_t low;
	uint32_t range;
	uint8_t cache;
	uint32_t pending; /* bytes that a carry may still change */
	bool begun;       /* the first byte is always 0 and left out */
	size_t from;      /* bytes in `out` before the first of ours */
};

static inline void patch_writer_init(struct patch_writer *w, struct hws_buf *out)
{
	*w = (struct patch_writer){
		.out = out, .range = 0xffffffffu, .pending = 1, .from = out->end
	};
}

static inline void patch_writer_shift(struct patch_writer *w)
{
	if (w->low < 0xff000000u || w->low > 0xffffffffu) {
		uint8_t carry = (uint8_t)(w->low >> 32), byte = w->cache;
		for (; w->pending; w->pending--, byte = 0xff) {
			if (w->begun)
				hws_buf_put_u8(w->out, (uint8_t)(byte + carry));
			w->begun = true;
		}
		w->cache = (uint8_t)(w->low >> 24);
	}
	w->pending++;
	w->low = (uint32_t)w->low << 8;
}

static inline void patch_put(struct patch_writer *w, struct patch_bit *b, unsigned bit)
{
	uint32_t bound = (w->range >> 16) * b->zero;

	if (bit) {
		w->low += bound;
		w->range -= bound;
	} else {
		w->range = bound;
	}
	patch_bit_learn(b, bit);
	while (w->range < 1u << 24) {
		w->range <<= 8;
		patch_writer_shift(w);
	}
}

/* A number below n, at most 2^16, of which nothing is known. */
static inline void patch_put_flat(struct patch_writer *w, uint32_t v, uint32_t n)
{
	w->range /= n;
	w->low += (uint64_t)v * w->range;
	while (w->range < 1u << 24) {
		w->range <<= 8;
		patch_writer_shift(w);
	}
}

/* Ends with as few bytes as tell the decoder the same, who reads zeros behind them. */
static inline void patch_writer_end(struct patch_writer *w)
{
	uint64_t last = w->low + w->range - 1;

	for (unsigned zeros = 32; zeros > 0; zeros -= 8) {
		uint64_t v = last & ~((1ull << zeros) - 1);
		if (v >= w->low) {
			w->low = v;
			break;
		}
	}
	for (int i = 0; i < 5; i++)
		patch_writer_shift(w);
	while (w->out->end > w->from && w->out->data[w->out->end - 1] == 0)
		w->out->end--;
}

/* --- reading --- */

struct patch_reader {
	const uint8_t *at, *end;
	uint32_t range, code;
};

static inline uint8_t patch_reader_byte(struct patch_reader *r)
{
	return r->at < r->end ? *r->at++ : 0;
}

static inline void patch_reader_init(struct patch_reader *r, struct hws_bytes in)
{
	*r = (struct patch_reader){ .at = in.ptr, .end = in.ptr + in.len, .range = 0xffffffffu };
	for (int i = 0; i < 4; i++)
		r->code = r->code << 8 | patch_reader_byte(r);
}

static inline unsigned patch_take(struct patch_reader *r, struct patch_bit *b)
{
	uint32_t bound = (r->range >> 16) * b->zero;
	unsigned bit = r->code >= bound;

	if (bit) {
		r->code -= bound;
		r->range -= bound;
	} else {
		r->range = bound;
	}
	patch_bit_learn(b, bit);
	while (r->range < 1u << 24) {
		r->range <<= 8;
		r->code = r->code << 8 | patch_reader_byte(r);
	}
	return bit;
}

static inline uint32_t patch_take_flat(struct patch_reader *r, uint32_t n)
{
	r->range /= n;
	uint32_t v = HWS_MIN(r->code / r->range, n - 1);

	r->code -= v * r->range;
	while (r->range < 1u << 24) {
		r->range <<= 8;
		r->code = r->code << 8 | patch_reader_byte(r);
	}
	return v;
}
