/* Frame headers of RFC 6455, cut from the stream without keeping payloads: a relay passes them on as they come. */
#include "server-relay/ws_codec.h"
#include "shared/base/macros.h"

/* How long the header that begins with these bytes is; 2 until that is known. */
static size_t header_need(const uint8_t *h, size_t have)
{
	if (have < 2)
		return 2;
	switch (h[1] & 0x7f) {
	case 126:
		return 8;
	case 127:
		return 14;
	default:
		return 6;
	}
}

static int frame_begin(struct rly_ws_in *w, uint64_t frame_max, struct rly_ws_piece *p)
{
	const uint8_t *h = w->head;
	uint64_t len = h[1] & 0x7f;
	size_t ext = len == 126 ? 2 : len == 127 ? 8 : 0;
	uint8_t op = h[0] & 15;

	if ((h[0] & 0x70) || !(h[1] & 0x80))
		return HWS_ERR_PROTO;
	if (ext) {
		len = 0;
		for (size_t i = 0; i < ext; i++)
			len = len << 8 | h[2 + i];
	}
	memcpy(w->mask, h + 2 + ext, 4);
	w->fin = h[0] & 0x80;
	w->op = op;
	w->left = len;
	w->phase = 0;
	w->head_len = 0;
	w->in_frame = true;
	if (op >= RLY_WS_CLOSE) {
		w->ctrl_len = 0;
		return op > RLY_WS_PONG || !w->fin || len > RLY_WS_CTRL_MAX ? HWS_ERR_PROTO
									    : HWS_OK;
	}
	if (op > RLY_WS_BINARY || (op == RLY_WS_CONT) != w->in_message)
		return HWS_ERR_PROTO;
	if (len > frame_max)
		return HWS_ERR_TOOBIG;
	if (op != RLY_WS_CONT)
		w->is_text = op == RLY_WS_TEXT;
	p->kind = RLY_WS_BEGIN;
	p->op = w->is_text ? RLY_WS_TEXT : RLY_WS_BINARY;
	p->first = op != RLY_WS_CONT;
	p->fin = w->fin;
	p->len = len;
	p->end = len == 0;
	w->in_message = !w->fin;
	w->in_frame = len > 0;
	return HWS_OK;
}

static void unmask(struct rly_ws_in *w, uint8_t *p, size_t n)
{
	uint8_t key[8];
	uint64_t k8;
	size_t i = 0;

	for (size_t j = 0; j < 8; j++)
		key[j] = w->mask[(w->phase + j) & 3];
	memcpy(&k8, key, 8);
	for (; i + 8 <= n; i += 8) {
		uint64_t v;

		memcpy(&v, p + i, 8);
		v ^= k8;
		memcpy(p + i, &v, 8);
	}
	for (; i < n; i++)
		p[i] ^= key[i & 7];
	w->phase = (uint8_t)((w->phase + n) & 3);
}

int rly_ws_next(struct rly_ws_in *w, uint64_t frame_max, uint8_t *in, size_t len, size_t *used,
		struct rly_ws_piece *ret)
{
	struct rly_ws_piece p = { .kind = RLY_WS_NONE };
	size_t at = 0;

	while (p.kind == RLY_WS_NONE) {
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

		if (w->op < RLY_WS_CLOSE && n == 0)
			break;
		unmask(w, in + at, n);
		w->left -= n;
		w->in_frame = w->left > 0;
		if (w->op < RLY_WS_CLOSE) {
			p.kind = RLY_WS_DATA;
			p.op = w->is_text ? RLY_WS_TEXT : RLY_WS_BINARY;
			p.fin = w->fin;
			p.end = !w->left;
			p.data = hws_bytes(in + at, n);
		} else {
			memcpy(w->ctrl + w->ctrl_len, in + at, n);
			w->ctrl_len = (uint8_t)(w->ctrl_len + n);
			if (w->left && at + n == len) {
				at += n;
				break;
			}
			p.kind = RLY_WS_CTRL_FRAME;
			p.op = (enum rly_ws_op)w->op;
			p.data = hws_bytes(w->ctrl, w->ctrl_len);
		}
		at += n;
	}
	*used = at;
	*ret = p;
	return HWS_OK;
}

size_t rly_ws_header(enum rly_ws_op op, bool fin, uint64_t len, uint8_t hdr[RLY_WS_HEADER_MAX])
{
	size_t n = 2;

	hdr[0] = (uint8_t)((fin ? 0x80 : 0) | op);
	if (len < 126) {
		hdr[1] = (uint8_t)len;
		return n;
	}
	size_t ext = len <= 0xffff ? 2 : 8;
	hdr[1] = ext == 2 ? 126 : 127;
	for (size_t i = 0; i < ext; i++)
		hdr[n++] = (uint8_t)(len >> (8 * (ext - 1 - i)));
	return n;
}
