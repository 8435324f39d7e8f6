/* What the tests of the X11 back-end share: a server, the platform opened on it, and a second
 * client that plays the programs of the desktop. */
#pragma once
#include "client/platform/registry.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <xcb/xcb.h>

struct desktop {
	struct test_xvfb x;
	struct hws_loop *loop;
	struct hws_platform *p;
	struct hws_capture_reader *reader;
	unsigned display; /* that is captured */
	/* what the platform told */
	unsigned snapshots;
	struct hws_picture *snapshot; /* the newest; whoever waited for it drops it */
	unsigned damages, frames, lists, lost, shapes, positions, texts, marked, large;
	int frame_err;
	struct hws_picture *picture;
	struct hws_region damage;
	int shape_w, shape_h, shape_hot_x, shape_hot_y;
	uint64_t shape_id;
	uint8_t shape_pixel[4]; /* in the middle */
	int pos_x, pos_y;
	char *text;
	size_t text_len;
	struct hws_clip_copy copied; /* all of it */
	/* the client */
	xcb_connection_t *c;
	xcb_screen_t *screen;
	xcb_window_t window;
	xcb_gcontext_t gc;
};

/* A fresh server of 640 x 480 with the platform open and a client that covers the screen with its
 * window. */
void desktop_setup(struct desktop *d);
/* The same on a server that lacks an extension; NULL = none. */
void desktop_setup_without(struct desktop *d, const char *extension);
/* The same at another depth of colours. */
void desktop_setup_depth(struct desktop *d, int depth);
/* The same on a server with sixteen outputs, of which one is lit, with 1280 x 800; false: the
 * machine has none, and the test is over. */
bool desktop_setup_outputs(struct desktop *d);
/* The same on a server that runs already (d->x). */
void desktop_setup_on(struct desktop *d);
/* Closes the platform and opens it again on the same server. */
void desktop_reopen(struct desktop *d);
void desktop_teardown(struct desktop *d);
/* Runs the loop until *counter reaches n; fails the test after 10 s. */
void desktop_wait(struct desktop *d, const unsigned *counter, unsigned n);
/* Runs the loop for so long. */
void desktop_run(struct desktop *d, unsigned ms);
/* Fills a rectangle of the client's window and waits until the server has done it. */
void desktop_fill(struct desktop *d, int x, int y, int w, int h, uint32_t rgb);
void desktop_sync(struct desktop *d);
/* Grabs the next frame (waiting for damage first); it stays taken until hws_capture_release. */
void desktop_frame(struct desktop *d);
/* As the display is now; the caller drops it. */
struct hws_picture *desktop_snapshot(struct desktop *d, unsigned display);
/* The next event of this type at the client, running the loop meanwhile; freed by the caller. */
xcb_generic_event_t *desktop_event(struct desktop *d, uint8_t type);

Suite *x11_clip_suite(void);
Suite *x11_clip_formats_suite(void);
Suite *x11_input_suite(void);
