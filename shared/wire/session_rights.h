/* wire/session_rights: what narrows the permissions of a session besides what the host grants: its
 * kind, and what the viewer itself does not want. Nothing here ever adds one. hostd, gate and agent
 * use the same, each for itself. Pure. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/wire/session_kind.h"
#include <stdint.h>

/* Those of `permissions` (HWS_NEED bits) that make sense for a kind of session. */
uint32_t hws_kind_permissions(enum hws_session_kind kind, uint32_t permissions);
/* Permissions the viewer itself switched off, after applying `o` (may be NULL) to `before`. */
uint32_t hws_option_disabled(const Ses__OptionMessage *o, uint32_t before);
/* Unsets in `o` what a viewer with these permissions may not switch on (its privacy mode, blocking
 * the person's input, files in the clipboard). How many there were. */
unsigned hws_option_trim(Ses__OptionMessage *o, uint32_t permissions);
