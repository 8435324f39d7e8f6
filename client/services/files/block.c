/* Hashes by libxxhash, and the head of a block by hand: a block of a megabyte is not copied for
 * the few bytes before it. */
#include "client/services/files/block.h"
#include "proto/session.pb-c.h"
#include "shared/base/macros.h"
#include "shared/wire/field.h"
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

static struct hws_hash from_xxh(XXH128_hash_t h)
{
	return (struct hws_hash){ h.low64, h.high64 };
}

struct hws_hash hws_hash_of(struct hws_bytes content)
{
	return from_xxh(XXH3_128bits(content.len ? content.ptr : (const uint8_t *)"", content.len));
}

struct hws_hash hws_hash_of_zeros(size_t len)
{
	static const uint8_t zero[HWS_BLOCK_MAX];

	return hws_hash_of(hws_bytes(zero, HWS_MIN(len, sizeof(zero))));
}

void hws_hash_put(struct hws_hash h, uint8_t out[HWS_HASH_LEN])
{
	for (unsigned i = 0; i < 8; i++) {
		out[i] = (uint8_t)(h.high >> (56 - 8 * i));
		out[8 + i] = (uint8_t)(h.low >> (56 - 8 * i));
	}
}

bool hws_hash_get(struct hws_bytes in, struct hws_hash *ret)
{
	*ret = (struct hws_hash){ 0 };
	if (in.len != HWS_HASH_LEN)
		return false;
	for (unsigned i = 0; i < 8; i++) {
		ret->high = ret->high << 8 | in.ptr[i];
		ret->low = ret->low << 8 | in.ptr[8 + i];
	}
	return true;
}

bool hws_hash_equal(struct hws_hash a, struct hws_hash b)
{
	return a.low == b.low && a.high == b.high;
}

void hws_hash_add(struct hws_hash *file, struct hws_hash block, uint64_t index)
{
	uint8_t in[HWS_HASH_LEN + 8];

	hws_hash_put(block, in);
	for (unsigned i = 0; i < 8; i++)
		in[HWS_HASH_LEN + i] = (uint8_t)(index >> (8 * i));
	struct hws_hash h = hws_hash_of(hws_bytes(in, sizeof(in)));
	file->low += h.low;
	file->high += h.high + (file->low < h.low);
}

void hws_hash_add_zeros(struct hws_hash *file, uint64_t offset, uint64_t len)
{
	uint64_t index = offset / HWS_BLOCK_MAX;

	if (len >= HWS_BLOCK_MAX) {
		struct hws_hash whole = hws_hash_of_zeros(HWS_BLOCK_MAX);

		for (; len >= HWS_BLOCK_MAX; len -= HWS_BLOCK_MAX)
			hws_hash_add(file, whole, index++);
	}
	if (len)
		hws_hash_add(file, hws_hash_of_zeros(len), index);
}

/* Proto3: what is zero is left out. */
static size_t put_number(uint8_t *out, uint32_t number, uint64_t value)
{
	if (!value)
		return 0;
	size_t n = hws_tag_put(number, HWS_WIRE_VARINT, out);
	return n + hws_varint_put(value, out + n);
}

static size_t put_hash(uint8_t *out, uint32_t number, struct hws_hash h)
{
	size_t n = hws_tag_put(number, HWS_WIRE_BYTES, out);

	out[n++] = HWS_HASH_LEN;
	hws_hash_put(h, out + n);
	return n + HWS_HASH_LEN;
}

static size_t put_extended(uint8_t *out, const struct hws_block *b, size_t len)
{
	size_t n = put_number(out, 1001, b->offset);

	if (len || b->check)
		n += put_hash(out + n, 1002, b->hash);
	n += put_number(out + n, 1003, b->hole);
	n += put_number(out + n, 1004, b->check);
	n += put_number(out + n, 1005, b->last);
	if (b->last) {
		n += put_hash(out + n, 1006, b->file_hash);
		n += put_number(out + n, 1007, b->size);
	}
	return n;
}

size_t hws_block_head(const struct hws_block *b, size_t len, uint8_t out[HWS_BLOCK_HEAD_MAX])
{
	uint8_t inner[HWS_BLOCK_HEAD_MAX], mid[16];
	size_t n = put_number(inner, 1, (uint64_t)(int64_t)b->id), m, at;

	n += put_number(inner + n, 2, (uint64_t)b->file << 1); /* zig-zag */
	n += put_number(inner + n, 4, b->compressed);
	if (b->extended)
		n += put_extended(inner + n, b, len);
	if (len) {
		n += hws_tag_put(3, HWS_WIRE_BYTES, inner + n);
		n += hws_varint_put(len, inner + n);
	}
	m = hws_tag_put(SES__FILE_RESPONSE__UNION_BLOCK, HWS_WIRE_BYTES, mid);
	m += hws_varint_put(n + len, mid + m);
	at = hws_tag_put(SES__MESSAGE__UNION_FILE_RESPONSE, HWS_WIRE_BYTES, out);
	at += hws_varint_put(m + n + len, out + at);
	memcpy(out + at, mid, m);
	memcpy(out + at + m, inner, n);
	return at + m + n;
}
