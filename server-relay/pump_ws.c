/* Bytes between a WebSocket and TCP or another WebSocket: frame headers are exchanged, payloads
 * pass through as they arrive. What is written refers to the bytes where they were read; only tiny
 * ones are gathered. An announced length is never allocated: only a fragmented message for a TCP
 * partner is collected, under a cap, as it comes. */
#include "server-relay/pump_ws.h"
#include "server-relay/addrs.h"
#include "server-relay/leg_io.h"
#include "server-relay/shard.h"
#include "shared/base/mem.h"
#include "shared/wire/frame.h"
#include <sys/uio.h>

#define PIECES 64
#define GATHER 512u /* payload up to this size is copied rather than referred to */

struct out {
	struct rly_leg *to;
	struct rly_flow *f;
	uint8_t *small;
	size_t small_used;
	int n;
	struct iovec iov[PIECES];
};

static int out_flush(struct out *o)
{
	int r = HWS_OK, i = 0;
	ssize_t w = 0;

	if (!o->f->stash && o->n && o->to->writable) {
		w = rly_leg_writev(o->to, o->iov, o->n);
		if (w == HWS_ERR_AGAIN)
			w = 0;
		if (w < 0)
			return HWS_ERR_CLOSED;
	}
	for (; i < o->n && r == HWS_OK; i++) {
		size_t len = o->iov[i].iov_len, skip = HWS_MIN(len, (size_t)w);

		w -= (ssize_t)skip;
		if (skip == len)
			continue;
		o->to->writable = false;
		r = rly_stash_add(&o->f->stash, (uint8_t *)o->iov[i].iov_base + skip, len - skip,
				UINT32_MAX / 2);
	}
	o->n = 0;
	o->small_used = 0;
	return r;
}

static int out_ref(struct out *o, const void *p, size_t n)
{
	if (!n)
		return HWS_OK;
	if (o->n == PIECES) {
		int r = out_flush(o);

		if (r < 0)
			return r;
	}
	o->iov[o->n++] = (struct iovec){ (void *)p, n };
	return HWS_OK;
}

static int out_copy(struct out *o, const void *p, size_t n)
{
	if (o->small_used + n > RLY_SCRATCH) {
		int r = out_flush(o);

		if (r < 0)
			return r;
	}
	uint8_t *at = o->small + o->small_used;

	memcpy(at, p, n);
	o->small_used += n;
	if (o->n) {
		struct iovec *last = &o->iov[o->n - 1];

		if ((uint8_t *)last->iov_base + last->iov_len == at) {
			last->iov_len += n;
			return HWS_OK;
		}
	}
	return out_ref(o, at, n);
}

static int out_payload(struct out *o, struct hws_bytes b)
{
	return b.len <= GATHER ? out_copy(o, b.ptr, b.len) : out_ref(o, b.ptr, b.len);
}

/* The waiting pong or close goes between two frames. */
static int out_reply(struct out *o)
{
	struct rly_ws_leg *ws = o->to->ws;
	int r;

	if (!ws || !ws->reply_len || ws->close_sent || !o->f->frame_boundary)
		return HWS_OK;
	r = out_copy(o, ws->reply, ws->reply_len);
	ws->reply_len = 0;
	if ((ws->reply[0] & 15) == HWS_WS_CLOSE) {
		/* Nothing may follow: what comes for this leg is read and forgotten. */
		if (r == HWS_OK)
			r = out_flush(o);
		ws->close_sent = true;
		o->f->discard = true;
	}
	return r;
}

static void set_reply(struct rly_ws_leg *ws, enum hws_ws_op op, struct hws_bytes data)
{
	uint8_t hdr[HWS_WS_HEADER_MAX];
	size_t n = hws_ws_header(op, true, data.len, NULL, hdr);

	if (ws->reply_len && (ws->reply[0] & 15) == HWS_WS_CLOSE)
		return; /* nothing comes after that */
	memcpy(ws->reply, hdr, n);
	if (data.len)
		memcpy(ws->reply + n, data.ptr, data.len);
	ws->reply_len = (uint8_t)(n + data.len);
}

/* Begins a frame of `len` bytes to the receiver. */
static int out_begin(struct out *o, bool first, bool fin, uint64_t len)
{
	uint8_t hdr[HWS_WS_HEADER_MAX];
	size_t n;
	int r = out_reply(o);

	if (r < 0)
		return r;
	if (o->to->is_ws)
		n = hws_ws_header(first ? HWS_WS_BINARY : HWS_WS_CONT, fin, len, NULL, hdr);
	else
		n = hws_frame_header((size_t)len, hdr);
	return n ? out_copy(o, hdr, n) : HWS_ERR_TOOBIG;
}

static int from_tcp(struct rly_shard *sh, struct out *o, struct hws_bytes in)
{
	struct rly_flow *f = o->f;
	size_t at = 0;
	int r = HWS_OK;

	while (at < in.len && r == HWS_OK) {
		if (f->frame_left) {
			size_t n = HWS_MIN((size_t)f->frame_left, in.len - at);

			f->frame_left -= (uint32_t)n;
			f->frame_boundary = !f->frame_left;
			r = out_payload(o, hws_bytes(in.ptr + at, n));
			at += n;
			continue;
		}
		f->frame_head[f->frame_head_len++] = in.ptr[at++];
		if (f->frame_head_len < (f->frame_head[0] & 3) + 1)
			continue;
		uint32_t len = 0;

		for (unsigned i = 0; i < f->frame_head_len; i++)
			len |= (uint32_t)f->frame_head[i] << (8 * i);
		len >>= 2;
		f->frame_head_len = 0;
		if (len > sh->rules->message_max)
			return HWS_ERR_TOOBIG;
		if (!len)
			continue; /* a heartbeat: not passed on, as deployed relays do */
		r = out_begin(o, true, true, len);
		f->frame_left = len;
		f->frame_boundary = false;
	}
	return r;
}

void rly_pump_ws_forget(struct rly_shard *sh, struct rly_leg *l)
{
	uint32_t n = l->ws->collected;

	if (!n)
		return;
	__atomic_sub_fetch(&sh->shared->collected, n, __ATOMIC_RELAXED);
	rly_addr_collect_end(l->addr, n);
	l->ws->collected = 0;
}

/* An address may have what is free, so that one that collects much leaves room for others. */
static int gather(struct rly_shard *sh, struct rly_leg *from, struct hws_bytes b)
{
	struct rly_ws_leg *ws = from->ws;
	uint32_t n = (uint32_t)b.len;
	uint64_t all = __atomic_add_fetch(&sh->shared->collected, n, __ATOMIC_RELAXED);

	ws->collected += n;
	if (!rly_addr_collect(from->addr, n, rly_addr_share(all, RLY_COLLECTED_MAX, 1)) ||
			all > RLY_COLLECTED_MAX)
		return HWS_ERR_TOOBIG;
	return rly_stash_add(&ws->message, b.ptr, b.len, (size_t)sh->rules->message_max);
}

/* The whole fragmented message is there: its memory becomes what waits to be written. */
static int out_collected(struct out *o, struct rly_stash **message)
{
	size_t len = rly_stash_len(*message);
	int r;

	if (!len)
		return HWS_OK;
	r = out_begin(o, true, true, len);
	if (r == HWS_OK)
		r = out_flush(o);
	if (r < 0)
		return r;
	if (o->f->stash) {
		r = rly_stash_add(&o->f->stash, (*message)->data + (*message)->at, len,
				UINT32_MAX / 2);
		hws_free(*message);
	} else {
		o->f->stash = *message;
	}
	*message = NULL;
	if (r == HWS_OK)
		r = rly_flow_flush(o->to, o->f);
	return r == HWS_ERR_AGAIN ? HWS_OK : r == HWS_ERR_RESET ? HWS_ERR_CLOSED : r;
}

static int data_piece(struct rly_shard *sh, struct out *o, struct rly_leg *from,
		const struct hws_ws_piece *p)
{
	struct rly_ws_leg *ws = from->ws;
	bool collect = !o->to->is_ws && (!p->fin || ws->collecting);
	int r = HWS_OK;

	if (p->op != HWS_WS_BINARY)
		return HWS_OK;
	if (p->kind == HWS_WS_BEGIN) {
		if (!p->fin && p->first)
			ws->collecting = !o->to->is_ws;
		collect = ws->collecting;
		if (collect && p->len + rly_stash_len(ws->message) > sh->rules->message_max)
			return HWS_ERR_TOOBIG;
		if (!collect && !(p->first && p->fin && !p->len)) {
			r = out_begin(o, p->first, p->fin, p->len);
			o->f->frame_boundary = !p->len;
		}
	} else if (collect) {
		r = gather(sh, from, p->data);
	} else {
		o->f->frame_boundary = p->end;
		r = out_payload(o, p->data);
	}
	if (r == HWS_OK && collect && p->end && p->fin) {
		ws->collecting = false;
		r = out_collected(o, &ws->message);
	}
	return r;
}

static int from_ws(
		struct rly_shard *sh, struct out *o, struct rly_leg *from, uint8_t *in, size_t len)
{
	struct rly_ws_leg *ws = from->ws;
	size_t at = 0, used;
	int r = HWS_OK;

	while (r == HWS_OK && !from->in_eof) {
		struct hws_ws_piece p;

		r = hws_ws_next(&ws->in, sh->rules->message_max, in + at, len - at, &used, &p);
		if (r < 0 || p.kind == HWS_WS_NONE)
			break;
		at += used;
		if (p.kind != HWS_WS_CONTROL) {
			r = data_piece(sh, o, from, &p);
		} else if (p.op == HWS_WS_PING) {
			set_reply(ws, HWS_WS_PONG, p.data);
		} else if (p.op == HWS_WS_CLOSE) {
			set_reply(ws, HWS_WS_CLOSE,
					hws_bytes(p.data.ptr, HWS_MIN(p.data.len, (size_t)2)));
			from->in_eof = true;
		}
	}
	return r;
}

/* The end of the sender, passed on as the receiver's kind knows it. */
static int pass_end(struct rly_shard *sh, struct rly_leg *to, struct rly_flow *f)
{
	static const uint8_t normal[2] = { 1000 >> 8, 1000 & 0xff };
	struct out o = { .to = to, .f = f, .small = sh->out };
	int r = HWS_OK;

	if (to->out_shut)
		return HWS_OK;
	if (to->is_ws && !to->ws->close_sent && f->frame_boundary) {
		set_reply(to->ws, HWS_WS_CLOSE, hws_bytes(normal, 2));
		r = out_reply(&o);
		if (r == HWS_OK)
			r = out_flush(&o);
		if (r < 0 || f->stash)
			return r;
	}
	rly_leg_shutdown(to);
	return HWS_OK;
}

int rly_pump_ws(struct rly_shard *sh, struct rly_pair *p, unsigned d, uint64_t allow,
		uint64_t *ret_read)
{
	struct rly_leg *from = p->leg[d], *to = p->leg[!d];
	struct rly_flow *f = &p->flow[d];
	uint64_t moved = 0;
	int r;

	for (;;) {
		r = rly_flow_flush(to, f);
		if (r < 0)
			break;
		if (from->ws && from->ws->collected && !from->ws->message)
			rly_pump_ws_forget(sh, from);
		if (from->in_eof) {
			r = pass_end(sh, to, f);
			break;
		}
		if (moved >= allow || !(from->readable || from->stash))
			break;
		ssize_t n = rly_leg_read(from, sh->scratch,
				(size_t)HWS_MIN(allow - moved, (uint64_t)RLY_SCRATCH));

		if (n == HWS_ERR_EOF) {
			from->in_eof = true;
			continue;
		}
		if (n < 0) {
			r = (int)n;
			break;
		}
		moved += (uint64_t)n;
		rly_stat_add(&sh->stats.bytes_copied, (uint64_t)n);
		struct out o = { .to = to, .f = f, .small = sh->out };

		if (f->discard && !from->is_ws)
			continue;
		r = from->is_ws ? from_ws(sh, &o, from, sh->scratch, (size_t)n)
				: from_tcp(sh, &o, hws_bytes(sh->scratch, (size_t)n));
		if (f->discard)
			o.n = 0;
		if (r == HWS_OK)
			r = out_flush(&o);
		if (r < 0)
			break;
	}
	*ret_read = moved;
	return r == HWS_ERR_AGAIN ? HWS_OK : r;
}

int rly_pump_ws_reply(struct rly_shard *sh, struct rly_pair *p, unsigned d)
{
	struct out o = { .to = p->leg[d], .f = &p->flow[!d], .small = sh->out };
	int r;

	if (!o.to->is_ws || !o.to->ws->reply_len)
		return HWS_OK;
	r = out_reply(&o);
	return r == HWS_OK ? out_flush(&o) : r;
}
