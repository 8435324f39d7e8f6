/* input/control_key: the named keys of the wire (ControlKey) as X keysyms, and which keys of a
 * keyboard are modifiers or belong to the number pad. */
#pragma once
#include "proto/session.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

/* 0: has no key on a desktop. Any number may be asked for. */
uint32_t hws_control_keysym(int control_key);
/* Another symbol for the same key, for layouts that lack the first; 0 = none. */
uint32_t hws_control_keysym_or(int control_key);
/* Alt, Shift, Control, Meta on either side, AltGr. */
bool hws_control_is_modifier(int control_key);
bool hws_control_is_numpad(int control_key);
/* The same for X keycodes (evdev + 8). */
bool hws_keycode_is_modifier(uint32_t code);
bool hws_keycode_is_numpad(uint32_t code);
