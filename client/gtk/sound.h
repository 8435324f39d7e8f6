/* gtk/sound: the host's sound and the voice call of a window: what its two buttons do and show.
 * Main thread only. */
#pragma once
#include "client/gtk/launch.h"
#include "client/gtk/toolbar.h"

struct gui_sound {
	hawser_session *session;
	GtkWidget *bar, *edge_bar, *notice;
	bool call_due; /* --call: with the first login */
};

/* What the session is opened with; `launch` may be NULL. */
void gui_sound_wish(const struct gui_launch *launch, struct hawser_session_config *ret);
/* The session is there; borrows all. `call_due` stays as it is. */
void gui_sound_begin(struct gui_sound *s, hawser_session *session, GtkWidget *bar,
		GtkWidget *edge_bar, GtkWidget *notice);
/* SOUND or CALL was pressed. */
void gui_sound_act(struct gui_sound *s, enum gui_action action, bool on);
/* READY, SOUND or CALL. */
void gui_sound_event(struct gui_sound *s, const struct hawser_event *e);
