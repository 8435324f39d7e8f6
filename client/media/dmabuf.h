/* media/dmabuf: pictures in memory of a graphics card, as a portal or a compositor gives them:
 * known by descriptors, a fourcc and a modifier that says how the card lays pixels out. An encoder
 * on the card takes them as they are; for all others a linear one can be mapped. */
#pragma once
#include "client/media/picture.h"

#define HWS_DMABUF_PLANES_MAX 4

/* Of drm_fourcc.h, which is the kernel's and not needed for more. */
#define HWS_FOURCC(a, b, c, d)                                                                     \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define HWS_MODIFIER_LINEAR 0ull
#define HWS_MODIFIER_UNKNOWN 0x00ffffffffffffffull

struct hws_dmabuf {
	uint32_t fourcc;
	uint64_t modifier;
	unsigned planes; /* with those that a modifier adds */
	struct {
		int fd;
		uint32_t offset, stride; /* bytes */
	} plane[HWS_DMABUF_PLANES_MAX];
};

/* A picture of format HWS_PIXEL_DMABUF that owns the descriptors (several planes may have the same
 * one; it is closed once) until nobody holds it. On failure they stay the caller's: HWS_ERR_RANGE
 * for a size that cannot be, HWS_ERR_UNSUPPORTED for an unknown fourcc, HWS_ERR_INVAL for planes,
 * strides or offsets that do not fit it or reach beyond the memory, HWS_ERR_NOMEM. */
int hws_picture_of_dmabuf(const struct hws_dmabuf *d, int width, int height,
		struct hws_picture **ret) HWS_MUST_CHECK;
/* NULL for a picture of another format. Borrows from it. */
const struct hws_dmabuf *hws_picture_dmabuf(const struct hws_picture *p);

struct hws_dmabuf_map {
	struct hws_picture view; /* of a format in memory; to be read only, until unmapped */
	unsigned count;
	struct {
		void *at;
		size_t size;
		int fd;
	} map[HWS_DMABUF_PLANES_MAX];
};

/* Makes it readable. HWS_ERR_UNSUPPORTED: not linear, so that only the card can read it. May wait
 * for the card to be done with it. */
int hws_dmabuf_map(const struct hws_picture *p, struct hws_dmabuf_map *ret) HWS_MUST_CHECK;
void hws_dmabuf_unmap(struct hws_dmabuf_map *m);
