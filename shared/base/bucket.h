/* base/bucket: token bucket. Integer arithmetic, no clock of its own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hws_bucket {
	uint64_t rate;  /* tokens per second; 0 = no limit */
	uint64_t burst; /* capacity in tokens */
	uint64_t level; /* in millionths of a token */
	uint64_t last_us;
};

/* Starts full. */
void hws_bucket_init(struct hws_bucket *b, uint64_t rate, uint64_t burst, uint64_t now_us);
/* Takes n tokens if there are that many; false otherwise and nothing is taken. */
bool hws_bucket_take(struct hws_bucket *b, uint64_t n, uint64_t now_us);
