/* TLS servers by OpenSSL on a descriptor, as a stream of ours; and the two files it needs, whose
 * every mistake gets a sentence of its own, since the library explains none to an operator. */
#include "shared/net/tls.h"
#include "shared/base/file_error.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/stream_impl.h"
#include "shared/net/tls_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

struct hws_tls_server {
	pthread_mutex_t lock;
	SSL_CTX *ctx; /* under the lock; streams hold a count of their own */
};

struct tls_stream {
	struct hws_stream base;
	SSL *ssl;
	int fd;
	struct event rd, wr;
	unsigned added;
	/* What the engine waits for to go on with a read or a write: not always the same
	 * direction. */
	unsigned read_needs, write_needs;
	struct hws_timer wake; /* decrypted bytes wait inside the engine */
};

static struct tls_stream *tls_of(struct hws_stream *s)
{
	return hws_container(s, struct tls_stream, base);
}

/* Whether the file just read wanted one: the error that follows differs with the form of the
 * file. */
static _Thread_local bool asked_passphrase;

static int no_passphrase(char *buf, int size, int rw, void *arg)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)arg;
	asked_passphrase = true;
	return 0; /* a server cannot ask: an encrypted key is an error */
}

/* OpenSSL's own words ("error:0A00018F:SSL routines::ee key too small") help nobody who has two
 * files to put right. */
static int bad_file(const char *path, bool is_key, struct hws_error *err)
{
	const char *what = is_key ? "private key" : "certificate";
	bool damaged = false, weak = false;
	unsigned long e;

	while ((e = ERR_get_error()) != 0) {
		int lib = ERR_GET_LIB(e), reason = ERR_GET_REASON(e);

		damaged |= lib == ERR_LIB_PEM || lib == ERR_LIB_ASN1 || lib == ERR_LIB_OSSL_DECODER;
		weak |= lib == ERR_LIB_SSL &&
				(reason == SSL_R_EE_KEY_TOO_SMALL ||
						reason == SSL_R_CA_KEY_TOO_SMALL ||
						reason == SSL_R_CA_MD_TOO_WEAK);
	}
	if (is_key && asked_passphrase)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the private key %s is protected by a passphrase, which a server "
				"cannot ask for. Make one "
				"without: openssl pkey -in %s -out NEW.pem",
				path, path);
	if (weak)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the %s in %s is too weak for today's clients (key too short or "
				"an old hash). Issue "
				"another one: RSA of 2048 bits or EC, SHA-256",
				what, path);
	if (damaged)
		return hws_error_set(err, HWS_ERR_INVAL,
				"%s holds no %s in PEM form, or a damaged one. It begins with a "
				"line "
				"-----BEGIN %s-----; put the file in place again",
				path, what, is_key ? "PRIVATE KEY" : "CERTIFICATE");
	return hws_error_set(err, HWS_ERR_INVAL,
			"the %s in %s cannot be used. To see what it is: openssl %s -in %s "
			"-noout -text",
			what, path, is_key ? "pkey" : "x509", path);
}

static int readable(const char *path, struct hws_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return hws_file_error(path, errno, err);
	close(fd);
	return HWS_OK;
}

static int load_files(
		SSL_CTX *ctx, const char *cert_file, const char *key_file, struct hws_error *err)
{
	int r = readable(cert_file, err);

	if (r == HWS_OK)
		r = readable(key_file, err);
	if (r < 0)
		return r;
	asked_passphrase = false;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
		return bad_file(cert_file, false, err);
	/* The first key of another kind than the certificate's is told here, too. */
	if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 &&
			ERR_GET_LIB(ERR_peek_last_error()) != ERR_LIB_X509)
		return bad_file(key_file, true, err);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the certificate %s and the private key %s do not belong "
				"together: take both from the "
				"same issue",
				cert_file, key_file);
	return HWS_OK;
}

static int context_new(
		const char *cert_file, const char *key_file, SSL_CTX **ret, struct hws_error *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int r;

	if (!ctx)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx,
			SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx,
			SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	ERR_clear_error();
	r = load_files(ctx, cert_file, key_file, err);
	ERR_clear_error();
	if (r < 0)
		SSL_CTX_free(ctx);
	else
		*ret = ctx;
	return r;
}

int hws_tls_server_new(const char *cert_file, const char *key_file, struct hws_tls_server **ret,
		struct hws_error *err)
{
	struct hws_tls_server *t = hws_alloc(sizeof(*t));
	int r;

	if (!t)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r = context_new(cert_file, key_file, &t->ctx, err);
	if (r < 0) {
		hws_free(t);
		return r;
	}
	pthread_mutex_init(&t->lock, NULL);
	*ret = t;
	return HWS_OK;
}

void hws_tls_server_replace(struct hws_tls_server *t, struct hws_tls_server *fresh)
{
	SSL_CTX *old;

	pthread_mutex_lock(&t->lock);
	old = t->ctx;
	t->ctx = fresh->ctx;
	pthread_mutex_unlock(&t->lock);
	fresh->ctx = old;
	hws_tls_server_free(fresh);
}

int64_t hws_tls_server_ends(struct hws_tls_server *t)
{
	const X509 *x;
	struct tm tm = { 0 };
	int64_t ends = 0;

	pthread_mutex_lock(&t->lock);
	x = SSL_CTX_get0_certificate(t->ctx);
	if (x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1)
		ends = (int64_t)timegm(&tm);
	pthread_mutex_unlock(&t->lock);
	return ends > 0 ? ends : 0;
}

void hws_tls_server_free(struct hws_tls_server *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	pthread_mutex_destroy(&t->lock);
	hws_free(t);
}

SSL *hws_tls_server_ssl(struct hws_tls_server *t, int fd)
{
	SSL *ssl;

	pthread_mutex_lock(&t->lock);
	ssl = SSL_new(t->ctx);
	pthread_mutex_unlock(&t->lock);
	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}

/* --- stream ---------------------------------------------------------------------------------- */

static void watch(struct tls_stream *t)
{
	unsigned dirs = 0, changed;

	if (t->base.wanted & HWS_STREAM_READ)
		dirs |= t->read_needs;
	if (t->base.wanted & HWS_STREAM_WRITE)
		dirs |= t->write_needs;
	changed = dirs ^ t->added;
	if (changed & HWS_STREAM_READ) {
		if (dirs & HWS_STREAM_READ)
			event_add(&t->rd, NULL);
		else
			event_del(&t->rd);
	}
	if (changed & HWS_STREAM_WRITE) {
		if (dirs & HWS_STREAM_WRITE)
			event_add(&t->wr, NULL);
		else
			event_del(&t->wr);
	}
	t->added = dirs;
}

/* What a call that did not succeed means; `needs` is set to the direction that will help. */
static int failure(struct tls_stream *t, int r, unsigned *needs)
{
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		*needs = HWS_STREAM_READ;
		watch(t);
		return HWS_ERR_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		*needs = HWS_STREAM_WRITE;
		watch(t);
		return HWS_ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return HWS_ERR_EOF;
	case SSL_ERROR_SYSCALL:
		return errno ? hws_err_from_errno(errno) : HWS_ERR_EOF;
	default:
		switch (SSL_get_verify_result(t->ssl)) {
		case X509_V_OK:
			break;
		case X509_V_ERR_HOSTNAME_MISMATCH:
		case X509_V_ERR_IP_ADDRESS_MISMATCH:
			return HWS_ERR_PORTAL; /* somebody who can prove another name answers */
		default:
			return HWS_ERR_CRYPTO; /* a certificate that proves nothing */
		}
		return SSL_is_init_finished(t->ssl) ? HWS_ERR_CRYPTO : HWS_ERR_PROTO;
	}
}

static ssize_t tls_read(struct hws_stream *s, void *buf, size_t len)
{
	struct tls_stream *t = tls_of(s);
	size_t n = 0;
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_read_ex(t->ssl, buf, len, &n);
	if (r != 1)
		return failure(t, r, &t->read_needs);
	t->read_needs = HWS_STREAM_READ;
	watch(t);
	return (ssize_t)n;
}

static ssize_t tls_write(struct hws_stream *s, struct hws_bytes data)
{
	struct tls_stream *t = tls_of(s);
	size_t n = 0;
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_write_ex(t->ssl, data.ptr, data.len, &n);
	if (r != 1)
		return failure(t, r, &t->write_needs);
	t->write_needs = HWS_STREAM_WRITE;
	watch(t);
	return (ssize_t)n;
}

static void on_wake(void *arg);

static void wake_check(struct tls_stream *t)
{
	if (!t->base.closed && t->base.wanted & HWS_STREAM_READ && SSL_has_pending(t->ssl) &&
			!hws_timer_active(&t->wake))
		hws_timer_start(t->base.loop, &t->wake, 0, on_wake, t);
}

static void on_wake(void *arg)
{
	struct tls_stream *t = arg;

	hws_stream_ready(&t->base, HWS_STREAM_READ);
	wake_check(t);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct tls_stream *t = arg;
	unsigned dirs = (what & EV_READ ? HWS_STREAM_READ : 0) |
			(what & EV_WRITE ? HWS_STREAM_WRITE : 0);
	unsigned ready = 0;

	(void)fd;
	if (dirs & t->read_needs)
		ready |= HWS_STREAM_READ;
	if (dirs & t->write_needs)
		ready |= HWS_STREAM_WRITE;
	hws_stream_ready(&t->base, ready);
	wake_check(t);
}

static void tls_want(struct hws_stream *s, unsigned dirs)
{
	struct tls_stream *t = tls_of(s);

	s->wanted = dirs;
	watch(t);
	wake_check(t);
}

static void tls_closed(struct hws_stream *s)
{
	struct tls_stream *t = tls_of(s);

	hws_timer_stop(&t->wake);
	ERR_clear_error();
	if (SSL_is_init_finished(t->ssl))
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

static void tls_free(struct hws_stream *s)
{
	struct tls_stream *t = tls_of(s);

	SSL_free(t->ssl);
	hws_free(t);
}

static void tls_keep_shallow(struct hws_stream *s, int unsent)
{
	hws_socket_keep_shallow(tls_of(s)->fd, unsent);
}

static const struct hws_stream_impl tls_impl = {
	.name = "tls",
	.read = tls_read,
	.write = tls_write,
	.want = tls_want,
	.closed = tls_closed,
	.free = tls_free,
	.keep_shallow = tls_keep_shallow,
};

/* Takes both on success only. */
int hws_stream_tls_wrap(struct hws_loop *loop, SSL *ssl, int fd, struct hws_stream **ret)
{
	struct tls_stream *t = hws_alloc(sizeof(*t));
	socklen_t len = sizeof(t->base.peer);
	int one = 1;

	if (!t)
		return HWS_ERR_NOMEM;
	t->ssl = ssl;
	hws_stream_init(&t->base, &tls_impl, loop);
	t->fd = fd;
	/* The client speaks first: its first read begins when it can write. */
	t->read_needs = SSL_is_server(ssl) ? HWS_STREAM_READ : HWS_STREAM_WRITE;
	t->write_needs = SSL_is_server(ssl) ? 0 : HWS_STREAM_WRITE;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (getpeername(fd, (struct sockaddr *)&t->base.peer, &len) == 0)
		hws_addr_normalise(&t->base.peer);
	len = sizeof(t->base.local);
	if (getsockname(fd, (struct sockaddr *)&t->base.local, &len) == 0)
		hws_addr_normalise(&t->base.local);
	event_assign(&t->rd, hws_loop_base(loop), fd, EV_READ | EV_PERSIST, on_event, t);
	event_assign(&t->wr, hws_loop_base(loop), fd, EV_WRITE | EV_PERSIST, on_event, t);
	*ret = &t->base;
	return HWS_OK;
}

int hws_stream_tls_server_new(struct hws_loop *loop, struct hws_tls_server *server, int fd,
		struct hws_stream **ret)
{
	SSL *ssl = hws_tls_server_ssl(server, fd);
	int r = ssl ? hws_stream_tls_wrap(loop, ssl, fd, ret) : HWS_ERR_NOMEM;

	if (r < 0)
		SSL_free(ssl);
	return r;
}
