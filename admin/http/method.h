/* http/method: the methods that are served. */
#pragma once

enum htp_method {
	HTP_GET,
	HTP_HEAD,
	HTP_POST,
	HTP_PUT,
	HTP_PATCH,
	HTP_DELETE,
	HTP_OPTIONS,
	HTP_METHODS
};

/* "GET"; never NULL. */
const char *htp_method_name(enum htp_method m);
/* HTP_METHODS: none of ours. Case counts (RFC 9110, 9.1). */
enum htp_method htp_method_parse(const char *name);
