/* The first window of a session: joins canvas, buttons and pages, and ends with it. It can be
 * closed while displays have windows of their own: it is then hidden, for the session is its. */
#include "client/gtk/window_session.h"
#include "client/gtk/screenshot.h"
#include "client/gtk/window_parts.h"

void gui_window_set_ready(struct session_window *w, bool ready)
{
	w->ready = ready;
	gui_toolbar_set_ready(w->p.bar, ready);
	gui_toolbar_set_ready(w->p.edge_bar, ready);
	gui_chat_set_ready(w->chat, ready);
	gui_side_windows_set_ready(w->side, ready);
	if (ready)
		return;
	gtk_label_set_text(w->status, "");
	gtk_widget_remove_css_class(GTK_WIDGET(w->status), "hawser-insecure");
	gui_picture_window_set_grab(&w->p, false);
}

static gboolean has_picture(gpointer arg)
{
	struct session_window *w = arg;

	return gui_pages_has_picture(w->pages);
}

static void on_fullscreen(bool full, gpointer arg)
{
	struct session_window *w = arg;

	gtk_widget_set_visible(GTK_WIDGET(w->status), !full);
	if (full && w->ready)
		gui_notice_pass(w->notice);
	if (full)
		gui_notice_pass(w->news);
}

static bool is_hidden(struct session_window *w)
{
	return !gtk_widget_get_visible(GTK_WIDGET(w->p.window));
}

void gui_window_come_back(struct session_window *w)
{
	if (is_hidden(w) && gui_side_windows_open(w->side))
		gtk_window_present(w->p.window);
}

void gui_window_end(struct session_window *w)
{
	gtk_window_destroy(w->p.window);
}

/* --- windows beside it --- */

static gboolean on_close_request(GtkWindow *window, gpointer arg)
{
	struct session_window *w = arg;

	if (!w->ready || !gui_side_windows_open(w->side))
		return FALSE;
	hawser_session_release_keys(w->session);
	gui_displays_leave(w->displays);
	gtk_widget_set_visible(GTK_WIDGET(window), FALSE);
	return TRUE;
}

static void on_side_change(guint32 open, gpointer arg)
{
	struct session_window *w = arg;

	gui_displays_windows(w->displays, open);
	if (!is_hidden(w))
		return;
	if (open)
		gui_displays_leave(w->displays);
	else
		gui_window_end(w);
}

/* --- the pages --- */

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
		gui_pages_show_progress(w->pages, "Connecting");
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
	gui_window_end(arg);
}

/* --- its end --- */

static void on_destroy(GtkWidget *widget, gpointer arg)
{
	struct session_window *w = arg;

	(void)widget;
	if (w->end_timer)
		g_source_remove(w->end_timer);
	gui_side_windows_free(w->side);
	gui_picture_window_done(&w->p);
	gui_shots_free(w->shots);
	gui_clipboard_free(w->clipboard);
	gui_displays_free(w->displays);
	hawser_session_close(w->session);
	g_free(w->screenshot);
	g_free(w);
}

static int save_picture(struct session_window *w, struct hws_error *err)
{
	GdkTexture *picture = gui_canvas_picture(w->p.canvas);
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
	gui_window_end(w);
	return G_SOURCE_REMOVE;
}

/* --- its beginning --- */

static void build_side(struct session_window *w)
{
	const struct gui_side_windows_events events = { gui_window_act, on_side_change,
		gui_window_hotkey, w };

	w->side = gui_side_windows_new(
			w->app->gtk, w->camera, gui_recording_mark(w->recording), &events);
	w->displays = gui_displays_new(w->p.canvas, w->p.bar, w->p.edge_bar, w->notice, w->side);
}

static void build_window(struct session_window *w, const char *target)
{
	GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *scroller;
	const struct gui_pages_events events = { on_secret, on_accept_insecure, on_retry,
		on_close_wanted, w };

	w->p.has_picture = has_picture;
	w->p.on_fullscreen = on_fullscreen;
	w->p.on_hotkey = gui_window_hotkey;
	w->p.arg = w;
	w->pages = gui_pages_new(&events);
	gui_picture_window_init(&w->p, w->app->gtk,
			w->camera ? GUI_TOOLBAR_CAMERA : GUI_TOOLBAR_DESKTOP, gui_window_act,
			&scroller);
	gtk_window_set_title(w->p.window, target);
	gtk_window_set_default_size(w->p.window, 1280, 800);
	gui_pages_set_picture(w->pages, scroller);
	gtk_overlay_set_child(GTK_OVERLAY(w->p.overlay), gui_pages_widget(w->pages));
	gtk_box_append(GTK_BOX(column), w->p.overlay);
	w->notice = gui_notice_new();
	w->recording = gui_recording_new(w->notice, w->p.bar, w->p.edge_bar);
	gtk_overlay_add_overlay(GTK_OVERLAY(w->p.overlay), gui_recording_mark(w->recording));
	gtk_box_append(GTK_BOX(column), w->notice);
	w->news = gui_notice_new();
	gtk_widget_add_css_class(w->news, "background");
	gtk_widget_set_valign(w->news, GTK_ALIGN_END);
	gtk_overlay_add_overlay(GTK_OVERLAY(w->p.overlay), w->news);
	w->chat = gui_chat_new(on_chat, w);
	w->p.typed = w->chat;
	gtk_box_append(GTK_BOX(column), w->chat);
	w->status = gui_status_line_new();
	gtk_overlay_add_overlay(GTK_OVERLAY(w->p.overlay), gui_status_line_figures(w->status));
	gtk_box_append(GTK_BOX(column), GTK_WIDGET(w->status));
	gtk_window_set_child(w->p.window, column);
	build_side(w);
	gui_window_watch_keys(w);
	w->clipboard = gui_clipboard_new();
	w->shots = gui_shots_new(w->notice, w->clipboard);
	g_signal_connect(w->p.window, "close-request", G_CALLBACK(on_close_request), w);
	g_signal_connect(w->p.window, "destroy", G_CALLBACK(on_destroy), w);
}

/* What has the session, or NULL. */
static void set_session(struct session_window *w, const struct gui_launch *launch)
{
	w->p.session = w->session;
	gui_displays_begin(w->displays, w->session, launch);
	gui_canvas_set_session(w->p.canvas, w->session);
	gui_side_windows_set_session(w->side, w->session);
	gui_clipboard_set_session(w->clipboard, w->session);
	gui_shots_set_session(w->shots, w->session);
	gui_window_show_options(w);
	if (w->session)
		gui_sound_begin(&w->sound, w->session, w->p.bar, w->p.edge_bar, w->notice);
}

void gui_session_window_open(struct gui_app *app, const char *target, struct gui_launch *launch)
{
	struct hawser_session_config conf = HAWSER_SESSION_CONFIG_INIT;
	struct session_window *w = g_new0(struct session_window, 1);

	w->app = app;
	w->camera = launch && launch->camera;
	build_window(w, target);
	conf.target = target;
	conf.on_event = gui_window_event;
	conf.arg = w;
	conf.format = HAWSER_FORMAT_BGRA;
	conf.files_to_host = conf.files_from_host = true;
	if (launch) {
		gui_launch_fill(launch, &conf);
		gui_toolbar_set_keyboard(w->p.bar, launch->keyboard);
		gui_toolbar_set_keyboard(w->p.edge_bar, launch->keyboard);
		w->screenshot = g_strdup(launch->screenshot);
		if (launch->seconds)
			w->end_timer = g_timeout_add_seconds(launch->seconds, on_end, w);
		if (launch->fullscreen)
			gtk_window_fullscreen(w->p.window);
	}
	gui_sound_wish(launch, &conf);
	w->sound.call_due = launch && launch->call;
	gui_window_set_ready(w, false);
	int r = hawser_session_open(app->context, &conf, &w->session);
	if (r < 0)
		w->session = NULL;
	if (r < 0) {
		app->exit_status = 1;
		gui_pages_show_error(w->pages, "Cannot connect", hawser_last_error());
	} else {
		gui_pages_show_progress(w->pages, "Connecting");
	}
	set_session(w, launch);
	if (launch) {
		gui_free_password(launch->password);
		launch->password = NULL;
	}
	gtk_window_present(w->p.window);
}
