/* What is shown, as a PNG file that the user chose. */
#include "client/gtk/screenshot.h"
#include "shared/base/output.h"

int gui_screenshot_save(GdkTexture *picture, const char *path, struct hws_error *err)
{
	GBytes *png = gdk_texture_save_to_png_bytes(picture);
	struct hws_out_file file;
	gsize size = 0;
	const void *bytes = g_bytes_get_data(png, &size);
	int r = hws_out_file_begin(&file, path, err);

	if (r == HWS_OK)
		r = hws_out_file_end(&file, hws_out_file_write(&file, hws_bytes(bytes, size)), path,
				err);
	g_bytes_unref(png);
	return r;
}

int gui_screenshot_save_window(GtkWidget *window, const char *path, struct hws_error *err)
{
	GdkPaintable *paintable = gtk_widget_paintable_new(window);
	GtkSnapshot *snapshot = gtk_snapshot_new();
	GskRenderer *renderer = gtk_native_get_renderer(gtk_widget_get_native(window));
	GskRenderNode *node;
	GdkTexture *texture = NULL;
	int r;

	gdk_paintable_snapshot(paintable, snapshot, gtk_widget_get_width(window),
			gtk_widget_get_height(window));
	node = gtk_snapshot_free_to_node(snapshot);
	if (node && renderer)
		texture = gsk_renderer_render_texture(renderer, node, NULL);
	r = texture ? gui_screenshot_save(texture, path, err)
		    : hws_error_set(err, HWS_ERR_DISPLAY, "the window is not drawn yet");
	g_clear_object(&texture);
	if (node)
		gsk_render_node_unref(node);
	g_object_unref(paintable);
	return r;
}
