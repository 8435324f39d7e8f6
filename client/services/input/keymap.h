/* input/keymap: key positions of all platforms in one table. Pure. The position of this side is the
 * Linux evdev code, whatever machine it is. */
#pragma once
#include "client/core/peer.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_KEY_NONE 0xffffffffu

/* Code of the position on the controlled platform; HWS_KEY_NONE when it has none. */
uint32_t hws_keymap_position(enum hws_peer_platform platform, unsigned evdev);
/* The named key for legacy mode; 0 = none (a character). `num_lock` false turns the numpad of a
 * Windows host into navigation keys. */
Ses__ControlKey hws_keymap_control(enum hws_peer_platform platform, unsigned evdev, bool num_lock);
/* Whether lock states travel with this key: CapsLock with letters and [ ] ; ' , . ; NumLock with
 * the numpad. */
bool hws_keymap_caps_matters(unsigned evdev);
bool hws_keymap_is_numpad(unsigned evdev);
