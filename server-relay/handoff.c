#include "server-relay/handoff.h"
#include "server-relay/shard.h"
#include "shared/base/mem.h"
#include <sys/epoll.h>

struct rly_handoff {
	struct hws_post post;
	struct rly_shard *to;
	struct rly_entry *entry;
	struct rly_leg *leg;
};

struct rly_handoff *rly_handoff_new(void)
{
	return hws_alloc(sizeof(struct rly_handoff));
}

void rly_handoff_free(struct rly_handoff *h)
{
	hws_free(h);
}

static void on_arrival(void *arg)
{
	struct rly_handoff *h = arg;
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

void rly_handoff_send(
		struct rly_handoff *h, struct rly_shard *to, struct rly_entry *e, struct rly_leg *l)
{
	h->to = to;
	h->entry = e;
	h->leg = l;
	h->post.fn = on_arrival;
	h->post.arg = h;
	hws_loop_post_node(to->loop, &h->post);
}
