/* base/clock: monotonic and wall time in microseconds. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HWS_US_PER_S 1000000ull
#define HWS_US_PER_MS 1000ull

/* Monotonic, never 0. */
uint64_t hws_clock_us(void);
/* Unix time in microseconds. */
uint64_t hws_wall_us(void);
/* "2026-01-31T12:34:56.123456Z" of a Unix time; buf of at least 28 bytes. Returns buf. */
char *hws_wall_text(uint64_t wall_us, char *buf, size_t size);
