/* reach/push_bounds: what a push may make a host do: how many at a time and a second, to which
 * addresses and relays. What nobody proved gets less. Pure: time in. */
#pragma once
#include "shared/base/bucket.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_PUSH_JOBS_MAX 64u
#define HWS_PUSH_UNPROVEN_MAX 40u /* of those */
/* No viewer calls from a port below, but services listen there. */
#define HWS_PUSH_VIEWER_PORT_MIN 1024u

struct hws_push_bounds {
	struct hws_bucket proven, unproven;
	unsigned jobs, unproven_jobs;
};

void hws_push_bounds_init(struct hws_push_bounds *b, uint64_t now_us);
/* One more job, or HWS_ERR_FULL: too many run; HWS_ERR_BUSY: they come too fast. */
int hws_push_bounds_begin(struct hws_push_bounds *b, bool proven, uint64_t now_us) HWS_MUST_CHECK;
/* It is over. */
void hws_push_bounds_end(struct hws_push_bounds *b, bool proven);
/* Whether a viewer can be at this address, for a host that is at `us` towards its server. */
bool hws_push_may_dial(const struct sockaddr_storage *viewer, const struct sockaddr_storage *us);
/* `own`: the relay of the operator, or ""; else the machine of the server counts. */
bool hws_push_knows_relay(const char *relay, const char *own, const char *server_host);
