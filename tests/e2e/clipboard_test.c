/* Two desktops that show each other: on each a host and a window that looks at the other one. What
 * a person copies on one arrives on the other, once, and then there is quiet. All of them real
 * processes. */
#include "tests/support/xvfb.h"
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#define SHOW_MS TEST_PATIENCE_MS

struct side {
	struct test_xvfb x;
	struct test_proc host, desktop, owner, manager;
	char dir[256], display[40], target[40], home[4][300];
	const char *env[16];
	xcb_connection_t *c;
	uint8_t event;
	unsigned changes; /* of the clipboard's owner */
};

static struct side side[2];

static void count_changes(struct side *s)
{
	xcb_generic_event_t *e;

	while ((e = xcb_poll_for_event(s->c))) {
		s->changes += (e->response_type & 0x7f) == s->event + XCB_XFIXES_SELECTION_NOTIFY;
		free(e);
	}
}

static void watch(struct side *s)
{
	xcb_intern_atom_reply_t *atom;
	xcb_screen_t *screen;

	s->c = xcb_connect(s->x.display, NULL);
	ck_assert_int_eq(xcb_connection_has_error(s->c), 0);
	screen = xcb_setup_roots_iterator(xcb_get_setup(s->c)).data;
	s->event = xcb_get_extension_data(s->c, &xcb_xfixes_id)->first_event;
	free(xcb_xfixes_query_version_reply(s->c, xcb_xfixes_query_version(s->c, 5, 0), NULL));
	atom = xcb_intern_atom_reply(s->c, xcb_intern_atom(s->c, 0, 9, "CLIPBOARD"), NULL);
	xcb_xfixes_select_selection_input(s->c, screen->root, atom->atom,
			XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER);
	free(atom);
	free(xcb_get_input_focus_reply(s->c, xcb_get_input_focus(s->c), NULL));
}

static void start_host(struct side *s)
{
	static const char *const names[] = { "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
		"XDG_RUNTIME_DIR" };
	const char *run[] = { test_bin("client/host/hawser-host"), "run", "--direct-port", "0",
		"--direct-bind", "127.0.0.1", "--state-dir", s->dir, NULL };
	char line[700];
	const char *set[] = { "/bin/sh", "-c", line, NULL };
	unsigned n = 0;

	test_xvfb_start(&s->x, 640, 480);
	test_dir(s->dir, sizeof(s->dir));
	for (; n < 4; n++) {
		snprintf(s->home[n], sizeof(s->home[n]), "%s=%s", names[n], s->dir);
		s->env[n] = s->home[n];
	}
	snprintf(s->display, sizeof(s->display), "DISPLAY=%s", s->x.display);
	s->env[n++] = s->display;
	s->env[n++] = "GDK_BACKEND=x11";
	s->env[n++] = "GSK_RENDERER=cairo";
	s->env[n++] = "GTK_A11Y=none";
	s->env[n++] = "HAWSER_PASSWORD=long and secret";
	snprintf(line, sizeof(line),
			"echo 'long and secret' | '%s' password --set-from-stdin --state-dir '%s'",
			run[0], s->dir);
	test_proc_start(&s->host, run, s->env);
	snprintf(s->target, sizeof(s->target), "127.0.0.1:%lu",
			test_line_number(test_proc_must_expect(
							 &s->host, "direct.listening", SHOW_MS),
					"port="));
	test_proc_must_expect(&s->host, "desktop.ready", SHOW_MS);
	ck_assert_int_eq(test_run(set, s->env, NULL), 0);
	watch(s);
}

static void stop_side(struct side *s)
{
	test_proc_stop(&s->owner);
	test_proc_stop(&s->manager);
	test_proc_stop(&s->desktop);
	test_proc_stop(&s->host);
	if (s->c)
		xcb_disconnect(s->c);
	test_xvfb_stop(&s->x);
}

static void teardown(void)
{
	stop_side(&side[0]);
	stop_side(&side[1]);
}

/* A window on this desktop that shows the other one. */
static void start_desktop(struct side *s, struct side *shown)
{
	const char *argv[] = { test_bin("client/gtk/hawser-desktop"), "connect", shown->target,
		"--accept-insecure", NULL };

	test_proc_start(&s->desktop, argv, s->env);
	test_proc_must_expect(&shown->host, "agent.viewer_open", SHOW_MS);
}

/* The program that offers it outlives this one, until the server ends. */
static void copy(struct side *s, const char *text)
{
	char line[200];
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line),
			"printf '%s' | setsid xclip -selection clipboard -i >/dev/null 2>&1", text);
	ck_assert_int_eq(test_run(argv, s->env, NULL), 0);
}

struct wanted {
	struct side *s;
	const char *text;
};

/* With a limit: an owner that ends just when it is asked (as xclip does) leaves who asked waiting
 * for ever. */
static bool holds(void *arg)
{
	const struct wanted *w = arg;
	const char *argv[] = { "/usr/bin/timeout", "2", "xclip", "-selection", "clipboard", "-o",
		NULL };
	char *out = NULL;
	bool ok = test_run(argv, w->s->env, &out) == 0 && strcmp(out, w->text) == 0;

	free(out);
	count_changes(&side[0]);
	count_changes(&side[1]);
	return ok;
}

static void must_arrive(struct side *s, const char *text)
{
	struct wanted w = { s, text };

	ck_assert_msg(test_until(holds, &w, SHOW_MS), "'%s' does not arrive", text);
}

/* What was copied before a session does not go over: copies until one arrives, so that both look by
 * then. */
static void must_be_joined(struct side *from, struct side *to)
{
	for (unsigned i = 0; i < 20; i++) {
		char text[40];
		struct wanted w = { to, text };

		snprintf(text, sizeof(text), "hello %u from %s", i, from->x.display);
		copy(from, text);
		if (test_until(holds, &w, SHOW_MS / 10))
			return;
	}
	ck_abort_msg("nothing that is copied at %s arrives", from->x.display);
}

/* Until neither owner has changed for a second and a half; false when they do not come to rest. */
static bool comes_to_rest(void)
{
	uint64_t end = test_now_ms() + 15000, last = test_now_ms();
	unsigned seen = side[0].changes + side[1].changes;

	while (test_now_ms() < end) {
		struct pollfd p[2] = { { xcb_get_file_descriptor(side[0].c), POLLIN, 0 },
			{ xcb_get_file_descriptor(side[1].c), POLLIN, 0 } };

		(void)!poll(p, 2, 100);
		count_changes(&side[0]);
		count_changes(&side[1]);
		if (seen != side[0].changes + side[1].changes) {
			seen = side[0].changes + side[1].changes;
			last = test_now_ms();
		} else if (test_now_ms() - last > 1500) {
			return true;
		}
	}
	return false;
}

/* A program that keeps a history: takes over whatever is copied, and knows of no mark. */
static void start_manager(struct side *s)
{
	const char *argv[] = { "/bin/sh", "-c",
		"last=; while sleep 0.2; do now=$(timeout 2 xclip -o -selection clipboard "
		"2>/dev/null); "
		"[ -z \"$now\" ] || [ \"$now\" = \"$last\" ] || { last=$now; printf %s \"$now\" | "
		"xclip -i -selection clipboard >/dev/null 2>&1; printf %s \"$now\" "
		">\"$HOME/kept\"; }; "
		"done",
		NULL };

	test_proc_start(&s->manager, argv, s->env);
}

static bool keeps(void *arg)
{
	const struct wanted *w = arg;
	char path[300], text[100] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/kept", w->s->dir);
	f = fopen(path, "r");
	if (!f)
		return false;
	(void)!fgets(text, sizeof(text), f);
	fclose(f);
	count_changes(&side[0]);
	count_changes(&side[1]);
	return strcmp(text, w->text) == 0;
}

/* A history program that is slow would write the text before over the next one: that is its own
 * loss. */
static void must_be_kept(const char *text)
{
	for (unsigned i = 0; i < 2; i++) {
		struct wanted w = { &side[i], text };

		ck_assert_msg(test_until(keeps, &w, SHOW_MS), "'%s' is not kept", text);
	}
}

START_TEST(two_desktops_that_show_each_other_come_to_rest)
{
	static const char *const texts[] = { "one", "two", "one", "three" };
	unsigned copies = 0;

	memset(side, 0, sizeof(side));
	start_host(&side[0]);
	start_host(&side[1]);
	start_desktop(&side[0], &side[1]);
	start_desktop(&side[1], &side[0]);
	must_be_joined(&side[0], &side[1]);
	must_be_joined(&side[1], &side[0]);
	ck_assert(comes_to_rest());
	side[0].changes = side[1].changes = 0;
	if (_i) {
		start_manager(&side[0]);
		start_manager(&side[1]);
	}
	/* An own copy each time: the second "one" is not what the other side holds by then. */
	for (unsigned i = 0; i < 4; i++) {
		copy(&side[i % 2], texts[i]);
		copies++;
		must_arrive(&side[!(i % 2)], texts[i]);
		if (_i)
			must_be_kept(texts[i]);
		ck_assert_msg(comes_to_rest(), "%u and %u changes of the owner", side[0].changes,
				side[1].changes);
	}
	/* Both at once, on both sides. */
	copy(&side[0], "left");
	copy(&side[1], "right");
	copies += 2;
	ck_assert_msg(comes_to_rest(), "%u and %u changes of the owner", side[0].changes,
			side[1].changes);
	/* A copy is one change where it was made and at most three on the other side: by the host
	 * there, by the window, and by the window again when GDK lost track of the first. A manager
	 * doubles that, at most. */
	ck_assert_msg(side[0].changes + side[1].changes <= copies * 4 * (_i ? 2 : 1),
			"%u and %u changes of the owner for %u copies", side[0].changes,
			side[1].changes, copies);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/clipboard");
	TCase *tc = tcase_create("clipboard");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, two_desktops_that_show_each_other_come_to_rest, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
