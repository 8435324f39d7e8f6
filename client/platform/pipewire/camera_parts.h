/* pipewire/camera_parts: what the files of this folder share: camera.c has the server and its list
 * of cameras, formats.c what one can do, stream.c one that runs, image.c its pictures. */
#pragma once
#include "client/platform/pipewire/camera.h"
#include <event2/event_struct.h>
#include <pipewire/pipewire.h>
#include <spa/param/video/format-utils.h>

struct pipewire_node { /* one camera of the server */
	struct hws_pipewire_camera *c;
	bool used, listed;
	uint32_t id;
	struct pw_proxy *proxy;
	struct spa_hook listener;
	struct hws_camera_device device;
};

struct hws_pipewire_camera {
	struct hws_camera base;
	struct hws_pipewire_camera_conf conf;
	struct hws_loop *loop;
	struct pw_loop *pw;
	struct pw_context *context;
	struct pw_core *core;
	struct pw_registry *registry;
	struct spa_hook core_listener, registry_listener;
	struct event readable;
	struct pipewire_node node[HWS_CAMERAS_MAX];
	struct hws_camera_device list[HWS_CAMERAS_MAX];
	unsigned count;
	int sync;         /* of the last question */
	unsigned answers; /* what is to be known before the list is complete */
	bool ready, changed, gone;
	struct hws_deferred news;
	char why[200]; /* it has gone */
};

/* --- formats.c. Adds what a format of a node stands for to its modes. */
void pipewire_add_modes(struct hws_camera_device *d, const struct spa_pod *format);
/* What a stream of this mode is negotiated by; at most 2. Returns how many. */
unsigned pipewire_wanted(const struct hws_camera_mode *m, struct spa_pod_builder *b,
		const struct spa_pod *ret[2]);

/* --- image.c */
struct pipewire_image {
	bool jpeg;
	enum spa_video_format format;
	int width, height;
};
/* Converts what a buffer holds into an I420 picture of the same size. HWS_ERR_CORRUPT: it does not
 * hold a picture of that size. HWS_ERR_UNSUPPORTED: in memory that is not to be read. */
int pipewire_to_i420(const struct pipewire_image *image, const struct spa_buffer *b,
		struct hws_picture *to) HWS_MUST_CHECK;

/* --- stream.c */
int pipewire_stream_open(struct hws_camera *base, const struct hws_camera_device *device,
		const struct hws_camera_stream_conf *conf,
		struct hws_camera_stream **ret) HWS_MUST_CHECK;
void pipewire_stream_close(struct hws_camera_stream *base);
