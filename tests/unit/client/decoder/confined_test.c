/* The real program behind the viewer's end: pictures, texts, its death at any moment, and what it
 * has given up. */
#include "client/media/png.h"
#include "shared/base/buf.h"
#include "shared/wire/compress.h"
#include "stage.h"
#include "tests/support/suite.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stage s;

static void close_stage(void)
{
	stage_close(&s);
}

START_TEST(pictures_come_back_as_sent)
{
	static const enum hws_codec codecs[] = { HWS_CODEC_VP8, HWS_CODEC_VP9, HWS_CODEC_AV1,
		HWS_CODEC_H264, HWS_CODEC_RAW };
	enum hws_codec codec = codecs[_i];

	stage_open(&s, NULL, 0);
	ck_assert_int_eq(
			stage_video(&s, 0, stage_packet(codec, 320, 200, true, 200), true), HWS_OK);
	stage_wait(&s, 1);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert_int_eq(s.picture->width, 320);
	ck_assert_int_eq(s.damage.w, 320);
	ck_assert_int_eq(s.damage.h, 200);
	ck_assert_int_ge(s.picture->plane[0][0], 205); /* limited range is spread */
	struct hws_picture *held = hws_picture_lock(s.picture);
	uint8_t before = held->plane[0][0];
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(codec, 320, 200, false, 60), false),
			HWS_OK);
	stage_wait(&s, 2);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert_int_le(s.picture->plane[0][0], 90);
	ck_assert_int_eq(held->plane[0][0], before); /* what is looked at stays */
	hws_picture_unlock(held);
	ck_assert_int_eq(s.losses, 0);
}
END_TEST

START_TEST(a_new_size_gets_new_room)
{
	static const int sizes[][2] = { { 64, 48 }, { 640, 360 }, { 33, 17 }, { 640, 360 } };

	stage_open(&s, NULL, 0);
	for (unsigned i = 0; i < 4; i++) {
		stage_packet_end();
		struct hws_bytes p =
				stage_packet(HWS_CODEC_VP9, sizes[i][0], sizes[i][1], true, 100);
		ck_assert_int_eq(stage_video(&s, 3, p, false), HWS_OK);
		stage_wait(&s, i + 1);
		ck_assert_int_eq(s.result, HWS_OK);
		ck_assert_int_eq(s.picture->width, sizes[i][0]);
		ck_assert_int_eq(s.picture->height, sizes[i][1]);
	}
}
END_TEST

START_TEST(who_looks_at_all_pictures_stops_nothing)
{
	struct hws_picture *held[HWS_DECODE_SLOTS];
	bool key = true;

	stage_open(&s, NULL, 0);
	for (unsigned i = 0; i < HWS_DECODE_SLOTS; i++, key = false) {
		ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, key, 9),
						 key),
				HWS_OK);
		stage_wait(&s, i + 1);
		ck_assert_int_eq(s.result, HWS_OK);
		held[i] = hws_picture_lock(s.picture);
	}
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, false, 200), false),
			HWS_OK);
	stage_wait(&s, HWS_DECODE_SLOTS + 1);
	ck_assert_int_eq(s.result, HWS_ERR_FULL);
	for (unsigned i = 0; i < HWS_DECODE_SLOTS; i++)
		hws_picture_unlock(held[i]);
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, false, 200), false),
			HWS_OK);
	stage_wait(&s, HWS_DECODE_SLOTS + 2);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert_int_ge(s.picture->plane[0][0], 200);
}
END_TEST

/* A file is written anew, pixels become one; what is no picture is refused, and costs no
 * process. */
START_TEST(pictures_of_a_clipboard_are_written_anew)
{
	static uint8_t rgba[64 * 48 * 4];
	struct hws_confined_image i = {
		.bytes = hws_bytes(rgba, sizeof(rgba)), .width = 64, .height = 48
	};
	struct hws_buf want, packed;

	memset(rgba, 0x5a, sizeof(rgba));
	hws_buf_init(&want, 1 << 20);
	hws_buf_init(&packed, 1 << 20);
	ck_assert_int_eq(hws_png_from_rgba(rgba, 64, 48, &want), HWS_OK);
	ck_assert_int_eq(hws_compress(i.bytes, 3, &packed), HWS_OK);
	stage_open(&s, NULL, 0);
	for (unsigned n = 1; n <= 3; n++) {
		ck_assert_int_eq(stage_image(&s, &i, 1 << 20), HWS_OK);
		stage_wait(&s, n);
		ck_assert_int_eq(s.result, HWS_OK);
		ck_assert(hws_bytes_equal(hws_buf_bytes(&s.bytes), hws_buf_bytes(&want)));
		if (n == 1) /* the same as a frame of zstd, then as a file */
			i = (struct hws_confined_image){ hws_buf_bytes(&packed), 64, 48, true };
		else
			i = (struct hws_confined_image){ .bytes = hws_buf_bytes(&want) };
	}
	ck_assert_int_eq(stage_image(&s, &i, 50), HWS_OK);
	stage_wait(&s, 4);
	ck_assert_int_eq(s.result, HWS_ERR_TOOBIG);
	i.bytes.len -= 20;
	ck_assert_int_eq(stage_image(&s, &i, 1 << 20), HWS_OK);
	stage_wait(&s, 5);
	ck_assert_int_eq(s.result, HWS_ERR_CORRUPT);
	i = (struct hws_confined_image){ hws_buf_bytes(&packed), 64, 47, true };
	ck_assert_int_eq(stage_image(&s, &i, 1 << 20), HWS_OK);
	stage_wait(&s, 6);
	ck_assert_int_lt(s.result, 0);
	i.width = 1 << 20;
	ck_assert_int_eq(stage_image(&s, &i, 1 << 20), HWS_ERR_RANGE);
	ck_assert_uint_eq(s.losses, 0);
	hws_buf_done(&want);
	hws_buf_done(&packed);
}
END_TEST

START_TEST(texts_are_unpacked_up_to_their_cap)
{
	struct hws_buf packed;
	char *text = malloc(3000000);

	memset(text, 'x', 3000000);
	hws_buf_init(&packed, 4000000);
	ck_assert_int_eq(hws_compress(hws_bytes(text, 3000000), 3, &packed), HWS_OK);
	stage_open(&s, NULL, 0);
	ck_assert_int_eq(stage_unpack(&s, hws_buf_bytes(&packed), 3000000), HWS_OK);
	stage_wait(&s, 1);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&s.bytes), hws_bytes(text, 3000000)));
	ck_assert_int_eq(stage_unpack(&s, hws_buf_bytes(&packed), 2999999), HWS_OK);
	stage_wait(&s, 2);
	ck_assert_int_eq(s.result, HWS_ERR_TOOBIG);
	ck_assert_int_eq(stage_unpack(&s, hws_bytes_str("no zstd"), 100), HWS_OK);
	stage_wait(&s, 3);
	ck_assert_int_eq(s.result, HWS_ERR_CORRUPT);
	ck_assert_uint_eq(hws_buf_len(&s.bytes), 0);
	hws_buf_done(&packed);
	free(text);
}
END_TEST

static long status_number(pid_t pid, const char *name, int base)
{
	char path[64], line[200];
	long n = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			n = (long)strtoul(line + strlen(name) + 1, NULL, base);
	fclose(f);
	return n;
}

/* A viewer that shows two hosts has two of them; and one display of a host may have no more than a
 * picture can. */
START_TEST(what_is_too_large_is_refused_and_the_rest_goes_on)
{
	/* A key frame of VP9 of 16384 x 16384, and one that is intra-only. */
	const uint8_t intra[40] = { 0x84, 0x89, 0x30, 0x68, 0x5f, 0xe7, 0xff, 0xe7, 0xff, 0xe0,
		0x00 };
	const uint8_t big[40] = { 0x82, 0x49, 0x83, 0x42, 0x23, 0xff, 0xf3, 0xff, 0xf0 };

	stage_open(&s, NULL, 0);
	ck_assert_int_eq(stage_video(&s, 0, hws_bytes(big, sizeof(big)), true), HWS_OK);
	stage_wait(&s, 1);
	ck_assert_int_eq(s.result, HWS_ERR_TOOBIG);
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, true, 9), true),
			HWS_OK);
	stage_wait(&s, 2);
	ck_assert_int_eq(s.result, HWS_OK);
	hws_confined_forget(s.c, 0);
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, true, 9), true),
			HWS_OK);
	stage_wait(&s, 3);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert_int_eq(stage_video(&s, 0, hws_bytes(intra, sizeof(intra)), false), HWS_OK);
	stage_wait(&s, 4);
	ck_assert_int_eq(s.result, HWS_ERR_TOOBIG);
	ck_assert_int_eq(s.losses, 0);
	if (hws_confined_how(s.c) & HWS_CONFINED_CALLS) /* no sanitizer's memory */
		ck_assert_int_lt(status_number(hws_confined_pid(s.c), "VmHWM:", 10), 100 << 10);
}
END_TEST

START_TEST(its_death_costs_pictures_and_nothing_else)
{
	stage_open(&s, NULL, 0);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, true, 9),
						 true),
				HWS_OK);
		stage_wait(&s, 3 * i + 1);
		ck_assert_int_eq(s.result, HWS_OK);
		pid_t pid = hws_confined_pid(s.c);
		struct hws_picture *held = hws_picture_lock(s.picture);
		ck_assert_int_gt(pid, 0);
		ck_assert_int_eq(kill(pid, SIGSTOP), 0);
		ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, false, 9),
						 false),
				HWS_OK);
		ck_assert_int_eq(stage_video(&s, 1, stage_packet(HWS_CODEC_VP9, 64, 64, false, 9),
						 false),
				HWS_OK);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		stage_wait(&s, 3 * i + 3);
		ck_assert_int_eq(s.result, HWS_ERR_RESET);
		ck_assert_uint_eq(s.losses, i + 1);
		ck_assert_int_ne(hws_confined_pid(s.c), pid);
		ck_assert_int_eq(kill(pid, 0), -1);       /* it has been waited for */
		ck_assert_int_ge(held->plane[0][3], 255); /* can still be looked at */
		hws_picture_unlock(held);
	}
	ck_assert_uint_eq(s.breaks, 0);
}
END_TEST

START_TEST(a_text_that_waits_survives_a_death)
{
	struct hws_buf packed;

	hws_buf_init(&packed, 1000);
	ck_assert_int_eq(hws_compress(hws_bytes_str("hello"), 3, &packed), HWS_OK);
	stage_open(&s, NULL, 0);
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, true, 9), true),
			HWS_OK);
	stage_wait(&s, 1);
	ck_assert_int_gt(hws_confined_pid(s.c), 0);
	ck_assert_int_eq(kill(hws_confined_pid(s.c), SIGKILL), 0);
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, false, 9), false),
			HWS_OK);
	ck_assert_int_eq(stage_unpack(&s, hws_buf_bytes(&packed), 100), HWS_OK);
	stage_wait(&s, 3);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&s.bytes), 5);
	hws_buf_done(&packed);
}
END_TEST

START_TEST(without_memory_it_says_so)
{
	const struct rlimit few = { 4096, 4096 };

	stage_open(&s, NULL, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, true, 9), true),
			HWS_OK);
	stage_wait_broken(&s);
	ck_assert_ptr_nonnull(strstr(s.why, "ulimit -f"));
	ck_assert_int_eq(s.result, HWS_ERR_CLOSED);
}
END_TEST

START_TEST(it_is_as_confined_as_it_says)
{
	struct rlimit limit;

	stage_open(&s, NULL, 0);
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 64, 64, true, 9), true),
			HWS_OK);
	stage_wait(&s, 1);
	uint32_t how = hws_confined_how(s.c);
	pid_t pid = hws_confined_pid(s.c);
	ck_assert(how & HWS_CONFINED_PROCESS);
	if (!(how & HWS_CONFINED_CALLS)) {
		test_skip("no sandbox in this build");
		return;
	}
	ck_assert_int_eq(status_number(pid, "Seccomp:", 10), 2);
	ck_assert_int_eq(status_number(pid, "NoNewPrivs:", 10), 1);
	ck_assert_int_eq(status_number(pid, "CapEff:", 16), 0);
	ck_assert_int_eq(prlimit(pid, RLIMIT_AS, NULL, &limit), 0);
	ck_assert_uint_lt(limit.rlim_cur, 300u << 20);
	/* It grows with the pictures, and not before. */
	stage_packet_end();
	ck_assert_int_eq(stage_video(&s, 0, stage_packet(HWS_CODEC_VP9, 1920, 1080, true, 9), true),
			HWS_OK);
	stage_wait(&s, 2);
	ck_assert_int_eq(s.result, HWS_OK);
	ck_assert_int_eq(prlimit(pid, RLIMIT_AS, NULL, &limit), 0);
	ck_assert_uint_gt(limit.rlim_cur, 300u << 20);
	ck_assert_uint_lt(limit.rlim_cur, 500u << 20);
}
END_TEST

static int run_without_program(int fd HWS_UNUSED, void *arg HWS_UNUSED)
{
	return HWS_ERR_NOTFOUND;
}

START_TEST(without_a_program_it_says_so)
{
	setenv("HAWSER_DECODER", "/nonexistent/decoder", 1);
	stage_open(&s, NULL, 0);
	hws_confined_start(s.c);
	stage_wait_broken(&s);
	ck_assert_ptr_nonnull(strstr(s.why, "/nonexistent/decoder"));
	ck_assert_int_eq(stage_unpack(&s, hws_bytes_str("x"), 10), HWS_ERR_CLOSED);
	stage_close(&s);
	setenv("HAWSER_DECODER", "/bin/true", 1); /* ends without a word */
	stage_open(&s, NULL, 0);
	hws_confined_start(s.c);
	stage_wait_broken(&s);
	ck_assert_ptr_nonnull(strstr(s.why, "cannot be started"));
	stage_close(&s);
	stage_open(&s, run_without_program, 0);
	ck_assert_int_eq(stage_unpack(&s, hws_bytes_str("x"), 10), HWS_OK);
	ck_assert_uint_eq(s.dones, 0); /* not before the call is back */
	stage_wait_broken(&s);
	ck_assert_uint_eq(s.dones, 1);
	ck_assert_int_eq(s.result, HWS_ERR_CLOSED);
}
END_TEST

void confined_cases(Suite *suite)
{
	TCase *t = test_case(suite, "confined", 60,
			TESTS(a_new_size_gets_new_room, who_looks_at_all_pictures_stops_nothing,
					pictures_of_a_clipboard_are_written_anew,
					texts_are_unpacked_up_to_their_cap,
					what_is_too_large_is_refused_and_the_rest_goes_on,
					its_death_costs_pictures_and_nothing_else,
					a_text_that_waits_survives_a_death,
					without_memory_it_says_so, it_is_as_confined_as_it_says,
					without_a_program_it_says_so));

	tcase_add_checked_fixture(t, NULL, close_stage);
	tcase_add_loop_test(t, pictures_come_back_as_sent, 0, 5);
}
