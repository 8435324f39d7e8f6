/* Counting is by atomics, since a worker, the loop and whoever shows a picture let go of it in any
 * order. */
#include "client/media/picture.h"
#include "shared/base/mem.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 64u

struct hws_picture_pool {
	pthread_mutex_t lock;
	struct hws_picture *idle;
	unsigned out, kept, max;
	bool closed;
};

static size_t align_up(size_t n)
{
	return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* Bytes of one line of a plane, without what pads it. */
static size_t line_bytes(const struct hws_pixel_row *row, unsigned i, int width)
{
	return (size_t)hws_plane_side(width, row->plane[i].x_shift) * row->plane[i].bytes;
}

static size_t lines_of(const struct hws_pixel_row *row, unsigned i, int height)
{
	return (size_t)hws_plane_side(height, row->plane[i].y_shift);
}

static struct hws_picture *picture_alloc(enum hws_pixel_format format, int width, int height)
{
	struct hws_picture *p = calloc(1, sizeof(*p));

	if (p) {
		p->format = format;
		p->width = width;
		p->height = height;
		p->refs = 1;
		p->free_memory = hws_free;
	}
	return p;
}

int hws_picture_new(enum hws_pixel_format format, int width, int height, struct hws_picture **ret)
{
	const struct hws_pixel_row *row = hws_pixel_row(format);
	size_t sum = ALIGN;

	if (!hws_picture_fits(width, height))
		return HWS_ERR_RANGE;
	if (!row || !row->planes)
		return HWS_ERR_INVAL;
	struct hws_picture *p = picture_alloc(format, width, height);
	if (!p)
		return HWS_ERR_NOMEM;
	for (unsigned i = 0; i < row->planes; i++) {
		size_t stride = align_up(line_bytes(row, i, width));
		p->stride[i] = (int)stride;
		p->size[i] = stride * lines_of(row, i, height);
		sum += p->size[i];
	}
	p->memory = hws_alloc(sum);
	if (!p->memory) {
		free(p);
		return HWS_ERR_NOMEM;
	}
	p->plane[0] = (uint8_t *)align_up((size_t)p->memory);
	for (unsigned i = 1; i < row->planes; i++)
		p->plane[i] = p->plane[i - 1] + p->size[i - 1];
	for (unsigned i = 0; i < row->planes; i++)
		if (row->blank[i]) /* else it is zeroed already */
			memset(p->plane[i], row->blank[i], p->size[i]);
	*ret = p;
	return HWS_OK;
}

bool hws_picture_valid(const struct hws_picture *p)
{
	const struct hws_pixel_row *row = hws_pixel_row(p->format);

	if (!row || !hws_picture_fits(p->width, p->height))
		return false;
	if (!row->planes)
		return p->memory != NULL;
	for (unsigned i = 0; i < row->planes; i++) {
		size_t line = line_bytes(row, i, p->width), lines = lines_of(row, i, p->height);
		if (!p->plane[i] || p->stride[i] <= 0 || (size_t)p->stride[i] < line ||
				p->size[i] < line ||
				(p->size[i] - line) / (size_t)p->stride[i] < lines - 1)
			return false;
	}
	return true;
}

int hws_picture_wrap(enum hws_pixel_format format, int width, int height, uint8_t *const plane[],
		const int stride[], const size_t size[], struct hws_picture *ret)
{
	const struct hws_pixel_row *row = hws_pixel_row(format);

	if (!hws_picture_fits(width, height))
		return HWS_ERR_RANGE;
	if (!row || !row->planes)
		return HWS_ERR_INVAL;
	*ret = (struct hws_picture){
		.format = format, .width = width, .height = height, .refs = 1
	};
	for (unsigned i = 0; i < row->planes; i++) {
		ret->plane[i] = plane[i];
		ret->stride[i] = stride[i];
		ret->size[i] = size[i];
	}
	return hws_picture_valid(ret) ? HWS_OK : HWS_ERR_INVAL;
}

int hws_picture_of_memory(enum hws_pixel_format format, int width, int height, void *memory,
		void (*free_memory)(void *memory), struct hws_picture **ret)
{
	const struct hws_pixel_row *row = hws_pixel_row(format);

	if (!hws_picture_fits(width, height))
		return HWS_ERR_RANGE;
	if (!row || row->planes || !memory)
		return HWS_ERR_INVAL;
	struct hws_picture *p = picture_alloc(format, width, height);
	if (!p)
		return HWS_ERR_NOMEM;
	p->memory = memory;
	p->free_memory = free_memory;
	*ret = p;
	return HWS_OK;
}

int hws_picture_over(enum hws_pixel_format format, int width, int height, void *bytes, int stride,
		void *memory, void (*free_memory)(void *memory), struct hws_picture **ret)
{
	uint8_t *plane = bytes;
	size_t size = (size_t)HWS_MAX(stride, 0) * (size_t)HWS_MAX(height, 0);
	struct hws_picture view, *p;
	const struct hws_pixel_row *row = hws_pixel_row(format);

	if (!row || row->planes != 1)
		return HWS_ERR_INVAL;
	int r = hws_picture_wrap(format, width, height, &plane, &stride, &size, &view);
	if (r < 0)
		return r;
	p = picture_alloc(format, width, height);
	if (!p)
		return HWS_ERR_NOMEM;
	p->plane[0] = plane;
	p->stride[0] = stride;
	p->size[0] = size;
	p->memory = memory;
	p->free_memory = free_memory;
	*ret = p;
	return HWS_OK;
}

static void destroy(struct hws_picture *p)
{
	p->free_memory(p->memory);
	free(p);
}

static void pool_destroy(struct hws_picture_pool *pool)
{
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void pool_give_back(struct hws_picture_pool *pool, struct hws_picture *p)
{
	struct hws_picture *dead = NULL;
	bool last;

	pthread_mutex_lock(&pool->lock);
	pool->out--;
	const struct hws_picture *idle = pool->idle;
	bool other = idle &&
			(idle->format != p->format || idle->width != p->width ||
					idle->height != p->height);
	if (pool->closed || other) {
		dead = p;
	} else {
		p->next_free = pool->idle;
		pool->idle = p;
		pool->kept++;
	}
	last = pool->closed && pool->out == 0;
	pthread_mutex_unlock(&pool->lock);
	if (dead)
		destroy(dead);
	if (last)
		pool_destroy(pool);
}

struct hws_picture *hws_picture_lock(struct hws_picture *p)
{
	__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void hws_picture_unlock(struct hws_picture *p)
{
	if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (p->pool)
		pool_give_back(p->pool, p);
	else
		destroy(p);
}

void hws_picture_drop(struct hws_picture *p)
{
	hws_picture_unlock(p);
}

bool hws_picture_unshared(const struct hws_picture *p)
{
	return __atomic_load_n(&p->refs, __ATOMIC_ACQUIRE) == 1;
}

int hws_picture_copy(struct hws_picture *to, const struct hws_picture *from)
{
	const struct hws_pixel_row *row = hws_pixel_row(from->format);

	if (to->format != from->format || to->width != from->width || to->height != from->height ||
			!row || !row->planes)
		return HWS_ERR_INVAL;
	for (unsigned i = 0; i < row->planes; i++) {
		size_t line = line_bytes(row, i, from->width),
		       lines = lines_of(row, i, from->height);
		for (size_t y = 0; y < lines; y++)
			memcpy(to->plane[i] + (ptrdiff_t)y * to->stride[i],
					from->plane[i] + (ptrdiff_t)y * from->stride[i], line);
	}
	return HWS_OK;
}

int hws_picture_pool_new(unsigned max, struct hws_picture_pool **ret)
{
	struct hws_picture_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pool->max = max;
	*ret = pool;
	return HWS_OK;
}

static void empty_list(struct hws_picture *p)
{
	while (p) {
		struct hws_picture *next = p->next_free;
		destroy(p);
		p = next;
	}
}

void hws_picture_pool_free(struct hws_picture_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	struct hws_picture *idle = pool->idle;
	bool last = pool->out == 0;

	pool->idle = NULL;
	pool->kept = 0;
	pool->closed = true;
	pthread_mutex_unlock(&pool->lock);
	empty_list(idle);
	if (last)
		pool_destroy(pool);
}

int hws_picture_pool_get(struct hws_picture_pool *pool, enum hws_pixel_format format, int width,
		int height, struct hws_picture **ret)
{
	struct hws_picture *p = NULL, *stale = NULL;
	int r = HWS_OK;

	pthread_mutex_lock(&pool->lock);
	if (pool->idle &&
			(pool->idle->width != width || pool->idle->height != height ||
					pool->idle->format != format)) {
		stale = pool->idle;
		pool->idle = NULL;
		pool->kept = 0;
	}
	if (pool->out >= pool->max) {
		r = HWS_ERR_FULL;
	} else {
		pool->out++;
		p = pool->idle;
		if (p) {
			pool->idle = p->next_free;
			pool->kept--;
		}
	}
	pthread_mutex_unlock(&pool->lock);
	empty_list(stale);
	if (r < 0)
		return r;
	if (!p) {
		r = hws_picture_new(format, width, height, &p);
		if (r < 0) {
			pthread_mutex_lock(&pool->lock);
			pool->out--;
			pthread_mutex_unlock(&pool->lock);
			return r;
		}
	}
	p->next_free = NULL;
	p->pool = pool;
	p->refs = 1;
	*ret = p;
	return HWS_OK;
}
