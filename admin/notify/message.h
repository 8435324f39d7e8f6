/* notify/message: a notice as a mail, or as the JSON that a webhook gets. Pure. */
#pragma once
#include "admin/data/notices.h"
#include "shared/base/buf.h"

#define NTF_MESSAGE_MAX 65536u

/* What an alarm's body holds, line by line; the texts point into a copy. */
struct ntf_alarm {
	int64_t at, held_back;
	const char *about, *device_id, *account, *ip, *text;
	char lines_secret[DAT_NOTICE_BODY];
};
/* HWS_ERR_CORRUPT: not as admin/data/alarms writes it. */
int ntf_alarm_read(const char *body, struct ntf_alarm *ret) HWS_MUST_CHECK;

/* The whole mail, with CR LF. Whatever stands in the texts, they stay in their field: subject and
 * body are sent as base64. */
int ntf_message(const struct dat_notice *n, const char *from, const char *server_name,
		struct hws_buf *out) HWS_MUST_CHECK;
/* The JSON of an alarm, for a webhook. */
int ntf_json(const struct dat_notice *n, const char *server_name,
		struct hws_buf *out) HWS_MUST_CHECK;
/* "sha256=<hex>" over "<time>.<body>"; buf of NTF_SIGNATURE_TEXT. */
#define NTF_SIGNATURE_TEXT 72
int ntf_signature(const char *secret, int64_t time_s, struct hws_bytes body, char *buf,
		size_t size) HWS_MUST_CHECK;
