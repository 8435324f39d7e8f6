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

int hws_picture_new(enum hws_pixel_format format, int width, int height, struct hws_picture **ret)
{
	if (!hws_picture_fits(width, height))
		return HWS_ERR_RANGE;
	struct hws_picture *p = calloc(1, sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	size_t size[3] = { 0 };
	unsigned planes = format == HWS_PIXEL_BGRA ? 1 : 3;

	for (unsigned i = 0; i < planes; i++) {
		int w = i ? hws_chroma(width) : width;
		int h = i ? hws_chroma(height) : height;
		size_t stride = align_up((size_t)w * (format == HWS_PIXEL_BGRA ? 4 : 1));
		p->stride[i] = (int)stride;
		size[i] = stride * (size_t)h;
	}
	p->memory = hws_alloc(size[0] + size[1] + size[2] + ALIGN);
	if (!p->memory) {
		free(p);
		return HWS_ERR_NOMEM;
	}
	p->plane[0] = (uint8_t *)align_up((size_t)p->memory);
	for (unsigned i = 1; i < planes; i++)
		p->plane[i] = p->plane[i - 1] + size[i - 1];
	if (planes == 3) {
		memset(p->plane[0], 16, size[0]);
		memset(p->plane[1], 128, size[1] + size[2]);
	}
	p->format = format;
	p->width = width;
	p->height = height;
	p->refs = 1;
	*ret = p;
	return HWS_OK;
}

static void destroy(struct hws_picture *p)
{
	hws_free(p->memory);
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
	if (pool->closed ||
			(pool->idle &&
					(pool->idle->width != p->width ||
							pool->idle->height != p->height))) {
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
	if (to->format != from->format || to->width != from->width || to->height != from->height)
		return HWS_ERR_INVAL;
	unsigned planes = from->format == HWS_PIXEL_BGRA ? 1 : 3;

	for (unsigned i = 0; i < planes; i++) {
		int h = i ? hws_chroma(from->height) : from->height;
		int w = i ? hws_chroma(from->width) : from->width;
		size_t row = (size_t)w * (from->format == HWS_PIXEL_BGRA ? 4 : 1);
		for (int y = 0; y < h; y++)
			memcpy(to->plane[i] + (ptrdiff_t)y * to->stride[i],
					from->plane[i] + (ptrdiff_t)y * from->stride[i], row);
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
