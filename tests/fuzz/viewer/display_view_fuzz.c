/* Video messages of a hostile host on their way to the screen: queue, decoder, comparison with the
 * picture before, conversion. Input: a byte of circumstances, then serialised messages, each behind
 * its length as two bytes, little endian; one of length 0 stands for a picture that is taken out of
 * the queue, one of length 1 for the end of it all. */
#include "client/core/codec_wire.h"
#include "client/decoder/display_decoder.h"
#include "client/decoder/protocol.h"
#include "client/services/video/display_view.h"
#include "shared/wire/envelope.h"
#include <stdlib.h>

#define SIDE_MAX 1024 /* larger pictures are legal, but slow to try */

struct screen {
	struct hws_display_view *view;
	struct hws_display_decoder d;
	struct hws_picture_pool *pool;
};

static int decode(struct screen *s, enum hws_codec codec, const Ses__EncodedVideoFrames *f,
		const struct hws_picture **ret)
{
	int r = HWS_ERR_AGAIN;

	for (size_t i = 0; i < f->n_frames && i < HWS_DECODE_PACKETS_MAX; i++) {
		struct hws_bytes packet =
				hws_bytes(f->frames[i]->data.data, f->frames[i]->data.len);
		r = hws_display_decoder_packet(&s->d, codec, s->view->reset && i == 0, packet, ret);
		if (r < 0 && r != HWS_ERR_AGAIN)
			return r;
	}
	return *ret ? HWS_OK : HWS_ERR_AGAIN;
}

static void show_one(struct screen *s, bool rgba, uint64_t now)
{
	const struct hws_picture *decoded = NULL;
	enum hws_codec codec = HWS_CODEC_NONE;
	struct hws_picture *p = NULL;
	struct hws_rect damage = { 0 };
	Ses__Message *m = hws_display_view_pop(s->view);

	if (!m)
		return;
	const Ses__EncodedVideoFrames *f = hws_video_frames(m->video_frame, &codec);
	int r = decode(s, codec, f, &decoded);
	if (r == HWS_OK)
		r = hws_picture_pool_get(
				s->pool, HWS_PIXEL_BGRA, decoded->width, decoded->height, &p);
	if (r == HWS_OK)
		r = hws_display_decoder_show(&s->d, decoded, rgba, p, &damage);
	s->view->reset = r < 0 && r != HWS_ERR_AGAIN && r != HWS_ERR_FULL;
	if (r == HWS_OK) {
		if (damage.x < 0 || damage.y < 0 || damage.w < 0 || damage.h < 0 ||
				damage.x + damage.w > p->width || damage.y + damage.h > p->height)
			abort();
		hws_display_view_publish(s->view, p, damage, now);
		p = NULL;
	}
	hws_picture_unlock(p);
	hws_ses_free(m);
}

/* The width and height that a key frame of either codec claims; those of a hostile size cost
 * seconds each. */
static bool is_small(const Ses__EncodedVideoFrames *f)
{
	for (size_t i = 0; i < f->n_frames; i++) {
		const ProtobufCBinaryData *d = &f->frames[i]->data;
		if (d->len >= 10 && d->data[3] == 0x9d && d->data[4] == 0x01 &&
				d->data[5] == 0x2a &&
				(((d->data[7] & 0x3f) << 8 | d->data[6]) > SIDE_MAX ||
						((d->data[9] & 0x3f) << 8 | d->data[8]) > SIDE_MAX))
			return false;
		if (d->len >= 9 && d->data[1] == 0x49 && d->data[2] == 0x83 && d->data[3] == 0x42) {
			unsigned w = (d->data[4] & 0xfu) << 12 | d->data[5] << 4u | d->data[6] >> 4;
			unsigned h = (d->data[6] & 0xfu) << 12 | d->data[7] << 4u | d->data[8] >> 4;
			if (w > SIDE_MAX || h > SIDE_MAX)
				return false;
		}
	}
	return true;
}

static void take(struct screen *s, struct hws_bytes in, bool rgba)
{
	enum hws_codec codec = HWS_CODEC_NONE;
	Ses__Message *m = NULL;

	if (in.len == 0) {
		show_one(s, rgba, 1);
		return;
	}
	if (in.len == 1) {
		hws_display_view_forget(s->view);
		hws_display_decoder_forget(&s->d);
		return;
	}
	if (hws_ses_unpack(in, &m) < 0)
		return;
	const Ses__EncodedVideoFrames *f = m->union_case == SES__MESSAGE__UNION_VIDEO_FRAME
			? hws_video_frames(m->video_frame, &codec)
			: NULL;
	size_t bytes = 0;
	if (!f || f->n_frames == 0 || !is_small(f)) {
		hws_ses_free(m);
		return;
	}
	for (size_t i = 0; i < f->n_frames; i++)
		bytes += f->frames[i]->data.len;
	if (!hws_display_view_push(s->view, m, bytes) && (s->view->count || !s->view->need_key))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct screen s = { 0 };
	bool rgba;

	if (size < 1 || hws_display_view_new(&s.view) < 0)
		return 0;
	if (hws_picture_pool_new(HWS_DECODE_SLOTS, &s.pool) < 0)
		abort();
	rgba = data[0] & 1;
	data++;
	size--;
	while (size >= 2) {
		size_t n = data[0] | (size_t)data[1] << 8;
		data += 2;
		size -= 2;
		n = n > size ? size : n;
		take(&s, hws_bytes(data, n), rgba);
		data += n;
		size -= n;
	}
	while (s.view->count)
		show_one(&s, rgba, 2);
	hws_display_view_free(s.view);
	hws_display_decoder_forget(&s.d);
	hws_picture_pool_free(s.pool);
	return 0;
}
