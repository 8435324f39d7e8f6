/* One table says what there is; what cannot be taken back is asked for once more, in the place of
 * the list. */
#include "client/gtk/session_menu.h"
#include "client/gtk/access.h"

#define DATA "hawser-session-menu"
#define CHOICES_MAX 16

enum kind { DOES, ASKS, SWITCH, LIST, VOLUME };

struct choice {
	int value;
	const char *name;
};

static const struct choice ways[] = { { HAWSER_CLIPBOARD_BOTH, "Both ways" },
	{ HAWSER_CLIPBOARD_SEND, "To the host" }, { HAWSER_CLIPBOARD_RECEIVE, "From the host" },
	{ HAWSER_CLIPBOARD_OFF, "Not at all" }, { 0, NULL } };
static const struct choice paces[] = { { 5, "5 a second" }, { 15, "15 a second" },
	{ 30, "30 a second" }, { 60, "60 a second" }, { 120, "120 a second" }, { 0, NULL } };
static const struct choice colours[] = { { HAWSER_CHROMA_AUTO, "Automatic" },
	{ HAWSER_CHROMA_420, "One pixel in four" }, { HAWSER_CHROMA_444, "Every pixel" },
	{ 0, NULL } };

static const struct item {
	enum kind kind;
	enum gui_action action;
	bool camera;                  /* of cameras, too */
	const struct choice *choices; /* LIST; NULL: codecs */
	const char *label, *tip;
	const char *question, *yes; /* ASKS */
} items[] = {
	{ DOES, GUI_ACTION_SAVE, true, NULL, "Save this picture",
			"What is shown, as a PNG file in your folder of pictures", NULL, NULL },
	{ DOES, GUI_ACTION_COPY, true, NULL, "Copy this picture",
			"What is shown, to be pasted here", NULL, NULL },
	{ DOES, GUI_ACTION_SAVE_HOSTS, true, NULL, "Save the host's own picture",
			"The display as it is there, without what video loses", NULL, NULL },
	{ DOES, GUI_ACTION_COPY_HOSTS, true, NULL, "Copy the host's own picture",
			"The display as it is there, to be pasted here", NULL, NULL },
	{ VOLUME, GUI_ACTION_VOLUME, true, NULL, "Volume", "How loud the host is here", NULL,
			NULL },
	{ LIST, GUI_ACTION_FPS, true, paces, "Pictures at most", "How many pictures may come", NULL,
			NULL },
	{ LIST, GUI_ACTION_CODEC, true, NULL, "Codec", "Which one the host is asked for", NULL,
			NULL },
	{ LIST, GUI_ACTION_CHROMA, true, colours, "Colours of",
			"Every pixel keeps coloured text sharp, and costs more", NULL, NULL },
	{ LIST, GUI_ACTION_CLIPBOARD, false, ways, "Clipboard",
			"Which way what is copied goes, files included", NULL, NULL },
	{ SWITCH, GUI_ACTION_VIEW_ONLY, false, NULL, "Only look on",
			"Send no keys, no pointer and no clipboard", NULL, NULL },
	{ SWITCH, GUI_ACTION_LOCK_AFTER, false, NULL, "Lock the screen there at the end",
			"The host locks its screen when this session ends", NULL, NULL },
	{ DOES, GUI_ACTION_LOCK, false, NULL, "Lock the screen there now",
			"Somebody has to log in there again", NULL, NULL },
	{ ASKS, GUI_ACTION_RESTART, false, NULL, "Restart the host…",
			"Restart the machine there; this session waits for it",
			"Restart the machine there? What is not saved on it is lost. This session waits "
			"and connects again.",
			"Restart it" },
	{ ASKS, GUI_ACTION_SIDES, false, NULL, "Change sides…",
			"The host looks at this computer instead",
			"Let the person there see and control this computer instead? This session ends.",
			"Change sides" },
};
#define ITEMS G_N_ELEMENTS(items)

struct menu {
	gui_action_fn fn;
	gpointer arg;
	GtkWidget *popover, *stack, *yes, *no;
	GtkLabel *question;
	size_t asked;             /* which item */
	GtkWidget *widget[ITEMS]; /* NULL: not of cameras */
	struct choice codecs[CHOICES_MAX + 1];
	bool quiet; /* what changes now was not done by the user */
};

static struct menu *data_of(GtkWidget *menu)
{
	return g_object_get_data(G_OBJECT(menu), DATA);
}

static size_t item_of(const struct menu *m, gpointer widget)
{
	size_t i = 0;

	while (i + 1 < ITEMS && m->widget[i] != widget)
		i++;
	return i;
}

static const struct choice *choices_of(const struct menu *m, size_t i)
{
	return items[i].choices ? items[i].choices : m->codecs;
}

static void ask(struct menu *m, size_t i)
{
	m->asked = i;
	gtk_label_set_text(m->question, items[i].question);
	gtk_button_set_label(GTK_BUTTON(m->yes), items[i].yes);
	gtk_stack_set_visible_child_name(GTK_STACK(m->stack), "question");
	gtk_widget_grab_focus(m->no);
}

static void on_clicked(GtkButton *button, gpointer arg)
{
	struct menu *m = arg;
	size_t i = item_of(m, button);

	if (items[i].kind == ASKS) {
		ask(m, i);
		return;
	}
	gtk_popover_popdown(GTK_POPOVER(m->popover));
	m->fn(items[i].action, 0, m->arg);
}

static void on_yes(GtkButton *button, gpointer arg)
{
	struct menu *m = arg;

	(void)button;
	gtk_popover_popdown(GTK_POPOVER(m->popover));
	m->fn(items[m->asked].action, 0, m->arg);
}

static void on_no(GtkButton *button, gpointer arg)
{
	struct menu *m = arg;

	(void)button;
	gtk_popover_popdown(GTK_POPOVER(m->popover));
}

/* It opens with the list, whatever was asked when it was closed. */
static void on_shown(GtkWidget *popover, gpointer arg)
{
	struct menu *m = arg;

	(void)popover;
	gtk_stack_set_visible_child_name(GTK_STACK(m->stack), "list");
}

static void on_toggled(GtkCheckButton *button, gpointer arg)
{
	struct menu *m = arg;

	if (!m->quiet)
		m->fn(items[item_of(m, button)].action, gtk_check_button_get_active(button),
				m->arg);
}

static void on_selected(GtkDropDown *list, GParamSpec *param, gpointer arg)
{
	struct menu *m = arg;
	size_t i = item_of(m, list);
	guint at = gtk_drop_down_get_selected(list);

	(void)param;
	if (!m->quiet && at != GTK_INVALID_LIST_POSITION)
		m->fn(items[i].action, choices_of(m, i)[at].value, m->arg);
}

static void on_volume(GtkRange *range, gpointer arg)
{
	struct menu *m = arg;

	if (!m->quiet)
		m->fn(GUI_ACTION_VOLUME, (int)gtk_range_get_value(range), m->arg);
}

static GtkWidget *new_list(struct menu *m, size_t i)
{
	GtkStringList *names = gtk_string_list_new(NULL);
	GtkWidget *list;

	for (const struct choice *c = choices_of(m, i); c->name; c++)
		gtk_string_list_append(names, c->name);
	list = gtk_drop_down_new(G_LIST_MODEL(names), NULL); /* takes the names */
	gui_set_name(gtk_widget_get_first_child(list), items[i].label);
	g_signal_connect(list, "notify::selected", G_CALLBACK(on_selected), m);
	return list;
}

static GtkWidget *new_volume(struct menu *m)
{
	GtkWidget *scale = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, 100, 5);

	gtk_range_set_value(GTK_RANGE(scale), 100);
	gtk_widget_set_size_request(scale, 150, -1);
	g_signal_connect(scale, "value-changed", G_CALLBACK(on_volume), m);
	return scale;
}

static GtkWidget *new_button(struct menu *m, size_t i)
{
	GtkWidget *button = gtk_button_new_with_label(items[i].label);

	gtk_button_set_has_frame(GTK_BUTTON(button), FALSE);
	gtk_label_set_xalign(GTK_LABEL(gtk_button_get_child(GTK_BUTTON(button))), 0);
	g_signal_connect(button, "clicked", G_CALLBACK(on_clicked), m);
	return button;
}

static GtkWidget *new_switch(struct menu *m, size_t i)
{
	GtkWidget *check = gtk_check_button_new_with_label(items[i].label);

	g_signal_connect(check, "toggled", G_CALLBACK(on_toggled), m);
	return check;
}

/* Label and control in two columns; what says itself what it is takes both. */
static void add_item(struct menu *m, GtkGrid *grid, size_t i)
{
	bool labelled = items[i].kind == LIST || items[i].kind == VOLUME;

	m->widget[i] = items[i].kind == LIST      ? new_list(m, i)
			: items[i].kind == VOLUME ? new_volume(m)
			: items[i].kind == SWITCH ? new_switch(m, i)
						  : new_button(m, i);
	gui_set_reason(m->widget[i], items[i].tip);
	gtk_widget_set_hexpand(m->widget[i], TRUE);
	if (labelled) {
		GtkWidget *label = gtk_label_new(items[i].label);

		gtk_label_set_xalign(GTK_LABEL(label), 0);
		gui_set_name(m->widget[i], items[i].label);
		gtk_grid_attach(grid, label, 0, (int)i, 1, 1);
	}
	gtk_grid_attach(grid, m->widget[i], labelled, (int)i, labelled ? 1 : 2, 1);
}

static GtkWidget *build_list(struct menu *m, bool camera)
{
	GtkWidget *grid = gtk_grid_new();

	gtk_widget_add_css_class(grid, "hawser-menu");
	gtk_grid_set_row_spacing(GTK_GRID(grid), 3);
	gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
	for (size_t i = 0; i < ITEMS; i++)
		if (!camera || items[i].camera)
			add_item(m, GTK_GRID(grid), i);
	return grid;
}

static GtkWidget *build_question(struct menu *m)
{
	GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12),
		  *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *text = gtk_label_new("");

	m->question = GTK_LABEL(text);
	gtk_label_set_wrap(m->question, TRUE);
	gtk_label_set_max_width_chars(m->question, 36);
	gtk_label_set_xalign(m->question, 0);
	m->yes = gtk_button_new_with_label("");
	m->no = gtk_button_new_with_label("Cancel");
	gtk_widget_add_css_class(m->yes, "destructive-action");
	g_signal_connect(m->yes, "clicked", G_CALLBACK(on_yes), m);
	g_signal_connect(m->no, "clicked", G_CALLBACK(on_no), m);
	gtk_box_append(GTK_BOX(row), m->yes);
	gtk_box_append(GTK_BOX(row), m->no);
	gtk_box_append(GTK_BOX(column), text);
	gtk_box_append(GTK_BOX(column), row);
	return column;
}

static void name_codecs(struct menu *m)
{
	enum hawser_codec list[CHOICES_MAX];
	size_t count = MIN(hawser_codecs(list, CHOICES_MAX), CHOICES_MAX);

	for (size_t i = 0; i < count; i++) {
		m->codecs[i].value = list[i];
		m->codecs[i].name = list[i] == HAWSER_CODEC_AUTO ? "Automatic"
								 : hawser_codec_title(list[i]);
	}
}

GtkWidget *gui_session_menu_new(bool camera, gui_action_fn fn, gpointer arg)
{
	GtkWidget *button = gtk_menu_button_new();
	struct menu *m = g_new0(struct menu, 1);

	m->fn = fn;
	m->arg = arg;
	name_codecs(m);
	g_object_set_data_full(G_OBJECT(button), DATA, m, g_free);
	gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(button), "open-menu-symbolic");
	gui_set_name(button, "More");
	gtk_widget_set_tooltip_text(button, "Pictures, volume, clipboard, the host's machine");
	m->popover = gtk_popover_new();
	m->stack = gtk_stack_new();
	gtk_stack_set_vhomogeneous(GTK_STACK(m->stack), FALSE);
	gtk_stack_add_named(GTK_STACK(m->stack), build_list(m, camera), "list");
	gtk_stack_add_named(GTK_STACK(m->stack), build_question(m), "question");
	gtk_popover_set_child(GTK_POPOVER(m->popover), m->stack);
	g_signal_connect(m->popover, "map", G_CALLBACK(on_shown), m);
	gtk_menu_button_set_popover(GTK_MENU_BUTTON(button), m->popover);
	return button;
}

static void select_value(struct menu *m, size_t i, int value)
{
	const struct choice *c = choices_of(m, i);
	guint at = 0;

	while (c[at].name && c[at].value != value)
		at++;
	gtk_drop_down_set_selected(
			GTK_DROP_DOWN(m->widget[i]), c[at].name ? at : GTK_INVALID_LIST_POSITION);
}

bool gui_session_menu_set(GtkWidget *menu, enum gui_action action, int value)
{
	struct menu *m = data_of(menu);

	for (size_t i = 0; i < ITEMS; i++) {
		if (items[i].action != action || !m->widget[i])
			continue;
		m->quiet = true;
		if (items[i].kind == SWITCH)
			gtk_check_button_set_active(GTK_CHECK_BUTTON(m->widget[i]), value != 0);
		else if (items[i].kind == LIST)
			select_value(m, i, value);
		else if (items[i].kind == VOLUME)
			gtk_range_set_value(GTK_RANGE(m->widget[i]), value);
		m->quiet = false;
		return true;
	}
	return false;
}

bool gui_session_menu_set_denied(GtkWidget *menu, enum gui_action action, const char *why)
{
	struct menu *m = data_of(menu);

	for (size_t i = 0; i < ITEMS; i++) {
		if (items[i].action != action || !m->widget[i])
			continue;
		gtk_widget_set_sensitive(m->widget[i], !why);
		gui_set_reason(m->widget[i], why ? why : items[i].tip);
		return true;
	}
	return false;
}
