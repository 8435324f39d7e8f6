/* A codec fits when a picture that changed much leaves time for the other steps, and a first one
 * does not keep people waiting. Under load it may not any more: it is left alone for minutes then,
 * since each change of codec costs a whole picture. */
#include "client/services/video/codec_speed.h"
#include "client/media/hardware.h"
#include "client/media/trial.h"
#include "client/media/video_codec.h"
#include "shared/base/clock.h"
#include <time.h>

#define W 1920
#define H 1080
#define PICTURES 8
#define FRAME_PART 0.8  /* of the time between two pictures */
#define KEY_US 300000.0 /* of a first picture */
#define LATE_MOST 0.5   /* of the last pictures */
#define LATE_GAIN 0.04  /* weight of the newest */
#define SLOW_US (300 * HWS_US_PER_S)

/* Of this thread alone: what else runs on the machine now says nothing of the codec. When it goes
 * on running, pictures come late, which is noted. */
static uint64_t thread_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * HWS_US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

static int run(struct hws_encoder *e, struct hws_picture *p, uint64_t due, const atomic_bool *stop,
		struct hws_codec_took *ret)
{
	const double million = W * H / 1e6;
	struct hws_region part = { 1, { { 0, H / 4, W, H / 2 } } };
	double sum = 0;

	hws_trial_draw(p, 0, H, 0);
	for (unsigned n = 0; n < PICTURES; n++) {
		struct hws_packet packet;
		if (stop && atomic_load(stop))
			return HWS_ERR_CANCELED;
		if (n)
			hws_trial_draw(p, H / 4, H / 4 + H / 2, (int)n);
		uint64_t begun = thread_us();
		int r = hws_encoder_encode(e, p, n ? &part : NULL, n == 0, n * 33, &packet);
		uint64_t took = thread_us() - begun;
		if (r < 0 && r != HWS_ERR_AGAIN)
			return r;
		if (hws_clock_us() > due)
			return HWS_ERR_TIMEOUT;
		if (n == 0)
			ret->key_us = (double)took / million;
		else
			sum += (double)took / million;
	}
	ret->frame_us = sum / (PICTURES - 1);
	return HWS_OK;
}

int hws_codec_speed_measure(enum hws_codec codec, uint64_t limit_us, const atomic_bool *stop,
		struct hws_codec_took *ret)
{
	struct hws_encoder_conf conf = { .codec = codec,
		.width = W,
		.height = H,
		.quality = { .bitrate_kbit_s = 2000, .finest = 2500, .coarsest = 8000 } };
	uint64_t due = hws_clock_us() + limit_us;
	struct hws_codec_took took = { 0 };
	struct hws_encoder *e = NULL;
	struct hws_picture *p = NULL;

	/* The probe has measured it, and the time of the processor says nothing of a device. */
	if (hws_hardware_wins(HWS_HW_ENCODES, codec, W, H)) {
		const struct hws_hw_took device = hws_hardware_took(HWS_HW_ENCODES, codec);
		ret->key_us = ret->frame_us = hws_hw_us(&device, W * H) / (W * H / 1e6);
		return HWS_OK;
	}
	int r = hws_encoder_new(&conf, &e);

	if (r == HWS_OK)
		r = hws_picture_new(HWS_PIXEL_I420, W, H, &p);
	if (r == HWS_OK)
		r = run(e, p, due, stop, &took);
	if (r == HWS_OK)
		*ret = took;
	hws_picture_drop(p);
	hws_encoder_free(e);
	return r;
}

void hws_codec_speed_note(struct hws_codec_speed *s, enum hws_codec codec, uint64_t took_us,
		uint64_t interval_us, uint64_t now_us)
{
	double *late = &s->late[codec];

	*late += ((took_us > interval_us ? 1.0 : 0.0) - *late) * LATE_GAIN;
	if (*late <= LATE_MOST)
		return;
	s->slow_us[codec] = now_us + SLOW_US;
	*late = 0;
}

bool hws_codec_speed_fits(const struct hws_codec_speed *s, enum hws_codec codec, double pixels,
		uint64_t interval_us, uint64_t now_us)
{
	const struct hws_codec_took *t = &s->took[codec];

	return t->frame_us > 0 && now_us >= s->slow_us[codec] &&
			t->frame_us * pixels / 1e6 <= FRAME_PART * (double)interval_us &&
			t->key_us * pixels / 1e6 <= KEY_US;
}
