/* video/budget: how coarse a picture must be to fit a number of bytes. The encoder's own control keeps a mean and lets a
 * single picture cost many times that; on a narrow line one such picture is a second of standstill. Pure arithmetic. */
#pragma once
#include <stdint.h>

struct hws_budget {
	double density; /* bytes for a pixel at quantiser 0, of late; 0 = the first guess */
};

/* The finest quantiser (0..63) at which so many changed pixels should fit. */
uint8_t hws_budget_quantiser(const struct hws_budget *b, double pixels, double bytes);
/* How many changed pixels fit at this quantiser. */
double hws_budget_pixels(const struct hws_budget *b, double bytes, uint8_t quantiser);
/* So much did so many changed pixels cost at this quantiser. */
void hws_budget_learn(struct hws_budget *b, double pixels, double bytes, uint8_t quantiser);
