/* pipewire/camera: the cameras that the PipeWire server of this account offers: those of V4L2 and
 * libcamera, and those that programs make. Pictures come as I420; what the camera gives otherwise,
 * Motion JPEG included, is converted here. */
#pragma once
#include "client/platform/camera.h"
#include "shared/loop/loop.h"

struct hws_pipewire_camera;

struct hws_pipewire_camera_conf {
	/* The list is complete: once, never from inside hws_pipewire_camera_new. */
	void (*on_ready)(void *arg);
	/* The server has gone: once, then nothing works any more. */
	void (*on_lost)(const char *why, void *arg);
	void *arg;
};

/* HWS_ERR_UNSUPPORTED: there is no PipeWire server, and `err` says so. HWS_ERR_NOMEM. */
int hws_pipewire_camera_new(struct hws_loop *loop, const struct hws_pipewire_camera_conf *conf,
		struct hws_camera **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Streams must be closed. Takes NULL. */
void hws_pipewire_camera_free(struct hws_camera *base);
