/* admin/data/zone: how far a zone's clocks are from UTC, as the machine's tables of zones say, with
 * summer time. Any thread. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdint.h>

/* `name` as "Europe/Berlin" or "UTC"; minutes east at the moment `now` (Unix milliseconds).
 * HWS_ERR_RANGE: there is no such zone here. */
int dat_zone_offset(const char *name, int64_t now, int *ret_minutes) HWS_MUST_CHECK;
/* Of a table (RFC 9636), without I/O. HWS_ERR_PROTO: it is none. */
int dat_zone_table_offset(struct hws_bytes table, int64_t now, int *ret_minutes) HWS_MUST_CHECK;
