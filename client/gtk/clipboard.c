/* What is on this desktop's clipboard to the host and back. It is sent only when it
 * is certain that no remote desktop program has set it: the mark is looked for before, and
 * whether the clipboard has changed since is looked at after it has been read. So each
 * copy of a person makes one message, however slow anybody is.  GDK can lose track of what it
 * owns: when a host on this desktop sets the clipboard just before this window does, the news of
 * that comes after our own claim, GDK takes it for the newest, and answers nobody although the X
 * server sends all who ask to us. So that is looked at. */
#include "client/gtk/clipboard.h"
#include "client/gtk/clip_reader.h"
#include "client/gtk/x11_targets.h"
#include <hawser/clipfiles.h>
#include <string.h>

/* Programs that keep a history of the clipboard take what is marked over within this time, without
 * the mark. */
#define ECHO_US (2 * G_USEC_PER_SEC)

struct gui_clipboard {
	GdkClipboard *local;
	struct gui_x11_targets *targets; /* NULL where GDK itself tells the mark */
	gulong handler;
	hawser_session *session; /* borrowed */
	GCancellable *cancel;
	unsigned changes;                  /* of the local clipboard so far */
	struct gui_clip_content content;   /* what we put there last; empty: files, or nothing */
	GdkContentProvider *offer;         /* the same, or the files; NULL: nothing */
	bool files;                        /* that of the host, of which we put the paths there */
	char *marked[HAWSER_CLIP_FORMATS]; /* hashes of what a remote desktop program has set */
	gint64 marked_us;
};

struct reading {
	struct gui_clipboard *c;
	unsigned change; /* that is being read */
	bool marked;
};

static void forget_marked(struct gui_clipboard *c)
{
	for (int i = 0; i < HAWSER_CLIP_FORMATS; i++)
		g_clear_pointer(&c->marked[i], g_free);
}

static void remember_marked(struct gui_clipboard *c, const struct gui_clip_content *content)
{
	forget_marked(c);
	for (int i = 0; i < HAWSER_CLIP_FORMATS; i++)
		if (content->part[i])
			c->marked[i] = g_compute_checksum_for_bytes(
					G_CHECKSUM_SHA256, content->part[i]);
	c->marked_us = g_get_monotonic_time();
}

/* By the first format: a history keeps one, or makes others of it. */
static bool is_echo(struct gui_clipboard *c, const struct gui_clip_content *content)
{
	int f = 0;
	bool same = false;

	while (f < HAWSER_CLIP_FORMATS && !content->part[f])
		f++;
	if (f < HAWSER_CLIP_FORMATS && c->marked[f]) {
		char *hash = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, content->part[f]);

		same = strcmp(hash, c->marked[f]) == 0 &&
				g_get_monotonic_time() - c->marked_us <= ECHO_US;
		g_free(hash);
	}
	if (!same)
		forget_marked(c);
	return same;
}

static void send_content(struct gui_clipboard *c, const struct gui_clip_content *content)
{
	struct hawser_clip_part parts[HAWSER_CLIP_FORMATS];
	size_t n = 0;

	for (int i = 0; i < HAWSER_CLIP_FORMATS; i++) {
		if (!content->part[i])
			continue;
		parts[n].format = (enum hawser_clip_format)i;
		parts[n].bytes = g_bytes_get_data(content->part[i], &parts[n].length);
		n++;
	}
	/* What is no text, or no picture, is left out; the rest may be. */
	while (n && hawser_session_send_clip(c->session, parts, n) == HAWSER_ERR_INVAL)
		n--;
}

static void on_content(const struct gui_clip_content *content, gpointer arg)
{
	struct reading *r = arg;
	struct gui_clipboard *c = r->c;

	/* What is there now, if it is another copy, is read by itself. */
	if (content && r->change == c->changes && c->session &&
			!gui_clip_content_is_empty(content)) {
		if (r->marked)
			remember_marked(c, content);
		else if (!is_echo(c, content))
			send_content(c, content);
	}
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

/* What a remote desktop program has set, we too, is read for nothing but to know it again. Beside
 * files there is a text that names them. */
static void read_all(struct gui_clipboard *c, bool marked)
{
	bool files = has_type(c, GDK_TYPE_FILE_LIST);
	struct reading *r;

	if (!marked && files)
		read_files(c);
	if (!gui_clip_has_content(c->local))
		return;
	r = g_new0(struct reading, 1);
	r->c = c;
	r->change = c->changes;
	r->marked = marked;
	gui_clip_read(c->local, marked || files, c->cancel, on_content, r);
}

static void on_targets(bool marked, gpointer arg)
{
	read_all(arg, marked);
}

/* Each format under every name that programs ask for. */
static const struct {
	enum hawser_clip_format format;
	const char *type;
} offered[] = { { HAWSER_CLIP_HTML, "text/html" }, { HAWSER_CLIP_RTF, "text/rtf" },
	{ HAWSER_CLIP_RTF, "application/rtf" }, { HAWSER_CLIP_RTF, "text/richtext" },
	{ HAWSER_CLIP_PNG, "image/png" }, { HAWSER_CLIP_SVG, "image/svg+xml" },
	{ HAWSER_CLIP_SHEET, "XML Spreadsheet" } };

static void put(struct gui_clipboard *c, GdkContentProvider *offer)
{
	gdk_clipboard_set_content(c->local, offer);
	g_clear_object(&c->offer);
	c->offer = offer;
}

static void put_content(struct gui_clipboard *c)
{
	GBytes *by_viewer = g_bytes_new_static("\2", 1), *text = c->content.part[HAWSER_CLIP_TEXT];
	GdkContentProvider *parts[G_N_ELEMENTS(offered) + 2], *all;
	gsize n = 0;

	parts[n++] = gdk_content_provider_new_for_bytes(GUI_CLIPBOARD_MARK, by_viewer);
	if (text) {
		char *copy = g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text));

		parts[n++] = gdk_content_provider_new_typed(G_TYPE_STRING, copy);
		g_free(copy);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(offered); i++)
		if (c->content.part[offered[i].format])
			parts[n++] = gdk_content_provider_new_for_bytes(
					offered[i].type, c->content.part[offered[i].format]);
	all = gdk_content_provider_new_union(parts, n);
	put(c, all);
	remember_marked(c, &c->content);
	g_bytes_unref(by_viewer);
}

static void on_changed(GdkClipboard *clipboard, gpointer arg)
{
	struct gui_clipboard *c = arg;
	c->changes++;
	if (c->offer && c->targets && !gdk_clipboard_is_local(clipboard) &&
			gui_x11_targets_are_ours(c->targets)) {
		gdk_clipboard_set_content(c->local, c->offer);
		return;
	}
	/* What we put there ourselves came from the host and must not go back. */
	if (!c->session || gdk_clipboard_is_local(clipboard) ||
			(!gui_clip_has_content(clipboard) && !has_type(c, GDK_TYPE_FILE_LIST)))
		return;
	if (c->targets)
		gui_x11_targets_ask(c->targets);
	else
		read_all(c,
				gdk_content_formats_contain_mime_type(
						gdk_clipboard_get_formats(clipboard),
						GUI_CLIPBOARD_MARK));
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
	forget_marked(c);
	g_clear_object(&c->offer);
	gui_clip_content_clear(&c->content);
	g_free(c);
}

void gui_clipboard_set_session(struct gui_clipboard *c, hawser_session *session)
{
	c->session = session;
}

static void receive_content(struct gui_clipboard *c, const struct hawser_event *e)
{
	gui_clip_content_clear(&c->content);
	for (size_t i = 0; i < e->u.text.part_count; i++) {
		const struct hawser_clip_part *p = &e->u.text.parts[i];

		c->content.part[p->format] = g_bytes_new(p->bytes, p->length);
	}
	c->files = false;
	put_content(c);
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
	put(c, all);
	gui_clip_content_clear(&c->content);
	c->files = true;
	g_boxed_free(GDK_TYPE_FILE_LIST, list);
	g_slist_free_full(files, g_object_unref);
	g_bytes_unref(by_viewer);
}

static void drop_files(struct gui_clipboard *c)
{
	if (c->files && gdk_clipboard_is_local(c->local))
		gdk_clipboard_set_content(c->local, NULL);
	if (c->files)
		g_clear_object(&c->offer);
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
		receive_content(c, e);
}

void gui_clipboard_copy_picture(struct gui_clipboard *c, GdkContentProvider *picture)
{
	gui_clip_content_clear(&c->content);
	c->files = false;
	put(c, picture);
}
