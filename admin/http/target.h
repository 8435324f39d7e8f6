/* http/target: path and query of a request, unescaped, without I/O. */
#pragma once
#include "admin/http/head.h"

#define HTP_SEGMENTS_MAX 12u
#define HTP_QUERY_MAX 32u

struct htp_target {
	const char *segment[HTP_SEGMENTS_MAX]; /* of "/api/users": "api", "users"; none of "/" */
	unsigned segments;
	struct htp_field query[HTP_QUERY_MAX];
	unsigned queries;
};

/* Takes "/path?query" apart in place: the texts in `ret` are parts of `target`, whole UTF-8. One
 * slash at the end counts for nothing. HWS_ERR_PROTO: a broken escape, a segment that is "." or
 * "..", a slash or control character in one, a name twice in the query. HWS_ERR_TOOBIG: more of
 * them than there is room. */
int htp_target_parse(char *target, struct htp_target *ret) HWS_MUST_CHECK;
/* NULL if it is not there; "" for a name alone. */
const char *htp_target_query(const struct htp_target *t, const char *name);
