/* An owner of the clipboard may be a hostile program, or one that hangs: each format has a limit of
 * size, and all of them one of time. What has come by then is told. */
#include "client/gtk/clip_reader.h"
#include <string.h>

#define PART_MAX (32u << 20)
#define PIECE (256u << 10)
#define PATIENCE_S 10

/* Their types, by enum hawser_clip_format; text is GDK's own. */
static const char *const types[HAWSER_CLIP_FORMATS][4] = {
	[HAWSER_CLIP_HTML] = { "text/html", "text/html;charset=utf-8", NULL },
	[HAWSER_CLIP_RTF] = { "text/rtf", "application/rtf", "text/richtext", NULL },
	[HAWSER_CLIP_PNG] = { "image/png", NULL },
	[HAWSER_CLIP_SVG] = { "image/svg+xml", NULL },
	[HAWSER_CLIP_SHEET] = { "XML Spreadsheet", NULL },
};

struct reading {
	GdkClipboard *clipboard;
	GCancellable *all;  /* the caller's */
	GCancellable *mine; /* of this reading: canceled with the other, or by the clock */
	gulong chained;
	guint clock;
	bool text_enough;
	int format; /* that is being read */
	GInputStream *stream;
	GByteArray *bytes;
	size_t size; /* of the parts */
	struct gui_clip_content content;
	gui_clip_read_fn fn;
	gpointer arg;
};

static void read_next(struct reading *r);

void gui_clip_content_clear(struct gui_clip_content *c)
{
	for (int i = 0; i < HAWSER_CLIP_FORMATS; i++)
		g_clear_pointer(&c->part[i], g_bytes_unref);
}

bool gui_clip_content_is_empty(const struct gui_clip_content *c)
{
	for (int i = 0; i < HAWSER_CLIP_FORMATS; i++)
		if (c->part[i])
			return false;
	return true;
}

static const char *type_of(GdkClipboard *clipboard, int format)
{
	GdkContentFormats *formats = gdk_clipboard_get_formats(clipboard);

	for (int i = 0; types[format][i]; i++)
		if (gdk_content_formats_contain_mime_type(formats, types[format][i]))
			return types[format][i];
	return NULL;
}

static bool has_text(GdkClipboard *clipboard)
{
	return gdk_content_formats_contain_gtype(
			gdk_clipboard_get_formats(clipboard), G_TYPE_STRING);
}

bool gui_clip_has_content(GdkClipboard *clipboard)
{
	for (int i = 0; i < HAWSER_CLIP_FORMATS; i++)
		if (type_of(clipboard, i))
			return true;
	return has_text(clipboard);
}

static void finish(struct reading *r)
{
	if (r->clock)
		g_source_remove(r->clock);
	g_cancellable_disconnect(r->all, r->chained);
	r->fn(g_cancellable_is_cancelled(r->all) ? NULL : &r->content, r->arg);
	gui_clip_content_clear(&r->content);
	g_clear_object(&r->stream);
	g_byte_array_unref(r->bytes);
	g_object_unref(r->mine);
	g_object_unref(r->all);
	g_object_unref(r->clipboard);
	g_free(r);
}

static void keep(struct reading *r, GBytes *part)
{
	size_t size = g_bytes_get_size(part);

	if (size && size <= PART_MAX - MIN(r->size, PART_MAX)) {
		r->content.part[r->format] = g_bytes_ref(part);
		r->size += size;
	}
	g_bytes_unref(part);
}

/* Some browsers say text/html and mean UTF-16; without its byte order mark it could not be told. */
static GBytes *as_utf8(GBytes *part)
{
	gsize size, written = 0;
	const guint8 *p = g_bytes_get_data(part, &size);
	char *text;

	if (size < 2 || !((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
		return part;
	text = g_convert((const char *)p, (gssize)size, "UTF-8", "UTF-16", NULL, &written, NULL);
	g_bytes_unref(part);
	return text ? g_bytes_new_take(text, written) : g_bytes_new(NULL, 0);
}

/* The format that is being read has ended, well or not. */
static void end_part(struct reading *r, bool whole)
{
	g_clear_object(&r->stream);
	if (whole) {
		GBytes *part = g_byte_array_free_to_bytes(r->bytes);

		keep(r, r->format == HAWSER_CLIP_PNG ? part : as_utf8(part));
		r->bytes = g_byte_array_new();
	}
	read_next(r);
}

static void read_piece(struct reading *r);

static void on_piece(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct reading *r = arg;
	GBytes *piece = g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, NULL);
	gsize size = piece ? g_bytes_get_size(piece) : 0;

	if (size && r->bytes->len + size <= PART_MAX) {
		g_byte_array_append(r->bytes, g_bytes_get_data(piece, NULL), (guint)size);
		read_piece(r);
	} else {
		end_part(r, piece && !size);
	}
	g_clear_pointer(&piece, g_bytes_unref);
}

static void read_piece(struct reading *r)
{
	g_input_stream_read_bytes_async(r->stream, PIECE, G_PRIORITY_DEFAULT, r->mine, on_piece, r);
}

static void on_stream(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct reading *r = arg;

	r->stream = gdk_clipboard_read_finish(GDK_CLIPBOARD(source), result, NULL, NULL);
	g_byte_array_set_size(r->bytes, 0);
	if (r->stream)
		read_piece(r);
	else
		end_part(r, false);
}

static void on_text(GObject *source, GAsyncResult *result, gpointer arg)
{
	struct reading *r = arg;
	char *text = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(source), result, NULL);

	if (text)
		keep(r, g_bytes_new_take(text, strlen(text)));
	read_next(r);
}

static void read_next(struct reading *r)
{
	const char *type = NULL;

	while (!type && ++r->format < HAWSER_CLIP_FORMATS)
		type = type_of(r->clipboard, r->format);
	if (!type || g_cancellable_is_cancelled(r->mine) ||
			(r->text_enough && r->content.part[HAWSER_CLIP_TEXT])) {
		finish(r);
		return;
	}
	const char *wanted[] = { type, NULL };
	gdk_clipboard_read_async(r->clipboard, wanted, G_PRIORITY_DEFAULT, r->mine, on_stream, r);
}

static gboolean on_clock(gpointer arg)
{
	struct reading *r = arg;

	r->clock = 0;
	g_cancellable_cancel(r->mine);
	return G_SOURCE_REMOVE;
}

static void on_all_canceled(GCancellable *all, gpointer arg)
{
	(void)all;
	g_cancellable_cancel(arg);
}

void gui_clip_read(GdkClipboard *clipboard, bool text_enough, GCancellable *cancel,
		gui_clip_read_fn fn, gpointer arg)
{
	struct reading *r = g_new0(struct reading, 1);

	r->clipboard = g_object_ref(clipboard);
	r->all = g_object_ref(cancel);
	r->mine = g_cancellable_new();
	r->chained = g_cancellable_connect(cancel, G_CALLBACK(on_all_canceled), r->mine, NULL);
	r->clock = g_timeout_add_seconds(PATIENCE_S, on_clock, r);
	r->text_enough = text_enough;
	r->bytes = g_byte_array_new();
	r->fn = fn;
	r->arg = arg;
	r->format = HAWSER_CLIP_TEXT;
	if (has_text(clipboard))
		gdk_clipboard_read_text_async(clipboard, r->mine, on_text, r);
	else
		read_next(r);
}
