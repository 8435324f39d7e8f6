/* Cameras from a real PipeWire server, by the real host, to the real viewer: what the camera sees
 * is what is shown, it runs only while somebody looks, and what comes and goes is borne. */
#include "shared/crypto/crypto.h"
#include "tests/component/host/host.h"
#include "tests/component/host/session_bus.h"
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

static struct test_bus bus;
static struct test_host host;
static struct test_proc server, manager, source, other, viewer;
static char dir[256], shot[300];

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&server, 0, sizeof(server));
	memset(&manager, 0, sizeof(manager));
	memset(&source, 0, sizeof(source));
	memset(&other, 0, sizeof(other));
	memset(&viewer, 0, sizeof(viewer));
	test_dir(dir, sizeof(dir));
	ck_assert_int_eq(chmod(dir, 0700), 0);
	snprintf(shot, sizeof(shot), "%s/shot.png", dir);
	/* all programs of the test have a session of their own, whatever runs here besides */
	setenv("XDG_RUNTIME_DIR", dir, 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("XDG_STATE_HOME", dir, 1);
	unsetenv("PIPEWIRE_REMOTE");
	unsetenv("PIPEWIRE_RUNTIME_DIR");
	bus_init(&bus);
	host.bus = bus.address;
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	host_stop(&host);
	test_proc_stop(&source);
	test_proc_stop(&other);
	test_proc_stop(&manager);
	test_proc_stop(&server);
	bus_stop(&bus);
}

static bool socket_is_there(void *arg)
{
	return access(arg, F_OK) == 0;
}

/* A server, and what joins streams to cameras. */
static void start_server(void)
{
	static char address[300], path[300];
	static const char *const pipewire[] = { "/usr/bin/pipewire", NULL },
				 *const wireplumber[] = { "/usr/bin/wireplumber", NULL };
	const char *const env[] = { address, NULL };

	bus_start(&bus);
	snprintf(address, sizeof(address), "DBUS_SESSION_BUS_ADDRESS=%s", bus.address);
	snprintf(path, sizeof(path), "%s/pipewire-0", dir);
	test_proc_start(&server, pipewire, env);
	ck_assert_msg(test_until(socket_is_there, path, TEST_PATIENCE_MS), "%s",
			server.log ? server.log : "no server");
	test_proc_start(&manager, wireplumber, env);
}

static void start_camera(struct test_proc *p, const char *name, const char *format)
{
	const char *const argv[] = { CAMERA_SOURCE, name, format, "320", "240", "15", NULL };

	test_proc_start(p, argv, NULL);
	test_proc_must_expect(p, "ready", TEST_PATIENCE_MS);
}

static void start_host(const char *option)
{
	/* without any display: cameras need none */
	const char *extra[] = { "--backend", "x11", "--display", ":4095", option, NULL };

	host_start(&host, extra);
}

static void start_viewer(const char *display, const char *after)
{
	static char password[60], target[40];
	const char *const argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--camera", "--display", display, "--screenshot", shot, "--after", after,
		"--timeout", "90", "--no-retry", "--stats", NULL };
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

/* The picture that the viewer has saved has the four colours of the source. */
static void shows_the_camera(void)
{
	static const struct {
		int x, y, rgb[3];
	} want[] = { { W / 4, H / 4, { 255, 0, 0 } }, { W * 3 / 4, H / 4, { 0, 255, 0 } },
		{ W / 4, H * 3 / 4, { 0, 0, 255 } }, { W * 3 / 4, H * 3 / 4, { 255, 255, 255 } } };
	static unsigned char rgb[W * H * 3 + 1];
	char raw[320], to[340], *out = NULL;
	const char *const argv[] = { "/usr/bin/convert", shot, "-depth", "8", to, NULL };
	FILE *f;

	snprintf(raw, sizeof(raw), "%s/shot.rgb", dir);
	snprintf(to, sizeof(to), "rgb:%s", raw);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
	f = fopen(raw, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(rgb, 1, sizeof(rgb), f), sizeof(rgb) - 1);
	fclose(f);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		for (int c = 0; c < 3; c++) {
			int got = rgb[(want[i].y * W + want[i].x) * 3 + c];
			ck_assert_msg(abs(got - want[i].rgb[c]) <= 16, "quarter %zu, %c: %d", i,
					"RGB"[c], got);
		}
}

static unsigned long frames(void)
{
	return test_line_number(test_proc_must_expect(&viewer, "stats frames=", TEST_PATIENCE_MS),
			"frames=");
}

/* More pictures arrive than what had been sent before. */
static void goes_on(void)
{
	unsigned long n = frames();

	while (frames() <= n + 2)
		;
}

static const char *const formats[] = { "YUY2", "NV12", "BGRx" };

START_TEST(a_camera_is_shown_as_it_is_while_somebody_looks)
{
	start_server();
	start_camera(&source, "Desk camera", formats[_i]);
	start_host(NULL);
	start_viewer("0", "300ms");
	ends_with(0, NULL);
	shows_the_camera();
	test_proc_must_expect(&source, "on", TEST_PATIENCE_MS);
	test_proc_must_expect(&source, "off", TEST_PATIENCE_MS); /* its light */
}
END_TEST

START_TEST(cameras_come_and_go_under_a_session)
{
	start_server();
	start_host(NULL);
	start_viewer("0", "1s");
	ends_with(6, "no camera");
	start_camera(&source, "First", "YUY2");
	start_camera(&other, "Second", "BGRx");
	test_proc_must_expect(&host.proc, "camera.list cameras=2", TEST_PATIENCE_MS);
	start_viewer("0", "10m");
	test_proc_must_expect(&source, "on", TEST_PATIENCE_MS);
	/* pulled out: its viewer sees the one that is left */
	test_proc_stop(&source);
	memset(&source, 0, sizeof(source));
	test_proc_must_expect(&other, "on", TEST_PATIENCE_MS);
	goes_on();
	/* all are gone, and one comes back */
	test_proc_stop(&other);
	memset(&other, 0, sizeof(other));
	test_proc_must_expect(&host.proc, "camera.list cameras=0", TEST_PATIENCE_MS);
	start_camera(&source, "First", "YUY2");
	test_proc_must_expect(&source, "on", TEST_PATIENCE_MS);
	goes_on();
	test_proc_signal(&viewer, SIGTERM);
	ends_with(0, NULL);
	shows_the_camera();
}
END_TEST

START_TEST(a_server_that_ends_takes_the_session_with_it_and_no_more)
{
	start_server();
	start_camera(&source, "Desk camera", "YUY2");
	start_host(NULL);
	start_viewer("0", "10m");
	test_proc_must_expect(&source, "on", TEST_PATIENCE_MS);
	test_proc_signal(&server, SIGKILL);
	ends_with(9, NULL); /* was there, and ended */
	start_viewer("0", "1s");
	ends_with(6, "PipeWire of the desktop's account: not running");
}
END_TEST

START_TEST(it_needs_a_server_and_the_permission)
{
	start_host(NULL);
	start_viewer("0", "1s");
	ends_with(6, "PipeWire of the desktop's account: not running");
	host_stop(&host);
	memset(&host.proc, 0, sizeof(host.proc));
	start_host("--no-enable-camera");
	start_viewer("0", "1s");
	ends_with(6, "does not permit");
}
END_TEST

START_TEST(who_looks_is_announced_and_cannot_type)
{
	const char *const argv[] = { test_bin("client/cli/hawser"), "connect", "127.0.0.1:1",
		"--headless", "--camera", "--type", "x", NULL };
	char *out = NULL;

	ck_assert_int_eq(test_run(argv, NULL, &out), 2);
	ck_assert_ptr_nonnull(strstr(out, "--type does not go with --camera"));
	free(out);
	start_server();
	bus_start_desktop(&bus, NULL);
	start_camera(&source, "Desk camera", "NV12");
	start_host(NULL);
	start_viewer("0", "10m");
	test_proc_must_expect(&bus.desktop, "is connected to this computer", TEST_PATIENCE_MS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("camera");
	TCase *t = tcase_create("camera");

	tcase_set_timeout(t, 240);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_camera_is_shown_as_it_is_while_somebody_looks, 0, 3);
	tcase_add_test(t, cameras_come_and_go_under_a_session);
	tcase_add_test(t, a_server_that_ends_takes_the_session_with_it_and_no_more);
	tcase_add_test(t, it_needs_a_server_and_the_permission);
	tcase_add_test(t, who_looks_is_announced_and_cannot_type);
	suite_add_tcase(s, t);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
