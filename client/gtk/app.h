/* gtk/app: the one object of the desktop program: GTK application and hawser context, tied to the
 * GLib loop. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/hawser.h>

/* What the command line asked for; strings are borrowed for the program's life. */
struct gui_launch {
	const char *target;      /* NULL = open the main window */
	const char *config_path; /* NULL = the default */
	const char *server, *key;
	char *password; /* owned, wiped after its first use; NULL = ask */
	/* PNG, written after `seconds`: the picture, or without a target the window */
	const char *screenshot;
	unsigned seconds; /* end by itself after so long; 0 = never */
	enum hawser_quality quality;
	enum hawser_codec codec;
	enum hawser_chroma chroma;
	enum hawser_keyboard_mode keyboard;
	unsigned fps;     /* 0 = the default */
	unsigned quiet;   /* percent that the sound is quieter than the host's */
	unsigned display; /* from 1; 0 = the host's choice */
	bool all_displays, virtual_display, privacy, block_input;
	unsigned follow;        /* 1: the pointer, 2: the active window, 3: both */
	uint32_t width, height; /* wished of the display; 0 = as it is */
	bool relay, view_only, fullscreen, accept_insecure, actual_size, remember, require_v2;
	bool camera;
	bool no_exact;
	bool no_sound, call;
};

struct gui_app {
	GtkApplication *gtk;
	hawser_context *context;
	guint source; /* GLib watch on the context's descriptor */
	struct gui_launch launch;
	int exit_status;
};

/* Runs the program until its last window closes; returns the exit status. Wipes and frees the
 * password. */
int gui_app_run(struct gui_launch *launch);
/* What of it a session is opened with; borrows. */
void gui_launch_fill(const struct gui_launch *launch, struct hawser_session_config *conf);
/* Overwrites and frees; takes NULL. */
void gui_free_password(char *password);
