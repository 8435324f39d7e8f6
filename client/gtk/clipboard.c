#include "client/gtk/clipboard.h"

/* What remote desktop programs put beside what they set: a host on this desktop must not send it on, or two
 * machines that show each other would never come to rest. */
#define MARK "dyn.com.rustdesk.owner"

struct gui_clipboard {
	GdkClipboard *local;
	gulong handler;
	hawser_session *session; /* borrowed */
	GCancellable *cancel;
};

static void on_text(GObject *source, GAsyncResult *result, gpointer arg)
{
	GError *error = NULL;
	char *text = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(source), result, &error);

	if (error) {
		/* Canceled means that the object is gone; anything else is a copy that is not text. */
		g_error_free(error);
		return;
	}
	if (text) {
		struct gui_clipboard *c = arg;

		if (c->session && *text)
			hawser_session_send_clipboard(c->session, text, strlen(text));
		g_free(text);
	}
}

static void on_changed(GdkClipboard *clipboard, gpointer arg)
{
	struct gui_clipboard *c = arg;

	/* What we put there ourselves came from the host and must not go back. */
	if (c->session && !gdk_clipboard_is_local(clipboard))
		gdk_clipboard_read_text_async(clipboard, c->cancel, on_text, c);
}

struct gui_clipboard *gui_clipboard_new(void)
{
	struct gui_clipboard *c = g_new0(struct gui_clipboard, 1);

	c->local = gdk_display_get_clipboard(gdk_display_get_default());
	c->cancel = g_cancellable_new();
	c->handler = g_signal_connect(c->local, "changed", G_CALLBACK(on_changed), c);
	return c;
}

void gui_clipboard_free(struct gui_clipboard *c)
{
	if (!c)
		return;
	g_signal_handler_disconnect(c->local, c->handler);
	g_cancellable_cancel(c->cancel);
	g_object_unref(c->cancel);
	g_free(c);
}

void gui_clipboard_set_session(struct gui_clipboard *c, hawser_session *session)
{
	c->session = session;
}

void gui_clipboard_receive(struct gui_clipboard *c, const char *utf8, size_t length)
{
	char *text = g_strndup(utf8, length);
	GBytes *by_viewer = g_bytes_new_static("\2", 1);
	GdkContentProvider *parts[] = { gdk_content_provider_new_typed(G_TYPE_STRING, text),
		gdk_content_provider_new_for_bytes(MARK, by_viewer) };
	GdkContentProvider *all = gdk_content_provider_new_union(parts, G_N_ELEMENTS(parts));

	gdk_clipboard_set_content(c->local, all);
	g_object_unref(all);
	g_bytes_unref(by_viewer);
	g_free(text);
}
