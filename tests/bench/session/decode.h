/* bench/session/decode: what it costs that the viewer decodes in a process of its own. */
#pragma once
#include <stdbool.h>

/* The same packets of 1920 x 1080, decoded and converted by a thread of this process and through
 * hawser-decoder in turns: processor time (of all processes) and latency of each picture. */
void bench_decode(bool quick);
