/* media/pace: control of the rate for encoders whose quantiser is chosen here, for each picture: a
 * bucket that drains at the bitrate. What is in it beyond its size makes the next picture coarser,
 * a picture that rests makes it finer. Pure arithmetic. */
#pragma once
#include <stdint.h>

struct hws_pace {
	int halving;   /* steps of the quantiser that halve the bytes */
	int quantiser; /* of the picture before, or what to begin with */
	double behind; /* bits that were spent before they were there */
};

/* The quantiser of the next picture, `seconds` after the one before, within a range. */
int hws_pace_choose(struct hws_pace *p, uint32_t kbit_s, double seconds, int min, int max);
/* It cost so much; `first`: a whole one, which is worth more than its share. */
void hws_pace_spent(struct hws_pace *p, uint64_t bytes, int first);
