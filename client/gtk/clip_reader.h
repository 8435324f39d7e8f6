/* gtk/clip_reader: reads what is on the desktop's clipboard in all the formats that sessions
 * exchange, one after the other, in bounds of size and time. Main thread only. */
#pragma once
#include <gtk/gtk.h>
#include <hawser/clipboard.h>
#include <stdbool.h>

/* A copy. A format that is not there is NULL. */
struct gui_clip_content {
	GBytes *part[HAWSER_CLIP_FORMATS];
};

void gui_clip_content_clear(struct gui_clip_content *c);
bool gui_clip_content_is_empty(const struct gui_clip_content *c);
/* Whether there is something on it that gui_clip_read would read. */
bool gui_clip_has_content(GdkClipboard *clipboard);

/* `c` is borrowed, and may be empty; NULL: canceled, whoever asked may be gone. */
typedef void (*gui_clip_read_fn)(const struct gui_clip_content *c, gpointer arg);
/* Calls fn once, later, with what could be read by then. `text_enough`: where there is text
 * nothing else is read. */
void gui_clip_read(GdkClipboard *clipboard, bool text_enough, GCancellable *cancel,
		gui_clip_read_fn fn, gpointer arg);
