/* Lists of modes, the choice of camera and mode: the same for all back-ends. */
#include "client/platform/camera.h"
#include "shared/base/str.h"
#include <stdlib.h>

static const struct hws_camera_device *find(struct hws_camera *c, const char *id)
{
	unsigned n;
	const struct hws_camera_device *list = hws_camera_devices(c, &n);

	for (unsigned i = 0; i < n; i++)
		if (!id || hws_str_equal(list[i].id, id))
			return &list[i];
	return NULL;
}

static bool has_mode(const struct hws_camera_device *d, const struct hws_camera_mode *m)
{
	for (unsigned i = 0; i < d->modes; i++)
		if (d->mode[i].format == m->format && d->mode[i].width == m->width &&
				d->mode[i].height == m->height && m->fps >= 1 &&
				m->fps <= d->mode[i].fps)
			return true;
	return false;
}

int hws_camera_open(struct hws_camera *c, const struct hws_camera_stream_conf *conf,
		struct hws_camera_stream **ret)
{
	if (!conf->on_frame)
		return HWS_ERR_INVAL;
	const struct hws_camera_device *d = find(c, conf->device);
	if (!d)
		return HWS_ERR_NOTFOUND;
	if (!has_mode(d, &conf->mode))
		return HWS_ERR_UNSUPPORTED;
	int r = c->impl->open(c, d, conf, ret);
	if (r < 0)
		return r;
	(*ret)->owner = c;
	(*ret)->conf = *conf;
	(*ret)->conf.device = NULL;
	return HWS_OK;
}

void hws_camera_close(struct hws_camera_stream *t)
{
	if (t)
		t->owner->impl->close(t);
}

void hws_camera_add_mode(struct hws_camera_device *d, uint32_t width, uint32_t height, unsigned fps)
{
	if (width > HWS_PICTURE_SIDE_MAX || height > HWS_PICTURE_SIDE_MAX ||
			!hws_picture_fits((int)width, (int)height))
		return;
	for (unsigned i = 0; i < d->modes; i++) {
		struct hws_camera_mode *m = &d->mode[i];

		if (m->width == (int)width && m->height == (int)height) {
			m->fps = HWS_MAX(m->fps, fps);
			return;
		}
	}
	if (d->modes < HWS_CAMERA_MODES_MAX)
		d->mode[d->modes++] = (struct hws_camera_mode){ HWS_PIXEL_I420, (int)width,
			(int)height, fps };
}

static int by_size(const void *x, const void *y)
{
	const struct hws_camera_mode *a = x, *b = y;
	long left = (long)a->width * a->height, right = (long)b->width * b->height;

	return left < right ? 1 : left > right ? -1 : (int)b->fps - (int)a->fps;
}

void hws_camera_sort_modes(struct hws_camera_device *d)
{
	qsort(d->mode, d->modes, sizeof(d->mode[0]), by_size);
}
