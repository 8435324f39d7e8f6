/* relay/ws_codec: the server's side of WebSocket (RFC 6455) as pieces, so that a payload can be passed on
 * while it arrives: nothing is allocated for an announced length. Sans-IO. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define RLY_WS_CTRL_MAX 125u
#define RLY_WS_HEADER_MAX 10u /* of a frame we send: not masked */

enum rly_ws_op {
	RLY_WS_CONT = 0,
	RLY_WS_TEXT = 1,
	RLY_WS_BINARY = 2,
	RLY_WS_CLOSE = 8,
	RLY_WS_PING = 9,
	RLY_WS_PONG = 10
};

/* Decoder of what a client sends. Zeroed = start. */
struct rly_ws_in {
	uint64_t left; /* payload bytes of the current frame still to come */
	uint8_t mask[4];
	uint8_t head[14];
	uint8_t head_len, op, phase;
	bool in_frame, fin;
	bool in_message; /* of several frames */
	bool is_text;    /* that message */
	uint8_t ctrl_len;
	uint8_t ctrl[RLY_WS_CTRL_MAX];
};

enum rly_ws_kind {
	RLY_WS_NONE,      /* input used up */
	RLY_WS_BEGIN,     /* a data frame begins: `len` bytes will follow, `fin`, `op` */
	RLY_WS_DATA,      /* `data`: the next bytes of it, unmasked in place */
	RLY_WS_CTRL_FRAME /* a whole control frame: `op`, `data` (borrows from the decoder) */
};

struct rly_ws_piece {
	enum rly_ws_kind kind;
	enum rly_ws_op op; /* BEGIN, DATA: BINARY or TEXT of the message, also for continuations */
	uint64_t len;
	bool first, fin; /* of the message */
	bool end;        /* DATA, or BEGIN of an empty frame: the frame is complete */
	struct hws_bytes data;
};

/* The next piece of in[0..len); `*used` bytes are to be consumed (they are changed by unmasking). HWS_ERR_PROTO:
 * reserved bits, unknown or fragmented control frame, no mask, continuation out of place; HWS_ERR_TOOBIG: a frame
 * above frame_max. After an error the decoder is dead. */
int rly_ws_next(struct rly_ws_in *w, uint64_t frame_max, uint8_t *in, size_t len, size_t *used,
		struct rly_ws_piece *ret) HWS_MUST_CHECK;

/* Writes the header of a frame to the client; returns its length. */
size_t rly_ws_header(enum rly_ws_op op, bool fin, uint64_t len, uint8_t hdr[RLY_WS_HEADER_MAX]);
