/* A wish as its owner writes it. The process that reads the settings links this, and nothing of
 * pictures. */
#include "client/platform/camera_wish.h"
#include "client/media/picture.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <string.h>

int hws_camera_wish_size(struct hws_camera_wish *w, const char *text)
{
	const char *cross = strchr(text, 'x');
	char first[8] = "";
	uint32_t width, height;

	if (!*text) {
		w->width = w->height = 0;
		return HWS_OK;
	}
	if (!cross ||
			hws_fmt(first, sizeof(first), "%.*s", (int)HWS_MIN(cross - text, 100),
					text) < 0)
		return HWS_ERR_INVAL;
	if (hws_parse_u32(first, &width) < 0 || hws_parse_u32(cross + 1, &height) < 0 ||
			width > HWS_PICTURE_SIDE_MAX || height > HWS_PICTURE_SIDE_MAX ||
			!hws_picture_fits((int)width, (int)height))
		return HWS_ERR_INVAL;
	w->width = (int)width;
	w->height = (int)height;
	return HWS_OK;
}

int hws_camera_wish_fps(struct hws_camera_wish *w, const char *text)
{
	uint32_t fps;

	if (hws_parse_u32(text, &fps) < 0 || fps > HWS_CAMERA_WISH_FPS_MAX)
		return HWS_ERR_INVAL;
	w->fps = fps;
	return HWS_OK;
}
