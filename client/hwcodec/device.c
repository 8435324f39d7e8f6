/* The table of kinds of devices, and what they have in common. */
#include "client/hwcodec/coder.h"
#include "shared/base/str.h"
#include <errno.h>
#include <unistd.h>

const struct hwc_backend *const hwc_backends[] = { &hwc_vaapi, &hwc_v4l2, NULL };

const struct hwc_backend *hwc_backend_by_name(const char *name)
{
	for (const struct hwc_backend *const *b = hwc_backends; *b; b++)
		if (hws_str_equal((*b)->name, name))
			return *b;
	return NULL;
}

int hwc_device_open(const struct hwc_backend *b, const char *path, struct hwc_device *ret,
		struct hws_error *err)
{
	*ret = (struct hwc_device){ .backend = b, .fd = -1 };
	int r = b->open ? b->open(ret, path, err) : HWS_OK;

	if (r < 0)
		hwc_device_close(ret);
	return r;
}

void hwc_device_close(struct hwc_device *d)
{
	av_buffer_unref(&d->device);
	if (d->backend && d->backend->close)
		d->backend->close(d);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

int hwc_err(int av)
{
	if (av >= 0)
		return HWS_OK;
	switch (av) {
	case AVERROR(EAGAIN):
		return HWS_ERR_AGAIN;
	case AVERROR(ENOMEM):
		return HWS_ERR_NOMEM;
	case AVERROR_INVALIDDATA:
		return HWS_ERR_CORRUPT;
	case AVERROR(ENOSYS):
		return HWS_ERR_UNSUPPORTED;
	default:
		return HWS_ERR_SYS;
	}
}
