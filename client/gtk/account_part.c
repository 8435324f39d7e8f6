/* A thread asks the API server, with a context of its own: it may outlive the window, and the
 * program does not wait for it. A second factor it asks for by the window, and waits. */
#include "client/gtk/account_part.h"
#include "client/gtk/access.h"
#include <hawser/account.h>
#include <string.h>

#define DATA "hawser-account"
#define CODE_WAIT_US (G_GINT64_CONSTANT(300) * G_USEC_PER_SEC) /* as servers wait for it */

enum what { LOG_IN, LOG_OUT, CHECK };

struct part {
	gint refs;
	hawser_context *context;
	GtkLabel *said;
	GtkWidget *form, *code_form, *out;
	GtkEditable *user, *password, *code;
	bool gone; /* the widgets are */
	bool busy;
	GAsyncQueue *codes; /* for whoever waits */
};

/* What the thread has, and what it brings. */
struct question {
	enum what what;
	struct part *part;
	char *config_path, *server, *key, *user, *password;
	char *failure; /* NULL: it went well */
};

struct ask_for_code {
	struct part *part;
	char *text;
};

static struct part *part_ref(struct part *p)
{
	g_atomic_int_inc(&p->refs);
	return p;
}

static void free_secret(void *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	g_free(text);
}

static void part_unref(struct part *p)
{
	if (!g_atomic_int_dec_and_test(&p->refs))
		return;
	g_async_queue_unref(p->codes);
	g_free(p);
}

static void question_free(gpointer data)
{
	struct question *q = data;

	g_free(q->config_path);
	g_free(q->server);
	g_free(q->key);
	g_free(q->user);
	free_secret(q->password);
	g_free(q->failure);
	part_unref(q->part);
	g_free(q);
}

/* --- the thread ------------------------------------------------------------------------------- */

static gboolean show_code(gpointer arg)
{
	struct ask_for_code *a = arg;

	if (!a->part->gone) {
		gtk_label_set_text(a->part->said, a->text);
		gtk_widget_set_visible(a->part->form, FALSE);
		gtk_widget_set_visible(a->part->code_form, TRUE);
		gtk_widget_grab_focus(GTK_WIDGET(a->part->code));
	}
	return G_SOURCE_REMOVE;
}

static void ask_free(gpointer arg)
{
	struct ask_for_code *a = arg;

	part_unref(a->part);
	g_free(a->text);
	g_free(a);
}

static bool on_code(enum hawser_code kind, const char *hint, char *buf, size_t size, void *arg)
{
	struct question *q = arg;
	struct ask_for_code *a = g_new0(struct ask_for_code, 1);
	char *code;
	bool good;

	a->part = part_ref(q->part);
	a->text = kind == HAWSER_CODE_APP
			? g_strdup("The code that your authenticator shows, or a recovery code:")
			: g_strdup_printf("The code that was mailed to %s:", *hint ? hint : "you");
	g_idle_add_full(G_PRIORITY_DEFAULT, show_code, a, ask_free);
	code = g_async_queue_timeout_pop(q->part->codes, CODE_WAIT_US);
	good = code && *code && g_strlcpy(buf, code, size) < size;
	free_secret(code);
	return good;
}

static int run(const struct question *q, hawser_context *ctx)
{
	struct hawser_login_config c = HAWSER_LOGIN_CONFIG_INIT;

	if (q->what == LOG_OUT)
		return hawser_account_logout(ctx);
	if (q->what == CHECK)
		return hawser_account_check(ctx);
	c.user = q->user;
	c.password = q->password;
	c.code = on_code;
	c.arg = (void *)(uintptr_t)q;
	return hawser_account_login(ctx, &c);
}

static void ask(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	struct question *q = data;
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	hawser_context *ctx = NULL;
	int e;

	(void)source;
	(void)cancellable;
	cc.config_path = q->config_path;
	cc.server = q->server;
	cc.key = q->key;
	e = hawser_context_new(&cc, &ctx);
	if (e == HAWSER_OK)
		e = run(q, ctx);
	if (e < 0)
		q->failure = g_strdup(hawser_last_error());
	hawser_context_free(ctx);
	g_task_return_boolean(task, e == HAWSER_OK);
}

/* --- the window ------------------------------------------------------------------------------- */

static void show(struct part *p, const char *failure)
{
	struct hawser_account *a = NULL;
	int e = hawser_account_get(p->context, &a);
	char *text = NULL;

	if (failure)
		text = g_strdup(failure);
	else if (e == HAWSER_OK)
		text = g_strdup_printf("Logged in as %s%s%s%s at %s", a->user,
				*a->title ? " (" : "", a->title, *a->title ? ")" : "", a->api);
	else if (e == HAWSER_ERR_NOTFOUND)
		text = g_strdup("Nobody is logged in at the server. Some servers want it.");
	else
		text = g_strdup(hawser_last_error());
	gtk_label_set_text(p->said, text);
	gtk_widget_set_visible(p->code_form, FALSE);
	/* without a server and its key there is nowhere to log in */
	gtk_widget_set_visible(p->form, e == HAWSER_ERR_NOTFOUND);
	gtk_widget_set_visible(p->out, e == HAWSER_OK);
	g_free(text);
	hawser_account_free(a);
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct question *q = g_task_get_task_data(G_TASK(result));
	struct part *p = q->part;

	(void)source;
	(void)arg;
	p->busy = false;
	if (p->gone)
		return;
	gtk_widget_set_sensitive(p->form, TRUE);
	gtk_widget_set_sensitive(p->out, TRUE);
	gtk_editable_set_text(p->password, "");
	gtk_editable_set_text(p->code, "");
	show(p, q->failure);
	if (q->what == CHECK && !q->failure)
		gtk_label_set_text(p->said, "The server says that this login counts.");
}

static char *setting(const struct part *p, const char *name)
{
	char text[4096];

	return hawser_config_get(p->context, name, text, sizeof(text)) == HAWSER_OK ? g_strdup(text)
										    : NULL;
}

static void begin(struct part *p, enum what what)
{
	struct question *q;
	GTask *task;
	char *late;

	if (p->busy)
		return;
	/* one that was given after nobody waited any more */
	while ((late = g_async_queue_try_pop(p->codes)))
		free_secret(late);
	q = g_new0(struct question, 1);
	q->what = what;
	q->part = part_ref(p);
	q->config_path = g_strdup(hawser_config_path(p->context));
	q->server = setting(p, "server");
	q->key = setting(p, "key");
	q->user = g_strdup(gtk_editable_get_text(p->user));
	q->password = g_strdup(gtk_editable_get_text(p->password));
	p->busy = true;
	gtk_widget_set_sensitive(p->form, FALSE);
	gtk_widget_set_sensitive(p->out, FALSE);
	gtk_label_set_text(p->said, "Asking the API server …");
	task = g_task_new(NULL, NULL, on_answer, NULL);
	g_task_set_task_data(task, q, question_free);
	g_task_run_in_thread(task, ask);
	g_object_unref(task);
}

static void on_log_in(GtkWidget *widget, gpointer arg)
{
	(void)widget;
	begin(arg, LOG_IN);
}

static void on_log_out(GtkWidget *widget, gpointer arg)
{
	(void)widget;
	begin(arg, LOG_OUT);
}

static void on_check(GtkWidget *widget, gpointer arg)
{
	(void)widget;
	begin(arg, CHECK);
}

static void on_code_given(GtkWidget *widget, gpointer arg)
{
	struct part *p = arg;

	(void)widget;
	gtk_widget_set_visible(p->code_form, FALSE);
	g_async_queue_push(p->codes, g_strdup(gtk_editable_get_text(p->code)));
}

static void on_destroy(gpointer data)
{
	struct part *p = data;

	p->gone = true;
	if (p->busy) /* who waits for a code gets none */
		g_async_queue_push(p->codes, g_strdup(""));
	part_unref(p);
}

void gui_account_refresh(GtkWidget *account)
{
	struct part *p = g_object_get_data(G_OBJECT(account), DATA);

	if (!p->busy)
		show(p, NULL);
}

/* --- building --------------------------------------------------------------------------------- */

static GtkWidget *add_button(GtkWidget *box, const char *label, GCallback fn, struct part *p)
{
	GtkWidget *button = gtk_button_new_with_label(label);

	gtk_widget_set_halign(button, GTK_ALIGN_START);
	g_signal_connect(button, "clicked", fn, p);
	gtk_box_append(GTK_BOX(box), button);
	return button;
}

static GtkEditable *add_entry(
		GtkWidget *box, GtkWidget *entry, const char *name, GCallback fn, struct part *p)
{
	gui_set_name(entry, name);
	g_signal_connect(entry, "activate", fn, p);
	gtk_box_append(GTK_BOX(box), entry);
	return GTK_EDITABLE(entry);
}

static GtkWidget *add_box(GtkWidget *box, GtkOrientation orientation)
{
	GtkWidget *inner = gtk_box_new(orientation, 8);

	gtk_box_append(GTK_BOX(box), inner);
	return inner;
}

GtkWidget *gui_account_new(hawser_context *context)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8),
		  *title = gtk_label_new("Account"), *said = gtk_label_new("");
	struct part *p = g_new0(struct part, 1);

	p->refs = 1;
	p->context = context;
	p->codes = g_async_queue_new_full(free_secret);
	gtk_label_set_xalign(GTK_LABEL(title), 0);
	gtk_widget_add_css_class(title, "hawser-title");
	gtk_box_append(GTK_BOX(box), title);
	p->said = GTK_LABEL(said);
	gtk_label_set_xalign(p->said, 0);
	gtk_label_set_wrap(p->said, TRUE);
	gtk_label_set_max_width_chars(p->said, 40);
	gtk_widget_add_css_class(said, "hawser-hint");
	gtk_box_append(GTK_BOX(box), said);
	p->form = add_box(box, GTK_ORIENTATION_VERTICAL);
	p->user = add_entry(
			p->form, gtk_entry_new(), "Name of the account", G_CALLBACK(on_log_in), p);
	gtk_entry_set_placeholder_text(GTK_ENTRY(p->user), "name of your account");
	p->password = add_entry(p->form, gtk_password_entry_new(), "Password of the account",
			G_CALLBACK(on_log_in), p);
	g_object_set(p->password, "placeholder-text", "its password", NULL);
	gtk_password_entry_set_show_peek_icon(GTK_PASSWORD_ENTRY(p->password), TRUE);
	add_button(p->form, "Log in at the server", G_CALLBACK(on_log_in), p);
	p->code_form = add_box(box, GTK_ORIENTATION_VERTICAL);
	p->code = add_entry(p->code_form, gtk_entry_new(), "Code", G_CALLBACK(on_code_given), p);
	add_button(p->code_form, "Go on", G_CALLBACK(on_code_given), p);
	p->out = add_box(box, GTK_ORIENTATION_HORIZONTAL);
	add_button(p->out, "Log out", G_CALLBACK(on_log_out), p);
	add_button(p->out, "Ask whether it counts", G_CALLBACK(on_check), p);
	g_object_set_data_full(G_OBJECT(box), DATA, p, on_destroy);
	show(p, NULL);
	return box;
}
