/* Print jobs from a real host to the real viewer: what `hawser-host print` is given arrives in the
 * viewer's folder as it was, or is refused with the reason. */
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct test_host host;
static struct test_proc viewer;
static struct test_viewer deployed;
static char dir[256], out_dir[300], pdf[300], said_path[600];

/* More than one block, and no multiple of one. */
#define PDF_BYTES (3u * 131072u + 12345u)

static void make_pdf(void)
{
	FILE *f = fopen(pdf, "w");

	ck_assert_ptr_nonnull(f);
	fputs("%PDF-1.7\n", f);
	for (unsigned i = 9; i < PDF_BYTES; i++)
		fputc((int)(i * 31 + i / 251), f);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	memset(&deployed, 0, sizeof(deployed));
	test_dir(dir, sizeof(dir));
	snprintf(out_dir, sizeof(out_dir), "%s/out", dir);
	snprintf(pdf, sizeof(pdf), "%s/page.pdf", dir);
	ck_assert_int_eq(mkdir(out_dir, 0700), 0);
	make_pdf();
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	viewer_close(&deployed);
	host_stop(&host);
}

static void start_host(const char *option)
{
	const char *extra[] = { "--backend", "headless:160x120@5", option, NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", TEST_PATIENCE_MS);
}

static void start_viewer(const char *where)
{
	static char password[60], target[40], config[300];
	const char *const argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--timeout", "90", where ? "--print-to" : NULL, where, NULL };
	const char *const env[] = { password, config, NULL };

	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&host.proc, "agent.viewer_open", TEST_PATIENCE_MS);
}

/* `hawser-host print FILE`: its status is `want`, and it says `text`. */
static void prints(const char *file, int want, const char *text)
{
	const char *const argv[] = { HOST_PROGRAM, "print", "--state-dir", host.dir, file, NULL };
	char *out = NULL;
	int status = test_run(argv, NULL, &out);

	ck_assert_msg(status == want && strstr(out, text), "status %d: %s", status, out);
	free(out);
}

static unsigned count_files(void)
{
	DIR *d = opendir(out_dir);
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));)
		if (*e->d_name != '.') {
			snprintf(said_path, sizeof(said_path), "%s/%s", out_dir, e->d_name);
			n++;
		}
	closedir(d);
	return n;
}

static void is_equal(const char *a, const char *b)
{
	const char *const argv[] = { "/usr/bin/cmp", a, b, NULL };
	char *out = NULL;

	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
}

START_TEST(a_page_arrives_in_the_viewers_folder)
{
	struct stat st;

	start_host(NULL);
	start_viewer(out_dir);
	prints(pdf, 0, "offered to 1 viewer");
	test_proc_must_expect(&viewer, "it is saved as ", TEST_PATIENCE_MS);
	ck_assert_uint_eq(count_files(), 1);
	ck_assert_str_eq(strrchr(said_path, '.'), ".pdf");
	is_equal(pdf, said_path);
	ck_assert_int_eq(stat(said_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	/* the job is over and the session is not: there is room for another one */
	prints(pdf, 0, "offered to 1 viewer");
	test_proc_must_expect(&viewer, "it is saved as ", TEST_PATIENCE_MS);
	ck_assert_uint_eq(count_files(), 2);
	is_equal(pdf, said_path);
	test_proc_signal(&viewer, SIGTERM);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
}
END_TEST

START_TEST(what_is_no_page_is_refused_with_the_reason)
{
	char file[300];

	start_host(NULL);
	prints(pdf, 1, "nobody who could read it");
	start_viewer(out_dir);
	snprintf(file, sizeof(file), "%s/text", dir);
	test_write_file("hello", "%s", file);
	prints(file, 1, "only PDF and PostScript");
	prints(dir, 1, "regular file");
	prints("/nowhere/at/all", 1, "No such file");
	snprintf(file, sizeof(file), "%s/empty.pdf", dir);
	test_write_file("", "%s", file);
	prints(file, 1, "1 byte to 256 MiB");
	ck_assert_uint_eq(count_files(), 0);
	/* after all that it still works */
	prints(pdf, 0, "offered");
	test_proc_must_expect(&viewer, "it is saved as ", TEST_PATIENCE_MS);
}
END_TEST

START_TEST(a_viewer_that_wants_none_gets_none)
{
	start_host(NULL);
	start_viewer(NULL);
	prints(pdf, 0, "offered");
	prints(pdf, 1, "another job"); /* it waits for an answer, and does not come twice */
}
END_TEST

/* Deployed viewers print XPS; where it is not permitted all are told so. */
START_TEST(a_viewer_that_may_not_print_is_told_as_deployed_hosts_do)
{
	Ses__Message *m;

	start_host(_i ? "--enable-remote-printer=no" : NULL);
	deployed.session_id = 7;
	ck_assert_str_eq(viewer_enter(&deployed, host.port, host_password(&host)), "");
	test_proc_must_expect(&host.proc, "agent.viewer_open", TEST_PATIENCE_MS);
	prints(pdf, 1, _i ? "enable-remote-printer" : "not of hawser");
	m = viewer_until(&deployed, SES__MESSAGE__UNION_MESSAGE_BOX);
	ck_assert_ptr_nonnull(m);
	ck_assert_str_eq(m->message_box->msgtype, "custom-nook-nocancel-hasclose");
	ck_assert_str_eq(m->message_box->title, "remote-printing-disallowed-tile-tip");
	ck_assert_str_eq(m->message_box->text, "remote-printing-disallowed-text-tip");
	hws_ses_free(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/print");
	TCase *t = test_case(s, "print", 120,
			TESTS(a_page_arrives_in_the_viewers_folder,
					what_is_no_page_is_refused_with_the_reason,
					a_viewer_that_wants_none_gets_none));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_viewer_that_may_not_print_is_told_as_deployed_hosts_do, 0, 2);
	return test_suite_run(s);
}
