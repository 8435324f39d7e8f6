/* media/picture: pictures in memory: one producer, many readers. The producer makes (or takes from
 * a pool) a picture, fills it, hands it round and drops it; a reader that keeps it beyond the call
 * locks and later unlocks it. The last one gives it back. Counting is thread-safe; nobody writes to
 * a picture that others have locked. */
#pragma once
#include "client/media/formats.h"
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

struct hws_picture_pool;

struct hws_picture {
	enum hws_pixel_format format;
	int width, height;
	/* Of a format in memory: as its row in formats.h says; the rest is NULL and 0. */
	uint8_t *plane[HWS_PLANES_MAX];
	int stride[HWS_PLANES_MAX];  /* bytes from one line to the next */
	size_t size[HWS_PLANES_MAX]; /* bytes that may be read from plane[] on */
	uint64_t mark; /* the producer's note of what it holds; 0 in a new one, kept by a pool */
	/* private */
	void *memory;
	void (*free_memory)(void *memory);
	unsigned refs;
	struct hws_picture_pool *pool;
	struct hws_picture *next_free;
};

/* HWS_ERR_RANGE for sizes of 0 or above the limits, HWS_ERR_INVAL for a format that is not in
 * memory; HWS_ERR_NOMEM. Content is black (BGRA: transparent). */
int hws_picture_new(enum hws_pixel_format format, int width, int height,
		struct hws_picture **ret) HWS_MUST_CHECK;
/* A picture over planes that belong to somebody else, as a plain value: it cannot be locked, and is
 * valid as long as they are. `size`: bytes from each plane on. HWS_ERR_RANGE as above;
 * HWS_ERR_INVAL when a plane is missing, a stride too short or a plane too small for it. */
int hws_picture_wrap(enum hws_pixel_format format, int width, int height, uint8_t *const plane[],
		const int stride[], const size_t size[], struct hws_picture *ret) HWS_MUST_CHECK;
/* The same on the heap, with `memory` in place of planes that are known: free_memory(memory) is
 * called when the last lock has gone. For formats that are not in memory (dmabuf.c). */
int hws_picture_of_memory(enum hws_pixel_format format, int width, int height, void *memory,
		void (*free_memory)(void *memory), struct hws_picture **ret) HWS_MUST_CHECK;
/* On the heap, over the one plane of a packed format (BGRA) in `bytes`, height * stride of them:
 * free_memory(memory) as above, after which they may go. HWS_ERR_RANGE, HWS_ERR_INVAL,
 * HWS_ERR_NOMEM: then the memory is still the caller's. */
int hws_picture_over(enum hws_pixel_format format, int width, int height, void *bytes, int stride,
		void *memory, void (*free_memory)(void *memory),
		struct hws_picture **ret) HWS_MUST_CHECK;
/* Whether its planes are all there and as large as its format and size need; of a format that is
 * not in memory, whether it has what stands for them. What came from elsewhere is checked by this
 * before it is read. */
bool hws_picture_valid(const struct hws_picture *p);
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
/* Copies pixels; formats (in memory) and sizes must be equal, else HWS_ERR_INVAL. Other formats:
 * hws_pixels_convert. */
int hws_picture_copy(struct hws_picture *to, const struct hws_picture *from) HWS_MUST_CHECK;

/* Recycles pictures of one format and size at a time; another one empties it. `max`: pictures kept
 * or out at once. */
int hws_picture_pool_new(unsigned max, struct hws_picture_pool **ret) HWS_MUST_CHECK;
/* Pictures still out stay valid. Takes NULL. */
void hws_picture_pool_free(struct hws_picture_pool *pool);
/* Content is whatever was there. HWS_ERR_FULL when `max` are out. Thread-safe. */
int hws_picture_pool_get(struct hws_picture_pool *pool, enum hws_pixel_format format, int width,
		int height, struct hws_picture **ret) HWS_MUST_CHECK;
