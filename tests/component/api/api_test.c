/* The program hawser-api as its users have it: ports, certificate, metrics, signals, and all of
 * that confined. */
#include "shared/base/str.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define GET "GET /api/login-options HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static struct test_proc api;
static char dir[256], cert[320], key[320], conf[300];
static unsigned long port, tls_port, metrics_port;

static void set_up(void)
{
	const char *argv[] = { test_bin("admin/api/hawser-api"), "--config", conf, NULL };
	const char *line;

	test_dir(dir, sizeof(dir));
	certificate_make(dir, "IP:127.0.0.1", cert, key);
	ck_assert_int_eq(hws_fmt(conf, sizeof(conf), "%s/api.conf", dir), HWS_OK);
	test_write_file("", "%s", conf);
	FILE *f = fopen(conf, "we");

	ck_assert_ptr_nonnull(f);
	fprintf(f,
			"runtime-dir = %s/run\nstate-dir = %s/state\n[network]\nbind = 127.0.0.1\nport = 0\n[tls]\n"
			"tls-port = 0\ntls-cert = %s\ntls-key = %s\n[monitoring]\nmetrics = yes\n"
			"metrics-port = 0\n",
			dir, dir, cert, key);
	fclose(f);
	test_proc_start(&api, argv, NULL);
	line = test_proc_must_expect(&api, "listening", 60000);
	port = test_line_number(line, " port=");
	tls_port = test_line_number(line, "tls_port=");
	metrics_port = test_line_number(line, "metrics=");
	ck_assert_uint_ne(port, 0);
	ck_assert_uint_ne(tls_port, 0);
}

static void tear_down(void)
{
	(void)test_proc_stop(&api);
}

static int connected(unsigned long to)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)to),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval minute = { .tv_sec = 60 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* The reply to one request; valid until the next call. */
static const char *call(unsigned long to, const char *request)
{
	static char got[256 << 10];
	int fd = connected(to);
	size_t len = 0;
	ssize_t n;

	ck_assert_int_eq(
			send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	while ((n = recv(fd, got + len, sizeof(got) - 1 - len, 0)) > 0)
		len += (size_t)n;
	ck_assert_msg(n == 0 || errno == ECONNRESET, "no reply within a minute");
	got[len] = 0;
	close(fd);
	return got;
}

/* The same by TLS; *ret_serial: of the certificate. */
static const char *tls_call(const char *request, char *ret_print, size_t size)
{
	static char got[64 << 10];
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd = connected(tls_port), len = 0, n;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	X509 *x;

	SSL_set_fd(ssl, fd);
	ck_assert_int_eq(SSL_connect(ssl), 1);
	x = SSL_get1_peer_certificate(ssl);
	X509_digest(x, EVP_sha256(), digest, &digest_len);
	ck_assert_int_eq(hws_hex_encode(hws_bytes(digest, digest_len), ret_print, size), HWS_OK);
	X509_free(x);
	ck_assert_int_gt(SSL_write(ssl, request, (int)strlen(request)), 0);
	while ((n = SSL_read(ssl, got + len, (int)sizeof(got) - 1 - len)) > 0)
		len += n;
	got[len] = 0;
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return got;
}

START_TEST(it_serves_in_the_clear_and_by_tls)
{
	char print[65];
	const char *reply = call(port, GET);

	ck_assert_ptr_nonnull(strstr(reply, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "\r\n\r\n[]"));
	ck_assert_ptr_null(strstr(reply, "Strict-Transport-Security"));
	reply = tls_call(GET, print, sizeof(print));
	ck_assert_ptr_nonnull(strstr(reply, "\r\n\r\n[]"));
	ck_assert_ptr_nonnull(strstr(reply, "Strict-Transport-Security"));
	reply = call(port,
			"HEAD /api/login-options HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(reply, "Content-Length: 2\r\n"));
	ck_assert_str_eq(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
	reply = call(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	ck_assert_ptr_nonnull(strcasestr(reply, "<!doctype html>"));
	ck_assert_ptr_nonnull(strstr(reply, "default-src 'none'"));
}
END_TEST

START_TEST(a_renewed_certificate_is_taken)
{
	char before[65], after[65];
	const char *reply;

	(void)tls_call(GET, before, sizeof(before));
	certificate_make(dir, "IP:127.0.0.1", cert, key);
	test_proc_signal(&api, SIGHUP);
	(void)test_proc_must_expect(&api, "reloaded", 60000);
	reply = tls_call(GET, after, sizeof(after));
	ck_assert_ptr_nonnull(strstr(reply, "\r\n\r\n[]"));
	ck_assert_str_ne(before, after);
	test_write_file("no certificate", "%s", cert);
	test_proc_signal(&api, SIGHUP);
	(void)test_proc_must_expect(&api, "reload.failed", 60000);
	(void)tls_call(GET, before, sizeof(before));
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(an_operator_sees_what_it_does)
{
	const char *page;

	(void)call(port, GET);
	(void)call(port, "GET /nope HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	(void)call(port, "junk\r\n\r\n");
	page = call(metrics_port, "GET /metrics HTTP/1.1\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(
			page, "hawser_api_requests_total{class=\"other\",status=\"2xx\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(
			page, "hawser_api_requests_total{class=\"other\",status=\"4xx\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(page, "hawser_api_refused_total{reason=\"head\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(page,
			"hawser_api_request_seconds_bucket{class=\"other\",le=\"+Inf\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(call(metrics_port, "GET /readyz HTTP/1.1\r\n\r\n"), " 200 "));
}
END_TEST

START_TEST(it_ends_in_order)
{
	test_proc_signal(&api, SIGTERM);
	ck_assert_int_eq(test_proc_wait(&api, 60000), 0);
	char path[300];

	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/run/http.sock", dir), HWS_OK);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

int main(void)
{
	return test_main("api", 60, set_up, tear_down,
			TESTS(it_serves_in_the_clear_and_by_tls, a_renewed_certificate_is_taken,
					an_operator_sees_what_it_does, it_ends_in_order));
}
