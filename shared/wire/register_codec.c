/* RegisterPeer without allocation: each device sends one several times a minute, and they are
 * nearly all that a server gets. What is not in the plain form goes to the general decoder. */
#include "shared/wire/register_codec.h"

#include "shared/base/str.h"
#include "shared/wire/field.h"

#define TAG_REGISTER_PEER 0x32          /* field 6, bytes */
#define TAG_REGISTER_PEER_RESPONSE 0x3a /* field 7, bytes */

/* The body of the one member whose one-byte tag is `tag`. */
static int take_body(struct hws_bytes in, uint8_t tag, struct hws_bytes *ret)
{
	uint64_t len;

	if (in.len == 0 || in.ptr[0] != tag)
		return HWS_ERR_NOTFOUND;
	in.ptr++;
	in.len--;
	if (!hws_varint_take(&in, &len) || len > in.len)
		return HWS_ERR_PROTO;
	if (len < in.len)
		return HWS_ERR_NOTFOUND; /* more members behind it: the general decoder's case */
	*ret = in;
	return HWS_OK;
}

/* An empty wire/proof behind the message. */
static bool take_mark(struct hws_bytes *in)
{
	static const uint8_t mark[] = { 0xf2, 0x3e, 0 };

	if (in->len < sizeof(mark) ||
			memcmp(in->ptr + in->len - sizeof(mark), mark, sizeof(mark)) != 0)
		return false;
	in->len -= sizeof(mark);
	return true;
}

int hws_register_peer_decode(struct hws_bytes in, struct hws_register_peer *ret)
{
	struct hws_register_peer got = { { (const uint8_t *)"", 0 }, 0, false };
	struct hws_wire_field f;
	struct hws_bytes body;
	struct hws_bytes plain = in;
	int r;

	/* the three bytes may be the end of an id as well: then the length tells */
	got.proves = take_mark(&plain) && take_body(plain, TAG_REGISTER_PEER, &body) == HWS_OK;
	r = got.proves ? HWS_OK : take_body(in, TAG_REGISTER_PEER, &body);
	if (r < 0)
		return r;
	while ((r = hws_field_next(&body, &f)) == HWS_OK) {
		if (f.number == 1 && f.wire == HWS_WIRE_BYTES)
			got.id = f.bytes;
		else if (f.number == 2 && f.wire == HWS_WIRE_VARINT)
			got.serial = (int32_t)(uint32_t)f.value;
		else
			return HWS_ERR_NOTFOUND;
	}
	if (r != HWS_ERR_EOF || !hws_utf8_valid(got.id))
		return HWS_ERR_PROTO;
	*ret = got;
	return HWS_OK;
}

size_t hws_register_peer_encode(struct hws_bytes id, int32_t serial, uint8_t *buf, size_t size)
{
	uint8_t id_len[10], num[10], body_len[10];
	size_t id_len_n = hws_varint_put(id.len, id_len);
	size_t num_n = hws_varint_put((uint64_t)(int64_t)serial, num);
	size_t body = 0, total, at = 0;

	if (id.len > HWS_REGISTER_PEER_ID_MAX)
		return 0;
	if (id.len > 0)
		body += 1 + id_len_n + id.len;
	if (serial != 0)
		body += 1 + num_n;

	size_t body_len_n = hws_varint_put(body, body_len);

	total = 1 + body_len_n + body;
	if (total > size)
		return 0;
	buf[at++] = TAG_REGISTER_PEER;
	memcpy(buf + at, body_len, body_len_n);
	at += body_len_n;
	if (id.len > 0) {
		buf[at++] = 0x0a;
		memcpy(buf + at, id_len, id_len_n);
		at += id_len_n;
		memcpy(buf + at, id.ptr, id.len);
		at += id.len;
	}
	if (serial != 0) {
		buf[at++] = 0x10;
		memcpy(buf + at, num, num_n);
		at += num_n;
	}
	return at;
}

size_t hws_register_peer_response_encode(
		bool request_pk, uint8_t buf[HWS_REGISTER_PEER_RESPONSE_MAX])
{
	buf[0] = TAG_REGISTER_PEER_RESPONSE;
	buf[1] = request_pk ? 2 : 0;
	if (!request_pk)
		return 2;
	buf[2] = 0x10;
	buf[3] = 1;
	return 4;
}

int hws_register_peer_response_decode(struct hws_bytes in, bool *ret_request_pk)
{
	struct hws_wire_field f;
	struct hws_bytes body;
	bool request_pk = false;
	int r = take_body(in, TAG_REGISTER_PEER_RESPONSE, &body);

	if (r < 0)
		return r;
	while ((r = hws_field_next(&body, &f)) == HWS_OK) {
		if (f.number != 2 || f.wire != HWS_WIRE_VARINT)
			return HWS_ERR_NOTFOUND;
		request_pk = f.value != 0;
	}
	if (r != HWS_ERR_EOF)
		return HWS_ERR_PROTO;
	*ret_request_pk = request_pk;
	return HWS_OK;
}
