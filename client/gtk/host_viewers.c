/* The host is asked by a thread, for it may take its time. Rows are made anew when others are there
 * than before; else only their switches are set, so that a switch keeps the keyboard. */
#include "client/gtk/host_viewers.h"
#include "client/gtk/access.h"
#include "client/gtk/lookout.h"
#include <hawser/hawser.h>
#include <stdbool.h>

#define DATA "hawser-host-viewers"
#define LOOK_S 2
#define ROWS_MAX 16u
#define HEIGHT_MAX 240 /* then it scrolls */

static const struct {
	enum hawser_permission permission;
	const char *label;
} items[] = {
	{ HAWSER_PERMISSION_KEYBOARD, "Keyboard and mouse" },
	{ HAWSER_PERMISSION_CLIPBOARD, "Clipboard" },
	{ HAWSER_PERMISSION_FILE, "Files" },
	{ HAWSER_PERMISSION_AUDIO, "Sound" },
	{ HAWSER_PERMISSION_RECORDING, "Recording" },
};
#define ITEMS G_N_ELEMENTS(items)

struct row {
	uint64_t conn;
	GtkWidget *check[ITEMS];
	GtkWidget *call, *call_text, *accept, *refuse, *said;
	enum hawser_call state;
};

struct viewers {
	GtkWidget *box, *rows;
	struct row row[ROWS_MAX];
	size_t count;
	bool quiet; /* what changes now was not done by the user */
	struct gui_lookout *lookout;
};

/* What a thread asks the host: something first, and then who is there. */
struct question {
	uint64_t conn; /* 0: nothing first */
	enum { PERMIT, SEND_AWAY, ANSWER } what;
	bool on;
	enum hawser_host_answer answer;
	enum hawser_permission permission;
	struct hawser_host_viewer *list;
	size_t count;
};

static gpointer new_question(gpointer arg)
{
	(void)arg;
	return g_new0(struct question, 1);
}

static void question_free(gpointer data)
{
	struct question *q = data;

	hawser_host_viewers_free(q->list);
	g_free(q);
}

static int ask(gpointer question)
{
	struct question *q = question;

	/* What is refused is seen by what is then. */
	if (q->conn && q->what == SEND_AWAY)
		hawser_host_send_away(q->conn);
	else if (q->conn && q->what == ANSWER)
		hawser_host_call(q->conn, q->answer);
	else if (q->conn)
		hawser_host_permit(q->conn, q->permission, q->on);
	return hawser_host_viewers(&q->list, &q->count);
}

static void on_toggled(GtkCheckButton *button, gpointer arg)
{
	struct viewers *v = arg;
	struct question *q;

	if (v->quiet)
		return;
	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < ITEMS; k++) {
			if (v->row[i].check[k] != GTK_WIDGET(button))
				continue;
			q = g_new0(struct question, 1);
			q->conn = v->row[i].conn;
			q->permission = items[k].permission;
			q->on = gtk_check_button_get_active(button);
			gui_lookout_ask(v->lookout, q);
		}
}

static void on_away(GtkButton *button, gpointer arg)
{
	const uint64_t *conn = g_object_get_data(G_OBJECT(button), "conn");
	struct question *q = g_new0(struct question, 1);

	q->conn = *conn;
	q->what = SEND_AWAY;
	gui_lookout_ask(((struct viewers *)arg)->lookout, q);
}

static GtkWidget *new_label(const char *text, const char *class)
{
	GtkWidget *label = gtk_label_new(text);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
	if (class)
		gtk_widget_add_css_class(label, class);
	return label;
}

static const char *does(const char *kind)
{
	return g_strcmp0(kind, "file") == 0                ? "files"
			: g_strcmp0(kind, "terminal") == 0 ? "terminals"
			: g_strcmp0(kind, "forward") == 0  ? "tunnels"
			: g_strcmp0(kind, "camera") == 0   ? "cameras"
							   : "desktop";
}

static GtkWidget *new_button(struct viewers *v, uint64_t conn, const char *who)
{
	GtkWidget *button = gtk_button_new_with_label("End it");
	char *name = g_strdup_printf("End the session of %s", who);
	uint64_t *copy = g_new(uint64_t, 1);

	*copy = conn;
	g_object_set_data_full(G_OBJECT(button), "conn", copy, g_free);
	gui_set_reason(button, name);
	g_signal_connect(button, "clicked", G_CALLBACK(on_away), v);
	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	g_free(name);
	return button;
}

static void on_answered(GtkButton *button, gpointer arg)
{
	struct viewers *v = arg;
	struct question *q;

	for (size_t i = 0; i < v->count; i++) {
		const struct row *r = &v->row[i];

		if (r->accept != GTK_WIDGET(button) && r->refuse != GTK_WIDGET(button))
			continue;
		q = g_new0(struct question, 1);
		q->conn = r->conn;
		q->what = ANSWER;
		q->answer = r->accept == GTK_WIDGET(button)     ? HAWSER_HOST_CALL_ACCEPT
				: r->state == HAWSER_CALL_RINGS ? HAWSER_HOST_CALL_REJECT
								: HAWSER_HOST_CALL_END;
		gui_lookout_ask(v->lookout, q);
	}
}

/* Where no notification is shown nothing else says that somebody rings. */
static GtkWidget *new_call(struct viewers *v, struct row *r)
{
	r->call = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
	r->call_text = new_label("", NULL);
	r->accept = gtk_button_new_with_label("Answer");
	r->refuse = gtk_button_new_with_label("");
	gtk_widget_add_css_class(r->accept, "suggested-action");
	gui_set_reason(r->accept, "Talk to this viewer: your microphone is heard there");
	gtk_widget_set_hexpand(r->call_text, TRUE);
	g_signal_connect(r->accept, "clicked", G_CALLBACK(on_answered), v);
	g_signal_connect(r->refuse, "clicked", G_CALLBACK(on_answered), v);
	gtk_box_append(GTK_BOX(r->call), r->call_text);
	gtk_box_append(GTK_BOX(r->call), r->accept);
	gtk_box_append(GTK_BOX(r->call), r->refuse);
	gtk_widget_set_visible(r->call, FALSE);
	return r->call;
}

static void show_call(struct row *r, enum hawser_call state)
{
	bool rings = state == HAWSER_CALL_RINGS;

	r->state = state;
	gtk_label_set_text(GTK_LABEL(r->call_text),
			rings ? "Rings: wants to talk to you" : "You are in a voice call");
	gtk_button_set_label(GTK_BUTTON(r->refuse), rings ? "Decline" : "Hang up");
	gtk_widget_set_visible(r->accept, rings);
	gtk_widget_set_visible(r->call, state != HAWSER_CALL_NONE);
}

/* A notification may be gone before it was read, or never shown. */
static void show_said(struct row *r, const char *said)
{
	char *text = g_strdup_printf("\u201c%s\u201d", said);

	gtk_label_set_text(GTK_LABEL(r->said), *said ? text : "");
	gui_set_reason(r->said, "The last message of this viewer; 'hawser-host chat' answers");
	gtk_widget_set_visible(r->said, *said != 0);
	g_free(text);
}

static void add_row(struct viewers *v, const struct hawser_host_viewer *h)
{
	struct row *r = &v->row[v->count++];
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2),
		  *head = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8), *flow = gtk_flow_box_new();
	const char *who = *h->name ? h->name : *h->id ? h->id : h->peer;
	char *first = g_strdup_printf("%s (%s)", who, *h->id ? h->id : h->peer);
	char *second = g_strdup_printf("%s · %s · %s", does(h->kind), h->peer, h->protection);
	GtkWidget *name = new_label(first, NULL);

	r->conn = h->conn;
	gtk_widget_set_hexpand(name, TRUE);
	gtk_box_append(GTK_BOX(head), name);
	gtk_box_append(GTK_BOX(head), new_button(v, h->conn, who));
	gtk_box_append(GTK_BOX(box), head);
	gtk_box_append(GTK_BOX(box), new_label(second, "hawser-hint"));
	r->said = new_label("", NULL);
	gtk_widget_set_visible(r->said, FALSE);
	gtk_box_append(GTK_BOX(box), r->said);
	gtk_box_append(GTK_BOX(box), new_call(v, r));
	gtk_flow_box_set_selection_mode(GTK_FLOW_BOX(flow), GTK_SELECTION_NONE);
	gtk_flow_box_set_max_children_per_line(GTK_FLOW_BOX(flow), ITEMS);
	for (size_t i = 0; i < ITEMS; i++) {
		r->check[i] = gtk_check_button_new_with_label(items[i].label);
		gui_set_reason(r->check[i], "What this viewer may do, from now on");
		g_signal_connect(r->check[i], "toggled", G_CALLBACK(on_toggled), v);
		gtk_flow_box_insert(GTK_FLOW_BOX(flow), r->check[i], -1);
		gtk_widget_set_focusable(gtk_widget_get_parent(r->check[i]), FALSE);
	}
	gtk_box_append(GTK_BOX(box), flow);
	gtk_box_append(GTK_BOX(v->rows), box);
	g_free(first);
	g_free(second);
}

static bool same_rows(const struct viewers *v, const struct question *q)
{
	if (v->count != MIN(q->count, ROWS_MAX))
		return false;
	for (size_t i = 0; i < v->count; i++)
		if (v->row[i].conn != hawser_host_viewer_at(q->list, i)->conn)
			return false;
	return true;
}

static bool may(const struct hawser_host_viewer *h, size_t item)
{
	return h->permitted >> items[item].permission & 1;
}

static void show(struct viewers *v, const struct question *q)
{
	if (!same_rows(v, q)) {
		for (GtkWidget *w; (w = gtk_widget_get_first_child(v->rows));)
			gtk_box_remove(GTK_BOX(v->rows), w);
		v->count = 0;
		for (size_t i = 0; i < q->count && i < ROWS_MAX; i++)
			add_row(v, hawser_host_viewer_at(q->list, i));
	}
	v->quiet = true;
	for (size_t i = 0; i < v->count; i++) {
		show_call(&v->row[i], hawser_host_viewer_at(q->list, i)->call);
		show_said(&v->row[i], hawser_host_viewer_at(q->list, i)->said);
		for (size_t k = 0; k < ITEMS; k++)
			gtk_check_button_set_active(GTK_CHECK_BUTTON(v->row[i].check[k]),
					may(hawser_host_viewer_at(q->list, i), k));
	}
	v->quiet = false;
	gtk_widget_set_visible(v->box, v->count != 0);
}

/* What the user does is asked beside a look that is on its way. */
static void on_answer(gpointer question, int r, gpointer arg)
{
	struct question *q = question;

	if (r < 0)
		q->count = 0; /* no host is here, or none that answers */
	show(arg, q);
}

static void viewers_free(gpointer data)
{
	struct viewers *v = data;

	gui_lookout_free(v->lookout);
	g_free(v);
}

GtkWidget *gui_host_viewers_new(void)
{
	struct viewers *v = g_new0(struct viewers, 1);
	GtkWidget *scroller = gtk_scrolled_window_new();

	v->box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
	v->rows = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
	gtk_box_append(GTK_BOX(v->box), new_label("Connected to this computer", "hawser-title"));
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), v->rows);
	gtk_scrolled_window_set_policy(
			GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scroller), TRUE);
	gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scroller), HEIGHT_MAX);
	gtk_box_append(GTK_BOX(v->box), scroller);
	gtk_widget_set_visible(v->box, FALSE);
	v->lookout = gui_lookout_new(&(struct gui_lookout_conf){ .box = v->box,
			.every_s = LOOK_S,
			.question = new_question,
			.ask = ask,
			.answered = on_answer,
			.free = question_free,
			.arg = v });
	g_object_set_data_full(G_OBJECT(v->box), DATA, v, viewers_free);
	return v->box;
}
