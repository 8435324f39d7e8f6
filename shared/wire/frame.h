/* wire/frame: the length-prefixed frames of every byte stream between peers and servers.
 * Header of 1 to 4 bytes, little endian: (length << 2) | (header bytes - 1). Sans-IO. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_FRAME_HEADER_MAX 4
#define HWS_FRAME_LEN_MAX 0x3fffffffu /* what a header can say */

/* Takes the next frame off the front of `in`. On HWS_OK `ret` (perhaps empty) borrows from `in`
 * and `*used` is what to consume. HWS_ERR_SHORT: call again with more. HWS_ERR_TOOBIG as soon as
 * the header announces more than `max`, so nothing need be allocated for it. Any header width is
 * accepted for any length. */
int hws_frame_next(struct hws_bytes in, size_t max, struct hws_bytes *ret,
		size_t *used) HWS_MUST_CHECK;
/* After HWS_ERR_SHORT: how many bytes the whole frame with its header needs (a lower bound until
 * the header is complete). Grows with what is known; never 0. */
size_t hws_frame_need(struct hws_bytes in);
/* Whether the first frame of a stream is the beginning of an HTTP answer, read as one. */
bool hws_frame_is_http(struct hws_bytes payload);
/* Writes the narrowest header for a payload of `len` bytes; returns its width (1..4), 0 when len
 * is above HWS_FRAME_LEN_MAX. */
size_t hws_frame_header(size_t len, uint8_t hdr[HWS_FRAME_HEADER_MAX]);
