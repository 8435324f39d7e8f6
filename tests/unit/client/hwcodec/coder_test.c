/* The encoders and decoders of libavcodec as hawser uses them, on two devices that any machine has:
 * the driver of tests/support/va_driver, and libavcodec's own codecs of the processor in place of
 * those of a device. No graphics card is driven by any test. */
#include "client/hwcodec/coder.h"
#include "client/hwcodec/serve.h"
#include "client/media/hw_link.h"
#include "client/media/nal.h"
#include "client/media/trial.h"
#include "client/media/video_codec.h"
#include "tests/support/suite.h"
#include <libavutil/opt.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define W 640
#define H 360

static int memory_prepare(struct hwc_device *d HWS_UNUSED, AVCodecContext *c,
		enum hws_codec codec HWS_UNUSED, int quantiser, unsigned way)
{
	if (way > 0)
		return HWS_ERR_UNSUPPORTED;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	(void)av_opt_set(c->priv_data, "preset", "ultrafast", 0);
	(void)av_opt_set(c->priv_data, "tune", "zerolatency", 0);
	(void)av_opt_set_int(c->priv_data, "qp", quantiser, 0);
	(void)av_opt_set(c->priv_data, "forced-idr", "1", 0);
	return HWS_OK;
}

/* As a device whose frames are in memory, and whose quantiser is fixed when it is opened. */
static const struct hwc_backend in_memory = {
	.name = "memory",
	.encoder = { [HWS_CODEC_H264] = "libx264" },
	.decoder = { [HWS_CODEC_H264] = "h264", [HWS_CODEC_VP9] = "vp9", [HWS_CODEC_VP8] = "vp8" },
	.prepare = memory_prepare,
};

static const struct {
	const struct hwc_backend *backend;
	const char *path;
} rows[] = { { &in_memory, "" }, { &hwc_vaapi, "/dev/zero" } };
#define ROWS ((int)HWS_COUNT(rows))

static struct hwc_device device;
static struct hws_picture *picture;
static uint8_t *memory;

static void set_up(int row)
{
	struct hws_error err = { 0 };

	ck_assert_msg(hwc_device_open(rows[row].backend, rows[row].path, &device, &err) == HWS_OK,
			"%s", err.text);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, W, H, &picture), HWS_OK);
	memory = calloc(1, HWS_HW_MEMORY);
	ck_assert_ptr_nonnull(memory);
}

static void tear_down(void)
{
	hws_picture_drop(picture);
	picture = NULL;
	hwc_device_close(&device);
	free(memory);
}

static double psnr(const struct hws_picture *a, const struct hws_picture *b)
{
	double sum = 0;

	ck_assert_int_eq(a->width, b->width);
	ck_assert_int_eq(a->height, b->height);
	for (int y = 0; y < a->height; y++)
		for (int x = 0; x < a->width; x++) {
			double d = a->plane[0][y * a->stride[0] + x] -
					b->plane[0][y * b->stride[0] + x];
			sum += d * d;
		}
	sum /= (double)a->width * a->height;
	return sum > 0 ? 10 * log10(255 * 255 / sum) : 99;
}

static struct hwc_encoder *new_encoder(unsigned coarse)
{
	struct hwc_encoder *e = NULL;

	ck_assert_int_eq(hwc_encoder_new(&device,
					 &(struct hwc_encoder_conf){ .codec = HWS_CODEC_H264,
							 .width = W,
							 .height = H,
							 .fps = 30,
							 .coarse = coarse },
					 &e),
			HWS_OK);
	return e;
}

static struct hwc_packet encode(struct hwc_encoder *e, int scrolled, unsigned coarse, bool key)
{
	struct hwc_packet p = { 0 };

	hws_trial_draw(picture, 0, H, scrolled);
	ck_assert_int_eq(hwc_encoder_encode(e, picture, coarse, key, &p), HWS_OK);
	ck_assert_uint_gt(p.data.len, 0);
	return p;
}

/* Every whole picture begins with what a decoder must know. */
static bool tells_size(struct hws_bytes packet)
{
	struct hws_packet_size s;

	ck_assert_int_eq(hws_codec_packet_size(HWS_CODEC_H264, packet, &s), HWS_OK);
	if (!s.width)
		return false;
	ck_assert_uint_eq(s.width, W);
	ck_assert_uint_eq(s.height, H);
	return true;
}

START_TEST(pictures_come_back_and_whole_ones_when_they_are_asked_for)
{
	struct hws_decoder *d = NULL;

	set_up(_i);
	struct hwc_encoder *e = new_encoder(3000);
	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_H264, 1, &d), HWS_OK);
	for (int i = 0; i < 12; i++) {
		const struct hws_picture *shown = NULL;
		struct hwc_packet p = encode(e, i, 3000, i == 7);
		ck_assert_int_eq(p.key, i == 0 || i == 7);
		ck_assert_int_eq(tells_size(p.data), p.key);
		ck_assert_int_eq(hws_decoder_decode(d, p.data, &shown), HWS_OK);
		ck_assert_double_ge(psnr(picture, shown), 30);
	}
	hws_decoder_free(d);
	hwc_encoder_free(e);
	tear_down();
}
END_TEST

START_TEST(a_coarser_wish_costs_fewer_bytes)
{
	set_up(_i);
	struct hwc_encoder *e = new_encoder(2000);
	size_t fine = 0, coarse = 0;
	unsigned became = 0;

	for (int i = 0; i < 6; i++)
		fine += encode(e, i, 2000, true).data.len;
	if (rows[_i].backend == &in_memory)
		usleep(1100000); /* a new encoder for another quantiser is made seldom */
	for (int i = 0; i < 6; i++) {
		struct hwc_packet p = encode(e, i, 6000, true);
		coarse += p.data.len;
		became = p.coarse;
	}
	ck_assert_uint_ge(became, 5500);
	ck_assert_uint_le(became, 6000);
	ck_assert_uint_lt(coarse * 2, fine);
	hwc_encoder_free(e);
	tear_down();
}
END_TEST

START_TEST(it_decodes_what_ours_codes)
{
	struct hws_encoder_conf conf = { .codec = HWS_CODEC_H264,
		.width = W,
		.height = H,
		.quality = { .bitrate_kbit_s = 20000, .finest = 2000, .coarsest = 4000 } };
	struct hws_encoder *e = NULL;
	struct hwc_decoder *d = NULL;

	set_up(_i);
	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	ck_assert_int_eq(hwc_decoder_new(&device, HWS_CODEC_H264, &d), HWS_OK);
	for (int i = 0; i < 10; i++) {
		struct hws_packet p;
		struct hws_picture place;
		int w = 0, h = 0;
		hws_trial_draw(picture, 0, H, i);
		ck_assert_int_eq(hws_encoder_encode(e, picture, NULL, i == 6, i * 33, &p), HWS_OK);
		ck_assert_int_eq(hwc_decoder_decode(d, p.data, memory, &w, &h), HWS_OK);
		ck_assert_int_eq(w, W);
		ck_assert_int_eq(h, H);
		ck_assert_int_eq(hws_hw_picture_place(memory, w, h, &place), HWS_OK);
		ck_assert_double_ge(psnr(picture, &place), 30);
	}
	hwc_decoder_free(d);
	hws_encoder_free(e);
	tear_down();
}
END_TEST

START_TEST(garbage_is_an_error_and_the_next_whole_picture_is_good)
{
	struct hwc_decoder *d = NULL;
	uint8_t garbage[4000];
	int w, h;

	set_up(_i);
	struct hwc_encoder *e = new_encoder(3000);
	ck_assert_int_eq(hwc_decoder_new(&device, HWS_CODEC_H264, &d), HWS_OK);
	for (unsigned k = 0; k < 20; k++) {
		for (size_t i = 0; i < sizeof(garbage); i++)
			garbage[i] = (uint8_t)((i * 2654435761u + k * 40503u) >> 7);
		memcpy(garbage, (uint8_t[]){ 0, 0, 0, 1, (uint8_t)(0x60 | k) }, 5);
		ck_assert_int_lt(hwc_decoder_decode(d, hws_bytes(garbage, sizeof(garbage)), memory,
						 &w, &h),
				0);
	}
	hwc_decoder_free(d);
	ck_assert_int_eq(hwc_decoder_new(&device, HWS_CODEC_H264, &d), HWS_OK);
	ck_assert_int_eq(hwc_decoder_decode(d, encode(e, 1, 3000, true).data, memory, &w, &h),
			HWS_OK);
	hwc_decoder_free(d);
	hwc_encoder_free(e);
	tear_down();
}
END_TEST

START_TEST(a_codec_that_the_device_lacks_is_not_supported)
{
	struct hwc_encoder *e;

	set_up(_i);
	ck_assert_int_lt(hwc_encoder_new(&device,
					 &(struct hwc_encoder_conf){ .codec = HWS_CODEC_VP9,
							 .width = W,
							 .height = H,
							 .fps = 30,
							 .coarse = 3000 },
					 &e),
			0);
	tear_down();
}
END_TEST

/* --- over the socket --- */

struct server {
	int fd;
	pthread_t thread;
};

static void *serve(void *arg)
{
	struct server *s = arg;

	hwc_serve_requests(s->fd, &device, memory);
	shutdown(s->fd, SHUT_RDWR);
	return NULL;
}

static void free_nothing(struct hws_hw_link *l HWS_UNUSED)
{
}

START_TEST(what_is_asked_wrongly_ends_the_process_and_what_is_right_is_answered)
{
	struct hws_hw_link link = { .memory = NULL, .free = free_nothing };
	struct hws_hw_request q = { .kind = HWS_HW_OPEN_ENCODER,
		.codec = HWS_CODEC_H264,
		.width = W,
		.height = H,
		.fps = 30,
		.coarse = 3000 };
	struct hws_hw_answer a;
	struct server s;
	char driver[100];
	int pair[2];

	set_up(_i);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	s.fd = pair[1];
	link.fd = pair[0];
	link.memory = memory;
	ck_assert_int_eq(pthread_create(&s.thread, NULL, serve, &s), 0);
	ck_assert_int_eq(hws_hw_driver(&link, 60000, driver, sizeof(driver)), HWS_OK);
	ck_assert_int_eq(hws_hw_ask(&link, &q, 60000, &a), HWS_OK);
	struct hws_hw_request none = { .kind = HWS_HW_ENCODE, .instance = 3, .coarse = 3000 };
	ck_assert_int_eq(hws_hw_ask(&link, &none, 60000, &a), HWS_ERR_INVAL);
	ck_assert_int_eq(link.broken, HWS_OK);
	hws_trial_draw(picture, 0, H, 0);
	struct hws_picture place;
	ck_assert_int_eq(hws_hw_picture_place(memory, W, H, &place), HWS_OK);
	ck_assert_int_eq(hws_picture_copy(&place, picture), HWS_OK);
	struct hws_hw_request code = { .kind = HWS_HW_ENCODE, .coarse = 3000, .key = 1 };
	ck_assert_int_eq(hws_hw_ask(&link, &code, 60000, &a), HWS_OK);
	ck_assert(a.key);
	ck_assert(tells_size(hws_bytes(hws_hw_packet_place(memory), a.bytes)));
	struct hws_hw_request wrong = { .kind = HWS_HW_DECODE, .bytes = HWS_HW_PACKET_BYTES + 1 };
	ck_assert_int_eq(hws_hw_ask(&link, &wrong, 60000, &a), HWS_ERR_EOF);
	ck_assert_int_eq(hws_hw_ask(&link, &code, 60000, &a), HWS_ERR_EOF);
	pthread_join(s.thread, NULL);
	close(pair[0]);
	close(pair[1]);
	tear_down();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hwcodec");

	av_log_set_level(AV_LOG_QUIET);
	TCase *c = test_case(s, "coder", 60, TESTS_NONE);

	tcase_add_loop_test(c, pictures_come_back_and_whole_ones_when_they_are_asked_for, 0, ROWS);
	tcase_add_loop_test(c, a_coarser_wish_costs_fewer_bytes, 0, ROWS);
	tcase_add_loop_test(c, it_decodes_what_ours_codes, 0, ROWS);
	tcase_add_loop_test(c, garbage_is_an_error_and_the_next_whole_picture_is_good, 0, ROWS);
	tcase_add_loop_test(c, a_codec_that_the_device_lacks_is_not_supported, 0, ROWS);
	tcase_add_loop_test(c, what_is_asked_wrongly_ends_the_process_and_what_is_right_is_answered,
			0, ROWS);
	return test_suite_run(s);
}
