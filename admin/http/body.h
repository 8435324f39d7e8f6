/* http/body: where the body of a request ends, and what of the bytes is its content; without
 * I/O. */
#pragma once
#include "admin/http/head.h"
#include "shared/base/buf.h"

enum htp_body_state {
	HTP_BODY_SIZE,  /* the line with a chunk's size */
	HTP_BODY_DATA,  /* content; `left` bytes of it */
	HTP_BODY_BREAK, /* the line end behind a chunk */
	HTP_BODY_TAIL,  /* lines behind the last chunk, which say nothing to us */
	HTP_BODY_END
};

struct htp_body {
	enum htp_body_state state;
	bool chunked;
	uint64_t left, max, total;
	unsigned line; /* bytes of lines that are no content, all together */
};

/* `max`: the most content there may be. HWS_ERR_TOOBIG: the head announces more. */
int htp_body_init(struct htp_body *b, const struct htp_head *head, uint64_t max) HWS_MUST_CHECK;
/* Appends content to `out` (NULL: drops it); *used bytes of `in` were taken. HWS_OK: that was the
 * end; HWS_ERR_SHORT: more is needed; HWS_ERR_TOOBIG: more than `max`; HWS_ERR_PROTO;
 * HWS_ERR_NOMEM. */
int htp_body_feed(struct htp_body *b, struct hws_bytes in, size_t *used,
		struct hws_buf *out) HWS_MUST_CHECK;
