/* video/cost: adds up what pictures cost, for one viewer. Pure arithmetic. */
#pragma once
#include "client/services/video_cost.h"
#include "proto/session.pb-c.h"
#include <stdbool.h>

struct hws_cost {
	uint64_t capture_us, convert_us, encode_us;
	uint32_t pictures;
	uint64_t told_us; /* when means were taken last */
};

/* The steps of one picture; of one that needed no capture that is 0. */
struct hws_cost_steps {
	uint64_t capture_us, convert_us, encode_us;
};

void hws_cost_add(struct hws_cost *c, const struct hws_cost_steps *s);
/* Once a second while there are pictures: means, and the sums begin anew. `ret` keeps its other
 * members. */
bool hws_cost_take(struct hws_cost *c, uint64_t now_us, struct hws_video_cost *ret);

void hws_cost_to_wire(const struct hws_video_cost *c, Ses__VideoCost *ret);
struct hws_video_cost hws_cost_of_wire(const Ses__VideoCost *m);
