/* One display at the viewer: packets in, pictures out, decoded on a worker. Pictures are swapped,
 * not copied, so that a slow reader holds nobody up. */
#include "client/services/video/display_view.h"
#include "client/core/codec_wire.h"
#include "client/media/pixels.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define FRAMES_IN_MESSAGE 64u /* deployed hosts send one */

int hws_display_view_new(struct hws_display_view **ret)
{
	struct hws_display_view *s = hws_alloc(sizeof(*s));
	int r;

	if (!s)
		return HWS_ERR_NOMEM;
	/* Shown, newest, being written, and one more so that a slow reader does not stop the
	 * others. */
	r = hws_picture_pool_new(4, &s->pool);
	if (r < 0) {
		hws_free(s);
		return r;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->need_key = true;
	*ret = s;
	return HWS_OK;
}

void hws_display_view_clear_queue(struct hws_display_view *s)
{
	Ses__Message *m;

	while ((m = hws_display_view_pop(s)))
		hws_ses_free(m);
}

void hws_display_view_forget(struct hws_display_view *s)
{
	hws_display_view_clear_queue(s);
	hws_decoder_free(s->decoder);
	hws_picture_drop(s->before);
	pthread_mutex_lock(&s->lock);
	hws_picture_unlock(s->newest);
	s->newest = NULL;
	pthread_mutex_unlock(&s->lock);
	s->decoder = NULL;
	s->before = NULL;
	s->need_key = s->reset = true;
}

void hws_display_view_free(struct hws_display_view *s)
{
	if (!s)
		return;
	hws_display_view_forget(s);
	hws_picture_pool_free(s->pool);
	pthread_mutex_destroy(&s->lock);
	hws_free(s);
}

static size_t message_bytes(const Ses__Message *m)
{
	enum hws_codec codec;
	const Ses__EncodedVideoFrames *f = hws_video_frames(m->video_frame, &codec);
	size_t n = 0;

	for (size_t i = 0; f && i < f->n_frames; i++)
		n += f->frames[i]->data.len;
	return n;
}

bool hws_display_view_push(struct hws_display_view *s, Ses__Message *m, size_t bytes)
{
	bool fits = s->count < HWS_DISPLAY_VIEW_QUEUE &&
			s->bytes + bytes <= HWS_DISPLAY_VIEW_QUEUE_BYTES;

	if (!fits) {
		hws_display_view_clear_queue(s);
		hws_ses_free(m);
		s->need_key = true;
		return false;
	}
	s->queue[(s->head + s->count++) % HWS_DISPLAY_VIEW_QUEUE] = m;
	s->bytes += bytes;
	return true;
}

Ses__Message *hws_display_view_pop(struct hws_display_view *s)
{
	Ses__Message *m;

	if (s->count == 0)
		return NULL;
	m = s->queue[s->head];
	s->head = (s->head + 1) % HWS_DISPLAY_VIEW_QUEUE;
	s->count--;
	s->bytes -= HWS_MIN(s->bytes, message_bytes(m));
	return m;
}

/* The columns of two lines that differ, joined to what is known already; a side of -1: none yet. */
static void find_columns(const uint8_t *p, const uint8_t *q, int samples, int shift, int bytes,
		int *left, int *right)
{
	/* Only what lies outside of the columns found so far is looked at closely. */
	int l = HWS_MIN((*left + (1 << shift) - 1) >> shift, samples);
	int r = HWS_MIN((*right + (1 << shift)) >> shift, samples);

	if (memcmp(p, q, (size_t)l * (size_t)bytes) != 0) {
		for (l = 0; p[l] == q[l];)
			l++;
		*left = l / bytes << shift;
	}
	if (r < samples &&
			memcmp(p + r * bytes, q + r * bytes,
					(size_t)(samples - r) * (size_t)bytes) != 0) {
		for (r = samples * bytes - 1; p[r] == q[r];)
			r--;
		*right = ((r / bytes + 1) << shift) - 1;
	}
}

/* Rows that differ, then the columns within them; luma first, chroma for the rare change of colour
 * alone. */
static struct hws_rect find_damage(const struct hws_picture *a, const struct hws_picture *b)
{
	const struct hws_pixel_row *row = hws_pixel_row(a->format);
	int top = a->height, bottom = -1, left = a->width, right = -1;

	for (unsigned i = 0; i < row->planes; i++) {
		int x_shift = row->plane[i].x_shift, y_shift = row->plane[i].y_shift;
		int w = hws_plane_side(a->width, row->plane[i].x_shift);
		int h = hws_plane_side(a->height, row->plane[i].y_shift);
		for (int y = 0; y < h; y++) {
			const uint8_t *p = a->plane[i] + (ptrdiff_t)y * a->stride[i];
			const uint8_t *q = b->plane[i] + (ptrdiff_t)y * b->stride[i];
			if (memcmp(p, q, (size_t)w * row->plane[i].bytes) == 0)
				continue;
			find_columns(p, q, w, x_shift, row->plane[i].bytes, &left, &right);
			top = HWS_MIN(top, y << y_shift);
			bottom = HWS_MAX(bottom, ((y + 1) << y_shift) - 1);
		}
	}
	if (bottom < 0)
		return (struct hws_rect){ 0 };
	right = HWS_MIN(right, a->width - 1);
	bottom = HWS_MIN(bottom, a->height - 1);
	return (struct hws_rect){ left, top, right - left + 1, bottom - top + 1 };
}

static void copy_part(struct hws_picture *to, const struct hws_picture *from, struct hws_rect r)
{
	const struct hws_pixel_row *row = hws_pixel_row(from->format);

	r = hws_rect_align2(r, from->width, from->height);
	for (unsigned i = 0; i < row->planes; i++) {
		unsigned x_shift = row->plane[i].x_shift, y_shift = row->plane[i].y_shift;
		ptrdiff_t x = (ptrdiff_t)(r.x >> x_shift) * row->plane[i].bytes;
		size_t line = (size_t)hws_plane_side(r.w, x_shift) * row->plane[i].bytes;
		int y = r.y >> y_shift, h = hws_plane_side(r.h, y_shift);
		for (int k = y; k < y + h; k++)
			memcpy(to->plane[i] + (ptrdiff_t)k * to->stride[i] + x,
					from->plane[i] + (ptrdiff_t)k * from->stride[i] + x, line);
	}
}

/* Compares with the last picture and keeps this one in its place. */
static int changed_part(
		struct hws_display_view *s, const struct hws_picture *p, struct hws_rect *ret)
{
	struct hws_rect all = { 0, 0, p->width, p->height };
	int r;

	if (s->before && s->before->format == p->format && s->before->width == p->width &&
			s->before->height == p->height) {
		*ret = find_damage(p, s->before);
	} else {
		hws_picture_drop(s->before);
		s->before = NULL;
		r = hws_picture_new(p->format, p->width, p->height, &s->before);
		if (r < 0)
			return r;
		*ret = all;
	}
	if (!hws_rect_empty(*ret))
		copy_part(s->before, p, *ret);
	return HWS_OK;
}

/* Brings a picture that shows an older one, or nothing yet, up to this one. */
static int convert(struct hws_display_view *s, const struct hws_picture *from,
		struct hws_picture *to, bool rgba)
{
	struct hws_rect r = { 0, 0, from->width, from->height };

	if (to->mark && s->content - to->mark <= HWS_DISPLAY_VIEW_RECENT) {
		r = (struct hws_rect){ 0 };
		for (uint64_t n = to->mark + 1; n <= s->content; n++)
			r = hws_rect_union(r, s->recent[n % HWS_DISPLAY_VIEW_RECENT]);
		r = hws_rect_align2(r, from->width, from->height);
	}
	to->mark = s->content;
	if (hws_rect_empty(r))
		return HWS_OK;
	uint8_t *dst = to->plane[0] + (ptrdiff_t)r.y * to->stride[0] + (ptrdiff_t)r.x * 4;
	return hws_pixels_to_packed(from, r, rgba, dst, to->stride[0]);
}

int hws_display_view_decode(struct hws_display_view *s, enum hws_codec codec,
		const Ses__EncodedVideoFrames *frames, bool reset, bool rgba,
		struct hws_picture **ret, struct hws_rect *ret_damage)
{
	const struct hws_picture *decoded = NULL;
	struct hws_picture *out = NULL;
	int r = HWS_OK;

	if (reset || codec != s->codec) {
		hws_decoder_free(s->decoder);
		s->decoder = NULL;
		s->codec = codec;
	}
	if (!s->decoder) {
		r = hws_decoder_new(codec, 2, &s->decoder);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < frames->n_frames && i < FRAMES_IN_MESSAGE; i++) {
		const ProtobufCBinaryData *d = &frames->frames[i]->data;
		const struct hws_picture *p = NULL;
		r = hws_decoder_decode(s->decoder, hws_bytes(d->data, d->len), &p);
		if (r == HWS_OK)
			decoded = p;
		else if (r != HWS_ERR_AGAIN)
			return r;
	}
	if (!decoded)
		return HWS_ERR_AGAIN;
	r = hws_picture_pool_get(s->pool, HWS_PIXEL_BGRA, decoded->width, decoded->height, &out);
	if (r < 0)
		return r;
	r = changed_part(s, decoded, ret_damage);
	if (r < 0) {
		hws_picture_drop(out);
		return r;
	}
	s->content++;
	s->recent[s->content % HWS_DISPLAY_VIEW_RECENT] = *ret_damage;
	r = convert(s, decoded, out, rgba);
	if (r < 0) {
		out->mark = 0;
		hws_picture_drop(out);
		return r;
	}
	*ret = out;
	return HWS_OK;
}

void hws_display_view_publish(struct hws_display_view *s, struct hws_picture *p,
		struct hws_rect damage, uint64_t now_us)
{
	struct hws_picture *old;

	pthread_mutex_lock(&s->lock);
	old = s->newest;
	if (!old || old->width != p->width || old->height != p->height)
		s->damage = (struct hws_rect){ 0, 0, p->width, p->height };
	else
		s->damage = hws_rect_union(s->damage, damage);
	s->newest = p;
	s->number++;
	s->time_us = now_us;
	pthread_mutex_unlock(&s->lock);
	hws_picture_unlock(old);
}
