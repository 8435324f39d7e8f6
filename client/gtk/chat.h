/* gtk/chat: what the two persons of a session write to each other, below the picture: the last
 * lines, and a line to answer. Main thread only. */
#pragma once
#include <gtk/gtk.h>
#include <stdbool.h>

/* What was written is to be sent: NULL, or why it cannot be (for the person). */
typedef const char *(*gui_chat_send_fn)(const char *text, gpointer arg);

/* Hidden until something is written, or gui_chat_open. */
GtkWidget *gui_chat_new(gui_chat_send_fn fn, gpointer arg);
/* From the person at the host; `length` bytes of UTF-8. It shows itself, and takes no focus:
 * what is being typed at the host stays there. */
void gui_chat_receive(GtkWidget *chat, const char *utf8, size_t length);
/* The host says that nobody there can be shown what is written: stays below the lines until
 * somebody writes from there. */
void gui_chat_undelivered(GtkWidget *chat);
/* Shows it with the focus in its line, or hides it. */
void gui_chat_open(GtkWidget *chat, bool open);
/* Whether a session is there to send to. */
void gui_chat_set_ready(GtkWidget *chat, bool ready);
