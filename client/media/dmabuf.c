/* What the other side says of its memory is not believed: each plane is held against the fourcc,
 * the size of the picture and the size of the memory behind the descriptor, before anything is
 * mapped. */
#include "client/media/dmabuf.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct {
	uint32_t fourcc;
	enum hws_pixel_format format;
} known[] = {
	{ HWS_FOURCC('X', 'R', '2', '4'), HWS_PIXEL_BGRA },
	{ HWS_FOURCC('A', 'R', '2', '4'), HWS_PIXEL_BGRA },
	{ HWS_FOURCC('N', 'V', '1', '2'), HWS_PIXEL_NV12 },
	{ HWS_FOURCC('Y', 'U', '1', '2'), HWS_PIXEL_I420 },
	{ HWS_FOURCC('Y', 'U', '2', '4'), HWS_PIXEL_I444 },
};

static int format_of(uint32_t fourcc, enum hws_pixel_format *ret)
{
	for (size_t i = 0; i < HWS_COUNT(known); i++)
		if (known[i].fourcc == fourcc) {
			*ret = known[i].format;
			return HWS_OK;
		}
	return HWS_ERR_UNSUPPORTED;
}

/* 0 = not known: some drivers do not tell. */
static uint64_t size_of(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);

	return end > 0 ? (uint64_t)end : 0;
}

static bool plane_fits(const struct hws_dmabuf *d, unsigned i, const struct hws_pixel_row *row,
		int width, int height)
{
	uint64_t size = size_of(d->plane[i].fd), stride = d->plane[i].stride;
	uint64_t offset = d->plane[i].offset;

	if (d->plane[i].fd < 0 || !stride || (size && offset >= size))
		return false;
	if (d->modifier != HWS_MODIFIER_LINEAR)
		return true; /* only the card knows how far it reaches */
	uint64_t line = (uint64_t)hws_plane_side(width, row->plane[i].x_shift) *
			row->plane[i].bytes;
	uint64_t lines = (uint64_t)hws_plane_side(height, row->plane[i].y_shift);

	return stride >= line && stride <= INT32_MAX && size &&
			offset + stride * (lines - 1) + line <= size;
}

static bool dmabuf_valid(
		const struct hws_dmabuf *d, enum hws_pixel_format format, int width, int height)
{
	const struct hws_pixel_row *row = hws_pixel_row(format);

	if (d->planes > HWS_DMABUF_PLANES_MAX || d->planes < row->planes ||
			(d->modifier == HWS_MODIFIER_LINEAR && d->planes != row->planes))
		return false;
	for (unsigned i = 0; i < d->planes; i++)
		if (!plane_fits(d, i, row, width, height))
			return false;
	return true;
}

static void close_all(void *memory)
{
	struct hws_dmabuf *d = memory;

	for (unsigned i = 0; i < d->planes; i++) {
		bool again = false;
		for (unsigned k = 0; k < i; k++)
			again = again || d->plane[k].fd == d->plane[i].fd;
		if (!again)
			close(d->plane[i].fd);
	}
	hws_free(d);
}

int hws_picture_of_dmabuf(
		const struct hws_dmabuf *d, int width, int height, struct hws_picture **ret)
{
	enum hws_pixel_format format;
	int r;

	if (!hws_picture_fits(width, height))
		return HWS_ERR_RANGE;
	r = format_of(d->fourcc, &format);
	if (r < 0)
		return r;
	if (!dmabuf_valid(d, format, width, height))
		return HWS_ERR_INVAL;
	struct hws_dmabuf *own = hws_memdup(d, sizeof(*d));
	if (!own)
		return HWS_ERR_NOMEM;
	r = hws_picture_of_memory(HWS_PIXEL_DMABUF, width, height, own, close_all, ret);
	if (r < 0)
		hws_free(own);
	return r;
}

const struct hws_dmabuf *hws_picture_dmabuf(const struct hws_picture *p)
{
	return p->format == HWS_PIXEL_DMABUF ? p->memory : NULL;
}

/* Memory that is no card's (a test's) knows of no such thing: nothing to wait for then. */
static void sync_with_card(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_READ };

	while (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) < 0 && errno == EINTR)
		;
}

void hws_dmabuf_unmap(struct hws_dmabuf_map *m)
{
	for (unsigned i = 0; i < m->count; i++) {
		sync_with_card(m->map[i].fd, DMA_BUF_SYNC_END);
		munmap(m->map[i].at, m->map[i].size);
	}
	m->count = 0;
}

int hws_dmabuf_map(const struct hws_picture *p, struct hws_dmabuf_map *ret)
{
	const struct hws_dmabuf *d = hws_picture_dmabuf(p);
	uint8_t *plane[HWS_PLANES_MAX] = { 0 };
	int stride[HWS_PLANES_MAX] = { 0 };
	size_t size[HWS_PLANES_MAX] = { 0 };
	enum hws_pixel_format format;

	*ret = (struct hws_dmabuf_map){ 0 };
	if (!d || d->modifier != HWS_MODIFIER_LINEAR || format_of(d->fourcc, &format) < 0)
		return HWS_ERR_UNSUPPORTED;
	for (unsigned i = 0; i < d->planes; i++) {
		uint64_t whole = size_of(d->plane[i].fd);
		void *at = whole && whole <= SIZE_MAX
				? mmap(NULL, (size_t)whole, PROT_READ, MAP_SHARED, d->plane[i].fd,
						  0)
				: MAP_FAILED;
		if (at == MAP_FAILED) {
			hws_dmabuf_unmap(ret);
			return HWS_ERR_UNSUPPORTED;
		}
		ret->map[ret->count].at = at;
		ret->map[ret->count].size = (size_t)whole;
		ret->map[ret->count++].fd = d->plane[i].fd;
		sync_with_card(d->plane[i].fd, DMA_BUF_SYNC_START);
		plane[i] = (uint8_t *)at + HWS_MIN((uint64_t)d->plane[i].offset, whole);
		stride[i] = (int)d->plane[i].stride;
		size[i] = (size_t)(whole - HWS_MIN((uint64_t)d->plane[i].offset, whole));
	}
	/* It may have become smaller since. */
	int r = hws_picture_wrap(format, p->width, p->height, plane, stride, size, &ret->view);
	if (r < 0)
		hws_dmabuf_unmap(ret);
	return r;
}
