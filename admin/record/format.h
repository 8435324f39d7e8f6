/* record/format: a recording as it lies at the server: a head that names the auditor's key, then
 * parts, each closed for that key alone. What has arrived is never changed: a part says where in
 * the recording it belongs, so a header that is written anew at the end is one more part. Pure. */
#pragma once
#include "shared/base/buf.h"
#include "shared/crypto/sealed_box.h"

#define REC_MAGIC "hawser-recording-1\n"
#define REC_MAGIC_LEN 19u
#define REC_HEAD_LEN (REC_MAGIC_LEN + HWS_SEALED_BOX_KEY_LEN)
#define REC_DATA_MAX (8u << 20)
#define REC_INNER 17u /* kind, number, offset */
/* What a part of n bytes takes. */
#define REC_PART_LEN(n) (4u + REC_INNER + HWS_SEALED_BOX_OVERHEAD + (n))
#define REC_CHAIN_LEN 32

enum rec_kind {
	REC_DATA = 0,
	REC_END = 1 /* offset is how long the recording is */
};

struct rec_part {
	enum rec_kind kind;
	uint64_t number; /* from 0 */
	uint64_t offset;
	struct hws_bytes data;
};

void rec_head_write(const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], uint8_t ret[REC_HEAD_LEN]);
/* HWS_ERR_CORRUPT: no recording of ours. */
int rec_head_read(const uint8_t head[REC_HEAD_LEN],
		uint8_t ret_pk[HWS_SEALED_BOX_KEY_LEN]) HWS_MUST_CHECK;
/* Appends the part, closed. HWS_ERR_TOOBIG. */
int rec_part_close(const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], const struct rec_part *part,
		struct hws_buf *out) HWS_MUST_CHECK;
/* Length of the closed bytes behind these four; HWS_ERR_CORRUPT. */
int rec_part_len(const uint8_t four[4], size_t *ret) HWS_MUST_CHECK;
/* `sealed`: behind the four. `room` holds at least its length; ret->data borrows from it. */
int rec_part_open(const struct hws_sealed_box_pair *pair, struct hws_bytes sealed, uint8_t *room,
		struct rec_part *ret) HWS_MUST_CHECK;
/* Each part adds itself to the chain of those before it (zeros at first), so that one value stands
 * for all of them in their order. `sealed` with its four bytes. */
void rec_chain_add(uint8_t chain[REC_CHAIN_LEN], struct hws_bytes sealed);
