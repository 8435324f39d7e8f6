/* Shares and evictions. A waiting leg of an honest client is alone at its address, or nearly, and
 * is met within a second or two: whoever wants to be rid of it must first take the place of all
 * that hold more, or are older. */
#include "server-relay/room.h"
#include "server-relay/addrs.h"
#include "server-relay/admission.h"
#include "server-relay/pairing.h"
#include "server-relay/tickets.h"
#include "shared/base/macros.h"

#define LEGS_WEIGHT 8u    /* one address can have eight ninths of all legs, sixteen 127 of 128 */
#define WAITING_WEIGHT 4u /* ... four fifths of the waiting ones */
#define ANNOUNCED_PART 8u /* an eighth of the waiting places is for announced pairs */
#define LOOK 256          /* the oldest of a list: under an attack they are like the others */
#define OLD_DS 50u        /* among those that hold the same: its partner does not come any more */

static uint32_t lower(uint32_t limit, uint32_t share)
{
	return limit ? HWS_MIN(limit, share) : 0;
}

uint32_t rly_room_legs(const struct rly_shard *sh)
{
	const struct rly_shared *s = sh->shared;
	uint32_t others = __atomic_load_n(&s->legs, __ATOMIC_RELAXED) - 1;

	return lower(sh->rules->max_legs_addr, rly_addr_share(others, s->max_legs, LEGS_WEIGHT));
}

uint32_t rly_room_waiting(const struct rly_shard *sh, bool announced)
{
	uint32_t limit = sh->rules->max_waiting_addr;

	if (announced)
		return limit;
	return lower(limit,
			rly_addr_share(rly_pairing_waiting(sh->shared->pairing),
					rly_pairing_max(sh->shared->pairing), WAITING_WEIGHT));
}

bool rly_room_unannounced(const struct rly_shard *sh)
{
	uint32_t max = rly_pairing_max(sh->shared->pairing);

	return !rly_tickets_links_up(sh->shared->tickets) ||
			rly_pairing_waiting(sh->shared->pairing) < max - max / ANNOUNCED_PART;
}

/* One that could go, and what its address holds. */
struct victim {
	struct rly_leg *leg;
	uint32_t held;
};

static void look(
		struct hws_list *list, uint32_t (*held)(const struct rly_addr *e), struct victim *v)
{
	struct hws_list *node;
	int n = 0;

	hws_list_for (node, list) {
		struct rly_leg *l = hws_container(node, struct rly_leg, node);
		uint32_t h;

		if (n++ == LOOK)
			return;
		if (l->announced || !l->addr)
			continue;
		h = held(l->addr);
		if (h <= v->held)
			continue;
		v->leg = l;
		v->held = h;
	}
}

/* `mine`: what the newcomer's address holds, with it. */
static bool evict(struct rly_shard *sh, const struct victim *v, uint32_t mine)
{
	if (!v->leg || v->held < mine)
		return false;
	if (v->held == mine && rly_shard_now_ds(sh) - v->leg->since_ds < OLD_DS)
		return false;
	rly_leg_refuse(sh, v->leg, RLY_REFUSE_EVICTED);
	return true;
}

bool rly_room_make_leg(struct rly_shard *sh, const struct sockaddr_storage *peer)
{
	struct victim v = { 0 };

	look(&sh->greeting, rly_addr_legs, &v);
	look(&sh->waiting, rly_addr_legs, &v);
	return evict(sh, &v, rly_addrs_legs(sh->shared->addrs, peer) + 1);
}

bool rly_room_make_waiting(struct rly_shard *sh, const struct rly_leg *l)
{
	struct victim v = { 0 };

	look(&sh->waiting, rly_addr_waiting, &v);
	return evict(sh, &v, rly_addr_waiting(l->addr) + !l->counted_wait);
}
