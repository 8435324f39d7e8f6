/* relay/distance: how far the networks are whose sessions come here: measured by TCP itself, told
 * to the rendezvous servers now and then, so that they can choose the nearest relay. Bounded; what
 * does not fit until the next report is dropped. Shards note, the main loop takes. */
#pragma once
#include "server-relay/leg.h"
#include "shared/base/err.h"
#include "shared/wire/ticket.h"
#include <stdbool.h>

struct rly_distances;
int rly_distances_new(struct rly_distances **ret) HWS_MUST_CHECK;
void rly_distances_free(struct rly_distances *d);
/* Nothing is noted while nobody wants it. */
void rly_distances_want(struct rly_distances *d, bool wanted);
/* Takes NULL. Legs behind a proxy are left out: only the proxy's distance is known. */
void rly_distance_note(struct rly_distances *d, const struct rly_leg *l);
/* Moves them to ret; how many. */
size_t rly_distances_take(
		struct rly_distances *d, struct hws_ticket_distance ret[HWS_TICKET_LIST_MAX]);
