/* What buttons, lists and key combinations do to the session of a window. */
#include "client/gtk/window_parts.h"
#include <string.h>

static void say_error(struct session_window *w, const char *title)
{
	const char *why = hawser_last_error();

	gui_notice_show(w->notice, title, why, strlen(why));
}

/* In both bars. */
static void show_value(struct session_window *w, enum gui_action action, int value)
{
	gui_toolbar_set_value(w->p.bar, action, value);
	gui_toolbar_set_value(w->p.edge_bar, action, value);
}

void gui_window_deny(struct session_window *w, enum gui_action action, const char *why)
{
	gui_toolbar_set_denied(w->p.bar, action, why);
	gui_toolbar_set_denied(w->p.edge_bar, action, why);
}

/* The lists of the menu that are options of the session as they are. */
static const struct {
	enum gui_action action;
	enum hawser_option option;
} options[] = {
	{ GUI_ACTION_FPS, HAWSER_OPTION_FPS },
	{ GUI_ACTION_CODEC, HAWSER_OPTION_CODEC },
	{ GUI_ACTION_CHROMA, HAWSER_OPTION_CHROMA },
	{ GUI_ACTION_CLIPBOARD, HAWSER_OPTION_CLIPBOARD },
	{ GUI_ACTION_VIEW_ONLY, HAWSER_OPTION_VIEW_ONLY },
	{ GUI_ACTION_LOCK_AFTER, HAWSER_OPTION_LOCK_AFTER },
	{ GUI_ACTION_VOLUME, HAWSER_OPTION_VOLUME },
};

void gui_window_show_options(struct session_window *w)
{
	int value;

	for (size_t i = 0; w->session && i < G_N_ELEMENTS(options); i++) {
		if (hawser_session_get_option(w->session, options[i].option, &value) < 0)
			continue;
		if (options[i].option == HAWSER_OPTION_FPS && !value)
			value = 30; /* what hosts do unasked */
		show_value(w, options[i].action, value);
	}
	if (!w->session || hawser_session_get_option(w->session, HAWSER_OPTION_QUALITY, &value) < 0)
		return;
	gui_toolbar_set_quality(w->p.bar, (enum hawser_quality)value);
	gui_toolbar_set_quality(w->p.edge_bar, (enum hawser_quality)value);
}

#define NO_SOUND "This host has no sound"

/* What a button needs of the host. */
static const struct {
	enum gui_action action;
	enum hawser_permission needs;
	bool sends; /* input: not while one only looks on */
} needs[] = {
	{ GUI_ACTION_CTRL_ALT_DEL, HAWSER_PERMISSION_KEYBOARD, true },
	{ GUI_ACTION_GRAB, HAWSER_PERMISSION_KEYBOARD, true },
	{ GUI_ACTION_LOCK, HAWSER_PERMISSION_KEYBOARD, true },
	{ GUI_ACTION_RECORD, HAWSER_PERMISSION_RECORDING, false },
	{ GUI_ACTION_SOUND, HAWSER_PERMISSION_AUDIO, false },
	{ GUI_ACTION_VOLUME, HAWSER_PERMISSION_AUDIO, false },
	{ GUI_ACTION_CLIPBOARD, HAWSER_PERMISSION_CLIPBOARD, true },
	{ GUI_ACTION_RESTART, HAWSER_PERMISSION_RESTART, false },
	{ GUI_ACTION_BLOCK, HAWSER_PERMISSION_BLOCK_INPUT, false },
	{ GUI_ACTION_DARK, HAWSER_PERMISSION_PRIVACY_MODE, false },
};

bool gui_window_only_looks(struct session_window *w)
{
	int looks = 0;

	if (w->session)
		hawser_session_get_option(w->session, HAWSER_OPTION_VIEW_ONLY, &looks);
	return looks;
}

static gboolean on_key(GtkEventControllerKey *controller, guint key, guint code,
		GdkModifierType state, gpointer arg)
{
	static const char text[] = "what you type does not go to the host (More: Only look on)";
	struct session_window *w = arg;

	GdkEvent *event = gtk_event_controller_get_current_event(GTK_EVENT_CONTROLLER(controller));

	(void)key;
	(void)code;
	/* of combinations most stay here */
	if (w->looks_told || !event || gdk_key_event_is_modifier(event) || !w->ready ||
			state & (GDK_CONTROL_MASK | GDK_ALT_MASK) ||
			gtk_window_get_focus(w->p.window) != GTK_WIDGET(w->p.canvas) ||
			!gui_window_only_looks(w))
		return GDK_EVENT_PROPAGATE;
	w->looks_told = true;
	gui_notice_show_passing(w->notice, "You only look on", text, sizeof(text) - 1);
	return GDK_EVENT_PROPAGATE;
}

void gui_window_watch_keys(struct session_window *w)
{
	GtkEventController *keys = gtk_event_controller_key_new();

	gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
	g_signal_connect(keys, "key-pressed", G_CALLBACK(on_key), w);
	gtk_widget_add_controller(GTK_WIDGET(w->p.window), keys);
}

void gui_window_show_permissions(struct session_window *w)
{
	bool looks = gui_window_only_looks(w);

	if (!w->session)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
		const char *why = !hawser_session_permitted(w->session, needs[i].needs)
				? "The host does not permit it"
				: looks && needs[i].sends ? "Not while you only look on"
				: w->mute && needs[i].needs == HAWSER_PERMISSION_AUDIO ? NO_SOUND
										       : NULL;

		gui_window_deny(w, needs[i].action, why);
		if (needs[i].action == GUI_ACTION_CTRL_ALT_DEL ||
				needs[i].action == GUI_ACTION_GRAB)
			gui_side_windows_set_denied(w->side, needs[i].action, why);
	}
}

static void set_option(struct session_window *w, enum gui_action action, int value)
{
	size_t i = 0;

	while (i + 1 < G_N_ELEMENTS(options) && options[i].action != action)
		i++;
	if (hawser_session_set_option(w->session, options[i].option, value) < 0)
		say_error(w, "Not changed");
	gui_window_show_options(w); /* in both bars, and what is */
	if (action != GUI_ACTION_VIEW_ONLY)
		return;
	w->looks_told = false;
	gui_window_show_permissions(w);
}

static void set_keyboard(struct session_window *w, int mode)
{
	/* What is down was pressed in the other way. */
	hawser_session_release_keys(w->session);
	hawser_session_set_option(w->session, HAWSER_OPTION_KEYBOARD_MODE, mode);
	gui_toolbar_set_keyboard(w->p.bar, (enum hawser_keyboard_mode)mode);
	gui_toolbar_set_keyboard(w->p.edge_bar, (enum hawser_keyboard_mode)mode);
}

static void take_picture(struct session_window *w, enum gui_action action)
{
	struct hawser_peer peer = HAWSER_PEER_INIT;
	GdkTexture *picture;

	if (action == GUI_ACTION_SAVE_HOSTS || action == GUI_ACTION_COPY_HOSTS) {
		if (hawser_session_peer(w->session, &peer) == HAWSER_OK)
			gui_shots_ask(w->shots, peer.current_display,
					action == GUI_ACTION_COPY_HOSTS);
		return;
	}
	picture = gui_canvas_picture(w->p.canvas);
	gui_shots_take(w->shots, picture, action == GUI_ACTION_COPY);
	g_clear_object(&picture);
}

static void talk(struct session_window *w)
{
	gui_chat_open(w->chat, !gtk_widget_get_visible(w->chat));
}

/* What is done to the host's machine. */
static void act_there(struct session_window *w, enum gui_action action)
{
	int r = action == GUI_ACTION_RESTART         ? hawser_session_restart_host(w->session)
			: action == GUI_ACTION_SIDES ? hawser_session_switch_sides(w->session)
			: action == GUI_ACTION_LOCK  ? hawser_session_lock_screen(w->session)
						     : hawser_session_ctrl_alt_del(w->session);

	if (r < 0)
		say_error(w,
				action == GUI_ACTION_RESTART                 ? "Not restarted"
						: action == GUI_ACTION_SIDES ? "Sides not changed"
									     : "Not sent");
}

void gui_window_act(enum gui_action action, int value, gpointer window)
{
	struct session_window *w = window;

	if (gui_picture_window_act(&w->p, action, value) ||
			gui_displays_act(w->displays, action, value))
		return;
	switch (action) {
	case GUI_ACTION_REFRESH:
		hawser_session_refresh(w->session, -1);
		break;
	case GUI_ACTION_KEYBOARD:
		set_keyboard(w, value);
		break;
	case GUI_ACTION_QUALITY:
		hawser_session_set_option(w->session, HAWSER_OPTION_QUALITY, value);
		gui_window_show_options(w);
		break;
	case GUI_ACTION_RECORD:
		gui_recording_set(w->recording, w->session, value);
		break;
	case GUI_ACTION_CHAT:
		talk(w);
		break;
	case GUI_ACTION_DISCONNECT:
		gui_window_end(w);
		break;
	case GUI_ACTION_SOUND:
	case GUI_ACTION_CALL:
		gui_sound_act(&w->sound, action, value);
		break;
	case GUI_ACTION_MAIN:
		gtk_window_present(w->p.window);
		break;
	case GUI_ACTION_SAVE:
	case GUI_ACTION_COPY:
	case GUI_ACTION_SAVE_HOSTS:
	case GUI_ACTION_COPY_HOSTS:
		take_picture(w, action);
		break;
	case GUI_ACTION_CTRL_ALT_DEL:
	case GUI_ACTION_LOCK:
	case GUI_ACTION_RESTART:
	case GUI_ACTION_SIDES:
		act_there(w, action);
		break;
	default: /* of the displays, or an option */
		set_option(w, action, value);
		break;
	}
}

void gui_window_hotkey(guint keyval, gpointer window)
{
	struct session_window *w = window;

	if (gdk_keyval_to_lower(keyval) != GDK_KEY_m || !w->ready)
		return;
	gui_window_come_back(w);
	talk(w);
}
