/* While there is a picture the keyboard is its own, but for what the user opens. */
#include "client/gtk/picture_window.h"
#include "client/gtk/edge_bar.h"

void gui_picture_window_set_on(struct gui_picture_window *p, enum gui_action action, bool on)
{
	gui_toolbar_set_on(p->bar, action, on);
	gui_toolbar_set_on(p->edge_bar, action, on);
}

static GdkSurface *surface_of(struct gui_picture_window *p)
{
	return gtk_native_get_surface(GTK_NATIVE(p->window));
}

static bool is_grabbed(GdkSurface *surface)
{
	gboolean grabbed = FALSE;

	if (surface)
		g_object_get(surface, "shortcuts-inhibited", &grabbed, NULL);
	return grabbed;
}

/* The desktop may refuse it, or take it back. */
static void on_grab_changed(GdkSurface *surface, GParamSpec *param, gpointer arg)
{
	(void)param;
	gui_picture_window_set_on(arg, GUI_ACTION_GRAB, is_grabbed(surface));
}

void gui_picture_window_set_grab(struct gui_picture_window *p, bool grab)
{
	GdkSurface *surface = surface_of(p);

	if (!surface)
		return;
	if (grab)
		gdk_toplevel_inhibit_system_shortcuts(GDK_TOPLEVEL(surface), NULL);
	else
		gdk_toplevel_restore_system_shortcuts(GDK_TOPLEVEL(surface));
	on_grab_changed(surface, NULL, p);
}

static void set_fullscreen(struct gui_picture_window *p, bool full)
{
	if (full)
		gtk_window_fullscreen(p->window);
	else
		gtk_window_unfullscreen(p->window);
}

static void on_fullscreen_changed(GtkWindow *window, GParamSpec *param, gpointer arg)
{
	struct gui_picture_window *p = arg;
	bool full = gtk_window_is_fullscreen(window);

	(void)param;
	gui_picture_window_set_on(p, GUI_ACTION_FULLSCREEN, full);
	p->on_fullscreen(full, p->arg);
	if (p->has_picture(p->arg))
		gtk_widget_grab_focus(GTK_WIDGET(p->canvas));
}

bool gui_picture_window_act(struct gui_picture_window *p, enum gui_action action, int value)
{
	if (action == GUI_ACTION_FULLSCREEN)
		set_fullscreen(p, value);
	else if (action == GUI_ACTION_GRAB)
		gui_picture_window_set_grab(p, value);
	else
		return false;
	return true;
}

static void focus_bar(struct gui_picture_window *p)
{
	p->in_bar = true;
	gui_edge_bar_show(p->edge);
	gui_toolbar_focus(gtk_window_is_fullscreen(p->window) ? p->edge_bar : p->bar);
}

static void on_hotkey(guint keyval, gpointer arg)
{
	struct gui_picture_window *p = arg;

	/* Control and Alt went down at the host, their release is ours now. */
	if (p->session)
		hawser_session_release_keys(p->session);
	switch (gdk_keyval_to_lower(keyval)) {
	case GDK_KEY_g:
		if (p->has_picture(p->arg))
			gui_picture_window_set_grab(p, !is_grabbed(surface_of(p)));
		break;
	case GDK_KEY_b:
		focus_bar(p);
		break;
	case GDK_KEY_Return:
	case GDK_KEY_KP_Enter:
		set_fullscreen(p, !gtk_window_is_fullscreen(p->window));
		break;
	default:
		p->on_hotkey(keyval, p->arg);
	}
}

static bool may_have_keys(struct gui_picture_window *p, GtkWidget *focus)
{
	return focus &&
			(gtk_widget_get_ancestor(focus, GTK_TYPE_POPOVER) ||
					(p->typed && gtk_widget_is_ancestor(focus, p->typed)));
}

/* By now a list may be open that was not then. */
static gboolean return_focus(gpointer arg)
{
	struct gui_picture_window *p = arg;

	p->focus_idle = 0;
	if (!p->in_bar && p->has_picture(p->arg) &&
			!may_have_keys(p, gtk_window_get_focus(p->window)))
		gtk_widget_grab_focus(GTK_WIDGET(p->canvas));
	return G_SOURCE_REMOVE;
}

/* A button that was clicked or a list that was closed would keep the keyboard, and what is typed
 * would go nowhere. */
static void on_focus_changed(GtkWindow *window, GParamSpec *param, gpointer arg)
{
	struct gui_picture_window *p = arg;
	GtkWidget *focus = gtk_window_get_focus(window);

	(void)param;
	if (focus == GTK_WIDGET(p->canvas))
		p->in_bar = false;
	else if (!p->in_bar && !p->focus_idle && p->has_picture(p->arg) && !may_have_keys(p, focus))
		p->focus_idle = g_idle_add(return_focus, p);
}

/* Esc goes back from the buttons to the picture. */
static gboolean on_bar_escape(GtkWidget *widget, GVariant *args, gpointer arg)
{
	struct gui_picture_window *p = arg;

	(void)widget;
	(void)args;
	return p->has_picture(p->arg) && gtk_widget_grab_focus(GTK_WIDGET(p->canvas));
}

static GtkWidget *new_bar(
		struct gui_picture_window *p, enum gui_toolbar_kind kind, gui_action_fn fn)
{
	GtkWidget *bar = gui_toolbar_new(kind, fn, p->arg);
	GtkEventController *keys = gtk_shortcut_controller_new();

	gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys),
			gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_Escape, 0),
					gtk_callback_action_new(on_bar_escape, p, NULL)));
	gtk_widget_add_controller(bar, keys);
	return bar;
}

static void on_realize(GtkWidget *widget, gpointer arg)
{
	(void)widget;
	g_signal_connect(surface_of(arg), "notify::shortcuts-inhibited",
			G_CALLBACK(on_grab_changed), arg);
}

/* A hidden window has none. */
static void on_unrealize(GtkWidget *widget, gpointer arg)
{
	(void)widget;
	if (surface_of(arg))
		g_signal_handlers_disconnect_by_data(surface_of(arg), arg);
}

void gui_picture_window_init(struct gui_picture_window *p, GtkApplication *gtk,
		enum gui_toolbar_kind kind, gui_action_fn fn, GtkWidget **ret_scroller)
{
	GtkWidget *scroller = gtk_scrolled_window_new(), *header = gtk_header_bar_new();

	p->window = GTK_WINDOW(gtk_application_window_new(gtk));
	p->bar = new_bar(p, kind, fn);
	gtk_header_bar_pack_start(GTK_HEADER_BAR(header), p->bar);
	gtk_window_set_titlebar(p->window, header);
	p->canvas = GUI_CANVAS(g_object_ref_sink(gui_canvas_new()));
	gui_canvas_set_hotkeys(p->canvas, on_hotkey, p);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), GTK_WIDGET(p->canvas));
	p->edge_bar = new_bar(p, kind, fn);
	p->edge = gui_edge_bar_new(p->window, p->edge_bar);
	p->overlay = gtk_overlay_new();
	gtk_overlay_add_overlay(GTK_OVERLAY(p->overlay), p->edge);
	gtk_widget_set_vexpand(p->overlay, TRUE);
	gui_canvas_take_keys(p->canvas, p->window);
	g_signal_connect(p->window, "realize", G_CALLBACK(on_realize), p);
	g_signal_connect(p->window, "unrealize", G_CALLBACK(on_unrealize), p);
	g_signal_connect(p->window, "notify::fullscreened", G_CALLBACK(on_fullscreen_changed), p);
	g_signal_connect(p->window, "notify::focus-widget", G_CALLBACK(on_focus_changed), p);
	*ret_scroller = scroller;
}

void gui_picture_window_done(struct gui_picture_window *p)
{
	g_signal_handlers_disconnect_by_data(p->window, p);
	if (surface_of(p))
		g_signal_handlers_disconnect_by_data(surface_of(p), p);
	if (p->focus_idle)
		g_source_remove(p->focus_idle);
	p->focus_idle = 0;
	gui_canvas_set_hotkeys(p->canvas, NULL, NULL);
	gui_canvas_set_session(p->canvas, NULL);
	g_clear_object(&p->canvas);
}
