/* wire/permission: the bit map a rendezvous server may attach to a connection
 * (ControlPermissions). */
#pragma once
#include <stdint.h>

/* Position in the map, two bits each. */
enum hws_permission {
	HWS_PERM_KEYBOARD,
	HWS_PERM_REMOTE_PRINTER,
	HWS_PERM_CLIPBOARD,
	HWS_PERM_FILE,
	HWS_PERM_AUDIO,
	HWS_PERM_CAMERA,
	HWS_PERM_TERMINAL,
	HWS_PERM_TUNNEL,
	HWS_PERM_RESTART,
	HWS_PERM_RECORDING,
	HWS_PERM_BLOCK_INPUT,
	HWS_PERM_REMOTE_MODIFY,
	HWS_PERM_PRIVACY_MODE,
	HWS_PERM_COUNT
};

/* For sets of permissions. */
#define HWS_NEED(p) (1u << (p))

enum hws_permission_state { HWS_PERM_UNSET, HWS_PERM_DENY, HWS_PERM_ALLOW };

enum hws_permission_state hws_permission_get(uint64_t map, enum hws_permission p);
uint64_t hws_permission_set(uint64_t map, enum hws_permission p, enum hws_permission_state s);
/* Stable lower-case token ("remote_printer"). */
const char *hws_permission_name(enum hws_permission p);
