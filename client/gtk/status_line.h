/* gtk/status_line: how the session stands, in one line. Main thread only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/session.h>
#include <stdbool.h>

/* A click on it, or Return while it has the focus, shows the figures behind it. */
GtkLabel *gui_status_line_new(void);
/* Those, to be laid over the picture. */
GtkWidget *gui_status_line_figures(GtkLabel *line);
/* In full screen the line shows only that the host does not answer. */
void gui_status_line_show(GtkLabel *line, const struct hawser_stats *stats, bool only_looking,
		bool fullscreen);
/* What stands behind its words, for who wants to compare: the way, and why it is no direct one; how
 * it is encrypted, the host's key and who vouches for it. As a tooltip. */
void gui_status_line_explain(
		GtkLabel *line, const struct hawser_peer *peer, hawser_session *session);
