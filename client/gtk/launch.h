/* gtk/launch: what the command line of the desktop program says. */
#pragma once
#include <hawser/hawser.h>
#include <stdbool.h>

/* What the command line asked for; strings are borrowed for the program's life. */
struct gui_launch {
	const char *target;      /* NULL = open the main window */
	const char *config_path; /* NULL = the default */
	const char *server, *key;
	char *password; /* owned, wiped after its first use; NULL = ask */
	/* PNG, written after `seconds`: the picture, or without a target the window */
	const char *screenshot;
	unsigned seconds;       /* end by itself after so long; 0 = never */
	const char *own_id;     /* NULL: as the settings say */
	const char *accept_key; /* of the host; NULL: as it is known */
	bool has_switch;        /* of sides, with this number */
	unsigned char switch_number[16];
	enum hawser_quality quality;
	enum hawser_codec codec;
	enum hawser_chroma chroma;
	enum hawser_keyboard_mode keyboard;
	enum hawser_clipboard clipboard;
	unsigned fps;     /* 0 = the default */
	unsigned quiet;   /* percent that the sound is quieter than the host's */
	unsigned display; /* from 1; 0 = the host's choice */
	bool all_displays, windows, virtual_display, privacy, block_input;
	unsigned follow;        /* 1: the pointer, 2: the active window, 3: both */
	uint32_t width, height; /* wished of the display; 0 = as it is */
	bool relay, view_only, fullscreen, accept_insecure, actual_size, remember, require_v2;
	bool camera;
	bool no_exact, no_hardware;
	bool no_sound, call;
};

/* What it says of displays, as given, NULL = not. False after a message. */
bool gui_launch_displays(const char *display, const char *resolution, const char *follow,
		struct gui_launch *l);
