/* net/tls: the server side of TLS 1.2 and 1.3 on a TCP socket, as a stream. */
#pragma once
#include "shared/base/err.h"
#include "shared/net/stream.h"

struct hws_tls_server; /* certificate and key; shared by all streams made from it, any thread */

/* PEM files; the chain's first certificate is the server's. `err` names the file, what is wrong
 * with it and what to do. Reads files. */
int hws_tls_server_new(const char *cert_file, const char *key_file, struct hws_tls_server **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* New streams of `t` are made with the certificate of `fresh` from now on; frees that. Cannot fail:
 * what can is hws_tls_server_new. Any thread. */
void hws_tls_server_replace(struct hws_tls_server *t, struct hws_tls_server *fresh);
/* When its certificate ends, in Unix seconds; 0 if that cannot be told. Any thread. */
int64_t hws_tls_server_ends(struct hws_tls_server *t);
/* Streams made from it live on. Takes NULL. */
void hws_tls_server_free(struct hws_tls_server *t);

/* Takes the accepted, non-blocking fd on success. The handshake runs by itself while reading is
 * wanted: reads give HWS_ERR_AGAIN until it is done; HWS_ERR_CRYPTO or HWS_ERR_PROTO when it fails.
 * The caller keeps the deadline. */
int hws_stream_tls_server_new(struct hws_loop *loop, struct hws_tls_server *server, int fd,
		struct hws_stream **ret) HWS_MUST_CHECK;
