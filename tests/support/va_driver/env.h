/* tests/support/va_driver/env: the environment in which /dev/zero is a device that codes H.264, for
 * processes that are started from now on. Not for programs of sanitizers, which will have nobody
 * loaded before themselves. */
#pragma once
#include <stdlib.h>

#define VA_TEST_DEVICE "/dev/zero"

static inline void va_test_environment(const char *mode)
{
	setenv("LIBVA_DRIVER_NAME", "hwtest", 1);
	setenv("LIBVA_DRIVERS_PATH", VA_TEST_FOLDER, 1);
	setenv("LD_PRELOAD", VA_TEST_FOLDER "/librender_node.so", 1);
	setenv("VA_TEST_MODE", mode, 1);
	setenv("ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0", 1);
}
