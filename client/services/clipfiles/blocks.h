/* clipfiles/blocks: the blocks of files that a paster has, waits for, or wants to ask for. Bounded:
 * what nobody waits for gives its place to what somebody wants. Sans-IO; one thread. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_CLIP_BLOCK (64u << 10) /* towards one of ours: a message of bulk */
#define HWS_CLIP_BLOCK_DEPLOYED (128u << 10)
#define HWS_CLIP_BLOCKS 192u
#define HWS_CLIP_READERS 8u /* that are followed, to fetch ahead of them */

enum hws_clip_block_state {
	HWS_CLIP_BLOCK_FREE,
	HWS_CLIP_BLOCK_QUEUED,
	HWS_CLIP_BLOCK_SENT,
	HWS_CLIP_BLOCK_READY,
	HWS_CLIP_BLOCK_FAILED
};

struct hws_clip_block {
	enum hws_clip_block_state state;
	uint32_t index;  /* of the file */
	uint64_t number; /* in the file */
	uint32_t want;   /* bytes */
	int32_t stream;  /* of its request */
	uint64_t sent_us, turn;
	unsigned tries, users;
	int err; /* FAILED */
	uint8_t *data;
};

struct hws_clip_blocks {
	bool extended;
	uint32_t size; /* of a block */
	unsigned in_flight;
	int32_t stream;
	uint64_t turn, heard_us;
	struct hws_clip_block block[HWS_CLIP_BLOCKS];
	struct {
		uint32_t index;
		uint64_t next, turn; /* turn 0: free */
		uint32_t window;     /* blocks */
	} reader[HWS_CLIP_READERS];
};

void hws_clip_blocks_init(struct hws_clip_blocks *b, bool extended);
/* Forgets all; nobody waits any more. */
void hws_clip_blocks_reset(struct hws_clip_blocks *b);
/* `len` > 0 bytes that are within the file of `size` bytes. All blocks of it get a place and stay
 * until hws_clip_blocks_leave; HWS_ERR_FULL: there is no room now, nothing is changed. */
int hws_clip_blocks_want(struct hws_clip_blocks *b, uint32_t index, uint64_t offset, uint32_t len,
		uint64_t size) HWS_MUST_CHECK;
void hws_clip_blocks_leave(
		struct hws_clip_blocks *b, uint32_t index, uint64_t offset, uint32_t len);
/* HWS_OK: all there; HWS_ERR_AGAIN: not yet; else why not. Of what is wanted. */
int hws_clip_blocks_state(const struct hws_clip_blocks *b, uint32_t index, uint64_t offset,
		uint32_t len) HWS_MUST_CHECK;
/* HWS_OK was the state. */
void hws_clip_blocks_copy(const struct hws_clip_blocks *b, uint32_t index, uint64_t offset,
		uint32_t len, uint8_t *to);
/* Somebody reads there: what follows is fetched, more of it the longer he goes on. */
void hws_clip_blocks_ahead(struct hws_clip_blocks *b, uint32_t index, uint64_t offset, uint32_t len,
		uint64_t size);
/* The first block of a file, before it is wanted. False when there is no place. */
bool hws_clip_blocks_fetch(struct hws_clip_blocks *b, uint32_t index, uint64_t size);
/* The next one to ask for, now marked as asked; NULL: none, or too many are under way. */
struct hws_clip_block *hws_clip_blocks_next(struct hws_clip_blocks *b, uint64_t now_us);
uint64_t hws_clip_block_offset(const struct hws_clip_blocks *b, const struct hws_clip_block *block);
void hws_clip_blocks_answer(struct hws_clip_blocks *b, int32_t stream, bool ok,
		struct hws_bytes data, uint64_t now_us);
void hws_clip_blocks_tick(struct hws_clip_blocks *b, uint64_t now_us);
/* Is anything asked for, or to be? */
bool hws_clip_blocks_busy(const struct hws_clip_blocks *b);
