/* admin/data/live: sessions that their viewers keep alive by a link to an ID server, for limits on
 * how many an account may have at a time. Rows belong to the link of one ID server, and vanish with
 * it; of one that ended without a word they count for some minutes. */
#pragma once
#include "admin/data/dat.h"

struct dat_live {
	const char *key;  /* of this session among all */
	const char *node; /* of the link it was told on */
	const char *account_guid, *device_id;
};
int dat_live_begin(struct sql_conn *c, const struct dat_live *live, int64_t now) HWS_MUST_CHECK;
int dat_live_end(struct sql_conn *c, const char *key) HWS_MUST_CHECK;
/* All that were told on this link. */
int dat_live_end_node(struct sql_conn *c, const char *node) HWS_MUST_CHECK;
/* They still last: to be said once a minute. */
int dat_live_beat(struct sql_conn *c, const char *node, int64_t now) HWS_MUST_CHECK;
int dat_live_count(struct sql_conn *c, const char *account_guid, int64_t now,
		int64_t *ret) HWS_MUST_CHECK;
int dat_live_sweep(struct sql_conn *c, int64_t now, int64_t *ret) HWS_MUST_CHECK;
