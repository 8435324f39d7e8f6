/* rendezvous/planes/pending: a viewer may ask for a few devices at once; the oldest request makes
 * room, so that one client cannot hold memory by asking. */
#include "server-rendezvous/planes/pending.h"
#include "server-rendezvous/state/attempts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define PENDING_US (40ull * 1000000)

struct rdv_pending *rdv_pending_find(struct rdv_pending *list, const char *id, bool relay)
{
	for (size_t i = 0; list && i < RDV_PENDING_MAX; i++) {
		if (list[i].relay == relay && list[i].id[0] && strcmp(list[i].id, id) == 0)
			return &list[i];
	}
	return NULL;
}

struct rdv_pending *rdv_pending_take(
		struct rdv_pending **list, const char *id, bool relay, uint64_t now_us)
{
	struct rdv_pending *p = rdv_pending_find(*list, id, relay);

	if (!*list) {
		*list = hws_alloc_array(RDV_PENDING_MAX, sizeof(**list));
		if (!*list)
			return NULL;
	}
	if (!p) {
		p = *list;
		for (size_t i = 0; i < RDV_PENDING_MAX; i++) {
			if ((*list)[i].until_us < p->until_us)
				p = &(*list)[i];
		}
		memset(p, 0, sizeof(*p));
		if (hws_str_copy(p->id, sizeof(p->id), id) < 0)
			return NULL;
		p->began_us = now_us;
		p->relay = relay;
		p->attempt = RDV_NO_ATTEMPT;
	}
	p->until_us = now_us + PENDING_US;
	p->answered = p->answered_udp = false; /* asked again: may be answered again */
	return p;
}
