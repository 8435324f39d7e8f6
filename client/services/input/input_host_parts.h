/* input/input_host_parts: what the files of the host's input share: who holds which keys and
 * buttons, and the modifiers. Loop thread only. */
#pragma once
#include "client/services/input/input_host.h"

struct hws_typing_viewer { /* one viewer */
	struct hws_host_viewer *g;
	uint8_t down[32]; /* bits of keycodes it holds */
	unsigned buttons;
	unsigned untyped; /* characters it has not been told of */
};

struct hws_input_host {
	struct hws_host_service service;
	struct hws_loop *loop;
	struct hws_inject *inject;
	struct hws_typing_viewer typing_viewer[HWS_HOST_VIEWERS_MAX];
	struct hws_deferred tell;
	uint64_t untyped_total;
	struct hws_timer layout_later;
	char layout[HWS_PEER_LAYOUT]; /* as viewers know it */
	char additions[HWS_PEER_LAYOUT + 32];
};

/* Presses or releases a key for this viewer, and remembers it. */
void hws_input_press(
		struct hws_input_host *h, struct hws_typing_viewer *t, uint8_t code, bool down);
/* Whether a list holds a modifier, by its left or its right key. */
bool hws_input_listed(int name, const Ses__ControlKey *list, size_t n);
/* Makes the pressed modifiers those of the list. Sets bits of what was pressed for it, to be
 * undone. */
unsigned hws_input_match_modifiers(struct hws_input_host *h, struct hws_typing_viewer *t,
		const Ses__ControlKey *list, size_t n);
void hws_input_undo_modifiers(
		struct hws_input_host *h, struct hws_typing_viewer *t, unsigned pressed);
bool hws_input_shortcut_held(struct hws_input_host *h);
