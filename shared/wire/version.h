/* wire/version: version texts of peers as comparable numbers, and the features gated by them. */
#pragma once
#include <stdint.h>

/* What we tell peers: the version of the deployed protocol we speak. */
#define HWS_PROTOCOL_VERSION "1.4.9"

/* "1.2.3" -> 1002030, "1.1.10-1" -> 1001101, "" -> 0. Foreign text: saturates, never fails. */
uint32_t hws_version_number(const char *text);

/* First version of the other side that has ... */
enum {
	HWS_V_FILE_DIGEST = 1001100,
	HWS_V_NO_PASSWORD_ACCESS =
			1002000, /* map and translate keyboard, custom fps, switch sides */
	HWS_V_QUALITY_ABOVE_100 = 1002020,
	HWS_V_MULTI_DISPLAY =
			1002040, /* capture_displays, refresh_video_display, toggle_privacy_mode */
	HWS_V_MULTI_CLIPBOARDS = 1003000,
	HWS_V_EMPTY_DIRS = 1003030,
	HWS_V_UNIX_FILE_CLIPBOARD = 1003080,
	HWS_V_CAMERA = 1003090, /* and remote printing */
	HWS_V_SCREENSHOT = 1004000,
	HWS_V_TERMINAL = 1004010,
	HWS_V_FILE_RESUME = 1004020,
	HWS_V_RELATIVE_MOUSE = 1004050,
};
