/* Grab, encode and decode in one process, without network and processes between: what the session
 * costs beyond it is ours to lower. */
#include "tests/bench/common/floor.h"
#include "client/media/video_codec.h"
#include "client/platform/registry.h"
#include "client/services/video/coded_picture.h"
#include "client/services/video/quality.h"
#include "shared/base/clock.h"
#include "tests/support/open_platform.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* As the host does it: video/display_host. */
#define REFINES 8
#define REFINE_GAIN 1000u
#define WAIT_US (10 * HWS_US_PER_S)

struct floor {
	struct hws_loop *loop;
	struct hws_platform *platform;
	struct hws_capture_reader *reader;
	struct hws_encoder *encoder;
	struct hws_decoder *decoder;
	struct hws_coded_picture coded; /* as the encoder takes it */
	double convert_cpu_ms;          /* of the last picture */
	bool damaged, out, got;
	struct hws_picture *picture;
	struct hws_region damage;
	int64_t pts_ms;
	unsigned coarse; /* the last picture */
};

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, hws_err_text(r));
	exit(1);
}

static void on_damage(unsigned display HWS_UNUSED, void *arg)
{
	struct floor *f = arg;

	f->damaged = true;
}

static void on_frame(unsigned display HWS_UNUSED, int r, struct hws_picture *p,
		const struct hws_region *damage, void *arg)
{
	struct floor *f = arg;

	f->got = true;
	f->out = r >= 0;
	f->picture = r >= 0 ? p : NULL;
	f->damage = r >= 0 ? *damage : (struct hws_region){ 0 };
}

static void until(struct floor *f, const bool *flag)
{
	uint64_t due = hws_clock_us() + WAIT_US;

	while (!*flag) {
		if (hws_clock_us() > due)
			must(HWS_ERR_TIMEOUT, "the bare capture saw no change");
		hws_loop_once(f->loop, 20000);
	}
}

void floor_open(struct floor **ret, const char *display)
{
	struct floor *f = calloc(1, sizeof(*f));
	struct hws_error err = { 0 };

	if (!f)
		must(HWS_ERR_NOMEM, "floor");
	must(hws_loop_new(&f->loop), "loop");
	must(test_open_platform(f->loop,
			     &(struct hws_platform_conf){ .backend = "x11", .display = display },
			     &f->platform, &err),
			err.text);
	must(hws_capture_subscribe(f->platform->capture,
			     &(struct hws_capture_events){ .on_damage = on_damage,
					     .on_frame = on_frame,
					     .arg = f },
			     &f->reader),
			"capture");
	*ret = f;
}

static void release(struct floor *f)
{
	if (f->out)
		hws_capture_release(f->reader, 0);
	f->out = false;
}

void floor_close(struct floor *f)
{
	if (!f)
		return;
	release(f);
	hws_encoder_free(f->encoder);
	hws_decoder_free(f->decoder);
	hws_coded_picture_forget(&f->coded);
	hws_capture_unsubscribe(f->reader);
	hws_platform_close(f->platform);
	hws_loop_once(f->loop, 0);
	hws_loop_free(f->loop);
	free(f);
}

static void grab(struct floor *f)
{
	int r;

	release(f);
	f->picture = NULL;
	while (!f->picture) {
		until(f, &f->damaged);
		f->damaged = f->got = false;
		r = hws_capture_grab(f->reader, 0);
		if (r == HWS_ERR_AGAIN) /* what was told of was taken with the picture before */
			continue;
		must(r, "grab");
		until(f, &f->got);
	}
}

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static struct hws_bytes encode(struct floor *f, const struct hws_region *damage, bool key)
{
	struct hws_packet p = { 0 };
	const struct hws_picture *taken;
	double cpu = cpu_ms();

	must(hws_coded_picture_update(&f->coded, HWS_PIXEL_BIT(HWS_PIXEL_I420), f->picture,
			     key ? NULL : damage, &taken),
			"convert");
	f->convert_cpu_ms = cpu_ms() - cpu;
	must(hws_encoder_encode(f->encoder, taken, damage, key, f->pts_ms, &p), "encode");
	f->coarse = p.coarse;
	return p.data;
}

static void decode(struct floor *f, struct hws_bytes data)
{
	const struct hws_picture *p;

	must(hws_decoder_decode(f->decoder, data, &p), "decode");
}

double floor_first(struct floor *f)
{
	struct hws_encoder_conf conf = { .codec = HWS_CODEC_VP9,
		.width = 1920,
		.height = 1080,
		.quality = hws_quality_of(HWS_RATIO_BALANCED, hws_base_kbit_s(1920, 1080)) };
	uint64_t start;
	double ms;

	hws_encoder_free(f->encoder);
	hws_decoder_free(f->decoder);
	release(f);
	hws_capture_stop(f->reader, 0);
	hws_loop_once(f->loop, 0);
	f->damaged = false;
	f->pts_ms = 0;
	start = hws_clock_us();
	must(hws_capture_start(f->reader, 0), "capture");
	must(hws_encoder_new(&conf, &f->encoder), "encoder");
	must(hws_decoder_new(HWS_CODEC_VP9, 1, &f->decoder), "decoder");
	grab(f);
	decode(f, encode(f, NULL, true));
	ms = (double)(hws_clock_us() - start) / 1e3;
	for (int i = 0; i < REFINES && f->coarse > conf.quality.finest + REFINE_GAIN; i++) {
		const struct hws_region all = { 1, { { 0, 0, 1920, 1080 } } };
		f->pts_ms += 120;
		decode(f, encode(f, &all, false));
	}
	return ms;
}

struct floor_cost floor_next(struct floor *f, int64_t pts_ms)
{
	struct floor_cost c = { 0 };
	uint64_t start = hws_clock_us();
	double cpu;
	struct hws_bytes data;

	grab(f);
	f->pts_ms = f->pts_ms + 1 > pts_ms ? f->pts_ms + 1 : pts_ms;
	cpu = cpu_ms();
	data = encode(f, &f->damage, false);
	c.encode_cpu_ms = cpu_ms() - cpu - f->convert_cpu_ms;
	c.bytes = (double)data.len;
	uint64_t decoding = hws_clock_us();
	decode(f, data);
	c.decode_ms = (double)(hws_clock_us() - decoding) / 1e3;
	c.total_ms = (double)(hws_clock_us() - start) / 1e3;
	return c;
}
