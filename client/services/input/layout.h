/* input/layout: what the keys of a keyboard give, so that the two ends can see whether their
 * layouts are the same. Told by a host in PeerInfo.platform_additions ("hawser_layout") and, when
 * it changes, in Misc.keyboard_layout. Pure. */
#pragma once
#include "client/core/peer.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The keys that differ between layouts: digits, letters and what lies around them. */
#define HWS_LAYOUT_KEYS 48u
/* Plain, with Shift, with AltGr, with both. */
#define HWS_LAYOUT_LEVELS 4u

/* X keysyms; that of a character is its code point, plus 0x1000000 from U+0100 on. 0: nothing. */
struct hws_layout {
	uint32_t sym[HWS_LAYOUT_KEYS][HWS_LAYOUT_LEVELS];
};

/* The evdev code of a key of the table; 0 from HWS_LAYOUT_KEYS on. */
unsigned hws_layout_code(size_t key);
/* Nothing is known of any key. */
bool hws_layout_is_empty(const struct hws_layout *l);
bool hws_layout_equal(const struct hws_layout *a, const struct hws_layout *b);
/* Keys are separated by a space, their levels by a comma, each in hexadecimal digits; levels
 * without anything behind them are left out. */
void hws_layout_write(const struct hws_layout *l, char buf[HWS_PEER_LAYOUT]);
/* Foreign text. false: it is none of the above; *l is undefined then. */
bool hws_layout_read(struct hws_layout *l, const char *text);
