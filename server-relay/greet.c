/* What a leg says before it is paired: PROXY header, TLS handshake, HTTP upgrade, first frame.
 * Nothing is allocated beyond what has arrived, and that is capped. */
#include "server-relay/greet.h"
#include "server-relay/admission.h"
#include "server-relay/leg_io.h"
#include "server-relay/request.h"
#include "server-relay/shard.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/proxy_protocol.h"
#include "shared/net/ws_upgrade.h"
#include "shared/wire/frame.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A request in small pieces with pings between them; empty parts and pongs have no end of their
 * own, and while they are read no other leg of the shard is. */
#define GREETED_MAX (16u * HWS_RLY_FIRST_FRAME_MAX)
#define FIRST_READ (HWS_RLY_FIRST_FRAME_MAX + HWS_FRAME_HEADER_MAX)

static void take_first(struct rly_shard *sh, struct rly_leg *l, struct hws_bytes payload)
{
	struct rly_request first;
	enum rly_refusal why;

	if (rly_request_parse(payload, &sh->rules->keys, &first, &why) < 0)
		rly_leg_refuse(sh, l, why);
	else
		rly_leg_join(sh, l, &first);
}

/* More bytes behind those that are kept; the view covers all. HWS_ERR_AGAIN: none. Anything else:
 * the leg is gone. */
static int read_more(struct rly_shard *sh, struct rly_leg *l, size_t max, struct hws_bytes *ret)
{
	size_t have = rly_stash_len(l->stash);
	ssize_t n;

	if (have >= max) {
		rly_leg_refuse(sh, l, RLY_REFUSE_TOO_BIG);
		return HWS_ERR_TOOBIG;
	}
	/* rly_leg_read would give back the stash itself. */
	struct rly_stash *kept = l->stash;
	l->stash = NULL;
	n = rly_leg_read(l, sh->scratch, max - have);
	l->stash = kept;
	if (n == HWS_ERR_AGAIN)
		return HWS_ERR_AGAIN;
	if (n < 0) {
		rly_leg_refuse(sh, l, RLY_REFUSE_EARLY_CLOSE);
		return (int)n;
	}
	l->heard = true;
	*ret = hws_bytes(sh->scratch, (size_t)n);
	if (!have)
		return HWS_OK;
	if (rly_stash_add(&l->stash, sh->scratch, (size_t)n, max) < 0) {
		rly_leg_refuse(sh, l, RLY_REFUSE_MEMORY);
		return HWS_ERR_NOMEM;
	}
	*ret = hws_bytes(l->stash->data + l->stash->at, rly_stash_len(l->stash));
	return HWS_OK;
}

/* Remembers `in` from `used` on, which may be the stash itself or the scratch memory. */
static int keep(struct rly_shard *sh, struct rly_leg *l, struct hws_bytes in, size_t used)
{
	if (l->stash) {
		rly_stash_drop(&l->stash, used);
		return HWS_OK;
	}
	if (used == in.len)
		return HWS_OK;
	l->stash = rly_stash_new(in.ptr + used, in.len - used);
	if (l->stash)
		return HWS_OK;
	rly_leg_refuse(sh, l, RLY_REFUSE_MEMORY);
	return HWS_ERR_NOMEM;
}

static int greet_first_tcp(struct rly_shard *sh, struct rly_leg *l)
{
	uint8_t copy[HWS_RLY_FIRST_FRAME_MAX];
	struct hws_bytes in, payload;
	size_t used;
	int r = read_more(sh, l, FIRST_READ, &in);

	if (r < 0)
		return r;
	r = hws_frame_next(in, HWS_RLY_FIRST_FRAME_MAX, &payload, &used);
	if (r == HWS_ERR_SHORT)
		return keep(sh, l, in, 0);
	if (r < 0) {
		rly_leg_refuse(sh, l, r == HWS_ERR_TOOBIG ? RLY_REFUSE_TOO_BIG : RLY_REFUSE_JUNK);
		return r;
	}
	memcpy(copy, payload.ptr, payload.len); /* dropping from the stash may free it */
	r = keep(sh, l, in, used);
	if (r < 0)
		return r;
	take_first(sh, l, hws_bytes(copy, payload.len));
	return HWS_ERR_CLOSED; /* of this state */
}

static int send_now(struct rly_shard *sh, struct rly_leg *l, const void *p, size_t n)
{
	struct iovec iov = { .iov_base = (void *)p, .iov_len = n };

	/* A fresh socket takes some hundred bytes; one that does not is no client of ours. */
	if (rly_leg_writev(l, &iov, 1) == (ssize_t)n)
		return HWS_OK;
	rly_leg_refuse(sh, l, RLY_REFUSE_UPGRADE);
	return HWS_ERR_PROTO;
}

/* Who is behind the proxies we know. */
static int take_forwarded(
		struct rly_shard *sh, struct rly_leg *l, const struct sockaddr_storage *real)
{
	struct sockaddr_storage a;

	rly_leg_sockaddr(l, &a);
	return hws_addr_ip_equal(&a, real) ? HWS_OK : rly_leg_set_peer(sh, l, real);
}

static int greet_upgrade(struct rly_shard *sh, struct rly_leg *l)
{
	struct sockaddr_storage real;
	struct hws_bytes in;
	struct hws_buf answer;
	size_t used;
	int r = read_more(sh, l, HWS_WS_UPGRADE_MAX, &in);

	if (r < 0)
		return r;
	rly_leg_sockaddr(l, &real);
	hws_buf_init(&answer, 1024);
	r = hws_ws_upgrade_answer(in, &answer, &used, &sh->rules->trusted, &real);
	if (r == HWS_ERR_SHORT) {
		r = keep(sh, l, in, 0);
		goto out;
	}
	if (r < 0) {
		rly_leg_refuse(sh, l,
				r == HWS_ERR_TOOBIG ? RLY_REFUSE_TOO_BIG : RLY_REFUSE_UPGRADE);
		goto out;
	}
	r = keep(sh, l, in, used);
	if (r == HWS_OK)
		r = take_forwarded(sh, l, &real);
	if (r == HWS_OK)
		r = send_now(sh, l, hws_buf_bytes(&answer).ptr, hws_buf_len(&answer));
	if (r == HWS_OK)
		l->state = RLY_LEG_REQUEST; /* the deadline runs on */
out:
	hws_buf_done(&answer);
	return r;
}

/* Looked at without taking it, so that nothing behind it is read in a wrong way. */
static int greet_proxy(struct rly_shard *sh, struct rly_leg *l)
{
	struct hws_proxy_header h;
	size_t used;
	ssize_t n;
	int r;

	if (!l->readable)
		return HWS_ERR_AGAIN;
	n = recv(l->fd, sh->scratch, HWS_PROXY_MAX, MSG_PEEK);
	if (n < 0 && errno == EAGAIN) {
		l->readable = false;
		return HWS_ERR_AGAIN;
	}
	r = n > 0 ? hws_proxy_parse(hws_bytes(sh->scratch, (size_t)n), &h, &used) : HWS_ERR_EOF;
	if (r == HWS_ERR_SHORT && !l->hup) {
		l->readable = false;
		return HWS_ERR_AGAIN;
	}
	if (r == HWS_OK && recv(l->fd, sh->scratch, used, 0) != (ssize_t)used)
		r = HWS_ERR_EOF;
	if (r < 0) {
		rly_leg_refuse(sh, l, n > 0 ? RLY_REFUSE_UPGRADE : RLY_REFUSE_EARLY_CLOSE);
		return r;
	}
	l->state = (uint8_t)rly_leg_start_state(l);
	return h.proxied ? rly_leg_set_peer(sh, l, &h.source) : HWS_OK;
}

/* One piece of the first message; HWS_ERR_CLOSED when the leg has left this state. */
static int first_piece(struct rly_shard *sh, struct rly_leg *l, const struct hws_ws_piece *p,
		bool *ret_done)
{
	uint8_t hdr[HWS_WS_HEADER_MAX];
	enum rly_refusal why = RLY_REFUSE_JUNK;

	if (p->kind == HWS_WS_CONTROL) {
		uint8_t pong[2 + HWS_WS_CONTROL_MAX];

		if (p->op == HWS_WS_CLOSE) {
			rly_leg_refuse(sh, l, RLY_REFUSE_EARLY_CLOSE);
			return HWS_ERR_EOF;
		}
		if (p->op == HWS_WS_PONG)
			return HWS_OK;
		size_t n = hws_ws_header(HWS_WS_PONG, true, p->data.len, NULL, hdr);
		memcpy(pong, hdr, n);
		memcpy(pong + n, p->data.ptr, p->data.len);
		return send_now(sh, l, pong, n + p->data.len);
	}
	if (p->op != HWS_WS_BINARY)
		goto refuse;
	if (p->kind == HWS_WS_BEGIN &&
			p->len + rly_stash_len(l->ws->message) > HWS_RLY_FIRST_FRAME_MAX) {
		why = RLY_REFUSE_TOO_BIG;
		goto refuse;
	}
	if (rly_stash_add(&l->ws->message, p->data.ptr, p->data.len, HWS_RLY_FIRST_FRAME_MAX) < 0) {
		why = RLY_REFUSE_MEMORY;
		goto refuse;
	}
	*ret_done = p->end && p->fin;
	return HWS_OK;
refuse:
	rly_leg_refuse(sh, l, why);
	return HWS_ERR_PROTO;
}

/* `n` more bytes did not make it whole. */
static int more_first_ws(struct rly_shard *sh, struct rly_leg *l, size_t n)
{
	l->ws->greeted += (uint32_t)n;
	if (l->ws->greeted <= GREETED_MAX)
		return HWS_OK;
	rly_leg_refuse(sh, l, RLY_REFUSE_TOO_BIG);
	return HWS_ERR_TOOBIG;
}

static int greet_first_ws(struct rly_shard *sh, struct rly_leg *l)
{
	bool done = false;
	ssize_t n = rly_leg_read(l, sh->scratch, FIRST_READ);
	size_t at = 0, used;
	int r = HWS_OK;

	if (n == HWS_ERR_AGAIN)
		return HWS_ERR_AGAIN;
	if (n < 0) {
		rly_leg_refuse(sh, l, RLY_REFUSE_EARLY_CLOSE);
		return (int)n;
	}
	while (!done) {
		struct hws_ws_piece p;

		r = hws_ws_next(&l->ws->in, HWS_RLY_FIRST_FRAME_MAX, sh->scratch + at,
				(size_t)n - at, &used, &p);
		if (r < 0) {
			rly_leg_refuse(sh, l,
					r == HWS_ERR_TOOBIG ? RLY_REFUSE_TOO_BIG : RLY_REFUSE_JUNK);
			return r;
		}
		at += used;
		if (p.kind == HWS_WS_NONE)
			return more_first_ws(sh, l, (size_t)n);
		r = first_piece(sh, l, &p, &done);
		if (r < 0)
			return r;
	}
	if (at < (size_t)n) {
		/* What was read may have been part of a stash that still has a rest behind it. */
		struct rly_stash *rest = l->stash;

		l->stash = rly_stash_new(sh->scratch + at, (size_t)n - at);
		if (!l->stash ||
				rly_stash_add(&l->stash, rest ? rest->data + rest->at : NULL,
						rly_stash_len(rest), RLY_SCRATCH) < 0) {
			hws_free(rest);
			rly_leg_refuse(sh, l, RLY_REFUSE_MEMORY);
			return HWS_ERR_NOMEM;
		}
		hws_free(rest);
	}
	struct rly_stash *message = l->ws->message;
	l->ws->message = NULL;
	take_first(sh, l,
			hws_bytes(message ? message->data + message->at : NULL,
					rly_stash_len(message)));
	hws_free(message);
	return HWS_ERR_CLOSED;
}

void rly_greet(struct rly_shard *sh, struct rly_leg *l)
{
	int r = HWS_OK;

	while (r == HWS_OK && l->state < RLY_LEG_UNANNOUNCED) {
		if (l->state == RLY_LEG_PROXY)
			r = greet_proxy(sh, l);
		else if (l->state == RLY_LEG_UPGRADE)
			r = greet_upgrade(sh, l);
		else if (l->is_ws)
			r = greet_first_ws(sh, l);
		else
			r = greet_first_tcp(sh, l);
	}
}
