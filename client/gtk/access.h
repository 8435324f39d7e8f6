/* gtk/access: names for those who do not see the window. */
#pragma once
#include <gtk/gtk.h>
#include <string.h>

/* What a control is called where no text in it says so: pictures, entries, lists. */
static inline void gui_set_name(GtkWidget *widget, const char *name)
{
	gtk_accessible_update_property(
			GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

/* An ID as people read it out, "123 456 789"; another as it is. Freed by the caller. */
static inline char *gui_group_id(const char *id)
{
	size_t len = strlen(id);
	GString *s = g_string_new(NULL);

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0 && strspn(id, "0123456789") == len)
			g_string_append_c(s, ' ');
		g_string_append_c(s, id[i]);
	}
	return g_string_free(s, FALSE);
}

/* What it does, or why it is grey, for those who look and for those who do not. */
static inline void gui_set_reason(GtkWidget *widget, const char *text)
{
	gtk_widget_set_tooltip_text(widget, text);
	gtk_accessible_update_property(
			GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}
