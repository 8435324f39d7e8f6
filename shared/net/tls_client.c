/* net/tls_client: who is believed, and the client half of a TLS connection made with it. */
#include "shared/net/tls_client.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/tls_impl.h"
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hws_tls_client {
	SSL_CTX *ctx;
};

/* --- the socket under the engine: OpenSSL's own raises SIGPIPE, which may end a foreign program */

static int again(BIO *b, ssize_t n, bool writing)
{
	BIO_clear_retry_flags(b);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		if (writing)
			BIO_set_retry_write(b);
		else
			BIO_set_retry_read(b);
	}
	return (int)n;
}

static int socket_write(BIO *b, const char *data, int len)
{
	int fd = (int)(intptr_t)BIO_get_data(b);

	return again(b, send(fd, data, (size_t)len, MSG_NOSIGNAL), true);
}

static int socket_read(BIO *b, char *buf, int len)
{
	int fd = (int)(intptr_t)BIO_get_data(b);

	return again(b, recv(fd, buf, (size_t)len, 0), false);
}

static long socket_ctrl(BIO *b, int cmd, long number, void *arg)
{
	(void)b;
	(void)number;
	(void)arg;
	return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

/* One for the whole process: OpenSSL numbers methods and never takes a number back. */
static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");

	if (m && BIO_meth_set_write(m, socket_write) && BIO_meth_set_read(m, socket_read) &&
			BIO_meth_set_ctrl(m, socket_ctrl))
		method = m;
	else
		BIO_meth_free(m);
}

static int set_socket(SSL *ssl, int fd)
{
	BIO *b;

	pthread_once(&method_once, make_method);
	b = method ? BIO_new(method) : NULL;
	if (!b)
		return 0;
	BIO_set_data(b, (void *)(intptr_t)fd);
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b); /* takes it */
	return 1;
}

/* --- authorities ----------------------------------------------------------------------------- */

/* Files of a folder of authorities have the hash of a name and a number: "5ed36f99.0". */
static bool is_hashed(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
			name[9 + strspn(name + 9, "0123456789")] == '\0' && name[9];
}

static int load_folder(SSL_CTX *ctx, const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char file[512];
	int count = 0;

	while (dir && (entry = readdir(dir)))
		if (is_hashed(entry->d_name) &&
				hws_fmt(file, sizeof(file), "%s/%s", path, entry->d_name) >= 0)
			count += SSL_CTX_load_verify_file(ctx, file) == 1;
	if (dir)
		closedir(dir);
	return count;
}

/* What set_default_verify_paths would look up one by one. A system's own file and folder hold
 * the same. */
static int load_all(SSL_CTX *ctx)
{
	const char *file = secure_getenv(X509_get_default_cert_file_env());
	const char *dir = secure_getenv(X509_get_default_cert_dir_env());
	int ok = SSL_CTX_load_verify_file(ctx, file ? file : X509_get_default_cert_file());

	if (file || dir || !ok)
		ok |= load_folder(ctx, dir ? dir : X509_get_default_cert_dir()) > 0;
	return ok || file; /* who names a file that vouches for nobody means it */
}

static bool may_read_file(void)
{
	const char *file = secure_getenv(X509_get_default_cert_file_env());

	return !file || access(file, R_OK) == 0 || errno != EACCES;
}

int hws_tls_client_new(bool all_now, struct hws_tls_client **ret, struct hws_error *err)
{
	struct hws_tls_client *t = hws_alloc(sizeof(*t));
	int ok;

	if (!t)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (!may_read_file()) {
		hws_free(t);
		return hws_error_set(err, HWS_ERR_PERM,
				"this account may not read the file of SSL_CERT_FILE");
	}
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t->ctx) {
		hws_free(t);
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(t->ctx,
			SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	ok = all_now ? load_all(t->ctx) : SSL_CTX_set_default_verify_paths(t->ctx);
	ERR_clear_error();
	if (!ok) {
		hws_tls_client_free(t);
		return hws_error_set(err, HWS_ERR_INVAL,
				"the system's list of authorities cannot be read: install "
				"ca-certificates, or look "
				"at SSL_CERT_FILE");
	}
	*ret = t;
	return HWS_OK;
}

void hws_tls_client_free(struct hws_tls_client *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	hws_free(t);
}

/* Who must be at the other end. A literal address has no server name to send. */
static int expect_host(SSL *ssl, const char *host)
{
	struct sockaddr_storage literal;

	if (hws_addr_parse(host, 1, &literal) == HWS_OK)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

int hws_stream_tls_client_new(struct hws_loop *loop, struct hws_tls_client *t, int fd,
		const char *host, struct hws_stream **ret)
{
	SSL *ssl = SSL_new(t->ctx);
	int r = HWS_ERR_NOMEM;

	if (!ssl || set_socket(ssl, fd) != 1)
		goto fail;
	r = HWS_ERR_INVAL;
	if (expect_host(ssl, host) != 1)
		goto fail;
	SSL_set_connect_state(ssl);
	r = hws_stream_tls_wrap(loop, ssl, fd, ret);
	if (r == HWS_OK)
		return r;
fail:
	SSL_free(ssl);
	ERR_clear_error();
	return r;
}
