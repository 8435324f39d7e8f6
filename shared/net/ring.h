/* net/ring: bytes of a stream from one position to another, both counted from its beginning; put
 * behind, dropped in front, looked at anywhere between. What net/legs keeps of what was sent. One
 * owner. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

struct hws_ring {
	uint8_t *data;
	size_t size; /* a power of two, or 0 */
	uint64_t start, end;
};

/* Room for n more: HWS_ERR_NOMEM, and nothing has changed. */
int hws_ring_reserve(struct hws_ring *r, size_t n) HWS_MUST_CHECK;
/* There must be room. */
void hws_ring_put(struct hws_ring *r, struct hws_bytes data);
/* What lies at `at`, which is from start to end: as much as is in one piece, at most `max`. Borrows
 * until the next put, reserve or drop. */
struct hws_bytes hws_ring_at(const struct hws_ring *r, uint64_t at, size_t max);
/* Forgets all before `to`, which is from start to end. A large one that is empty gives its memory
 * back. */
void hws_ring_drop(struct hws_ring *r, uint64_t to);
void hws_ring_done(struct hws_ring *r);
