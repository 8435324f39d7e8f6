/* Recordings, between a real host and the real viewer: at the viewer, killed in the middle, by
 * policy at the host; who is told; what a permission taken away does; a restart. */
#include "client/media/video_codec.h"
#include "shared/crypto/crypto.h"
#include "tests/component/host/host.h"
#include "tests/component/host/session_bus.h"
#include "tests/support/mp4_reader.h"
#include "tests/support/suite.h"
#include "tests/support/webm_reader.h"
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct test_bus bus;
static struct test_host host;
static struct test_proc viewer;
static char dir[256];

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	test_dir(dir, sizeof(dir));
	bus_init(&bus);
	bus_start(&bus);
	bus_start_desktop(&bus, NULL);
	host.bus = bus.address;
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	host_stop(&host);
	bus_stop(&bus);
}

static const char *in_dir(const char *name)
{
	static char path[4][400];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void start_host(const char *option, const char *value)
{
	const char *extra[] = { "--backend", "headless:160x120@20", option, value, NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", TEST_PATIENCE_MS);
}

static void start_viewer(const char *flag, const char *value)
{
	static char password[60], target[40], config[300];
	const char *const argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--stats", "--timeout", "90", flag, value, NULL };
	const char *const env[] = { password, config, NULL };

	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&host.proc, "agent.viewer_open", TEST_PATIENCE_MS);
}

/* It has shown so many pictures. */
static bool has_shown(void *arg)
{
	const char *line = test_proc_expect(&viewer, "stats frames=", 2000);

	return line && test_line_number(line, "frames=") >= *(unsigned long *)arg;
}

static void must_show(unsigned long frames)
{
	ck_assert_msg(test_until(has_shown, &frames, TEST_PATIENCE_MS), "%s", viewer.log);
}

/* --- looking at files --- */

struct viewing {
	struct hws_decoder *decoder;
	unsigned n;
};

static void look(const uint8_t *data, size_t len, bool key HWS_UNUSED, uint64_t time_ms HWS_UNUSED,
		void *arg)
{
	struct viewing *v = arg;
	const struct hws_picture *p;

	ck_assert_int_eq(hws_decoder_decode(v->decoder, hws_bytes(data, len), &p), HWS_OK);
	ck_assert_int_eq(p->width, 160);
	v->n++;
}

static bool is_mp4(const char *path)
{
	return strcmp(path + strlen(path) - 4, ".mp4") == 0;
}

/* Every picture of it can be decoded; how many. */
static unsigned must_play(const char *path)
{
	struct viewing v = { 0 };
	struct webm_file w = { 0 };
	struct mp4_file m = { 0 };

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_VP9, 1, &v.decoder), HWS_OK);
	if (is_mp4(path))
		mp4_read(path, look, &v, &m);
	else
		webm_read(path, look, &v, &w);
	hws_decoder_free(v.decoder);
	ck_assert_msg(!w.why && !m.why, "%s: %s", path, w.why ? w.why : m.why);
	return v.n;
}

/* The one file in a folder that begins so; "" = none. */
static const char *file_in(const char *folder, const char *prefix)
{
	static char path[700];
	DIR *d = opendir(folder);
	struct dirent *e;

	path[0] = 0;
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, prefix, strlen(prefix)))
			snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
	if (d)
		closedir(d);
	return path;
}

static void must_be_audited(const char *event)
{
	const char *argv[] = { HOST_PROGRAM, "audit", "--state-dir", host.dir, NULL };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	char *out = NULL;
	bool found = false;

	while (!found) {
		free(out);
		ck_assert_int_eq(test_run(argv, NULL, &out), 0);
		found = strstr(out, event) != NULL;
		ck_assert_msg(found || test_now_ms() < end, "no %s in:\n%s", event, out);
	}
	free(out);
}

static void permit(const char *change, int status, const char *text)
{
	json_t *s = host_status(&host), *list = json_object_get(s, "sessions");
	char conn[32];
	const char *argv[] = { HOST_PROGRAM, "permit", "--state-dir", host.dir, conn, change,
		NULL };
	char *out = NULL;

	ck_assert_uint_eq(json_array_size(list), 1);
	snprintf(conn, sizeof(conn), "%lld",
			(long long)json_integer_value(
					json_object_get(json_array_get(list, 0), "conn")));
	json_decref(s);
	int r = test_run(argv, NULL, &out);
	ck_assert_msg(r == status && strstr(out, text), "status %d: %s", r, out);
	free(out);
}

/* --- at the viewer --- */

START_TEST(the_person_at_the_host_hears_that_a_viewer_records)
{
	const char *name = _i ? "film.mp4" : "film.webm";

	start_host(NULL, NULL);
	start_viewer("--record", in_dir(name));
	ck_assert_ptr_nonnull(
			strstr(test_proc_must_expect(&bus.desktop, "records this session]", 20000),
					"file"));
	must_show(20);
	test_proc_signal(&viewer, SIGINT);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
	test_proc_must_expect(&bus.desktop, "records no longer]", 20000);
	ck_assert_uint_ge(must_play(in_dir(name)), 10);
	must_be_audited("viewer.record ");
	must_be_audited("viewer.record_end");
}
END_TEST

START_TEST(a_killed_viewer_leaves_what_can_be_repaired)
{
	const char *name = _i ? "film.mp4" : "film.webm";
	const char *repair[] = { test_bin("client/cli/hawser"), "recordings", "repair",
		in_dir(name), NULL };
	char *out = NULL;

	start_host(NULL, NULL);
	start_viewer("--record", in_dir(name));
	must_show(15);
	ck_assert_int_eq(test_run(repair, NULL, &out), 6);
	ck_assert_ptr_nonnull(strstr(out, "is being recorded"));
	free(out);
	test_proc_signal(&viewer, SIGKILL);
	test_proc_wait(&viewer, TEST_PATIENCE_MS);
	ck_assert_int_eq(test_run(repair, NULL, &out), 0);
	ck_assert_ptr_nonnull(strstr(out, ": repaired"));
	free(out);
	ck_assert_uint_ge(must_play(in_dir(name)), 10);
	ck_assert_int_eq(test_run(repair, NULL, &out), 0);
	ck_assert_ptr_nonnull(strstr(out, ": whole"));
	free(out);
	test_proc_must_expect(&bus.desktop, "records no longer]", 20000);
}
END_TEST

START_TEST(the_viewer_records_by_policy_into_its_folder)
{
	const char *file;

	ck_assert_int_eq(mkdir(in_dir("hawser"), 0700), 0);
	test_write_file("record = always\n", "%s/hawser/hawser.conf", dir);
	FILE *f = fopen(in_dir("hawser/hawser.conf"), "a");
	fprintf(f, "recording-folder = %s/films\n", dir);
	fclose(f);
	ck_assert_int_eq(chmod(in_dir("hawser/hawser.conf"), 0600), 0);
	start_host(NULL, NULL);
	start_viewer(NULL, NULL);
	must_show(15);
	test_proc_signal(&viewer, SIGINT);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
	file = file_in(in_dir("films"), "outgoing_127_0_0_1_");
	ck_assert_ptr_nonnull(strstr(file, "_display0_vp9.webm"));
	ck_assert_uint_ge(must_play(file), 5);
}
END_TEST

START_TEST(a_permission_that_is_taken_away_ends_the_recording)
{
	start_host(NULL, NULL);
	start_viewer("--record", in_dir("film.webm"));
	test_proc_must_expect(&bus.desktop, "records this session]", 20000);
	must_show(15);
	permit("nonsense=off", 1, "not a permission");
	permit("remote-modify=on", 1, "does not serve");
	permit("keyboard=off", 0, "keyboard=off");
	test_proc_must_expect(&bus.desktop, "[Sees this desktop. From", 20000);
	permit("recording=off", 0, "recording=off");
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 6);
	test_proc_must_expect(&viewer, "recording to", 20000);
	ck_assert_uint_ge(must_play(in_dir("film.webm")), 5);
}
END_TEST

/* --- at the host --- */

START_TEST(the_host_records_by_policy_and_says_so)
{
	static char folder[400];
	const char *file,
			*extra[] = { "--backend", "headless:160x120@20", "--record-incoming",
				"--recording-folder", folder, NULL };

	snprintf(folder, sizeof(folder), "%s/kept", dir);
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", TEST_PATIENCE_MS);
	start_viewer(NULL, NULL);
	test_proc_must_expect(&viewer, "the host records this session", 20000);
	test_proc_must_expect(&bus.desktop, "This desktop is being recorded]", 20000);
	must_show(15);
	test_proc_signal(&viewer, SIGINT);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
	test_proc_must_expect(&bus.desktop, "This desktop is not being recorded any more]", 20000);
	must_be_audited("record.begin");
	must_be_audited("record.file");
	must_be_audited("record.end");
	file = file_in(folder, "incoming_");
	ck_assert_ptr_nonnull(strstr(file, "_display0_vp9.webm"));
	ck_assert_uint_ge(must_play(file), 5);
}
END_TEST

START_TEST(the_host_sends_its_own_picture)
{
	const char *file[] = { "/usr/bin/file", "-b", in_dir("own.png"), NULL };
	char *out = NULL;

	start_host(NULL, NULL);
	start_viewer("--host-screenshot", in_dir("own.png"));
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
	ck_assert_int_eq(test_run(file, NULL, &out), 0);
	ck_assert_msg(strstr(out, "PNG image data, 160 x 120"), "%s", out);
	free(out);
}
END_TEST

/* --- restart --- */

static bool is_written(void *arg)
{
	struct stat st;

	return stat(arg, &st) == 0 && st.st_size >= 7;
}

START_TEST(a_restart_is_asked_of_the_machine)
{
	static char script[300];
	char said[300], *out = NULL;
	const char *cat[] = { "/bin/cat", said, NULL };

	snprintf(script, sizeof(script), "%s/restart", dir);
	snprintf(said, sizeof(said), "%s/restarted", dir);
	test_write_file("", "%s/restart", dir);
	FILE *f = fopen(script, "w");
	fprintf(f, "#!/bin/sh\necho \"$@\" > %s\nexit %d\n", said, _i);
	fclose(f);
	ck_assert_int_eq(chmod(script, 0700), 0);
	const char *extra[] = { "--backend", "headless:160x120@20", "--restart-command", script,
		_i == 2 ? "--no-enable-remote-restart" : NULL, NULL };
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", TEST_PATIENCE_MS);
	start_viewer("--restart-host", NULL);
	if (_i == 2) {
		ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 6);
		return;
	}
	must_be_audited("machine.restart");
	if (_i == 1)
		test_proc_must_expect(&viewer, "The host was not restarted", 20000);
	ck_assert(test_until(is_written, said, TEST_PATIENCE_MS));
	ck_assert_int_eq(test_run(cat, NULL, &out), 0);
	ck_assert_str_eq(out, "reboot\n");
	free(out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/record");
	TCase *t = test_case(s, "all", 120,
			TESTS(the_viewer_records_by_policy_into_its_folder,
					a_permission_that_is_taken_away_ends_the_recording,
					the_host_records_by_policy_and_says_so,
					the_host_sends_its_own_picture));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_person_at_the_host_hears_that_a_viewer_records, 0, 2);
	tcase_add_loop_test(t, a_killed_viewer_leaves_what_can_be_repaired, 0, 2);
	tcase_add_loop_test(t, a_restart_is_asked_of_the_machine, 0, 3);
	return test_suite_run(s);
}
