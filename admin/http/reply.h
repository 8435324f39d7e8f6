/* http/reply: what a handler answers, in the few shapes that deployed clients take: an object or
 * array, {"error":"text"} with a status of 400 and above, plain text, or nothing at all. A reply
 * that nobody fills is 200 with an empty body: what a write answers. */
#pragma once
#include "shared/base/buf.h"
#include <jansson.h>
#include <stdbool.h>

#define HTP_REPLY_MAX (32u << 20)

/* The next part of an answer that no memory is to hold whole: appended to `out`. HWS_OK: more
 * follows; HWS_ERR_EOF: that was the last; anything else breaks the answer off, so that who reads
 * it sees that it is not whole. On a thread of the route's pool, once the client has taken what
 * went before; the request is still there. */
typedef int (*htp_part_fn)(void *arg, struct hws_buf *out);

struct htp_reply {
	int status;
	const char *type;    /* static text; NULL = no Content-Type */
	struct hws_buf head; /* further fields as lines */
	struct hws_buf body;
	bool cacheable;   /* do not send Cache-Control: no-store */
	htp_part_fn part; /* NULL: the body is all there is */
	void *part_arg;
	void (*part_free)(void *arg);
};

void htp_reply_init(struct htp_reply *r);
/* Wipes: there may be a token in it. */
void htp_reply_done(struct htp_reply *r);
/* 200 with it; takes `value`, NULL: out of memory, which becomes 503. A success never has a key
 * "error": an object with one becomes 500, as clients would take it for a failure. */
void htp_reply_json(struct htp_reply *r, json_t *value);
/* {"error":"..."}; `status` is 400 or above. Whatever was filled in before is dropped. */
void htp_reply_error(struct htp_reply *r, int status, const char *fmt, ...) HWS_PRINTF(3, 4);
/* 200 with text/plain. */
void htp_reply_text(struct htp_reply *r, const char *text);
/* Anything else, copied; `type` is static text. */
void htp_reply_bytes(struct htp_reply *r, int status, const char *type, struct hws_bytes body);
/* 200 with a body in parts, without a bound. `free_fn` (may be NULL) is called with `arg` once, on
 * any thread, when no more parts are asked for. */
void htp_reply_parts(struct htp_reply *r, const char *type, htp_part_fn fn, void *arg,
		void (*free_fn)(void *arg));
/* One more field; `value` may be foreign: bytes that no field may have end the reply with 500. */
void htp_reply_field(struct htp_reply *r, const char *name, const char *value);
/* "Not Found"; never NULL. */
const char *htp_status_text(int status);

struct htp_reply_form {
	bool head;       /* HEAD: the length, but no body */
	bool keep_alive; /* else Connection: close */
	bool tls;        /* Strict-Transport-Security */
	bool chunked;    /* of a body in parts; else it ends with the link */
	/* Who may read it from another site; NULL = nobody. */
	const char *origin;
};
/* The whole message; sticky errors of `out` tell. */
void htp_reply_write(
		const struct htp_reply *r, const struct htp_reply_form *form, struct hws_buf *out);
