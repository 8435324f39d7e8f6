/* media/picture: pictures in memory: one producer, many readers.
 * The producer makes (or takes from a pool) a picture, fills it, hands it round and drops it; a reader that
 * keeps it beyond the call locks and later unlocks it. The last one gives it back. Counting is
 * thread-safe; nobody writes to a picture that others have locked. */
#pragma once
#include "client/media/region.h"
#include "shared/base/err.h"
#include <stdint.h>

/* Larger ones are refused before anything is allocated. */
#define HWS_PICTURE_SIDE_MAX 16384
#define HWS_PICTURE_PIXELS_MAX (64L << 20)

/* Whether there can be a picture of this size. */
static inline bool hws_picture_fits(int width, int height)
{
	return width > 0 && height > 0 && width <= HWS_PICTURE_SIDE_MAX &&
			height <= HWS_PICTURE_SIDE_MAX &&
			(long)width * height <= HWS_PICTURE_PIXELS_MAX;
}

enum hws_pixel_format {
	HWS_PIXEL_BGRA, /* one plane, bytes B G R A (a little-endian 0xAARRGGBB) */
	HWS_PIXEL_I420 /* three planes, chroma halved both ways (rounded up), limited-range BT.601 */
};

struct hws_picture_pool;

struct hws_picture {
	enum hws_pixel_format format;
	int width, height;
	uint8_t *plane[3]; /* B G R A in [0]; or Y, U, V */
	int stride[3];     /* bytes */
	uint64_t mark; /* the producer's note of what it holds; 0 in a new one, kept by a pool */
	/* private */
	void *memory;
	unsigned refs;
	struct hws_picture_pool *pool;
	struct hws_picture *next_free;
};

/* HWS_ERR_RANGE for sizes of 0 or above the limits; HWS_ERR_NOMEM. Content is black (BGRA: transparent). */
int hws_picture_new(enum hws_pixel_format format, int width, int height,
		struct hws_picture **ret) HWS_MUST_CHECK;
/* Returns p. */
struct hws_picture *hws_picture_lock(struct hws_picture *p);
/* Takes NULL. */
void hws_picture_unlock(struct hws_picture *p);
/* The producer's reference; the same as unlock, named for its reader. Takes NULL. */
void hws_picture_drop(struct hws_picture *p);
/* True when nobody but the producer holds it: only then it may be written to again. */
bool hws_picture_unshared(const struct hws_picture *p);
/* I420 planes of a width x height picture in bytes; chroma size. */
static inline int hws_chroma(int side)
{
	return (side + 1) / 2;
}
/* Copies pixels and format; sizes must be equal, else HWS_ERR_INVAL. */
int hws_picture_copy(struct hws_picture *to, const struct hws_picture *from) HWS_MUST_CHECK;

/* Recycles pictures of one size at a time; another size empties it. `max`: pictures kept or out at once. */
int hws_picture_pool_new(unsigned max, struct hws_picture_pool **ret) HWS_MUST_CHECK;
/* Pictures still out stay valid. Takes NULL. */
void hws_picture_pool_free(struct hws_picture_pool *pool);
/* Content is whatever was there. HWS_ERR_FULL when `max` are out. Thread-safe. */
int hws_picture_pool_get(struct hws_picture_pool *pool, enum hws_pixel_format format, int width,
		int height, struct hws_picture **ret) HWS_MUST_CHECK;
