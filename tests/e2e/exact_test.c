/* Exact pixels between two ends of hawser: what a person types into a terminal with large letters
 * is at the viewer what it is on the screen, pixel by pixel, in the first picture that shows it.
 * Real processes, a real X desktop; the screen is read by xcb, not by our capture. */
#include "tests/e2e/stack.h"
#include "tests/e2e/viewer.h"
#include "tests/support/suite.h"
#include "tests/support/tcp_proxy.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>

#define WIDTH 1280
#define HEIGHT 720
#define LETTERS 60 /* at most */
#define EXACT_AT_ONCE 8

static struct test_stack stack;
static struct test_viewer viewer, other;
static struct test_proc terminal;
static struct test_proxy proxy;
static xcb_connection_t *screen;
static uint32_t picture[WIDTH * HEIGHT], desktop[WIDTH * HEIGHT];

static void set_up(void)
{
	const char *const xterm[] = { "/usr/bin/xterm", "-geometry", "38x10+30+30", "-fa",
		"DejaVu Sans Mono", "-fs", "24", "-bg", "#1e2a38", "-fg", "#e8e8e8", "-e",
		"/bin/sh", "-c",
		"stty -icanon; echo 'int main(void) { return 0; }'; exec cat > /dev/null", NULL };

	test_stack_start(&stack, 0);
	test_proc_start(&terminal, xterm, stack.envp);
	screen = xcb_connect(stack.screen.display, NULL);
	ck_assert_int_eq(xcb_connection_has_error(screen), 0);
}

static void tear_down(void)
{
	if (viewer.session)
		test_viewer_close(&viewer);
	if (other.session)
		test_viewer_close(&other);
	if (proxy.pid)
		test_proxy_stop(&proxy);
	xcb_disconnect(screen);
	test_proc_stop(&terminal);
	test_stack_stop(&stack);
}

static void open_viewer(struct test_viewer *v, const char *target, bool no_exact)
{
	struct test_viewer_conf conf = {
		.target = target, .password = stack.password, .no_exact = no_exact
	};

	test_viewer_open(v, &conf);
	test_viewer_must_show(v, TEST_PATIENCE_MS);
}

/* --- pictures --- */

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

static unsigned pixels_off(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		n += (picture[i] & 0xffffff) != (desktop[i] & 0xffffff);
	return n;
}

static bool is_exact(struct test_viewer *v)
{
	read_picture(v);
	read_desktop();
	return pixels_off() == 0;
}

static void must_become_exact(struct test_viewer *v)
{
	if (!test_viewer_until(v, is_exact, TEST_PATIENCE_MS))
		ck_abort_msg("%u pixels differ; patches %llu of %llu bytes", pixels_off(),
				(unsigned long long)v->stats.patches,
				(unsigned long long)v->stats.patch_bytes);
}

/* --- typing --- */

static unsigned before;

static bool has_newer(struct test_viewer *v)
{
	return v->frames > before;
}

static bool terminal_is_there(struct test_viewer *v)
{
	(void)v;
	read_desktop();
	return (desktop[(size_t)300 * WIDTH + 300] & 0xffffff) == 0x1e2a38;
}

static void focus(struct test_viewer *v)
{
	ck_assert(test_viewer_until(v, terminal_is_there, TEST_PATIENCE_MS));
	ck_assert_int_eq(hawser_session_mouse_move(v->session, 0, 300, 300), 0);
	must_become_exact(v);
}

/* A letter; whether the first picture that came was the screen as it is from then on. */
static bool type_letter(struct test_viewer *v, char c)
{
	static uint32_t first[WIDTH * HEIGHT];
	const char text[2] = { c };

	before = v->frames;
	ck_assert_int_eq(hawser_session_type_text(v->session, text), 0);
	ck_assert_msg(test_viewer_until(v, has_newer, TEST_PATIENCE_MS), "nothing was shown");
	read_picture(v);
	memcpy(first, picture, sizeof(first));
	must_become_exact(v);
	return memcmp(first, picture, sizeof(first)) == 0;
}

/* A program may draw in two steps: of some letters the first picture is not the last. But none is
 * ever blurred, as it would be by a codec alone. */
static void must_type_exactly(struct test_viewer *v)
{
	unsigned exact = 0, typed = 0;

	while (exact < EXACT_AT_ONCE && typed < LETTERS)
		exact += type_letter(v,
				"The quick brown fox jumps over @lazy dogs & 0x2f;"[typed++ % 49]);
	ck_assert_msg(exact == EXACT_AT_ONCE, "%u of %u letters were exact at once", exact, typed);
}

START_TEST(a_typed_letter_is_exact_in_the_first_picture)
{
	struct hawser_stats st = HAWSER_STATS_INIT;

	open_viewer(&viewer, stack.target, false);
	focus(&viewer);
	must_type_exactly(&viewer);
	ck_assert_int_eq(hawser_session_stats(viewer.session, &st), 0);
	ck_assert_uint_ge(st.patches, EXACT_AT_ONCE);
	ck_assert_uint_gt(st.patch_bytes, 0);
}
END_TEST

static bool is_retrying(struct test_viewer *v)
{
	return v->retries > 0;
}

static bool is_ready(struct test_viewer *v)
{
	return v->state == HAWSER_STATE_READY;
}

START_TEST(it_is_exact_again_after_the_line_was_cut)
{
	char target[64];

	test_proxy_start(&proxy, stack.direct_port);
	snprintf(target, sizeof(target), "127.0.0.1:%u", proxy.port);
	open_viewer(&viewer, target, false);
	focus(&viewer);
	for (int i = 0; i < 2; i++) {
		viewer.retries = 0;
		test_proxy_set(&proxy, TEST_PROXY_CUT);
		ck_assert(test_viewer_until(&viewer, is_retrying, TEST_PATIENCE_MS));
		test_proxy_set(&proxy, TEST_PROXY_PASS);
		ck_assert(test_viewer_until(&viewer, is_ready, TEST_PATIENCE_MS));
		must_become_exact(&viewer);
	}
	must_type_exactly(&viewer);
}
END_TEST

static struct hawser_stats stats_of(struct test_viewer *v)
{
	struct hawser_stats st = HAWSER_STATS_INIT;

	ck_assert_int_eq(hawser_session_stats(v->session, &st), 0);
	return st;
}

/* Who knows nothing of patches gets all by video, and the other one is exact all the same when the
 * screen rests. */
START_TEST(a_viewer_without_it_sees_everything_too)
{
	open_viewer(&viewer, stack.target, false);
	open_viewer(&other, stack.target, true);
	focus(&viewer);
	unsigned seen = other.frames;
	for (unsigned i = 0; i < 5; i++) {
		type_letter(&viewer, (char)('a' + i));
		before = seen;
		ck_assert(test_viewer_until(&other, has_newer, TEST_PATIENCE_MS));
		seen = other.frames;
	}
	ck_assert_uint_eq(stats_of(&other).patches, 0);
	ck_assert_uint_gt(stats_of(&viewer).patches, 0);
	/* What the other shows is near to it: all letters are there. */
	read_picture(&other);
	read_desktop();
	uint64_t far = 0;
	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		far += abs((int)(picture[i] >> 8 & 0xff) - (int)(desktop[i] >> 8 & 0xff)) > 60;
	ck_assert_uint_lt(far, 400);
	test_viewer_close(&other);
	must_type_exactly(&viewer);
}
END_TEST

int main(void)
{
	return test_main("exact", 300, set_up, tear_down,
			TESTS(a_typed_letter_is_exact_in_the_first_picture,
					it_is_exact_again_after_the_line_was_cut,
					a_viewer_without_it_sees_everything_too));
}
