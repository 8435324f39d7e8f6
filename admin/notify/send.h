/* notify/send: one notice on its way: to the mail server, or to a webhook. Blocking, without a
 * connection of the database in its hands while it waits for others. */
#pragma once
#include "admin/data/notices.h"
#include "admin/sql/sql.h"

struct ntf_conf {
	struct sql_db *db;
	const struct dat_keys *keys;
	const char *server_name;
	const char *ca_file;       /* PEM of authorities for both; NULL = the system's */
	bool private_webhooks;     /* webhooks may be in this machine and in private networks */
	uint32_t mails_per_minute; /* 0 = 60 */
	/* True ends a call that waits for the other end (HWS_ERR_CANCELED). May be NULL. */
	bool (*cancelled)(void *arg);
	void *arg;
};

/* HWS_OK: taken by the other end. `ret_for_good`: another try is of no use. `err` has a
 * sentence. */
int ntf_send(const struct ntf_conf *conf, const struct dat_notice *n, bool *ret_for_good,
		struct hws_error *err) HWS_MUST_CHECK;
/* A mail to `rcpt`, at once: whether the settings are right. `ret` has what to tell. */
int ntf_test_mail(const struct ntf_conf *conf, const char *rcpt,
		struct hws_error *ret) HWS_MUST_CHECK;
/* A call with an alarm that is none ("test"). */
int ntf_test_webhook(const struct ntf_conf *conf, const char *guid,
		struct hws_error *ret) HWS_MUST_CHECK;
