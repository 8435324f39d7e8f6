/* gtk/pages: what the session window shows instead of the picture: progress, questions, errors. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/session.h>
#include <stdbool.h>

struct gui_pages;

struct gui_pages_events {
	/* password or two-factor code, as asked; `keep`: remember / trust this device. Text
	 * borrows. */
	void (*on_secret)(const char *text, bool keep, bool two_factor, gpointer arg);
	void (*on_accept_insecure)(bool accept, gpointer arg);
	void (*on_retry)(gpointer arg);
	void (*on_close)(gpointer arg);
	gpointer arg;
};

/* Freed together with its widget. */
struct gui_pages *gui_pages_new(const struct gui_pages_events *events);
/* A GtkStack; `picture` becomes one of its pages. */
GtkWidget *gui_pages_widget(struct gui_pages *p);
void gui_pages_set_picture(struct gui_pages *p, GtkWidget *picture);

/* Enter presses the main button of a page, Esc says no to it. */
void gui_pages_show_picture(struct gui_pages *p);
bool gui_pages_has_picture(struct gui_pages *p);
void gui_pages_show_progress(struct gui_pages *p, const char *text);
/* What HAWSER_EVENT_PASSWORD asks for, or that nothing is asked any more. */
void gui_pages_ask_password(struct gui_pages *p, const struct hawser_event *e);
/* `kind` as of HAWSER_EVENT_INSECURE. */
void gui_pages_ask_insecure(
		struct gui_pages *p, const char *kind, const char *title, const char *text);
void gui_pages_show_error(struct gui_pages *p, const char *title, const char *text);
/* Takes the question away if one is shown. */
void gui_pages_end_question(struct gui_pages *p);
