/* video/budget: how coarse a picture must be to fit a number of bytes. The encoder's own control
 * keeps a mean and lets a single picture cost many times that; on a narrow line one such picture is
 * a second of standstill. Coarseness is that of media/coarseness.h, whatever the codec. Pure
 * arithmetic. */
#pragma once
#include <stdint.h>

struct hws_budget {
	double density; /* bytes for a pixel at coarseness 0, of late; 0 = the first guess */
	double forget;  /* part of what it was too much that one picture takes off; 0 = little */
};

/* The finest coarseness at which so many changed pixels should fit. */
uint16_t hws_budget_coarse(const struct hws_budget *b, double pixels, double bytes);
/* How many changed pixels fit at this coarseness. */
double hws_budget_pixels(const struct hws_budget *b, double bytes, uint16_t coarse);
/* So much did so many changed pixels cost at this coarseness. */
void hws_budget_learn(struct hws_budget *b, double pixels, double bytes, uint16_t coarse);
