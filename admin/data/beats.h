/* admin/data/beats: what the signs of life of devices need and bring: who reports, which
 * connections it has, which of them it is to end. */
#pragma once
#include "admin/data/devices.h"

struct dat_beat {
	char guid[DAT_GUID_TEXT];
	enum dat_device_status status;
	bool sysinfo_wanted; /* it has told nothing of itself, or is asked to tell again */
	bool ends;           /* there are connections that it is to end */
};
/* HWS_ERR_NOTFOUND: no device has this id and uuid. */
int dat_beat_get(struct sql_conn *c, const char *id, const char *uuid,
		struct dat_beat *ret) HWS_MUST_CHECK;

/* What a device had at `at`. */
struct dat_conns {
	const char *guid;
	int64_t at;
	const int32_t *conn;
	size_t n;
};
/* In one transaction. What another process has heard later stays. */
int dat_conns_put(struct sql_conn *c, const struct dat_conns *list, size_t n) HWS_MUST_CHECK;
int dat_conns_count(struct sql_conn *c, const char *guid, int64_t *ret) HWS_MUST_CHECK;

/* Devices that were there since then. */
int dat_device_online_count(struct sql_conn *c, int64_t since, int64_t *ret) HWS_MUST_CHECK;

#define DAT_CONN_ALL (-1)
/* Has a connection ended (DAT_CONN_ALL: those that it has when it hears of it); the device is told
 * with its next sign of life. */
int dat_end_ask(struct sql_conn *c, const char *guid, int64_t conn_id, const char *by,
		int64_t now) HWS_MUST_CHECK;
/* A device that has `conn` hears now which of them it is to end: `ret` of n places. What is not
 * there any more is not asked for again. */
int dat_end_due(struct sql_conn *c, const char *guid, const int32_t *conn, size_t n, int64_t now,
		int32_t *ret, size_t *ret_n) HWS_MUST_CHECK;
