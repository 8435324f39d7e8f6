/* A byte for each block, as both libraries take it. */
#include "client/media/block_map.h"
#include "shared/base/mem.h"
#include <string.h>

int hws_block_map_init(struct hws_block_map *m, int width, int height)
{
	*m = (struct hws_block_map){ .width = width,
		.height = height,
		.cols = (unsigned)(width + HWS_BLOCK - 1) / HWS_BLOCK,
		.rows = (unsigned)(height + HWS_BLOCK - 1) / HWS_BLOCK };
	m->map = hws_alloc_array(m->cols, m->rows);
	return m->map ? HWS_OK : HWS_ERR_NOMEM;
}

void hws_block_map_done(struct hws_block_map *m)
{
	hws_free(m->map);
	*m = (struct hws_block_map){ 0 };
}

uint8_t *hws_block_map_mark(struct hws_block_map *m, const struct hws_region *damage)
{
	memset(m->map, 0, (size_t)m->cols * m->rows);
	for (unsigned i = 0; i < damage->n; i++) {
		struct hws_rect r = hws_rect_intersect(
				damage->rect[i], (struct hws_rect){ 0, 0, m->width, m->height });
		if (hws_rect_empty(r))
			continue;
		unsigned x0 = (unsigned)r.x / HWS_BLOCK, x1 = (unsigned)(r.x + r.w - 1) / HWS_BLOCK;
		unsigned y0 = (unsigned)r.y / HWS_BLOCK, y1 = (unsigned)(r.y + r.h - 1) / HWS_BLOCK;
		for (unsigned y = y0; y <= y1; y++)
			memset(m->map + (size_t)y * m->cols + x0, 1, x1 - x0 + 1);
	}
	return m->map;
}
