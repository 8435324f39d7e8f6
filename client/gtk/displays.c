/* Both bars show the same: what is on is set in both, by what was wished and by what the host says
 * of it. */
#include "client/gtk/displays.h"
#include "client/gtk/notice.h"
#include "shared/base/str.h"
#include <string.h>

struct gui_displays {
	GuiCanvas *canvas;
	GtkWidget *bar[2], *notice;
	struct gui_side_windows *side;
	hawser_session *session;
	size_t current, count;
	bool all, actual_size, stretch;
	/* of the command line; once */
	size_t want; /* from 1; 0 = none */
	uint32_t width, height;
	bool plug, dark;
	bool windows; /* each display has one of its own, also those that come */
};

static void set_on(struct gui_displays *d, enum gui_action action, bool on)
{
	for (size_t i = 0; i < 2; i++)
		gui_toolbar_set_on(d->bar[i], action, on);
}

static void set_scale(struct gui_displays *d, bool actual, bool stretch)
{
	d->actual_size = actual;
	d->stretch = stretch;
	gui_canvas_set_scale(d->canvas,
			actual                    ? GUI_SCALE_ACTUAL
					: stretch ? GUI_SCALE_STRETCH
						  : GUI_SCALE_FIT);
	set_on(d, GUI_ACTION_SCALE, actual);
	set_on(d, GUI_ACTION_STRETCH, stretch);
}

static void set_option(
		struct gui_displays *d, enum hawser_option option, enum gui_action action, bool on)
{
	hawser_session_set_option(d->session, option, on);
	set_on(d, action, on);
}

struct gui_displays *gui_displays_new(GuiCanvas *canvas, GtkWidget *bar, GtkWidget *edge_bar,
		GtkWidget *notice, struct gui_side_windows *side)
{
	struct gui_displays *d = g_new0(struct gui_displays, 1);

	d->canvas = canvas;
	d->bar[0] = bar;
	d->bar[1] = edge_bar;
	d->notice = notice;
	d->side = side;
	return d;
}

void gui_displays_free(struct gui_displays *d)
{
	g_free(d);
}

void gui_displays_begin(
		struct gui_displays *d, hawser_session *session, const struct gui_launch *launch)
{
	d->session = session;
	if (!launch)
		return;
	set_scale(d, launch->actual_size, false);
	d->want = launch->display;
	d->all = launch->all_displays;
	d->windows = launch->windows;
	d->width = launch->width;
	d->height = launch->height;
	d->plug = launch->virtual_display;
	d->dark = launch->privacy;
	if (!session)
		return;
	if (d->all)
		hawser_session_set_option(session, HAWSER_OPTION_ALL_DISPLAYS, 1);
	if (launch->follow & 1)
		set_option(d, HAWSER_OPTION_FOLLOW_CURSOR, GUI_ACTION_FOLLOW_POINTER, true);
	if (launch->follow & 2)
		set_option(d, HAWSER_OPTION_FOLLOW_WINDOW, GUI_ACTION_FOLLOW_WINDOW, true);
	if (launch->block_input)
		set_option(d, HAWSER_OPTION_BLOCK_INPUT, GUI_ACTION_BLOCK, true);
}

/* As the command line says; once, for later the buttons do. */
static void wish_once(struct gui_displays *d, const struct hawser_peer *peer)
{
	size_t want = d->want ? d->want - 1 : peer->current_display;

	if (d->plug)
		hawser_session_plug_display(d->session, 1, true);
	if (d->want > d->count && d->plug) { /* it is the one that comes */
		d->plug = false;
		return;
	}
	if (d->want &&
			(want >= d->count ||
					(want != d->current &&
							hawser_session_switch_display(
									d->session, want) < 0)))
		gui_notice_show(d->notice, "The host has no such display", "this one is its choice",
				22);
	else if (d->width)
		hawser_session_resize_display(d->session, want, d->width, d->height);
	if (d->dark)
		hawser_session_privacy(d->session, true);
	d->want = 0;
	d->width = 0;
	d->plug = d->dark = false;
}

static void tell_gone(struct gui_displays *d, size_t count_before, size_t count)
{
	char *text;

	if (count >= count_before || d->all)
		return;
	text = g_strdup_printf("display %zu of %zu is shown", d->current + 1, count);
	gui_notice_show_passing(d->notice, "A display of the host has gone", text, strlen(text));
	g_free(text);
}

static void say_error(struct gui_displays *d, const char *title)
{
	const char *why = hawser_last_error();

	gui_notice_show(d->notice, title, why, strlen(why));
}

/* A display that is followed is the only one. */
static void deny_following(struct gui_displays *d)
{
	const char *why = d->all || gui_side_windows_open(d->side)
			? "Not while several displays are shown"
			: NULL;

	for (size_t i = 0; i < 2; i++) {
		gui_toolbar_set_denied(d->bar[i], GUI_ACTION_FOLLOW_POINTER, why);
		gui_toolbar_set_denied(d->bar[i], GUI_ACTION_FOLLOW_WINDOW, why);
	}
}

static void show_windows(struct gui_displays *d)
{
	for (size_t i = 0; i < 2; i++)
		gui_toolbar_set_windows(d->bar[i], gui_side_windows_open(d->side));
	deny_following(d);
}

void gui_displays_windows(struct gui_displays *d, guint32 open)
{
	size_t n = 0;

	for (; open; open &= open - 1)
		n++;
	/* one was closed by hand: those that come need none either */
	d->windows = d->windows && n + 1 >= d->count;
	show_windows(d);
}

void gui_displays_leave(struct gui_displays *d)
{
	guint32 open = gui_side_windows_open(d->side);
	size_t first = 0;

	d->windows = false; /* one was closed by hand, as in gui_displays_windows */
	while (first < 31 && !(open >> first & 1))
		first++;
	if (open && (d->all || !(open >> d->current & 1)))
		hawser_session_switch_display(d->session, first);
}

/* All but the one of the first window. */
static void open_windows(struct gui_displays *d)
{
	for (size_t i = 0; d->windows && i < d->count; i++)
		if (i != d->current && !gui_side_windows_set_open(d->side, i, true)) {
			d->windows = false;
			say_error(d, "No windows for displays");
		}
}

static void open_all(struct gui_displays *d)
{
	if (d->all)
		hawser_session_switch_display(d->session, d->current);
	d->windows = true;
	open_windows(d);
	show_windows(d);
}

void gui_displays_listed(struct gui_displays *d, const struct hawser_peer *peer, bool ready)
{
	size_t before = d->count;
	int all = 0;

	hawser_session_get_option(d->session, HAWSER_OPTION_ALL_DISPLAYS, &all);
	d->all = all && peer->display_count > 1;
	d->count = peer->display_count;
	d->current = peer->current_display;
	gui_canvas_set_displays(d->canvas, peer, d->all);
	for (size_t i = 0; i < 2; i++)
		gui_toolbar_set_displays(d->bar[i], peer, d->all);
	gui_side_windows_listed(d->side, peer, ready);
	if (ready || d->count > before)
		open_windows(d);
	show_windows(d);
	if (ready || (d->want && d->want <= d->count))
		wish_once(d, peer);
	if (!ready)
		tell_gone(d, before, d->count);
	if (!ready)
		gui_canvas_update(d->canvas, d->current);
}

void gui_displays_privacy(struct gui_displays *d, const struct hawser_event *e)
{
	bool is_mode = e->u.privacy.what == HAWSER_PRIVACY_MODE;

	set_on(d, is_mode ? GUI_ACTION_DARK : GUI_ACTION_BLOCK, e->u.privacy.on);
	if (!is_mode && !e->u.privacy.on) /* not to be wished again with the next connection */
		hawser_session_set_option(d->session, HAWSER_OPTION_BLOCK_INPUT, 0);
	if (*e->u.privacy.text)
		gui_notice_show(d->notice, is_mode ? "Privacy mode" : "Blocked input",
				e->u.privacy.text, strlen(e->u.privacy.text));
}

bool gui_displays_frame(struct gui_displays *d, size_t display)
{
	if (!d->all && display != d->current)
		return false; /* of a window of its own, or late */
	gui_canvas_update(d->canvas, display);
	return true;
}

/* What the canvas has room for, in the screen's own pixels; sides that every encoder takes. */
static void fit_to_window(struct gui_displays *d)
{
	int factor = gtk_widget_get_scale_factor(GTK_WIDGET(d->canvas));
	int width = gtk_widget_get_width(GTK_WIDGET(d->canvas)) * factor & ~7;
	int height = gtk_widget_get_height(GTK_WIDGET(d->canvas)) * factor & ~1;

	if (width > 0 && height > 0)
		hawser_session_resize_display(
				d->session, d->current, (uint32_t)width, (uint32_t)height);
}

static void choose_display(struct gui_displays *d, int value)
{
	if (value == GUI_DISPLAY_ALL)
		hawser_session_set_option(d->session, HAWSER_OPTION_ALL_DISPLAYS, 1);
	else
		hawser_session_switch_display(d->session, (size_t)value);
}

bool gui_displays_act(struct gui_displays *d, enum gui_action action, int value)
{
	switch (action) {
	case GUI_ACTION_SCALE:
		set_scale(d, value, false);
		return true;
	case GUI_ACTION_STRETCH:
		set_scale(d, false, value);
		return true;
	case GUI_ACTION_DISPLAY:
		choose_display(d, value);
		return true;
	case GUI_ACTION_FOLLOW_POINTER:
		set_option(d, HAWSER_OPTION_FOLLOW_CURSOR, action, value);
		return true;
	case GUI_ACTION_FOLLOW_WINDOW:
		set_option(d, HAWSER_OPTION_FOLLOW_WINDOW, action, value);
		return true;
	case GUI_ACTION_BLOCK:
		set_option(d, HAWSER_OPTION_BLOCK_INPUT, action, value);
		return true;
	case GUI_ACTION_DARK:
		set_on(d, action, !value); /* until the host says so */
		hawser_session_privacy(d->session, value);
		return true;
	case GUI_ACTION_SIZE:
		if (value == GUI_SIZE_FIT)
			fit_to_window(d);
		else
			hawser_session_resize_display(d->session, d->current, (uint32_t)value >> 16,
					(uint32_t)value & 0xffff);
		return true;
	case GUI_ACTION_WINDOW:
		if (!gui_side_windows_set_open(d->side, (size_t)value >> 1, value & 1))
			say_error(d, "No window for this display");
		show_windows(d);
		return true;
	case GUI_ACTION_WINDOWS:
		open_all(d);
		return true;
	case GUI_ACTION_PLUG:
		hawser_session_plug_display(d->session, value ? 1 : -1, value);
		return true;
	default:
		return false;
	}
}
