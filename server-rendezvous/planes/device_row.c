/* rendezvous/planes/device_row: texts of a row are whole, or empty. */
#include "server-rendezvous/planes/device_row.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/policy/policy.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/rules.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <string.h>
#include <time.h>

bool rdv_enrolled_only(const struct rdv_core *core)
{
	return rdv_conf(core)->enrolled_only || rdv_rules_enrolled_only(core->rules);
}

void rdv_device_row(struct rdv_peer_row *row, struct hws_bytes id, struct hws_bytes uuid,
		const uint8_t *pk, bool proves, const struct rdv_addr *addr)
{
	struct sockaddr_storage ss;
	char ip[HWS_ADDR_TEXT];

	memset(row, 0, sizeof(*row));
	memcpy(row->id, id.ptr, id.len);
	memcpy(row->uuid, uuid.ptr, uuid.len);
	row->uuid_len = (uint8_t)uuid.len;
	memcpy(row->pk, pk, RDV_PK_LEN);
	row->has_pk = true;
	row->proves = proves;
	row->seen_s = (uint64_t)time(NULL);
	rdv_addr_to(addr, &ss);
	hws_addr_ip_text(&ss, ip, sizeof(ip));
	if (hws_str_copy(row->ip, sizeof(row->ip), ip) < 0)
		row->ip[0] = 0;
}

static void tell(struct rdv_core *core, const struct rdv_peer_row *row, const char *old_id,
		bool refused)
{
	const struct rdv_policy_device d = { .id = row->id,
		.old_id = old_id,
		.uuid = hws_bytes(row->uuid, row->uuid_len),
		.pk = hws_bytes(row->pk, row->has_pk ? RDV_PK_LEN : 0),
		.address = row->ip,
		.seen_s = row->seen_s,
		.refused = refused };

	if (core->policy && row->uuid_len)
		rdv_policy_device(core->policy, &d);
}

void rdv_device_tell(struct rdv_core *core, const struct rdv_peer_row *row, bool refused)
{
	tell(core, row, "", refused);
}

void rdv_device_tell_renamed(
		struct rdv_core *core, const struct rdv_peer_row *row, const char *old_id)
{
	tell(core, row, old_id, false);
}
