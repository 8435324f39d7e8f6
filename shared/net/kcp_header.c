/* net/kcp_header: little-endian throughout; no field is trusted to be what another says. */
#include "shared/net/kcp_header.h"

static const uint8_t offer_magic[4] = { 'h', 'w', 's', 1 };

bool hws_kcp_id_equal(const struct hws_kcp_id *a, const struct hws_kcp_id *b)
{
	return a->conv == b->conv && a->src == b->src && a->dst == b->dst;
}

void hws_kcp_header_put(const struct hws_kcp_header *h, uint8_t ret[HWS_KCP_HEADER])
{
	hws_kcp_put_u32(ret, h->id.conv);
	hws_kcp_put_u32(ret + 4, h->id.src);
	hws_kcp_put_u32(ret + 8, h->id.dst);
	ret[12] = h->flag;
	ret[13] = h->rsv;
}

int hws_kcp_header_get(struct hws_bytes datagram, struct hws_kcp_header *ret,
		struct hws_bytes *ret_payload)
{
	if (datagram.len < HWS_KCP_HEADER)
		return HWS_ERR_SHORT;
	ret->id.conv = hws_kcp_get_u32(datagram.ptr);
	ret->id.src = hws_kcp_get_u32(datagram.ptr + 4);
	ret->id.dst = hws_kcp_get_u32(datagram.ptr + 8);
	ret->flag = datagram.ptr[12];
	ret->rsv = datagram.ptr[13];
	*ret_payload = hws_bytes(datagram.ptr + HWS_KCP_HEADER, datagram.len - HWS_KCP_HEADER);
	return HWS_OK;
}

void hws_kcp_segment_put(const struct hws_kcp_segment *s, uint8_t ret[HWS_KCP_SEGMENT])
{
	hws_kcp_put_u32(ret, s->conv);
	ret[4] = s->cmd;
	ret[5] = s->frg;
	ret[6] = (uint8_t)s->wnd;
	ret[7] = (uint8_t)(s->wnd >> 8);
	hws_kcp_put_u32(ret + 8, s->ts);
	hws_kcp_put_u32(ret + 12, s->sn);
	hws_kcp_put_u32(ret + 16, s->una);
	hws_kcp_put_u32(ret + 20, s->len);
}

int hws_kcp_segment_get(struct hws_bytes *in, uint32_t conv, bool ranges,
		struct hws_kcp_segment *ret, struct hws_bytes *ret_data)
{
	const uint8_t *p = in->ptr;

	if (in->len < HWS_KCP_SEGMENT)
		return HWS_ERR_SHORT;
	*ret = (struct hws_kcp_segment){ .conv = hws_kcp_get_u32(p),
		.cmd = p[4],
		.frg = p[5],
		.wnd = (uint16_t)(p[6] | p[7] << 8),
		.ts = hws_kcp_get_u32(p + 8),
		.sn = hws_kcp_get_u32(p + 12),
		.una = hws_kcp_get_u32(p + 16),
		.len = hws_kcp_get_u32(p + 20) };
	if (ret->conv != conv)
		return HWS_ERR_DENIED;
	if (ret->len > in->len - HWS_KCP_SEGMENT)
		return HWS_ERR_TOOBIG;
	if (ret->cmd < HWS_KCP_PUSH || ret->cmd > (ranges ? HWS_KCP_RANGES : HWS_KCP_WINS))
		return HWS_ERR_PROTO;
	*ret_data = hws_bytes(p + HWS_KCP_SEGMENT, ret->len);
	in->ptr += HWS_KCP_SEGMENT + ret->len;
	in->len -= HWS_KCP_SEGMENT + ret->len;
	return HWS_OK;
}

void hws_kcp_offer_put(uint32_t features, uint8_t ret[HWS_KCP_OFFER])
{
	memcpy(ret, offer_magic, sizeof(offer_magic));
	hws_kcp_put_u32(ret + 4, features);
}

uint32_t hws_kcp_offer_get(struct hws_bytes payload)
{
	if (payload.len < HWS_KCP_OFFER ||
			memcmp(payload.ptr, offer_magic, sizeof(offer_magic)) != 0)
		return 0;
	return hws_kcp_get_u32(payload.ptr + 4) & HWS_KCP_CAN_ALL;
}
