/* The decoder process as tests of services want it: it answers before the call is back, in this
 * process. Linked in place of client/decoder's own. */
#include "client/decoder/confined.h"
#include "client/media/opus.h"
#include "client/media/png.h"
#include "shared/base/buf.h"
#include "shared/wire/compress.h"

static int nobody; /* of whom nothing is asked but here */

int hws_confined_new(const struct hws_confined_conf *conf HWS_UNUSED, struct hws_confined **ret)
{
	*ret = (struct hws_confined *)&nobody;
	return HWS_OK;
}

void hws_confined_free(struct hws_confined *c HWS_UNUSED)
{
}

int hws_confined_unpack(struct hws_confined *c HWS_UNUSED, struct hws_bytes in, size_t max,
		hws_confined_done *done, void *arg)
{
	struct hws_confined_result res = { 0 };
	struct hws_buf out;

	hws_buf_init(&out, max);
	int r = hws_decompress(in, max, &out);
	res.bytes = hws_buf_bytes(&out);
	done(r, &res, arg);
	hws_buf_done(&out);
	return HWS_OK;
}

int hws_confined_image(struct hws_confined *c HWS_UNUSED, const struct hws_confined_image *i,
		size_t max, hws_confined_done *done, void *arg)
{
	struct hws_confined_result res = { 0 };
	struct hws_buf out, plain;
	struct hws_bytes pixels = i->bytes;
	int r = HWS_OK;

	hws_buf_init(&out, max);
	hws_buf_init(&plain, max);
	if (i->packed) {
		r = hws_decompress(i->bytes, max, &plain);
		pixels = hws_buf_bytes(&plain);
	}
	if (r == HWS_OK && i->width && pixels.len != (size_t)i->width * (size_t)i->height * 4)
		r = HWS_ERR_CORRUPT;
	if (r == HWS_OK)
		r = i->width ? hws_png_from_rgba(pixels.ptr, i->width, i->height, &out)
			     : hws_png_clean(i->bytes, &out);
	res.bytes = hws_buf_bytes(&out);
	done(r, &res, arg);
	hws_buf_done(&plain);
	hws_buf_done(&out);
	return HWS_OK;
}

int hws_confined_video(struct hws_confined *c HWS_UNUSED,
		const struct hws_confined_video *v HWS_UNUSED, hws_confined_done *done HWS_UNUSED,
		void *arg HWS_UNUSED)
{
	return HWS_ERR_CLOSED;
}

int hws_confined_patch(struct hws_confined *c HWS_UNUSED, unsigned display HWS_UNUSED,
		bool rgba HWS_UNUSED, struct hws_bytes patch HWS_UNUSED,
		hws_confined_done *done HWS_UNUSED, void *arg HWS_UNUSED)
{
	return HWS_ERR_CLOSED;
}

/* One stream of sound, kept between calls as the process does. */
int hws_confined_sound(struct hws_confined *c HWS_UNUSED, const struct hws_confined_sound *s,
		hws_confined_done *done, void *arg)
{
	static struct hws_opus_decoder *opus;
	static int16_t samples[HWS_OPUS_FRAMES_MAX * HWS_OPUS_CHANNELS_MAX];
	struct hws_confined_result res = { 0 };

	if (s->reset || !opus) {
		hws_opus_decoder_free(opus);
		if (hws_opus_decoder_new(s->rate, s->channels, &opus) < 0)
			return HWS_ERR_NOMEM;
	}
	int n = hws_opus_decode(opus, s->packets[0], samples);
	if (n > 0)
		res.bytes = hws_bytes(samples, (size_t)n * s->channels * sizeof(*samples));
	done(n > 0 ? HWS_OK : n, &res, arg);
	return HWS_OK;
}

void hws_confined_cancel(struct hws_confined *c HWS_UNUSED, void *arg HWS_UNUSED)
{
}

void hws_confined_forget(struct hws_confined *c HWS_UNUSED, unsigned display HWS_UNUSED)
{
}

void hws_confined_on_loss(struct hws_confined *c HWS_UNUSED, void (*fn)(void *arg) HWS_UNUSED,
		void *arg HWS_UNUSED)
{
}
