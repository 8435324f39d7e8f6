/* x11/desktop: one connection to an X server and what its parts (capture, cursor, inject, clip)
 * share: events, answers that are waited for without blocking, the end of the server. Private to
 * this folder. */
#pragma once
#include "client/platform/platform.h"
#include <xcb/damage.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>
/* xcb/xkb.h names a field "explicit", which is fine in C. */
#include <xcb/xkb.h>

struct x11_capture;
struct x11_cursor;
struct x11_inject;
struct x11_clip;
struct x11_screens;

struct x11_desktop {
	struct hws_platform base;
	struct hws_loop *loop;
	xcb_connection_t *conn;
	char *display; /* its name as configured; NULL = $DISPLAY */
	xcb_screen_t *screen;
	struct event readable;
	struct hws_deferred drain;
	struct hws_timer overdue; /* runs while answers are awaited */
	struct hws_list calls;    /* struct x11_call, in the order of sending */
	bool lost, draining, closing;
	void (*on_lost)(const char *why, void *arg);
	void *lost_arg;
	uint8_t damage_event, xfixes_event, randr_event, xkb_event;
	bool has_shm;
	uint32_t root_events; /* that we are sent of the root window: x11_root_events */
	struct x11_capture *capture;
	struct x11_cursor *cursor;
	struct x11_inject *inject;
	struct x11_clip *clip;
	struct x11_screens *screens;
};

/* An answer that will come: `reply` (freed by the caller of fn) or `error`, both NULL when the
 * connection ends. */
typedef void (*x11_answer_fn)(void *reply, const xcb_generic_error_t *error, void *arg);

/* Calls fn with the answer to request `sequence` later, never from inside. On HWS_ERR_NOMEM it is
 * discarded. */
int x11_await(struct x11_desktop *d, unsigned sequence, x11_answer_fn fn, void *arg) HWS_MUST_CHECK;
/* After requests: sends them and looks for what came in meanwhile, at the end of this turn. */
void x11_flush(struct x11_desktop *d);
/* The desktop cannot be used any more: tells its owner, once. */
void x11_lose(struct x11_desktop *d, const char *why);
/* Adds events of the root window to those that we are sent, or takes them away. Each part asks for
 * its own. */
void x11_root_events(struct x11_desktop *d, uint32_t mask, bool on);
/* Blocking look-up, for set-up; XCB_NONE on failure. */
xcb_atom_t x11_atom(struct x11_desktop *d, const char *name);

/* HWS_ERR_UNSUPPORTED: `err` says what about its screen cannot be shown. */
int x11_capture_new(struct x11_desktop *d, struct hws_error *err) HWS_MUST_CHECK;
void x11_capture_free(struct x11_capture *c);
void x11_capture_on_damage(struct x11_capture *c, const xcb_generic_event_t *e);
void x11_capture_on_screen(struct x11_capture *c);

int x11_cursor_new(struct x11_desktop *d) HWS_MUST_CHECK;
void x11_cursor_free(struct x11_cursor *c);
void x11_cursor_on_notify(struct x11_cursor *c);

int x11_screens_new(struct x11_desktop *d) HWS_MUST_CHECK;
void x11_screens_free(struct x11_screens *s);
/* The displays are others now, or their sizes may be: looks anew. Waits for the server. */
void x11_screens_relist(struct x11_screens *s);

int x11_inject_new(struct x11_desktop *d) HWS_MUST_CHECK;
void x11_inject_free(struct x11_inject *j);
void x11_inject_on_xkb(struct x11_inject *j, const xcb_generic_event_t *e);
/* True when the message was for this part. */
bool x11_inject_on_message(struct x11_inject *i, const xcb_generic_event_t *e);

int x11_clip_new(struct x11_desktop *d) HWS_MUST_CHECK;
void x11_clip_free(struct x11_clip *c);
/* True when the event was about a selection. */
bool x11_clip_on_event(struct x11_clip *c, const xcb_generic_event_t *e);
