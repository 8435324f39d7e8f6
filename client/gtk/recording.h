/* gtk/recording: the mark that a session is being recorded, here or at the host, and what becomes
 * of a recording. Main thread only. */
#pragma once
#include "client/gtk/toolbar.h"

struct gui_recording;

/* Frees itself with `mark`, which the caller puts where it is always seen, also in full screen.
 * `notice` and the two bars live at least as long. */
struct gui_recording *gui_recording_new(GtkWidget *notice, GtkWidget *bar, GtkWidget *edge_bar);
GtkWidget *gui_recording_mark(struct gui_recording *r);
/* GUI_ACTION_RECORD of a bar: all displays that are shown, into the folder of the settings. */
void gui_recording_set(struct gui_recording *r, hawser_session *session, bool on);
/* True: it was about recordings. */
bool gui_recording_event(struct gui_recording *r, const struct hawser_event *e);
