#include "client/gtk/toolbar.h"
#include <hawser/hawser.h>

struct button_data {
	enum gui_action action;
	gui_action_fn fn;
	gpointer arg;
};

static const struct {
	enum gui_action action;
	const char *icon, *label, *tip;
} buttons[] = {
	{ GUI_ACTION_FULLSCREEN, "view-fullscreen-symbolic", NULL,
			"Full screen (Ctrl+Alt+Return)" },
	{ GUI_ACTION_SCALE, "zoom-original-symbolic", NULL,
			"Actual size, or fitted to the window" },
	{ GUI_ACTION_GRAB, "input-keyboard-symbolic", NULL,
			"Send also the desktop's own key combinations (Ctrl+Alt+G)" },
	{ GUI_ACTION_CTRL_ALT_DEL, NULL, "Ctrl+Alt+Del", "Send Ctrl+Alt+Del to the host" },
	{ GUI_ACTION_REFRESH, "view-refresh-symbolic", NULL, "Ask for a complete new picture" },
};

static void free_data(gpointer data, GClosure *closure)
{
	(void)closure;
	g_free(data);
}

static struct button_data *data_new(enum gui_action action, gui_action_fn fn, gpointer arg)
{
	struct button_data *d = g_new0(struct button_data, 1);

	d->action = action;
	d->fn = fn;
	d->arg = arg;
	return d;
}

static void on_clicked(GtkButton *button, gpointer data)
{
	struct button_data *d = data;

	(void)button;
	d->fn(d->action, 0, d->arg);
}

static void add_button(GtkWidget *box, enum gui_action action, const char *icon, const char *label,
		const char *tip, gui_action_fn fn, gpointer arg)
{
	GtkWidget *button = icon ? gtk_button_new_from_icon_name(icon)
				 : gtk_button_new_with_label(label);

	gtk_widget_set_tooltip_text(button, tip);
	/* The keyboard belongs to the picture: a click here must not take it away. */
	gtk_widget_set_focus_on_click(button, FALSE);
	g_signal_connect_data(button, "clicked", G_CALLBACK(on_clicked), data_new(action, fn, arg),
			free_data, 0);
	gtk_box_append(GTK_BOX(box), button);
}

static void on_quality(GtkDropDown *list, GParamSpec *param, gpointer data)
{
	static const int values[] = { HAWSER_QUALITY_BALANCED, HAWSER_QUALITY_BEST,
		HAWSER_QUALITY_LOW };
	struct button_data *d = data;
	guint i = gtk_drop_down_get_selected(list);

	(void)param;
	if (i < G_N_ELEMENTS(values))
		d->fn(d->action, values[i], d->arg);
}

static void on_display(GtkDropDown *list, GParamSpec *param, gpointer data)
{
	struct button_data *d = data;
	guint i = gtk_drop_down_get_selected(list);

	(void)param;
	if (i != GTK_INVALID_LIST_POSITION && !g_object_get_data(G_OBJECT(list), "quiet"))
		d->fn(d->action, (int)i, d->arg);
}

GtkWidget *gui_toolbar_new(gui_action_fn fn, gpointer arg)
{
	static const char *const qualities[] = { "Balanced", "Best picture", "Low bandwidth",
		NULL };
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	GtkWidget *quality = gtk_drop_down_new_from_strings(qualities);
	GtkWidget *displays = gtk_drop_down_new(NULL, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++)
		add_button(box, buttons[i].action, buttons[i].icon, buttons[i].label,
				buttons[i].tip, fn, arg);
	gtk_widget_set_tooltip_text(quality, "Quality of the picture");
	g_signal_connect_data(quality, "notify::selected", G_CALLBACK(on_quality),
			data_new(GUI_ACTION_QUALITY, fn, arg), free_data, 0);
	gtk_box_append(GTK_BOX(box), quality);
	gtk_widget_set_tooltip_text(displays, "Which display is shown");
	gtk_widget_set_visible(displays, FALSE);
	g_signal_connect_data(displays, "notify::selected", G_CALLBACK(on_display),
			data_new(GUI_ACTION_DISPLAY, fn, arg), free_data, 0);
	gtk_box_append(GTK_BOX(box), displays);
	g_object_set_data(G_OBJECT(box), "displays", displays);
	add_button(box, GUI_ACTION_DISCONNECT, "network-offline-symbolic", NULL, "End the session",
			fn, arg);
	return box;
}

void gui_toolbar_set_displays(GtkWidget *toolbar, size_t count, size_t current)
{
	GtkWidget *list = g_object_get_data(G_OBJECT(toolbar), "displays");
	GtkStringList *names = gtk_string_list_new(NULL);

	for (size_t i = 0; i < count; i++) {
		char name[32];

		g_snprintf(name, sizeof(name), "Display %zu", i + 1);
		gtk_string_list_append(names, name);
	}
	g_object_set_data(G_OBJECT(list), "quiet", GINT_TO_POINTER(1));
	gtk_drop_down_set_model(GTK_DROP_DOWN(list), G_LIST_MODEL(names));
	gtk_drop_down_set_selected(GTK_DROP_DOWN(list), (guint)current);
	g_object_set_data(G_OBJECT(list), "quiet", NULL);
	gtk_widget_set_visible(list, count > 1);
	g_object_unref(names);
}
