/* net/leg_chunk: the small frames that go over a leg (net/legs): one byte of kind, then its body.
 * Sans-IO; reads what a stranger on the way may have written. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/wire/frame.h"
#include <stdint.h>

enum hws_leg_chunk_kind {
	HWS_LEG_DATA = 1, /* bytes of the stream, 1 to HWS_LEGS_CHUNK_MAX of them */
	HWS_LEG_AT,       /* u64: the next data on this leg belong there */
	HWS_LEG_HAVE,     /* u64: so many bytes of the other direction were taken */
	HWS_LEG_ASK,      /* say HAVE now */
	HWS_LEG_PART,     /* nothing more comes on this leg */
	HWS_LEG_CLOSE,    /* nothing more comes at all */
};

#define HWS_LEGS_CHUNK_MAX (32u << 10)                     /* bytes in one frame */
#define HWS_LEG_CHUNK_HEAD (HWS_FRAME_HEADER_MAX + 1)      /* before the bytes of DATA, at most */
#define HWS_LEG_CONTROL_MAX (HWS_FRAME_HEADER_MAX + 1 + 8) /* any other */

struct hws_leg_chunk {
	enum hws_leg_chunk_kind kind;
	uint64_t value; /* AT, HAVE */
	size_t len;     /* DATA: so many bytes follow */
};

/* Takes the next one off the front of `in`; of DATA only what is before its bytes. HWS_ERR_SHORT:
 * again with more. HWS_ERR_PROTO. */
int hws_leg_chunk_next(
		struct hws_bytes in, struct hws_leg_chunk *ret, size_t *ret_used) HWS_MUST_CHECK;
/* Writes one, of DATA only what is before its bytes; the length. */
size_t hws_leg_chunk_put(const struct hws_leg_chunk *c, uint8_t to[HWS_LEG_CONTROL_MAX]);
