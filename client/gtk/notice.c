/* A line with a close button above the picture, for what somebody has to have read. */
#include "client/gtk/notice.h"
#include "client/gtk/access.h"

#define LABEL "hawser-notice"

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

void gui_notice_show(GtkWidget *notice, const char *title, const char *utf8, size_t length)
{
	char *text = g_strdup_printf(
			"%s%s%.*s", title, *title && length ? ": " : "", (int)length, utf8);

	gtk_label_set_text(g_object_get_data(G_OBJECT(notice), LABEL), text);
	gtk_widget_set_visible(notice, *text != 0);
	g_free(text);
}
