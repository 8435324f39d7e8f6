/* wire/field: walks the fields of a serialised message in place, without allocation or schema. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

enum hws_field_wire {
	HWS_WIRE_VARINT = 0,
	HWS_WIRE_FIXED64 = 1,
	HWS_WIRE_BYTES = 2,
	HWS_WIRE_FIXED32 = 5
};

struct hws_wire_field {
	uint32_t number;
	enum hws_field_wire wire;
	uint64_t value;         /* all but BYTES */
	struct hws_bytes bytes; /* BYTES; borrows from the input */
};

/* Takes the next field off the front of `in`. HWS_ERR_EOF at the end; HWS_ERR_PROTO: truncated, a
 * number of 0, a group or another unknown wire type; then `in` is as before and `ret` of no use. */
int hws_field_next(struct hws_bytes *in, struct hws_wire_field *ret) HWS_MUST_CHECK;
/* A base-128 number off the front of `in`; false when truncated or longer than 10 bytes. */
bool hws_varint_take(struct hws_bytes *in, uint64_t *ret);
/* Writes 1..10 bytes; returns the count. */
size_t hws_varint_put(uint64_t v, uint8_t buf[10]);
/* How many that would be. */
size_t hws_varint_len(uint64_t v);
/* What stands in front of a field; as hws_varint_put. */
size_t hws_tag_put(uint32_t number, enum hws_field_wire wire, uint8_t buf[10]);
