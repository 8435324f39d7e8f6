/* rendezvous/planes/id_change: a device takes another id. It proves with its machine id that the
 * old one is its own; the store decides whether the new one is free, then presence follows. */
#include "server-rendezvous/planes/id_change.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/wire/text.h"
#include <string.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x

/* What can be said without the store: OK = ask it. */
static Rdv__RegisterPkResponse__Result check(struct rdv_client *cl, const Rdv__RegisterPk *m)
{
	struct rdv_core *core = cl->plane->core;
	struct hws_bytes uuid = hws_bytes(m->uuid.data, m->uuid.len);
	struct hws_bytes old_id = hws_bytes_str(m->old_id);
	uint8_t mac[RDV_MAC_LEN];
	struct rdv_peer_info info;
	struct rdv_shard *s;
	struct rdv_peer *p;
	bool own;

	if (!rdv_conf(core)->id_change)
		return R(NOT_SUPPORT);
	if (!hws_id_choosable(hws_bytes_str(m->id)))
		return R(INVALID_ID_FORMAT);
	if (!hws_admit_event(cl->plane->limits.changes, &cl->peer, 1, hws_clock_us()))
		return R(TOO_FREQUENT);
	if (!hws_machine_id_valid(uuid) || !hws_id_valid(old_id))
		return R(UUID_MISMATCH);
	rdv_presence_mac(core->presence, uuid, mac);
	s = rdv_presence_lock(core->presence, old_id);
	p = rdv_shard_find(s);
	own = p && (p->flags & RDV_PEER_HAS_UUID) &&
			/* what proves itself asks for nothing here, so it is somebody else */
			!(p->flags & (RDV_PEER_BLOCKED | RDV_PEER_PROVES)) &&
			memcmp(p->mac, mac, sizeof(mac)) == 0;
	rdv_presence_unlock(s);
	/* The same answer whether the old id is somebody else's or nobody's. */
	if (!own)
		return R(UUID_MISMATCH);
	if (rdv_presence_get(core->presence, hws_bytes_str(m->id), hws_clock_us(), &info) ||
			rdv_rules_id_blocked(core->rules, m->id))
		return R(ID_EXISTS);
	return R(OK);
}

void rdv_id_change(struct rdv_client *cl, const Rdv__RegisterPk *m)
{
	struct rdv_core *core = cl->plane->core;
	Rdv__RegisterPkResponse__Result result = check(cl, m);
	struct rdv_write w = { .kind = RDV_WRITE_RENAME };
	struct rdv_waiter who = { .client = cl->id, .rename = true };

	if (result == R(OK)) {
		memcpy(w.row.id, m->id, strlen(m->id) + 1);
		memcpy(w.old_id, m->old_id, strlen(m->old_id) + 1);
		memcpy(w.row.uuid, m->uuid.data, m->uuid.len);
		w.row.uuid_len = (uint8_t)m->uuid.len;
		if (rdv_journal_put(core->journal, &w, &who) == HWS_OK)
			return; /* the answer comes when it is done */
		result = R(SERVER_ERROR);
	}
	hws_count(&core->count.id_change_refused);
	rdv_client_send_result(cl, result, 0);
	rdv_client_finish(cl);
}
