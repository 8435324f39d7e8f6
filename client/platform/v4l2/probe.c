/* Which devices are cameras and what they can. Every list of a driver, and behind it of a device
 * that somebody has plugged in, is read up to a bound; every text is made readable. */
#include "client/platform/v4l2/camera_parts.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ENTRIES_MAX 64u /* of one list */

/* What camera_image reads, that of the least work first. */
static const struct v4l2_code known[] = {
	{ V4L2_PIX_FMT_YUV420, HWS_CAMERA_I420 },
	{ V4L2_PIX_FMT_NV12, HWS_CAMERA_NV12 },
	{ V4L2_PIX_FMT_YUYV, HWS_CAMERA_YUY2 },
	{ V4L2_PIX_FMT_UYVY, HWS_CAMERA_UYVY },
	{ V4L2_PIX_FMT_RGB24, HWS_CAMERA_RGB },
	{ V4L2_PIX_FMT_BGR24, HWS_CAMERA_BGR },
	{ V4L2_PIX_FMT_MJPEG, HWS_CAMERA_JPEG },
	{ V4L2_PIX_FMT_JPEG, HWS_CAMERA_JPEG },
};

int v4l2_call(int fd, unsigned long request, void *arg)
{
	int r;

	do
		r = ioctl(fd, request, arg);
	while (r < 0 && errno == EINTR);
	return r;
}

int v4l2_open(unsigned node)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/video%u", node);
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static const struct v4l2_code *find_known(uint32_t fourcc)
{
	for (size_t i = 0; i < HWS_COUNT(known); i++)
		if (known[i].fourcc == fourcc)
			return &known[i];
	return NULL;
}

static unsigned rate_of(const struct v4l2_fract *f)
{
	unsigned fps = f->numerator ? f->denominator / f->numerator : 0;

	return HWS_MIN(fps, HWS_CAMERA_FPS_MAX);
}

/* 0: it does not have this size in this format. */
static unsigned fps_of(int fd, uint32_t fourcc, uint32_t width, uint32_t height)
{
	unsigned best = 0;

	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		struct v4l2_frmivalenum v = {
			.index = i, .pixel_format = fourcc, .width = width, .height = height
		};

		if (v4l2_call(fd, VIDIOC_ENUM_FRAMEINTERVALS, &v) < 0) {
			if (i == 0 && errno == ENOTTY) /* a driver that does not say it */
				return 30;
			break;
		}
		best = HWS_MAX(best,
				rate_of(v.type == V4L2_FRMIVAL_TYPE_DISCRETE ? &v.discrete
									     : &v.stepwise.min));
		if (v.type != V4L2_FRMIVAL_TYPE_DISCRETE)
			break;
	}
	return best;
}

/* Of a range of sizes those that people know, and the largest. */
static void add_range(int fd, struct hws_camera_device *d, uint32_t fourcc,
		const struct v4l2_frmsize_stepwise *s)
{
	static const uint32_t usual[][2] = { { 1920, 1080 }, { 1280, 720 }, { 640, 480 },
		{ 320, 240 } };

	for (size_t i = 0; i < HWS_COUNT(usual); i++) {
		uint32_t w = usual[i][0], h = usual[i][1];

		if (w >= s->min_width && w <= s->max_width && h >= s->min_height &&
				h <= s->max_height && s->step_width && s->step_height &&
				(w - s->min_width) % s->step_width == 0 &&
				(h - s->min_height) % s->step_height == 0)
			hws_camera_add_mode(d, w, h, fps_of(fd, fourcc, w, h));
	}
	hws_camera_add_mode(d, s->max_width, s->max_height,
			fps_of(fd, fourcc, s->max_width, s->max_height));
}

static void add_sizes(int fd, struct hws_camera_device *d, uint32_t fourcc)
{
	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		struct v4l2_frmsizeenum s = { .index = i, .pixel_format = fourcc };

		if (v4l2_call(fd, VIDIOC_ENUM_FRAMESIZES, &s) < 0)
			return;
		if (s.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
			add_range(fd, d, fourcc, &s.stepwise);
			return;
		}
		hws_camera_add_mode(d, s.discrete.width, s.discrete.height,
				fps_of(fd, fourcc, s.discrete.width, s.discrete.height));
	}
}

static void add_formats(int fd, struct hws_camera_device *d)
{
	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		struct v4l2_fmtdesc f = { .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

		if (v4l2_call(fd, VIDIOC_ENUM_FMT, &f) < 0)
			return;
		if (find_known(f.pixelformat))
			add_sizes(fd, d, f.pixelformat);
	}
}

static void drop_still_modes(struct hws_camera_device *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->modes; i++)
		if (d->mode[i].fps >= 1)
			d->mode[n++] = d->mode[i];
	d->modes = n;
}

bool v4l2_choose(int fd, const struct hws_camera_mode *mode, struct v4l2_code *ret)
{
	unsigned best = 0;

	for (size_t i = 0; i < HWS_COUNT(known); i++) {
		bool has = false;

		for (unsigned k = 0; k < ENTRIES_MAX && !has; k++) {
			struct v4l2_fmtdesc f = { .index = k, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

			if (v4l2_call(fd, VIDIOC_ENUM_FMT, &f) < 0)
				break;
			has = f.pixelformat == known[i].fourcc;
		}
		unsigned fps = has ? fps_of(fd, known[i].fourcc, (uint32_t)mode->width,
						     (uint32_t)mode->height)
				   : 0;
		fps = HWS_MIN(fps, mode->fps); /* what is above is no reason */
		if (fps > best) {
			best = fps;
			*ret = known[i];
		}
	}
	return best > 0;
}

static void read_text(char *to, size_t size, const uint8_t *from, size_t len)
{
	hws_str_escape(to, size, hws_bytes(from, strnlen((const char *)from, len)));
}

bool v4l2_identify(int fd, struct hws_camera_device *ret)
{
	struct v4l2_capability cap = { 0 };
	char bus[80], card[80];
	uint32_t can;

	if (v4l2_call(fd, VIDIOC_QUERYCAP, &cap) < 0)
		return false;
	can = cap.capabilities & V4L2_CAP_DEVICE_CAPS ? cap.device_caps : cap.capabilities;
	if (!(can & V4L2_CAP_VIDEO_CAPTURE) || !(can & V4L2_CAP_STREAMING))
		return false;
	read_text(bus, sizeof(bus), cap.bus_info, sizeof(cap.bus_info));
	read_text(card, sizeof(card), cap.card, sizeof(cap.card));
	snprintf(ret->id, sizeof(ret->id), "%.60s %.60s", bus, card);
	snprintf(ret->name, sizeof(ret->name), "%s", *card ? card : "Camera");
	return true;
}

/* Cameras of one kind at one plug are told apart by their order. */
static void tell_apart(const struct v4l2_list *l, struct hws_camera_device *d)
{
	unsigned same = 0;
	size_t len = strlen(d->id);

	for (unsigned i = 0; i < l->count; i++)
		same += strncmp(l->device[i].id, d->id, len) == 0;
	if (same)
		snprintf(d->id + len, sizeof(d->id) - len, " %u", same + 1);
}

void v4l2_scan_nodes(struct v4l2_list *ret)
{
	*ret = (struct v4l2_list){ 0 };
	for (unsigned i = 0; i < V4L2_NODES && ret->count < HWS_CAMERAS_MAX; i++) {
		struct hws_camera_device *d = &ret->device[ret->count];
		int fd = v4l2_open(i);

		if (fd < 0) {
			ret->refused |= errno == EACCES || errno == EPERM;
			continue;
		}
		*d = (struct hws_camera_device){ 0 };
		if (v4l2_identify(fd, d)) {
			add_formats(fd, d);
			drop_still_modes(d);
		}
		close(fd);
		if (!d->modes)
			continue;
		hws_camera_sort_modes(d);
		tell_apart(ret, d);
		ret->node[ret->count++] = i;
	}
}
