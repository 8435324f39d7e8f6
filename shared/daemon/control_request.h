/* daemon/control_request: reads one request line of the control socket. Sans-IO: the part that
 * foreign bytes reach, apart from sockets, so that it can be fuzzed. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <jansson.h>

#define HWS_CONTROL_LINE_MAX (64u << 10)

/* `line` without its line feed. On success *ret is a JSON object (the caller owns a reference) and
 * *ret_cmd borrows its "cmd". HWS_ERR_TOOBIG, HWS_ERR_PROTO with a sentence otherwise. */
int hws_control_request_parse(struct hws_bytes line, json_t **ret, const char **ret_cmd,
		struct hws_error *err) HWS_MUST_CHECK;
