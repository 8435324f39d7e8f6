/* admin/data/report_lists: what was reported, as operators' scripts list it: by patterns
 * (patterns.h), since a moment, the newest first. */
#pragma once
#include "admin/data/audit.h"
#include "admin/data/conn_log.h"
#include "admin/data/reports.h"

/* type -1 = all. */
int dat_conns_like(struct sql_conn *c, const char *peer, int type, int64_t since,
		struct dat_page page, dat_conn_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* Texts borrow until the function returns. */
struct dat_file_row {
	const char *guid;
	struct dat_file_report report;
	int64_t created_at;
};
typedef int (*dat_file_fn)(const struct dat_file_row *f, void *arg);
int dat_files_like(struct sql_conn *c, const char *peer, int64_t since, struct dat_page page,
		dat_file_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

struct dat_alarm_row {
	const char *guid;
	struct dat_alarm_report report;
	int64_t created_at;
};
typedef int (*dat_alarm_fn)(const struct dat_alarm_row *a, void *arg);
int dat_alarms_like(struct sql_conn *c, const char *device, int64_t since, struct dat_page page,
		dat_alarm_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* What was done in the console and by what stands for it, with logins. */
int dat_console_like(struct sql_conn *c, const char *actor, int64_t since, struct dat_page page,
		dat_event_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
