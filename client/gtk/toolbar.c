/* The buttons of a session. The same set stands in the title bar and at the edge in full screen;
 * neither keeps a state of its own, which could differ. */
#include "client/gtk/toolbar.h"
#include "client/gtk/access.h"
#include "client/gtk/display_menu.h"

#include "client/gtk/session_menu.h"

#define DATA "hawser-toolbar"
#define NAMES "hawser-names"
#define BUTTONS 11
#define LISTS_AT 5 /* before this button */

#define DESKTOP (1u << GUI_TOOLBAR_DESKTOP)
#define CAMERA (1u << GUI_TOOLBAR_CAMERA)
#define SIDE (1u << GUI_TOOLBAR_SIDE)
#define CAMERA_SIDE (1u << GUI_TOOLBAR_CAMERA_SIDE)
#define FIRST (DESKTOP | CAMERA)
#define ALL (FIRST | SIDE | CAMERA_SIDE)

static const struct button {
	enum gui_action action;
	bool toggle, always;
	unsigned kinds; /* of toolbars */
	const char *icon, *label, *name, *tip;
} buttons[BUTTONS] = {
	{ GUI_ACTION_FULLSCREEN, true, true, ALL, "view-fullscreen-symbolic", NULL, "Full screen",
			"Full screen (Ctrl+Alt+Return)" },
	{ GUI_ACTION_SCALE, true, false, ALL, "zoom-original-symbolic", NULL, "Actual size",
			"Actual size; otherwise the picture is fitted to the window" },
	{ GUI_ACTION_GRAB, true, false, DESKTOP | SIDE, "input-keyboard-symbolic", NULL,
			"Grab the keyboard",
			"Send also the desktop's own key combinations (Ctrl+Alt+G)" },
	{ GUI_ACTION_CTRL_ALT_DEL, false, false, DESKTOP | SIDE, NULL, "Ctrl+Alt+Del",
			"Ctrl+Alt+Del", "Send Ctrl+Alt+Del to the host" },
	{ GUI_ACTION_REFRESH, false, false, ALL, "view-refresh-symbolic", NULL, "New picture",
			"Ask for a complete new picture" },
	{ GUI_ACTION_SOUND, true, false, FIRST, "audio-volume-high-symbolic", NULL, "Sound",
			"Hear what the host plays" },
	{ GUI_ACTION_CALL, true, false, FIRST, "call-start-symbolic", NULL, "Voice call",
			"Talk to the person at the host: your microphone is heard there" },
	{ GUI_ACTION_RECORD, true, false, FIRST, "media-record-symbolic", NULL, "Record",
			"Keep what is shown in files, in the folder of the settings" },
	{ GUI_ACTION_CHAT, false, false, FIRST, "mail-unread-symbolic", NULL, "Messages",
			"Write to the person at the host (Ctrl+Alt+M)" },
	{ GUI_ACTION_MAIN, false, true, SIDE | CAMERA_SIDE, NULL, "All buttons", "All buttons",
			"Show the first window of this session, which has all buttons" },
	{ GUI_ACTION_DISCONNECT, false, true, FIRST, "process-stop-symbolic", NULL, "Disconnect",
			"End the session" },
};

static const struct {
	enum hawser_quality quality;
	const char *name;
} qualities[] = {
	{ HAWSER_QUALITY_BALANCED, "Balanced" },
	{ HAWSER_QUALITY_BEST, "Best picture" },
	{ HAWSER_QUALITY_LOW, "Low bandwidth" },
};

struct toolbar {
	gui_action_fn fn;
	gpointer arg;
	enum gui_toolbar_kind kind;
	GtkWidget *button[BUTTONS]; /* NULL: not in this kind */
	GtkDropDown *quality, *keyboard, *displays;
	GtkWidget *menu, *session_menu; /* NULL: as buttons */
	size_t count;                   /* of displays */
	bool quiet;                     /* what changes now was not done by the user */
	bool ready;
	const char *denied[BUTTONS]; /* why; NULL: it is not */
};

static struct toolbar *data_of(GtkWidget *toolbar)
{
	return g_object_get_data(G_OBJECT(toolbar), DATA);
}

static void on_clicked(GtkButton *button, gpointer arg)
{
	struct toolbar *t = arg;
	size_t i = 0;

	while (i + 1 < BUTTONS && t->button[i] != GTK_WIDGET(button))
		i++;
	t->fn(buttons[i].action, 0, t->arg);
}

static void on_toggled(GtkToggleButton *button, gpointer arg)
{
	struct toolbar *t = arg;
	size_t i = 0;

	while (i + 1 < BUTTONS && t->button[i] != GTK_WIDGET(button))
		i++;
	if (!t->quiet)
		t->fn(buttons[i].action, gtk_toggle_button_get_active(button), t->arg);
}

static void on_quality(GtkDropDown *list, GParamSpec *param, gpointer arg)
{
	struct toolbar *t = arg;
	guint i = gtk_drop_down_get_selected(list);

	(void)param;
	if (!t->quiet && i < G_N_ELEMENTS(qualities))
		t->fn(GUI_ACTION_QUALITY, (int)qualities[i].quality, t->arg);
}

/* In the order of enum hawser_keyboard_mode. */
static const char *const keyboards[] = { "Keys: automatic", "Keys: by position",
	"Keys: as characters", "Keys: old hosts", NULL };

static void on_keyboard(GtkDropDown *list, GParamSpec *param, gpointer arg)
{
	struct toolbar *t = arg;
	guint i = gtk_drop_down_get_selected(list);

	(void)param;
	if (!t->quiet && i + 1 < G_N_ELEMENTS(keyboards))
		t->fn(GUI_ACTION_KEYBOARD, (int)i, t->arg);
}

static void on_display(GtkDropDown *list, GParamSpec *param, gpointer arg)
{
	struct toolbar *t = arg;
	guint i = gtk_drop_down_get_selected(list);

	(void)param;
	if (!t->quiet && i != GTK_INVALID_LIST_POSITION)
		t->fn(GUI_ACTION_DISPLAY, i < t->count ? (int)i : GUI_DISPLAY_ALL, t->arg);
}

static GtkWidget *new_button(struct toolbar *t, const struct button *b)
{
	GtkWidget *widget = b->toggle ? gtk_toggle_button_new() : gtk_button_new();

	if (b->icon)
		gtk_button_set_icon_name(GTK_BUTTON(widget), b->icon);
	else
		gtk_button_set_label(GTK_BUTTON(widget), b->label);
	gui_set_name(widget, b->name);
	gtk_widget_set_tooltip_text(widget, b->tip);
	/* The keyboard belongs to the picture: a click here must not take it away. */
	gtk_widget_set_focus_on_click(widget, FALSE);
	if (b->toggle)
		g_signal_connect(widget, "toggled", G_CALLBACK(on_toggled), t);
	else
		g_signal_connect(widget, "clicked", G_CALLBACK(on_clicked), t);
	return widget;
}

static GtkDropDown *new_list(
		GtkWidget *box, const char *name, const char *tip, GCallback fn, struct toolbar *t)
{
	GtkWidget *list = gtk_drop_down_new(NULL, NULL);

	gui_set_name(list, name);
	gui_set_name(gtk_widget_get_first_child(list), name); /* what is pressed to open it */
	gtk_widget_set_tooltip_text(list, tip);
	g_signal_connect(list, "notify::selected", fn, t);
	gtk_box_append(GTK_BOX(box), list);
	return GTK_DROP_DOWN(list);
}

static void select_quietly(struct toolbar *t, GtkDropDown *list, guint i)
{
	t->quiet = true;
	gtk_drop_down_set_selected(list, i);
	t->quiet = false;
}

static void name_qualities(struct toolbar *t)
{
	GtkStringList *names = gtk_string_list_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(qualities); i++)
		gtk_string_list_append(names, qualities[i].name);
	t->quiet = true;
	gtk_drop_down_set_model(t->quality, G_LIST_MODEL(names));
	t->quiet = false;
	g_object_unref(names);
}

static void add_buttons(GtkWidget *box, struct toolbar *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (!(buttons[i].kinds & 1u << t->kind))
			continue;
		t->button[i] = new_button(t, &buttons[i]);
		gtk_box_append(GTK_BOX(box), t->button[i]);
	}
}

static void name_keyboards(struct toolbar *t)
{
	GtkStringList *modes = gtk_string_list_new(keyboards);

	t->quiet = true;
	gtk_drop_down_set_model(t->keyboard, G_LIST_MODEL(modes));
	t->quiet = false;
	g_object_unref(modes);
}

static void add_lists(GtkWidget *box, struct toolbar *t)
{
	bool camera = t->kind == GUI_TOOLBAR_CAMERA;

	t->quality = new_list(box, "Quality", "Quality of the picture", G_CALLBACK(on_quality), t);
	name_qualities(t);
	if (!camera) {
		t->keyboard = new_list(
				box, "Keyboard", "How keys are sent", G_CALLBACK(on_keyboard), t);
		name_keyboards(t);
	}
	t->displays = new_list(box, camera ? "Camera" : "Display",
			camera ? "Which camera is shown" : "Which display is shown",
			G_CALLBACK(on_display), t);
	gtk_widget_set_visible(GTK_WIDGET(t->displays), FALSE);
	t->menu = gui_display_menu_new(camera, t->fn, t->arg);
	gtk_box_append(GTK_BOX(box), t->menu);
}

GtkWidget *gui_toolbar_new(enum gui_toolbar_kind kind, gui_action_fn fn, gpointer arg)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	struct toolbar *t = g_new0(struct toolbar, 1);
	bool first = 1u << kind & FIRST;

	t->fn = fn;
	t->arg = arg;
	t->kind = kind;
	g_object_set_data_full(G_OBJECT(box), DATA, t, g_free);
	add_buttons(box, t, 0, LISTS_AT);
	if (first)
		add_lists(box, t);
	add_buttons(box, t, LISTS_AT, BUTTONS - 1);
	if (first) {
		t->session_menu = gui_session_menu_new(kind == GUI_TOOLBAR_CAMERA, fn, arg);
		gtk_box_append(GTK_BOX(box), t->session_menu);
	}
	add_buttons(box, t, BUTTONS - 1, BUTTONS);
	gui_toolbar_set_ready(box, false);
	return box;
}

/* A grey button says why, where there is a reason. */
static void set_sensitive(struct toolbar *t)
{
	for (size_t i = 0; i < BUTTONS; i++) {
		if (!t->button[i])
			continue;
		gtk_widget_set_sensitive(
				t->button[i], (t->ready || buttons[i].always) && !t->denied[i]);
		gui_set_reason(t->button[i], t->denied[i] ? t->denied[i] : buttons[i].tip);
	}
}

void gui_toolbar_set_denied(GtkWidget *toolbar, enum gui_action action, const char *why)
{
	struct toolbar *t = data_of(toolbar);

	if ((t->menu && gui_display_menu_set_denied(t->menu, action, why)) ||
			(t->session_menu &&
					gui_session_menu_set_denied(t->session_menu, action, why)))
		return;
	for (size_t i = 0; i < BUTTONS; i++)
		if (buttons[i].action == action)
			t->denied[i] = why;
	set_sensitive(t);
}

void gui_toolbar_set_ready(GtkWidget *toolbar, bool ready)
{
	struct toolbar *t = data_of(toolbar);
	GtkWidget *others[] = { GTK_WIDGET(t->quality), GTK_WIDGET(t->keyboard),
		GTK_WIDGET(t->displays), t->menu, t->session_menu };

	t->ready = ready;
	set_sensitive(t);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (others[i])
			gtk_widget_set_sensitive(others[i], ready);
}

/* One of "", where there is nothing beside it, and its words, by what lies before and after it. */
static const char *place(bool before, bool after, const char *first, const char *last)
{
	return before && after ? "middle" : before ? last : after ? first : "";
}

/* Where it lies among the others, and its size: its number says neither. */
static char *display_place(const struct hawser_peer *peer, size_t at)
{
	const struct hawser_display *d = hawser_display_at(peer, at);
	bool left = false, right = false, above = false, below = false;
	const char *x, *y;

	for (size_t i = 0; i < peer->display_count; i++) {
		const struct hawser_display *o = hawser_display_at(peer, i);

		left |= (int64_t)o->x + o->width <= d->x;
		right |= (int64_t)d->x + d->width <= o->x;
		above |= (int64_t)o->y + o->height <= d->y;
		below |= (int64_t)d->y + d->height <= o->y;
	}
	x = place(left, right, "left", "right");
	y = place(above, below, "top", "bottom");
	return g_strdup_printf("%zu: %s%s%s%s%d × %d", at + 1, y, *x && *y ? " " : "", x,
			*x || *y ? ", " : "", (int)d->width, (int)d->height);
}

/* Cameras have names that say more than a number, which are the host's words. */
static char *display_name(const struct toolbar *t, const struct hawser_peer *peer, size_t i)
{
	const struct hawser_display *d = hawser_display_at(peer, i);
	char *valid, *shown;

	if (t->kind != GUI_TOOLBAR_CAMERA)
		return display_place(peer, i);
	if (!d->name || !*d->name)
		return g_strdup_printf("Camera %zu", i + 1);
	valid = g_utf8_make_valid(d->name, -1);
	shown = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), 32));
	g_free(valid);
	return shown;
}

static void name_displays(struct toolbar *t, const struct hawser_peer *peer)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GtkStringList *list;
	char *all;

	for (size_t i = 0; i < peer->display_count; i++)
		g_ptr_array_add(names, display_name(t, peer, i));
	g_ptr_array_add(names,
			g_strdup(t->kind == GUI_TOOLBAR_CAMERA ? "All cameras" : "All displays"));
	g_ptr_array_add(names, NULL);
	all = g_strjoinv("\n", (char **)names->pdata);
	/* A list that is open would lose what is chosen in it. */
	if (g_strcmp0(all, g_object_get_data(G_OBJECT(t->displays), NAMES)) != 0) {
		list = gtk_string_list_new((const char *const *)names->pdata);
		t->quiet = true;
		t->count = peer->display_count;
		gtk_drop_down_set_model(t->displays, G_LIST_MODEL(list));
		t->quiet = false;
		g_object_unref(list);
		g_object_set_data_full(G_OBJECT(t->displays), NAMES, g_strdup(all), g_free);
	}
	g_free(all);
	g_ptr_array_unref(names);
}

void gui_toolbar_set_displays(GtkWidget *toolbar, const struct hawser_peer *peer, bool all)
{
	struct toolbar *t = data_of(toolbar);
	size_t count = peer->display_count;

	if (!t->displays)
		return;
	name_displays(t, peer);
	select_quietly(t, t->displays, (guint)(all ? count : peer->current_display));
	gtk_widget_set_visible(GTK_WIDGET(t->displays), count > 1);
	gui_display_menu_set_count(t->menu, count);
	gui_display_menu_set_display(
			t->menu, all ? NULL : hawser_display_at(peer, peer->current_display));
}

void gui_toolbar_set_on(GtkWidget *toolbar, enum gui_action action, bool on)
{
	struct toolbar *t = data_of(toolbar);

	if (t->menu && gui_display_menu_set_on(t->menu, action, on))
		return;
	t->quiet = true;
	for (size_t i = 0; i < BUTTONS; i++)
		if (buttons[i].action == action && buttons[i].toggle && t->button[i])
			gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(t->button[i]), on);
	t->quiet = false;
}

void gui_toolbar_set_keyboard(GtkWidget *toolbar, enum hawser_keyboard_mode mode)
{
	struct toolbar *t = data_of(toolbar);

	if (t->keyboard)
		select_quietly(t, t->keyboard, (guint)mode);
}

void gui_toolbar_set_quality(GtkWidget *toolbar, enum hawser_quality quality)
{
	struct toolbar *t = data_of(toolbar);
	guint selected = GTK_INVALID_LIST_POSITION;

	if (quality == HAWSER_QUALITY_DEFAULT) /* what hosts do when nothing is asked for */
		quality = HAWSER_QUALITY_BALANCED;
	for (guint i = 0; i < G_N_ELEMENTS(qualities); i++)
		if (qualities[i].quality == quality)
			selected = i;
	if (t->quality)
		select_quietly(t, t->quality, selected);
}

void gui_toolbar_set_windows(GtkWidget *toolbar, guint32 open)
{
	struct toolbar *t = data_of(toolbar);

	if (t->menu)
		gui_display_menu_set_windows(t->menu, open);
}

void gui_toolbar_set_value(GtkWidget *toolbar, enum gui_action action, int value)
{
	struct toolbar *t = data_of(toolbar);

	if (t->session_menu)
		gui_session_menu_set(t->session_menu, action, value);
}

void gui_toolbar_focus(GtkWidget *toolbar)
{
	/* not the next one, where it is in here already */
	gtk_root_set_focus(gtk_widget_get_root(toolbar), NULL);
	gtk_widget_child_focus(toolbar, GTK_DIR_TAB_FORWARD);
}
