/* tests: a cable in memory between two streams, which can be slow, cut at any byte, or go on as if
 * nothing were wrong while nothing passes. */
#pragma once
#include "shared/net/stream.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cable_way {
	struct hws_stream *from, *to;
	uint8_t held[4096];
	size_t len;
	uint64_t passed;
	bool dead; /* takes bytes, and they are gone */
};

struct cable {
	struct hws_stream *end[2]; /* for whoever is to have them */
	struct cable_way way[2];   /* from end[0], from end[1] */
	uint64_t cut_after;        /* bytes of either way; UINT64_MAX = never */
	bool cut;
};

void cable_open(struct cable *c, struct hws_loop *loop, const struct hws_mem_conf *mem);
/* Carries at most so many bytes each way. */
void cable_carry(struct cable *c, size_t most);
/* Both ends see the end of the stream. */
void cable_cut(struct cable *c);
