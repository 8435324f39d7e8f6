/* Kinds have bodies of fixed lengths, but for data: there is nothing to allocate for. */
#include "shared/net/leg_chunk.h"
#include "shared/base/macros.h"

static uint64_t read_u64(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static size_t body_len(enum hws_leg_chunk_kind kind)
{
	return kind == HWS_LEG_AT || kind == HWS_LEG_HAVE ? 8 : 0;
}

int hws_leg_chunk_next(struct hws_bytes in, struct hws_leg_chunk *ret, size_t *ret_used)
{
	size_t width, len, used;
	struct hws_bytes frame;
	uint8_t kind;

	if (in.len == 0 || in.len < (width = (in.ptr[0] & 3u) + 1))
		return HWS_ERR_SHORT;
	/* by its header alone; HWS_OK says that nothing follows it */
	if (hws_frame_next(hws_bytes(in.ptr, width), SIZE_MAX, &frame, &used) == HWS_OK)
		return HWS_ERR_PROTO;
	len = hws_frame_need(hws_bytes(in.ptr, width)) - width;
	if (len > 1 + HWS_LEGS_CHUNK_MAX)
		return HWS_ERR_PROTO;
	if (in.len == width)
		return HWS_ERR_SHORT;
	kind = in.ptr[width];
	if (kind == HWS_LEG_DATA) {
		if (len < 2)
			return HWS_ERR_PROTO;
		*ret = (struct hws_leg_chunk){ .kind = HWS_LEG_DATA, .len = len - 1 };
		*ret_used = width + 1;
		return HWS_OK;
	}
	if (kind < HWS_LEG_DATA || kind > HWS_LEG_CLOSE || len != 1 + body_len(kind))
		return HWS_ERR_PROTO;
	if (in.len < width + len)
		return HWS_ERR_SHORT;
	*ret = (struct hws_leg_chunk){ .kind = kind };
	if (len > 1)
		ret->value = read_u64(in.ptr + width + 1);
	*ret_used = width + len;
	return HWS_OK;
}

size_t hws_leg_chunk_put(const struct hws_leg_chunk *c, uint8_t to[HWS_LEG_CONTROL_MAX])
{
	size_t body = body_len(c->kind);
	size_t at = hws_frame_header(1 + (c->kind == HWS_LEG_DATA ? c->len : body), to);

	to[at++] = (uint8_t)c->kind;
	for (unsigned i = 0; i < body; i++)
		to[at++] = (uint8_t)(c->value >> (8 * i));
	return at;
}
