/* Sizes in a list, switches below it: wishes that are seldom, so they take no room beside the
 * picture. */
#include "client/gtk/display_menu.h"
#include "client/gtk/access.h"

#define DATA "hawser-display-menu"

static const struct item {
	enum gui_action action;
	const char *label, *tip;
} items[] = {
	{ GUI_ACTION_STRETCH, "Stretch to the window",
			"The picture fills the window, whatever shape that has" },
	{ GUI_ACTION_FOLLOW_POINTER, "Follow the pointer",
			"Show the display to which the host's pointer comes" },
	{ GUI_ACTION_FOLLOW_WINDOW, "Follow the active window",
			"Show the display to which the host's active window comes" },
	{ GUI_ACTION_BLOCK, "Block mouse and keyboard there",
			"Those of the person at the host have no effect meanwhile" },
	{ GUI_ACTION_DARK, "Dark monitors there",
			"Privacy mode: nobody at the host sees what is done" },
};
#define ITEMS G_N_ELEMENTS(items)
#define WINDOWS_MAX 32u

struct menu {
	gui_action_fn fn;
	gpointer arg;
	bool camera;
	GtkWidget *check[ITEMS]; /* NULL: not of cameras */
	GtkDropDown *sizes;      /* NULL: the same */
	GtkWidget *windows, *window[WINDOWS_MAX];
	size_t windows_count;
	int *value; /* of each entry of the list, for GUI_ACTION_SIZE */
	guint count, current;
	bool quiet; /* what changes now was not done by the user */
};

static struct menu *data_of(GtkWidget *menu)
{
	return g_object_get_data(G_OBJECT(menu), DATA);
}

static void menu_free(gpointer data)
{
	struct menu *m = data;

	g_free(m->value);
	g_free(m);
}

static void on_toggled(GtkCheckButton *button, gpointer arg)
{
	struct menu *m = arg;
	size_t i = 0;

	while (i + 1 < ITEMS && m->check[i] != GTK_WIDGET(button))
		i++;
	if (!m->quiet)
		m->fn(items[i].action, gtk_check_button_get_active(button), m->arg);
}

/* A wish: what the display has is shown again until the host has changed it. */
static void on_size(GtkDropDown *list, GParamSpec *param, gpointer arg)
{
	struct menu *m = arg;
	guint i = gtk_drop_down_get_selected(list);

	(void)param;
	if (m->quiet || i >= m->count || i == m->current)
		return;
	m->quiet = true;
	gtk_drop_down_set_selected(list, m->current);
	m->quiet = false;
	m->fn(GUI_ACTION_SIZE, m->value[i], m->arg);
}

static void on_plug(GtkButton *button, gpointer arg)
{
	struct menu *m = arg;

	(void)button;
	m->fn(GUI_ACTION_PLUG, 1, m->arg);
}

static void on_unplug(GtkButton *button, gpointer arg)
{
	struct menu *m = arg;

	(void)button;
	m->fn(GUI_ACTION_PLUG, 0, m->arg);
}

static GtkWidget *plug_row(struct menu *m)
{
	GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	GtkWidget *add = gtk_button_new_with_label("Add a display");
	GtkWidget *remove = gtk_button_new_with_label("Remove it");

	gtk_widget_set_tooltip_text(add, "One without a monitor, where the host can");
	gtk_widget_set_hexpand(add, TRUE);
	g_signal_connect(add, "clicked", G_CALLBACK(on_plug), m);
	g_signal_connect(remove, "clicked", G_CALLBACK(on_unplug), m);
	gtk_box_append(GTK_BOX(row), add);
	gtk_box_append(GTK_BOX(row), remove);
	return row;
}

static void on_window(GtkCheckButton *button, gpointer arg)
{
	struct menu *m = arg;
	size_t i = 0;

	while (i + 1 < m->windows_count && m->window[i] != GTK_WIDGET(button))
		i++;
	if (!m->quiet)
		m->fn(GUI_ACTION_WINDOW, (int)i << 1 | gtk_check_button_get_active(button), m->arg);
}

static void on_windows(GtkButton *button, gpointer arg)
{
	struct menu *m = arg;

	gtk_popover_popdown(
			GTK_POPOVER(gtk_widget_get_ancestor(GTK_WIDGET(button), GTK_TYPE_POPOVER)));
	m->fn(GUI_ACTION_WINDOWS, 0, m->arg);
}

void gui_display_menu_set_count(GtkWidget *menu, size_t count)
{
	struct menu *m = data_of(menu);
	GtkWidget *all;

	if (count == m->windows_count)
		return;
	for (GtkWidget *w; (w = gtk_widget_get_first_child(m->windows));)
		gtk_box_remove(GTK_BOX(m->windows), w);
	m->windows_count = MIN(count, WINDOWS_MAX);
	for (size_t i = 0; i < m->windows_count; i++) {
		char *name = g_strdup_printf("%s %zu in a window of its own",
				m->camera ? "Camera" : "Display", i + 1);

		m->window[i] = gtk_check_button_new_with_label(name);
		g_signal_connect(m->window[i], "toggled", G_CALLBACK(on_window), m);
		gtk_box_append(GTK_BOX(m->windows), m->window[i]);
		g_free(name);
	}
	all = gtk_button_new_with_label(
			m->camera ? "All cameras in windows" : "All displays in windows");
	gtk_widget_set_tooltip_text(all, "A window for each, also for those that come");
	g_signal_connect(all, "clicked", G_CALLBACK(on_windows), m);
	gtk_box_append(GTK_BOX(m->windows), all);
	gtk_widget_set_visible(m->windows, count > 1);
}

void gui_display_menu_set_windows(GtkWidget *menu, guint32 open)
{
	struct menu *m = data_of(menu);

	m->quiet = true;
	for (size_t i = 0; i < m->windows_count; i++)
		gtk_check_button_set_active(GTK_CHECK_BUTTON(m->window[i]), (open >> i & 1) != 0);
	m->quiet = false;
}

bool gui_display_menu_set_denied(GtkWidget *menu, enum gui_action action, const char *why)
{
	struct menu *m = data_of(menu);

	for (size_t i = 0; i < ITEMS; i++) {
		if (items[i].action != action || !m->check[i])
			continue;
		gtk_widget_set_sensitive(m->check[i], !why);
		gui_set_reason(m->check[i], why ? why : items[i].tip);
		return true;
	}
	return false;
}

static void add_sizes(struct menu *m, GtkWidget *column)
{
	GtkWidget *sizes = gtk_drop_down_new(NULL, NULL);

	m->sizes = GTK_DROP_DOWN(sizes);
	gui_set_name(sizes, "Resolution");
	gtk_widget_set_tooltip_text(sizes, "Size of the host's display");
	g_signal_connect(sizes, "notify::selected", G_CALLBACK(on_size), m);
	gtk_box_append(GTK_BOX(column), sizes);
}

static GtkWidget *build(struct menu *m)
{
	GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

	if (!m->camera)
		add_sizes(m, column);
	for (size_t i = 0; i < ITEMS; i++) {
		if (m->camera && items[i].action != GUI_ACTION_STRETCH)
			continue;
		m->check[i] = gtk_check_button_new_with_label(items[i].label);
		gtk_widget_set_tooltip_text(m->check[i], items[i].tip);
		g_signal_connect(m->check[i], "toggled", G_CALLBACK(on_toggled), m);
		gtk_box_append(GTK_BOX(column), m->check[i]);
	}
	if (!m->camera)
		gtk_box_append(GTK_BOX(column), plug_row(m));
	m->windows = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
	gtk_widget_set_visible(m->windows, FALSE);
	gtk_box_append(GTK_BOX(column), m->windows);
	return column;
}

GtkWidget *gui_display_menu_new(bool camera, gui_action_fn fn, gpointer arg)
{
	const char *name = camera ? "Windows of cameras" : "Displays and privacy";
	GtkWidget *button = gtk_menu_button_new(), *popover = gtk_popover_new();
	struct menu *m = g_new0(struct menu, 1);

	m->camera = camera;
	m->fn = fn;
	m->arg = arg;
	g_object_set_data_full(G_OBJECT(button), DATA, m, menu_free);
	gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "video-display-symbolic");
	gui_set_name(button, name);
	gtk_widget_set_tooltip_text(button,
			camera ? "Cameras in windows of their own"
			       : "Size of the display, following, privacy, windows");
	gtk_popover_set_child(GTK_POPOVER(popover), build(m));
	gtk_menu_button_set_popover(GTK_MENU_BUTTON(button), popover);
	gui_display_menu_set_display(button, NULL);
	return button;
}

static void add(struct menu *m, GtkStringList *names, int value, const char *name)
{
	m->value = g_renew(int, m->value, m->count + 1);
	m->value[m->count++] = value;
	gtk_string_list_append(names, name);
}

static void add_size(struct menu *m, GtkStringList *names, int width, int height, const char *what)
{
	char *name = g_strdup_printf("%d × %d%s", width, height, what);

	add(m, names, width << 16 | height, name);
	g_free(name);
}

void gui_display_menu_set_display(GtkWidget *menu, const struct hawser_display *info)
{
	struct menu *m = data_of(menu);
	GtkStringList *names;

	if (!m->sizes)
		return;
	names = gtk_string_list_new(NULL);
	m->count = m->current = 0;
	if (info) {
		bool changed = info->original.width &&
				(info->original.width != info->width ||
						info->original.height != info->height);
		add_size(m, names, info->width, info->height, "");
		if (changed)
			add_size(m, names, info->original.width, info->original.height,
					" (as before)");
		add(m, names, GUI_SIZE_FIT, "Fit to this window");
		for (size_t i = 0; i < info->size_count; i++)
			if (info->sizes[i].width != info->width ||
					info->sizes[i].height != info->height)
				add_size(m, names, info->sizes[i].width, info->sizes[i].height, "");
	} else {
		add(m, names, 0, "Several sizes");
	}
	m->quiet = true;
	gtk_drop_down_set_model(m->sizes, G_LIST_MODEL(names));
	gtk_drop_down_set_selected(m->sizes, 0);
	m->quiet = false;
	gtk_widget_set_sensitive(GTK_WIDGET(m->sizes), info != NULL);
	g_object_unref(names);
}

bool gui_display_menu_set_on(GtkWidget *menu, enum gui_action action, bool on)
{
	struct menu *m = data_of(menu);

	for (size_t i = 0; i < ITEMS; i++) {
		if (items[i].action != action || !m->check[i])
			continue;
		m->quiet = true;
		gtk_check_button_set_active(GTK_CHECK_BUTTON(m->check[i]), on);
		m->quiet = false;
		return true;
	}
	return false;
}
