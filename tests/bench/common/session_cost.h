/* bench/common/session_cost: what a session costs and how fast it is, with a viewer that is
 * connected already. */
#pragma once
#include "tests/bench/common/desktop.h"
#include "tests/bench/common/suite.h"
#include <stdbool.h>

#define BENCH_QUIET_MS 2500 /* longer than the host sharpens a resting picture */

/* idle_core_pct, idle_kbit_s */
void bench_idle(struct suite *s, bool quick);
/* latency_p50_ms, latency_p95_ms; returns the first */
double bench_latency(struct suite *s, struct desktop *d, bool quick);
/* cpu_ratio_SCENE, cpu_ratio_encoder */
void bench_cost(struct suite *s, struct desktop *d, bool quick);
