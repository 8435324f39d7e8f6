/* The layouts that codecs and capture devices of our time have. */
#include "client/media/formats.h"
#include <stddef.h>

static const struct hws_pixel_row rows[HWS_PIXEL_FORMATS] = {
	[HWS_PIXEL_BGRA] = { "BGRA", 1, { { 4, 0, 0 } }, { 0 } },
	[HWS_PIXEL_I420] = { "I420", 3, { { 1, 0, 0 }, { 1, 1, 1 }, { 1, 1, 1 } },
			{ 16, 128, 128 } },
	[HWS_PIXEL_I444] = { "I444", 3, { { 1, 0, 0 }, { 1, 0, 0 }, { 1, 0, 0 } },
			{ 16, 128, 128 } },
	[HWS_PIXEL_NV12] = { "NV12", 2, { { 1, 0, 0 }, { 2, 1, 1 } }, { 16, 128 } },
	[HWS_PIXEL_DMABUF] = { "dmabuf", 0, { { 0 } }, { 0 } },
};

const struct hws_pixel_row *hws_pixel_row(enum hws_pixel_format format)
{
	return (unsigned)format < HWS_PIXEL_FORMATS ? &rows[format] : NULL;
}
