/* The map has two bits for each permission, because a server may also say nothing about one. */
#include "shared/wire/permission.h"

static const char *const names[HWS_PERM_COUNT] = {
	[HWS_PERM_KEYBOARD] = "keyboard",
	[HWS_PERM_REMOTE_PRINTER] = "remote_printer",
	[HWS_PERM_CLIPBOARD] = "clipboard",
	[HWS_PERM_FILE] = "file",
	[HWS_PERM_AUDIO] = "audio",
	[HWS_PERM_CAMERA] = "camera",
	[HWS_PERM_TERMINAL] = "terminal",
	[HWS_PERM_TUNNEL] = "tunnel",
	[HWS_PERM_RESTART] = "restart",
	[HWS_PERM_RECORDING] = "recording",
	[HWS_PERM_BLOCK_INPUT] = "block_input",
	[HWS_PERM_REMOTE_MODIFY] = "remote_modify",
	[HWS_PERM_PRIVACY_MODE] = "privacy_mode",
};

enum hws_permission_state hws_permission_get(uint64_t map, enum hws_permission p)
{
	static const enum hws_permission_state states[4] = { HWS_PERM_UNSET, HWS_PERM_DENY,
		HWS_PERM_ALLOW, HWS_PERM_UNSET };

	return states[map >> (2 * p) & 3u];
}

uint64_t hws_permission_set(uint64_t map, enum hws_permission p, enum hws_permission_state s)
{
	return (map & ~(UINT64_C(3) << (2 * p))) | (uint64_t)s << (2 * p);
}

const char *hws_permission_name(enum hws_permission p)
{
	return p < HWS_PERM_COUNT ? names[p] : "unknown";
}
