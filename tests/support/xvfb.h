/* tests/support/xvfb: an X server in memory on a display number that is free. */
#pragma once
#include "tests/support/proc.h"

struct test_xvfb {
	struct test_proc proc;
	char display[16]; /* ":N" */
};

/* Starts Xvfb with a screen of width x height at depth 24 and waits until it accepts clients; ends the test
 * when it does not. The display can be resized by xrandr up to that size. It dies with the test. */
void test_xvfb_start(struct test_xvfb *x, int width, int height);
/* The same, without an extension of the server ("MIT-SHM"); NULL = with all. On this display (":7") if it is given. */
void test_xvfb_start_as(struct test_xvfb *x, int width, int height, const char *without,
		const char *display);
/* Stops it; harmless on a zeroed one. */
void test_xvfb_stop(struct test_xvfb *x);
