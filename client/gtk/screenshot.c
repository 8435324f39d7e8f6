#include "client/gtk/screenshot.h"

bool gui_screenshot_save(GtkWidget *window, const char *path)
{
	GdkPaintable *paintable = gtk_widget_paintable_new(window);
	GtkSnapshot *snapshot = gtk_snapshot_new();
	GskRenderer *renderer = gtk_native_get_renderer(gtk_widget_get_native(window));
	GskRenderNode *node;
	GdkTexture *texture;
	bool ok = false;

	gdk_paintable_snapshot(paintable, snapshot, gtk_widget_get_width(window),
			gtk_widget_get_height(window));
	node = gtk_snapshot_free_to_node(snapshot);
	if (node && renderer) {
		texture = gsk_renderer_render_texture(renderer, node, NULL);
		ok = gdk_texture_save_to_png(texture, path);
		g_object_unref(texture);
	}
	if (node)
		gsk_render_node_unref(node);
	g_object_unref(paintable);
	return ok;
}
