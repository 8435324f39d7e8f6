/* gtk/side_windows: windows beside the first one of a session, each with one display of the host. A
 * display whose window is open is asked for; one that goes takes its window along. Main thread
 * only. */
#pragma once
#include "client/gtk/action.h"
#include <hawser/hawser.h>
#include <stdbool.h>

struct gui_side_windows;

struct gui_side_windows_events {
	/* An action of one of the windows that is about all of the session. */
	gui_action_fn on_action;
	/* Which are open (bits) has changed. */
	void (*on_change)(guint32 open, gpointer arg);
	/* Ctrl+Alt and a key that is no window's own. */
	void (*on_hotkey)(guint keyval, gpointer arg);
	gpointer arg;
};

/* `mark` is shown over each picture, too: what must be seen wherever one looks. Borrowed; it lives
 * as long. */
struct gui_side_windows *gui_side_windows_new(GtkApplication *gtk, bool camera, GtkWidget *mark,
		const struct gui_side_windows_events *events);
/* Closes them; takes NULL. */
void gui_side_windows_free(struct gui_side_windows *s);
void gui_side_windows_set_session(struct gui_side_windows *s, hawser_session *session);
/* Whether there are pictures at all. */
void gui_side_windows_set_ready(struct gui_side_windows *s, bool ready);
/* READY or DISPLAYS: windows follow their displays, those of displays that went are closed.
 * `login`: the host has to be told again. */
void gui_side_windows_listed(
		struct gui_side_windows *s, const struct hawser_peer *peer, bool login);
/* Opens or closes one. False: the host cannot, hawser_last_error says why. */
bool gui_side_windows_set_open(struct gui_side_windows *s, size_t display, bool open);
/* Which are open (bits). */
guint32 gui_side_windows_open(const struct gui_side_windows *s);
/* FRAME, CURSOR and CURSOR_POSITION. */
void gui_side_windows_event(struct gui_side_windows *s, const struct hawser_event *e);
/* DENIED of buttons, as gui_toolbar_set_denied; kept for windows that come. */
void gui_side_windows_set_denied(
		struct gui_side_windows *s, enum gui_action action, const char *why);
