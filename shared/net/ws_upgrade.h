/* net/ws_upgrade: the HTTP part of RFC 6455, both roles, without I/O. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/net/addr.h"
#include <stdbool.h>
#include <sys/socket.h>

#define HWS_WS_UPGRADE_MAX (8u << 10)
#define HWS_WS_KEY_TEXT 25    /* base64 of 16 bytes with NUL */
#define HWS_WS_ACCEPT_TEXT 29 /* base64 of SHA-1 with NUL */

/* Server: reads a request from the front of `in`. HWS_ERR_SHORT: more is needed; HWS_ERR_TOOBIG
 * above the cap; HWS_ERR_PROTO: not an upgrade. On HWS_OK the answer is appended to `out` and *used
 * bytes are consumed. `trusted`: proxies, or NULL; `peer` is whoever sent this, and becomes who is
 * behind them (net/forwarded.h). */
int hws_ws_upgrade_answer(struct hws_bytes in, struct hws_buf *out, size_t *used,
		const struct hws_cidr_list *trusted, struct sockaddr_storage *peer) HWS_MUST_CHECK;
/* Client: appends a request; `key` is made and kept for the check. */
int hws_ws_upgrade_request(const char *host, const char *path, struct hws_buf *out,
		char key[HWS_WS_KEY_TEXT]) HWS_MUST_CHECK;
/* Client: reads the answer. */
int hws_ws_upgrade_check(struct hws_bytes in, const char *key, size_t *used) HWS_MUST_CHECK;
/* Client: why the answer, of which hws_ws_upgrade_check said HWS_ERR_PROTO, is none; `host` as in
 * the request. HWS_ERR_PORTAL: not the server answers but a network that wants a sign-in first: a
 * web page, or the way to another host. HWS_ERR_SHORT: more must be read to tell; HWS_ERR_PROTO:
 * something else. */
int hws_ws_upgrade_refused(struct hws_bytes in, const char *host) HWS_MUST_CHECK;
/* Has the library behind the check read now what it reads from files when it is first used: for
 * a process that is about to give up files. */
int hws_ws_upgrade_prepare(void) HWS_MUST_CHECK;
