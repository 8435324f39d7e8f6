/* The same engine without loop or events: the relay moves a connection from one thread to
 * another between two calls. */
#include "shared/net/tls_session.h"
#include "shared/base/mem.h"
#include "shared/net/tls_impl.h"
#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

struct hws_tls_session {
	SSL *ssl;
	int fd;
};

int hws_tls_session_new(struct hws_tls_server *t, int fd, struct hws_tls_session **ret)
{
	struct hws_tls_session *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	s->fd = fd;
	s->ssl = hws_tls_server_ssl(t, fd);
	if (!s->ssl) {
		hws_free(s);
		return HWS_ERR_NOMEM;
	}
	*ret = s;
	return HWS_OK;
}

void hws_tls_session_free(struct hws_tls_session *s)
{
	if (!s)
		return;
	ERR_clear_error();
	if (SSL_is_init_finished(s->ssl))
		(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
	SSL_free(s->ssl);
	hws_free(s);
}

static int failure(struct hws_tls_session *s, int r)
{
	switch (SSL_get_error(s->ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return HWS_ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return HWS_ERR_EOF;
	case SSL_ERROR_SYSCALL:
		return errno ? HWS_ERR_RESET : HWS_ERR_EOF;
	default:
		return SSL_is_init_finished(s->ssl) ? HWS_ERR_CRYPTO : HWS_ERR_PROTO;
	}
}

ssize_t hws_tls_session_read(struct hws_tls_session *s, void *buf, size_t len)
{
	size_t n = 0;

	ERR_clear_error();
	errno = 0;
	int r = SSL_read_ex(s->ssl, buf, len, &n);

	return r == 1 ? (ssize_t)n : failure(s, r);
}

ssize_t hws_tls_session_write(struct hws_tls_session *s, struct hws_bytes data)
{
	size_t n = 0;

	ERR_clear_error();
	errno = 0;
	int r = SSL_write_ex(s->ssl, data.ptr, data.len, &n);

	return r == 1 ? (ssize_t)n : failure(s, r);
}

void hws_tls_session_shutdown(struct hws_tls_session *s)
{
	ERR_clear_error();
	(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
	(void)shutdown(s->fd, SHUT_WR);
}
