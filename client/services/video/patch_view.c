/* Patches change what this viewer shows; so they count only from a whole picture on that the host
 * has named with their generation. Anything else is a misunderstanding, which a new picture
 * ends. */
#include "client/services/video/patch_view.h"
#include "client/decoder/protocol.h"
#include "client/media/patch.h"

bool hws_patch_view_video(struct hws_display_view *s, const Ses__VideoFrame *f, bool key)
{
	const Ses__ExactFrame *e = f->exact;

	if (!e) { /* all of it is by video */
		s->exact = false;
		return key || !s->need_key;
	}
	if (e->whole) {
		s->exact = true;
		s->exact_generation = e->generation;
		return key || !s->need_key;
	}
	/* A key frame of which a part is shown begins nothing. */
	return !s->need_key && s->exact && e->generation == s->exact_generation &&
			e->n_rects % 4 == 0 && e->n_rects / 4 <= HWS_DECODE_RECTS_MAX;
}

bool hws_patch_view_patch(const struct hws_display_view *s, const Ses__Patch *p)
{
	return !s->need_key && s->exact && p->generation == s->exact_generation &&
			p->data.len <= HWS_PATCH_BYTES_MAX;
}

void hws_patch_view_fill(
		const Ses__VideoFrame *f, struct hws_rect *rects, struct hws_confined_video *v)
{
	const Ses__ExactFrame *e = f->exact;

	if (!e)
		return;
	v->exact = true;
	v->whole = e->whole;
	v->rects = rects;
	v->rect_count = e->whole ? 0 : e->n_rects / 4; /* at most so many, see above */
	for (size_t i = 0; i < v->rect_count; i++) {
		const uint32_t *at = e->rects + i * 4;
		rects[i] = (struct hws_rect){ (int)HWS_MIN(at[0], 1u << 20),
			(int)HWS_MIN(at[1], 1u << 20), (int)HWS_MIN(at[2], 1u << 20),
			(int)HWS_MIN(at[3], 1u << 20) };
	}
}

int hws_patch_view_show(struct hws_confined *decoder, unsigned display, bool rgba,
		hws_confined_done *done, void *arg)
{
	const uint8_t nothing[] = { HWS_PATCH_VERSION };

	return hws_confined_patch(
			decoder, display, rgba, hws_bytes(nothing, sizeof(nothing)), done, arg);
}
