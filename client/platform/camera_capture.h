/* platform/camera_capture: the cameras of a machine as a capture: each is a display, in the order
 * of their list, with the size of the mode that is taken of it. So whatever shows displays shows
 * cameras. A camera runs (and its light is on) only while somebody has started its display.
 * Loop thread only. */
#pragma once
#include "client/platform/camera.h"
#include "client/platform/camera_wish.h"
#include "client/platform/capture.h"
#include "shared/loop/loop.h"

struct hws_camera_capture;

/* Takes the events of `cameras`, which outlives it. */
int hws_camera_capture_new(struct hws_loop *loop, struct hws_camera *cameras,
		const struct hws_camera_wish *wish, struct hws_camera_capture **ret) HWS_MUST_CHECK;
/* Readers must have unsubscribed. Takes NULL. */
void hws_camera_capture_free(struct hws_camera_capture *c);
/* Its capture; pictures are I420. */
struct hws_capture *hws_camera_capture_get(struct hws_camera_capture *c);
