/* sys/sandbox_landlock: what the kernel refuses to a process by what it is about, whatever call
 * asks for it; a part of sys/sandbox. */
#pragma once

#include <stdbool.h>

/* What is left; the rest is refused. */
struct sandbox_left {
	const char *const *folders; /* to read and write beneath */
	unsigned folder_count;
	bool names;   /* to read what names of hosts are looked up in */
	bool network; /* to connect and to listen */
	bool devices; /* what a device beneath the folders is asked for (ioctl) */
};

/* For this thread and those that it starts; no new privileges are to be set before. Which of
 * HWS_LAYER_LANDLOCK and HWS_LAYER_SCOPE hold now: kernels have neither, one, or both. */
unsigned sandbox_landlock(const struct sandbox_left *left);
