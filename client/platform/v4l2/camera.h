/* v4l2/camera: the cameras of this machine as the kernel shows them (/dev/videoN), for where no
 * PipeWire server offers them. Pictures come as I420; what the camera gives otherwise, Motion JPEG
 * included, is converted on a thread of its own. */
#pragma once
#include "client/platform/camera.h"
#include "shared/loop/loop.h"

struct hws_v4l2_camera_conf {
	/* The list is complete: once, never from inside hws_v4l2_camera_new. `refused`: there are
	 * devices that this account may not open. */
	void (*on_ready)(bool refused, void *arg);
	void *arg;
};

int hws_v4l2_camera_new(struct hws_loop *loop, const struct hws_v4l2_camera_conf *conf,
		struct hws_camera **ret) HWS_MUST_CHECK;
/* Streams must be closed. Also from inside on_ready. Takes NULL. */
void hws_v4l2_camera_free(struct hws_camera *base);
