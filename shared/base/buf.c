/* Every buffer that foreign bytes fill: the maximum is set at init, and an error sticks, so that
 * a writer of many fields checks once and nothing grows with what a stranger sends. */
#include "shared/base/buf.h"

#include "shared/base/mem.h"
#include "shared/base/num.h"

#include <stdarg.h>
#include <stdio.h>

#define FIRST_SIZE 256u
#define KEEP_SIZE (64u << 10)

void hws_buf_init(struct hws_buf *b, size_t max)
{
	*b = (struct hws_buf){ .max = max };
}

void hws_buf_done(struct hws_buf *b)
{
	hws_free(b->data);
	*b = (struct hws_buf){ .max = b->max };
}

void hws_buf_done_wiped(struct hws_buf *b)
{
	hws_wipe(b->data, b->size);
	hws_buf_done(b);
}

void hws_buf_reset(struct hws_buf *b)
{
	b->start = b->end = 0;
	b->err = 0;
	if (b->size > KEEP_SIZE) {
		hws_free(b->data);
		b->data = NULL;
		b->size = 0;
	}
}

static void compact(struct hws_buf *b)
{
	if (!b->start)
		return;
	memmove(b->data, b->data + b->start, b->end - b->start);
	b->end -= b->start;
	b->start = 0;
}

static int grow(struct hws_buf *b, size_t need)
{
	size_t size = b->size ? b->size : FIRST_SIZE;
	uint8_t *data;

	while (size < need && size <= b->max / 2)
		size *= 2;
	if (size < need || size > b->max)
		size = b->max; /* need <= max was checked */
	data = hws_realloc_array(b->data, size, 1);
	if (!data)
		return HWS_ERR_NOMEM;
	b->data = data;
	b->size = size;
	return HWS_OK;
}

uint8_t *hws_buf_reserve(struct hws_buf *b, size_t n)
{
	size_t need;

	if (b->err)
		return NULL;
	if (!hws_add_size(hws_buf_len(b), n, &need) || need > b->max) {
		b->err = HWS_ERR_TOOBIG;
		return NULL;
	}
	if (b->data && n <= b->size - b->end)
		return b->data + b->end;
	/* Moving pays only when much was consumed; otherwise a reader that takes a byte at a time
	 * would make every write move the whole content. */
	if (b->start >= b->size / 2 || b->size >= b->max)
		compact(b);
	if (!b->data || n > b->size - b->end) {
		compact(b);
		if (!b->data || need > b->size)
			b->err = grow(b, need ? need : 1);
	}
	return b->err ? NULL : b->data + b->end;
}

void hws_buf_commit(struct hws_buf *b, size_t n)
{
	if (!b->err)
		b->end += HWS_MIN(n, b->size - b->end);
}

void hws_buf_put(struct hws_buf *b, const void *p, size_t n)
{
	uint8_t *to;

	if (!n)
		return;
	to = hws_buf_reserve(b, n);
	if (!to)
		return;
	memcpy(to, p, n);
	b->end += n;
}

void hws_buf_put_u8(struct hws_buf *b, uint8_t v)
{
	hws_buf_put(b, &v, 1);
}

void hws_buf_put_str(struct hws_buf *b, const char *s)
{
	hws_buf_put(b, s, strlen(s));
}

void hws_buf_fmt(struct hws_buf *b, const char *fmt, ...)
{
	char small[512];
	uint8_t *to;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		if (!b->err)
			b->err = HWS_ERR_NOMEM;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		hws_buf_put(b, small, (size_t)n);
		return;
	}
	/* vsnprintf wants room for a NUL, which may be one byte more than the content may ever
	 * have: take the room from the heap instead of the buffer. */
	to = hws_alloc((size_t)n + 1);
	if (!to) {
		if (!b->err)
			b->err = HWS_ERR_NOMEM;
		return;
	}
	va_start(ap, fmt);
	if (vsnprintf((char *)to, (size_t)n + 1, fmt, ap) == n)
		hws_buf_put(b, to, (size_t)n);
	va_end(ap);
	hws_free(to);
}

void hws_buf_consume(struct hws_buf *b, size_t n)
{
	b->start += HWS_MIN(n, hws_buf_len(b));
	if (b->start == b->end)
		b->start = b->end = 0;
}
