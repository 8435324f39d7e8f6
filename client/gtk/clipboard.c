/* Texts of this desktop's clipboard to the host and back. A text is sent only when it is certain
 * that no remote desktop program has set it: the mark is looked for before, and whether the
 * clipboard has changed since is looked at after the text has been read. So each copy of a person
 * makes one message, however slow anybody is.
 *
 * GDK can lose track of what it owns: when a host on this desktop sets the clipboard just before
 * this window does, the news of that comes after our own claim, GDK takes it for the newest, and
 * answers nobody although the X server sends all who ask to us. So that is looked at. */
#include "client/gtk/clipboard.h"
#include "client/gtk/x11_targets.h"
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
	char *text;       /* what we put there last */
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

static void read_text(struct gui_clipboard *c, bool marked)
{
	struct reading *r = g_new0(struct reading, 1);

	r->c = c;
	r->change = c->changes;
	r->marked = marked;
	gdk_clipboard_read_text_async(c->local, c->cancel, on_text, r);
}

static void on_targets(bool marked, gpointer arg)
{
	read_text(arg, marked);
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
			!gdk_content_formats_contain_gtype(formats, G_TYPE_STRING))
		return;
	if (c->targets)
		gui_x11_targets_ask(c->targets);
	else
		read_text(c, gdk_content_formats_contain_mime_type(formats, GUI_CLIPBOARD_MARK));
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

void gui_clipboard_receive(struct gui_clipboard *c, const char *utf8, size_t length)
{
	g_free(c->text);
	c->text = g_strndup(utf8, length);
	put_text(c);
}
