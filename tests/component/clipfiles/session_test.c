/* Files of the clipboard between a real host on a real X server and the command line: copied with
 * what a desktop has, pasted with what it has. */
#include "shared/crypto/crypto.h"
#include "tests/component/host/host.h"
#include "tests/support/suite.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_xvfb x, y; /* the host's, and that of a window */
static struct test_host host;
static struct test_proc viewer, owner;
static char dir[256], runtime[300];

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&x, 0, sizeof(x));
	memset(&y, 0, sizeof(y));
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	memset(&owner, 0, sizeof(owner));
	test_dir(dir, sizeof(dir));
	snprintf(runtime, sizeof(runtime), "%s/run", dir);
	ck_assert_int_eq(mkdir(runtime, 0700), 0);
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	test_xvfb_start(&x, 320, 240);
	setenv("DISPLAY", x.display, 1);
}

static void tear_down(void)
{
	test_proc_stop(&viewer);
	test_proc_stop(&owner);
	host_stop(&host);
	test_xvfb_stop(&x);
	test_xvfb_stop(&y);
}

static void start_host(const char *option)
{
	const char *const extra[] = { "--display", x.display, option, NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 20000);
}

static const char *path(const char *name)
{
	static char buf[8][PATH_MAX];
	static unsigned turn;
	char *p = buf[turn++ % 8];

	snprintf(p, PATH_MAX, "%s/%s", dir, name);
	return p;
}

static void make_tree(void)
{
	FILE *f;

	ck_assert_int_eq(mkdir(path("a folder"), 0755), 0);
	ck_assert_int_eq(mkdir(path("a folder/empty"), 0755), 0);
	test_write_file("hello", "%s/a folder/\xc3\xa4", dir);
	test_write_file("hidden", "%s/a folder/.x", dir);
	f = fopen(path("a folder/big"), "w");
	ck_assert_ptr_nonnull(f);
	for (unsigned i = 0; i < 3000001; i++)
		fputc((int)(i * 13 + i / 256), f);
	fclose(f);
}

/* By the system's own program. */
static void is_equal(const char *a, const char *b)
{
	const char *const argv[] = { "/usr/bin/diff", "-r", a, b, NULL };
	char *out = NULL;

	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	free(out);
}

static void start_viewer(const char *option, const char *value)
{
	static char password[60], target[40];
	const char *const argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		option, value, "--timeout", "90", NULL };
	const char *const env[] = { password, NULL };

	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&host.proc, "agent.viewer_open", 20000);
}

/* As a file manager: owns the selection until somebody else takes it. */
static void copy_at(const char *display, const char *uri)
{
	static char list[PATH_MAX];
	const char *const argv[] = { "/usr/bin/xclip", "-display", display, "-selection",
		"clipboard", "-t", "text/uri-list", "-quiet", "-i", list, NULL };

	snprintf(list, sizeof(list), "%s/list", dir);
	test_write_file(uri, "%s", list);
	test_proc_start(&owner, argv, NULL);
}

/* What the desktop's clipboard has as this target; "" = nothing. */
static const char *pasted_at(const char *display, const char *target)
{
	static char text[8192];
	const char *const argv[] = { "/usr/bin/timeout", "10", "/usr/bin/xclip", "-display",
		display, "-selection", "clipboard", "-o", "-t", target, NULL };
	char *out = NULL;
	int status = test_run(argv, NULL, &out);

	snprintf(text, sizeof(text), "%s", status == 0 && out ? out : "");
	free(out);
	return text;
}

static const char *pasted(const char *target)
{
	return pasted_at(x.display, target);
}

static bool has_files(void *arg)
{
	const struct test_xvfb *at = arg ? arg : &x;

	(void)test_proc_expect(&host.proc, "nothing that it says", 1);
	return strncmp(pasted_at(at->display, "text/uri-list"), "file:///", 8) == 0;
}

static bool has_none(void *arg)
{
	return !has_files(arg);
}

/* False: nobody can mount here. */
static bool wait_for_files(struct test_xvfb *at)
{
	if (geteuid() != 0 && access("/usr/bin/fusermount3", X_OK) < 0) {
		test_skip("no fusermount3 here");
		return false;
	}
	if (access("/dev/fuse", F_OK) < 0) {
		test_skip("no /dev/fuse here");
		return false;
	}
	ck_assert_msg(test_until(has_files, at, TEST_PATIENCE_MS), "%.3000s\n%.3000s", viewer.log,
			host.proc.log);
	return true;
}

START_TEST(what_the_desktop_copies_is_pasted_by_the_viewer)
{
	char uri[PATH_MAX];

	make_tree();
	ck_assert_int_eq(mkdir(path("dst"), 0755), 0);
	start_host(NULL);
	start_viewer("--paste-files", path("dst"));
	snprintf(uri, sizeof(uri), "file://%s\r\n", path("a%20folder"));
	copy_at(x.display, uri);
	ck_assert_msg(test_proc_wait(&viewer, TEST_PATIENCE_MS) == 0, "%s", viewer.log);
	is_equal(path("a folder"), path("dst/a folder"));
}
END_TEST

START_TEST(what_the_viewer_copies_is_pasted_at_the_desktop)
{
	const char *uris;
	char *end, from[PATH_MAX] = "";
	const char *const argv[] = { "/bin/cp", "-r", from, path("dst"), NULL };

	make_tree();
	ck_assert_int_eq(mkdir(path("dst"), 0755), 0);
	start_host(NULL);
	start_viewer("--copy-files", path("a folder"));
	if (!wait_for_files(&x))
		return;
	ck_assert_int_eq(strncmp(pasted("x-special/gnome-copied-files"), "copy\nfile:///", 13), 0);
	uris = pasted("text/uri-list");
	end = strstr(uris, "/a%20folder");
	ck_assert_ptr_nonnull(end);
	snprintf(from, sizeof(from), "%.*s/a folder", (int)(end - uris) - 7, uris + 7);
	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
	is_equal(path("a folder"), path("dst/a folder"));
	/* the marker keeps it from coming back */
	ck_assert_str_eq(pasted("dyn.com.rustdesk.owner"), "\1");
	/* and with the session it goes */
	test_proc_stop(&viewer);
	ck_assert(test_until(has_none, NULL, TEST_PATIENCE_MS));
	ck_assert_int_lt(access(from, F_OK), 0);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* The program that embedders read, both ways. */
static void start_example(const char *verb, const char *what)
{
#ifdef EXAMPLE
	static char password[60], target[40];
	const char *const argv[] = { EXAMPLE, target, verb, what, NULL };
	const char *const env[] = { password, NULL };

	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&host.proc, "agent.viewer_open", 20000);
#else
	(void)verb;
	(void)what;
	test_skip("embedders' programs have no sanitizer");
#endif
}

START_TEST(the_example_pastes)
{
	char uri[PATH_MAX];

	make_tree();
	ck_assert_int_eq(mkdir(path("dst"), 0755), 0);
	start_host(NULL);
	start_example("paste", path("dst"));
#ifdef EXAMPLE
	snprintf(uri, sizeof(uri), "file://%s\r\n", path("a%20folder"));
	copy_at(x.display, uri);
	ck_assert_msg(test_proc_wait(&viewer, TEST_PATIENCE_MS) == 0, "%s", viewer.log);
	is_equal(path("a folder"), path("dst/a folder"));
#else
	(void)uri;
#endif
}
END_TEST

START_TEST(the_example_copies)
{
	make_tree();
	start_host(NULL);
	start_example("copy", path("a folder"));
#ifdef EXAMPLE
	test_proc_must_expect(&viewer, "files and folders", 20000);
	if (wait_for_files(&x))
		ck_assert_ptr_nonnull(strstr(pasted("text/uri-list"), "/a%20folder"));
#endif
}
END_TEST

/* kill -9 of the viewer while somebody reads: the reader hears of it. */
START_TEST(a_cut_in_the_middle_ends_the_reader)
{
	char from[PATH_MAX] = "", in[PATH_MAX + 3];
	const char *const argv[] = { "/bin/dd", in, "of=/dev/null", "bs=64k", NULL };
	struct test_proc reader = { 0 };
	const char *uris;
	int fd = open(path("huge"), O_CREAT | O_WRONLY, 0644);

	ck_assert_int_eq(ftruncate(fd, 40ll << 30), 0);
	close(fd);
	start_host(NULL);
	start_viewer("--copy-files", path("huge"));
	if (!wait_for_files(&x))
		return;
	uris = pasted("text/uri-list");
	snprintf(from, sizeof(from), "%.*s", (int)strcspn(uris, "\r\n") - 7, uris + 7);
	ck_assert_int_eq(access(from, R_OK), 0);
	snprintf(in, sizeof(in), "if=%s", from);
	test_proc_start(&reader, argv, NULL);
	ck_assert_int_eq(test_proc_wait(&reader, 300), -1);
	test_proc_signal(&viewer, SIGKILL);
	ck_assert_int_eq(test_proc_wait(&reader, TEST_PATIENCE_MS), 1);
	test_proc_stop(&reader);
	ck_assert(test_until(has_none, NULL, TEST_PATIENCE_MS));
}
END_TEST

START_TEST(without_the_permission_nothing_goes)
{
	make_tree();
	start_host("--enable-file-transfer=no");
	start_viewer("--copy-files", path("a folder"));
	test_proc_must_expect(&viewer, "nothing was copied", 20000);
	ck_assert_int_ne(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
}
END_TEST

/* --- with a window ---------------------------------------------------------------------------- */

static void start_window(void)
{
	static char password[60], target[40], display[40];
	const char *const argv[] = { test_bin("client/gtk/hawser-desktop"), "connect", target,
		"--accept-insecure", NULL };
	const char *const env[] = { password, display, "GDK_BACKEND=x11", "GSK_RENDERER=cairo",
		"GTK_A11Y=none", NULL };

	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	snprintf(display, sizeof(display), "DISPLAY=%s", y.display);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&host.proc, "agent.viewer_open", 60000);
}

/* Of what the list names: the folder that was copied, as a path. */
static const char *named_by(const char *uris)
{
	static char from[PATH_MAX];
	const char *end = strstr(uris, "/a%20folder");

	ck_assert_msg(end, "%s", uris);
	snprintf(from, sizeof(from), "%.*s/a folder", (int)(end - uris) - 7, uris + 7);
	return from;
}

START_TEST(a_window_shows_what_the_desktop_copies)
{
	const char *argv[] = { "/bin/cp", "-r", NULL, path("dst"), NULL };
	char uri[PATH_MAX];

	make_tree();
	ck_assert_int_eq(mkdir(path("dst"), 0755), 0);
	test_xvfb_start(&y, 800, 600);
	start_host(NULL);
	start_window();
	snprintf(uri, sizeof(uri), "file://%s\r\n", path("a%20folder"));
	copy_at(x.display, uri);
	if (!wait_for_files(&y))
		return;
	argv[2] = named_by(pasted_at(y.display, "text/uri-list"));
	ck_assert_str_ne(argv[2], path("a folder")); /* not by its own path, which is here, too */
	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
	is_equal(path("a folder"), path("dst/a folder"));
}
END_TEST

START_TEST(what_a_window_s_desktop_copies_goes_to_the_host)
{
	const char *argv[] = { "/bin/cp", "-r", NULL, path("dst"), NULL };
	char uri[PATH_MAX];

	make_tree();
	ck_assert_int_eq(mkdir(path("dst"), 0755), 0);
	test_xvfb_start(&y, 800, 600);
	start_host(NULL);
	start_window();
	snprintf(uri, sizeof(uri), "file://%s\r\n", path("a%20folder"));
	copy_at(y.display, uri);
	if (!wait_for_files(&x))
		return;
	argv[2] = named_by(pasted("text/uri-list"));
	ck_assert_str_ne(argv[2], path("a folder"));
	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
	is_equal(path("a folder"), path("dst/a folder"));
}
END_TEST

int main(void)
{
	return test_main("clip_session", 400, set_up, tear_down,
			TESTS(what_the_desktop_copies_is_pasted_by_the_viewer,
					what_the_viewer_copies_is_pasted_at_the_desktop,
					the_example_pastes, the_example_copies,
					a_cut_in_the_middle_ends_the_reader,
					without_the_permission_nothing_goes,
					a_window_shows_what_the_desktop_copies,
					what_a_window_s_desktop_copies_goes_to_the_host));
}
