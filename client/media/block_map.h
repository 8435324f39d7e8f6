/* media/block_map: which blocks of a picture an encoder is to look at: those that changed. What is
 * outside is copied by the encoder, and costs neither time nor bits. What was coded too coarsely
 * comes again as damage (services/video/debt). Plain data. */
#pragma once
#include "client/media/region.h"
#include "shared/base/err.h"
#include <stdint.h>

#define HWS_BLOCK 16 /* pixels a side, as the active maps of libvpx and libaom have it */

struct hws_block_map {
	int width, height; /* of the picture */
	unsigned cols, rows;
	uint8_t *map; /* one byte per block: non-zero = code it */
};

/* HWS_ERR_NOMEM: *m is as zeroed. */
int hws_block_map_init(struct hws_block_map *m, int width, int height) HWS_MUST_CHECK;
void hws_block_map_done(struct hws_block_map *m); /* takes a zeroed one */
/* The map for a picture with this damage. */
uint8_t *hws_block_map_mark(struct hws_block_map *m, const struct hws_region *damage);
