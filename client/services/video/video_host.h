/* video/video_host: shows the desktop to all viewers: one encoder for each display that somebody
 * watches, fed by damage, for those who wish alike, paced by the slowest reasonable one of them. A
 * picture is never queued behind another: when the viewers are not ready it is taken later, and
 * then the newest. Loop thread only; coding runs on the worker pool. */
#pragma once
#include "client/platform/capture.h"
#include "client/services/host_service.h"
#include "client/services/video/flow.h"
#include "client/services/video_cost.h"

struct hws_video_host;

extern const struct hws_host_service_impl hws_video_host_service;
/* The same for sessions about cameras, in an agent whose displays are such. */
extern const struct hws_host_service_impl hws_camera_host_service;

struct hws_video_host_conf {
	struct hws_loop *loop;
	struct hws_work *work;       /* at least one thread */
	struct hws_capture *capture; /* shared with whoever else reads it */
	bool cameras;                /* its displays are cameras */
	struct hws_screens *screens; /* of the same displays; may be NULL */
	/* What a viewer is sent changed its bitrate, or is told to it for the first time; may be
	 * NULL. */
	void (*on_bitrate)(struct hws_host_viewer *g, uint32_t kbit_s, void *arg);
	/* What its pictures cost, once a second while there are some; may be NULL. */
	void (*on_cost)(struct hws_host_viewer *g, const struct hws_video_cost *c, void *arg);
	void *arg;
	bool no_exact; /* all by video */
};

int hws_video_host_new(
		const struct hws_video_host_conf *conf, struct hws_video_host **ret) HWS_MUST_CHECK;
/* A picture that is being coded is finished in the background. Takes NULL. */
void hws_video_host_free(struct hws_video_host *v);

/* Begins to show the primary display. `g` stays valid until hws_video_host_leave. */
void hws_video_host_join(struct hws_video_host *v, struct hws_host_viewer *g);
void hws_video_host_leave(struct hws_video_host *v, struct hws_host_viewer *g);
