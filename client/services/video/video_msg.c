/* Messages of pictures and displays, packed by hand where a copy of the picture would be the
 * price of packing. */
#include "client/services/video/video_msg.h"
#include "client/media/codec_table.h"
#include "shared/wire/field.h"
#include <string.h>

#define EXACT_MAX (16 + HWS_REGION_MAX * 4 * 5)
_Static_assert(EXACT_MAX + 100 <= HWS_VIDEO_HEAD_MAX, "a head has room for all of it");

/* VideoFrame.exact with its key; returns its length. */
static size_t put_exact(const struct hws_video_exact *e, uint8_t *to)
{
	uint8_t rects[HWS_REGION_MAX * 4 * 5], body[EXACT_MAX];
	size_t n = 0, k = 0, l = 0;

	for (unsigned i = 0; e->region && i < e->region->n; i++) {
		const struct hws_rect *r = &e->region->rect[i];
		n += hws_varint_put((uint64_t)r->x, rects + n);
		n += hws_varint_put((uint64_t)r->y, rects + n);
		n += hws_varint_put((uint64_t)r->w, rects + n);
		n += hws_varint_put((uint64_t)r->h, rects + n);
	}
	k += hws_tag_put(1, HWS_WIRE_VARINT, body + k);
	k += hws_varint_put(e->generation, body + k);
	if (!e->region) {
		k += hws_tag_put(2, HWS_WIRE_VARINT, body + k);
		body[k++] = 1;
	}
	if (n) {
		k += hws_tag_put(3, HWS_WIRE_BYTES, body + k);
		k += hws_varint_put(n, body + k);
		memcpy(body + k, rects, n);
		k += n;
	}
	l += hws_tag_put(1001, HWS_WIRE_BYTES, to + l);
	l += hws_varint_put(k, to + l);
	memcpy(to + l, body, k);
	return l + k;
}

size_t hws_video_patch_head(unsigned display, uint32_t generation, size_t data_len,
		uint8_t buf[HWS_VIDEO_HEAD_MAX])
{
	uint8_t body[40];
	size_t k = 0, n = 0;

	if (display) {
		k += hws_tag_put(1, HWS_WIRE_VARINT, body + k);
		k += hws_varint_put(display, body + k);
	}
	k += hws_tag_put(2, HWS_WIRE_VARINT, body + k);
	k += hws_varint_put(generation, body + k);
	k += hws_tag_put(3, HWS_WIRE_BYTES, body + k);
	k += hws_varint_put(data_len, body + k);
	n += hws_tag_put(SES__MESSAGE__UNION_PATCH, HWS_WIRE_BYTES, buf + n);
	n += hws_varint_put(k + data_len, buf + n);
	memcpy(buf + n, body, k);
	return n + k;
}

size_t hws_video_head(enum hws_codec codec, unsigned display, bool key, int64_t pts_ms,
		size_t data_len, const struct hws_video_exact *exact,
		uint8_t buf[HWS_VIDEO_HEAD_MAX])
{
	uint32_t member = hws_codec_row(codec)->frames;
	uint8_t frame[32], lead[EXACT_MAX + 32];
	size_t f = 0, l = 0, n = 0;

	if (!member)
		return 0;
	/* EncodedVideoFrame: key, pts, then data, so that data can be last. */
	if (key) {
		f += hws_tag_put(2, HWS_WIRE_VARINT, frame + f);
		frame[f++] = 1;
	}
	if (pts_ms) {
		f += hws_tag_put(3, HWS_WIRE_VARINT, frame + f);
		f += hws_varint_put((uint64_t)pts_ms, frame + f);
	}
	f += hws_tag_put(1, HWS_WIRE_BYTES, frame + f);
	f += hws_varint_put(data_len, frame + f);
	/* VideoFrame: display before the union, as deployed peers write it. */
	if (display) {
		l += hws_tag_put(14, HWS_WIRE_VARINT, lead + l);
		l += hws_varint_put(display, lead + l);
	}
	if (exact)
		l += put_exact(exact, lead + l);
	l += hws_tag_put(member, HWS_WIRE_BYTES, lead + l);
	uint64_t frame_len = f + data_len;
	uint64_t frames_len = 1 + hws_varint_len(frame_len) + frame_len;
	uint64_t video_len = l + hws_varint_len(frames_len) + frames_len;

	n += hws_tag_put(6, HWS_WIRE_BYTES, buf + n);
	n += hws_varint_put(video_len, buf + n);
	memcpy(buf + n, lead, l);
	n += l;
	n += hws_varint_put(frames_len, buf + n);
	n += hws_tag_put(1, HWS_WIRE_BYTES, buf + n);
	n += hws_varint_put(frame_len, buf + n);
	memcpy(buf + n, frame, f);
	return n + f;
}

Ses__Resolution hws_original_msg(
		const struct hws_display *d, struct hws_screens *screens, unsigned display)
{
	Ses__Resolution r = SES__RESOLUTION__INIT;
	struct hws_size before = { d->width, d->height };

	hws_screens_original(screens, display, &before);
	r.width = before.width;
	r.height = before.height;
	return r;
}

void hws_sizes_msg_fill(struct hws_sizes_msg *m, struct hws_screens *screens, unsigned display)
{
	struct hws_size list[HWS_SIZES_MAX];

	ses__supported_resolutions__init(&m->m);
	m->m.n_resolutions = hws_screens_sizes(screens, display, list);
	m->m.resolutions = m->ptr;
	for (size_t i = 0; i < m->m.n_resolutions; i++) {
		ses__resolution__init(&m->size[i]);
		m->size[i].width = list[i].width;
		m->size[i].height = list[i].height;
		m->ptr[i] = &m->size[i];
	}
}

void hws_display_msg_fill(struct hws_display_msg *m, const struct hws_display *list, unsigned count,
		struct hws_screens *screens)
{
	m->count = count < HWS_DISPLAYS_MAX ? count : HWS_DISPLAYS_MAX;
	m->primary = 0;
	for (unsigned i = m->count; i-- > 0;) {
		struct hws_display *c = &m->copy[i];
		*c = list[i];
		ses__display_info__init(&m->info[i]);
		m->original[i] = hws_original_msg(c, screens, i);
		m->info[i].x = c->x;
		m->info[i].y = c->y;
		m->info[i].width = c->width;
		m->info[i].height = c->height;
		m->info[i].name = c->name;
		m->info[i].online = true;
		m->info[i].scale = 1.0;
		m->info[i].original_resolution = &m->original[i];
		m->ptr[i] = &m->info[i];
		if (c->primary)
			m->primary = i;
	}
}
