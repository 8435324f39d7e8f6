/* admin/data/reports: what devices report beside their connections: files that went over, alarms.
 * Reports may come twice. */
#pragma once
#include "admin/data/dat.h"

#define DAT_NONCE_TEXT 65

/* HWS_ERR_EXISTS: this report was stored already. In the transaction that stores it, so that one
 * that fails may come again. "" is new. */
int dat_nonce_take(struct sql_conn *c, const char *nonce, int64_t now) HWS_MUST_CHECK;
/* Forgets those of an hour ago. */
int dat_nonce_trim(struct sql_conn *c, int64_t now) HWS_MUST_CHECK;

#define DAT_PATH_TEXT 4097
#define DAT_FILES_TEXT 8193

/* NULL = "". */
struct dat_file_report {
	const char *device_id, *peer_id, *peer_name, *ip;
	int direction; /* 0: from the device to the viewer, 1: to the device */
	const char *path;
	bool is_file;
	int64_t num;
	const char *files; /* JSON, [[name, size], ...]: the largest of them */
};
/* Finds the connection of that peer, if one is open, and its account. */
int dat_file_add(struct sql_conn *c, const struct dat_file_report *f, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;

struct dat_alarm_report {
	int typ;
	const char *device_id, *account_guid, *peer_id, *ip;
	const char *info; /* JSON */
};
int dat_alarm_add(struct sql_conn *c, const struct dat_alarm_report *a, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* Removes reports that are older: connections that have ended, files, alarms; some of each at a
 * time. *ret: how many. */
int dat_reports_sweep(struct sql_conn *c, int64_t before, int64_t *ret) HWS_MUST_CHECK;
int dat_alarms_since(struct sql_conn *c, int64_t since, int64_t *ret) HWS_MUST_CHECK;
