/* core/quality_wish: a better quality than the user's choice, asked of hosts whose encoder leaves
 * pictures out to keep to its bitrate, for as long as the line takes it. Pure.
 *
 * Deployed hosts give VP8 and VP9 about 0.7 Mbit/s for 1280x720 and drop what does not fit: of a
 * screen full of moving text two pictures a second get through. Quality is the one wish that moves
 * that limit. They send such screens well by AV1; the rule is for viewers that cannot decode it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hws_quality_wish {
	unsigned percent; /* to ask for, as custom quality; 0 = the user's choice */
	/* seconds in which the bitrate was the limit, without a better one between */
	unsigned bound_s;
	unsigned quiet_s; /* seconds in a row without a picture: those say nothing */
	unsigned falls;   /* how often the line turned out too slow */
	uint64_t hold_until_us;
};

/* One second. */
struct hws_quality_sample {
	uint64_t now_us;
	bool rtt_fresh; /* the host told a round trip within the last seconds */
	uint32_t rtt_ms, target_kbit;
	double kbit_s, fps; /* received */
	unsigned fps_wish;
	bool relayed;
};

/* True when `percent` has changed. */
bool hws_quality_wish_tick(struct hws_quality_wish *w, const struct hws_quality_sample *s);
