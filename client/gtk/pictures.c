/* Displays may lie beside each other with gaps, and one may not have a picture yet: what is shown
 * is the box around all of them. */
#include "client/gtk/pictures.h"

#define WHOLE_PIXELS_MAX (256ll << 20)

static bool is_shown(const struct gui_pictures *p, size_t i)
{
	return i < p->count && (p->all || i == p->current);
}

static int width_of(const struct gui_pictures *p, size_t i)
{
	GdkTexture *t = p->display[i].texture;

	return t ? gdk_texture_get_width(t) : p->display[i].width;
}

static int height_of(const struct gui_pictures *p, size_t i)
{
	GdkTexture *t = p->display[i].texture;

	return t ? gdk_texture_get_height(t) : p->display[i].height;
}

static void forget(struct gui_pictures *p, size_t i)
{
	g_clear_object(&p->display[i].texture);
}

void gui_pictures_set(struct gui_pictures *p, const struct hawser_peer *peer, bool all)
{
	size_t count = MIN(peer->display_count, GUI_DISPLAYS_MAX);

	for (size_t i = 0; i < count; i++) {
		const struct hawser_display *d = hawser_display_at(peer, i);
		/* a picture of another size is of another display, or soon will be */
		if (p->display[i].texture && all &&
				(width_of(p, i) != d->width || height_of(p, i) != d->height))
			forget(p, i);
		p->display[i].x = d->x;
		p->display[i].y = d->y;
		p->display[i].width = d->width;
		p->display[i].height = d->height;
	}
	for (size_t i = count; i < p->count; i++)
		forget(p, i);
	p->count = count;
	p->current = peer->current_display;
	p->all = all && count > 1;
}

void gui_pictures_clear(struct gui_pictures *p)
{
	for (size_t i = 0; i < GUI_DISPLAYS_MAX; i++)
		forget(p, i);
	p->count = 0;
}

/* Of what is shown, on the host's desktop. */
static bool box(const struct gui_pictures *p, GdkRectangle *ret)
{
	bool any = false;

	for (size_t i = 0; i < p->count; i++) {
		GdkRectangle one = { p->display[i].x, p->display[i].y, width_of(p, i),
			height_of(p, i) };
		if (!is_shown(p, i) || one.width < 1 || one.height < 1)
			continue;
		if (any)
			gdk_rectangle_union(ret, &one, ret);
		else
			*ret = one;
		any = true;
	}
	return any;
}

static bool has_picture(const struct gui_pictures *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (is_shown(p, i) && p->display[i].texture)
			return true;
	return false;
}

bool gui_pictures_size(const struct gui_pictures *p, int *ret_width, int *ret_height)
{
	GdkRectangle b;

	if (!has_picture(p) || !box(p, &b))
		return false;
	*ret_width = b.width;
	*ret_height = b.height;
	return true;
}

bool gui_pictures_update(struct gui_pictures *p, hawser_session *session, size_t display)
{
	struct hawser_frame frame = HAWSER_FRAME_INIT;
	int before_w = 0, before_h = 0, now_w = 0, now_h = 0;
	GBytes *bytes;

	if (display >= GUI_DISPLAYS_MAX || hawser_session_lock_frame(session, display, &frame) < 0)
		return false;
	gui_pictures_size(p, &before_w, &before_h);
	/* Copied: the renderer may keep the last texture longer than the lock lasts. */
	bytes = g_bytes_new(frame.pixels, (gsize)frame.stride * frame.height);
	forget(p, display);
	p->display[display].texture = gdk_memory_texture_new((int)frame.width, (int)frame.height,
			GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes, frame.stride);
	g_bytes_unref(bytes);
	hawser_session_unlock_frame(session, display);
	p->display[display].unshown = frame.number;
	gui_pictures_size(p, &now_w, &now_h);
	return before_w != now_w || before_h != now_h;
}

void gui_pictures_shown(struct gui_pictures *p, hawser_session *session)
{
	for (size_t i = 0; i < p->count; i++) {
		if (session && is_shown(p, i) && p->display[i].unshown)
			hawser_session_shown(session, i, p->display[i].unshown);
		p->display[i].unshown = 0;
	}
}

void gui_pictures_draw(
		const struct gui_pictures *p, GtkSnapshot *snapshot, const graphene_rect_t *place)
{
	GdkRectangle b;

	if (!box(p, &b))
		return;
	for (size_t i = 0; i < p->count; i++) {
		GdkTexture *t = p->display[i].texture;
		float fx = place->size.width / (float)b.width;
		float fy = place->size.height / (float)b.height;
		if (!is_shown(p, i) || !t)
			continue;
		gtk_snapshot_append_texture(snapshot, t,
				&GRAPHENE_RECT_INIT(place->origin.x +
								(float)(p->display[i].x - b.x) * fx,
						place->origin.y +
								(float)(p->display[i].y - b.y) * fy,
						(float)width_of(p, i) * fx,
						(float)height_of(p, i) * fy));
	}
}

/* How far a point is from a display, squared; the nearest pixel of it. */
static double reach(
		const struct gui_pictures *p, size_t i, double x, double y, int *ret_x, int *ret_y)
{
	double px = x - p->display[i].x, py = y - p->display[i].y;
	double nx = CLAMP(px, 0, width_of(p, i) - 1), ny = CLAMP(py, 0, height_of(p, i) - 1);
	bool on = px >= 0 && py >= 0 && px < width_of(p, i) && py < height_of(p, i);

	*ret_x = (int)nx;
	*ret_y = (int)ny;
	return on ? 0 : (px - nx) * (px - nx) + (py - ny) * (py - ny) + 1;
}

bool gui_pictures_at(const struct gui_pictures *p, double x, double y, size_t *ret_display,
		int *ret_x, int *ret_y, bool *ret_on)
{
	GdkRectangle b;
	double best = -1;

	if (!has_picture(p) || !box(p, &b))
		return false;
	for (size_t i = 0; i < p->count; i++) {
		int nx, ny;
		if (!is_shown(p, i) || width_of(p, i) < 1 || height_of(p, i) < 1)
			continue;
		double far = reach(p, i, x + b.x, y + b.y, &nx, &ny);
		if (best >= 0 && far >= best)
			continue;
		best = far;
		*ret_display = i;
		*ret_x = nx;
		*ret_y = ny;
	}
	*ret_on = best == 0;
	return best >= 0;
}

void gui_pictures_place(const struct gui_pictures *p, int x, int y, int *ret_x, int *ret_y)
{
	GdkRectangle b = { 0 };

	box(p, &b);
	*ret_x = x - b.x;
	*ret_y = y - b.y;
}

GdkTexture *gui_pictures_whole(const struct gui_pictures *p)
{
	GdkTexture *one = NULL, *whole;
	GdkRectangle b;

	if (!has_picture(p) || !box(p, &b))
		return NULL;
	if (!p->all)
		one = p->display[p->current].texture;
	if (one)
		return g_object_ref(one);
	/* a host lays its displays out as it likes, also far apart */
	if ((gint64)b.width * b.height > WHOLE_PIXELS_MAX)
		return NULL;
	gsize stride = (gsize)b.width * 4;
	guchar *pixels = g_malloc0(stride * (gsize)b.height);
	for (size_t i = 0; i < p->count; i++)
		if (p->display[i].texture)
			gdk_texture_download(p->display[i].texture,
					pixels + (gsize)(p->display[i].y - b.y) * stride +
							(gsize)(p->display[i].x - b.x) * 4,
					stride);
	GBytes *bytes = g_bytes_new_take(pixels, stride * (gsize)b.height);
	whole = gdk_memory_texture_new(b.width, b.height, GDK_MEMORY_DEFAULT, bytes, stride);
	g_bytes_unref(bytes);
	return whole;
}
