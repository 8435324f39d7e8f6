/* What is copied, in all its formats, between real programs: xclip on the host's desktop, a
 * script's viewer, and a window on a desktop of its own. Large things in pieces, and each
 * direction closed while a session runs. */
#include "tests/e2e/stack.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT "exec $HAWSER connect $ID --headless --accept-insecure "

static struct test_stack stack;
static struct test_xvfb other; /* the window's desktop */
static struct test_proc viewer;
static const char *envp[20];
static char more[6][320];

static int run(const char *script)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	char *out = NULL;
	int r = test_run(argv, envp, &out);

	if (r != 0)
		fprintf(stderr, "%s\nended with %d:\n%s", script, r, out);
	free(out);
	return r;
}

static void setup(void)
{
	size_t n = 0;

	memset(&other, 0, sizeof(other));
	memset(&viewer, 0, sizeof(viewer));
	test_stack_start(&stack, STACK_NO_HOST);
	snprintf(stack.config, sizeof(stack.config), "%s/host.conf", stack.dir);
	test_write_file("", "%s", stack.config);
	test_stack_start_host(&stack);
	test_xvfb_start(&other, 640, 480);
	for (; stack.envp[n]; n++)
		envp[n] = stack.envp[n];
	snprintf(more[0], sizeof(more[0]), "HAWSER=%s", test_bin("client/cli/hawser"));
	snprintf(more[1], sizeof(more[1]), "ID=%s", stack.target);
	snprintf(more[2], sizeof(more[2]), "HAWSER_PASSWORD=a-fixed-password");
	snprintf(more[3], sizeof(more[3]), "DIR=%s", stack.dir);
	snprintf(more[4], sizeof(more[4]), "OTHER=%s", other.display);
	snprintf(more[5], sizeof(more[5]), "HAWSER_HOST_STATE_DIR=%s/host", stack.dir);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		envp[n++] = more[i];
	envp[n] = NULL;
	ck_assert_int_eq(run("echo a-fixed-password | $HAWSER password set"), 0);
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	test_xvfb_stop(&other);
	test_stack_stop(&stack);
}

static bool succeeds(void *arg)
{
	const char *argv[] = { "/bin/sh", "-c", arg, NULL };

	return test_run(argv, envp, NULL) == 0;
}

static void must_become_true(const char *script)
{
	ck_assert_msg(test_until(succeeds, (void *)(uintptr_t)script, TEST_PATIENCE_MS), "%s",
			script);
}

/* A picture and texts to be copied: $DIR/a.png, a.html, a.svg ... and 20 MB of text. */
static void make_files(void)
{
	ck_assert_int_eq(run("convert -size 320x200 plasma:red-blue -depth 8 $DIR/a.png && "
			     "convert -size 64x48 gradient:green-white -depth 8 $DIR/b.png && "
			     "printf 'bold \\303\\274' > $DIR/a.text && "
			     "printf '<b>bold \\303\\274</b>' > $DIR/a.html && "
			     "printf '{\\\\rtf1 bold}' > $DIR/a.rtf && "
			     "printf '<svg xmlns=\"http://www.w3.org/2000/svg\"/>' > $DIR/a.svg && "
			     "printf '<?xml version=\"1.0\"?><Workbook/>' > $DIR/a.sheet && "
			     "base64 /dev/urandom | head -c 20000000 > $DIR/large.text"),
			0);
}

/* --- by script -------------------------------------------------------------------------------- */

/* The same pixels: a picture is written anew on its way. */
#define SAME_PICTURE(a, b) "[ \"$(compare -metric AE " a " " b " null: 2>&1)\" = 0 ]"

static const struct {
	const char *format, *target;
} targets[] = { { "text", "UTF8_STRING" }, { "html", "text/html" }, { "rtf", "text/rtf" },
	{ "rtf", "application/rtf" }, { "png", "image/png" }, { "svg", "image/svg+xml" },
	{ "sheet", "'XML Spreadsheet'" } };

START_TEST(all_formats_of_one_copy_arrive_at_the_host)
{
	char line[600];

	make_files();
	ck_assert_int_eq(
			run(CONNECT "--clipboard-in text=$DIR/a.text --clipboard-in html=$DIR/a.html "
				    "--clipboard-in rtf=$DIR/a.rtf --clipboard-in=png=$DIR/a.png "
				    "--clipboard-in svg=$DIR/a.svg --clipboard-in sheet=$DIR/a.sheet"),
			0);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		snprintf(line, sizeof(line),
				"timeout 5 xclip -selection clipboard -o -t %s | cmp - $DIR/a.%s",
				targets[i].target, targets[i].format);
		must_become_true(line);
	}
	/* Large, in pieces of the X server's. */
	ck_assert_int_eq(run(CONNECT "--clipboard-in text=$DIR/large.text --after 2"), 0);
	must_become_true("timeout 20 xclip -selection clipboard -o | cmp - $DIR/large.text");
	/* The other selection is none of ours. */
	ck_assert_int_ne(run("timeout 5 xclip -selection primary -o 2>/dev/null"), 0);
	/* What is refused here is told of once, and not as if the host had. */
	ck_assert_int_ne(run(": >$DIR/none; " CONNECT "--clipboard-in text=$DIR/none 2>$DIR/said"),
			0);
	ck_assert_int_eq(run("grep -q 'none is empty' $DIR/said && ! grep -q 'the host did not' "
			     "$DIR/said"),
			0);
}
END_TEST

/* Copies at the host until the script ends, since nothing tells when it looks. */
static void receive(const char *options, const char *copy)
{
	char line[600];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line), CONNECT "--stats %s", options);
	test_proc_start(&viewer, argv, envp);
	test_proc_must_expect(&viewer, "stats frames=", TEST_PATIENCE_MS);
	ck_assert_int_eq(run(copy), 0);
	ck_assert_msg(test_proc_wait(&viewer, TEST_PATIENCE_MS) == 0, "%s does not come: %s", copy,
			viewer.log);
	test_proc_stop(&viewer);
}

START_TEST(each_format_of_the_host_arrives_at_a_script)
{
	char options[300], copy[400], compare[400];

	make_files();
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		snprintf(options, sizeof(options), "--clipboard-out %s=$DIR/out",
				targets[i].format);
		snprintf(copy, sizeof(copy),
				"setsid xclip -selection clipboard -i -t %s $DIR/a.%s >/dev/null 2>&1",
				targets[i].target, targets[i].format);
		receive(options, copy);
		snprintf(compare, sizeof(compare),
				i == 4 ? SAME_PICTURE("$DIR/out", "$DIR/a.png")
				       : "cmp $DIR/out $DIR/a.%s",
				targets[i].format);
		ck_assert_int_eq(run(compare), 0);
	}
	receive("--clipboard-out text=$DIR/out",
			"setsid xclip -selection clipboard -i $DIR/large.text >/dev/null 2>&1");
	ck_assert_int_eq(run("cmp $DIR/out $DIR/large.text"), 0);
}
END_TEST

/* --- with a window ---------------------------------------------------------------------------- */

static void start_window(const char *options)
{
	char line[700];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line),
			"DISPLAY=$OTHER GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=none "
			"exec %s connect $ID --accept-insecure %s",
			test_bin("client/gtk/hawser-desktop"), options);
	test_proc_start(&viewer, argv, envp);
	test_proc_must_expect(&stack.host, "agent.viewer_open", TEST_PATIENCE_MS);
}

#define COPY_AT(display, what)                                                                     \
	"DISPLAY=" display " setsid xclip -selection clipboard -i " what " >/dev/null 2>&1; "
#define HOLDS(display, target)                                                                     \
	"DISPLAY=" display " timeout 5 xclip -selection clipboard -o -t " target

START_TEST(pictures_and_html_go_both_ways_through_a_window)
{
	make_files();
	start_window("");
	/* What was copied before both looked does not go over: once more then. */
	must_become_true(COPY_AT("$DISPLAY", "-t image/png $DIR/a.png") "sleep 1; " HOLDS(
			"$OTHER", "image/png") " > $DIR/got.png && " SAME_PICTURE("$DIR/got.png",
			"$DIR/a.png"));
	must_become_true(COPY_AT("$OTHER", "-t image/png $DIR/b.png") "sleep 1; " HOLDS(
			"$DISPLAY", "image/png") " | cmp - $DIR/b.png");
	must_become_true(COPY_AT("$OTHER", "-t text/html $DIR/a.html") "sleep 1; " HOLDS(
			"$DISPLAY", "text/html") " | cmp - $DIR/a.html");
	must_become_true(COPY_AT("$DISPLAY", "-t text/rtf $DIR/a.rtf") "sleep 1; " HOLDS(
			"$OTHER", "text/rtf") " | cmp - $DIR/a.rtf");
	/* Several formats of one copy, as a browser makes them. */
	ck_assert_int_eq(run("HAWSER_CONFIG= " CONNECT
			     "--clipboard-in text=$DIR/a.text --clipboard-in html=$DIR/a.html"),
			0);
	must_become_true(HOLDS("$DISPLAY", "UTF8_STRING") " | cmp - $DIR/a.text");
	must_become_true(HOLDS("$DISPLAY", "text/html") " | cmp - $DIR/a.html");
}
END_TEST

/* --- one way only ----------------------------------------------------------------------------- */

static void set_direction(const char *way)
{
	char line[800];

	snprintf(line, sizeof(line), "%s config set clipboard-direction %s --config %s",
			test_bin("client/host/hawser-host"), way, stack.config);
	ck_assert_int_eq(run(line), 0);
}

START_TEST(a_window_may_be_for_one_direction)
{
	make_files();
	start_window(_i ? "--clipboard send" : "--clipboard receive");
	must_become_true(_i ? COPY_AT("$OTHER", "$DIR/a.text") "sleep 1; " HOLDS(
					      "$DISPLAY", "UTF8_STRING") " | cmp - $DIR/a.text"
			    : COPY_AT("$DISPLAY", "$DIR/a.text") "sleep 1; " HOLDS(
					      "$OTHER", "UTF8_STRING") " | cmp - $DIR/a.text");
	ck_assert_int_eq(run(_i ? COPY_AT("$DISPLAY", "$DIR/a.html")
				: COPY_AT("$OTHER", "$DIR/a.html")),
			0);
	ck_assert_int_ne(run(_i ? "sleep 2; " HOLDS("$OTHER", "UTF8_STRING") " | cmp - $DIR/a.html"
				: "sleep 2; " HOLDS("$DISPLAY",
						  "UTF8_STRING") " | cmp - $DIR/a.html"),
			0);
}
END_TEST

/* The owner of the host changes his mind while a window looks. */
START_TEST(the_host_closes_a_direction_in_a_running_session)
{
	static const char from[] = COPY_AT("$DISPLAY", "$DIR/a.text") "sleep 1; " HOLDS(
			"$OTHER", "UTF8_STRING") " | cmp - $DIR/a.text";
	static const char to[] = COPY_AT("$OTHER", "$DIR/a.rtf") "sleep 1; " HOLDS(
			"$DISPLAY", "UTF8_STRING") " | cmp - $DIR/a.rtf";

	make_files();
	start_window("");
	must_become_true(from);
	set_direction("to-host");
	must_become_true(to);
	ck_assert_int_ne(run(COPY_AT("$DISPLAY", "$DIR/a.html") "sleep 2; " HOLDS(
					 "$OTHER", "UTF8_STRING") " | cmp - $DIR/a.html"),
			0);
	set_direction("from-host");
	must_become_true(from);
	ck_assert_int_ne(run(COPY_AT("$OTHER", "$DIR/a.html") "sleep 2; " HOLDS(
					 "$DISPLAY", "UTF8_STRING") " | cmp - $DIR/a.html"),
			0);
	set_direction("both");
	must_become_true(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/clip_formats");
	TCase *tc = tcase_create("clip_formats");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_formats_of_one_copy_arrive_at_the_host);
	tcase_add_test(tc, each_format_of_the_host_arrives_at_a_script);
	tcase_add_test(tc, pictures_and_html_go_both_ways_through_a_window);
	tcase_add_test(tc, the_host_closes_a_direction_in_a_running_session);
	tcase_add_loop_test(tc, a_window_may_be_for_one_direction, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
