/* admin/data/patterns: lists as operators' scripts filter them: by patterns with % and _ on several
 * texts at once. */
#pragma once
#include "admin/data/accounts.h"
#include "admin/data/devices.h"

#define DAT_PATTERN_TEXT (2u * DAT_NAME_KEY_TEXT)

/* Of what a script sends: "%text%" is a part, "-" what is empty, NULL and "" all. */
int dat_pattern(const char *text, char buf[DAT_PATTERN_TEXT]) HWS_MUST_CHECK;

/* By name; patterns all made by dat_pattern. */
int dat_accounts_like(struct sql_conn *c, const char *name, const char *group, struct dat_page page,
		dat_account_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

struct dat_device_patterns {
	char id[DAT_PATTERN_TEXT], name[DAT_PATTERN_TEXT], username[DAT_PATTERN_TEXT];
	char owner[DAT_PATTERN_TEXT], owner_group[DAT_PATTERN_TEXT], group[DAT_PATTERN_TEXT];
};
/* By id. */
int dat_devices_like(struct sql_conn *c, const struct dat_device_patterns *p, struct dat_page page,
		dat_device_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
