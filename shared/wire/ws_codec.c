/* The parser under every WebSocket of ours: it holds a header or a control frame, never a payload,
 * so that a relay can pass one on as it comes. What it costs a byte is taking off the mask, eight
 * bytes at a time and where they lie; the header of this file has the figures. */
#include "shared/wire/ws_codec.h"
#include "shared/base/macros.h"

/* How long the header that begins with these bytes is; 2 until that is known. */
static size_t header_need(const uint8_t *h, size_t have)
{
	size_t need = 2;

	if (have < 2)
		return need;
	if ((h[1] & 0x7f) == 126)
		need += 2;
	if ((h[1] & 0x7f) == 127)
		need += 8;
	return h[1] & 0x80 ? need + 4 : need;
}

static int frame_begin(struct hws_ws_in *w, uint64_t frame_max, struct hws_ws_piece *p)
{
	const uint8_t *h = w->head;
	uint64_t len = h[1] & 0x7f;
	size_t ext = len == 126 ? 2 : len == 127 ? 8 : 0;
	uint8_t op = h[0] & 15;

	if ((h[0] & 0x70) || !(h[1] & 0x80) != w->from_server)
		return HWS_ERR_PROTO;
	if (ext) {
		len = 0;
		for (size_t i = 0; i < ext; i++)
			len = len << 8 | h[2 + i];
	}
	if (!w->from_server)
		memcpy(w->mask, h + 2 + ext, 4);
	w->fin = h[0] & 0x80;
	w->op = op;
	w->left = len;
	w->phase = 0;
	w->head_len = 0;
	w->in_frame = true;
	if (op >= HWS_WS_CLOSE) {
		w->control_len = 0;
		return op > HWS_WS_PONG || !w->fin || len > HWS_WS_CONTROL_MAX ? HWS_ERR_PROTO
									       : HWS_OK;
	}
	if (op > HWS_WS_BINARY || (op == HWS_WS_CONT) != w->in_message)
		return HWS_ERR_PROTO;
	if (len > frame_max)
		return HWS_ERR_TOOBIG;
	if (op != HWS_WS_CONT)
		w->is_text = op == HWS_WS_TEXT;
	p->kind = HWS_WS_BEGIN;
	p->op = w->is_text ? HWS_WS_TEXT : HWS_WS_BINARY;
	p->first = op != HWS_WS_CONT;
	p->fin = w->fin;
	p->len = len;
	p->end = len == 0;
	w->in_message = !w->fin;
	w->in_frame = len > 0;
	return HWS_OK;
}

void hws_ws_mask(const uint8_t mask[4], uint8_t *phase, uint8_t *p, size_t n)
{
	uint8_t key[8];
	uint64_t k8;
	size_t i = 0;

	for (size_t j = 0; j < 8; j++)
		key[j] = mask[(*phase + j) & 3];
	memcpy(&k8, key, 8);
	for (; i + 8 <= n; i += 8) {
		uint64_t v;

		memcpy(&v, p + i, 8);
		v ^= k8;
		memcpy(p + i, &v, 8);
	}
	for (; i < n; i++)
		p[i] ^= key[i & 7];
	*phase = (uint8_t)((*phase + n) & 3);
}

int hws_ws_next(struct hws_ws_in *w, uint64_t frame_max, uint8_t *in, size_t len, size_t *used,
		struct hws_ws_piece *ret)
{
	struct hws_ws_piece p = { .kind = HWS_WS_NONE };
	size_t at = 0;

	while (p.kind == HWS_WS_NONE) {
		if (!w->in_frame) {
			while (at < len && w->head_len < header_need(w->head, w->head_len))
				w->head[w->head_len++] = in[at++];
			if (w->head_len < header_need(w->head, w->head_len))
				break;
			int r = frame_begin(w, frame_max, &p);
			if (r < 0)
				return r;
			continue;
		}
		size_t n = (size_t)HWS_MIN((uint64_t)(len - at), w->left);

		if (w->op < HWS_WS_CLOSE && n == 0)
			break;
		if (!w->from_server)
			hws_ws_mask(w->mask, &w->phase, in + at, n);
		w->left -= n;
		w->in_frame = w->left > 0;
		if (w->op < HWS_WS_CLOSE) {
			p.kind = HWS_WS_DATA;
			p.op = w->is_text ? HWS_WS_TEXT : HWS_WS_BINARY;
			p.fin = w->fin;
			p.end = !w->left;
			p.data = hws_bytes(in + at, n);
		} else {
			memcpy(w->control + w->control_len, in + at, n);
			w->control_len = (uint8_t)(w->control_len + n);
			if (w->left && at + n == len) {
				at += n;
				break;
			}
			p.kind = HWS_WS_CONTROL;
			p.op = (enum hws_ws_op)w->op;
			p.data = hws_bytes(w->control, w->control_len);
		}
		at += n;
	}
	*used = at;
	*ret = p;
	return HWS_OK;
}

size_t hws_ws_header(enum hws_ws_op op, bool fin, uint64_t len, const uint8_t mask[4],
		uint8_t ret[HWS_WS_HEADER_MAX])
{
	const uint8_t masked = mask ? 0x80 : 0;
	size_t n = 2, ext = 0;

	ret[0] = (uint8_t)((fin ? 0x80 : 0) | op);
	if (len < 126) {
		ret[1] = (uint8_t)(masked | len);
	} else {
		ext = len <= 0xffff ? 2 : 8;
		ret[1] = (uint8_t)(masked | (ext == 2 ? 126 : 127));
	}
	for (size_t i = 0; i < ext; i++)
		ret[n++] = (uint8_t)(len >> (8 * (ext - 1 - i)));
	if (mask) {
		memcpy(ret + n, mask, 4);
		n += 4;
	}
	return n;
}
