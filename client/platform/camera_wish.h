/* platform/camera_wish: what is to be taken of each camera, as its owner says. */
#pragma once
#include "shared/base/err.h"
#include "shared/base/macros.h"

/* What is taken of each camera. Zeroed: what suits a face or a document on a table. */
struct hws_camera_wish {
	int width, height; /* 0: any. Otherwise the mode that comes next to it */
	unsigned fps;      /* 0: any; at most so many */
};

#define HWS_CAMERA_WISH_FPS_MAX 60u
/* From "1280x720" and "15"; "" is any. HWS_ERR_INVAL: it is none. */
int hws_camera_wish_size(struct hws_camera_wish *w, const char *text) HWS_MUST_CHECK;
int hws_camera_wish_fps(struct hws_camera_wish *w, const char *text) HWS_MUST_CHECK;
