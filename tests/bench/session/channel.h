/* bench/session/channel: what the encryption between two ends of hawser costs beside the
 * scheme of RustDesk 1.x, in the same run: CPU for what is carried, and round trips until the
 * login, which are counted. */
#pragma once
#include <stdbool.h>

void bench_channel(bool quick);
