/* tests/e2e/desk: the desktop program on a screen of its own, worked by X events. One at a time per
 * test process. */
#pragma once
#include "tests/e2e/stack.h"

#define DESK_SHOW_MS TEST_PATIENCE_MS
#define DESK_MANAGER 1u /* a window manager, so that there is full screen */
#define DESK_EYES 2u    /* assistive technology is there: see tests/e2e/eyes.h */

struct test_desk {
	struct test_xvfb screen;
	struct test_proc program, manager, bus;
	char display_env[40], bus_env[300];
	const char *env[24]; /* for programs on this screen */
};

/* Screen and what `flags` ask for. */
void test_desk_start(struct test_desk *d, const struct test_stack *stack, unsigned flags);
/* Starts the program (not twice); argv without its name, NULL-terminated. */
void test_desk_run(struct test_desk *d, const char *const args[]);
void test_desk_stop(struct test_desk *d);
/* xdotool; exit status. */
int test_desk_do(struct test_desk *d, const char *const args[]);
#define TEST_DESK_DO(d, ...) test_desk_do(d, (const char *const[]){ __VA_ARGS__, NULL })
/* Waits for a window with this in its title, and makes it as large as the screen. */
void test_desk_window(struct test_desk *d, const char *title);
/* One pixel of the screen. */
void test_desk_pixel(struct test_desk *d, int x, int y, uint8_t ret_rgb[3]);
/* Whether the host's terminal is seen at 300,300 of the screen. */
bool test_desk_sees_terminal(struct test_desk *d);
/* Types a line and presses Return. */
void test_desk_type(struct test_desk *d, const char *text);
