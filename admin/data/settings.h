/* admin/data/settings: what is set while the service runs, by keys that the caller knows. */
#pragma once
#include "admin/data/keys.h"

#define DAT_SETTING_TEXT 65537

/* `secret`: sealed, and left out of lists. */
int dat_setting_put(struct sql_conn *c, const struct dat_keys *keys, const char *key,
		const char *value, bool secret, const char *by, int64_t now) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND: not set. */
int dat_setting_get(struct sql_conn *c, const struct dat_keys *keys, const char *key, char *buf,
		size_t size) HWS_MUST_CHECK;
/* Back to what the program has by itself. */
int dat_setting_remove(struct sql_conn *c, const char *key) HWS_MUST_CHECK;
/* `value` is NULL for a secret. */
typedef int (*dat_setting_fn)(const char *key, const char *value, int64_t updated_at, void *arg);
int dat_setting_list(struct sql_conn *c, dat_setting_fn fn, void *arg) HWS_MUST_CHECK;
