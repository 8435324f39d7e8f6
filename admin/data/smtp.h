/* admin/data/smtp: the mail server that notices go to, and who gets alarms by mail. Kept as
 * settings. */
#pragma once
#include "admin/data/alarms.h"

#define DAT_SMTP_HOST_TEXT 257
#define DAT_SMTP_USER_TEXT DAT_LETTERS(256)
#define DAT_SMTP_TO_MAX 32u
#define DAT_SMTP_PASSWORD_TEXT 1025

enum dat_smtp_security { DAT_SMTP_STARTTLS, DAT_SMTP_TLS, DAT_SMTP_PLAIN };
/* "starttls", "tls", "none". */
const char *dat_smtp_security_name(enum dat_smtp_security s);
int dat_smtp_security_parse(const char *name, enum dat_smtp_security *ret) HWS_MUST_CHECK;

struct dat_smtp {
	bool enabled;
	char host[DAT_SMTP_HOST_TEXT];
	uint16_t port;
	enum dat_smtp_security security;
	char user[DAT_SMTP_USER_TEXT];
	bool has_password;
	char from[DAT_EMAIL_TEXT];
	char to[DAT_SMTP_TO_MAX][DAT_EMAIL_TEXT];
	size_t n_to;
	unsigned alarms; /* bits 1 << enum dat_alarm_kind */
};

/* What was never set: off, port 587, starttls. */
int dat_smtp_load(struct sql_conn *c, const struct dat_keys *keys,
		struct dat_smtp *ret) HWS_MUST_CHECK;
/* All but the password. HWS_ERR_INVAL: no name of a host, no address, or enabled without host or
 * sender. */
int dat_smtp_store(struct sql_conn *c, const struct dat_keys *keys, const struct dat_smtp *s,
		const char *by, int64_t now) HWS_MUST_CHECK;
/* "" takes it away. */
int dat_smtp_set_password(struct sql_conn *c, const struct dat_keys *keys, const char *password,
		const char *by, int64_t now) HWS_MUST_CHECK;
/* "" = none. The caller wipes it. */
int dat_smtp_password(struct sql_conn *c, const struct dat_keys *keys,
		char ret[DAT_SMTP_PASSWORD_TEXT]) HWS_MUST_CHECK;
