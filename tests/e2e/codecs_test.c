/* A desktop with coloured text by each codec, with halved and with whole chroma, between real
 * processes: what the viewer has resembles the screen, which is read by xcb, in all colours. Exact
 * patches are off, so that only the codec is seen. */
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>

#define WIDTH 1280
#define HEIGHT 720
#define X0 60 /* what is compared lies within the terminal */
#define Y0 60
#define X1 700
#define Y1 400

static struct test_stack stack;
static struct test_viewer viewer;
static struct test_proc terminal;
static xcb_connection_t *screen;
static uint32_t picture[WIDTH * HEIGHT], desktop[WIDTH * HEIGHT];

static void set_up(void)
{
	/* Red on blue: of the same brightness, so that chroma is all there is to read. */
	const char *const xterm[] = { "/usr/bin/xterm", "-geometry", "100x30+30+30", "-fa",
		"DejaVu Sans Mono", "-fs", "10", "-bg", "#2040d0", "-fg", "#d02020", "-e",
		"/bin/sh", "-c",
		"i=0; while [ $i -lt 400 ]; do echo \"line $i of coloured text, small enough to blur\";"
		" i=$((i+1)); done; exec cat > /dev/null",
		NULL };

	test_stack_start(&stack, 0);
	test_proc_start(&terminal, xterm, stack.envp);
	screen = xcb_connect(stack.screen.display, NULL);
	ck_assert_int_eq(xcb_connection_has_error(screen), 0);
}

static void tear_down(void)
{
	if (viewer.session)
		test_viewer_close(&viewer);
	xcb_disconnect(screen);
	test_proc_stop(&terminal);
	test_stack_stop(&stack);
}

static void read_desktop(void)
{
	xcb_window_t root = xcb_setup_roots_iterator(xcb_get_setup(screen)).data->root;
	xcb_get_image_reply_t *r = xcb_get_image_reply(screen,
			xcb_get_image(screen, XCB_IMAGE_FORMAT_Z_PIXMAP, root, 0, 0, WIDTH, HEIGHT,
					~0u),
			NULL);

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(xcb_get_image_data_length(r), (int)sizeof(desktop));
	memcpy(desktop, xcb_get_image_data(r), sizeof(desktop));
	free(r);
}

static void read_picture(struct test_viewer *v)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;

	ck_assert_int_eq(hawser_session_lock_frame(v->session, 0, &f), 0);
	ck_assert(f.width == WIDTH && f.height == HEIGHT && f.format == HAWSER_FORMAT_BGRA);
	for (unsigned y = 0; y < HEIGHT; y++)
		memcpy(picture + (size_t)y * WIDTH, f.pixels + (size_t)y * f.stride, WIDTH * 4);
	hawser_session_unlock_frame(v->session, 0);
}

/* A sample of colour differs by so much in the mean. */
static double difference(void)
{
	double sum = 0;

	for (unsigned y = Y0; y < Y1; y++)
		for (unsigned x = X0; x < X1; x++)
			for (unsigned k = 0; k < 24; k += 8) {
				int a = (int)(picture[y * WIDTH + x] >> k & 255);
				int b = (int)(desktop[y * WIDTH + x] >> k & 255);
				sum += abs(a - b);
			}
	return sum / (3.0 * (X1 - X0) * (Y1 - Y0));
}

/* Its ground is most of what is compared. */
static bool terminal_is_there(void)
{
	unsigned n = 0;

	for (unsigned y = Y0; y < Y1; y++)
		for (unsigned x = X0; x < X1; x++)
			n += (desktop[y * WIDTH + x] & 0xffffff) == 0x2040d0;
	return n > (X1 - X0) * (Y1 - Y0) / 4;
}

static double near;
static enum hawser_codec wanted;

static bool is_near(struct test_viewer *v)
{
	read_picture(v);
	read_desktop();
	v->stats.size = sizeof(v->stats);
	return hawser_session_stats(v->session, &v->stats) == 0 && v->stats.codec == wanted &&
			terminal_is_there() && difference() <= near;
}

static void show(enum hawser_codec codec, enum hawser_chroma chroma, double difference_most)
{
	struct test_viewer_conf conf = {
		.target = stack.target, .password = stack.password, .no_exact = true, .codec = codec
	};

	wanted = codec;
	near = difference_most;
	test_viewer_open(&viewer, &conf);
	test_viewer_must_show(&viewer, TEST_PATIENCE_MS);
	ck_assert_int_eq(hawser_session_set_option(
					 viewer.session, HAWSER_OPTION_CHROMA, (int)chroma),
			0);
	if (!test_viewer_until(&viewer, is_near, TEST_PATIENCE_MS))
		ck_abort_msg("%s: difference %.2f, codec in use %s", hawser_codec_name(codec),
				difference(), hawser_codec_name(viewer.stats.codec));
}

#define HALVED 12.0 /* no codec with halved chroma comes below half of it here */
#define WHOLE 4.0

START_TEST(each_codec_shows_the_desktop)
{
	static const enum hawser_codec codecs[] = { HAWSER_CODEC_VP8, HAWSER_CODEC_VP9,
		HAWSER_CODEC_AV1, HAWSER_CODEC_H264 };

	show(codecs[_i], HAWSER_CHROMA_420, HALVED);
	test_viewer_run(&viewer, 1500); /* it gets as good as it can */
	is_near(&viewer);
	ck_assert_msg(difference() > WHOLE, "halved chroma cannot be that good: %.2f",
			difference());
}
END_TEST

START_TEST(whole_chroma_keeps_coloured_text)
{
	show(_i ? HAWSER_CODEC_AV1 : HAWSER_CODEC_VP9, HAWSER_CHROMA_444, WHOLE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("e2e/codecs");
	TCase *t = test_case(s, "codecs", 120, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, each_codec_shows_the_desktop, 0, 4);
	tcase_add_loop_test(t, whole_chroma_keeps_coloured_text, 0, 2);
	return test_suite_run(s);
}
