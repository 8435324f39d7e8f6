/* A thread asks the network, with a context of its own: it may outlive the window, and the program
 * does not wait for it. Rows are made anew only when there is something else to show. */
#include "client/gtk/lan_list.h"
#include "client/gtk/access.h"
#include "client/gtk/lookout.h"
#include <hawser/lan.h>
#include <string.h>

#define DATA "hawser-lan-list"
#define LOOK_S 5
#define WAIT_MS 1500
#define ROWS_MAX 64u
#define MISSED_MAX 3u /* rounds; datagrams get lost */
#define HEIGHT_MAX 200
#define SAID_US (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)
#define ID_CHARS 13 /* an ID of digits, in groups */

/* What is known of the key that it proved. */
enum known { UNPROVEN, PROVEN, REMEMBERED, ANOTHER };

struct found {
	char *id, *address, *who, *fingerprint;
	uint16_t port;
	unsigned missed; /* rounds without an answer; ASLEEP: only known from before */
};
#define ASLEEP (MISSED_MAX + 1)

/* What the thread has, and what it brings. */
struct round {
	char *config_path;
	GPtrArray *found;
	char *wake;  /* whom first; NULL = nobody */
	bool unsent; /* that went nowhere */
};

struct lan_list {
	hawser_context *context;
	struct gui_lan_list_events events;
	GtkWidget *box;
	GtkListBox *rows;
	GtkLabel *hint;
	GPtrArray *found;
	gint64 said_until; /* the hint tells of a packet that was sent */
	struct gui_lookout *lookout;
};

static void found_free(gpointer data)
{
	struct found *f = data;

	g_free(f->id);
	g_free(f->address);
	g_free(f->who);
	g_free(f->fingerprint);
	g_free(f);
}

static void round_free(gpointer data)
{
	struct round *r = data;

	g_ptr_array_unref(r->found);
	g_free(r->config_path);
	g_free(r->wake);
	g_free(r);
}

/* --- the thread ------------------------------------------------------------------------------- */

static struct found *new_found(const struct hawser_lan_host *h)
{
	struct found *f = g_new0(struct found, 1);

	f->id = g_strdup(h->id);
	f->address = g_strdup(h->address);
	f->who = g_strdup_printf("%s%s%s", h->username, *h->username ? "@" : "", h->hostname);
	f->fingerprint = g_strdup(h->fingerprint);
	f->port = h->direct_port;
	return f;
}

static bool same(const struct found *a, const struct found *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->address, b->address) == 0;
}

/* The same machine by its key, which has answered from several addresses. */
static bool same_machine(const struct found *a, const struct found *b)
{
	return *a->fingerprint && strcmp(a->id, b->id) == 0 &&
			strcmp(a->fingerprint, b->fingerprint) == 0;
}

static bool is_six(const struct found *f)
{
	return strchr(f->address, ':') != NULL;
}

/* The one without a proof gives way to the one with it; of one machine one address is enough. */
static void on_found(const struct hawser_lan_host *h, void *arg)
{
	GPtrArray *list = arg;
	struct found *f;

	if (list->len >= ROWS_MAX)
		return;
	f = new_found(h);
	for (guint i = 0; i < list->len; i++) {
		if (!same(list->pdata[i], f) && !same_machine(list->pdata[i], f))
			continue;
		if (same_machine(list->pdata[i], f) && is_six(f) && !is_six(list->pdata[i])) {
			found_free(f);
			return;
		}
		g_ptr_array_remove_index(list, i);
		break;
	}
	g_ptr_array_add(list, f);
}

static void on_known(const struct hawser_lan_host *h, void *arg)
{
	GPtrArray *list = arg;
	struct found *f;

	for (guint i = 0; i < list->len; i++)
		if (strcmp(((struct found *)list->pdata[i])->id, h->id) == 0)
			return;
	if (list->len >= ROWS_MAX)
		return;
	f = new_found(h);
	f->missed = ASLEEP;
	g_ptr_array_add(list, f);
}

static int search(gpointer question)
{
	struct round *r = question;
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	hawser_context *ctx = NULL;
	int e;

	cc.config_path = r->config_path;
	e = hawser_context_new(&cc, &ctx);
	if (e == HAWSER_OK && r->wake)
		r->unsent = hawser_lan_wake(ctx, r->wake) < 0;
	if (e == HAWSER_OK)
		e = hawser_lan_search(ctx, NULL, 0, WAIT_MS, on_found, r->found);
	if (e >= 0)
		hawser_lan_known(ctx, on_known, r->found);
	hawser_context_free(ctx);
	return e;
}

/* --- the rows --------------------------------------------------------------------------------- */

static char *target_of(const struct found *f)
{
	return !f->port                           ? g_strdup(f->id)
			: strchr(f->address, ':') ? g_strdup_printf("[%s]:%u", f->address, f->port)
						  : g_strdup_printf("%s:%u", f->address, f->port);
}

/* Of the key that is remembered for `target`, compared with the one that was proved. */
static enum known compare(struct lan_list *l, const char *target, const char *fingerprint)
{
	struct hawser_recent *r = NULL;
	enum known k = PROVEN;

	if (hawser_recent_find(l->context, target, &r) < 0)
		return PROVEN;
	if (*r->fingerprint)
		k = strcmp(r->fingerprint, fingerprint) == 0 ? REMEMBERED : ANOTHER;
	hawser_recent_free(r);
	return k;
}

static enum known known_of(struct lan_list *l, const struct found *f)
{
	char *target = target_of(f);
	enum known by_id = UNPROVEN, by_target = UNPROVEN;

	if (*f->fingerprint) {
		by_id = compare(l, f->id, f->fingerprint);
		by_target = compare(l, target, f->fingerprint);
	}
	g_free(target);
	return MAX(by_id, by_target);
}

static const char *known_text(const struct found *f, enum known k)
{
	if (f->missed == ASLEEP)
		return "does not answer";
	switch (k) {
	case REMEMBERED:
		return "has the key that is remembered";
	case PROVEN:
		return "has proved its key";
	case ANOTHER:
		return "has another key than the one that is remembered";
	case UNPROVEN:
		break;
	}
	return "proves nothing: anybody may have said this";
}

/* The same for a row, where there is no room for sentences: what the host is known by first, then
 * where it is. */
static char *state_text(const struct found *f, enum known k)
{
	static const char *const words[] = { [UNPROVEN] = "not proven",
		[PROVEN] = "key proved",
		[REMEMBERED] = "known key",
		[ANOTHER] = "ANOTHER KEY" };

	if (f->missed == ASLEEP)
		return g_strdup("does not answer");
	return g_strdup_printf("%s%s%s", words[k], *f->address ? " · " : "", f->address);
}

/* A proved key must be the one that is met; but what is remembered is not overruled by it. */
static void connect_to(struct lan_list *l, const struct found *f)
{
	char *target = target_of(f);
	bool fresh = *f->fingerprint && f->port && known_of(l, f) != ANOTHER;

	l->events.on_connect(target, fresh ? f->fingerprint : NULL, l->events.arg);
	g_free(target);
}

static struct found *of_row(struct lan_list *l, gpointer object)
{
	guint i = GPOINTER_TO_UINT(g_object_get_data(object, "place"));

	return i && i <= l->found->len ? l->found->pdata[i - 1] : NULL;
}

static void on_row(GtkListBox *list, GtkListBoxRow *row, gpointer arg)
{
	struct lan_list *l = arg;
	const struct found *f = of_row(l, row);

	(void)list;
	if (f && f->missed != ASLEEP)
		connect_to(l, f);
}

static struct round *new_round(const struct lan_list *l, const char *wake)
{
	struct round *r = g_new0(struct round, 1);

	r->found = g_ptr_array_new_with_free_func(found_free);
	r->config_path = g_strdup(hawser_config_path(l->context));
	r->wake = g_strdup(wake);
	return r;
}

static gpointer usual_round(gpointer arg)
{
	return new_round(arg, NULL);
}

static void on_wake(GtkButton *button, gpointer arg)
{
	struct lan_list *l = arg;
	const struct found *f = of_row(l, button);

	if (!f)
		return;
	gtk_label_set_text(l->hint,
			"The packet that wakes it was sent. Nobody answers that: it shows here in a minute "
			"whether it wakes.");
	l->said_until = g_get_monotonic_time() + SAID_US;
	gui_lookout_ask(l->lookout, new_round(l, f->id));
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

static void add_wake(struct lan_list *l, GtkWidget *line, const struct found *f, guint place)
{
	GtkWidget *button = gtk_button_new_with_label("Wake");
	char *name = g_strdup_printf("Wake %s", f->id);

	gui_set_reason(button, name);
	g_object_set_data(G_OBJECT(button), "place", GUINT_TO_POINTER(place));
	g_signal_connect(button, "clicked", G_CALLBACK(on_wake), l);
	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	gtk_widget_set_margin_end(button, 8);
	gtk_box_append(GTK_BOX(line), button);
	g_free(name);
}

static void add_row(struct lan_list *l, const struct found *f, guint place)
{
	GtkWidget *row = gtk_list_box_row_new(),
		  *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	enum known k = known_of(l, f);
	char *id = gui_group_id(f->id);
	char *name = g_strdup_printf("%s %s", id, f->who);
	char *tip = g_strdup_printf("%s%s%s\n%s%s%s", f->address, *f->address ? " · " : "", f->who,
			known_text(f, k), *f->fingerprint ? "\nkey: " : "", f->fingerprint);
	char *state_words = state_text(f, k);
	GtkWidget *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2),
		  *first = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12),
		  *number = new_label(id, NULL), *who = new_label(f->who, "hawser-hint"),
		  *state = new_label(state_words, k == ANOTHER ? "hawser-insecure" : "hawser-hint");

	/* of these two it is the name that may be long, and is cut */
	gtk_label_set_ellipsize(GTK_LABEL(number),
			strlen(id) > ID_CHARS ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
	gtk_widget_set_halign(state, GTK_ALIGN_START);
	gtk_box_append(GTK_BOX(first), number);
	gtk_box_append(GTK_BOX(first), who);
	gtk_box_append(GTK_BOX(texts), first);
	gtk_box_append(GTK_BOX(texts), state);
	gtk_widget_set_hexpand(texts, TRUE);
	gtk_box_append(GTK_BOX(line), texts);
	if (f->missed == ASLEEP)
		add_wake(l, line, f, place);
	gtk_widget_set_tooltip_text(line, tip);
	gtk_widget_set_margin_start(line, 8);
	gtk_widget_set_margin_top(line, 6);
	gtk_widget_set_margin_bottom(line, 6);
	gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), line);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), f->missed != ASLEEP);
	gui_set_name(row, g_strchomp(name));
	g_object_set_data(G_OBJECT(row), "place", GUINT_TO_POINTER(place));
	gtk_list_box_append(l->rows, row);
	g_free(id);
	g_free(name);
	g_free(tip);
	g_free(state_words);
}

static void show(struct lan_list *l)
{
	GtkListBoxRow *row;

	while ((row = gtk_list_box_get_row_at_index(l->rows, 0)))
		gtk_list_box_remove(l->rows, GTK_WIDGET(row));
	for (guint i = 0; i < l->found->len; i++)
		add_row(l, l->found->pdata[i], i + 1);
}

/* --- rounds ----------------------------------------------------------------------------------- */

static struct found *find(GPtrArray *list, const struct found *f)
{
	for (guint i = 0; i < list->len; i++)
		if (same(list->pdata[i], f))
			return list->pdata[i];
	return NULL;
}

/* A row knows its host by the place in the list, so the same hosts stand in the same order, whoever
 * has answered first. */
static gint in_order(gconstpointer a, gconstpointer b)
{
	const struct found *x = *(const struct found *const *)a;
	const struct found *y = *(const struct found *const *)b;
	int by_id = strcmp(x->id, y->id);

	if ((x->missed == ASLEEP) != (y->missed == ASLEEP))
		return x->missed == ASLEEP ? 1 : -1;
	return by_id ? by_id : strcmp(x->address, y->address);
}

/* Nothing that could be seen is another. */
static bool alike(GPtrArray *a, GPtrArray *b)
{
	if (a->len != b->len)
		return false;
	for (guint i = 0; i < a->len; i++) {
		const struct found *x = a->pdata[i], *y = find(b, x);
		if (!y || (x->missed == ASLEEP) != (y->missed == ASLEEP) ||
				strcmp(x->fingerprint, y->fingerprint) != 0 ||
				strcmp(x->who, y->who) != 0 || x->port != y->port)
			return false;
	}
	return true;
}

/* Who did not answer stays for some rounds. */
static void take_over(struct lan_list *l, GPtrArray *now)
{
	for (guint i = 0; i < l->found->len; i++) {
		const struct found *f = l->found->pdata[i];
		struct found *again = find(now, f), *copy;

		if (again && again->missed != ASLEEP)
			continue;
		if (f->missed >= MISSED_MAX || now->len >= ROWS_MAX)
			continue;
		for (guint k = 0; k < now->len; k++) {
			const struct found *o = now->pdata[k];
			if (o->missed == ASLEEP && strcmp(o->id, f->id) == 0) {
				g_ptr_array_remove_index(now, k);
				break;
			}
		}
		copy = g_new0(struct found, 1);
		*copy = (struct found){ g_strdup(f->id), g_strdup(f->address), g_strdup(f->who),
			g_strdup(f->fingerprint), f->port, f->missed + 1 };
		g_ptr_array_add(now, copy);
	}
}

static void on_round(gpointer question, int e, gpointer arg)
{
	struct lan_list *l = arg;
	struct round *r = question;
	bool changed;

	take_over(l, r->found);
	g_ptr_array_sort(r->found, in_order);
	changed = !alike(l->found, r->found);
	g_ptr_array_unref(l->found);
	l->found = g_ptr_array_ref(r->found);
	if (changed)
		show(l);
	if (r->unsent) {
		gtk_label_set_text(l->hint,
				"The packet that wakes it could not be sent: is a network up?");
		l->said_until = g_get_monotonic_time() + SAID_US;
	}
	if (g_get_monotonic_time() < l->said_until)
		return;
	if (e < 0)
		gtk_label_set_text(l->hint, "This computer is in no network that can be asked.");
	else if (l->found->len)
		gtk_label_set_text(l->hint, "");
}

static void list_free(gpointer data)
{
	struct lan_list *l = data;

	gui_lookout_free(l->lookout);
	g_ptr_array_unref(l->found);
	g_free(l);
}

static void on_map(GtkWidget *widget, gpointer arg)
{
	struct lan_list *l = arg;

	(void)widget;
	if (!gui_lookout_asks(l->lookout))
		gui_lookout_ask(l->lookout, NULL);
}

GtkWidget *gui_lan_list_new(hawser_context *context, const struct gui_lan_list_events *events)
{
	struct lan_list *l = g_new0(struct lan_list, 1);
	GtkWidget *scroller = gtk_scrolled_window_new(), *list = gtk_list_box_new();

	l->context = context;
	l->events = *events;
	l->box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
	l->rows = GTK_LIST_BOX(list);
	l->hint = GTK_LABEL(new_label("", "hawser-hint"));
	gtk_label_set_ellipsize(l->hint, PANGO_ELLIPSIZE_NONE);
	gtk_label_set_wrap(l->hint, TRUE);
	l->found = g_ptr_array_new_with_free_func(found_free);
	gui_set_name(list, "Computers in this network");
	gtk_list_box_set_placeholder(
			l->rows, gtk_label_new("Nobody has answered in this network yet."));
	g_signal_connect(list, "row-activated", G_CALLBACK(on_row), l);
	gtk_box_append(GTK_BOX(l->box), new_label("In this network", "hawser-hint"));
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), list);
	gtk_scrolled_window_set_policy(
			GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scroller), TRUE);
	gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scroller), HEIGHT_MAX);
	gtk_box_append(GTK_BOX(l->box), scroller);
	gtk_box_append(GTK_BOX(l->box), GTK_WIDGET(l->hint));
	l->lookout = gui_lookout_new(&(struct gui_lookout_conf){ .box = l->box,
			.every_s = LOOK_S,
			.question = usual_round,
			.ask = search,
			.answered = on_round,
			.free = round_free,
			.arg = l });
	g_signal_connect(l->box, "map", G_CALLBACK(on_map), l);
	g_object_set_data_full(G_OBJECT(l->box), DATA, l, list_free);
	return l->box;
}
