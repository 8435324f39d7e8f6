/* The line below the picture. Its words are all that many users know of a session, so they say what
 * is, not what was agreed: not encrypted and not answering stand out. */
#include "client/gtk/status_line.h"
#include <hawser/hawser.h>

#define FIGURES "hawser-figures"

static void toggle(GtkWidget *line)
{
	GtkPopover *figures = g_object_get_data(G_OBJECT(line), FIGURES);

	if (gtk_widget_get_visible(GTK_WIDGET(figures)))
		gtk_popover_popdown(figures);
	else
		gtk_popover_popup(figures);
}

static void on_click(GtkGestureClick *gesture, int presses, double x, double y, gpointer arg)
{
	(void)gesture;
	(void)presses;
	(void)x;
	(void)y;
	toggle(arg);
}

static gboolean on_key(GtkEventControllerKey *controller, guint key, guint code,
		GdkModifierType state, gpointer arg)
{
	(void)controller;
	(void)code;
	(void)state;
	if (key != GDK_KEY_Return && key != GDK_KEY_space)
		return GDK_EVENT_PROPAGATE;
	toggle(arg);
	return GDK_EVENT_STOP;
}

static void on_destroy(GtkWidget *line, gpointer figures)
{
	(void)line;
	gtk_widget_unparent(figures);
}

/* It stays while one works in the picture: whoever looks for what is slow wants both. */
static void add_figures(GtkWidget *line)
{
	GtkWidget *figures = gtk_popover_new(), *text = gtk_label_new("");

	gtk_widget_add_css_class(text, "hawser-figures");
	gtk_label_set_xalign(GTK_LABEL(text), 0);
	gtk_popover_set_child(GTK_POPOVER(figures), text);
	gtk_popover_set_autohide(GTK_POPOVER(figures), FALSE);
	gtk_popover_set_position(GTK_POPOVER(figures), GTK_POS_TOP);
	gtk_widget_set_halign(figures, GTK_ALIGN_START);
	gtk_widget_set_parent(figures, line);
	g_object_set_data(G_OBJECT(line), FIGURES, figures);
	g_signal_connect(line, "destroy", G_CALLBACK(on_destroy), figures);
}

GtkLabel *gui_status_line_new(void)
{
	GtkWidget *line = g_object_new(
			GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_STATUS, NULL);
	GtkGesture *click = gtk_gesture_click_new();
	GtkEventController *key = gtk_event_controller_key_new();

	gtk_widget_add_css_class(line, "hawser-status");
	gtk_label_set_xalign(GTK_LABEL(line), 0);
	gtk_label_set_ellipsize(GTK_LABEL(line), PANGO_ELLIPSIZE_END);
	gtk_widget_set_focusable(line, TRUE);
	g_signal_connect(click, "released", G_CALLBACK(on_click), line);
	g_signal_connect(key, "key-pressed", G_CALLBACK(on_key), line);
	gtk_widget_add_controller(line, GTK_EVENT_CONTROLLER(click));
	gtk_widget_add_controller(line, key);
	add_figures(line);
	return GTK_LABEL(line);
}

static void add_step(GString *text, const char *name, uint64_t us)
{
	if (us)
		g_string_append_printf(text, "\n%-9s %7.1f ms", name, (double)us / 1e3);
}

/* The way of a picture from the host's screen to this one. */
static void show_figures(GtkLabel *line, const struct hawser_stats *s)
{
	GtkWidget *figures = g_object_get_data(G_OBJECT(line), FIGURES);
	GString *text = g_string_new(NULL);
	uint64_t sum = (uint64_t)s->capture_us + s->convert_us + s->encode_us + s->send_us +
			s->network_us + s->decode_us + s->present_us;

	g_string_append_printf(text, "%s, %.0f frames/s, %" G_GUINT64_FORMAT " dropped",
			hawser_codec_title(s->codec), s->fps, s->frames_dropped);
	if (s->target_kbit)
		g_string_append_printf(text, "\nthe host aims at %u kbit/s", s->target_kbit);
	add_step(text, "capture", s->capture_us);
	add_step(text, "convert", s->convert_us);
	add_step(text, "encode", s->encode_us);
	add_step(text, "send", s->send_us);
	add_step(text, "network", s->network_us);
	add_step(text, "decode", s->decode_us);
	add_step(text, "present", s->present_us);
	add_step(text, "together", sum);
	gtk_label_set_text(GTK_LABEL(gtk_popover_get_child(GTK_POPOVER(figures))), text->str);
	g_string_free(text, TRUE);
}

void gui_status_line_show(GtkLabel *line, const struct hawser_stats *stats, bool fullscreen)
{
	const char *codec = hawser_codec_title(stats->codec);
	char *pace = stats->silent_s ? g_strdup_printf("NOT ANSWERING for %u s", stats->silent_s)
			: stats->rtt_ms
			? g_strdup_printf("%.0f frames/s · %u ms", stats->fps, stats->rtt_ms)
			: g_strdup_printf("%.0f frames/s", stats->fps);
	char *text = g_strdup_printf("%s · %s · %s · %s",
			stats->encrypted ? hawser_encryption_text(stats->encryption)
					 : "NOT ENCRYPTED",
			stats->relayed ? "by relay" : "direct", codec, pace);

	gtk_label_set_text(line, text);
	g_free(pace);
	/* In full screen the line is hidden, but a picture that stands still must not pass for a
	 * live one. */
	gtk_widget_set_visible(GTK_WIDGET(line), stats->silent_s || !fullscreen);
	if (stats->encrypted)
		gtk_widget_remove_css_class(GTK_WIDGET(line), "hawser-insecure");
	else
		gtk_widget_add_css_class(GTK_WIDGET(line), "hawser-insecure");
	g_free(text);
	show_figures(line, stats);
}

void gui_status_line_explain(GtkLabel *line, const struct hawser_peer *peer)
{
	bool has_key = peer->fingerprint && *peer->fingerprint;
	char *text = g_strdup_printf("%s%s%s%s%s", hawser_encryption_text(peer->encryption),
			has_key ? "\nThe host's key: " : "", has_key ? peer->fingerprint : "",
			has_key ? "\n" : "", has_key ? hawser_trust_text(peer->trust) : "");

	gtk_widget_set_tooltip_text(GTK_WIDGET(line), text);
	g_free(text);
}
