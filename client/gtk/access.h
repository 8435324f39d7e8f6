/* gtk/access: names for those who do not see the window. */
#pragma once
#include <gtk/gtk.h>

/* What a control is called where no text in it says so: pictures, entries, lists. */
static inline void gui_set_name(GtkWidget *widget, const char *name)
{
	gtk_accessible_update_property(
			GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

/* What it does, or why it is grey, for those who look and for those who do not. */
static inline void gui_set_reason(GtkWidget *widget, const char *text)
{
	gtk_widget_set_tooltip_text(widget, text);
	gtk_accessible_update_property(
			GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}
