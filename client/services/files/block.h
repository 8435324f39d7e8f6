/* files/block: a block of a file on the wire: its limits, its hash, the hash of a file that
 * follows from those of its blocks, and the head of its message. Pure; any thread.
 *
 * The hash of a block is XXH3-128 of its content. That of a file is the sum, as numbers of 128
 * bits, of XXH3-128(hash of block i, i as 8 bytes little-endian) for all blocks: so blocks may be
 * hashed in any order, and a part that was there before beside what comes now. Neither is a
 * signature: the channel keeps strangers out, this finds what disks and programs do. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_BLOCK_BASE (128u << 10) /* towards deployed peers */
#define HWS_BLOCK_MAX (1u << 20)    /* between hawser ends; offsets are multiples of it */
/* The longest hole of one message: each block of it is counted. */
#define HWS_BLOCK_HOLE_MAX ((uint64_t)HWS_BLOCK_MAX << 14)
/* What one block may unpack to when a deployed peer packs it: theirs take 128 KiB. */
#define HWS_BLOCK_UNPACKED_MAX (4u << 20)
/* What a block counts in the window: its data, packed or not, and this. */
#define HWS_BLOCK_COST 256u
/* May be on its way before the writer has said more. */
#define HWS_BLOCK_WINDOW_FIRST (2u << 20)
#define HWS_BLOCK_WINDOW (16u << 20)
#define HWS_HASH_LEN 16u
#define HWS_BLOCK_HEAD_MAX 160u

struct hws_hash {
	uint64_t low, high;
};

struct hws_hash hws_hash_of(struct hws_bytes content);
/* Of so many zeros, at most HWS_BLOCK_MAX. */
struct hws_hash hws_hash_of_zeros(size_t len);
void hws_hash_put(struct hws_hash h, uint8_t out[HWS_HASH_LEN]);
/* False: `in` is not as long as a hash. */
bool hws_hash_get(struct hws_bytes in, struct hws_hash *ret);
bool hws_hash_equal(struct hws_hash a, struct hws_hash b);
/* Adds block `index` to the hash of its file, which begins as zero. */
void hws_hash_add(struct hws_hash *file, struct hws_hash block, uint64_t index);
/* Adds the blocks of a run of zeros that begins at `offset`, a multiple of HWS_BLOCK_MAX. */
void hws_hash_add_zeros(struct hws_hash *file, uint64_t offset, uint64_t len);

struct hws_block {
	int32_t id;
	uint32_t file;
	bool compressed, extended, last;
	uint64_t offset, hole, check, size;
	struct hws_hash hash, file_hash;
};
/* The serialised ses.Message up to its data, of which `len` bytes follow. Returns its length. */
size_t hws_block_head(const struct hws_block *b, size_t len, uint8_t out[HWS_BLOCK_HEAD_MAX]);
