/* What the owner wishes of cameras, as the process that has them is told. */
#include "client/host/settings.h"
#include "client/platform/camera_wish.h"
#include "shared/base/str.h"

int hws_settings_camera(const struct hws_settings *s, char *buf, size_t size, struct hws_error *err)
{
	struct hws_camera_wish wish = { 0 };
	bool twin = hws_str_starts(s->backend, "headless");

	if (hws_camera_wish_size(&wish, s->camera_size) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"'camera-size' is not WIDTHxHEIGHT, as in 1280x720: %.100s",
				s->camera_size);
	if (!size)
		return HWS_OK;
	return wish.width
			? hws_fmt(buf, size, "camera:%sfps=%u,size=%dx%d", twin ? "headless," : "",
					  s->camera_fps, wish.width, wish.height)
			: hws_fmt(buf, size, "camera:%sfps=%u", twin ? "headless," : "",
					  s->camera_fps);
}
