/* x11/blank: monitors go dark while programs go on drawing, by the tables that turn pixels into
 * light. What is captured does not change. For the keeper's process: calls wait for the server.
 * Private to this folder. */
#pragma once
#include "client/platform/x11/layout.h"

struct x11_blank { /* zeroed: nothing is dark */
	struct {
		xcb_randr_crtc_t crtc;
		uint16_t size;
		uint16_t *table; /* red, green, blue; NULL: none kept */
	} kept[X11_CRTCS_MAX];
	unsigned count;
	bool on;
};

/* All or none, looked at afterwards; `err` has a sentence. */
int x11_blank_on(const struct x11_screen *s, struct x11_blank *b,
		struct hws_error *err) HWS_MUST_CHECK;
/* Programs that set colours by the time of day light them again, and monitors come: to be called
 * now and then. On failure nothing is dark any more. */
int x11_blank_again(const struct x11_screen *s, struct x11_blank *b,
		struct hws_error *err) HWS_MUST_CHECK;
void x11_blank_off(const struct x11_screen *s, struct x11_blank *b);
/* Of one that died without taking it back: plain tables. */
void x11_blank_light_all(const struct x11_screen *s);
