/* admin/data/webhooks: addresses that are called when there is an alarm. Each has a secret, by
 * which the other end knows that it was this server. */
#pragma once
#include "admin/data/alarms.h"

#define DAT_URL_TEXT 1025
#define DAT_HOOK_SECRET_TEXT 129
#define DAT_WEBHOOKS_MAX 50

struct dat_webhook {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT], url[DAT_URL_TEXT];
	bool enabled;
	unsigned alarms;  /* bits 1 << enum dat_alarm_kind */
	int64_t failures; /* one after the other, since it last worked */
	int64_t last_at;
	char last_text[DAT_EMAIL_TEXT];
	int64_t created_at, updated_at;
};

/* NULL, -1: stays as it is. */
struct dat_webhook_change {
	const char *name, *url;
	const char *secret; /* "" = a new random one, where it is made */
	int enabled;
	int64_t alarms;
};

/* HWS_ERR_EXISTS: the name is taken; HWS_ERR_FULL; HWS_ERR_INVAL: no web address. */
int dat_webhook_add(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_webhook_change *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_webhook_change(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		const struct dat_webhook_change *ch, int64_t now) HWS_MUST_CHECK;
int dat_webhook_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
int dat_webhook_get(struct sql_conn *c, const char *guid, struct dat_webhook *ret) HWS_MUST_CHECK;
typedef int (*dat_webhook_fn)(const struct dat_webhook *w, void *arg);
/* By name; `search` "" = all. */
int dat_webhook_list(struct sql_conn *c, const char *search, struct dat_page page,
		dat_webhook_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
/* The caller wipes it. */
int dat_webhook_secret(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		char ret[DAT_HOOK_SECRET_TEXT]) HWS_MUST_CHECK;
/* What became of a call. */
int dat_webhook_called(struct sql_conn *c, const char *guid, bool ok, const char *text,
		int64_t now) HWS_MUST_CHECK;
