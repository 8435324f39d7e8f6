/* rendezvous/planes/device_row: a device as it is written down, and as the policy hears of it. Any
 * thread. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/bytes.h"
#include <stdbool.h>

struct rdv_core;

/* Whether only devices may register that are in the database: by the configuration, or by an order
 * that is in force. */
bool rdv_enrolled_only(const struct rdv_core *core);
/* id and uuid within their bounds, pk of RDV_PK_LEN. */
void rdv_device_row(struct rdv_peer_row *row, struct hws_bytes id, struct hws_bytes uuid,
		const uint8_t *pk, bool proves, const struct rdv_addr *addr);
/* `refused`: it is not in the database, and only those that are may register. Nothing without a
 * policy. */
void rdv_device_tell(struct rdv_core *core, const struct rdv_peer_row *row, bool refused);
/* It had the other id until now. */
void rdv_device_tell_renamed(
		struct rdv_core *core, const struct rdv_peer_row *row, const char *old_id);
