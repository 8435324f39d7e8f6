/* gtk/shots: pictures of a session for the user: into files of the folder of pictures, or onto this
 * desktop's clipboard. Main thread only. */
#pragma once
#include "client/gtk/clipboard.h"
#include <gtk/gtk.h>
#include <hawser/hawser.h>
#include <stdbool.h>

struct gui_shots;

/* Borrows both, which live as long. */
struct gui_shots *gui_shots_new(GtkWidget *notice, struct gui_clipboard *clipboard);
void gui_shots_free(struct gui_shots *s); /* takes NULL */
void gui_shots_set_session(struct gui_shots *s, hawser_session *session);
/* What is shown (NULL: there is nothing), as a file, or as a copy. */
void gui_shots_take(struct gui_shots *s, GdkTexture *picture, bool copy);
/* The host's own picture of a display: comes later by gui_shots_event. */
void gui_shots_ask(struct gui_shots *s, size_t display, bool copy);
/* SCREENSHOT. */
void gui_shots_event(struct gui_shots *s, const struct hawser_event *e);
