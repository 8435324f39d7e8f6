/* wire/ws_codec: the frames of a WebSocket (RFC 6455) of either role, as pieces, so that a payload
 * can be passed on while it arrives: nothing is allocated for an announced length, nothing is
 * copied. No I/O; one owner, no threads of its own.
 *
 * Ours and not wslay, in its mode without buffers: that one copies through 4 KiB of its own and
 * takes off the mask byte by byte, which costs 0.42 ns a byte where this takes 0.03 to 0.06 (frames
 * of 1.4 to 16 KiB; of 100 bytes: 0.50 and 0.22; wslay 1.1.1 of Debian 12, gcc 12 -O2, processor
 * time, best of 7 in one run). The relay does it to every byte. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_WS_CONTROL_MAX 125u
#define HWS_WS_HEADER_MAX 14u /* of a frame that is sent: with its mask */

enum hws_ws_op {
	HWS_WS_CONT = 0,
	HWS_WS_TEXT = 1,
	HWS_WS_BINARY = 2,
	HWS_WS_CLOSE = 8,
	HWS_WS_PING = 9,
	HWS_WS_PONG = 10
};

/* Decoder of one direction. Zeroed = start, of what a client sends; of what a server sends with
 * `from_server`. */
struct hws_ws_in {
	uint64_t left; /* payload bytes of the current frame still to come */
	uint8_t mask[4];
	uint8_t head[14];
	uint8_t head_len, op, phase;
	bool from_server; /* its frames have no mask, a client's must have one */
	bool in_frame, fin;
	bool in_message; /* of several frames */
	bool is_text;    /* that message */
	uint8_t control_len;
	uint8_t control[HWS_WS_CONTROL_MAX];
};

enum hws_ws_kind {
	HWS_WS_NONE,   /* input used up */
	HWS_WS_BEGIN,  /* a data frame begins: `len` bytes will follow, `first`, `fin`, `op` */
	HWS_WS_DATA,   /* `data`: the next bytes of it, unmasked in place */
	HWS_WS_CONTROL /* a whole control frame: `op`, `data` (borrows from the decoder) */
};

struct hws_ws_piece {
	enum hws_ws_kind kind;
	enum hws_ws_op op; /* BEGIN, DATA: BINARY or TEXT of the message, also for continuations */
	uint64_t len;
	bool first, fin; /* of the message */
	bool end;        /* DATA, or BEGIN of an empty frame: the frame is complete */
	struct hws_bytes data;
};

/* The next piece of in[0..len); `*used` bytes are to be consumed (they are changed by unmasking).
 * HWS_ERR_PROTO: reserved bits, unknown or fragmented control frame, mask missing or out of place,
 * continuation out of place; HWS_ERR_TOOBIG: a data frame above frame_max. After an error the
 * decoder is dead. */
int hws_ws_next(struct hws_ws_in *w, uint64_t frame_max, uint8_t *in, size_t len, size_t *used,
		struct hws_ws_piece *ret) HWS_MUST_CHECK;

/* Writes the header of a frame of `len` bytes; returns its length. `mask`: NULL = a server's frame;
 * a client's is to be drawn for each frame, and its payload goes through hws_ws_mask. */
size_t hws_ws_header(enum hws_ws_op op, bool fin, uint64_t len, const uint8_t mask[4],
		uint8_t ret[HWS_WS_HEADER_MAX]);

/* Puts the mask on the next n bytes of a payload, or takes it off. `*phase`: 0 at its begin, kept
 * between its pieces. */
void hws_ws_mask(const uint8_t mask[4], uint8_t *phase, uint8_t *p, size_t n);
