/* A leg changes its thread: by a call posted to the other shard, whose memory was taken beforehand,
 * because once the partner is promised there is no way back. */
#include "server-relay/shard_move.h"
#include "server-relay/admission.h"
#include "server-relay/pair.h"
#include "server-relay/pairing.h"
#include "server-relay/shard.h"
#include "shared/base/mem.h"
#include <sys/epoll.h>

struct rly_shard_move {
	struct hws_post post;
	struct rly_shard *to;
	struct rly_entry *entry;
	struct rly_leg *leg;
};

struct rly_shard_move *rly_shard_move_new(void)
{
	return hws_alloc(sizeof(struct rly_shard_move));
}

void rly_shard_move_free(struct rly_shard_move *h)
{
	hws_free(h);
}

static void on_arrival(void *arg)
{
	struct rly_shard_move *h = arg;
	struct rly_shard *sh = h->to;
	struct rly_leg *l = h->leg;
	struct rly_entry *e = h->entry;

	hws_free(h);
	rly_leg_arrive(sh, l);
	if (sh->stopped) {
		rly_leg_refuse(sh, l, RLY_REFUSE_DRAIN);
		rly_pairing_end(sh->shared->pairing, e);
		return;
	}
	rly_pair_start(sh, e, l);
}

void rly_shard_move_send(struct rly_shard_move *h, struct rly_shard *to, struct rly_entry *e,
		struct rly_leg *l)
{
	h->to = to;
	h->entry = e;
	h->leg = l;
	h->post.fn = on_arrival;
	h->post.arg = h;
	hws_loop_post_node(to->loop, &h->post);
}
