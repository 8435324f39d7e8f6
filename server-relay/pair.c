/* Two legs joined: begin, end, and what is told about it. */
#include "server-relay/pair.h"
#include "server-relay/addrs.h"
#include "server-relay/admission.h"
#include "server-relay/distance.h"
#include "server-relay/pairing.h"
#include "server-relay/sched.h"
#include "server-relay/shard.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_slow(const struct rly_rules *r, const struct rly_leg *l)
{
	struct sockaddr_storage a;

	if (!r->slow.count)
		return false;
	rly_leg_sockaddr(l, &a);
	return hws_cidr_list_match(&r->slow, &a);
}

void rly_pair_judge(struct rly_shard *sh, struct rly_pair *p)
{
	p->slow = is_slow(sh->rules, p->leg[0]) || is_slow(sh->rules, p->leg[1]);
}

static void take_waiting(struct rly_shard *sh, struct rly_leg *l)
{
	hws_list_remove(&l->node);
	if (l->counted_wait)
		rly_addr_wait_end(l->addr);
	l->counted_wait = false;
	rly_stat_sub(&sh->stats.waiting, 1);
}

static void opened_log(struct rly_shard *sh, const struct rly_pair *p)
{
	struct sockaddr_storage a, b;
	char ta[HWS_ADDR_TEXT], tb[HWS_ADDR_TEXT];

	if (hws_log_level() < HWS_LOG_DEBUG)
		return;
	rly_leg_sockaddr(p->leg[0], &a);
	rly_leg_sockaddr(p->leg[1], &b);
	hws_debug("pair.opened", HWS_U64("pair", p->id), HWS_U64("shard", sh->index),
			HWS_STR("a", hws_addr_text(&a, ta, sizeof(ta))),
			HWS_STR("b", hws_addr_text(&b, tb, sizeof(tb))), HWS_BOOL("raw", p->raw));
}

void rly_pair_start(struct rly_shard *sh, struct rly_entry *e, struct rly_leg *second)
{
	struct rly_leg *first = rly_entry_leg(e);
	struct rly_pair *p = first ? hws_alloc(sizeof(*p)) : NULL;

	if (!p) {
		rly_leg_refuse(sh, second, first ? RLY_REFUSE_MEMORY : RLY_REFUSE_PARTNER_GONE);
		if (first)
			rly_leg_refuse(sh, first, RLY_REFUSE_MEMORY);
		rly_pairing_end(sh->shared->pairing, e);
		return;
	}
	take_waiting(sh, first);
	hws_list_remove(&second->node);
	p->leg[0] = first;
	p->leg[1] = second;
	p->entry = e;
	p->id = (uint64_t)sh->index << 48 | ++sh->next_pair;
	p->born_ds = p->moved_ds = rly_shard_now_ds(sh);
	p->raw = !first->is_ws && !second->is_ws;
	for (unsigned d = 0; d < 2; d++) {
		p->leg[d]->state = RLY_LEG_PAIRED;
		p->leg[d]->entry = NULL;
		p->leg[d]->pair = p;
		p->flow[d].frame_boundary = true;
		rly_distance_note(sh->shared->distances, p->leg[d]);
	}
	rly_pair_judge(sh, p);
	uint32_t wait_s = (uint32_t)HWS_MIN(sh->rules->idle_us / 1000000u + 1, RLY_WHEEL - 2);

	if (sh->rules->pair_volume || sh->rules->pair_us)
		wait_s = 1;

	hws_list_push(&sh->wheel[(sh->wheel_s + wait_s) % RLY_WHEEL], &p->idle);
	rly_stat_add(&sh->stats.pairs, 1);
	rly_stat_add(&sh->stats.pairs_total, 1);
	if (!p->raw)
		rly_stat_add(&sh->stats.pairs_ws, 1);
	opened_log(sh, p);
	rly_sched_ready(sh, p);
}

static void closed_log(struct rly_shard *sh, const struct rly_pair *p, enum rly_close why)
{
	struct sockaddr_storage a, b;
	char ta[HWS_ADDR_TEXT], tb[HWS_ADDR_TEXT];

	if (hws_log_level() < HWS_LOG_INFO)
		return;
	rly_leg_sockaddr(p->leg[0], &a);
	rly_leg_sockaddr(p->leg[1], &b);
	hws_info("pair.closed", HWS_STR("why", rly_close_text(why)), HWS_U64("pair", p->id),
			HWS_STR("a", hws_addr_text(&a, ta, sizeof(ta))),
			HWS_STR("b", hws_addr_text(&b, tb, sizeof(tb))),
			HWS_U64("ms", (uint64_t)(rly_shard_now_ds(sh) - p->born_ds) * 100),
			HWS_U64("bytes_a", p->flow[0].bytes), HWS_U64("bytes_b", p->flow[1].bytes));
}

/* Whoever relies on the bytes must not take a cut for an orderly end. */
static void make_reset(const struct rly_leg *l)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

void rly_pair_close(struct rly_shard *sh, struct rly_pair *p, enum rly_close why)
{
	if (p->closing)
		return;
	p->closing = true;
	rly_sched_forget(sh, p);
	closed_log(sh, p, why);
	rly_stat_add(&sh->stats.closed[why], 1);
	rly_stat_sub(&sh->stats.pairs, 1);
	if (!p->raw)
		rly_stat_sub(&sh->stats.pairs_ws, 1);
	for (unsigned d = 0; d < 2; d++) {
		if (p->flow[d].pipe)
			rly_pipes_put(&sh->pipes, p->flow[d].pipe, true);
		p->flow[d].pipe = NULL;
		hws_free(p->flow[d].stash);
		p->flow[d].stash = NULL;
		if (why != RLY_CLOSE_PEER)
			make_reset(p->leg[d]);
		rly_leg_drop(sh, p->leg[d]);
	}
	rly_pairing_end(sh->shared->pairing, p->entry);
	p->entry = NULL;
	hws_list_remove(&p->idle);
	hws_list_push(&sh->dead_pairs, &p->idle);
}

static json_t *leg_json(const struct rly_leg *l)
{
	struct sockaddr_storage a;
	char text[HWS_ADDR_TEXT];

	rly_leg_sockaddr(l, &a);
	return json_string(hws_addr_text(&a, text, sizeof(text)));
}

json_t *rly_pair_json(struct rly_shard *sh, const struct rly_pair *p)
{
	uint32_t now = rly_shard_now_ds(sh);
	json_t *j = json_object();

	json_object_set_new(j, "id",
			json_sprintf("%u-%llu", sh->index,
					(unsigned long long)(p->id & ((1ull << 48) - 1))));
	json_object_set_new(j, "a", leg_json(p->leg[0]));
	json_object_set_new(j, "b", leg_json(p->leg[1]));
	json_object_set_new(j, "a_kind", json_string(p->leg[0]->is_ws ? "ws" : "tcp"));
	json_object_set_new(j, "b_kind", json_string(p->leg[1]->is_ws ? "ws" : "tcp"));
	json_object_set_new(j, "seconds", json_real((now - p->born_ds) / 10.0));
	json_object_set_new(j, "idle_seconds", json_real((now - p->moved_ds) / 10.0));
	json_object_set_new(j, "bytes_a", json_integer((json_int_t)p->flow[0].bytes));
	json_object_set_new(j, "bytes_b", json_integer((json_int_t)p->flow[1].bytes));
	json_object_set_new(j, "bytes_per_s",
			json_integer((json_int_t)((p->flow[0].bytes + p->flow[1].bytes) * 10 /
					HWS_MAX(now - p->born_ds, 1u))));
	json_object_set_new(j, "limit", json_integer((json_int_t)p->own_rate));
	json_object_set_new(j, "slow", json_boolean(p->slow));
	return j;
}
