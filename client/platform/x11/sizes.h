/* x11/sizes: the sizes that an output can have: its modes, and new ones where there is no monitor
 * that could be harmed. Every call waits for the server (a few round trips, no probing of
 * monitors). Private to this folder. */
#pragma once
#include "client/platform/screens.h"
#include "client/platform/x11/layout.h"

/* What a RandR monitor is made of. */
struct x11_monitor {
	xcb_atom_t name;
	bool automatic; /* the server made it of `output`; else a person defined its place */
	xcb_randr_output_t output; /* the first; XCB_NONE */
};

/* Of the monitors of a screen, in its order; how many there are in `ret`. */
unsigned x11_monitors_read(const struct x11_screen *s, struct x11_monitor *ret, unsigned max);
/* The sizes of an output, as it is turned now; each once, in the server's order. */
unsigned x11_sizes_read(const struct x11_screen *s, xcb_randr_output_t output,
		struct hws_size ret[HWS_SIZES_MAX]);
/* The mode of that size, best first; XCB_NONE: it has none. */
xcb_randr_mode_t x11_mode_find(const struct x11_screen *s, xcb_randr_output_t output,
		uint16_t width, uint16_t height);
/* A monitor says of itself what it is (EDID); what says nothing is none. */
bool x11_output_is_virtual(const struct x11_screen *s, xcb_randr_output_t output);
/* A mode of this size, made when the server has none of the name, and offered by the output. */
int x11_mode_add(const struct x11_screen *s, xcb_randr_output_t output, uint16_t width,
		uint16_t height, xcb_randr_mode_t *ret) HWS_MUST_CHECK;
/* Takes it from the output, and from the server if no output has it any more. */
void x11_mode_remove(const struct x11_screen *s, xcb_randr_output_t output, xcb_randr_mode_t mode);
