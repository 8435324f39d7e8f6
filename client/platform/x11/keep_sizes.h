/* x11/keep_sizes: in the keeper's process: changes of the displays for viewers, and what there was
 * before them. Private to this folder. */
#pragma once
#include "client/platform/x11/layout.h"

#define X11_KEEP_MODES_MAX 64u
#define X11_KEEP_PLUGS_MAX 8u

/* As it is noted in a property of the root window, for who finds it after a crash of all. */
struct x11_keep_note {
	uint32_t version, owner; /* `owner`: a window that lives as long as the process */
	uint32_t changed;
	struct x11_layout before, last; /* before the first change; as the last one left it */
	struct {
		xcb_randr_output_t output;
		xcb_randr_mode_t mode;
	} made[X11_KEEP_MODES_MAX]; /* modes that were not there */
	uint32_t made_count;
	struct {
		uint32_t number;
		xcb_randr_output_t output;
	} plug[X11_KEEP_PLUGS_MAX];
	uint32_t plugs;
	uint32_t blanked;
};

struct x11_keep {
	struct x11_screen screen;
	xcb_atom_t note_atom;
	struct x11_keep_note note;
};

/* Takes back what a keeper left that was killed, unless that one still lives. */
int x11_keep_init(struct x11_keep *k, xcb_connection_t *conn, int screen) HWS_MUST_CHECK;
int x11_keep_resize(struct x11_keep *k, xcb_atom_t monitor, uint16_t width, uint16_t height,
		struct hws_error *err) HWS_MUST_CHECK;
int x11_keep_plug(struct x11_keep *k, uint32_t number, struct hws_error *err) HWS_MUST_CHECK;
/* number 0: all. */
int x11_keep_unplug(struct x11_keep *k, uint32_t number, struct hws_error *err) HWS_MUST_CHECK;
/* All as it was before, but for what somebody else has changed since. */
void x11_keep_restore(struct x11_keep *k);
/* Writes the note; without anything to take back there is none. */
void x11_keep_write(struct x11_keep *k);
