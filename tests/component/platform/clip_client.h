/* A program of the desktop that reads what the platform owns and owns what it reads, request by
 * request: what the tests of the X11 clipboard share. */
#pragma once
#include "desktop.h"

extern struct desktop d;
extern xcb_atom_t clipboard, mine; /* the property that answers go to */

void clip_client_setup(void);
void clip_client_teardown(void);
xcb_atom_t atom(const char *name);

struct got {
	xcb_atom_t type;
	uint8_t format;
	uint8_t bytes[400];
	size_t len;
};

void read_property(xcb_atom_t property, struct got *g);
/* False: refused. */
bool convert(const char *target, xcb_timestamp_t time, struct got *g);
bool has_atom(const struct got *g, const char *name);
/* And waits until the platform owns the selection. */
void set_text(const char *text);

/* The client becomes the owner. */
void own(void);
xcb_selection_request_event_t next_request(void);
void notify(const xcb_selection_request_event_t *q, xcb_atom_t property);
void give_targets(const xcb_selection_request_event_t *q, const char *const names[]);
void give(const xcb_selection_request_event_t *q, const char *type, const void *p, size_t len);
/* The platform looks from now on. */
void watch(void);
