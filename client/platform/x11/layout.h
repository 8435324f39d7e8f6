/* x11/layout: what lies where on a screen, by RandR: which part of it each CRTC shows on which
 * outputs, and changes of that. For the keeper's process: every call waits for the server. Private
 * to this folder. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <xcb/randr.h>
#include <xcb/xcb.h>

#define X11_CRTCS_MAX 16u
#define X11_CRTC_OUTPUTS_MAX 8u

struct x11_crtc {
	xcb_randr_crtc_t id;
	int16_t x, y;
	uint16_t width, height; /* as it is turned; 0: it shows nothing */
	uint16_t rotation;
	xcb_randr_mode_t mode;
	xcb_randr_output_t output[X11_CRTC_OUTPUTS_MAX];
	uint32_t outputs;
};

struct x11_layout {
	uint16_t width, height; /* of the screen */
	struct x11_crtc crtc[X11_CRTCS_MAX];
	uint32_t count;
};

struct x11_screen { /* whose layout it is */
	xcb_connection_t *conn;
	xcb_window_t root;
};

/* HWS_ERR_DISPLAY: the server does not tell, or has more than we take. */
int x11_layout_read(const struct x11_screen *s, struct x11_layout *ret) HWS_MUST_CHECK;
bool x11_layout_same(const struct x11_layout *a, const struct x11_layout *b);
/* Whether the server makes a screen that holds it; `err` has a sentence. */
int x11_layout_check(const struct x11_screen *s, const struct x11_layout *l,
		struct hws_error *err) HWS_MUST_CHECK;
/* Makes `want` of what there is; on failure what there was stays, as far as the server lets it,
 * and `err` has a sentence. The size of the screen follows from what lies on it. */
int x11_layout_apply(const struct x11_screen *s, const struct x11_layout *want,
		struct hws_error *err) HWS_MUST_CHECK;
/* The CRTC that feeds an output; NULL: none. */
struct x11_crtc *x11_layout_crtc(struct x11_layout *l, xcb_randr_output_t output);
/* Gives a CRTC another size, with what lies to the right of it and below moved along. */
void x11_layout_resize(struct x11_layout *l, struct x11_crtc *c, xcb_randr_mode_t mode,
		uint16_t width, uint16_t height);
/* Whether the mode's sides are those of the picture, or turned by a quarter. */
static inline bool x11_rotation_is_turned(uint16_t rotation)
{
	return (rotation & (XCB_RANDR_ROTATION_ROTATE_90 | XCB_RANDR_ROTATION_ROTATE_270)) != 0;
}
