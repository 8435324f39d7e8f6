/* api/reach: what an account may reach by the settings of this server, and devices as the lists of
 * clients show them. */
#pragma once
#include "admin/api/app.h"
#include "admin/data/reach.h"

/* dat_reach_load with the settings; dat_reach_done in any case. */
int adi_reach_load(struct adi_app *a, struct sql_conn *c, const char *account_guid,
		struct dat_reach *ret) HWS_MUST_CHECK;

/* "windows", "macos", "android", "linux"; "" of nothing. */
const char *adi_os_family(const char *os);
/* As address books have it: "Windows", "Mac OS", "Android", "Linux"; "" of nothing. */
const char *adi_os_platform(const char *os);
/* "current" and "pageSize" of a list, at most 1000. */
struct dat_page adi_list_page(const struct htp_request *q);
/* {"total","data"}; takes `rows`. */
void adi_reply_page(struct htp_reply *reply, int64_t total, json_t *rows);
