/* platform/camera_image: pictures as cameras give them, into I420. The bytes are a device's or
 * another program's word: they are measured before they are read. */
#pragma once
#include "client/media/picture.h"

enum hws_camera_code {
	HWS_CAMERA_I420,
	HWS_CAMERA_NV12,
	HWS_CAMERA_YUY2, /* bytes Y U Y V */
	HWS_CAMERA_UYVY,
	HWS_CAMERA_BGRX,
	HWS_CAMERA_RGBX,
	HWS_CAMERA_RGB,
	HWS_CAMERA_BGR,
	HWS_CAMERA_JPEG
};

/* `len` bytes at `bytes`, planes one after the other, into a picture of the size that the camera
 * has promised. `stride`: of the first plane; 0 = its lines follow each other. HWS_ERR_CORRUPT:
 * they do not hold a picture of that size. HWS_ERR_INVAL: `to` is not I420. */
int hws_camera_image(enum hws_camera_code code, const uint8_t *bytes, size_t len, int stride,
		struct hws_picture *to) HWS_MUST_CHECK;
