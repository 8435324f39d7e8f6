/* A display is known by its name where it has one, for its place in the host's list changes when
 * others come and go. */
#include "client/gtk/side_windows.h"
#include "client/gtk/picture_window.h"
#include <string.h>

#define WINDOWS_MAX 32u
#define WIDTH_MAX 1280
#define HEIGHT_MAX 800
#define BAR 50 /* about what the bar takes: so that most pictures are as large as there */
#define DENIED_MAX 4

struct side_window {
	struct gui_side_windows *owner;
	struct gui_picture_window p;
	size_t display;
	char *name; /* of the display, as the host has it */
	bool shown; /* a picture of it has come */
};

struct gui_side_windows {
	GtkApplication *gtk;
	bool camera, ready;
	GtkWidget *mark;
	struct gui_side_windows_events events;
	hawser_session *session; /* borrowed */
	struct side_window *window[WINDOWS_MAX];
	size_t count;
	bool quiet; /* windows that close are closed by us */
	struct {
		uint32_t width, height;
		int hot_x, hot_y;
		GBytes *rgba; /* NULL: invisible, or not told yet */
		bool told;
	} cursor;
	struct {
		enum gui_action action;
		const char *why;
	} denied[DENIED_MAX];
	size_t denied_count;
};

guint32 gui_side_windows_open(const struct gui_side_windows *s)
{
	guint32 bits = 0;

	for (size_t i = 0; i < s->count; i++)
		bits |= 1u << s->window[i]->display;
	return bits;
}

static int tell_host(struct gui_side_windows *s)
{
	size_t list[WINDOWS_MAX];

	for (size_t i = 0; i < s->count; i++)
		list[i] = s->window[i]->display;
	return hawser_session_show_beside(s->session, list, s->count);
}

static void changed(struct gui_side_windows *s)
{
	if (s->quiet)
		return;
	if (s->session)
		tell_host(s);
	s->events.on_change(gui_side_windows_open(s), s->events.arg);
}

static void on_destroy(GtkWidget *widget, gpointer arg)
{
	struct side_window *w = arg;
	struct gui_side_windows *s = w->owner;
	size_t i = 0;

	(void)widget;
	if (s->session)
		hawser_session_release_keys(s->session);
	while (i < s->count && s->window[i] != w)
		i++;
	if (i < s->count)
		s->window[i] = s->window[--s->count];
	gui_picture_window_done(&w->p);
	g_free(w->name);
	g_free(w);
	changed(s);
}

static void on_action(enum gui_action action, int value, gpointer arg)
{
	struct side_window *w = arg;

	if (gui_picture_window_act(&w->p, action, value))
		return;
	if (action == GUI_ACTION_SCALE) {
		gui_canvas_set_scale(w->p.canvas, value ? GUI_SCALE_ACTUAL : GUI_SCALE_FIT);
		gui_picture_window_set_on(&w->p, action, value);
	} else if (action == GUI_ACTION_REFRESH) {
		hawser_session_refresh(w->owner->session, (int)w->display);
	} else {
		w->owner->events.on_action(action, value, w->owner->events.arg);
	}
}

static gboolean has_picture(gpointer arg)
{
	struct side_window *w = arg;

	return w->shown && w->owner->ready;
}

static void on_fullscreen(bool full, gpointer arg)
{
	(void)full;
	(void)arg;
}

static void on_hotkey(guint keyval, gpointer arg)
{
	struct side_window *w = arg;

	w->owner->events.on_hotkey(keyval, w->owner->events.arg);
}

static void set_ready(struct side_window *w)
{
	bool ready = has_picture(w);

	gui_toolbar_set_ready(w->p.bar, ready);
	gui_toolbar_set_ready(w->p.edge_bar, ready);
	/* What stands still must not pass for live. */
	gtk_widget_set_opacity(GTK_WIDGET(w->p.canvas), w->owner->ready ? 1 : 0.4);
	if (!ready)
		gui_picture_window_set_grab(&w->p, false);
}

static void set_denied(struct side_window *w, enum gui_action action, const char *why)
{
	gui_toolbar_set_denied(w->p.bar, action, why);
	gui_toolbar_set_denied(w->p.edge_bar, action, why);
}

static void set_cursor(struct side_window *w)
{
	const struct gui_side_windows *s = w->owner;

	if (s->cursor.told)
		gui_canvas_set_cursor(w->p.canvas, s->cursor.width, s->cursor.height,
				s->cursor.hot_x, s->cursor.hot_y,
				s->cursor.rgba ? g_bytes_get_data(s->cursor.rgba, NULL) : NULL);
}

/* One mark of its own, that says what the first window's does. */
static GtkWidget *new_mark(GtkWidget *like)
{
	GtkWidget *mark = gtk_label_new("");
	const int same = G_BINDING_SYNC_CREATE;

	gtk_widget_add_css_class(mark, "hawser-recording");
	gtk_widget_set_halign(mark, GTK_ALIGN_END);
	gtk_widget_set_valign(mark, GTK_ALIGN_START);
	gtk_widget_set_can_target(mark, FALSE);
	g_object_bind_property(like, "label", mark, "label", same);
	g_object_bind_property(like, "visible", mark, "visible", same);
	return mark;
}

/* The list is the host's at this moment; its current display is the first window's affair. */
static void show_list(struct side_window *w, const struct hawser_peer *peer)
{
	struct hawser_peer one = *peer;
	char *title = g_strdup_printf("%s %zu – %s@%s – %s",
			w->owner->camera ? "Camera" : "Display", w->display + 1, peer->username,
			peer->hostname, peer->id);

	one.current_display = w->display;
	gui_canvas_set_displays(w->p.canvas, &one, false);
	gui_canvas_update(w->p.canvas, w->display);
	gtk_window_set_title(w->p.window, title);
	g_free(title);
}

static void open_window(struct gui_side_windows *s, const struct hawser_peer *peer, size_t display)
{
	const struct hawser_display *d = hawser_display_at(peer, display);
	struct side_window *w = g_new0(struct side_window, 1);
	GtkWidget *scroller;

	w->owner = s;
	w->display = display;
	w->name = g_strdup(d->name);
	w->p.has_picture = has_picture;
	w->p.on_fullscreen = on_fullscreen;
	w->p.on_hotkey = on_hotkey;
	w->p.arg = w;
	w->p.session = s->session;
	gui_picture_window_init(&w->p, s->gtk,
			s->camera ? GUI_TOOLBAR_CAMERA_SIDE : GUI_TOOLBAR_SIDE, on_action,
			&scroller);
	gtk_overlay_set_child(GTK_OVERLAY(w->p.overlay), scroller);
	gtk_overlay_add_overlay(GTK_OVERLAY(w->p.overlay), new_mark(s->mark));
	gtk_window_set_child(w->p.window, w->p.overlay);
	gtk_window_set_default_size(w->p.window, CLAMP(d->width, 320, WIDTH_MAX),
			CLAMP(d->height + BAR, 240, HEIGHT_MAX));
	g_signal_connect(w->p.window, "destroy", G_CALLBACK(on_destroy), w);
	s->window[s->count++] = w;
	gui_canvas_set_session(w->p.canvas, s->session);
	gui_canvas_tell_layout(w->p.canvas);
	for (size_t i = 0; i < s->denied_count; i++)
		set_denied(w, s->denied[i].action, s->denied[i].why);
	set_cursor(w);
	set_ready(w);
	show_list(w, peer);
	gtk_window_present(w->p.window);
}

static struct side_window *find(struct gui_side_windows *s, size_t display)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->window[i]->display == display)
			return s->window[i];
	return NULL;
}

bool gui_side_windows_set_open(struct gui_side_windows *s, size_t display, bool open)
{
	struct side_window *w = find(s, display);
	struct hawser_peer peer = HAWSER_PEER_INIT;
	bool told;

	if (!open == !w)
		return true;
	if (w) {
		gtk_window_destroy(w->p.window);
		return true;
	}
	if (s->count == WINDOWS_MAX || !s->session || hawser_session_peer(s->session, &peer) < 0 ||
			display >= peer.display_count)
		return false;
	open_window(s, &peer, display);
	told = tell_host(s) == HAWSER_OK;
	if (!told) {
		s->quiet = true;
		gtk_window_destroy(find(s, display)->p.window);
		s->quiet = false;
	}
	s->events.on_change(gui_side_windows_open(s), s->events.arg);
	return told;
}

/* Where the display of a window is now; the list's length: it has gone. */
static size_t find_display(const struct side_window *w, const struct hawser_peer *peer)
{
	const struct hawser_display *d = hawser_display_at(peer, w->display);

	if (d && (g_strcmp0(d->name, w->name) == 0 || !*w->name))
		return w->display;
	for (size_t i = 0; i < peer->display_count; i++)
		if (g_strcmp0(hawser_display_at(peer, i)->name, w->name) == 0)
			return i;
	return peer->display_count;
}

void gui_side_windows_listed(struct gui_side_windows *s, const struct hawser_peer *peer, bool login)
{
	size_t before = s->count;

	s->quiet = true;
	for (size_t i = s->count; i-- > 0;) {
		struct side_window *w = s->window[i];
		size_t at = find_display(w, peer);

		w->shown = w->shown && at == w->display && !login;
		w->display = at;
		if (at < peer->display_count && at < WINDOWS_MAX)
			show_list(w, peer);
		else
			gtk_window_destroy(w->p.window);
	}
	s->quiet = false;
	if (before)
		tell_host(s);
}

static void on_cursor(struct gui_side_windows *s, const struct hawser_event *e)
{
	g_clear_pointer(&s->cursor.rgba, g_bytes_unref);
	s->cursor.told = true;
	s->cursor.width = e->u.cursor.width;
	s->cursor.height = e->u.cursor.height;
	s->cursor.hot_x = e->u.cursor.hot_x;
	s->cursor.hot_y = e->u.cursor.hot_y;
	if (e->u.cursor.rgba)
		s->cursor.rgba = g_bytes_new(
				e->u.cursor.rgba, (gsize)s->cursor.width * s->cursor.height * 4);
	for (size_t i = 0; i < s->count; i++)
		set_cursor(s->window[i]);
}

static void on_frame(struct side_window *w)
{
	gui_canvas_update(w->p.canvas, w->display);
	if (w->shown)
		return;
	w->shown = true;
	set_ready(w);
	gtk_widget_grab_focus(GTK_WIDGET(w->p.canvas));
}

void gui_side_windows_event(struct gui_side_windows *s, const struct hawser_event *e)
{
	struct side_window *w;

	if (e->type == HAWSER_EVENT_CURSOR)
		on_cursor(s, e);
	else if (e->type == HAWSER_EVENT_FRAME && (w = find(s, e->u.frame.display)))
		on_frame(w);
	for (size_t i = 0; e->type == HAWSER_EVENT_CURSOR_POSITION && i < s->count; i++)
		gui_canvas_set_pointer(s->window[i]->p.canvas, e->u.position.x, e->u.position.y);
}

void gui_side_windows_set_ready(struct gui_side_windows *s, bool ready)
{
	s->ready = ready;
	for (size_t i = 0; i < s->count; i++)
		set_ready(s->window[i]);
}

void gui_side_windows_set_denied(
		struct gui_side_windows *s, enum gui_action action, const char *why)
{
	size_t at = 0;

	while (at < s->denied_count && s->denied[at].action != action)
		at++;
	if (at == DENIED_MAX)
		return;
	s->denied[at].action = action;
	s->denied[at].why = why;
	s->denied_count = MAX(s->denied_count, at + 1);
	for (size_t i = 0; i < s->count; i++)
		set_denied(s->window[i], action, why);
}

void gui_side_windows_set_session(struct gui_side_windows *s, hawser_session *session)
{
	s->session = session;
}

struct gui_side_windows *gui_side_windows_new(GtkApplication *gtk, bool camera, GtkWidget *mark,
		const struct gui_side_windows_events *events)
{
	struct gui_side_windows *s = g_new0(struct gui_side_windows, 1);

	s->gtk = gtk;
	s->camera = camera;
	s->mark = mark;
	s->events = *events;
	return s;
}

void gui_side_windows_free(struct gui_side_windows *s)
{
	if (!s)
		return;
	s->quiet = true;
	s->session = NULL;
	/* each leaves the list as it goes; one that did not would be destroyed for ever */
	for (size_t left = s->count; left > 0 && s->count > 0; left--)
		gtk_window_destroy(s->window[0]->p.window);
	g_clear_pointer(&s->cursor.rgba, g_bytes_unref);
	g_free(s);
}
