/* media/bits: reading the headers of video packets bit by bit, from the highest on. Behind the end
 * there are zeros, and `cut` says so: a reader looks once, when it has read all. Plain values. */
#pragma once
#include "shared/base/bytes.h"
#include <stdbool.h>

struct hws_bits {
	struct hws_bytes in;
	size_t at; /* bits read */
	bool cut;
};

static inline struct hws_bits hws_bits(struct hws_bytes in)
{
	return (struct hws_bits){ .in = in };
}

/* Up to 32 bits. */
static inline uint32_t hws_bits_take(struct hws_bits *b, unsigned count)
{
	uint32_t v = 0;

	for (; count; count--, b->at++) {
		bool there = b->at / 8 < b->in.len;
		b->cut = b->cut || !there;
		v = v << 1 | (there ? b->in.ptr[b->at / 8] >> (7 - b->at % 8) & 1u : 0u);
	}
	return v;
}

static inline void hws_bits_skip(struct hws_bits *b, unsigned count)
{
	b->at += count;
	b->cut = b->cut || (b->at + 7) / 8 > b->in.len;
}

/* So many zeros, a one, and as many bits again (H.264, 9.1; AV1, 4.10.3). More than 31 zeros are no
 * number that any header has. */
static inline uint32_t hws_bits_golomb(struct hws_bits *b)
{
	unsigned zeros = 0;

	while (!b->cut && hws_bits_take(b, 1) == 0)
		zeros++;
	if (zeros > 31)
		b->cut = true;
	return b->cut ? 0 : (1u << zeros) - 1 + hws_bits_take(b, zeros);
}
