/* The choice of camera and mode, the same for all back-ends. */
#include "client/platform/camera.h"
#include "shared/base/str.h"

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
