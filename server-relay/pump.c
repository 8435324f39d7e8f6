/* Bytes from TCP to TCP. Small messages take one read and one write through the shard's scratch
 * memory; a direction that proves bulky moves to splice through a lent pipe and never touches user
 * memory. */
#include "server-relay/pump.h"
#include "server-relay/leg_io.h"
#include "server-relay/pair.h"
#include "server-relay/pump_ws.h"
#include "server-relay/shard.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define BULK_READ (32u << 10)   /* a read of this size is a sign of bulk */
#define BULK_SCORE 2            /* so many in a row: splice */
#define SMALL_SPLICE (8u << 10) /* a visit that moved less is a sign against */
#define SMALL_SCORE 8
/* A whole pipe in one go: with less the kernel pushes and wakes several times for each. */
#define BULK_LOWAT ((int)RLY_PIPE_SIZE)

static void set_splicing(struct rly_leg *to, struct rly_flow *f, bool on)
{
	int lowat = on ? BULK_LOWAT : RLY_LOWAT;

	f->splicing = on;
	f->score = 0;
	(void)setsockopt(to->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof(lowat));
}

static int flush_pipe(struct rly_shard *sh, struct rly_leg *to, struct rly_flow *f)
{
	while (f->in_pipe) {
		if (!to->writable)
			return HWS_ERR_AGAIN;
		ssize_t n = splice(f->pipe->r, NULL, to->fd, NULL, f->in_pipe,
				SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		if (n < 0 && errno == EAGAIN)
			to->writable = false;
		else if (n < 0 && errno != EINTR)
			return HWS_ERR_RESET;
		else if (n > 0)
			f->in_pipe -= (uint32_t)n;
	}
	if (f->pipe) {
		rly_pipes_put(&sh->pipes, f->pipe, false);
		f->pipe = NULL;
	}
	return HWS_OK;
}

/* Reads once and writes at once. Returns bytes read or a negative error. */
static ssize_t copy_once(struct rly_shard *sh, struct rly_leg *from, struct rly_leg *to,
		struct rly_flow *f, size_t max)
{
	size_t want = HWS_MIN(max, (size_t)RLY_SCRATCH);
	ssize_t n = rly_leg_read(from, sh->scratch, want), w;

	if (n < 0)
		return n;
	f->score = n >= (ssize_t)BULK_READ ? (uint8_t)(f->score + 1) : 0;
	if (f->score >= BULK_SCORE && !f->splicing)
		set_splicing(to, f, true);
	rly_stat_add(&sh->stats.bytes_copied, (uint64_t)n);
	if (f->discard)
		return n;
	struct iovec iov = { sh->scratch, (size_t)n };

	w = to->writable ? rly_leg_writev(to, &iov, 1) : HWS_ERR_AGAIN;
	if (w == HWS_ERR_AGAIN)
		w = 0;
	if (w < 0)
		return HWS_ERR_CLOSED; /* the receiver is gone */
	if (w < n) {
		f->stash = rly_stash_new(sh->scratch + w, (size_t)(n - w));
		if (!f->stash)
			return HWS_ERR_NOMEM;
		/* The socket is full, though it said so only by taking less. */
		to->writable = false;
	}
	return n;
}

/* The pipe is empty here, so "would block" can only mean the source. */
static ssize_t splice_once(
		struct rly_shard *sh, struct rly_leg *from, struct rly_flow *f, size_t max)
{
	ssize_t n;

	if (!f->pipe)
		f->pipe = rly_pipes_get(&sh->pipes);
	if (!f->pipe)
		return HWS_ERR_FULL;
	n = splice(from->fd, NULL, f->pipe->w, NULL, HWS_MIN(max, (size_t)RLY_PIPE_SIZE),
			SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0) {
		f->in_pipe = (uint32_t)n;
		rly_stat_add(&sh->stats.bytes_spliced, (uint64_t)n);
		return n;
	}
	rly_pipes_put(&sh->pipes, f->pipe, false);
	f->pipe = NULL;
	if (n == 0)
		return HWS_ERR_EOF;
	if (errno == EAGAIN) {
		from->readable = false;
		return HWS_ERR_AGAIN;
	}
	return errno == EINTR ? HWS_ERR_AGAIN : HWS_ERR_RESET;
}

/* After a visit in splice mode. */
static void judge_visit(struct rly_leg *to, struct rly_flow *f, uint64_t moved)
{
	if (!moved)
		return;
	f->score = moved < SMALL_SPLICE ? (uint8_t)(f->score + 1) : 0;
	if (f->score >= SMALL_SCORE)
		set_splicing(to, f, false);
}

/* One direction until it blocks. HWS_OK, or why the pair must end. */
static int raw_pump(struct rly_shard *sh, struct rly_pair *p, unsigned d, uint64_t allow,
		uint64_t *ret_read)
{
	struct rly_leg *from = p->leg[d], *to = p->leg[!d];
	struct rly_flow *f = &p->flow[d];
	bool was_splicing = f->splicing;
	uint64_t moved = 0;
	int r = HWS_OK;

	for (;;) {
		r = rly_flow_flush(to, f);
		if (r == HWS_OK)
			r = flush_pipe(sh, to, f);
		if (r < 0)
			break;
		if (from->in_eof) {
			rly_leg_shutdown(to);
			break;
		}
		if (moved >= allow || !(from->readable || from->stash))
			break;
		ssize_t n = HWS_ERR_FULL;

		if (f->splicing && !from->stash)
			n = splice_once(sh, from, f, allow - moved);
		if (n == HWS_ERR_FULL)
			n = copy_once(sh, from, to, f, allow - moved);
		if (n == HWS_ERR_EOF)
			from->in_eof = true;
		else if (n < 0) {
			r = (int)n;
			break;
		} else {
			moved += (uint64_t)n;
		}
	}
	if (was_splicing)
		judge_visit(to, f, moved);
	*ret_read = moved;
	return r == HWS_ERR_AGAIN ? HWS_OK : r;
}

static bool is_runnable(const struct rly_pair *p)
{
	for (unsigned d = 0; d < 2; d++) {
		const struct rly_leg *from = p->leg[d], *to = p->leg[!d];

		if (from->in_eof)
			continue;
		if ((from->readable || from->stash) && !p->flow[d].in_pipe && !p->flow[d].stash)
			return true;
		if ((p->flow[d].in_pipe || p->flow[d].stash) && to->writable)
			return true;
	}
	return false;
}

static bool is_finished(const struct rly_pair *p)
{
	for (unsigned d = 0; d < 2; d++)
		if (!p->leg[d]->in_eof || p->flow[d].in_pipe || p->flow[d].stash)
			return false;
	return true;
}

static enum rly_way way_of(const struct rly_pair *p, unsigned d)
{
	if (p->leg[d]->viewer == p->leg[!d]->viewer)
		return RLY_WAY_UNKNOWN;
	return p->leg[d]->viewer ? RLY_WAY_HOST : RLY_WAY_VIEWER;
}

uint64_t rly_pair_pump(struct rly_shard *sh, struct rly_pair *p, uint64_t allow, bool *ret_more)
{
	uint64_t total = 0, left[2];
	uint64_t before = p->flow[0].in_pipe + p->flow[1].in_pipe +
			rly_stash_len(p->flow[0].stash) + rly_stash_len(p->flow[1].stash);
	int r = HWS_OK;

	for (unsigned d = 0; d < 2 && r == HWS_OK; d++) {
		uint64_t n = 0;

		left[d] = allow > total ? allow - total : 0;
		r = p->raw ? raw_pump(sh, p, d, left[d], &n) : rly_pump_ws(sh, p, d, left[d], &n);
		p->flow[d].bytes += n;
		rly_stat_add(&sh->stats.bytes_way[way_of(p, d)], n);
		total += n;
	}
	if (!p->raw && r == HWS_OK)
		r = rly_pump_ws_reply(sh, p, 0);
	if (!p->raw && r == HWS_OK)
		r = rly_pump_ws_reply(sh, p, 1);
	rly_stat_add(&sh->stats.bytes, total);
	uint64_t after = p->flow[0].in_pipe + p->flow[1].in_pipe + rly_stash_len(p->flow[0].stash) +
			rly_stash_len(p->flow[1].stash);

	if (total || before != after)
		p->moved_ds = rly_shard_now_ds(sh);
	*ret_more = false;
	if (r < 0) {
		rly_pair_close(sh, p,
				r == HWS_ERR_RESET || r == HWS_ERR_CLOSED ? RLY_CLOSE_RESET
						: r == HWS_ERR_PROTO || r == HWS_ERR_TOOBIG
						? RLY_CLOSE_PROTO
						: r == HWS_ERR_EOF ? RLY_CLOSE_PEER
								   : RLY_CLOSE_ERROR);
		return total;
	}
	if (is_finished(p)) {
		rly_pair_close(sh, p, RLY_CLOSE_PEER);
		return total;
	}
	*ret_more = is_runnable(p);
	return total;
}
