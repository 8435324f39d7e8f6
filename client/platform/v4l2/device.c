/* A camera that runs: memory of its driver is mapped, filled by it and handed back. What it says of
 * a buffer is held against what was mapped. */
#include "client/platform/v4l2/camera_parts.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFER_MAX ((size_t)4 * HWS_PICTURE_PIXELS_MAX)
#define EMPTY_MAX 200u /* times in a row that it says there is something, and has not */

static int give_up(struct v4l2_device *d, const char *what)
{
	int cause = errno;

	if (cause == ENODEV || cause == ENXIO || cause == ENOENT)
		snprintf(d->why, sizeof(d->why), "the camera was unplugged");
	else if (cause == EBUSY)
		snprintf(d->why, sizeof(d->why), "another program has the camera");
	else
		snprintf(d->why, sizeof(d->why), "%s: %s", what, strerror(cause));
	return cause == EBUSY ? HWS_ERR_BUSY : HWS_ERR_CLOSED;
}

static int refuse(struct v4l2_device *d, const char *why)
{
	snprintf(d->why, sizeof(d->why), "%s", why);
	return HWS_ERR_CORRUPT;
}

static int set_format(struct v4l2_device *d, const struct hws_camera_mode *mode)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_streamparm pace = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_pix_format *pix = &f.fmt.pix;

	if (!v4l2_choose(d->fd, mode, &d->code))
		return refuse(d, "the camera has this size no longer");
	pix->width = (uint32_t)mode->width;
	pix->height = (uint32_t)mode->height;
	pix->pixelformat = d->code.fourcc;
	pix->field = V4L2_FIELD_ANY;
	if (v4l2_call(d->fd, VIDIOC_S_FMT, &f) < 0)
		return give_up(d, "its format cannot be set");
	if (pix->width != (uint32_t)mode->width || pix->height != (uint32_t)mode->height ||
			pix->pixelformat != d->code.fourcc)
		return refuse(d, "the camera does not keep to the size that was asked for");
	/* No picture will have such lines; of packed pictures it says nothing. */
	d->stride = d->code.code == HWS_CAMERA_JPEG || pix->bytesperline > INT32_MAX
			? 0
			: (int)pix->bytesperline;
	d->width = mode->width;
	d->height = mode->height;
	pace.parm.capture.timeperframe = (struct v4l2_fract){ 1, mode->fps };
	(void)v4l2_call(d->fd, VIDIOC_S_PARM, &pace); /* those that cannot have one pace */
	return HWS_OK;
}

static int map_buffers(struct v4l2_device *d)
{
	struct v4l2_requestbuffers want = { .count = V4L2_BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };

	if (v4l2_call(d->fd, VIDIOC_REQBUFS, &want) < 0)
		return give_up(d, "it has no memory for pictures");
	if (want.count < 1)
		return refuse(d, "the camera has no memory for pictures");
	for (unsigned i = 0; i < HWS_MIN(want.count, V4L2_BUFFERS_MAX); i++) {
		struct v4l2_buffer b = {
			.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP
		};
		void *at;

		if (v4l2_call(d->fd, VIDIOC_QUERYBUF, &b) < 0)
			return give_up(d, "its memory cannot be asked for");
		if (b.length < 1 || b.length > BUFFER_MAX)
			return refuse(d, "the camera has memory of a size that no picture has");
		at = mmap(NULL, b.length, PROT_READ, MAP_SHARED, d->fd, b.m.offset);
		if (at == MAP_FAILED)
			return give_up(d, "its memory cannot be mapped");
		d->buffer[i].ptr = at;
		d->buffer[i].len = b.length;
		d->buffers++;
	}
	return HWS_OK;
}

static int hand_back(struct v4l2_device *d, unsigned index)
{
	struct v4l2_buffer b = {
		.index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP
	};

	return v4l2_call(d->fd, VIDIOC_QBUF, &b) < 0 ? give_up(d, "it takes no memory back")
						     : HWS_OK;
}

static int begin(struct v4l2_device *d)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	for (unsigned i = 0; i < d->buffers; i++) {
		int r = hand_back(d, i);

		if (r < 0)
			return r;
	}
	return v4l2_call(d->fd, VIDIOC_STREAMON, &type) < 0 ? give_up(d, "it does not begin")
							    : HWS_OK;
}

int v4l2_device_start(struct v4l2_device *d, unsigned node, const char *id,
		const struct hws_camera_mode *mode)
{
	struct hws_camera_device now = { 0 };
	int r;

	*d = (struct v4l2_device){ .fd = v4l2_open(node) };
	if (d->fd < 0)
		return give_up(d, "it cannot be opened");
	/* behind the id may stand which one of several it is */
	if (!v4l2_identify(d->fd, &now) || strncmp(now.id, id, strlen(now.id)) != 0)
		return refuse(d, "the camera was unplugged");
	r = set_format(d, mode);
	if (r == HWS_OK)
		r = map_buffers(d);
	return r < 0 ? r : begin(d);
}

/* The next one that is filled; HWS_ERR_AGAIN: there is none. */
static int next_filled(struct v4l2_device *d, unsigned *ret, size_t *ret_len)
{
	struct v4l2_buffer b = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP };

	if (v4l2_call(d->fd, VIDIOC_DQBUF, &b) < 0)
		return errno == EAGAIN ? HWS_ERR_AGAIN : give_up(d, "it gives no more pictures");
	if (b.index >= d->buffers)
		return refuse(d, "the camera gives memory that it does not have");
	d->number++;
	*ret = b.index;
	*ret_len = b.flags & V4L2_BUF_FLAG_ERROR
			? 0
			: HWS_MIN((size_t)b.bytesused, d->buffer[b.index].len);
	return HWS_OK;
}

static int convert(const struct v4l2_device *d, unsigned index, size_t len,
		struct hws_picture_pool *pool, struct hws_picture **ret)
{
	struct hws_picture *p;

	if (!len || hws_picture_pool_get(pool, HWS_PIXEL_I420, d->width, d->height, &p) < 0)
		return HWS_ERR_AGAIN; /* all are locked: this one is dropped */
	if (hws_camera_image(d->code.code, d->buffer[index].ptr, len, d->stride, p) < 0) {
		hws_picture_drop(p);
		return HWS_ERR_AGAIN;
	}
	*ret = p;
	return HWS_OK;
}

int v4l2_device_take(struct v4l2_device *d, struct hws_picture_pool *pool, struct hws_picture **ret)
{
	unsigned newest = 0, index = 0;
	size_t newest_len = 0, len = 0;
	bool has = false;
	int r = HWS_OK, back;

	/* a driver that is never empty gets no more turns than it has buffers */
	for (unsigned i = 0; i < d->buffers && r == HWS_OK; i++) {
		r = next_filled(d, &index, &len);
		if (r < 0)
			break;
		if (has)
			r = hand_back(d, newest);
		has = true;
		newest = index;
		newest_len = len;
	}
	if (r < 0 && r != HWS_ERR_AGAIN)
		return r;
	if (!has)
		return ++d->empty > EMPTY_MAX ? refuse(d, "the camera gives no pictures")
					      : HWS_ERR_AGAIN;
	d->empty = 0;
	r = convert(d, newest, newest_len, pool, ret);
	back = hand_back(d, newest);
	if (back < 0 && r == HWS_OK)
		hws_picture_drop(*ret);
	return back < 0 ? back : r;
}

void v4l2_device_stop(struct v4l2_device *d)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	if (d->fd < 0)
		return;
	(void)v4l2_call(d->fd, VIDIOC_STREAMOFF, &type);
	for (unsigned i = 0; i < d->buffers; i++)
		munmap(d->buffer[i].ptr, d->buffer[i].len);
	close(d->fd);
	*d = (struct v4l2_device){ .fd = -1 };
}
