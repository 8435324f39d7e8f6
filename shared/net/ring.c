/* A ring whose size is a power of two, so that a position in the stream is a place in it by its low
 * bits, and stays so when it wraps. */
#include "shared/net/ring.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <string.h>

#define FIRST_SIZE 4096u
#define KEEP_SIZE (64u << 10)

static void copy_in(uint8_t *to, size_t size, uint64_t at, struct hws_bytes data)
{
	size_t place = (size_t)(at & (size - 1)), n = HWS_MIN(data.len, size - place);

	if (n)
		memcpy(to + place, data.ptr, n);
	if (n < data.len)
		memcpy(to, data.ptr + n, data.len - n);
}

int hws_ring_reserve(struct hws_ring *r, size_t n)
{
	size_t need = (size_t)(r->end - r->start) + n, size = r->size ? r->size : FIRST_SIZE;
	uint8_t *data;

	if (need <= r->size)
		return HWS_OK;
	while (size < need)
		size *= 2;
	data = hws_alloc(size);
	if (!data)
		return HWS_ERR_NOMEM;
	for (uint64_t at = r->start; at < r->end;) {
		struct hws_bytes piece = hws_ring_at(r, at, SIZE_MAX);

		copy_in(data, size, at, piece);
		at += piece.len;
	}
	hws_free(r->data);
	r->data = data;
	r->size = size;
	return HWS_OK;
}

void hws_ring_put(struct hws_ring *r, struct hws_bytes data)
{
	copy_in(r->data, r->size, r->end, data);
	r->end += data.len;
}

struct hws_bytes hws_ring_at(const struct hws_ring *r, uint64_t at, size_t max)
{
	size_t place, len = (size_t)(r->end - at);

	if (!len)
		return hws_bytes(NULL, 0);
	place = (size_t)(at & (r->size - 1));
	len = HWS_MIN(len, r->size - place);
	return hws_bytes(r->data + place, HWS_MIN(len, max));
}

void hws_ring_drop(struct hws_ring *r, uint64_t to)
{
	r->start = to;
	if (r->start == r->end && r->size > KEEP_SIZE)
		hws_ring_done(r);
}

/* The positions stay: what is put next goes on behind. */
void hws_ring_done(struct hws_ring *r)
{
	hws_free(r->data);
	r->data = NULL;
	r->size = 0;
}
