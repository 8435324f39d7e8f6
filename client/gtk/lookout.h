/* gtk/lookout: asks what blocks for a while (the host of this computer, the network) beside the
 * window: again and again while a widget is shown, and at once when it is told to. An answer that
 * comes when the lookout is gone is dropped. GTK's thread, but for `ask`. */
#pragma once
#include <gtk/gtk.h>
#include <stdbool.h>

struct gui_lookout;

struct gui_lookout_conf {
	GtkWidget *box; /* borrowed: outlives the lookout */
	guint every_s;
	/* What is asked by itself. Owned by the lookout from then on. */
	gpointer (*question)(gpointer arg);
	/* In a thread: only the question is its own. The answers go there, too. */
	int (*ask)(gpointer question);
	/* With what `ask` said; borrows the question. */
	void (*answered)(gpointer question, int r, gpointer arg);
	GDestroyNotify free; /* of a question */
	gpointer arg;
};

struct gui_lookout *gui_lookout_new(const struct gui_lookout_conf *conf);
/* Takes the question; NULL: the usual one. Asked beside one that is on its way. */
void gui_lookout_ask(struct gui_lookout *l, gpointer question);
/* Whether one is on its way. */
bool gui_lookout_asks(const struct gui_lookout *l);
void gui_lookout_free(struct gui_lookout *l);
