/* What the session tells, as what its window shows. */
#include "client/gtk/window_parts.h"
#include <string.h>

static void show_peer(struct session_window *w, const struct hawser_peer *peer, bool ready)
{
	bool beside = gui_side_windows_open(w->side) != 0;
	char *title;

	gui_displays_listed(w->displays, peer, ready);
	/* their displays went: a first window that was closed is the only one now */
	if (beside && !gui_side_windows_open(w->side) &&
			!gtk_widget_get_visible(GTK_WIDGET(w->p.window)))
		gtk_window_present(w->p.window);
	title = g_strdup_printf("%s@%s – %s", peer->username, peer->hostname, peer->id);
	gtk_window_set_title(w->p.window, title);
	g_free(title);
	gui_status_line_explain(w->status, peer, w->session);
}

static void on_ready(struct session_window *w, const struct hawser_event *e)
{
	w->met = true;
	w->mute = false; /* it says so again */
	gui_canvas_tell_layout(w->p.canvas);
	gui_window_show_permissions(w);
	show_peer(w, e->u.peer, true);
	gui_pages_show_progress(w->pages, "Waiting for the picture");
	gui_sound_event(&w->sound, e);
}

static void on_state(struct session_window *w, const struct hawser_event *e)
{
	enum hawser_state state = e->u.state.state;

	if (state == HAWSER_STATE_RETRYING)
		gui_window_set_ready(w, false);
	if (state != HAWSER_STATE_READY || e->u.state.silent_s)
		gui_notice_pass(w->news); /* no longer true */
	if (state == HAWSER_STATE_READY || state == HAWSER_STATE_WAITING ||
			state == HAWSER_STATE_CLOSED)
		return;
	gui_window_come_back(w);
	gui_pages_show_progress(w->pages, e->u.state.text);
}

static void on_closed(struct session_window *w, const struct hawser_event *e)
{
	if (e->u.closed.error == HAWSER_OK) {
		gui_window_end(w);
		return;
	}
	gui_window_set_ready(w, false);
	gui_window_come_back(w);
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
	gui_side_windows_event(w->side, e);
	if (!gui_displays_frame(w->displays, e->u.frame.display))
		return;
	if (!w->ready) {
		gui_window_set_ready(w, true);
		gui_pages_show_picture(w->pages);
		gtk_widget_grab_focus(GTK_WIDGET(w->p.canvas));
		if (gtk_window_is_fullscreen(w->p.window))
			gui_notice_pass(w->notice);
	}
}

/* What people call what a host permits; NULL: the buttons alone say it. */
static const char *permission_name(enum hawser_permission permission)
{
	switch (permission) {
	case HAWSER_PERMISSION_KEYBOARD:
		return "keyboard and mouse";
	case HAWSER_PERMISSION_CLIPBOARD:
		return "the clipboard";
	case HAWSER_PERMISSION_AUDIO:
		return "sound";
	case HAWSER_PERMISSION_FILE:
		return "files of the clipboard";
	case HAWSER_PERMISSION_RECORDING:
		return "recording";
	default:
		return NULL;
	}
}

/* What the host takes away is grey; while one works with it, a line says so. */
static void on_permission(struct session_window *w, const struct hawser_event *e)
{
	const char *name = permission_name(e->u.permission.permission);

	gui_window_show_permissions(w);
	if (!w->ready || !name)
		return;
	gui_notice_show_passing(w->notice,
			e->u.permission.enabled ? "The host permits" : "The host does not permit",
			name, strlen(name));
}

static void on_message(struct session_window *w, const struct hawser_event *e)
{
	const char *text = e->u.message.text;

	gui_window_come_back(w);
	/* where one writes, for the next notice would take its place */
	if (g_str_has_suffix(e->u.message.kind, "-unread"))
		gui_chat_undelivered(w->chat);
	else
		gui_notice_show(w->notice, e->u.message.title, text, strlen(text));
}

/* Of a session by the relay more comes to be known: whoever asks why is told the last of it. */
static void explain_way(struct session_window *w)
{
	struct hawser_peer peer = HAWSER_PEER_INIT;

	if (w->session && hawser_session_peer(w->session, &peer) == HAWSER_OK)
		gui_status_line_explain(w->status, &peer, w->session);
}

static void on_stats(struct session_window *w, const struct hawser_event *e)
{
	if (e->u.stats->relayed)
		explain_way(w);
	gui_status_line_show(w->status, e->u.stats, gui_window_only_looks(w),
			gtk_window_is_fullscreen(w->p.window));
}

/* Somebody who works with a slow picture likes to know that it will be better now, or why not. */
static void on_path(struct session_window *w, const struct hawser_event *e)
{
	const char *title = e->u.path.relayed ? "Now by the relay" : "Now direct";

	explain_way(w);
	gui_notice_show_shortly(w->news, title, e->u.path.text, strlen(e->u.path.text));
}

static void on_host_key(struct session_window *w, const char *text)
{
	if (*text)
		gui_notice_show_passing(w->notice, "Key of the host", text, strlen(text));
}

/* Questions want somebody who sees them. */
static void on_question(struct session_window *w, const struct hawser_event *e)
{
	if (e->type == HAWSER_EVENT_PASSWORD) {
		if (e->u.password.reason != HAWSER_PASSWORD_NOT_NEEDED)
			gui_window_come_back(w);
		gui_pages_ask_password(w->pages, e);
		return;
	}
	gui_window_come_back(w);
	gui_pages_ask_insecure(w->pages, e->u.message.kind, e->u.message.title, e->u.message.text);
}

static void on_pointer(struct session_window *w, const struct hawser_event *e)
{
	gui_side_windows_event(w->side, e);
	if (e->type == HAWSER_EVENT_CURSOR)
		gui_canvas_set_cursor(w->p.canvas, e->u.cursor.width, e->u.cursor.height,
				e->u.cursor.hot_x, e->u.cursor.hot_y, e->u.cursor.rgba);
	else
		gui_canvas_set_pointer(w->p.canvas, e->u.position.x, e->u.position.y);
}

void gui_window_event(hawser_session *session, const struct hawser_event *e, void *window)
{
	struct session_window *w = window;

	(void)session;
	if (gui_recording_event(w->recording, e))
		return;
	switch (e->type) {
	case HAWSER_EVENT_STATE:
		on_state(w, e);
		break;
	case HAWSER_EVENT_PASSWORD:
	case HAWSER_EVENT_INSECURE:
		on_question(w, e);
		break;
	case HAWSER_EVENT_READY:
		on_ready(w, e);
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
	case HAWSER_EVENT_CURSOR_POSITION:
		on_pointer(w, e);
		break;
	case HAWSER_EVENT_CLIPBOARD:
	case HAWSER_EVENT_CLIPFILES:
		gui_clipboard_receive(w->clipboard, e);
		break;
	case HAWSER_EVENT_STATS:
		on_stats(w, e);
		break;
	case HAWSER_EVENT_MESSAGE:
		on_message(w, e);
		break;
	case HAWSER_EVENT_CLOSED:
		on_closed(w, e);
		break;
	case HAWSER_EVENT_CHAT:
		gui_window_come_back(w);
		gui_chat_receive(w->chat, e->u.text.utf8, e->u.text.length);
		break;
	case HAWSER_EVENT_HOST_KEY:
		on_host_key(w, e->u.host_key.text);
		break;
	case HAWSER_EVENT_HOST_SOUND:
		w->mute = e->u.host_sound.none;
		gui_window_show_permissions(w);
		break;
	case HAWSER_EVENT_SOUND:
	case HAWSER_EVENT_CALL:
		gui_sound_event(&w->sound, e);
		break;
	case HAWSER_EVENT_PATH:
		on_path(w, e);
		break;
	case HAWSER_EVENT_PERMISSION:
		on_permission(w, e);
		break;
	case HAWSER_EVENT_SCREENSHOT:
		gui_shots_event(w->shots, e);
		break;
	default: /* what sessions of other kinds have */
		break;
	}
}
