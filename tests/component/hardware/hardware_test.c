/* hawser-hwcodec as a real process with a driver in it (tests/support/va_driver, which is no
 * graphics card): what the probe says of drivers of all kinds, and what becomes of pictures when
 * a driver fails that was good when it was tried. */
#include "client/hardware/devices.h"
#include "client/hardware/use.h"
#include "client/media/trial.h"
#include "client/media/video_codec.h"
#include "shared/sys/private_file.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/support/va_driver/env.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define W 320
#define H 192

static struct hws_picture *picture;

static void set_up(void)
{
	setenv("HAWSER_HWCODEC", test_bin("client/hwcodec/hawser-hwcodec"), 1);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, W, H, &picture), HWS_OK);
}

static void tear_down(void)
{
	hws_hardware_set(NULL, NULL, NULL);
	hws_picture_drop(picture);
	picture = NULL;
}

/* --- the probe --- */

static bool knows(const struct hws_hw_report *r, enum hws_hw_way way)
{
	return hws_hw_known(&r->table.row[way][HWS_CODEC_H264].device);
}

static const struct {
	const char *mode;
	bool encodes, decodes;
} drivers[] = { { "good", true, true }, { "crash", false, false }, { "hang", false, false },
	{ "small", false, true }, { "grey", false, false } };

START_TEST(only_what_shows_the_right_picture_in_time_is_used)
{
	const char *const argv[] = { test_bin("client/hwcodec/hawser-hwcodec"), "probe",
		VA_TEST_DEVICE, NULL };
	struct hws_hw_report r;
	char *out = NULL, path[PATH_MAX];

	va_test_environment(drivers[_i].mode);
	ck_assert_int_eq(hws_hw_report_path(path, sizeof(path)), HWS_OK);
	ck_assert_int_eq(hws_private_file_remove(path, NULL), HWS_OK);
	ck_assert_int_eq(hws_hw_report_load(VA_TEST_DEVICE, &r), HWS_ERR_NOTFOUND);
	/* On a busy machine a good one may be too slow; a bad one is never good. */
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	do {
		free(out);
		ck_assert_int_eq(test_run(argv, NULL, &out), 0);
		ck_assert_int_eq(hws_hw_report_load(VA_TEST_DEVICE, &r), HWS_OK);
	} while ((knows(&r, HWS_HW_ENCODES) != drivers[_i].encodes ||
				 knows(&r, HWS_HW_DECODES) != drivers[_i].decodes) &&
			test_now_ms() < end);
	ck_assert_msg(knows(&r, HWS_HW_ENCODES) == drivers[_i].encodes &&
					knows(&r, HWS_HW_DECODES) == drivers[_i].decodes,
			"%s: %s", drivers[_i].mode, out);
	for (enum hws_codec c = HWS_CODEC_NONE; c < HWS_CODEC_COUNT; c++)
		if (c != HWS_CODEC_H264) /* the driver has no other */
			ck_assert(!hws_hw_known(&r.table.row[HWS_HW_ENCODES][c].device));
	if (drivers[_i].encodes) {
		ck_assert_ptr_nonnull(strstr(r.vendor, "test driver"));
		ck_assert(hws_hw_known(&r.table.row[HWS_HW_ENCODES][HWS_CODEC_H264].processor));
	}
	free(out);
	/* Another driver, another state of the machine: nothing of it holds. */
	setenv("LIBVA_DRIVERS_PATH", "/nowhere", 1);
	ck_assert_int_eq(hws_hw_report_load(VA_TEST_DEVICE, &r), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_hw_report_load("off", &r), HWS_ERR_UNSUPPORTED);
}
END_TEST

static bool has_report(void *arg HWS_UNUSED)
{
	struct hws_hw_report r;

	return hws_hw_report_load(VA_TEST_DEVICE, &r) == HWS_OK;
}

/* Somebody comes again, and whoever has ended meanwhile is seen to have. */
static bool has_no_child(void *arg)
{
	struct hws_hw_use *use = NULL;
	siginfo_t info = { 0 };

	ck_assert_int_eq(hws_hw_use_new(arg, VA_TEST_DEVICE, NULL, NULL, &use), HWS_OK);
	hws_hw_use_free(use);
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

/* A viewer that lives for weeks opens sessions while the probe runs. */
START_TEST(who_goes_before_the_probe_ends_leaves_nobody_behind)
{
	struct hws_loop *loop = NULL;
	char path[PATH_MAX];

	va_test_environment("good");
	ck_assert_int_eq(hws_hw_report_path(path, sizeof(path)), HWS_OK);
	ck_assert_int_eq(hws_private_file_remove(path, NULL), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	for (int i = 0; i < 3; i++) {
		struct hws_hw_use *use = NULL;
		ck_assert_int_eq(hws_hw_use_new(loop, VA_TEST_DEVICE, NULL, NULL, &use), HWS_OK);
		hws_hw_use_free(use);
	}
	ck_assert(test_until(has_report, NULL, TEST_PATIENCE_MS));
	ck_assert_msg(test_until(has_no_child, loop, TEST_PATIENCE_MS), "a process stays");
	hws_loop_free(loop);
}
END_TEST

/* --- a driver that fails later --- */

static int open_device(void *arg HWS_UNUSED, struct hws_hw_link **ret)
{
	return hws_hw_link_start("vaapi", VA_TEST_DEVICE, ret);
}

static void use_device(enum hws_hw_way way, const char *mode)
{
	struct hws_hw_table t = { 0 };

	va_test_environment(mode);
	t.row[way][HWS_CODEC_H264].device.fixed_us = 1;
	t.row[way][HWS_CODEC_H264].processor.fixed_us = 1000;
	hws_hardware_set(&t, open_device, NULL);
}

static double psnr(const struct hws_picture *shown)
{
	double sum = 0;

	ck_assert_int_eq(shown->width, W);
	ck_assert_int_eq(shown->height, H);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			double d = picture->plane[0][y * picture->stride[0] + x] -
					shown->plane[0][y * shown->stride[0] + x];
			sum += d * d;
		}
	return sum > 0 ? 10 * log10(255.0 * 255 * W * H / sum) : 99;
}

static struct hws_encoder *new_encoder(void)
{
	struct hws_encoder_conf conf = { .codec = HWS_CODEC_H264,
		.width = W,
		.height = H,
		.quality = { .bitrate_kbit_s = 20000, .finest = 2000, .coarsest = 5000 } };
	struct hws_encoder *e = NULL;

	ck_assert_int_eq(hws_encoder_new(&conf, &e), HWS_OK);
	return e;
}

static struct hws_decoder *new_decoder(void)
{
	struct hws_decoder *d = NULL;

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_H264, 1, &d), HWS_OK);
	return d;
}

static const struct {
	const char *mode;
	unsigned failures;
} later[] = { { "good", 0 }, { "crash-after=12", 3 }, { "fail-after=12", 3 },
	{ "hang-after=12", 3 } };

/* After each failure the processor codes this picture, whole; the device is tried again for the
 * next one, and left alone after the third time. */
START_TEST(a_session_outlives_the_driver_of_its_encoder)
{
	struct hws_encoder *e;
	struct hws_decoder *d;
	unsigned keys = 0;

	use_device(HWS_HW_ENCODES, later[_i].mode);
	e = new_encoder();
	d = new_decoder();
	for (int i = 0; i < 50; i++) {
		const struct hws_picture *shown = NULL;
		struct hws_packet p = { 0 };
		unsigned before = hws_hardware_failures();
		hws_trial_draw(picture, 0, H, i);
		ck_assert_int_eq(hws_encoder_encode(e, picture, NULL, i == 0, i * 33, &p), HWS_OK);
		if (hws_hardware_failures() != before)
			ck_assert(p.key);
		keys += p.key;
		ck_assert_int_eq(hws_decoder_decode(d, p.data, &shown), HWS_OK);
		ck_assert_double_ge(psnr(shown), 30);
	}
	ck_assert_uint_eq(hws_hardware_failures(), later[_i].failures);
	ck_assert(hws_hardware_has(HWS_HW_ENCODES, HWS_CODEC_H264) == (later[_i].failures == 0));
	if (later[_i].failures)
		ck_assert_uint_le(keys, 1 + 2 * later[_i].failures);
	else
		ck_assert_uint_eq(hws_hardware_pictures(HWS_HW_ENCODES), 50);
	ck_assert_uint_ge(hws_hardware_pictures(HWS_HW_ENCODES), 36);
	hws_encoder_free(e);
	hws_decoder_free(d);
}
END_TEST

/* What was lost in the middle needs a whole picture, which the viewer asks for as after any
 * damage. */
START_TEST(a_session_outlives_the_driver_of_its_decoder)
{
	struct hws_encoder *e;
	struct hws_decoder *d;
	unsigned lost = 0;
	bool key = true;

	use_device(HWS_HW_DECODES, later[_i].mode);
	e = new_encoder();
	d = new_decoder();
	for (int i = 0; i < 40; i++) {
		const struct hws_picture *shown = NULL;
		struct hws_packet p = { 0 };
		hws_trial_draw(picture, 0, H, i);
		ck_assert_int_eq(hws_encoder_encode(e, picture, NULL, key, i * 33, &p), HWS_OK);
		int r = hws_decoder_decode(d, p.data, &shown);
		key = r < 0;
		lost += key;
		if (r == HWS_OK)
			ck_assert_double_ge(psnr(shown), 30);
	}
	if (later[_i].failures) {
		ck_assert_uint_ge(hws_hardware_failures(), 1);
		ck_assert_uint_le(lost, 1);
		ck_assert_uint_eq(hws_hardware_pictures(HWS_HW_DECODES), 12);
	} else {
		ck_assert_uint_eq(lost, 0);
		ck_assert_uint_eq(hws_hardware_pictures(HWS_HW_DECODES), 40);
	}
	hws_encoder_free(e);
	hws_decoder_free(d);
}
END_TEST

/* Sizes that change, whole chroma and odd sides, which no device takes. */
START_TEST(what_the_device_does_not_take_the_processor_codes)
{
	struct hws_picture *small = NULL;
	struct hws_encoder *e;
	struct hws_decoder *d;

	use_device(HWS_HW_ENCODES, "good");
	e = new_encoder();
	d = new_decoder();
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, W / 2, H / 2, &small), HWS_OK);
	for (int i = 0; i < 12; i++) {
		struct hws_picture *p = i / 3 % 2 ? small : picture;
		const struct hws_picture *shown = NULL;
		struct hws_packet packet = { 0 };
		hws_trial_draw(p, 0, p->height, i);
		ck_assert_int_eq(hws_encoder_encode(e, p, NULL, false, i * 33, &packet), HWS_OK);
		ck_assert_int_eq(packet.key, i % 3 == 0);
		ck_assert_int_eq(hws_decoder_decode(d, packet.data, &shown), HWS_OK);
		ck_assert_int_eq(shown->width, p->width);
	}
	ck_assert_uint_eq(hws_hardware_pictures(HWS_HW_ENCODES), 12);
	ck_assert(!hws_hardware_wins(HWS_HW_ENCODES, HWS_CODEC_H264, 641, 360));
	ck_assert(!hws_hardware_wins(HWS_HW_ENCODES, HWS_CODEC_H264, 16384, 4096));
	hws_picture_drop(small);
	hws_encoder_free(e);
	hws_decoder_free(d);
}
END_TEST

START_TEST(the_slower_one_is_not_used)
{
	struct hws_hw_table t = { 0 };

	/* it costs something to begin with, and less for each pixel */
	t.row[HWS_HW_ENCODES][HWS_CODEC_H264] =
			(struct hws_hw_row){ .device = { 2000, 1000 }, .processor = { 0, 9000 } };
	t.row[HWS_HW_ENCODES][HWS_CODEC_H265].device = (struct hws_hw_took){ 2000, 1000 };
	hws_hardware_set(&t, open_device, NULL);
	ck_assert(!hws_hardware_wins(HWS_HW_ENCODES, HWS_CODEC_H264, 320, 240));
	ck_assert(hws_hardware_wins(HWS_HW_ENCODES, HWS_CODEC_H264, 1920, 1080));
	ck_assert(hws_hardware_wins(HWS_HW_ENCODES, HWS_CODEC_H265, 320, 240)); /* the only one */
	ck_assert(!hws_hardware_wins(HWS_HW_DECODES, HWS_CODEC_H264, 1920, 1080));
	/* H.265 is offered by hosts that have a device for it, and only as long as it works. */
	ck_assert(hws_codecs_encodable() & HWS_CODEC_BIT(HWS_CODEC_H265));
	hws_hardware_failed(HWS_HW_ENCODES, HWS_CODEC_H265, true);
	ck_assert(!(hws_codecs_encodable() & HWS_CODEC_BIT(HWS_CODEC_H265)));
	ck_assert(hws_codecs_encodable() & HWS_CODEC_BIT(HWS_CODEC_H264));
}
END_TEST

/* --- the file --- */

START_TEST(a_report_of_others_is_not_read)
{
	struct hws_hw_devices d;
	struct hws_hw_report r = { .backend = "vaapi", .device = VA_TEST_DEVICE, .vendor = "x" };
	char path[PATH_MAX];
	struct hws_buf out;

	va_test_environment("good");
	hws_hw_devices_find(VA_TEST_DEVICE, &d);
	hws_hw_devices_key(&d, getenv("HAWSER_HWCODEC"), r.key);
	r.table.row[HWS_HW_ENCODES][HWS_CODEC_H264].device.fixed_us = 5;
	hws_buf_init(&out, HWS_HW_REPORT_MAX);
	hws_hw_report_write(&r, &out);
	ck_assert_int_eq(hws_hw_report_path(path, sizeof(path)), HWS_OK);
	ck_assert_int_eq(hws_private_file_write(
					 path, hws_buf_bytes(&out), HWS_PRIVATE_OVER_ANY, NULL),
			HWS_OK);
	ck_assert_int_eq(hws_hw_report_load(VA_TEST_DEVICE, &r), HWS_OK);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(hws_hw_report_load(VA_TEST_DEVICE, &r), HWS_ERR_NOTFOUND);
	hws_buf_done(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hardware");
	TCase *c = test_case(s, "hardware", 120, TESTS_NONE);

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, only_what_shows_the_right_picture_in_time_is_used, 0,
			(int)HWS_COUNT(drivers));
	tcase_add_loop_test(
			c, a_session_outlives_the_driver_of_its_encoder, 0, (int)HWS_COUNT(later));
	tcase_add_loop_test(
			c, a_session_outlives_the_driver_of_its_decoder, 0, (int)HWS_COUNT(later));
	tcase_add_test(c, who_goes_before_the_probe_ends_leaves_nobody_behind);
	tcase_add_test(c, what_the_device_does_not_take_the_processor_codes);
	tcase_add_test(c, the_slower_one_is_not_used);
	tcase_add_test(c, a_report_of_others_is_not_read);
	return test_suite_run(s);
}
