/* bench/common/floor: what cannot be avoided: grab, encode, decode of the same pictures in one
 * thread, with neither processes nor a network between. */
#pragma once
#include "tests/bench/common/desktop.h"

struct floor;

void floor_open(struct floor **ret, const char *display);
void floor_close(struct floor *f);
/* The desktop as it is now becomes the first, complete picture of a fresh encoder, sharpened as the
 * host does. Returns the time of its grab, coding and decoding together (ms). */
double floor_first(struct floor *f);
struct floor_cost {
	double encode_cpu_ms; /* of the encoder alone */
	double total_ms;      /* grab, encode, decode; elapsed */
	double decode_ms;     /* elapsed */
	double bytes;
};
/* Codes what has changed since the last call. `pts_ms` grows. */
struct floor_cost floor_next(struct floor *f, int64_t pts_ms);
