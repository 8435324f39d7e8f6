/* The line below the picture. Its words are all that many users know of a session, so they say what
 * is, not what was agreed: not encrypted and not answering stand out. */
#include "client/gtk/status_line.h"
#include "client/gtk/access.h"
#include <hawser/hawser.h>

#define FIGURES "hawser-figures"

static GtkWidget *figures_of(GtkWidget *line)
{
	return g_object_get_data(G_OBJECT(line), FIGURES);
}

static void toggle(GtkWidget *line)
{
	GtkWidget *figures = figures_of(line);

	gtk_widget_set_visible(figures, !gtk_widget_get_visible(figures));
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
	if (key != GDK_KEY_Return && key != GDK_KEY_space &&
			(key != GDK_KEY_Escape || !gtk_widget_get_visible(figures_of(arg))))
		return GDK_EVENT_PROPAGATE;
	toggle(arg);
	return GDK_EVENT_STOP;
}

static void on_close(GtkButton *button, gpointer figures)
{
	(void)button;
	gtk_widget_set_visible(figures, FALSE);
}

/* Full screen has no line, and nothing that belongs to it. */
static void on_unmap(GtkWidget *line, gpointer arg)
{
	(void)arg;
	gtk_widget_set_visible(figures_of(line), FALSE);
}

/* They stay while one works in the picture: whoever looks for what is slow wants both. So they are
 * no popover, which would lie over the messages, too, and keeps the size it opened with. */
static GtkWidget *new_figures(void)
{
	GtkWidget *figures = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *text = gtk_label_new("");
	GtkWidget *close = gtk_button_new_from_icon_name("window-close-symbolic");

	gtk_widget_add_css_class(figures, "background");
	gtk_widget_add_css_class(figures, "hawser-figures");
	gtk_label_set_xalign(GTK_LABEL(text), 0);
	gui_set_name(close, "Close the figures");
	gtk_button_set_has_frame(GTK_BUTTON(close), FALSE);
	gtk_widget_set_focus_on_click(close, FALSE);
	gtk_widget_set_valign(close, GTK_ALIGN_START);
	g_signal_connect(close, "clicked", G_CALLBACK(on_close), figures);
	gtk_box_append(GTK_BOX(figures), text);
	gtk_box_append(GTK_BOX(figures), close);
	gtk_widget_set_halign(figures, GTK_ALIGN_END);
	gtk_widget_set_valign(figures, GTK_ALIGN_END);
	gtk_widget_set_visible(figures, FALSE);
	return figures;
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
	g_object_set_data_full(
			G_OBJECT(line), FIGURES, g_object_ref_sink(new_figures()), g_object_unref);
	g_signal_connect(line, "unmap", G_CALLBACK(on_unmap), NULL);
	return GTK_LABEL(line);
}

GtkWidget *gui_status_line_figures(GtkLabel *line)
{
	return figures_of(GTK_WIDGET(line));
}

/* Each has its row from the beginning: what comes to be known moves nothing. */
static void add_step(GString *text, const char *name, uint64_t us)
{
	if (us)
		g_string_append_printf(text, "\n%-9s %7.1f ms", name, (double)us / 1e3);
	else
		g_string_append_printf(text, "\n%-9s %7s", name, "–");
}

/* The way of a picture from the host's screen to this one. */
static void show_figures(GtkLabel *line, const struct hawser_stats *s)
{
	GtkWidget *figures = figures_of(GTK_WIDGET(line));
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
	gtk_label_set_text(GTK_LABEL(gtk_widget_get_first_child(figures)), text->str);
	g_string_free(text, TRUE);
}

void gui_status_line_show(GtkLabel *line, const struct hawser_stats *stats, bool only_looking,
		bool fullscreen)
{
	const char *codec = hawser_codec_title(stats->codec);
	/* only sessions of that kind can go on by another way */
	const char *tries = stats->encryption == HAWSER_ENCRYPTION_V2 ? ", looking for a way to it"
								      : "";
	char *pace = stats->silent_s
			? g_strdup_printf("NOT ANSWERING for %u s%s", stats->silent_s, tries)
			: stats->rtt_ms
			? g_strdup_printf("%.0f frames/s · %u ms", stats->fps, stats->rtt_ms)
			: g_strdup_printf("%.0f frames/s", stats->fps);
	char *text = g_strdup_printf("%s · %s · %s · %s%s",
			stats->encrypted ? hawser_encryption_text(stats->encryption)
					 : "NOT ENCRYPTED",
			stats->relayed ? "by relay" : "direct", codec, pace,
			only_looking ? " · only looking" : "");

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

/* A session that can move goes from the relay to a direct way when one is found. */
static char *way_text(const struct hawser_peer *peer, hawser_session *session)
{
	struct hawser_verdict v = HAWSER_VERDICT_INIT;

	if (!peer->relayed)
		return g_strdup_printf("Straight to the host, without a relay (%s)", peer->path);
	if (!session || hawser_session_verdict(session, &v) < 0 || !*v.text)
		return g_strdup_printf("By the server's relay (%s)", peer->path);
	return g_strdup_printf(
			"By the server's relay (%s), because: %s%s\n'hawser doctor' tells what "
			"would help",
			peer->path, v.text,
			v.looked ? "\nA direct way is looked for again from time to time" : "");
}

void gui_status_line_explain(
		GtkLabel *line, const struct hawser_peer *peer, hawser_session *session)
{
	bool has_key = peer->fingerprint && *peer->fingerprint;
	const char *before = gtk_widget_get_tooltip_text(GTK_WIDGET(line));
	char *way = way_text(peer, session);
	char *text = g_strdup_printf("%s\n%s%s%s%s%s", way,
			hawser_encryption_text(peer->encryption),
			has_key ? "\nThe host's key: " : "", has_key ? peer->fingerprint : "",
			has_key ? "\n" : "", has_key ? hawser_trust_text(peer->trust) : "");

	if (g_strcmp0(before, text) != 0) /* one that is open would close */
		gtk_widget_set_tooltip_text(GTK_WIDGET(line), text);
	g_free(way);
	g_free(text);
}
