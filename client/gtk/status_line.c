/* The line below the picture. Its words are all that many users know of a session, so they say what
 * is, not what was agreed: not encrypted and not answering stand out. */
#include "client/gtk/status_line.h"
#include <hawser/hawser.h>

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
