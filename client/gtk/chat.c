/* A conversation is short and is not kept: so many lines of it, as long as the window is there. Its
 * text is a stranger's; the library has made it readable, and here it is shown as text only. */
#include "client/gtk/chat.h"
#include "client/gtk/access.h"
#include <string.h>

#define DATA "hawser-chat"
#define LINES_MAX 200
#define ENTRY_MAX 1000 /* characters; hosts show little more */
#define HEIGHT 110

struct chat {
	gui_chat_send_fn fn;
	gpointer arg;
	GtkTextView *view;
	GtkWidget *entry, *undelivered;
};

static struct chat *data_of(GtkWidget *widget)
{
	return g_object_get_data(G_OBJECT(widget), DATA);
}

static void add(struct chat *c, const char *who, const char *utf8, size_t length)
{
	GtkTextBuffer *text = gtk_text_view_get_buffer(c->view);
	GtkTextIter end, cut;
	int lines;

	gtk_text_buffer_get_end_iter(text, &end);
	if (gtk_text_buffer_get_char_count(text))
		gtk_text_buffer_insert(text, &end, "\n", 1);
	gtk_text_buffer_insert(text, &end, who, -1);
	gtk_text_buffer_insert(text, &end, ": ", 2);
	gtk_text_buffer_insert(text, &end, utf8, (int)length);
	lines = gtk_text_buffer_get_line_count(text);
	if (lines > LINES_MAX) {
		GtkTextIter start;

		gtk_text_buffer_get_start_iter(text, &start);
		gtk_text_buffer_get_iter_at_line(text, &cut, lines - LINES_MAX);
		gtk_text_buffer_delete(text, &start, &cut);
	}
	gtk_text_buffer_get_end_iter(text, &end);
	gtk_text_buffer_place_cursor(text, &end);
	gtk_text_view_scroll_mark_onscreen(c->view, gtk_text_buffer_get_insert(text));
}

static void on_activate(GtkEntry *entry, gpointer arg)
{
	struct chat *c = arg;
	char *text = g_strdup(gtk_editable_get_text(GTK_EDITABLE(entry)));
	const char *why;

	g_strstrip(text);
	if (*text) {
		why = c->fn(text, c->arg);
		add(c, why ? "Not sent" : "You", why ? why : text, strlen(why ? why : text));
		if (!why)
			gtk_editable_set_text(GTK_EDITABLE(entry), "");
	}
	g_free(text);
}

static void on_close(GtkButton *button, gpointer arg)
{
	(void)button;
	gtk_widget_set_visible(arg, FALSE);
}

/* Esc goes back to the picture; the lines stay. */
static gboolean on_escape(GtkWidget *widget, GVariant *args, gpointer arg)
{
	(void)args;
	(void)arg;
	gtk_widget_set_visible(widget, FALSE);
	return TRUE;
}

static GtkWidget *new_lines(struct chat *c)
{
	GtkWidget *scroller = gtk_scrolled_window_new();

	c->view = GTK_TEXT_VIEW(gtk_text_view_new());
	gtk_text_view_set_editable(c->view, FALSE);
	gtk_text_view_set_cursor_visible(c->view, FALSE);
	gtk_text_view_set_wrap_mode(c->view, GTK_WRAP_WORD_CHAR);
	gtk_widget_set_can_focus(GTK_WIDGET(c->view), FALSE);
	gui_set_name(GTK_WIDGET(c->view), "Messages");
	gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scroller), HEIGHT);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), GTK_WIDGET(c->view));
	return scroller;
}

GtkWidget *gui_chat_new(gui_chat_send_fn fn, gpointer arg)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
	GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	GtkWidget *close = gtk_button_new_from_icon_name("window-close-symbolic");
	GtkEventController *keys = gtk_shortcut_controller_new();
	struct chat *c = g_new0(struct chat, 1);

	c->fn = fn;
	c->arg = arg;
	g_object_set_data_full(G_OBJECT(box), DATA, c, g_free);
	gtk_widget_add_css_class(box, "hawser-notice");
	gtk_box_append(GTK_BOX(box), new_lines(c));
	c->undelivered = g_object_new(GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT,
			"label", "(not delivered: nobody reads messages there)", "xalign", 0.0F,
			"visible", FALSE, NULL);
	gtk_widget_add_css_class(c->undelivered, "hawser-hint");
	gtk_box_append(GTK_BOX(box), c->undelivered);
	c->entry = gtk_entry_new();
	gtk_entry_set_max_length(GTK_ENTRY(c->entry), ENTRY_MAX);
	gtk_entry_set_placeholder_text(
			GTK_ENTRY(c->entry), "Write to the person at the host; Enter sends");
	gtk_widget_set_hexpand(c->entry, TRUE);
	gui_set_name(c->entry, "Message");
	g_signal_connect(c->entry, "activate", G_CALLBACK(on_activate), c);
	gui_set_name(close, "Close the messages");
	gtk_button_set_has_frame(GTK_BUTTON(close), FALSE);
	g_signal_connect(close, "clicked", G_CALLBACK(on_close), box);
	gtk_box_append(GTK_BOX(row), c->entry);
	gtk_box_append(GTK_BOX(row), close);
	gtk_box_append(GTK_BOX(box), row);
	gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys),
			gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_Escape, 0),
					gtk_callback_action_new(on_escape, NULL, NULL)));
	gtk_widget_add_controller(box, keys);
	gtk_widget_set_visible(box, FALSE);
	gui_chat_set_ready(box, false);
	return box;
}

void gui_chat_receive(GtkWidget *chat, const char *utf8, size_t length)
{
	struct chat *c = data_of(chat);

	add(c, "Host", utf8, length);
	gtk_widget_set_visible(c->undelivered, FALSE); /* somebody is there now */
	gtk_widget_set_visible(chat, TRUE);
}

void gui_chat_undelivered(GtkWidget *chat)
{
	gtk_widget_set_visible(data_of(chat)->undelivered, TRUE);
	gtk_widget_set_visible(chat, TRUE);
}

void gui_chat_open(GtkWidget *chat, bool open)
{
	gtk_widget_set_visible(chat, open);
	if (open)
		gtk_widget_grab_focus(data_of(chat)->entry);
}

void gui_chat_set_ready(GtkWidget *chat, bool ready)
{
	gtk_widget_set_sensitive(data_of(chat)->entry, ready);
}
