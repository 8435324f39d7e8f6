/* http/head: the head of a request (RFC 9112), without I/O. Strict where leniency lets two parsers
 * see two requests: line ends are CR LF, no folded lines, no blank before a colon, one length,
 * never a length and chunks. */
#pragma once
#include "admin/http/method.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HTP_HEAD_MAX (16u << 10)
#define HTP_FIELDS_MAX 64u

struct htp_field {
	const char *name, *value;
};

struct htp_head {
	enum htp_method method;
	bool http10;          /* of a client that speaks HTTP/1.0 */
	bool keep_alive;      /* the link may go on after the reply */
	bool chunked;         /* the body comes in chunks */
	bool expect_continue; /* the body comes once we say so */
	bool has_length, has_host;
	uint64_t length; /* of the body; 0 where nothing is said: there is none then */
	char *target;    /* "/path?query", still escaped */
	struct htp_field field[HTP_FIELDS_MAX];
	unsigned fields;
};

/* Where the head ends, behind its blank line. HWS_ERR_SHORT: more is needed; HWS_ERR_TOOBIG above
 * the cap. */
int htp_head_end(struct hws_bytes in, size_t *ret) HWS_MUST_CHECK;
/* Takes a whole head apart in place: the texts in `ret` are parts of `text`. HWS_ERR_PROTO:
 * *ret_status is what to answer (400, 414, 417, 431, 501, 505); no more can be read from that
 * link. */
int htp_head_parse(char *text, size_t len, struct htp_head *ret, int *ret_status) HWS_MUST_CHECK;
/* Value of the first field of that name in any case, NULL if there is none. */
const char *htp_head_get(const struct htp_head *h, const char *name);
/* How many fields have that name. */
unsigned htp_head_count(const struct htp_head *h, const char *name);
