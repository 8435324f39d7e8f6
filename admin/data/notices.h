/* admin/data/notices: the queue of mails and webhook calls that go out. Who puts one in does so in
 * its own transaction; a thread of every node sends (admin/notify), each notice by one of them. */
#pragma once
#include "admin/data/keys.h"

#define DAT_NOTICE_BODY 16384
#define DAT_NOTICE_ERROR_TEXT 257
#define DAT_NOTICE_TRIES 8

enum dat_notice_way { DAT_BY_MAIL, DAT_BY_WEBHOOK };

struct dat_notice {
	char guid[DAT_GUID_TEXT];
	enum dat_notice_way way;
	char rcpt[DAT_EMAIL_TEXT]; /* an address, or the guid of a webhook */
	char kind[DAT_SHORT_TEXT]; /* "mail", or the name of an alarm */
	char subject[DAT_SUBJECT_TEXT];
	char body_secret[DAT_NOTICE_BODY]; /* lines */
	int64_t tries, created_at;
};

/* A mail to one address: an invitation, a code. HWS_ERR_INVAL: no address, or no text. */
int dat_notice_mail(struct sql_conn *c, const struct dat_keys *keys, const char *rcpt,
		const char *subject, const char *body, int64_t now) HWS_MUST_CHECK;
/* Any; `way` and `rcpt` are the caller's to have checked. */
int dat_notice_add(struct sql_conn *c, const struct dat_keys *keys, enum dat_notice_way way,
		const char *rcpt, const char *kind, const char *subject, const char *body,
		int64_t now) HWS_MUST_CHECK;

/* Takes one that is due: nobody else gets it before `until`, when it is due again if this process
 * has ended meanwhile. HWS_ERR_NOTFOUND: none is due. The caller wipes *ret. */
int dat_notice_take(struct sql_conn *c, const struct dat_keys *keys, int64_t now, int64_t until,
		struct dat_notice *ret) HWS_MUST_CHECK;
int dat_notice_sent(struct sql_conn *c, const char *guid, int64_t now) HWS_MUST_CHECK;
/* Due again after a while that grows, given up after DAT_NOTICE_TRIES or when `for_good`. */
int dat_notice_failed(struct sql_conn *c, const char *guid, const char *why, bool for_good,
		int64_t now) HWS_MUST_CHECK;
/* Not tried: due again at `at`, as if it had not been taken. */
int dat_notice_put_off(struct sql_conn *c, const char *guid, int64_t at) HWS_MUST_CHECK;
/* Takes away what was made before. */
int dat_notice_sweep(struct sql_conn *c, int64_t before) HWS_MUST_CHECK;

struct dat_notice_figures {
	int64_t waiting, given_up;
};
int dat_notice_count(struct sql_conn *c, struct dat_notice_figures *ret) HWS_MUST_CHECK;
