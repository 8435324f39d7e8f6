/* Cameras at the border to the kernel, for tests: preloaded, it answers for /dev/videoN as a driver
 * would, and for nothing else. What a camera is stands in the file $TEST_V4L2_DIR/videoN, one line:
 *
 *     NAME CODE WIDTH HEIGHT FPS LIE FILE
 *
 * CODE: YUYV, NV12, MJPG (FILE is its picture) or META (no camera). A file that is removed is a
 * camera that is unplugged. Its picture: four quarters in red, green, blue and white. LIE: "none", or
 * what it does that no camera may. What it is asked to do it appends to $TEST_V4L2_DIR/log: "on
 * videoN CODE WIDTHxHEIGHT FPS" and "off videoN". */
#include "shared/base/num.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CAMERAS 8
#define BUFFERS 4
#define PICTURE_MAX (1 << 20)

struct camera {
	int fd, node; /* fd 0: free */
	char name[32], code[8], lie[32], file[200];
	uint32_t width, height, fps, pace;
	void *buffer[BUFFERS];
	size_t length;
	unsigned queue[BUFFERS], queued, number;
	int on;
};

static struct camera camera[CAMERAS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(type, name, ...)                                                                      \
	static type (*real)(__VA_ARGS__);                                                          \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, name)

static int real_open(const char *path, int flags, mode_t mode)
{
	REAL(int, "open", const char *, int, ...);
	return real(path, flags, mode);
}

static int real_ioctl(int fd, unsigned long request, void *arg)
{
	REAL(int, "ioctl", int, unsigned long, ...);
	return real(fd, request, arg);
}

static void *real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	REAL(void *, "mmap", void *, size_t, int, int, int, off_t);
	return real(at, len, prot, flags, fd, offset);
}

static int real_close(int fd)
{
	REAL(int, "close", int);
	return real(fd);
}

static int real_watch(int fd, const char *path, uint32_t mask)
{
	REAL(int, "inotify_add_watch", int, const char *, uint32_t);
	return real(fd, path, mask);
}

static const char *folder(void)
{
	const char *dir = getenv("TEST_V4L2_DIR");

	return dir ? dir : "/nonexistent";
}

static int lies(const struct camera *c, const char *how)
{
	return strcmp(c->lie, how) == 0;
}

static int fail(int cause)
{
	errno = cause;
	return -1;
}

static struct camera *find(int fd)
{
	for (int i = 0; i < CAMERAS && fd > 0; i++)
		if (camera[i].fd == fd)
			return &camera[i];
	return NULL;
}

static int is_plugged(const struct camera *c)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/video%d", folder(), c->node);
	return access(path, F_OK) == 0;
}

static void note(const char *text)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/log", folder());
	fd = real_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror("v4l2_double");
	if (fd >= 0)
		real_close(fd);
}

static int read_line(struct camera *c, char *line)
{
	char *word[7], *rest = NULL;
	int n = 0;

	for (char *w = strtok_r(line, " \n", &rest); w && n < 7; w = strtok_r(NULL, " \n", &rest))
		word[n++] = w;
	if (n < 7)
		return 0;
	snprintf(c->name, sizeof(c->name), "%s", word[0]);
	snprintf(c->code, sizeof(c->code), "%s", word[1]);
	snprintf(c->lie, sizeof(c->lie), "%s", word[5]);
	snprintf(c->file, sizeof(c->file), "%s", word[6]);
	return hws_parse_u32(word[2], &c->width) == HWS_OK &&
			hws_parse_u32(word[3], &c->height) == HWS_OK &&
			hws_parse_u32(word[4], &c->fps) == HWS_OK;
}

static int open_camera(const char *path)
{
	char real[300], line[400] = "";
	struct camera c = { 0 };
	uint32_t node;
	int fd;
	ssize_t n;

	if (hws_parse_u32(path + strlen("/dev/video"), &node) < 0)
		return fail(ENOENT);
	c.node = (int)node;
	snprintf(real, sizeof(real), "%s/video%d", folder(), c.node);
	fd = real_open(real, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fail(ENOENT);
	n = read(fd, line, sizeof(line) - 1);
	real_close(fd);
	if (n <= 0 || !read_line(&c, line))
		return fail(ENXIO);
	c.pace = c.fps;
	for (int i = 0; i < CAMERAS; i++)
		if (!camera[i].fd) {
			c.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
			camera[i] = c;
			return c.fd;
		}
	return fail(EMFILE);
}

static int is_ours(const char *path)
{
	return strncmp(path, "/dev/video", strlen("/dev/video")) == 0;
}

static int any_open(const char *path, int flags, mode_t mode)
{
	int r;

	if (!is_ours(path))
		return real_open(path, flags, mode);
	pthread_mutex_lock(&lock);
	r = open_camera(path);
	pthread_mutex_unlock(&lock);
	return r;
}

int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

#define OPEN(name)                                                                                 \
	__attribute__((visibility("default"))) int name(const char *path, int flags, ...)          \
	{                                                                                          \
		mode_t mode = 0;                                                                   \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, flags);                                                             \
		if (flags & (O_CREAT | O_TMPFILE))                                                 \
			mode = va_arg(args, mode_t);                                               \
		va_end(args);                                                                      \
		return any_open(path, flags, mode);                                                \
	}
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags)
{
	return any_open(path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return any_open(path, flags, 0);
}

/* --- what a driver answers -------------------------------------------------------------------- */

static uint32_t fourcc(const struct camera *c)
{
	return v4l2_fourcc((uint32_t)c->code[0], (uint32_t)c->code[1], (uint32_t)c->code[2],
			(uint32_t)c->code[3]);
}

static int query(const struct camera *c, struct v4l2_capability *cap)
{
	memset(cap, 0, sizeof(*cap));
	if (lies(c, "names")) { /* nothing ends them, and no person can read them */
		memset(cap->card, 0xff, sizeof(cap->card));
		memset(cap->bus_info, '\n', sizeof(cap->bus_info));
	} else {
		snprintf((char *)cap->card, sizeof(cap->card), "%s", c->name);
		snprintf((char *)cap->bus_info, sizeof(cap->bus_info), "usb-0000:00:14.0-%d",
				c->node + 1);
	}
	cap->device_caps = strcmp(c->code, "META") == 0
			? V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING
			: V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
	cap->capabilities = cap->device_caps | V4L2_CAP_DEVICE_CAPS;
	return 0;
}

static int enum_format(const struct camera *c, struct v4l2_fmtdesc *f)
{
	if (f->index > 1 && !lies(c, "endless"))
		return fail(EINVAL);
	/* the second one nobody knows, and after it, if it lies, the first one for ever */
	f->pixelformat = f->index == 1 ? v4l2_fourcc('?', '?', '?', '?') : fourcc(c);
	return 0;
}

static int enum_size(const struct camera *c, struct v4l2_frmsizeenum *s)
{
	if (s->pixel_format != fourcc(c))
		return fail(EINVAL);
	if (lies(c, "range")) { /* steps of nothing, up to what no picture has */
		s->type = V4L2_FRMSIZE_TYPE_STEPWISE;
		s->stepwise = (struct v4l2_frmsize_stepwise){ 0, UINT32_MAX, 0, 0, UINT32_MAX, 0 };
		return s->index ? fail(EINVAL) : 0;
	}
	if (s->index > 1 && !lies(c, "endless"))
		return fail(EINVAL);
	s->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	s->discrete.width = s->index == 1 ? c->width / 2 : c->width;
	s->discrete.height = s->index == 1 ? c->height / 2 : c->height;
	return 0;
}

static int enum_pace(const struct camera *c, struct v4l2_frmivalenum *v)
{
	if (v->index && !lies(c, "endless"))
		return fail(EINVAL);
	v->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	v->discrete = (struct v4l2_fract){ lies(c, "pace") ? 0 : 1, c->fps };
	return 0;
}

static size_t size_of(const struct camera *c)
{
	size_t pixels = (size_t)c->width * c->height;

	return strcmp(c->code, "YUYV") == 0            ? pixels * 2
			: strcmp(c->code, "NV12") == 0 ? pixels * 3 / 2
						       : PICTURE_MAX;
}

static int set_format(struct camera *c, struct v4l2_format *f)
{
	struct v4l2_pix_format *p = &f->fmt.pix;

	if (p->width == c->width / 2 && p->height == c->height / 2) {
		c->width /= 2;
		c->height /= 2;
	}
	p->width = lies(c, "size") ? 4 * c->width : c->width;
	p->height = c->height;
	p->pixelformat = fourcc(c);
	p->bytesperline = strcmp(c->code, "YUYV") == 0 ? 2 * c->width
			: strcmp(c->code, "NV12") == 0 ? c->width
						       : 0;
	if (lies(c, "lines"))
		p->bytesperline = 0x7fffffff;
	p->sizeimage = (uint32_t)size_of(c);
	return 0;
}

static int set_pace(struct camera *c, struct v4l2_streamparm *p)
{
	const struct v4l2_fract *f = &p->parm.capture.timeperframe;

	c->pace = f->numerator && f->denominator / f->numerator < c->fps
			? f->denominator / f->numerator
			: c->fps;
	return 0;
}

static int request(struct camera *c, struct v4l2_requestbuffers *r)
{
	for (int i = 0; i < CAMERAS; i++)
		if (&camera[i] != c && camera[i].fd && camera[i].node == c->node && camera[i].on)
			return fail(EBUSY);
	r->count = lies(c, "buffers") ? 100000 : lies(c, "none-left") ? 0 : BUFFERS;
	c->length = size_of(c);
	return 0;
}

static int query_buffer(const struct camera *c, struct v4l2_buffer *b)
{
	b->length = lies(c, "long") ? 0xfffffff0 : lies(c, "empty") ? 0 : (uint32_t)c->length;
	b->m.offset = b->index * PICTURE_MAX;
	return 0;
}

static void put(uint8_t *p, const struct camera *c, unsigned x, unsigned y)
{
	/* Y, U, V of red, green, blue and white */
	static const uint8_t yuv[4][3] = { { 81, 90, 240 }, { 145, 54, 34 }, { 41, 240, 110 },
		{ 235, 128, 128 } };
	const uint8_t *of = yuv[(x >= c->width / 2) + 2 * (y >= c->height / 2)];

	if (strcmp(c->code, "YUYV") == 0) {
		p[2 * (y * c->width + x)] = of[0];
		p[2 * (y * c->width + x) + 1] = of[1 + x % 2];
	} else {
		p[y * c->width + x] = of[0];
		p[(c->height + y / 2) * c->width + x] = of[1 + x % 2];
	}
}

static size_t draw(const struct camera *c, uint8_t *p)
{
	size_t n = size_of(c);
	ssize_t got;

	if (strcmp(c->code, "MJPG") != 0) {
		for (unsigned y = 0; y < c->height; y++)
			for (unsigned x = 0; x < c->width; x++)
				put(p, c, x, y);
		return n;
	}
	int fd = real_open(c->file, O_RDONLY | O_CLOEXEC, 0);
	got = fd < 0 ? 0 : read(fd, p, n);
	if (fd >= 0)
		real_close(fd);
	return got < 0 ? 0 : (size_t)got;
}

static int take_back(struct camera *c, const struct v4l2_buffer *b)
{
	if (b->index >= BUFFERS || c->queued == BUFFERS)
		return fail(EINVAL);
	c->queue[c->queued++] = b->index;
	return 0;
}

static int fill(struct camera *c, struct v4l2_buffer *b)
{
	uint64_t times;

	if (!c->on || read(c->fd, &times, sizeof(times)) < 0 || !c->queued)
		return fail(EAGAIN);
	b->index = c->queue[0];
	memmove(c->queue, c->queue + 1, --c->queued * sizeof(c->queue[0]));
	c->number++;
	b->bytesused = c->buffer[b->index] ? (uint32_t)draw(c, c->buffer[b->index]) : 0;
	b->flags = 0;
	if (lies(c, "index"))
		b->index = 7;
	if (lies(c, "used"))
		b->bytesused = 0xffffffff;
	if (lies(c, "short"))
		b->bytesused /= 3;
	if (lies(c, "garbage")) {
		for (size_t i = 0; i < b->bytesused; i++)
			((uint8_t *)c->buffer[b->index])[i] ^= (uint8_t)(i * 7 + c->number);
		((uint8_t *)c->buffer[b->index])[0] = 0xff; /* it begins as one */
		((uint8_t *)c->buffer[b->index])[1] = 0xd8;
	}
	return 0;
}

static int turn(struct camera *c, int on)
{
	struct itimerspec at = { 0 };
	char text[120];

	if (on) {
		at.it_value.tv_nsec = 1000000;
		at.it_interval.tv_nsec = 1000000000L / (c->pace > 1 ? c->pace : 2);
	}
	if (lies(c, "still"))
		memset(&at, 0, sizeof(at));
	if (c->on == on)
		return 0;
	c->on = on;
	if (on)
		snprintf(text, sizeof(text), "on video%d %s %ux%u %u\n", c->node, c->code, c->width,
				c->height, c->pace);
	else
		snprintf(text, sizeof(text), "off video%d\n", c->node);
	note(text);
	return timerfd_settime(c->fd, 0, &at, NULL);
}

static int answer(struct camera *c, unsigned long request_, void *arg)
{
	if (!is_plugged(c))
		return fail(ENODEV);
	switch ((uint32_t)request_) {
	case (uint32_t)VIDIOC_QUERYCAP:
		return query(c, arg);
	case (uint32_t)VIDIOC_ENUM_FMT:
		return enum_format(c, arg);
	case (uint32_t)VIDIOC_ENUM_FRAMESIZES:
		return enum_size(c, arg);
	case (uint32_t)VIDIOC_ENUM_FRAMEINTERVALS:
		return enum_pace(c, arg);
	case (uint32_t)VIDIOC_S_FMT:
		return set_format(c, arg);
	case (uint32_t)VIDIOC_S_PARM:
		return set_pace(c, arg);
	case (uint32_t)VIDIOC_REQBUFS:
		return request(c, arg);
	case (uint32_t)VIDIOC_QUERYBUF:
		return query_buffer(c, arg);
	case (uint32_t)VIDIOC_QBUF:
		return take_back(c, arg);
	case (uint32_t)VIDIOC_DQBUF:
		return fill(c, arg);
	case (uint32_t)VIDIOC_STREAMON:
		return turn(c, 1);
	case (uint32_t)VIDIOC_STREAMOFF:
		return turn(c, 0);
	default:
		return fail(ENOTTY);
	}
}

int ioctl(int fd, unsigned long request_, ...)
{
	struct camera *c;
	va_list args;
	void *arg;
	int r;

	va_start(args, request_);
	arg = va_arg(args, void *);
	va_end(args);
	pthread_mutex_lock(&lock);
	c = find(fd);
	r = c ? answer(c, request_, arg) : 0;
	pthread_mutex_unlock(&lock);
	return c ? r : real_ioctl(fd, request_, arg);
}

static void *any_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	struct camera *c;
	void *p;

	if (fd <= 0 || flags & MAP_ANONYMOUS)
		return real_mmap(at, len, prot, flags, fd, offset);
	pthread_mutex_lock(&lock);
	c = find(fd);
	pthread_mutex_unlock(&lock);
	if (!c)
		return real_mmap(at, len, prot, flags, fd, offset);
	/* as a driver's memory: it writes, who has mapped it reads */
	p = real_mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED && offset / PICTURE_MAX < BUFFERS)
		c->buffer[offset / PICTURE_MAX] = p;
	return p;
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return any_mmap(at, len, prot, flags, fd, offset);
}

void *mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return any_mmap(at, len, prot, flags, fd, offset);
}

int close(int fd)
{
	struct camera *c;

	pthread_mutex_lock(&lock);
	c = find(fd);
	if (c) {
		if (c->on)
			turn(c, 0);
		memset(c, 0, sizeof(*c));
	}
	pthread_mutex_unlock(&lock);
	return real_close(fd);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	return real_watch(fd, strcmp(path, "/dev") == 0 ? folder() : path, mask);
}
