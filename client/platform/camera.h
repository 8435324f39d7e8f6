/* platform/camera: the cameras of this machine: what they are, what they can, their pictures.
 *
 * A camera gives pictures at its own pace. Who is slower than the camera loses pictures, never gets
 * an old one late: a picture that nobody has locked when the next one comes is written over.
 *
 * All calls and events on the loop's thread; events never come from inside a call of this
 * interface. A stream may be closed from inside its own event. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_CAMERAS_MAX 16u
#define HWS_CAMERA_MODES_MAX 64u
#define HWS_CAMERA_FPS_MAX 240u
/* Pictures of one stream that may be locked at once; further ones are dropped meanwhile. */
#define HWS_CAMERA_PICTURES 4u

struct hws_camera_mode {
	enum hws_pixel_format format; /* as the pictures come, after the back-end's own decoding */
	int width, height;
	unsigned fps; /* at most so many a second */
};

struct hws_camera_device {
	char id[128];   /* of the back-end; stays the same when the camera is plugged in again */
	char name[128]; /* for people, UTF-8 */
	struct hws_camera_mode mode[HWS_CAMERA_MODES_MAX]; /* best first */
	unsigned modes;                                    /* at least 1 */
};

struct hws_camera;
struct hws_camera_stream;

struct hws_camera_frame {
	struct hws_picture *picture; /* lock it to keep it beyond the event */
	uint64_t number;             /* from 0; what was dropped is counted */
	uint64_t time_us;            /* when it was taken: hws_clock_us */
};

struct hws_camera_stream_conf {
	const char *device;          /* NULL: the first one */
	struct hws_camera_mode mode; /* one of its list; fps may be lower */
	void (*on_frame)(const struct hws_camera_frame *frame, void *arg);
	/* It was unplugged, or another program took it; nothing more comes. Close it. */
	void (*on_lost)(const char *why, void *arg);
	void *arg;
};

struct hws_camera_events {
	void (*on_devices)(void *arg); /* the list changed; may be NULL */
	void *arg;
};

struct hws_camera_impl {
	const struct hws_camera_device *(*devices)(struct hws_camera *c, unsigned *ret_count);
	int (*open)(struct hws_camera *c, const struct hws_camera_device *device,
			const struct hws_camera_stream_conf *conf, struct hws_camera_stream **ret);
	void (*close)(struct hws_camera_stream *t);
};

struct hws_camera {
	const struct hws_camera_impl *impl;
	struct hws_camera_events ev; /* set by the user */
};

struct hws_camera_stream {
	struct hws_camera *owner;
	struct hws_camera_stream_conf conf; /* device: not to be read after the opening */
};

/* For back-ends. A size with the highest rate of all its formats; one that cannot be is passed
 * over, as is one for which there is no place. */
void hws_camera_add_mode(
		struct hws_camera_device *d, uint32_t width, uint32_t height, unsigned fps);
/* Best first. */
void hws_camera_sort_modes(struct hws_camera_device *d);

/* Borrows until the next turn of the loop. */
static inline const struct hws_camera_device *hws_camera_devices(
		struct hws_camera *c, unsigned *ret_count)
{
	return c->impl->devices(c, ret_count);
}

/* HWS_ERR_NOTFOUND: no such camera. HWS_ERR_UNSUPPORTED: it has no such mode. HWS_ERR_BUSY: it is
 * open already, here or elsewhere. HWS_ERR_INVAL: no on_frame. HWS_ERR_NOMEM. */
int hws_camera_open(struct hws_camera *c, const struct hws_camera_stream_conf *conf,
		struct hws_camera_stream **ret) HWS_MUST_CHECK;

/* No more events of it; locked pictures stay valid. The camera's light goes out. Takes NULL. */
void hws_camera_close(struct hws_camera_stream *t);
