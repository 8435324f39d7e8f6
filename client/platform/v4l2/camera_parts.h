/* v4l2/camera_parts: what the files of this folder share: camera.c has the list of cameras,
 * probe.c what one can do, device.c one that runs (both without a loop, on threads), stream.c its
 * events. */
#pragma once
#include "client/platform/camera_image.h"
#include "client/platform/v4l2/camera.h"
#include "shared/base/list.h"
#include "shared/loop/work.h"
#include <linux/videodev2.h>

#define V4L2_NODES 64u /* /dev/video0 to 63 */
#define V4L2_BUFFERS 4u
#define V4L2_BUFFERS_MAX 8u

struct v4l2_list {
	struct hws_camera_device device[HWS_CAMERAS_MAX];
	unsigned node[HWS_CAMERAS_MAX];
	unsigned count;
	bool refused;
};

struct hws_v4l2_camera {
	struct hws_camera base;
	struct hws_v4l2_camera_conf conf;
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_list streams; /* of struct v4l2_stream */
	struct v4l2_list list;
	struct v4l2_scan *scan; /* under way */
	bool ready, again;      /* something happened during the scan */
	struct event changed;   /* of /dev */
	int watch_fd;
	struct hws_timer later;
};

/* --- probe.c: on threads */
/* One that a signal interrupts is made again. 0, or -1 and errno. */
int v4l2_call(int fd, unsigned long request, void *arg);
/* A descriptor, or -1 and errno. */
int v4l2_open(unsigned node);
void v4l2_scan_nodes(struct v4l2_list *ret);
/* Whether what is open is a camera, with its names; nothing of its modes. */
bool v4l2_identify(int fd, struct hws_camera_device *ret);
struct v4l2_code {
	uint32_t fourcc;
	enum hws_camera_code code;
};
/* What of its formats gives pictures of this size at the wanted pace for the least work. */
bool v4l2_choose(int fd, const struct hws_camera_mode *mode, struct v4l2_code *ret);

/* --- device.c: on threads */
struct v4l2_device {
	int fd; /* -1: not open */
	struct v4l2_code code;
	int width, height, stride;
	unsigned buffers, empty;
	struct {
		void *ptr;
		size_t len;
	} buffer[V4L2_BUFFERS_MAX];
	uint64_t number; /* of pictures taken, those that were dropped included */
	char why[120];   /* after an error */
};
/* `id`: it must still be that one. An error, and why in the device. */
int v4l2_device_start(struct v4l2_device *d, unsigned node, const char *id,
		const struct hws_camera_mode *mode) HWS_MUST_CHECK;
/* The newest picture of those that are there. HWS_ERR_AGAIN: there is none, or none whole, or all
 * of the pool are locked. Others: it is over, and why in the device. */
int v4l2_device_take(struct v4l2_device *d, struct hws_picture_pool *pool,
		struct hws_picture **ret) HWS_MUST_CHECK;
void v4l2_device_stop(struct v4l2_device *d);

/* --- stream.c */
int v4l2_stream_open(struct hws_camera *base, const struct hws_camera_device *device,
		const struct hws_camera_stream_conf *conf,
		struct hws_camera_stream **ret) HWS_MUST_CHECK;
void v4l2_stream_close(struct hws_camera_stream *base);
/* The camera goes; what of its streams is still at work ends by itself. */
void v4l2_streams_orphan(struct hws_v4l2_camera *c);
