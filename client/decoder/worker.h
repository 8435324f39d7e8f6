/* decoder/worker: the process's side: requests are read, decoded and answered until the viewer
 * hangs up. */
#pragma once
#include <stdint.h>

/* Gives up all that decoding does not need; returns what went, as HWS_CONFINED_ bits. For a process
 * of its own, before it reads anything. */
uint32_t hws_decode_confine(void);

/* Serves `fd` (one end of hws_local_pair), which it closes at the end: when the viewer has closed
 * its end, or said what no viewer says. `confined`: what to tell of ourselves. */
void hws_decode_serve(int fd, uint32_t confined);
