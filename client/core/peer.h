/* core/peer: what a host told about itself: bounded copies of PeerInfo, SwitchDisplay,
 * PermissionInfo. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_PEER_DISPLAYS_MAX 32u
#define HWS_PEER_TEXT 128u
#define HWS_PEER_LAYOUT 1800u
#define HWS_SIDE_MAX 16384 /* larger displays are not believed */

#define HWS_PEER_SIZES_MAX 64u

struct hws_peer_size {
	int width, height;
};

struct hws_peer_display {
	int x, y, width, height;
	struct hws_peer_size original;                 /* that it goes back to; 0 x 0: to none */
	struct hws_peer_size size[HWS_PEER_SIZES_MAX]; /* that it can have */
	size_t size_count;
	double scale;
	bool online, cursor_embedded;
	char name[HWS_PEER_TEXT];
};

enum hws_peer_platform {
	HWS_PLATFORM_LINUX,
	HWS_PLATFORM_WINDOWS,
	HWS_PLATFORM_MACOS,
	HWS_PLATFORM_ANDROID,
	HWS_PLATFORM_OTHER
};

struct hws_peer {
	char username[HWS_PEER_TEXT], hostname[HWS_PEER_TEXT], platform[HWS_PEER_TEXT];
	char version[HWS_PEER_TEXT];
	uint32_t version_number;
	enum hws_peer_platform kind;
	bool can_sas;
	bool encodes_av1; /* as it says of itself when the session begins */
	struct hws_peer_display display[HWS_PEER_DISPLAYS_MAX];
	size_t display_count;
	size_t current; /* < display_count, or 0 */
	/* of its keyboard, as services/input/layout reads it; "" = not told */
	char layout[HWS_PEER_LAYOUT];
	unsigned layout_changes; /* counts how often `layout` was set */
};

/* From LoginResponse. Never fails: what is not believable is left out. */
void hws_peer_set(struct hws_peer *p, const Ses__PeerInfo *info);
/* Whether it says that it shows cameras: of a session for a camera. */
bool hws_peer_shows_cameras(const Ses__PeerInfo *info);
/* A later PeerInfo: only its displays count. The current display is kept if it still exists. */
void hws_peer_set_displays(struct hws_peer *p, const Ses__PeerInfo *info);
/* What it says of its keyboard. Too long a text counts as none. */
void hws_peer_set_layout(struct hws_peer *p, const char *text);
/* A geometry report. false: unknown index, ignored. */
bool hws_peer_switch(struct hws_peer *p, const Ses__SwitchDisplay *s);
