/* Protobuf's fields, read one after the other: for those who must look into a message before it is
 * unpacked, or see too many of them to unpack each. */
#include "shared/wire/field.h"

bool hws_varint_take(struct hws_bytes *in, uint64_t *ret)
{
	uint64_t v = 0;

	if (in->len && in->ptr[0] < 0x80) { /* most of them */
		*ret = *in->ptr++;
		in->len--;
		return true;
	}
	for (size_t i = 0; i < 10 && i < in->len; i++) {
		v |= (uint64_t)(in->ptr[i] & 0x7f) << (7 * i);
		if (!(in->ptr[i] & 0x80)) {
			in->ptr += i + 1;
			in->len -= i + 1;
			*ret = v;
			return true;
		}
	}
	return false;
}

size_t hws_varint_put(uint64_t v, uint8_t buf[10])
{
	size_t n = 0;

	while (v >= 0x80) {
		buf[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	buf[n++] = (uint8_t)v;
	return n;
}

size_t hws_varint_len(uint64_t v)
{
	uint8_t buf[10];

	return hws_varint_put(v, buf);
}

size_t hws_tag_put(uint32_t number, enum hws_field_wire wire, uint8_t buf[10])
{
	return hws_varint_put((uint64_t)number << 3 | wire, buf);
}

static bool take_fixed(struct hws_bytes *in, size_t width, uint64_t *ret)
{
	uint64_t v = 0;

	if (in->len < width)
		return false;
	for (size_t i = 0; i < width; i++)
		v |= (uint64_t)in->ptr[i] << (8 * i);
	in->ptr += width;
	in->len -= width;
	*ret = v;
	return true;
}

static bool take_bytes(struct hws_bytes *in, struct hws_bytes *ret)
{
	uint64_t len;

	if (!hws_varint_take(in, &len) || len > in->len)
		return false;
	*ret = hws_bytes(in->ptr, (size_t)len);
	in->ptr += len;
	in->len -= (size_t)len;
	return true;
}

int hws_field_next(struct hws_bytes *in, struct hws_wire_field *ret)
{
	struct hws_bytes rest = *in;
	uint64_t tag;
	bool whole;

	if (rest.len == 0)
		return HWS_ERR_EOF;
	if (!hws_varint_take(&rest, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
		return HWS_ERR_PROTO;
	ret->number = (uint32_t)(tag >> 3);
	ret->wire = (enum hws_field_wire)(tag & 7);
	ret->value = 0;
	ret->bytes = (struct hws_bytes){ 0 };
	switch (ret->wire) {
	case HWS_WIRE_VARINT:
		whole = hws_varint_take(&rest, &ret->value);
		break;
	case HWS_WIRE_FIXED64:
		whole = take_fixed(&rest, 8, &ret->value);
		break;
	case HWS_WIRE_BYTES:
		whole = take_bytes(&rest, &ret->bytes);
		break;
	case HWS_WIRE_FIXED32:
		whole = take_fixed(&rest, 4, &ret->value);
		break;
	default:
		whole = false;
		break;
	}
	if (!whole)
		return HWS_ERR_PROTO;
	*in = rest;
	return HWS_OK;
}
