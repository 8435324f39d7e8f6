/* admin/data/refs: words that go with a connection through the ID server to the host, and come back
 * in what the host reports: by them a report is tied to the account that was asked for. */
#pragma once
#include "admin/data/dat.h"

#define DAT_REF_TEXT 65

/* Of a session that may now reach this device; forgotten after some minutes. */
int dat_ref_make(struct sql_conn *c, const char *account_guid, const char *session_guid,
		const char *device_id, int64_t now, char ret[DAT_REF_TEXT]) HWS_MUST_CHECK;

struct dat_ref {
	char account_guid[DAT_GUID_TEXT], session_guid[DAT_GUID_TEXT];
};
/* What this device brings back; it may report several things by it. HWS_ERR_NOTFOUND: of another
 * device, forgotten, or never made. */
int dat_ref_take(struct sql_conn *c, const char *ref, const char *device_id, int64_t now,
		struct dat_ref *ret) HWS_MUST_CHECK;
/* How many devices the sessions of this account were let through to in the last half a minute and
 * have not begun a session with, without this one: to ask again for the same is no second. */
int dat_ref_young(struct sql_conn *c, const char *account_guid, const char *session_guid,
		const char *device_id, int64_t now, int64_t *ret) HWS_MUST_CHECK;
/* It has begun: from here on others count it. */
int dat_ref_begun(struct sql_conn *c, const char *session_guid, const char *device_id,
		int64_t now) HWS_MUST_CHECK;
/* The device that this session was let through to last; HWS_ERR_NOTFOUND. */
int dat_ref_last(struct sql_conn *c, const char *session_guid, int64_t now,
		char ret_id[DAT_ID_TEXT]) HWS_MUST_CHECK;
/* Removes what is forgotten; some at a time. *ret: how many. */
int dat_ref_sweep(struct sql_conn *c, int64_t now, int64_t *ret) HWS_MUST_CHECK;
