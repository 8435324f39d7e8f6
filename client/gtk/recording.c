/* Nobody records, or is recorded, without seeing it: a red mark stays over the picture as long as
 * it lasts. */
#include "client/gtk/recording.h"
#include "client/gtk/access.h"
#include "client/gtk/notice.h"
#include <string.h>

struct gui_recording {
	GtkWidget *mark, *notice, *bar, *edge_bar;
	bool here, at_host;
};

static void show_mark(struct gui_recording *r)
{
	const char *text = r->here && r->at_host ? "\u25cf Recording, here and at the host"
			: r->here                ? "\u25cf Recording"
						 : "\u25cf The host records this session";

	gtk_widget_set_visible(r->mark, r->here || r->at_host);
	gtk_label_set_text(GTK_LABEL(r->mark), text);
	gui_toolbar_set_on(r->bar, GUI_ACTION_RECORD, r->here);
	gui_toolbar_set_on(r->edge_bar, GUI_ACTION_RECORD, r->here);
}

struct gui_recording *gui_recording_new(GtkWidget *notice, GtkWidget *bar, GtkWidget *edge_bar)
{
	struct gui_recording *r = g_new0(struct gui_recording, 1);

	r->notice = notice;
	r->bar = bar;
	r->edge_bar = edge_bar;
	r->mark = g_object_new(GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_STATUS, NULL);
	gtk_widget_add_css_class(r->mark, "hawser-recording");
	gtk_widget_set_halign(r->mark, GTK_ALIGN_END);
	gtk_widget_set_valign(r->mark, GTK_ALIGN_START);
	gtk_widget_set_can_target(r->mark, FALSE); /* clicks are the picture's */
	gtk_widget_set_visible(r->mark, FALSE);
	g_object_set_data_full(G_OBJECT(r->mark), "hawser-recording", r, g_free);
	return r;
}

GtkWidget *gui_recording_mark(struct gui_recording *r)
{
	return r->mark;
}

static void say(struct gui_recording *r, const char *title, const char *text)
{
	gui_notice_show(r->notice, title, text, strlen(text));
}

void gui_recording_set(struct gui_recording *r, hawser_session *session, bool on)
{
	if (!on)
		hawser_session_record_stop(session);
	else if (hawser_session_record_start(session, HAWSER_ALL_DISPLAYS, NULL) < 0)
		say(r, "Not recording", hawser_last_error());
	if (on)
		show_mark(r); /* the button shows what is, not what was wished */
}

static void on_recording(struct gui_recording *r, const struct hawser_event *e)
{
	const char *path = e->u.recording.path;
	char *text;

	r->here = e->u.recording.running;
	show_mark(r);
	if (r->here) {
		say(r, "Recording to", path);
	} else if (e->u.recording.error < 0 && !e->u.recording.resumes) {
		text = g_strdup_printf("%s: %s", path, hawser_strerror(e->u.recording.error));
		say(r, "The recording ended", text);
		g_free(text);
	} else {
		say(r, "Recorded", path);
	}
}

bool gui_recording_event(struct gui_recording *r, const struct hawser_event *e)
{
	if (e->type == HAWSER_EVENT_RECORDING) {
		on_recording(r, e);
		return true;
	}
	if (e->type == HAWSER_EVENT_CLOSED ||
			(e->type == HAWSER_EVENT_STATE && e->u.state.state != HAWSER_STATE_READY)) {
		r->at_host = false;
		show_mark(r);
		return false;
	}
	if (e->type != HAWSER_EVENT_HOST_RECORDING)
		return false;
	r->at_host = e->u.host_recording.running;
	show_mark(r);
	return true;
}
