/* One window, one session: joins canvas, buttons and pages, and turns the session's events into
 * what they show. */
#include "client/gtk/window_session.h"
#include "client/gtk/canvas.h"
#include "client/gtk/chat.h"
#include "client/gtk/clipboard.h"
#include "client/gtk/displays.h"
#include "client/gtk/edge_bar.h"
#include "client/gtk/notice.h"
#include "client/gtk/pages.h"
#include "client/gtk/recording.h"
#include "client/gtk/screenshot.h"
#include "client/gtk/sound.h"
#include "client/gtk/status_line.h"
#include "client/gtk/toolbar.h"

struct session_window {
	struct gui_app *app;
	GtkWindow *window;
	GtkWidget *bar, *edge_bar, *edge;
	GtkWidget *notice, *chat;
	struct gui_recording *recording;
	GtkLabel *status;
	GuiCanvas *canvas;
	struct gui_pages *pages;
	struct gui_clipboard *clipboard;
	hawser_session *session;
	struct gui_displays *displays;
	bool ready;  /* there is a picture */
	bool met;    /* the host let us in since the connection was last asked for */
	bool in_bar; /* the keyboard works the buttons, because the user wished so */
	char *screenshot;
	guint end_timer, focus_idle;
	struct gui_sound sound;
};

static void set_on(struct session_window *w, enum gui_action action, bool on)
{
	gui_toolbar_set_on(w->bar, action, on);
	gui_toolbar_set_on(w->edge_bar, action, on);
}

static GdkSurface *surface_of(struct session_window *w)
{
	return gtk_native_get_surface(GTK_NATIVE(w->window));
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
	set_on(arg, GUI_ACTION_GRAB, is_grabbed(surface));
}

static void set_grab(struct session_window *w, bool grab)
{
	GdkSurface *surface = surface_of(w);

	if (!surface)
		return;
	if (grab)
		gdk_toplevel_inhibit_system_shortcuts(GDK_TOPLEVEL(surface), NULL);
	else
		gdk_toplevel_restore_system_shortcuts(GDK_TOPLEVEL(surface));
	on_grab_changed(surface, NULL, w);
}

static void set_fullscreen(struct session_window *w, bool full)
{
	if (full)
		gtk_window_fullscreen(w->window);
	else
		gtk_window_unfullscreen(w->window);
}

static void on_fullscreen_changed(GtkWindow *window, GParamSpec *param, gpointer arg)
{
	struct session_window *w = arg;
	bool full = gtk_window_is_fullscreen(window);

	(void)param;
	set_on(w, GUI_ACTION_FULLSCREEN, full);
	gtk_widget_set_visible(GTK_WIDGET(w->status), !full);
	if (full && w->ready)
		gui_notice_pass(w->notice);
	if (gui_pages_has_picture(w->pages))
		gtk_widget_grab_focus(GTK_WIDGET(w->canvas));
}

static void show_quality(struct session_window *w)
{
	int quality = HAWSER_QUALITY_DEFAULT;

	if (!w->session ||
			hawser_session_get_option(w->session, HAWSER_OPTION_QUALITY, &quality) < 0)
		return;
	gui_toolbar_set_quality(w->bar, (enum hawser_quality)quality);
	gui_toolbar_set_quality(w->edge_bar, (enum hawser_quality)quality);
}

/* In both bars. */
static void show_keyboard(struct session_window *w, enum hawser_keyboard_mode mode)
{
	gui_toolbar_set_keyboard(w->bar, mode);
	gui_toolbar_set_keyboard(w->edge_bar, mode);
}

static void on_action(enum gui_action action, int value, gpointer arg)
{
	struct session_window *w = arg;

	if (gui_displays_act(w->displays, action, value))
		return;
	switch (action) {
	case GUI_ACTION_FULLSCREEN:
		set_fullscreen(w, value);
		break;
	case GUI_ACTION_GRAB:
		set_grab(w, value);
		break;
	case GUI_ACTION_CTRL_ALT_DEL:
		hawser_session_ctrl_alt_del(w->session);
		break;
	case GUI_ACTION_REFRESH:
		hawser_session_refresh(w->session, -1);
		break;
	case GUI_ACTION_KEYBOARD:
		/* What is down was pressed in the other way. */
		hawser_session_release_keys(w->session);
		hawser_session_set_option(w->session, HAWSER_OPTION_KEYBOARD_MODE, value);
		show_keyboard(w, (enum hawser_keyboard_mode)value);
		break;
	case GUI_ACTION_QUALITY:
		hawser_session_set_option(w->session, HAWSER_OPTION_QUALITY, value);
		show_quality(w);
		break;
	case GUI_ACTION_RECORD:
		gui_recording_set(w->recording, w->session, value);
		break;
	case GUI_ACTION_CHAT:
		gui_chat_open(w->chat, !gtk_widget_get_visible(w->chat));
		break;
	case GUI_ACTION_DISCONNECT:
		gtk_window_close(w->window);
		break;
	case GUI_ACTION_SOUND:
	case GUI_ACTION_CALL:
		gui_sound_act(&w->sound, action, value);
		break;
	default: /* of the displays */
		break;
	}
}

static void focus_bar(struct session_window *w)
{
	w->in_bar = true;
	gui_edge_bar_show(w->edge);
	gui_toolbar_focus(gtk_window_is_fullscreen(w->window) ? w->edge_bar : w->bar);
}

static void on_hotkey(guint keyval, gpointer arg)
{
	struct session_window *w = arg;

	/* Control and Alt went down at the host, their release is ours now. */
	if (w->session)
		hawser_session_release_keys(w->session);
	switch (gdk_keyval_to_lower(keyval)) {
	case GDK_KEY_g:
		if (w->ready)
			set_grab(w, !is_grabbed(surface_of(w)));
		break;
	case GDK_KEY_b:
		focus_bar(w);
		break;
	case GDK_KEY_m:
		if (w->ready)
			gui_chat_open(w->chat, !gtk_widget_get_visible(w->chat));
		break;
	default:
		set_fullscreen(w, !gtk_window_is_fullscreen(w->window));
	}
}

static gboolean return_focus(gpointer arg)
{
	struct session_window *w = arg;

	w->focus_idle = 0;
	if (gui_pages_has_picture(w->pages))
		gtk_widget_grab_focus(GTK_WIDGET(w->canvas));
	return G_SOURCE_REMOVE;
}

/* While there is a picture the keyboard is its own. A button that was clicked or a list that was
 * closed would keep it, and what is typed would go nowhere. */
static void on_focus_changed(GtkWindow *window, GParamSpec *param, gpointer arg)
{
	struct session_window *w = arg;
	GtkWidget *focus = gtk_window_get_focus(window);

	(void)param;
	if (focus == GTK_WIDGET(w->canvas))
		w->in_bar = false;
	else if (!w->in_bar && !w->focus_idle && gui_pages_has_picture(w->pages) &&
			!(focus &&
					(gtk_widget_get_ancestor(focus, GTK_TYPE_POPOVER) ||
							gtk_widget_is_ancestor(focus, w->chat))))
		w->focus_idle = g_idle_add(return_focus, w);
}

/* Esc goes back from the buttons to the picture. */
static gboolean on_bar_escape(GtkWidget *widget, GVariant *args, gpointer arg)
{
	struct session_window *w = arg;

	(void)widget;
	(void)args;
	if (!gui_pages_has_picture(w->pages))
		return FALSE;
	return gtk_widget_grab_focus(GTK_WIDGET(w->canvas));
}

static GtkWidget *new_bar(struct session_window *w)
{
	GtkWidget *bar = gui_toolbar_new(on_action, w);
	GtkEventController *keys = gtk_shortcut_controller_new();

	gtk_shortcut_controller_add_shortcut(GTK_SHORTCUT_CONTROLLER(keys),
			gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_Escape, 0),
					gtk_callback_action_new(on_bar_escape, w, NULL)));
	gtk_widget_add_controller(bar, keys);
	return bar;
}

static void show_peer(struct session_window *w, const struct hawser_peer *peer, bool ready)
{
	char *title;

	gui_displays_listed(w->displays, peer, ready);
	title = g_strdup_printf("%s@%s – %s", peer->username, peer->hostname, peer->id);
	gtk_window_set_title(w->window, title);
	g_free(title);
	gui_status_line_explain(w->status, peer);
}

/* The tools work on a picture: without one they are grey, and nothing is said of a connection that
 * is none. */
static void set_ready(struct session_window *w, bool ready)
{
	w->ready = ready;
	gui_toolbar_set_ready(w->bar, ready);
	gui_toolbar_set_ready(w->edge_bar, ready);
	gui_chat_set_ready(w->chat, ready);
	if (ready)
		return;
	gtk_label_set_text(w->status, "");
	gtk_widget_remove_css_class(GTK_WIDGET(w->status), "hawser-insecure");
	set_grab(w, false);
}

static void on_closed(struct session_window *w, const struct hawser_event *e)
{
	if (e->u.closed.error == HAWSER_OK) {
		gtk_window_close(w->window);
		return;
	}
	set_ready(w, false);
	w->app->exit_status = 1;
	gui_pages_show_error(w->pages,
			w->met ? "The session has ended"
					: e->u.closed.error == HAWSER_ERR_KEY ||
							e->u.closed.error == HAWSER_ERR_INSECURE
					? "Not connected, for your safety"
					: "Cannot connect",
			e->u.closed.text);
}

static void on_frame(struct session_window *w, const struct hawser_event *e)
{
	if (!gui_displays_frame(w->displays, e->u.frame.display))
		return;
	if (!w->ready) {
		set_ready(w, true);
		gui_pages_show_picture(w->pages);
		gtk_widget_grab_focus(GTK_WIDGET(w->canvas));
		if (gtk_window_is_fullscreen(w->window))
			gui_notice_pass(w->notice);
	}
}

/* What the host takes away is grey, here or while the session runs. */
static void on_permission(struct session_window *w, enum hawser_permission permission, bool enabled)
{
	enum gui_action action = permission == HAWSER_PERMISSION_RECORDING
			? GUI_ACTION_RECORD
			: GUI_ACTION_CTRL_ALT_DEL;

	if (permission != HAWSER_PERMISSION_RECORDING && permission != HAWSER_PERMISSION_KEYBOARD)
		return;
	gui_toolbar_set_allowed(w->bar, action, enabled);
	gui_toolbar_set_allowed(w->edge_bar, action, enabled);
}

static void on_event(hawser_session *session, const struct hawser_event *e, void *arg)
{
	struct session_window *w = arg;

	(void)session;
	if (gui_recording_event(w->recording, e))
		return;
	switch (e->type) {
	case HAWSER_EVENT_STATE:
		if (e->u.state.state == HAWSER_STATE_RETRYING)
			set_ready(w, false);
		if (e->u.state.state != HAWSER_STATE_READY &&
				e->u.state.state != HAWSER_STATE_WAITING &&
				e->u.state.state != HAWSER_STATE_CLOSED)
			gui_pages_show_progress(w->pages, e->u.state.text);
		break;
	case HAWSER_EVENT_PASSWORD:
		gui_pages_ask_password(w->pages, e);
		break;
	case HAWSER_EVENT_INSECURE:
		gui_pages_ask_insecure(w->pages, e->u.message.title, e->u.message.text);
		break;
	case HAWSER_EVENT_READY:
		w->met = true;
		gui_canvas_tell_layout(w->canvas);
		show_peer(w, e->u.peer, true);
		gui_pages_show_progress(w->pages, "Waiting for the picture");
		gui_sound_event(&w->sound, e);
		break;
	case HAWSER_EVENT_DISPLAYS:
		show_peer(w, e->u.peer, false);
		break;
	case HAWSER_EVENT_PRIVACY:
		gui_displays_privacy(w->displays, e);
		break;
	case HAWSER_EVENT_FRAME:
		on_frame(w, e);
		break;
	case HAWSER_EVENT_CURSOR:
		gui_canvas_set_cursor(w->canvas, e->u.cursor.width, e->u.cursor.height,
				e->u.cursor.hot_x, e->u.cursor.hot_y, e->u.cursor.rgba);
		break;
	case HAWSER_EVENT_CURSOR_POSITION:
		gui_canvas_set_pointer(w->canvas, e->u.position.x, e->u.position.y);
		break;
	case HAWSER_EVENT_CLIPBOARD:
	case HAWSER_EVENT_CLIPFILES:
		gui_clipboard_receive(w->clipboard, e);
		break;
	case HAWSER_EVENT_STATS:
		gui_status_line_show(w->status, e->u.stats, gtk_window_is_fullscreen(w->window));
		break;
	case HAWSER_EVENT_MESSAGE:
		gui_notice_show(w->notice, e->u.message.title, e->u.message.text,
				strlen(e->u.message.text));
		break;
	case HAWSER_EVENT_CLOSED:
		on_closed(w, e);
		break;
	case HAWSER_EVENT_CHAT:
		gui_chat_receive(w->chat, e->u.text.utf8, e->u.text.length);
		break;
	case HAWSER_EVENT_HOST_KEY:
		if (!*e->u.host_key.text)
			break;
		gui_notice_show_passing(w->notice, "Key of the host", e->u.host_key.text,
				strlen(e->u.host_key.text));
		break;
	case HAWSER_EVENT_SOUND:
	case HAWSER_EVENT_CALL:
		gui_sound_event(&w->sound, e);
		break;
	case HAWSER_EVENT_PERMISSION:
		on_permission(w, e->u.permission.permission, e->u.permission.enabled);
		break;
	default: /* what sessions of other kinds have */
		break;
	}
}

static const char *on_chat(const char *text, gpointer arg)
{
	struct session_window *w = arg;

	return hawser_session_send_chat(w->session, text) < 0 ? hawser_last_error() : NULL;
}

static void on_secret(const char *text, bool keep, bool two_factor, gpointer arg)
{
	struct session_window *w = arg;

	gui_pages_show_progress(w->pages, "Logging in");
	if (two_factor)
		hawser_session_two_factor(w->session, text, keep);
	else
		hawser_session_password(w->session, text, keep);
}

static void on_accept_insecure(bool accept, gpointer arg)
{
	struct session_window *w = arg;

	if (accept)
		gui_pages_show_progress(w->pages, "Connecting without encryption");
	hawser_session_accept_insecure(w->session, accept);
}

static void on_retry(gpointer arg)
{
	struct session_window *w = arg;

	w->app->exit_status = 0;
	w->met = false;
	gui_pages_show_progress(w->pages, "Connecting again");
	hawser_session_reconnect(w->session);
}

static void on_close_wanted(gpointer arg)
{
	struct session_window *w = arg;

	gtk_window_close(w->window);
}

static void on_destroy(GtkWidget *widget, gpointer arg)
{
	struct session_window *w = arg;

	(void)widget;
	g_signal_handlers_disconnect_by_data(w->window, w);
	if (surface_of(w))
		g_signal_handlers_disconnect_by_data(surface_of(w), w);
	if (w->end_timer)
		g_source_remove(w->end_timer);
	if (w->focus_idle)
		g_source_remove(w->focus_idle);
	gui_clipboard_free(w->clipboard);
	gui_displays_free(w->displays);
	gui_canvas_set_session(w->canvas, NULL);
	g_object_unref(w->canvas);
	hawser_session_close(w->session);
	g_free(w->screenshot);
	g_free(w);
}

static int save_picture(struct session_window *w, struct hws_error *err)
{
	GdkTexture *picture = gui_canvas_picture(w->canvas);
	int r = picture ? gui_screenshot_save(picture, w->screenshot, err)
			: hws_error_set(err, HWS_ERR_DISPLAY, "there is no picture");

	g_clear_object(&picture);
	return r;
}

static gboolean on_end(gpointer arg)
{
	struct session_window *w = arg;
	struct hws_error err = { 0 };
	int r = HWS_OK;

	w->end_timer = 0;
	if (w->screenshot && !w->ready)
		r = hws_error_set(&err, HWS_ERR_DISPLAY, "there is no picture to save in %.200s",
				w->screenshot);
	else if (w->screenshot)
		r = save_picture(w, &err);
	if (r < 0) {
		g_printerr("hawser-desktop: %s\n", err.text);
		w->app->exit_status = 1;
	}
	gtk_window_close(w->window);
	return G_SOURCE_REMOVE;
}

static GtkWidget *build_picture(struct session_window *w)
{
	GtkWidget *scroller = gtk_scrolled_window_new();

	w->canvas = GUI_CANVAS(g_object_ref_sink(gui_canvas_new()));
	gui_canvas_set_hotkeys(w->canvas, on_hotkey, w);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), GTK_WIDGET(w->canvas));
	return scroller;
}

static void on_realize(GtkWidget *widget, gpointer arg)
{
	struct session_window *w = arg;

	(void)widget;
	g_signal_connect(surface_of(w), "notify::shortcuts-inhibited", G_CALLBACK(on_grab_changed),
			w);
}

static void build_window(struct session_window *w, const char *target)
{
	GtkWidget *overlay = gtk_overlay_new(), *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	GtkWidget *header = gtk_header_bar_new();
	const struct gui_pages_events events = { on_secret, on_accept_insecure, on_retry,
		on_close_wanted, w };

	w->window = GTK_WINDOW(gtk_application_window_new(w->app->gtk));
	gtk_window_set_title(w->window, target);
	gtk_window_set_default_size(w->window, 1280, 800);
	w->bar = new_bar(w);
	gtk_header_bar_pack_start(GTK_HEADER_BAR(header), w->bar);
	gtk_window_set_titlebar(w->window, header);

	w->pages = gui_pages_new(&events);
	gui_pages_set_picture(w->pages, build_picture(w));
	gtk_overlay_set_child(GTK_OVERLAY(overlay), gui_pages_widget(w->pages));
	w->edge_bar = new_bar(w);
	w->edge = gui_edge_bar_new(w->window, w->edge_bar);
	gtk_overlay_add_overlay(GTK_OVERLAY(overlay), w->edge);
	gtk_widget_set_vexpand(overlay, TRUE);
	gtk_box_append(GTK_BOX(column), overlay);
	w->notice = gui_notice_new();
	w->recording = gui_recording_new(w->notice, w->bar, w->edge_bar);
	gtk_overlay_add_overlay(GTK_OVERLAY(overlay), gui_recording_mark(w->recording));
	gtk_box_append(GTK_BOX(column), w->notice);
	w->chat = gui_chat_new(on_chat, w);
	gtk_box_append(GTK_BOX(column), w->chat);
	w->status = gui_status_line_new();
	gtk_box_append(GTK_BOX(column), GTK_WIDGET(w->status));
	gtk_window_set_child(w->window, column);
	w->displays = gui_displays_new(w->canvas, w->bar, w->edge_bar, w->notice);
	gui_canvas_take_keys(w->canvas, w->window);
	g_signal_connect(w->window, "destroy", G_CALLBACK(on_destroy), w);
	g_signal_connect(w->window, "realize", G_CALLBACK(on_realize), w);
	g_signal_connect(w->window, "notify::fullscreened", G_CALLBACK(on_fullscreen_changed), w);
	g_signal_connect(w->window, "notify::focus-widget", G_CALLBACK(on_focus_changed), w);
}

void gui_session_window_open(struct gui_app *app, const char *target, struct gui_launch *launch)
{
	struct hawser_session_config conf = HAWSER_SESSION_CONFIG_INIT;
	struct session_window *w = g_new0(struct session_window, 1);

	w->app = app;
	build_window(w, target);
	conf.target = target;
	conf.on_event = on_event;
	conf.arg = w;
	conf.format = HAWSER_FORMAT_BGRA;
	conf.files_to_host = conf.files_from_host = true;
	if (launch) {
		gui_launch_fill(launch, &conf);
		show_keyboard(w, launch->keyboard);
		w->screenshot = g_strdup(launch->screenshot);
		if (launch->seconds)
			w->end_timer = g_timeout_add_seconds(launch->seconds, on_end, w);
		if (launch->fullscreen)
			gtk_window_fullscreen(w->window);
	}
	gui_sound_wish(launch, &conf);
	w->sound.call_due = launch && launch->call;
	set_ready(w, false);
	int r = hawser_session_open(app->context, &conf, &w->session);
	gui_displays_begin(w->displays, r < 0 ? NULL : w->session, launch);
	if (launch) {
		gui_free_password(launch->password);
		launch->password = NULL;
	}
	if (r < 0) {
		app->exit_status = 1;
		gui_pages_show_error(w->pages, "Cannot connect", hawser_last_error());
	} else {
		gui_pages_show_progress(w->pages, "Connecting");
		gui_canvas_set_session(w->canvas, w->session);
		show_quality(w);
		gui_sound_begin(&w->sound, w->session, w->bar, w->edge_bar, w->notice);
	}
	w->clipboard = gui_clipboard_new();
	gui_clipboard_set_session(w->clipboard, w->session);
	gtk_window_present(w->window);
}
