/* video/narrow: whether a line carries less than the pictures are to cost, for so long that it is
 * worth a change of codec, which costs a whole picture. Pure; time comes in from outside. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct hws_narrow {
	bool narrow;
	uint64_t since_us; /* the line has been otherwise; 0 = it has not */
	double line;       /* bytes a second, while it is narrow */
};

/* `line`: what it carries, 0 = more than matters, or not known; `wish`: what pictures are to cost;
 * bytes a second. True when the answer has changed. */
bool hws_narrow_update(struct hws_narrow *n, double line, double wish, uint64_t now_us);
