/* net/tls_session: the server side of TLS on a socket that its user watches himself: no loop, no
 * events, so it may move from one thread to another between two calls. For programs with a loop
 * there is net/tls. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/net/tls.h"
#include <sys/types.h>

struct hws_tls_session;

/* Borrows the non-blocking fd. The handshake runs by itself in read and write. */
int hws_tls_session_new(
		struct hws_tls_server *t, int fd, struct hws_tls_session **ret) HWS_MUST_CHECK;
/* Says goodbye if it can; before the fd is closed. Takes NULL. */
void hws_tls_session_free(struct hws_tls_session *s);
/* > 0 bytes; HWS_ERR_AGAIN: try again when the socket is readable or writable, whichever comes;
 * HWS_ERR_EOF, HWS_ERR_RESET, HWS_ERR_PROTO (no handshake), HWS_ERR_CRYPTO. A short read does not
 * mean that nothing is left. */
ssize_t hws_tls_session_read(struct hws_tls_session *s, void *buf, size_t len) HWS_MUST_CHECK;
/* > 0 bytes taken, or as read. After HWS_ERR_AGAIN the next write must begin with the same
 * bytes. */
ssize_t hws_tls_session_write(struct hws_tls_session *s, struct hws_bytes data) HWS_MUST_CHECK;
/* No more will be written. */
void hws_tls_session_shutdown(struct hws_tls_session *s);
