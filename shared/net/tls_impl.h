/* net/tls_impl: what the files of TLS share. Private to shared/net. */
#pragma once
#include "shared/net/tls.h"
#include <openssl/ssl.h>

/* A new connection object with the certificate now in force, NULL without memory. */
SSL *hws_tls_server_ssl(struct hws_tls_server *t, int fd);
/* A stream over an engine that is bound to the socket already. Takes both on success only. */
int hws_stream_tls_wrap(
		struct hws_loop *loop, SSL *ssl, int fd, struct hws_stream **ret) HWS_MUST_CHECK;
