/* tests/support/xorg: the X server that machines with monitors run, with a driver that has sixteen
 * outputs and no hardware: displays come, go and change as on a desk. */
#pragma once
#include "tests/support/xvfb.h"

/* Output DUMMY0 is lit, of width x height (a size that VESA has); xrandr lights DUMMY1 and so on.
 * No device of this machine is touched, no console switched. Stopped by test_xvfb_stop. False: it
 * is not installed, or this account may not start it; a test skips then. */
bool test_xorg_start(struct test_xvfb *x, int width, int height);
/* `xrandr ARG...` on it; fails the test when that fails. */
void test_xrandr(const struct test_xvfb *x, const char *const args[]);
/* What `xrandr` prints; malloc'ed. */
char *test_xrandr_read(const struct test_xvfb *x, const char *arg);
