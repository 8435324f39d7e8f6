/* Works the window as a person does, by keys and clicks on its screen: nothing is asked of the
 * program itself. */
#include "tests/e2e/desk.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1400
#define HEIGHT 900

static void start_bus(struct test_desk *d)
{
	const char *argv[] = { "/usr/bin/dbus-daemon", "--session", "--nofork", "--print-address=1",
		NULL };
	const char *line;

	test_proc_start(&d->bus, argv, d->env);
	line = test_proc_must_expect(&d->bus, "unix:", DESK_SHOW_MS);
	snprintf(d->bus_env, sizeof(d->bus_env), "DBUS_SESSION_BUS_ADDRESS=%.*s",
			(int)strcspn(line, "\r\n"), line);
}

static bool manager_is_there(void *arg)
{
	struct test_desk *d = arg;
	const char *argv[] = { "/usr/bin/xprop", "-root", "_NET_SUPPORTING_WM_CHECK", NULL };
	char *out = NULL;
	bool there = test_run(argv, d->env, &out) == 0 && strstr(out, "window id");

	free(out);
	return there;
}

void test_desk_start(struct test_desk *d, const struct test_stack *stack, unsigned flags)
{
	const char *manager[] = { "/usr/bin/openbox", "--sm-disable", NULL };
	unsigned n = 0;

	memset(d, 0, sizeof(*d));
	test_xvfb_start(&d->screen, WIDTH, HEIGHT);
	for (; stack->envp[n] && strncmp(stack->envp[n], "DISPLAY=", 8) != 0; n++)
		d->env[n] = stack->envp[n];
	snprintf(d->display_env, sizeof(d->display_env), "DISPLAY=%s", d->screen.display);
	d->env[n++] = d->display_env;
	d->env[n++] = "GDK_BACKEND=x11";
	d->env[n++] = "GSK_RENDERER=cairo";
	if (flags & DESK_EYES) {
		start_bus(d);
		d->env[n++] = d->bus_env;
		d->env[n++] = "GTK_A11Y=atspi";
	} else {
		d->env[n++] = "GTK_A11Y=none";
		d->env[n++] = "NO_AT_BRIDGE=1";
		/* else a bus is started for this screen, and outlives it */
		d->env[n++] = "DBUS_SESSION_BUS_ADDRESS=unix:path=/dev/null/no-bus";
	}
	d->env[n] = NULL;
	if (flags & DESK_MANAGER) {
		test_proc_start(&d->manager, manager, d->env);
		ck_assert(test_until(manager_is_there, d, DESK_SHOW_MS));
	}
}

void test_desk_run(struct test_desk *d, const char *const args[])
{
	const char *argv[24] = { test_bin("client/gtk/hawser-desktop") };

	for (unsigned i = 0; args[i] && i < 22; i++)
		argv[i + 1] = args[i];
	test_proc_start(&d->program, argv, d->env);
}

void test_desk_stop(struct test_desk *d)
{
	test_proc_stop(&d->program);
	test_proc_stop(&d->manager);
	test_proc_stop(&d->bus);
	test_xvfb_stop(&d->screen);
}

int test_desk_do(struct test_desk *d, const char *const args[])
{
	const char *argv[24] = { "/usr/bin/xdotool" };

	for (unsigned i = 0; args[i] && i < 22; i++)
		argv[i + 1] = args[i];
	return test_run(argv, d->env, NULL);
}

struct wanted {
	struct test_desk *d;
	const char *title;
};

static bool has_window(void *arg)
{
	struct wanted *w = arg;

	return TEST_DESK_DO(w->d, "search", "--onlyvisible", "--name", w->title) == 0;
}

void test_desk_window(struct test_desk *d, const char *title)
{
	struct wanted w = { d, title };

	ck_assert_msg(test_until(has_window, &w, DESK_SHOW_MS), "no window \"%s\": %s", title,
			d->program.log ? d->program.log : "");
	ck_assert_int_eq(TEST_DESK_DO(d, "search", "--onlyvisible", "--name", title, "windowmove",
					 "0", "0", "windowsize", "1400", "900", "windowfocus"),
			0);
}

void test_desk_pixel(struct test_desk *d, int x, int y, uint8_t ret_rgb[3])
{
	char crop[40], *out = NULL;
	const char *argv[] = { "/usr/bin/import", "-silent", "-window", "root", "-crop", crop,
		"-depth", "8", "txt:-", NULL };
	const char *colour; /* 0,0: (30,42,56)  #1E2A38 ... */
	unsigned long rgb;

	snprintf(crop, sizeof(crop), "1x1+%d+%d", x, y);
	ck_assert_int_eq(test_run(argv, d->env, &out), 0);
	colour = strrchr(out, '#');
	ck_assert_msg(colour != NULL, "no pixel: %s", out);
	rgb = strtoul(colour + 1, NULL, 16);
	for (unsigned i = 0; i < 3; i++)
		ret_rgb[i] = (uint8_t)(rgb >> (16 - 8 * i));
	free(out);
}

/* No eyes here, so one pixel: where the host's terminal must be in the scaled picture. Coding
 * shifts colours a little. */
bool test_desk_sees_terminal(struct test_desk *d)
{
	static const uint8_t want[3] = { 0x1e, 0x2a, 0x38 };
	uint8_t got[3];
	bool ok = true;

	test_desk_pixel(d, 300, 300, got);
	for (unsigned i = 0; i < 3; i++)
		ok = ok && abs(got[i] - want[i]) <= 12;
	return ok;
}

void test_desk_type(struct test_desk *d, const char *text)
{
	ck_assert_int_eq(TEST_DESK_DO(d, "type", "--delay", "20", text), 0);
	ck_assert_int_eq(TEST_DESK_DO(d, "key", "Return"), 0);
}
