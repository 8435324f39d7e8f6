/* A session whose pictures are coded and decoded by a device, between real processes: the device
 * is tests/support/va_driver, which codes on the processor behind the interface of a graphics
 * card. The processes with the driver are killed in the middle: the picture stays whole. */
#include "shared/base/macros.h"
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/suite.h"
#include "tests/support/va_driver/env.h"
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_stack stack;
static struct test_viewer viewer;
static char config[300]; /* of the viewer */

/* Where the host keeps what it knows, in the environment of the stack. */
static void host_path(char *buf, size_t size)
{
	static const char name[] = "XDG_RUNTIME_DIR=";
	const char *found = getenv("XDG_RUNTIME_DIR");

	for (const char *const *e = stack.envp; *e; e++)
		if (!strncmp(*e, name, sizeof(name) - 1))
			found = *e + sizeof(name) - 1;
	snprintf(buf, size, "%s/hawser", found);
}

static void write_report(const char *folder, const char *text)
{
	char path[400];

	mkdir(folder, 0700);
	snprintf(path, sizeof(path), "%s/codecs", folder);
	unlink(path);
	FILE *f = fopen(path, "wxe");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

/* What the probe measured, but for the times: here the device is the fastest there is. */
static void probe(void)
{
	char host[300], own[300];

	const char *const argv[] = { test_bin("client/hwcodec/hawser-hwcodec"), "probe",
		VA_TEST_DEVICE, NULL };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	char path[400], text[4096], *line;

	snprintf(path, sizeof(path), "%s/hawser/codecs", getenv("XDG_RUNTIME_DIR"));
	do {
		ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
		test_read_file(path, text, sizeof(text));
	} while ((!strstr(text, "encode h264") || !strstr(text, "decode h264")) &&
			test_now_ms() < end);
	line = strstr(text, "encode h264");
	ck_assert_msg(line != NULL, "%s", text);
	snprintf(line, sizeof(text) - (size_t)(line - text), "%s",
			"encode h264 1 1 90000 90000\ndecode h264 1 1 90000 90000\nend\n");
	snprintf(own, sizeof(own), "%s/hawser", getenv("XDG_RUNTIME_DIR"));
	write_report(own, text);
	host_path(host, sizeof(host));
	write_report(host, text);
}

static void set_up(void)
{
	va_test_environment("good");
	setenv("HAWSER_HWCODEC", test_bin("client/hwcodec/hawser-hwcodec"), 1);
	setenv("HAWSER_HOST_HARDWARE_CODECS", VA_TEST_DEVICE, 1);
	snprintf(config, sizeof(config), "%s/viewer.conf", getenv("XDG_CONFIG_HOME"));
	test_write_file("hardware-codecs = " VA_TEST_DEVICE "\n", "%s", config);
	ck_assert_int_eq(chmod(config, 0600), 0);
}

static void tear_down(void)
{
	if (viewer.session)
		test_viewer_close(&viewer);
	test_stack_stop(&stack);
}

/* Text of a file of /proc with spaces for NULs. */
static void read_line(char *buf, size_t size, const char *pid, const char *name)
{
	char path[300];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	FILE *f = fopen(path, "re");
	if (f) {
		n = fread(buf, 1, size - 1, f);
		fclose(f);
	}
	buf[n] = 0;
	for (size_t i = 0; i + 1 < n; i++)
		if (!buf[i])
			buf[i] = ' ';
}

static int parent_of(const char *pid)
{
	char stat[1000];

	read_line(stat, sizeof(stat), pid, "stat");
	const char *end = strrchr(stat, ')');
	return end ? (int)strtoul(end + 4, NULL, 10) : 0;
}

/* A process of ours that serves a device: of this process (the viewer), or of the host's agent. */
static int server_of(bool host)
{
	DIR *d = opendir("/proc");
	int found = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));) {
		char line[500], parent[20];
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		read_line(line, sizeof(line), e->d_name, "cmdline");
		if (!strstr(line, "hawser-hwcodec serve"))
			continue;
		int p = parent_of(e->d_name);
		snprintf(parent, sizeof(parent), "%d", p);
		/* agent, hostd */
		if (host ? p != getpid() && parent_of(parent) == stack.host.pid : p == getpid())
			found = (int)strtoul(e->d_name, NULL, 10);
	}
	closedir(d);
	return found;
}

/* By a filter of calls, where the system has them. */
static void must_be_confined(int pid)
{
	char name[20], text[4096];

	read_line(text, sizeof(text), "self", "status");
	if (!strstr(text, "Seccomp:"))
		return;
	snprintf(name, sizeof(name), "%d", pid);
	read_line(text, sizeof(text), name, "status");
	ck_assert_msg(strstr(text, "Seccomp:\t2"), "%s", text);
	ck_assert_msg(strstr(text, "NoNewPrivs:\t1"), "%s", text);
}

static unsigned frames_wanted;
static bool by_device;

static bool is_shown(struct test_viewer *v)
{
	v->stats.size = sizeof(v->stats);
	return hawser_session_stats(v->session, &v->stats) == 0 &&
			v->stats.codec == HAWSER_CODEC_H264 && v->stats.by_device == by_device &&
			v->stats.frames >= frames_wanted;
}

/* So many more pictures, decoded so. */
static void must_show_more(bool device)
{
	by_device = device;
	frames_wanted = (unsigned)viewer.stats.frames + 5;
	if (!test_viewer_until(&viewer, is_shown, TEST_PATIENCE_MS))
		ck_abort_msg("codec %s, by %s, %u frames of %u, state %s %s",
				hawser_codec_name(viewer.stats.codec),
				viewer.stats.by_device ? "device" : "processor",
				(unsigned)viewer.stats.frames, frames_wanted, viewer.state_text,
				viewer.closed_text);
}

static const char *status(void)
{
	static char text[4000];
	char state[280];
	const char *const argv[] = { test_bin("client/host/hawser-host"), "status", "--state-dir",
		state, NULL };
	char *out = NULL;

	snprintf(state, sizeof(state), "%s/host", stack.dir);
	ck_assert_int_eq(test_run(argv, stack.envp, &out), 0);
	snprintf(text, sizeof(text), "%s", out);
	free(out);
	return text;
}

static bool status_says(void *arg)
{
	return strstr(status(), arg) != NULL;
}

static int killed;

static bool is_replaced(struct test_viewer *v HWS_UNUSED)
{
	int now = server_of(true);

	return now > 0 && now != killed;
}

/* A clock that draws ten times a second. */
static void start(struct test_proc *clock, bool favourably)
{
	const char *const argv[] = { "/usr/bin/xterm", "-geometry", "60x20+30+30", "-e", "/bin/sh",
		"-c", "while :; do date +%N; sleep 0.1; done", NULL };
	struct test_viewer_conf conf = {
		.no_exact = true, .codec = HAWSER_CODEC_H264, .config = config
	};

	test_stack_start(&stack, STACK_NO_HOST);
	if (favourably)
		probe();
	test_stack_start_host(&stack);
	test_proc_start(clock, argv, stack.envp);
	conf.target = stack.target;
	conf.password = stack.password;
	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, TEST_PATIENCE_MS);
}

START_TEST(a_device_codes_at_both_ends_and_is_replaced_when_it_dies)
{
	struct test_proc clock = { 0 };
	char says[] = "hardware:  " VA_TEST_DEVICE " (hawser's test driver";

	start(&clock, true);
	ck_assert_msg(test_until(status_says, says, TEST_PATIENCE_MS), "%s", status());
	must_show_more(true);
	int encoder = server_of(true), decoder = server_of(false);
	ck_assert_msg(encoder > 0, "%s%s", status(), stack.host.log);
	ck_assert_int_gt(decoder, 0);
	must_be_confined(encoder);
	must_be_confined(decoder);
	ck_assert_int_eq(kill(encoder, SIGKILL), 0);
	/* What failed once is tried again. */
	killed = encoder;
	ck_assert(test_viewer_until(&viewer, is_replaced, TEST_PATIENCE_MS));
	must_show_more(true);
	ck_assert_int_eq(kill(decoder, SIGKILL), 0);
	must_show_more(false);
	ck_assert_int_eq(server_of(false), 0);
	test_viewer_close(&viewer);
	viewer.session = NULL;
	test_proc_stop(&clock);
}
END_TEST

static bool is_probed(void *arg)
{
	char host[300], path[400];

	host_path(host, sizeof(host));
	snprintf(path, sizeof(path), "%s/codecs", host);
	test_read_file(path, arg, 4096);
	return strstr(arg, "\nend\n") != NULL;
}

/* The host has the probe run by itself; the session goes by the processor. */
START_TEST(a_driver_that_crashes_is_found_by_the_host_and_not_used)
{
	struct test_proc clock = { 0 };
	char text[4096];

	setenv("VA_TEST_MODE", "crash", 1);
	start(&clock, false);
	must_show_more(false);
	ck_assert(test_until(is_probed, text, TEST_PATIENCE_MS));
	ck_assert_msg(!strstr(text, "device"), "%s", text);
	must_show_more(false);
	ck_assert(!strstr(status(), "hardware:"));
	ck_assert_int_eq(server_of(true), 0);
	ck_assert_int_eq(server_of(false), 0);
	test_proc_stop(&clock);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/hardware");
	TCase *t = test_case(s, "hardware", 200, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_device_codes_at_both_ends_and_is_replaced_when_it_dies);
	tcase_add_test(t, a_driver_that_crashes_is_found_by_the_host_and_not_used);
	return test_suite_run(s);
}
