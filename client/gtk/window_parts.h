/* gtk/window_parts: what the files of a session's first window share; not for others.
 * window_session.c makes and ends it, window_actions.c has what the user does, window_events.c what
 * the session tells. */
#pragma once
#include "client/gtk/app.h"
#include "client/gtk/chat.h"
#include "client/gtk/clipboard.h"
#include "client/gtk/displays.h"
#include "client/gtk/notice.h"
#include "client/gtk/pages.h"
#include "client/gtk/picture_window.h"
#include "client/gtk/recording.h"
#include "client/gtk/shots.h"
#include "client/gtk/side_windows.h"
#include "client/gtk/sound.h"
#include "client/gtk/status_line.h"

struct session_window {
	struct gui_app *app;
	struct gui_picture_window p;
	GtkWidget *notice, *chat;
	GtkWidget *news; /* of the way: lies over the picture for a while */
	struct gui_recording *recording;
	GtkLabel *status;
	struct gui_pages *pages;
	struct gui_clipboard *clipboard;
	struct gui_side_windows *side;
	struct gui_displays *displays;
	struct gui_shots *shots;
	hawser_session *session;
	bool camera;     /* not of a desktop */
	bool ready;      /* there is a picture */
	bool looks_told; /* that nothing typed arrives */
	bool mute;       /* the host has no sound */
	bool met;        /* the host let us in since the connection was last asked for */
	char *screenshot;
	guint end_timer;
	struct gui_sound sound;
};

/* --- window_session.c --- */
/* The tools work on a picture: without one they are grey, and nothing is said of a connection that
 * is none. */
void gui_window_set_ready(struct session_window *w, bool ready);
/* There is something to read: a window that was closed while others stay is shown again. */
void gui_window_come_back(struct session_window *w);
void gui_window_end(struct session_window *w);

/* --- window_actions.c --- */
void gui_window_act(enum gui_action action, int value, gpointer window);
void gui_window_hotkey(guint keyval, gpointer window);
/* What the session has is what the lists show. */
void gui_window_show_options(struct session_window *w);
/* Nothing that is done here goes to the host, because the user chose so. */
bool gui_window_only_looks(struct session_window *w);
/* Whoever types then, and may have forgotten, is told so; once, when the window is built. */
void gui_window_watch_keys(struct session_window *w);
void gui_window_deny(struct session_window *w, enum gui_action action, const char *why);
/* By what the host permits now, and what the user wishes. */
void gui_window_show_permissions(struct session_window *w);

/* --- window_events.c --- */
void gui_window_event(hawser_session *session, const struct hawser_event *e, void *window);
