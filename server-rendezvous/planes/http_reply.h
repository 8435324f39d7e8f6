/* rendezvous/planes/http_reply: what the API server answers on its local socket: HTTP/1.1 with a
 * length, or until its end. No I/O. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define RDV_HTTP_HEAD_MAX (16u << 10)
#define RDV_HTTP_FIELDS_MAX 64u

struct rdv_http_reply {
	int status;
	struct hws_bytes fields; /* the lines of the head, each with its end */
	struct hws_bytes body;
};

/* `ended`: nothing follows. HWS_ERR_SHORT: more is to come; HWS_ERR_PROTO: no such reply. `ret`
 * borrows. */
int rdv_http_reply_read(struct hws_bytes in, bool ended, struct rdv_http_reply *ret) HWS_MUST_CHECK;
/* Takes the fields apart in place: `text` is a copy of reply.fields with a NUL behind it. What
 * concerns the connection alone, or is no text, is left out. Returns how many there are. */
size_t rdv_http_reply_fields(char *text, Rdv__HeaderEntry ret[RDV_HTTP_FIELDS_MAX]);
/* Whether a field of this name is the connection's, and not the message's. */
bool rdv_http_is_hop(const char *name);
/* Letters, digits and signs of a name of a field; not empty. */
bool rdv_http_name_valid(const char *name);
/* Printable, or not ASCII; may be empty. */
bool rdv_http_value_valid(const char *value);
