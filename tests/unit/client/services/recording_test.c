/* Recordings as files: what is written is read by readers of their own, each picture is decoded,
 * and a file is cut at every place that a crash can leave it at. */
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include "tests/unit/client/services/recording_stage.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const enum hws_codec codecs[] = { HWS_CODEC_VP8, HWS_CODEC_VP9 };

/* With sound from the begin on, which is left out before there is a picture. */
static void record(const char *path, enum hws_codec codec, unsigned pictures)
{
	struct hws_film *f = film(path, false);
	struct camera c;

	camera_open(&c, codec, 320, 200);
	ck_assert_int_eq(hws_film_sound(f, 2, hws_bytes(opus, sizeof(opus)), 900), HWS_OK);
	for (unsigned i = 0; i < pictures; i++) {
		ck_assert_int_eq(put(f, &c, i % 20 == 0, 1000 + 40 * i), HWS_OK);
		for (int k = 0; k < 2; k++)
			ck_assert_int_eq(hws_film_sound(f, 2, hws_bytes(opus, sizeof(opus)),
							 1000 + 40 * i + 17 * k),
					HWS_OK);
	}
	ck_assert_str_eq(hws_film_path(f), path);
	ck_assert_int_eq(hws_film_close(f, 1000 + 40 * pictures), HWS_OK);
	camera_close(&c);
}

START_TEST(each_picture_of_a_webm_file_can_be_seen)
{
	struct webm_file w;

	record(in_dir("a.webm"), codecs[_i], 50);
	must_show_webm(in_dir("a.webm"), codecs[_i], 50, &w);
	ck_assert_str_eq(w.codec, _i == 0 ? "V_VP8" : "V_VP9");
	ck_assert_str_eq(w.sound, "A_OPUS");
	ck_assert_uint_eq(w.sounds, 100);
	ck_assert_uint_eq(w.keys, 3);
	ck_assert_uint_eq(w.cues, 3);
	ck_assert(w.duration_ms >= 1999 && w.duration_ms <= 2001);
	ck_assert_uint_eq(mode_of(in_dir("a.webm")), 0600);
}
END_TEST

START_TEST(each_picture_of_an_mp4_file_can_be_seen)
{
	struct mp4_file m;

	record(in_dir("a.mp4"), codecs[_i], 50);
	must_show_mp4(in_dir("a.mp4"), codecs[_i], 50, &m);
	ck_assert_str_eq(m.codec, _i == 0 ? "vp08" : "vp09");
	ck_assert_str_eq(m.sound, "Opus");
	ck_assert_uint_eq(m.sounds, 100);
	ck_assert_uint_eq(m.keys, 3);
	ck_assert_uint_eq(m.duration_ms, 2000);
	ck_assert_uint_eq(m.width, 320);
	ck_assert_uint_eq(m.height, 200);
}
END_TEST

START_TEST(another_size_is_another_file)
{
	struct hws_film *f = film(in_dir("s.webm"), false);
	struct camera big, small;
	struct webm_file w;

	camera_open(&big, HWS_CODEC_VP9, 320, 200);
	camera_open(&small, HWS_CODEC_VP9, 160, 120);
	/* what begins in the middle is left out */
	ck_assert_int_eq(put(f, &big, true, 1), HWS_OK);
	ck_assert_int_eq(put(f, &big, false, 50), HWS_OK);
	ck_assert_int_eq(put(f, &small, true, 100), HWS_OK);
	ck_assert_int_eq(put(f, &small, false, 150), HWS_OK);
	ck_assert_uint_eq(hws_film_files(f), 2);
	ck_assert_str_eq(hws_film_path(f), in_dir("s-2.webm"));
	ck_assert_int_eq(hws_film_close(f, 200), HWS_OK);
	must_show_webm(in_dir("s.webm"), HWS_CODEC_VP9, 2, &w);
	ck_assert_uint_eq(w.width, 320);
	must_show_webm(in_dir("s-2.webm"), HWS_CODEC_VP9, 2, &w);
	ck_assert_uint_eq(w.width, 160);
	/* and nothing is replaced */
	f = film(in_dir("s.webm"), false);
	ck_assert_int_eq(put(f, &big, true, 1), HWS_ERR_EXISTS);
	ck_assert_int_eq(hws_film_close(f, 1), HWS_OK);
	camera_close(&big);
	camera_close(&small);
}
END_TEST

START_TEST(files_in_a_folder_are_named_by_what_they_are)
{
	struct hws_film *f = film(dir, true);
	struct camera c;
	char expect[300];

	camera_open(&c, HWS_CODEC_VP8, 160, 120);
	ck_assert_int_eq(put(f, &c, true, 1), HWS_OK);
	snprintf(expect, sizeof(expect), "%s/outgoing_12_34____", dir);
	ck_assert_msg(!strncmp(hws_film_path(f), expect, strlen(expect)), "%s", hws_film_path(f));
	ck_assert_ptr_nonnull(strstr(hws_film_path(f), "_display0_vp8.webm"));
	ck_assert_int_eq(hws_film_close(f, 100), HWS_OK);
	camera_close(&c);
}
END_TEST

static void count_bytes(const uint8_t *data HWS_UNUSED, size_t len, bool key HWS_UNUSED,
		uint64_t time_ms HWS_UNUSED, void *arg)
{
	*(size_t *)arg += len;
}

START_TEST(clusters_begin_with_key_pictures_and_every_five_seconds)
{
	struct hws_codec_private none = { 0 };
	struct hws_muxer_conf conf = { HWS_CODEC_VP9, 640, 480, &none, 0 };
	struct hws_muxer *m = NULL;
	struct webm_file w;
	size_t bytes = 0;
	int fd = open(in_dir("c.webm"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(hws_webm_new(fd, &conf, &m), HWS_OK);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(m->impl->picture(m, hws_bytes("abcdefgh", i % 8 + 1), i % 40 == 0,
						 i * 130),
				HWS_OK);
	ck_assert_int_eq(m->impl->close(m, 20000), HWS_OK);
	webm_read(in_dir("c.webm"), count_bytes, &bytes, &w);
	ck_assert_msg(!w.why, "%s", w.why);
	ck_assert_uint_eq(w.width, 640);
	ck_assert_uint_eq(w.height, 480);
	ck_assert_uint_eq(w.blocks, 100);
	ck_assert_uint_eq(w.cues, 3);
	ck_assert_uint_eq(w.clusters, 5);
	ck_assert_uint_eq(w.last_ms, 99 * 130);
	ck_assert(w.duration_ms > 19999 && w.duration_ms < 20001);
	ck_assert_uint_eq(bytes, 12 * 36 + 1 + 2 + 3 + 4);
	/* no such file holds it */
	conf.codec = HWS_CODEC_H264;
	fd = open(in_dir("h.webm"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(hws_webm_new(fd, &conf, &m), HWS_ERR_UNSUPPORTED);
}
END_TEST

/* --- what a crash leaves --- */

/* Cut anywhere, it is repaired to what was whole, never more and never less than the cut before. */
START_TEST(what_a_crash_leaves_is_made_whole)
{
	bool mp4 = _i == 1;
	uint8_t *all;
	size_t n = grown(mp4 ? "g.mp4" : "g.webm", 12, &all);
	const char *cut = in_dir(mp4 ? "cut.mp4" : "cut.webm");
	unsigned before = 0;

	for (size_t len = 8; len <= n; len += len == n ? 1 : HWS_MIN((size_t)7, n - len)) {
		enum hws_recording_was was = HWS_RECORDING_WHOLE;
		write_file(cut, all, len);
		int r = hws_recording_repair(cut, &was, NULL);
		if (r < 0 || was == HWS_RECORDING_EMPTY) {
			ck_assert_uint_eq(before, 0);
			continue;
		}
		ck_assert_int_eq(was, HWS_RECORDING_REPAIRED);
		unsigned now = pictures_of(cut, mp4);
		ck_assert_uint_ge(now, before);
		before = now;
		ck_assert_int_eq(hws_recording_repair(cut, &was, NULL), HWS_OK);
		ck_assert_int_eq(was, HWS_RECORDING_WHOLE);
	}
	ck_assert_uint_eq(before, 12);
	free(all);
}
END_TEST

START_TEST(files_of_others_are_left_alone)
{
	enum hws_recording_was was;
	struct hws_error err = { 0 };
	uint8_t *all;

	write_file(in_dir("x.webm"), (const uint8_t *)"\x1a\x45\xdf\xa3 and then something", 20);
	ck_assert_int_lt(hws_recording_repair(in_dir("x.webm"), &was, &err), 0);
	ck_assert_uint_eq(content(in_dir("x.webm"), &all), 20);
	free(all);
	ck_assert_int_eq(hws_recording_repair(in_dir("none"), &was, &err), HWS_ERR_NOTFOUND);
	ck_assert_int_lt(hws_recording_repair(dir, &was, &err), 0);
	ck_assert_int_eq(symlink("x.webm", in_dir("link.webm")), 0);
	ck_assert_int_lt(hws_recording_repair(in_dir("link.webm"), &was, &err), 0);
}
END_TEST

/* The oldest go until the rest is small enough; what is too old goes anyway; others' never. */
START_TEST(a_folder_is_kept_small_and_young)
{
	static const uint8_t kilo[1000];
	const char *names[] = { "incoming_a.webm", "incoming_b.mp4", "incoming_c.webm",
		"incoming_d.webm", "outgoing_a.webm", "incoming_note.txt" };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (unsigned i = 0; i < HWS_COUNT(names); i++) {
		struct timespec at[2] = { { now.tv_sec - 1000 + 100 * i, 0 },
			{ now.tv_sec - 1000 + 100 * i, 0 } };
		write_file(in_dir(names[i]), kilo, sizeof(kilo));
		ck_assert_int_eq(utimensat(AT_FDCWD, in_dir(names[i]), at, 0), 0);
	}
	hws_recordings_tidy(dir, "incoming", 0, 0);
	ck_assert_int_eq(access(in_dir(names[0]), F_OK), 0);
	hws_recordings_tidy(dir, "incoming", 950, 0);
	ck_assert_int_ne(access(in_dir(names[0]), F_OK), 0);
	ck_assert_int_eq(access(in_dir(names[1]), F_OK), 0);
	/* b is being written */
	int fd = open(in_dir(names[1]), O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	hws_recordings_tidy(dir, "incoming", 0, 2000);
	ck_assert_int_eq(access(in_dir(names[1]), F_OK), 0);
	ck_assert_int_ne(access(in_dir(names[2]), F_OK), 0);
	ck_assert_int_eq(access(in_dir(names[3]), F_OK), 0);
	close(fd);
	hws_recordings_tidy(dir, "incoming", 0, 1);
	ck_assert_int_ne(access(in_dir(names[1]), F_OK), 0);
	ck_assert_int_ne(access(in_dir(names[3]), F_OK), 0);
	ck_assert_int_eq(access(in_dir(names[4]), F_OK), 0);
	ck_assert_int_eq(access(in_dir(names[5]), F_OK), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/recording");
	TCase *t = test_case(s, "all", 60,
			TESTS(clusters_begin_with_key_pictures_and_every_five_seconds,
					another_size_is_another_file,
					files_in_a_folder_are_named_by_what_they_are,
					files_of_others_are_left_alone,
					a_folder_is_kept_small_and_young));

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, each_picture_of_a_webm_file_can_be_seen, 0, 2);
	tcase_add_loop_test(t, each_picture_of_an_mp4_file_can_be_seen, 0, 2);
	tcase_add_loop_test(t, what_a_crash_leaves_is_made_whole, 0, 2);
	return test_suite_run(s);
}
