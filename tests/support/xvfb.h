/* tests/support/xvfb: an X server in memory on a display number that is free. */
#pragma once
#include "tests/support/proc.h"

struct test_xvfb {
	struct test_proc proc;
	char display[16]; /* ":N" */
};

/* Starts Xvfb with a screen of width x height at depth 24 and waits until it accepts clients; ends
 * the test when it does not. The display can be resized by xrandr up to that size. It dies with the
 * test. */
void test_xvfb_start(struct test_xvfb *x, int width, int height);
/* The same, without an extension of the server ("MIT-SHM"); NULL = with all. */
void test_xvfb_start_without(struct test_xvfb *x, int width, int height, const char *extension);
/* The same at another depth: 8, 15, 16, 24, 30. */
void test_xvfb_start_depth(struct test_xvfb *x, int width, int height, int depth);
/* On a display number that no other test takes, so that it stays free when the server dies. */
void test_xvfb_start_own(struct test_xvfb *x, int width, int height);
/* Waits for what a server that was started with "-displayfd 1" says of its display. */
void test_xvfb_await(struct test_xvfb *x);
/* kill -9. */
void test_xvfb_kill(struct test_xvfb *x);
/* A new server on the display of one that was killed; of one by test_xvfb_start_own. */
void test_xvfb_again(struct test_xvfb *x, int width, int height);
/* Stops it; harmless on a zeroed one. */
void test_xvfb_stop(struct test_xvfb *x);
