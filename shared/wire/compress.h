/* wire/compress: zstd as sessions use it (one independent frame for each value) with a hard cap on
 * what comes out, and on the work that it takes. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_COMPRESS_LEVEL 3 /* what deployed peers use */

/* Appends one zstd frame. HWS_ERR_NOMEM, HWS_ERR_TOOBIG (out is full). */
int hws_compress(struct hws_bytes in, int level, struct hws_buf *out) HWS_MUST_CHECK;
/* Appends the content of one zstd frame (nothing may follow it). HWS_ERR_TOOBIG as soon as it
 * announces or yields more than `max` bytes, or has far more blocks than so many bytes need (they
 * cost time, not memory), HWS_ERR_CORRUPT for anything but a whole frame; then nothing is
 * appended. */
int hws_decompress(struct hws_bytes in, size_t max, struct hws_buf *out) HWS_MUST_CHECK;
/* The blocks of a frame, whose number bounds the time that it takes; what is in them is not looked
 * at. HWS_ERR_CORRUPT. */
int hws_zstd_blocks(struct hws_bytes in, size_t *ret) HWS_MUST_CHECK;
