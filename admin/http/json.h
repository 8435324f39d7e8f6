/* http/json: JSON from strangers, read under limits that are checked before anything is
 * allocated. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <jansson.h>
#include <stdbool.h>

#define HTP_JSON_DEPTH_MAX 16u
#define HTP_JSON_VALUES_MAX 100000u

/* An object or array, the caller's to release. Refused: deeper than 16, more than 100,000 values, a
 * key twice in one object, text that is no UTF-8 or has U+0000, numbers beyond a double, anything
 * behind the end. HWS_ERR_PROTO, HWS_ERR_TOOBIG: `err` says what is wrong in words that may be
 * answered. An integer above what json_int_t holds, up to 2^64 - 1, becomes a text of its digits:
 * ask for such numbers with htp_json_u64. */
int htp_json_read(struct hws_bytes text, json_t **ret, struct hws_error *err) HWS_MUST_CHECK;

/* Members of an object, which may be NULL or anything else. All: HWS_ERR_NOTFOUND if it is not
 * there or null, HWS_ERR_PROTO if it is of another type, HWS_ERR_TOOBIG out of bounds. */
/* Borrows; at most `max` bytes. */
int htp_json_text(const json_t *o, const char *key, size_t max, const char **ret) HWS_MUST_CHECK;
int htp_json_int(const json_t *o, const char *key, int64_t min, int64_t max,
		int64_t *ret) HWS_MUST_CHECK;
/* An integer, or a text of digits. */
int htp_json_u64(const json_t *o, const char *key, uint64_t *ret) HWS_MUST_CHECK;
int htp_json_bool(const json_t *o, const char *key, bool *ret) HWS_MUST_CHECK;
