/* GTK's tasks run in threads and end in the main loop; a cancelled one says so there, and nothing
 * that belonged to it is touched. */
#include "client/gtk/lookout.h"

struct gui_lookout {
	struct gui_lookout_conf conf;
	GCancellable *cancel;
	guint timer;
	bool asks;
};

/* Outlives the lookout, as its thread may. */
struct errand {
	gpointer question;
	int (*ask)(gpointer question);
	GDestroyNotify free;
};

static void errand_free(gpointer data)
{
	struct errand *e = data;

	e->free(e->question);
	g_free(e);
}

static void run(GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
	struct errand *e = data;

	(void)source;
	(void)cancel;
	g_task_return_int(task, e->ask(e->question));
}

static void on_answer(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct gui_lookout *l = arg;
	struct errand *e = g_task_get_task_data(G_TASK(result));
	GError *gone = NULL;
	gssize r = g_task_propagate_int(G_TASK(result), &gone);

	(void)source;
	if (gone) { /* with its window */
		g_error_free(gone);
		return;
	}
	l->asks = false;
	l->conf.answered(e->question, (int)r, l->conf.arg);
}

void gui_lookout_ask(struct gui_lookout *l, gpointer question)
{
	struct errand *e = g_new0(struct errand, 1);
	GTask *task = g_task_new(NULL, l->cancel, on_answer, l);

	e->question = question ? question : l->conf.question(l->conf.arg);
	e->ask = l->conf.ask;
	e->free = l->conf.free;
	l->asks = true;
	g_task_set_task_data(task, e, errand_free);
	g_task_run_in_thread(task, run);
	g_object_unref(task);
}

bool gui_lookout_asks(const struct gui_lookout *l)
{
	return l->asks;
}

static gboolean on_time(gpointer arg)
{
	struct gui_lookout *l = arg;
	GtkRoot *root = gtk_widget_get_root(l->conf.box);

	if (!l->asks && root && gtk_widget_get_mapped(GTK_WIDGET(root)))
		gui_lookout_ask(l, NULL);
	return G_SOURCE_CONTINUE;
}

struct gui_lookout *gui_lookout_new(const struct gui_lookout_conf *conf)
{
	struct gui_lookout *l = g_new0(struct gui_lookout, 1);

	l->conf = *conf;
	l->cancel = g_cancellable_new();
	l->timer = g_timeout_add_seconds(conf->every_s, on_time, l);
	return l;
}

void gui_lookout_free(struct gui_lookout *l)
{
	g_source_remove(l->timer);
	g_cancellable_cancel(l->cancel);
	g_object_unref(l->cancel);
	g_free(l);
}
