/* host/proven_servers: the keys of the servers that have proven themselves to this host, in the
 * state folder. What such a server says without a proof is not obeyed any more, also after the next
 * start. Blocking. */
#pragma once
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include <stdbool.h>

/* What cannot be read counts as "not", and is told in the log. */
bool hws_proven_servers_has(const char *dir, const uint8_t server_pk[HWS_PK_LEN]);
/* The newest are kept, as many as a host may have servers. */
int hws_proven_servers_add(const char *dir, const uint8_t server_pk[HWS_PK_LEN],
		struct hws_error *err) HWS_MUST_CHECK;
