/* Cameras of the kernel, by the real host, where there is no PipeWire server: the double at the
 * border of system calls (v4l2_double.c) is what is plugged in. */
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "tests/component/host/host.h"
#include "tests/support/pulse.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define W 320
#define H 240

static struct test_host host;
static struct test_proc viewer;
static struct test_pulse far, near; /* of the host and of the viewer, in calls */
static char dir[256], shot[300];

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	memset(&far, 0, sizeof(far));
	memset(&near, 0, sizeof(near));
	test_dir(dir, sizeof(dir));
	ck_assert_int_eq(chmod(dir, 0700), 0);
	snprintf(shot, sizeof(shot), "%s/shot.png", dir);
	setenv("XDG_RUNTIME_DIR", dir, 1); /* where no PipeWire server is */
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("XDG_STATE_HOME", dir, 1);
	unsetenv("PIPEWIRE_REMOTE");
	unsetenv("PIPEWIRE_RUNTIME_DIR");
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	host_stop(&host);
	test_pulse_stop(&far);
	test_pulse_stop(&near);
}

static void plug(unsigned node, const char *name, const char *code, unsigned fps, const char *lie)
{
	char path[320], next[340];

	snprintf(path, sizeof(path), "%s/video%u", dir, node);
	snprintf(next, sizeof(next), "%s/new", dir);
	test_write_file("", "%s", next);
	FILE *f = fopen(next, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%s %s %d %d %u %s %s/photo.jpg\n", name, code, W, H, fps, lie, dir);
	fclose(f);
	ck_assert_int_eq(rename(next, path), 0); /* whole at once */
}

static void unplug(unsigned node)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/video%u", dir, node);
	ck_assert_int_eq(unlink(path), 0);
}

static void start_host(const char *first, const char *second)
{
	const char *extra[] = { "--backend", "x11", "--display", ":4095", first, second, NULL };
	char options[300];

	/* a sanitizer wants to be the first library */
	snprintf(options, sizeof(options), "%s:verify_asan_link_order=0",
			getenv("ASAN_OPTIONS") ? getenv("ASAN_OPTIONS") : "");
	setenv("ASAN_OPTIONS", options, 1);
	setenv("LD_PRELOAD", V4L2_DOUBLE, 1);
	setenv("TEST_V4L2_DIR", dir, 1);
	host_start(&host, extra);
	unsetenv("LD_PRELOAD");
}

/* `save`: what is seen at the end. */
static void start_viewer(const char *display, const char *after, bool save)
{
	static char password[60], target[40];
	const char *const argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--camera", "--display", display, "--after", after, "--timeout", "90", "--no-retry",
		"--stats", save ? "--screenshot" : NULL, shot, NULL };
	const char *const env[] = { password, NULL };

	test_proc_stop(&viewer);
	memset(&viewer, 0, sizeof(viewer));
	unlink(shot);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	test_proc_start(&viewer, argv, env);
}

static void ends_with(int status, const char *text)
{
	int r = test_proc_wait(&viewer, TEST_PATIENCE_MS);

	(void)test_proc_expect(&viewer, "\x01", 1);
	ck_assert_msg(r == status && (!text || strstr(viewer.log, text)), "%d: %s", r, viewer.log);
}

/* The picture that the viewer has saved has the four colours. */
static void shows_the_camera(int w, int h)
{
	static const int want[4][3] = { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 },
		{ 255, 255, 255 } };
	static unsigned char rgb[W * H * 3 + 1];
	char raw[320], to[340], *out = NULL;
	const char *const argv[] = { "/usr/bin/convert", shot, "-depth", "8", to, NULL };
	size_t size = (size_t)w * (size_t)h * 3;
	FILE *f;

	snprintf(raw, sizeof(raw), "%s/shot.rgb", dir);
	snprintf(to, sizeof(to), "rgb:%s", raw);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
	f = fopen(raw, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(rgb, 1, sizeof(rgb), f), size);
	fclose(f);
	for (int i = 0; i < 4; i++)
		for (int c = 0; c < 3; c++) {
			int x = w * (1 + 2 * (i % 2)) / 4, y = h * (1 + 2 * (i / 2)) / 4;
			int got = rgb[(y * w + x) * 3 + c];

			ck_assert_msg(abs(got - want[i][c]) <= 20, "quarter %d, %c: %d", i,
					"RGB"[c], got);
		}
}

/* What the double was asked to do. */
static bool was_asked(void *arg)
{
	static char text[65536];
	char path[320];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", dir);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = 0;
	return strstr(text, arg) != NULL;
}

static void expect(const char *text)
{
	ck_assert_msg(test_until(was_asked, (void *)(uintptr_t)text, TEST_PATIENCE_MS), "not: %s",
			text);
}

static void forget(void)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/log", dir);
	unlink(path);
}

static unsigned long frames(void)
{
	return test_line_number(test_proc_must_expect(&viewer, "stats frames=", TEST_PATIENCE_MS),
			"frames=");
}

static void goes_on(void)
{
	unsigned long n = frames();

	while (frames() <= n + 2)
		;
}

static void take_photo(void)
{
	char path[320], *out = NULL;
	const char *const argv[] = { "/usr/bin/convert", "-size", "160x120", "(", "xc:red",
		"xc:lime", "+append", ")", "(", "xc:blue", "xc:white", "+append", ")", "-append",
		"-quality", "90", path, NULL };

	snprintf(path, sizeof(path), "%s/photo.jpg", dir);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
}

static const struct {
	const char *code, *begun;
} formats[] = { { "YUYV", "on video0 YUYV 320x240 15" }, { "NV12", "on video0 NV12 320x240 15" },
	{ "MJPG", "on video0 MJPG 320x240 15" } };

START_TEST(a_camera_is_shown_as_it_is_while_somebody_looks)
{
	take_photo();
	plug(0, "Desk", formats[_i].code, 15, "none");
	plug(1, "Desk", "META", 15, "none"); /* what such cameras have besides */
	start_host(NULL, NULL);
	start_viewer("0", "300ms", true);
	ends_with(0, NULL);
	shows_the_camera(W, H);
	expect(formats[_i].begun);
	expect("off video0"); /* its light */
}
END_TEST

START_TEST(cameras_come_and_go_under_a_session)
{
	plug(0, "First", "YUYV", 15, "none");
	plug(1, "Second", "NV12", 15, "none");
	start_host(NULL, NULL);
	start_viewer("0", "10m", true);
	expect("on video0");
	/* pulled out: its viewer sees the one that is left */
	unplug(0);
	expect("on video1");
	goes_on();
	unplug(1);
	test_proc_must_expect(&host.proc, "camera.list cameras=0", TEST_PATIENCE_MS);
	forget();
	plug(0, "First", "YUYV", 15, "none");
	expect("on video0");
	goes_on();
	test_proc_signal(&viewer, SIGTERM);
	ends_with(0, NULL);
	shows_the_camera(W, H);
}
END_TEST

START_TEST(its_owner_says_what_is_taken_of_it)
{
	char *out = NULL;
	const char *const wrong[] = { HOST_PROGRAM, "run", "--camera-size", "big", "--state-dir",
		dir, NULL };

	ck_assert_int_ne(test_run(wrong, NULL, &out), 0);
	ck_assert_msg(strstr(out, "'camera-size' is not WIDTHxHEIGHT"), "%s", out);
	free(out);
	plug(0, "Desk", "YUYV", 30, "none");
	start_host("--camera-size=170x100", "--camera-fps=5");
	start_viewer("0", "300ms", true);
	ends_with(0, NULL);
	shows_the_camera(W / 2, H / 2); /* the size next to it */
	expect("on video0 YUYV 160x120 5");
}
END_TEST

static bool has_both_ways(void *arg)
{
	(void)arg;
	return strstr(test_pulse_say(&far, "list short sink-inputs"), "Hz") &&
			strstr(test_pulse_say(&far, "list short source-outputs"), "Hz");
}

START_TEST(who_looks_may_talk_to_who_is_there)
{
	char target[40], password[60];
	const char *const argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--camera", "--call", "--audio", "on", "--timeout", "90", "--no-retry", NULL };
	const char *const env[] = { password, near.env_runtime, near.env_home, NULL };

	test_pulse_start(&near, NULL);
	test_pulse_start(&far, NULL);
	test_pulse_say(&far, "set-default-source speakers.monitor");
	plug(0, "Desk", "YUYV", 15, "none");
	start_host("--voice-call=auto", "--voice-into=loudspeakers");
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&viewer, "voice call: in a voice call", TEST_PATIENCE_MS);
	/* its voice to the loudspeakers, and the microphone to it */
	ck_assert_msg(test_until(has_both_ways, NULL, TEST_PATIENCE_MS), "%s", host.proc.log);
	test_proc_signal(&viewer, SIGINT);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
}
END_TEST

START_TEST(without_any_camera_it_is_said_what_is_missing)
{
	start_host(NULL, NULL);
	start_viewer("0", "1s", true);
	ends_with(6, "this host has no camera");
}
END_TEST

/* Whatever the others do, the last one is shown. */
static void is_borne(const char *const lie[], const char *code)
{
	char text[40];
	unsigned n = 0;

	take_photo();
	for (; lie[n]; n++)
		plug(n, lie[n], code, 30, lie[n]);
	plug(n, "Good", "YUYV", 15, "none");
	start_host(NULL, NULL);
	/* those that are no cameras at all are not listed */
	start_viewer("all", "10m", false);
	snprintf(text, sizeof(text), "on video%u", n);
	expect(text);
	goes_on();
	test_proc_signal(&viewer, SIGTERM);
	ends_with(0, NULL);
	host_until(&host, 0, "");
	ck_assert_ptr_null(strstr(host.proc.log, "agent.killed"));
	ck_assert_ptr_null(strstr(host.proc.log, "agent.down"));
}

START_TEST(a_camera_that_lies_is_borne)
{
	static const char *const first[] = { "names", "endless", "range", "pace", "size", "lines",
		NULL };
	static const char *const second[] = { "buffers", "none-left", "long", "empty", "index",
		"used", NULL };
	static const char *const third[] = { "short", "still", NULL };
	static const char *const *const all[] = { first, second, third };

	is_borne(all[_i], "YUYV");
}
END_TEST

START_TEST(a_picture_that_is_none_is_borne)
{
	static const char *const lies[] = { "garbage", "short", "used", NULL };

	is_borne(lies, "MJPG");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("v4l2");
	TCase *t = tcase_create("v4l2");

	tcase_set_timeout(t, 240);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
			t, a_camera_is_shown_as_it_is_while_somebody_looks, 0, HWS_COUNT(formats));
	tcase_add_test(t, cameras_come_and_go_under_a_session);
	tcase_add_test(t, its_owner_says_what_is_taken_of_it);
	if (access("/usr/bin/pulseaudio", X_OK) == 0)
		tcase_add_test(t, who_looks_may_talk_to_who_is_there);
	tcase_add_test(t, without_any_camera_it_is_said_what_is_missing);
	tcase_add_loop_test(t, a_camera_that_lies_is_borne, 0, 3);
	tcase_add_test(t, a_picture_that_is_none_is_borne);
	suite_add_tcase(s, t);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
