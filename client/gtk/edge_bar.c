/* The window is watched, not what lies in it: whatever frame or widget is at the edge, the pointer
 * arrives there. A fast pointer makes few events: its first may be that it has come in at the edge,
 * its last that it has gone beyond it, to a screen above. */
#include "client/gtk/edge_bar.h"

#define EDGE 3.0  /* logical pixels that count as the edge */
#define AWAY 40.0 /* below the bar */

static bool is_watched(GtkWidget *edge)
{
	GtkRoot *root = gtk_widget_get_root(edge);

	return GTK_IS_WINDOW(root) && gtk_window_is_fullscreen(GTK_WINDOW(root));
}

static void set_shown(GtkWidget *edge, bool shown)
{
	GtkWidget *bar = gtk_revealer_get_child(GTK_REVEALER(edge));

	/* Not while something in it is used: a list that is open, a button the keyboard is at. */
	if (!shown && (gtk_widget_get_state_flags(bar) & GTK_STATE_FLAG_FOCUS_WITHIN))
		return;
	gtk_revealer_set_reveal_child(GTK_REVEALER(edge), shown);
}

static void on_motion(GtkEventControllerMotion *controller, double x, double y, gpointer arg)
{
	GtkWidget *edge = arg;

	(void)controller;
	(void)x;
	if (!is_watched(edge))
		return;
	if (y < EDGE)
		set_shown(edge, true);
	else if (y > gtk_widget_get_height(gtk_revealer_get_child(GTK_REVEALER(edge))) + AWAY)
		set_shown(edge, false);
}

static void on_leave(GtkEventControllerMotion *controller, gpointer arg)
{
	GdkEvent *event = gtk_event_controller_get_current_event(GTK_EVENT_CONTROLLER(controller));
	double x, y;

	if (is_watched(arg) && event && gdk_event_get_position(event, &x, &y))
		set_shown(arg, y < EDGE);
}

static void on_fullscreen(GtkWindow *window, GParamSpec *param, gpointer arg)
{
	(void)param;
	gtk_widget_set_visible(arg, gtk_window_is_fullscreen(window));
	gtk_revealer_set_reveal_child(GTK_REVEALER(arg), FALSE);
}

GtkWidget *gui_edge_bar_new(GtkWindow *window, GtkWidget *content)
{
	GtkWidget *edge = gtk_revealer_new();
	GtkEventController *motion = gtk_event_controller_motion_new();

	gtk_widget_add_css_class(content, "hawser-bar");
	gtk_widget_add_css_class(content, "background");
	gtk_revealer_set_child(GTK_REVEALER(edge), content);
	gtk_widget_set_halign(edge, GTK_ALIGN_CENTER);
	gtk_widget_set_valign(edge, GTK_ALIGN_START);
	gtk_widget_set_visible(edge, FALSE);
	gtk_event_controller_set_propagation_phase(motion, GTK_PHASE_CAPTURE);
	g_signal_connect_object(motion, "enter", G_CALLBACK(on_motion), edge, 0);
	g_signal_connect_object(motion, "motion", G_CALLBACK(on_motion), edge, 0);
	g_signal_connect_object(motion, "leave", G_CALLBACK(on_leave), edge, 0);
	gtk_widget_add_controller(GTK_WIDGET(window), motion);
	g_signal_connect_object(window, "notify::fullscreened", G_CALLBACK(on_fullscreen), edge, 0);
	return edge;
}

void gui_edge_bar_show(GtkWidget *edge)
{
	GtkRevealer *revealer = GTK_REVEALER(edge);

	if (!is_watched(edge))
		return;
	/* At once: what still slides in cannot take the focus. */
	gtk_revealer_set_transition_type(revealer, GTK_REVEALER_TRANSITION_TYPE_NONE);
	set_shown(edge, true);
	gtk_revealer_set_transition_type(revealer, GTK_REVEALER_TRANSITION_TYPE_SLIDE_DOWN);
}
