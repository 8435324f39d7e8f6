/* bench/common/desktop: a desktop that does the same thing each time: a page of text, a terminal,
 * a film, drawn step by step on an X server. Ends the process with a message when the server does
 * not play along. */
#pragma once
#include <stdint.h>
#include <xcb/xcb.h>

enum scene {
	SCENE_TYPING, /* one character of a terminal */
	SCENE_SCROLL, /* a page of text moves by three lines */
	SCENE_VIDEO,  /* the next picture of a film of 640 x 360 */
	SCENE_COUNT
};

struct desktop {
	xcb_connection_t *conn;
	xcb_window_t window;
	xcb_gcontext_t gc;
	uint32_t *film; /* one still that is panned over */
	uint32_t *frame;
};

/* The place of the block that desktop_block draws. */
#define BLOCK_X 1500
#define BLOCK_Y 700
#define BLOCK_SIDE 48

/* The number of desktop_scroll: a square for each bit, lowest first. */
#define CODE_BITS 12
#define CODE_MAX (1u << CODE_BITS)
#define CODE_SIDE 32
#define CODE_X(bit) (64 * (bit) + 32)

void desktop_open(struct desktop *d, const char *display);
void desktop_close(struct desktop *d);
/* Draws the desktop as it is before the first step of a scene. */
void desktop_reset(struct desktop *d);
/* Step `n` (from 0) after a reset; sent to the server, not waited for. */
void desktop_step(struct desktop *d, enum scene scene, unsigned n);
/* A plain background with a terminal of some lines on it. */
void desktop_plain(struct desktop *d);
/* The whole screen full of text, below a band that carries a number. */
void desktop_fill(struct desktop *d);
/* Moves all of it up by three lines and shows the number `n` (below CODE_MAX) in the band. Returns
 * the monotonic time (us) at which it was sent. */
uint64_t desktop_scroll(struct desktop *d, unsigned n);
/* A grey block; returns the monotonic time (us) at which it was sent. */
uint64_t desktop_block(struct desktop *d, uint8_t grey);
/* Waits until the server has done all of it. */
void desktop_sync(struct desktop *d);
