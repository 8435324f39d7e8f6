/* video/screenshot: pictures of a display as PNG files, on a viewer's request. */
#pragma once
#include "client/platform/capture.h"
#include "client/services/host_viewer.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

struct hws_screenshots;

int hws_screenshots_new(struct hws_loop *loop, struct hws_work *work, struct hws_capture *capture,
		struct hws_screenshots **ret) HWS_MUST_CHECK;
/* What is being made is finished in the background and dropped. Takes NULL. */
void hws_screenshots_free(struct hws_screenshots *o);
/* The answer goes to the viewer when it is ready. One at a time for each viewer; others fail at
 * once. */
void hws_screenshot_take(struct hws_screenshots *o, struct hws_host_viewer *g,
		const Ses__ScreenshotRequest *q);
/* This viewer is leaving. */
void hws_screenshot_forget(struct hws_screenshots *o, struct hws_host_viewer *g);
