/* Copies of what is on a clipboard: one piece of memory each, so that they are given up at once. */
#include "client/platform/clip_content.h"
#include "shared/base/mem.h"
#include <string.h>

bool hws_clip_content_equal(const struct hws_clip_content *a, const struct hws_clip_content *b)
{
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		if (!hws_bytes_equal(a->part[i], b->part[i]))
			return false;
	return true;
}

int hws_clip_copy_make(const struct hws_clip_content *c, struct hws_clip_copy *ret)
{
	struct hws_clip_copy copy = { 0 };
	size_t at = 0;

	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		if (c->part[i].len > HWS_CLIP_PART_MAX)
			return HWS_ERR_TOOBIG;
	if (hws_clip_content_size(c) > HWS_CLIP_ALL_MAX)
		return HWS_ERR_TOOBIG;
	copy.memory = hws_alloc(hws_clip_content_size(c) + 1);
	if (!copy.memory)
		return HWS_ERR_NOMEM;
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++) {
		uint8_t *to = (uint8_t *)copy.memory + at;

		if (!c->part[i].len)
			continue;
		memcpy(to, c->part[i].ptr, c->part[i].len);
		copy.c.part[i] = hws_bytes(to, c->part[i].len);
		at += c->part[i].len;
	}
	*ret = copy;
	return HWS_OK;
}

void hws_clip_copy_done(struct hws_clip_copy *c)
{
	hws_free(c->memory);
	*c = (struct hws_clip_copy){ 0 };
}
