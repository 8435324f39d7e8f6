/* Texts and files of this desktop's clipboard to the host and back. A text is sent only when it
 * is certain that no remote desktop program has set it: the mark is looked for before, and
 * whether the clipboard has changed since is looked at after the text has been read. So each
 * copy of a person makes one message, however slow anybody is.  GDK can lose track of what it
 * owns: when a host on this desktop sets the clipboard just before this window does, the news of
 * that comes after our own claim, GDK takes it for the newest, and answers nobody although the X
 * server sends all who ask to us. So that is looked at. */
#include "client/gtk/clipboard.h"
#include "client/gtk/x11_targets.h"
#include <hawser/clipfiles.h>
#include <string.h>

/* Programs that keep a history of the clipboard take a marked text over within this time, without
 * the mark. */
#define ECHO_US (2 * G_USEC_PER_SEC)

struct gui_clipboard {
	GdkClipboard *local;
	struct gui_x11_targets *targets; /* NULL where GDK itself tells the mark */
	gulong handler;
	hawser_session *session; /* borrowed */
	GCancellable *cancel;
	unsigned changes; /* of the local clipboard so far */
	char *text;       /* what we put there last; NULL: files, or nothing */
	bool files;       /* that of the host, of which we put the paths there */
	char *marked;     /* hash of the last text a remote desktop program has set */
	gint64 marked_us;
};

struct reading {
	struct gui_clipboard *c;
	unsigned change; /* that is being read */
	bool marked;
};

static void remember_marked(struct gui_clipboard *c, const char *text, size_t length)
{
	g_free(c->marked);
	c->marked = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, length);
	c->marked_us = g_get_monotonic_time();
}

static bool is_echo(struct gui_clipboard *c, const char *text)
{
	char *hash;
	bool same;

	if (!c->marked)
		return false;
	hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, strlen(text));
	same = strcmp(hash, c->marked) == 0 && g_get_monotonic_time() - c->marked_us <= ECHO_US;
	g_free(hash);
	if (!same)
		g_clear_pointer(&c->marked, g_free);
	return same;
}

static void on_text(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct reading *r = arg;
	struct gui_clipboard *c = r->c;
	GError *error = NULL;
	char *text = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(source), result, &error);

	/* Canceled means that the object is gone; any other error, that the copy is no text. */
	if (error || !text || !*text)
		goto out;
	if (r->change != c->changes || !c->session)
		goto out; /* what is there now is another copy, which is read by itself */
	if (r->marked)
		remember_marked(c, text, strlen(text));
	else if (!is_echo(c, text))
		hawser_session_send_clipboard(c->session, text, strlen(text));
out:
	g_clear_error(&error);
	g_free(text);
	g_free(r);
}

/* Paths of what was copied here; what is on no file system of this machine has none. */
static void send_files(struct gui_clipboard *c, GdkFileList *list)
{
	GSList *files = gdk_file_list_get_files(list);
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	for (GSList *f = files; f; f = f->next) {
		char *path = g_file_get_path(f->data);

		if (path)
			g_ptr_array_add(paths, path);
	}
	if (paths->len)
		hawser_clipfiles_copy(c->session, (const char *const *)paths->pdata, paths->len);
	g_ptr_array_unref(paths);
	g_slist_free(files);
}

static void on_file_list(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct reading *r = arg;
	struct gui_clipboard *c = r->c;
	GError *error = NULL;
	const GValue *value =
			gdk_clipboard_read_value_finish(GDK_CLIPBOARD(source), result, &error);

	/* As for texts: canceled means that the object is gone. */
	if (!error && value && r->change == c->changes && c->session)
		send_files(c, g_value_get_boxed(value));
	g_clear_error(&error);
	g_free(r);
}

static void read_files(struct gui_clipboard *c)
{
	struct reading *r = g_new0(struct reading, 1);

	r->c = c;
	r->change = c->changes;
	gdk_clipboard_read_value_async(c->local, GDK_TYPE_FILE_LIST, G_PRIORITY_DEFAULT, c->cancel,
			on_file_list, r);
}

static bool has_type(struct gui_clipboard *c, GType type)
{
	return gdk_content_formats_contain_gtype(gdk_clipboard_get_formats(c->local), type);
}

static void read_text(struct gui_clipboard *c, bool marked)
{
	struct reading *r = g_new0(struct reading, 1);

	r->c = c;
	r->change = c->changes;
	r->marked = marked;
	gdk_clipboard_read_text_async(c->local, c->cancel, on_text, r);
}

/* What a remote desktop program has set, we too, is read for nothing but to know it again. */
static void read_all(struct gui_clipboard *c, bool marked)
{
	if (!marked && has_type(c, GDK_TYPE_FILE_LIST))
		read_files(c);
	if (has_type(c, G_TYPE_STRING))
		read_text(c, marked);
}

static void on_targets(bool marked, gpointer arg)
{
	read_all(arg, marked);
}

static void put_text(struct gui_clipboard *c)
{
	GBytes *by_viewer = g_bytes_new_static("\2", 1);
	GdkContentProvider *parts[] = { gdk_content_provider_new_typed(G_TYPE_STRING, c->text),
		gdk_content_provider_new_for_bytes(GUI_CLIPBOARD_MARK, by_viewer) };
	GdkContentProvider *all = gdk_content_provider_new_union(parts, G_N_ELEMENTS(parts));

	gdk_clipboard_set_content(c->local, all);
	remember_marked(c, c->text, strlen(c->text));
	g_object_unref(all);
	g_bytes_unref(by_viewer);
}

static void on_changed(GdkClipboard *clipboard, gpointer arg)
{
	struct gui_clipboard *c = arg;
	GdkContentFormats *formats = gdk_clipboard_get_formats(clipboard);

	c->changes++;
	if (c->text && c->targets && !gdk_clipboard_is_local(clipboard) &&
			gui_x11_targets_are_ours(c->targets)) {
		put_text(c);
		return;
	}
	/* What we put there ourselves came from the host and must not go back. */
	if (!c->session || gdk_clipboard_is_local(clipboard) ||
			(!gdk_content_formats_contain_gtype(formats, G_TYPE_STRING) &&
					!gdk_content_formats_contain_gtype(
							formats, GDK_TYPE_FILE_LIST)))
		return;
	if (c->targets)
		gui_x11_targets_ask(c->targets);
	else
		read_all(c, gdk_content_formats_contain_mime_type(formats, GUI_CLIPBOARD_MARK));
}

struct gui_clipboard *gui_clipboard_new(void)
{
	struct gui_clipboard *c = g_new0(struct gui_clipboard, 1);
	GdkDisplay *display = gdk_display_get_default();

	c->local = gdk_display_get_clipboard(display);
	c->targets = gui_x11_targets_new(display, on_targets, c);
	c->cancel = g_cancellable_new();
	c->handler = g_signal_connect(c->local, "changed", G_CALLBACK(on_changed), c);
	return c;
}

void gui_clipboard_free(struct gui_clipboard *c)
{
	if (!c)
		return;
	g_signal_handler_disconnect(c->local, c->handler);
	gui_x11_targets_free(c->targets);
	g_cancellable_cancel(c->cancel);
	g_object_unref(c->cancel);
	g_free(c->marked);
	g_free(c->text);
	g_free(c);
}

void gui_clipboard_set_session(struct gui_clipboard *c, hawser_session *session)
{
	c->session = session;
}

static void receive_text(struct gui_clipboard *c, const char *utf8, size_t length)
{
	g_free(c->text);
	c->text = g_strndup(utf8, length);
	c->files = false;
	put_text(c);
}

static void receive_files(struct gui_clipboard *c, const char *const *paths, size_t count)
{
	GBytes *by_viewer = g_bytes_new_static("\2", 1);
	GSList *files = NULL;
	GdkFileList *list;

	while (count > 0)
		files = g_slist_prepend(files, g_file_new_for_path(paths[--count]));
	list = gdk_file_list_new_from_list(files);
	GdkContentProvider *parts[] = { gdk_content_provider_new_typed(GDK_TYPE_FILE_LIST, list),
		gdk_content_provider_new_for_bytes(GUI_CLIPBOARD_MARK, by_viewer) };
	GdkContentProvider *all = gdk_content_provider_new_union(parts, G_N_ELEMENTS(parts));
	gdk_clipboard_set_content(c->local, all);
	g_clear_pointer(&c->text, g_free);
	c->files = true;
	g_object_unref(all);
	g_boxed_free(GDK_TYPE_FILE_LIST, list);
	g_slist_free_full(files, g_object_unref);
	g_bytes_unref(by_viewer);
}

static void drop_files(struct gui_clipboard *c)
{
	if (c->files && gdk_clipboard_is_local(c->local))
		gdk_clipboard_set_content(c->local, NULL);
	c->files = false;
}

/* They are fetched when somebody pastes: here they are only shown. */
static void on_files_event(struct gui_clipboard *c, const struct hawser_clipfiles_event *e)
{
	if (e->type == HAWSER_CLIPFILES_OFFERED && c->session)
		hawser_clipfiles_show(c->session);
	else if (e->type == HAWSER_CLIPFILES_SHOWN && e->name_count)
		receive_files(c, e->names, e->name_count);
	else if (e->type == HAWSER_CLIPFILES_SHOWN || e->type == HAWSER_CLIPFILES_REFUSED)
		g_warning("files that the host has copied cannot be pasted: %s", e->text);
	else if (e->type == HAWSER_CLIPFILES_COPIED && e->error < 0)
		g_warning("files that were copied cannot be pasted at the host: %s", e->text);
	else if (e->type == HAWSER_CLIPFILES_GONE)
		drop_files(c);
}

void gui_clipboard_receive(struct gui_clipboard *c, const struct hawser_event *e)
{
	if (e->type == HAWSER_EVENT_CLIPFILES)
		on_files_event(c, e->u.clipfiles);
	else
		receive_text(c, e->u.text.utf8, e->u.text.length);
}
