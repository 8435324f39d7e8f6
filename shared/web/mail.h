/* web/mail: hands one message to a mail server, by libcurl. Blocking: for worker threads. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdint.h>

enum hws_mail_security {
	HWS_MAIL_STARTTLS, /* asked for, and nothing is sent without it */
	HWS_MAIL_TLS,      /* from the first byte */
	HWS_MAIL_PLAIN     /* then no password is sent, either */
};

struct hws_mail {
	const char *host; /* name or address, no more */
	uint16_t port;
	enum hws_mail_security security;
	const char *user, *password; /* "" = no log-in */
	const char *ca_file;         /* PEM; NULL = the system's authorities */
	const char *from, *rcpt;     /* addresses alone */
	struct hws_bytes message; /* header and body, lines end with CR LF, none longer than 998 */
	uint64_t timeout_us;      /* 0 = 30 s */
};

/* HWS_OK: the server took it. HWS_ERR_DENIED: it refuses for good (a reply of 5xx), so that another
 * try is of no use; HWS_ERR_PASSWORD: the log-in; anything else may be better later. `err` has a
 * sentence with what the server says. */
int hws_mail_send(const struct hws_mail *m, struct hws_error *err) HWS_MUST_CHECK;
