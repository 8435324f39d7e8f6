/* net/tls_client: the client side of TLS 1.2 and 1.3 on a TCP socket, as a stream. The server must
 * prove the name or the address by which it was called. */
#pragma once
#include "shared/base/err.h"
#include "shared/net/stream.h"

struct hws_tls_client; /* the authorities that are believed; shared by all streams made from it */

/* What the system believes ($SSL_CERT_FILE, $SSL_CERT_DIR). Reads files: now, and single ones of
 * a folder when a certificate needs them; with `all_now` never later, for a process that is
 * about to give up files (some 50 ms). */
int hws_tls_client_new(
		bool all_now, struct hws_tls_client **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Streams made from it live on. Takes NULL. */
void hws_tls_client_free(struct hws_tls_client *t);

/* Takes the connected, non-blocking fd on success. `host` is a name or a literal address. The
 * handshake runs by itself while reading or writing is wanted; both give HWS_ERR_AGAIN until it is
 * done, HWS_ERR_CRYPTO when the certificate proves nothing, HWS_ERR_PORTAL when it proves another
 * name (as that of a network which wants a sign-in first), HWS_ERR_PROTO when the other side
 * speaks no TLS. The caller keeps the deadline. */
int hws_stream_tls_client_new(struct hws_loop *loop, struct hws_tls_client *t, int fd,
		const char *host, struct hws_stream **ret) HWS_MUST_CHECK;
