/* The loop is turned by hand, until what a test waits for has come. */
#include "stage.h"
#include "client/media/video_codec.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_US (50 * 1000000ull)

static void on_broken(const char *text, void *arg)
{
	struct stage *s = arg;

	s->breaks++;
	snprintf(s->why, sizeof(s->why), "%s", text);
}

static void on_loss(void *arg)
{
	((struct stage *)arg)->losses++;
}

static void on_done(int r, const struct hws_confined_result *res, void *arg)
{
	struct stage *s = arg;

	s->dones++;
	s->result = r;
	hws_picture_unlock(s->picture);
	s->picture = res->picture ? hws_picture_lock(res->picture) : NULL;
	s->damage = res->damage;
	hws_buf_reset(&s->bytes);
	hws_buf_put(&s->bytes, res->bytes.ptr, res->bytes.len);
}

void stage_open(struct stage *s, int (*start)(int fd, void *arg), uint64_t patience_us)
{
	struct hws_confined_conf conf = {
		.on_broken = on_broken, .arg = s, .start = start, .patience_us = patience_us
	};

	*s = (struct stage){ 0 };
	if (setenv("HAWSER_DECODER", DECODER, 0) < 0)
		ck_abort_msg("no memory");
	hws_buf_init(&s->bytes, 65u << 20);
	ck_assert_int_eq(hws_loop_new(&s->loop), HWS_OK);
	conf.loop = s->loop;
	ck_assert_int_eq(hws_confined_new(&conf, &s->c), HWS_OK);
	hws_confined_on_loss(s->c, on_loss, s);
}

void stage_close(struct stage *s)
{
	hws_picture_unlock(s->picture);
	hws_confined_free(s->c);
	hws_loop_free(s->loop);
	hws_buf_done(&s->bytes);
	stage_packet_end();
}

static void turn(struct stage *s, uint64_t start)
{
	hws_loop_once(s->loop, 100000);
	ck_assert_msg(hws_clock_us() - start < LONG_US, "waited too long");
}

void stage_wait(struct stage *s, unsigned dones)
{
	uint64_t start = hws_clock_us();

	while (s->dones < dones)
		turn(s, start);
}

void stage_wait_broken(struct stage *s)
{
	uint64_t start = hws_clock_us();

	while (!s->breaks)
		turn(s, start);
}

static struct hws_encoder *encoder;

void stage_packet_end(void)
{
	hws_encoder_free(encoder);
	encoder = NULL;
}

struct hws_bytes stage_packet(enum hws_codec codec, int width, int height, bool key, uint8_t grey)
{
	static int64_t pts;
	struct hws_encoder_conf conf = { .codec = codec,
		.width = width,
		.height = height,
		.quality = { .bitrate_kbit_s = 4000, .finest = 667, .coarsest = 3333 } };
	struct hws_picture *p;
	struct hws_packet packet;

	if (encoder && encoder->conf.codec != codec)
		stage_packet_end();
	if (!encoder)
		ck_assert_int_eq(hws_encoder_new(&conf, &encoder), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, width, height, &p), HWS_OK);
	memset(p->plane[0], grey, p->size[0]);
	ck_assert_int_eq(hws_encoder_encode(encoder, p, NULL, key, pts += 33, &packet), HWS_OK);
	hws_picture_drop(p);
	return packet.data;
}

int stage_video(struct stage *s, unsigned display, struct hws_bytes packet, bool reset)
{
	struct hws_confined_video v = { .display = display,
		.codec = encoder ? encoder->conf.codec : HWS_CODEC_VP9,
		.reset = reset,
		.packets = &packet,
		.count = 1 };

	return hws_confined_video(s->c, &v, on_done, s);
}

int stage_exact(struct stage *s, unsigned display, struct hws_bytes packet,
		const struct hws_rect *rect)
{
	struct hws_confined_video v = { .display = display,
		.codec = encoder->conf.codec,
		.packets = &packet,
		.count = 1,
		.exact = true,
		.whole = !rect,
		.rects = rect,
		.rect_count = rect != NULL };

	return hws_confined_video(s->c, &v, on_done, s);
}

int stage_patch(struct stage *s, unsigned display, struct hws_bytes patch)
{
	return hws_confined_patch(s->c, display, false, patch, on_done, s);
}

int stage_unpack(struct stage *s, struct hws_bytes in, size_t max)
{
	return hws_confined_unpack(s->c, in, max, on_done, s);
}

int stage_image(struct stage *s, const struct hws_confined_image *i, size_t max)
{
	return hws_confined_image(s->c, i, max, on_done, s);
}
