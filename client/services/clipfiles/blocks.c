/* A table that is looked through from end to end: it is small, and a block costs a message. */
#include "client/services/clipfiles/blocks.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include <string.h>

#define PATIENCE_US (3 * HWS_US_PER_S)
#define TRIES 3u
#define IN_FLIGHT 64u /* towards one of ours: 4 MiB */
#define AHEAD_MAX 64u /* blocks */
#define AHEAD_FIRST 4u
#define NEAR (1u << 20) /* the kernel asks for several pieces at once, in any order */

void hws_clip_blocks_init(struct hws_clip_blocks *b, bool extended)
{
	*b = (struct hws_clip_blocks){ .extended = extended,
		.size = extended ? HWS_CLIP_BLOCK : HWS_CLIP_BLOCK_DEPLOYED };
	hws_rand_bytes(&b->stream, sizeof(b->stream));
}

static void clear(struct hws_clip_blocks *b, struct hws_clip_block *k)
{
	if (k->state == HWS_CLIP_BLOCK_SENT)
		b->in_flight--;
	hws_free(k->data);
	*k = (struct hws_clip_block){ 0 };
}

void hws_clip_blocks_reset(struct hws_clip_blocks *b)
{
	for (unsigned i = 0; i < HWS_CLIP_BLOCKS; i++)
		clear(b, &b->block[i]);
	memset(b->reader, 0, sizeof(b->reader));
}

static struct hws_clip_block *find(const struct hws_clip_blocks *b, uint32_t index, uint64_t number)
{
	for (unsigned i = 0; i < HWS_CLIP_BLOCKS; i++) {
		const struct hws_clip_block *k = &b->block[i];

		if (k->state != HWS_CLIP_BLOCK_FREE && k->index == index && k->number == number)
			return (struct hws_clip_block *)k;
	}
	return NULL;
}

/* Free, or what was not used for the longest time; NULL: all are needed. Blocks that were touched
 * since `since` stay. */
static struct hws_clip_block *find_place(struct hws_clip_blocks *b, uint64_t since)
{
	struct hws_clip_block *oldest = NULL;

	for (unsigned i = 0; i < HWS_CLIP_BLOCKS; i++) {
		struct hws_clip_block *k = &b->block[i];

		if (k->state == HWS_CLIP_BLOCK_FREE)
			return k;
		if (k->state >= HWS_CLIP_BLOCK_READY && !k->users && k->turn < since &&
				(!oldest || k->turn < oldest->turn))
			oldest = k;
	}
	if (oldest)
		clear(b, oldest);
	return oldest;
}

static struct hws_clip_block *add(struct hws_clip_blocks *b, uint32_t index, uint64_t number,
		uint64_t size, uint64_t since)
{
	struct hws_clip_block *k = find_place(b, since);

	if (!k)
		return NULL;
	k->state = HWS_CLIP_BLOCK_QUEUED;
	k->index = index;
	k->number = number;
	k->want = (uint32_t)HWS_MIN((uint64_t)b->size, size - number * b->size);
	k->turn = ++b->turn;
	return k;
}

int hws_clip_blocks_want(struct hws_clip_blocks *b, uint32_t index, uint64_t offset, uint32_t len,
		uint64_t size)
{
	uint64_t first = offset / b->size, last = (offset + len - 1) / b->size, i;
	uint64_t since = b->turn + 1;
	struct hws_clip_block *k;

	for (i = first; i <= last; i++)
		if ((k = find(b, index, i)))
			k->turn = ++b->turn; /* stays, whatever else must go */
	for (i = first; i <= last; i++) {
		k = find(b, index, i);
		if (k && k->state == HWS_CLIP_BLOCK_FAILED && !k->users) {
			clear(b, k); /* of an earlier try */
			k = NULL;
		}
		if (!k)
			k = add(b, index, i, size, since);
		if (!k)
			break;
		k->users++;
	}
	if (i > last)
		return HWS_OK;
	while (i-- > first)
		if ((k = find(b, index, i)) && --k->users == 0 && k->state == HWS_CLIP_BLOCK_QUEUED)
			clear(b, k);
	return HWS_ERR_FULL;
}

void hws_clip_blocks_leave(struct hws_clip_blocks *b, uint32_t index, uint64_t offset, uint32_t len)
{
	for (uint64_t i = offset / b->size; i <= (offset + len - 1) / b->size; i++) {
		struct hws_clip_block *k = find(b, index, i);

		if (k && k->users && --k->users == 0 &&
				(k->state == HWS_CLIP_BLOCK_FAILED ||
						k->state == HWS_CLIP_BLOCK_QUEUED))
			clear(b, k);
	}
}

int hws_clip_blocks_state(
		const struct hws_clip_blocks *b, uint32_t index, uint64_t offset, uint32_t len)
{
	int r = HWS_OK;

	for (uint64_t i = offset / b->size; i <= (offset + len - 1) / b->size; i++) {
		const struct hws_clip_block *k = find(b, index, i);

		if (!k)
			return HWS_ERR_CANCELED;
		if (k->state == HWS_CLIP_BLOCK_FAILED)
			return k->err;
		if (k->state != HWS_CLIP_BLOCK_READY)
			r = HWS_ERR_AGAIN;
	}
	return r;
}

void hws_clip_blocks_copy(const struct hws_clip_blocks *b, uint32_t index, uint64_t offset,
		uint32_t len, uint8_t *to)
{
	while (len) {
		const struct hws_clip_block *k = find(b, index, offset / b->size);
		uint32_t skip = (uint32_t)(offset % b->size);
		uint32_t n = HWS_MIN(len, k->want - skip);

		memcpy(to, k->data + skip, n);
		to += n;
		offset += n;
		len -= n;
	}
}

/* --- ahead ------------------------------------------------------------------------------------ */

bool hws_clip_blocks_fetch(struct hws_clip_blocks *b, uint32_t index, uint64_t size)
{
	if (size == 0 || find(b, index, 0))
		return true;
	/* never in the place of what was fetched ahead a moment ago */
	return add(b, index, 0, size, b->turn > AHEAD_MAX ? b->turn - AHEAD_MAX : 0) != NULL;
}

void hws_clip_blocks_ahead(struct hws_clip_blocks *b, uint32_t index, uint64_t offset, uint32_t len,
		uint64_t size)
{
	typeof(b->reader[0]) *r = NULL;
	uint64_t end = offset + len, since = b->turn > AHEAD_MAX ? b->turn - AHEAD_MAX : 0;
	uint32_t most = b->extended ? AHEAD_MAX : 2;
	unsigned i;

	for (i = 0; i < HWS_CLIP_READERS; i++) {
		typeof(b->reader[0]) *k = &b->reader[i];

		if (k->turn && k->index == index && offset + NEAR >= k->next &&
				offset <= k->next + NEAR)
			break;
		if (!r || k->turn < r->turn)
			r = k;
	}
	if (i < HWS_CLIP_READERS) {
		r = &b->reader[i];
		if (end > r->next) {
			r->next = end;
			r->window = HWS_MIN(r->window * 2, most);
		}
	} else {
		r->index = index;
		r->next = end;
		r->window = HWS_MIN(offset == 0 ? AHEAD_FIRST : 1u, most);
	}
	r->turn = ++b->turn;
	for (uint64_t k = r->next / b->size, n = 0; n < r->window && k * b->size < size; k++, n++)
		if (!find(b, index, k) && !add(b, index, k, size, since))
			break;
}

/* --- asking and hearing ----------------------------------------------------------------------- */

struct hws_clip_block *hws_clip_blocks_next(struct hws_clip_blocks *b, uint64_t now_us)
{
	struct hws_clip_block *best = NULL;

	if (b->in_flight >= (b->extended ? IN_FLIGHT : 1u))
		return NULL;
	for (unsigned i = 0; i < HWS_CLIP_BLOCKS; i++) {
		struct hws_clip_block *k = &b->block[i];

		if (k->state != HWS_CLIP_BLOCK_QUEUED)
			continue;
		/* what somebody waits for before what is fetched ahead, the oldest first */
		if (!best || (k->users && !best->users) ||
				(!k->users == !best->users && k->turn < best->turn))
			best = k;
	}
	if (!best)
		return NULL;
	best->state = HWS_CLIP_BLOCK_SENT;
	best->sent_us = now_us;
	if (!best->tries)
		best->stream = b->stream = (int32_t)((uint32_t)b->stream + 1);
	b->in_flight++;
	return best;
}

uint64_t hws_clip_block_offset(const struct hws_clip_blocks *b, const struct hws_clip_block *block)
{
	return block->number * b->size;
}

static void fail(struct hws_clip_blocks *b, struct hws_clip_block *k, int err)
{
	if (k->state == HWS_CLIP_BLOCK_SENT)
		b->in_flight--;
	k->state = HWS_CLIP_BLOCK_FAILED;
	k->err = err;
	if (!k->users)
		clear(b, k); /* nobody hears of it; who wants it asks anew */
}

static void try_again(struct hws_clip_blocks *b, struct hws_clip_block *k, int err)
{
	if (++k->tries >= TRIES) {
		fail(b, k, err);
		return;
	}
	b->in_flight--;
	k->state = HWS_CLIP_BLOCK_QUEUED;
}

void hws_clip_blocks_answer(struct hws_clip_blocks *b, int32_t stream, bool ok,
		struct hws_bytes data, uint64_t now_us)
{
	struct hws_clip_block *k = NULL;

	for (unsigned i = 0; i < HWS_CLIP_BLOCKS; i++)
		if (b->block[i].state == HWS_CLIP_BLOCK_SENT && b->block[i].stream == stream)
			k = &b->block[i];
	if (!k)
		return; /* late, or of nothing that was asked for */
	b->heard_us = now_us;
	if (!ok && !b->extended) {
		try_again(b, k, HWS_ERR_DENIED);
	} else if (!ok) {
		fail(b, k, HWS_ERR_DENIED);
	} else if (data.len != k->want) {
		fail(b, k, HWS_ERR_PROTO); /* the file is not as long as the list says */
	} else {
		k->data = hws_memdup(data.ptr, data.len);
		if (!k->data) {
			fail(b, k, HWS_ERR_NOMEM);
			return;
		}
		b->in_flight--;
		k->state = HWS_CLIP_BLOCK_READY;
	}
}

/* While anything is heard, what was asked for is on its way: answers keep their order. */
void hws_clip_blocks_tick(struct hws_clip_blocks *b, uint64_t now_us)
{
	for (unsigned i = 0; i < HWS_CLIP_BLOCKS; i++) {
		struct hws_clip_block *k = &b->block[i];

		if (k->state != HWS_CLIP_BLOCK_SENT ||
				now_us - HWS_MAX(k->sent_us, b->heard_us) < PATIENCE_US)
			continue;
		if (!b->extended) {
			try_again(b, k, HWS_ERR_TIMEOUT);
			continue;
		}
		/* between two of ours nothing gets lost: asking again would only double it */
		k->sent_us = now_us;
		if (++k->tries >= TRIES)
			fail(b, k, HWS_ERR_TIMEOUT);
	}
}

bool hws_clip_blocks_busy(const struct hws_clip_blocks *b)
{
	for (unsigned i = 0; i < HWS_CLIP_BLOCKS; i++)
		if (b->block[i].state == HWS_CLIP_BLOCK_QUEUED ||
				b->block[i].state == HWS_CLIP_BLOCK_SENT)
			return true;
	return false;
}
