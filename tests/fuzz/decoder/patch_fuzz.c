/* A patch of a hostile host on a picture whose size the first two bytes say; and what an honest
 * host would make of that picture must lead the viewer there. */
#include "client/media/patch.h"
#include <stdlib.h>
#include <string.h>

static struct hws_picture *picture(int w, int h)
{
	struct hws_picture *p;

	if (hws_picture_new(HWS_PIXEL_BGRA, w, h, &p) < 0)
		abort();
	return p;
}

static void same(const struct hws_picture *a, const struct hws_picture *b)
{
	for (int y = 0; y < a->height; y++)
		for (int x = 0; x < a->width; x++)
			if (memcmp(a->plane[0] + (ptrdiff_t)y * a->stride[0] + (ptrdiff_t)x * 4,
					    b->plane[0] + (ptrdiff_t)y * b->stride[0] +
							    (ptrdiff_t)x * 4,
					    3) != 0)
				abort();
}

/* From `was` (exact at the viewer) to `now`. */
static void there(struct hws_picture *was, const struct hws_picture *now)
{
	struct hws_region all = { 1, { { 0, 0, now->width, now->height } } }, touched;
	struct hws_patch_wish wish = { now, &all, 1u << 22, 1u << 22, 2 };
	struct hws_patcher *p;
	struct hws_buf out;

	hws_buf_init(&out, HWS_PATCH_BYTES_MAX);
	if (hws_patcher_new(now->width, now->height, &p) < 0 ||
			hws_patcher_complete(p, was, 1, true, 1u << 22, &out) < 0)
		abort();
	hws_buf_reset(&out);
	int r = hws_patcher_change(p, &wish, &out);
	if (r == HWS_OK)
		r = hws_patch_apply(hws_buf_bytes(&out), was, &touched);
	if (r < 0 && r != HWS_ERR_AGAIN)
		abort();
	same(was, now);
	hws_patcher_free(p);
	hws_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_region touched;

	if (size < 2)
		return 0;
	int w = data[0] % 96 + 1, h = data[1] % 96 + 1;
	struct hws_picture *was = picture(w, h), *now = picture(w, h);
	int r = hws_patch_apply(hws_bytes(data + 2, size - 2), now, &touched);

	for (unsigned i = 0; i < touched.n; i++)
		if (touched.rect[i].x < 0 || touched.rect[i].y < 0 ||
				touched.rect[i].x + touched.rect[i].w > w ||
				touched.rect[i].y + touched.rect[i].h > h)
			abort();
	if (r == HWS_OK)
		there(was, now);
	hws_picture_drop(was);
	hws_picture_drop(now);
	return 0;
}
