/* A line with a close button below the picture, for what somebody has to have read. */
#include "client/gtk/notice.h"
#include "client/gtk/access.h"
#include <string.h>

#define LABEL "hawser-notice"
#define PASSING "hawser-passing"
#define TIMER "hawser-timer"
#define SHORTLY_S 10 /* read twice, slowly */
#define LINES_MAX 6
#define CHARS_MAX 2000 /* more than LINES_MAX lines of any window */

static void on_closed(GtkButton *button, gpointer arg)
{
	(void)button;
	gtk_widget_set_visible(arg, FALSE);
}

GtkWidget *gui_notice_new(void)
{
	GtkWidget *notice = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	GtkWidget *text = g_object_new(
			GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, NULL);
	GtkWidget *close = gtk_button_new_from_icon_name("window-close-symbolic");

	gtk_widget_add_css_class(notice, LABEL);
	gtk_label_set_xalign(GTK_LABEL(text), 0);
	gtk_label_set_wrap(GTK_LABEL(text), TRUE);
	/* A stranger's text: a word or a number of lines that no window has room for is cut. */
	gtk_label_set_wrap_mode(GTK_LABEL(text), PANGO_WRAP_WORD_CHAR);
	gtk_label_set_ellipsize(GTK_LABEL(text), PANGO_ELLIPSIZE_END);
	gtk_label_set_lines(GTK_LABEL(text), LINES_MAX);
	gtk_widget_set_hexpand(text, TRUE);
	gui_set_name(close, "Close the message");
	gtk_button_set_has_frame(GTK_BUTTON(close), FALSE);
	gtk_widget_set_focus_on_click(close, FALSE);
	g_signal_connect(close, "clicked", G_CALLBACK(on_closed), notice);
	gtk_box_append(GTK_BOX(notice), text);
	gtk_box_append(GTK_BOX(notice), close);
	gtk_widget_set_visible(notice, FALSE);
	g_object_set_data(G_OBJECT(notice), LABEL, text);
	return notice;
}

/* The label itself limits lines of one paragraph only, and the text may have many. */
static void cut(GString *text)
{
	const char *end = text->str;

	for (unsigned i = 0; end && i < LINES_MAX; i++)
		end = strchr(i ? end + 1 : end, '\n');
	if (!end && g_utf8_strlen(text->str, -1) > CHARS_MAX)
		end = g_utf8_offset_to_pointer(text->str, CHARS_MAX);
	if (!end)
		return;
	g_string_truncate(text, (gsize)(end - text->str));
	g_string_append(text, "…");
}

static void remove_source(gpointer id)
{
	g_source_remove(GPOINTER_TO_UINT(id));
}

static gboolean on_time(gpointer notice)
{
	g_object_steal_data(notice, TIMER);
	gtk_widget_set_visible(notice, FALSE);
	return G_SOURCE_REMOVE;
}

void gui_notice_show(GtkWidget *notice, const char *title, const char *utf8, size_t length)
{
	GString *text = g_string_new(title);

	g_object_set_data(G_OBJECT(notice), TIMER, NULL);
	g_object_set_data(G_OBJECT(notice), PASSING, NULL);
	if (*title && length)
		g_string_append(text, ": ");
	g_string_append_len(text, utf8, (gssize)length);
	cut(text);
	gtk_label_set_text(g_object_get_data(G_OBJECT(notice), LABEL), text->str);
	gtk_widget_set_visible(notice, text->len != 0);
	g_string_free(text, TRUE);
}

void gui_notice_show_passing(GtkWidget *notice, const char *title, const char *utf8, size_t length)
{
	gui_notice_show(notice, title, utf8, length);
	g_object_set_data(G_OBJECT(notice), PASSING, notice);
}

void gui_notice_pass(GtkWidget *notice)
{
	if (g_object_get_data(G_OBJECT(notice), PASSING))
		gtk_widget_set_visible(notice, FALSE);
}

void gui_notice_show_shortly(GtkWidget *notice, const char *title, const char *utf8, size_t length)
{
	guint id;

	gui_notice_show_passing(notice, title, utf8, length);
	id = g_timeout_add_seconds(SHORTLY_S, on_time, notice);
	g_object_set_data_full(G_OBJECT(notice), TIMER, GUINT_TO_POINTER(id), remove_source);
}
