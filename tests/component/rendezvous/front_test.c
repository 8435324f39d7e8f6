/* What stands in front of a link: TLS on one port for both services, and the header of a trusted
 * proxy. */
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x

static struct server srv;
static char cert[320], key[320];

/* A self-signed certificate for the name cn. */
static void make_certificate(const char *cn)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	FILE *f;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			(const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, k);
	ck_assert_int_gt(X509_sign(x, k, EVP_sha256()), 0);
	f = fopen(cert, "w");
	ck_assert_ptr_nonnull(f);
	PEM_write_X509(f, x);
	fclose(f);
	f = fopen(key, "w");
	ck_assert_ptr_nonnull(f);
	PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(k);
}

static void start(const char *a, const char *b, const char *c, const char *d)
{
	const char *extra[] = { "--tls-cert", cert, "--tls-key", key, "--tls-port", "0", "--idle",
		"5s", a, b, c, d, NULL };

	memset(&srv, 0, sizeof(srv));
	test_dir(srv.dir, sizeof(srv.dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", srv.dir);
	snprintf(key, sizeof(key), "%s/key.pem", srv.dir);
	make_certificate("first.example.com");
	server_start(&srv, extra);
	ck_assert_uint_ne(srv.tls, 0);
}

static void teardown(void)
{
	server_stop(&srv);
}

/* A TLS link on which nothing was said; the certificate's name goes to cn. */
static SSL *tls_open(unsigned host, char *cn, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct timeval limit = { 10, 0 };
	int fd = tcp_open(host, srv.tls);
	SSL *ssl = SSL_new(ctx);
	X509 *x;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	SSL_set_fd(ssl, fd);
	ck_assert_int_eq(SSL_connect(ssl), 1);
	x = SSL_get1_peer_certificate(ssl);
	if (cn)
		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, cn, (int)size);
	X509_free(x);
	SSL_CTX_free(ctx);
	return ssl;
}

static void tls_close(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
}

static void ask_upgrade(SSL *ssl, const char *path, const char *more)
{
	char req[500];
	int n = snprintf(req, sizeof(req),
			"GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: "
			"Upgrade\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: "
			"13\r\n%s\r\n",
			path, more);

	ck_assert_int_eq(SSL_write(ssl, req, n), n);
}

static void read_head(SSL *ssl, char *buf, size_t size)
{
	size_t n = 0;

	do {
		ck_assert_int_eq(SSL_read(ssl, buf + n, 1), 1);
		buf[++n] = 0;
		ck_assert_uint_lt(n, size - 1);
	} while (!strstr(buf, "\r\n\r\n"));
}

START_TEST(websocket_in_tls_reaches_the_server)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m = NULL;
	uint8_t buf[500] = { 0x82 };
	char head[1000], cn[100];
	size_t n;
	SSL *ssl;

	start(NULL, NULL, NULL, NULL);
	ssl = tls_open(9, cn, sizeof(cn));
	ck_assert_str_eq(cn, "first.example.com");
	ask_upgrade(ssl, "/ws/id", "");
	read_head(ssl, head, sizeof(head));
	ck_assert(strncmp(head, "HTTP/1.1 101", 12) == 0);
	p.id = (char *)"nobody-home";
	p.licence_key = srv.key;
	out.union_case = M(PUNCH_HOLE_REQUEST);
	out.punch_hole_request = &p;
	n = rdv__rendezvous_message__pack(&out, buf + 6);
	buf[1] = (uint8_t)(0x80 | n);
	ck_assert_int_eq(SSL_write(ssl, buf, (int)n + 6), (int)n + 6);
	ck_assert_int_gt(SSL_read(ssl, buf, sizeof(buf)), 2);
	ck_assert_uint_eq(buf[0], 0x82);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(buf + 2, buf[1]), &m), HWS_OK);
	ck_assert_int_eq(m->union_case, M(PUNCH_HOLE_RESPONSE));
	hws_rdv_free(m);
	tls_close(ssl);
}
END_TEST

START_TEST(the_relays_path_is_handed_on)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u) };
	socklen_t len = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	struct timeval limit = { 10, 0 };
	char relay[40], head[2000] = "", big[50000];
	size_t n = 0;
	SSL *ssl;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&in, &len), 0);
	snprintf(relay, sizeof(relay), "127.0.0.1:%u", ntohs(in.sin_port));
	start("--tls-relay", relay, NULL, NULL);
	ssl = tls_open(9, NULL, 0);
	ask_upgrade(ssl, "/ws/relay", "X-Forwarded-For: 6.6.6.6\r\nx-real-ip: 6.6.6.6\r\n");
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (!strstr(head, "\r\n\r\n")) {
		ck_assert_int_eq(recv(fd, head + n, 1, 0), 1);
		ck_assert_uint_lt(++n, sizeof(head) - 1);
	}
	ck_assert(strncmp(head, "GET /ws/relay HTTP/1.1\r\n", 24) == 0);
	ck_assert_ptr_nonnull(strstr(head, "X-Forwarded-For: 127.0.0.9\r\n"));
	ck_assert_ptr_null(strstr(head, "6.6.6.6"));
	/* both directions, more than one buffer */
	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(send(fd, big, sizeof(big), 0), (int)sizeof(big));
	for (n = 0; n < sizeof(big);) {
		char got[4096];
		int r = SSL_read(ssl, got, sizeof(got));

		ck_assert_int_gt(r, 0);
		n += (size_t)r;
	}
	ck_assert_int_eq(SSL_write(ssl, "hello", 5), 5);
	ck_assert_int_eq(recv(fd, big, 5, MSG_WAITALL), 5);
	ck_assert_mem_eq(big, "hello", 5);
	close(fd);
	ck_assert_int_le(SSL_read(ssl, big, 1), 0); /* the end is passed on */
	tls_close(ssl);
	close(listener);
}
END_TEST

START_TEST(a_reload_is_taken_whole_or_not_at_all)
{
	char dir[300], path[340], cn[100];
	json_t *answer;
	const char *text;
	SSL *ssl;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/rendezvous.conf", dir);
	test_write_file("[limits]\npunch-burst = 7\n", "%s", path);
	start("--config", path, NULL, NULL);
	/* the certificate is good, the list of relays is not: nothing changes */
	make_certificate("second.example.com");
	test_write_file("[limits]\npunch-burst = 8\n[relay]\nrelay-servers = a.invalid*7000\n",
			"%s", path);
	test_proc_signal(&srv.proc, SIGHUP);
	test_proc_must_expect(&srv.proc, "reload.failed", 5000);
	ssl = tls_open(9, cn, sizeof(cn));
	ck_assert_str_eq(cn, "first.example.com");
	tls_close(ssl);
	/* what changes with the next start only is named, and not shown as in force */
	test_write_file("[limits]\npunch-burst = 9\nmax-peers = 77777\n[access]\nencrypt = no\n"
			"[network]\nkeep-alive = 33s\n",
			"%s", path);
	test_proc_signal(&srv.proc, SIGHUP);
	text = test_proc_must_expect(&srv.proc, "reload.restart_needed", 5000);
	ck_assert_msg(strstr(text, "options=\"keep-alive, encrypt, max-peers\"") != NULL, "%.300s",
			text);
	test_proc_must_expect(&srv.proc, "reloaded", 5000);
	ssl = tls_open(9, cn, sizeof(cn));
	ck_assert_str_eq(cn, "second.example.com");
	tls_close(ssl);
	answer = server_ask(&srv, "config", NULL, NULL);
	text = json_string_value(json_object_get(answer, "config"));
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "punch-burst = 9"));
	ck_assert_ptr_nonnull(strstr(text, "max-peers = 2000000"));
	ck_assert_ptr_nonnull(strstr(text, "encrypt = yes"));
	ck_assert_ptr_nonnull(strstr(text, "keep-alive = 25s"));
	json_decref(answer);
}
END_TEST

START_TEST(a_new_certificate_is_taken_on_sighup)
{
	char cn[100];
	SSL *ssl;

	start(NULL, NULL, NULL, NULL);
	make_certificate("second.example.com");
	test_proc_signal(&srv.proc, SIGHUP);
	test_proc_must_expect(&srv.proc, "reloaded", 5000);
	ssl = tls_open(9, cn, sizeof(cn));
	ck_assert_str_eq(cn, "second.example.com");
	tls_close(ssl);
	/* a broken one is refused, the good one stays */
	ck_assert_int_eq(truncate(cert, 20), 0);
	test_proc_signal(&srv.proc, SIGHUP);
	test_proc_must_expect(&srv.proc, "reload.failed", 5000);
	ssl = tls_open(9, cn, sizeof(cn));
	ck_assert_str_eq(cn, "second.example.com");
	tls_close(ssl);
}
END_TEST

START_TEST(rubbish_on_the_tls_port_hurts_nobody)
{
	static const char *const lines[] = { "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", "" };
	SSL *ssl;

	start(NULL, NULL, NULL, NULL);
	for (size_t i = 0; i < 3; i++) {
		int fd = tcp_open(9, srv.tls);

		tcp_send_raw(fd, hws_bytes_str(lines[i]));
		shutdown(fd, SHUT_WR);
		ck_assert(tcp_closed(fd, WAIT_MS));
		close(fd);
	}
	ssl = tls_open(9, NULL, 0);
	tls_close(ssl);
}
END_TEST

static struct sockaddr_in asked_from(struct hws_bytes header, unsigned host)
{
	struct sockaddr_storage ss;
	struct device d;
	message *push;
	int fd = tcp_open(host, srv.port);

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	tcp_send_raw(fd, header);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__ASYMMETRIC, false, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_addr_decode(hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			&ss, NULL);
	hws_rdv_free(push);
	device_done(&d);
	close(fd);
	return *(struct sockaddr_in *)&ss;
}

START_TEST(proxy_headers_of_trusted_proxies_are_taken)
{
	static const uint8_t v2[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49,
		0x54, 0x0a, 0x21, 0x11, 0, 12, 203, 0, 113, 8, 127, 0, 0, 1, 0x30, 0x39, 0x52,
		0x7c };
	struct sockaddr_in in;
	int fd;

	start("--proxy-protocol", "--trusted-proxies", "127.0.0.9", NULL);
	in = asked_from(hws_bytes_str("PROXY TCP4 203.0.113.7 127.0.0.1 50001 21116\r\n"), 9);
	ck_assert_uint_eq(ntohl(in.sin_addr.s_addr), 0xcb007107u);
	ck_assert_uint_eq(ntohs(in.sin_port), 50001);
	in = asked_from(hws_bytes(v2, sizeof(v2)), 9);
	ck_assert_uint_eq(ntohl(in.sin_addr.s_addr), 0xcb007108u);
	ck_assert_uint_eq(ntohs(in.sin_port), 12345);
	/* others speak plainly, and cannot pretend */
	in = asked_from(hws_bytes(NULL, 0), 10);
	ck_assert_uint_eq(ntohl(in.sin_addr.s_addr), 0x7f00000au);
	fd = tcp_open(10, srv.port);
	tcp_send_raw(fd, hws_bytes_str("PROXY TCP4 203.0.113.7 127.0.0.1 50001 21116\r\n"));
	ck_assert(tcp_closed(fd, 8000)); /* rubbish: at the latest when idle */
	close(fd);
	/* and a trusted one must send it */
	fd = tcp_open(9, srv.port);
	tcp_send_raw(fd, hws_bytes_str("nonsense"));
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	return test_main("rendezvous/front", 60, NULL, teardown,
			TESTS(websocket_in_tls_reaches_the_server, the_relays_path_is_handed_on,
					a_new_certificate_is_taken_on_sighup,
					a_reload_is_taken_whole_or_not_at_all,
					rubbish_on_the_tls_port_hurts_nobody,
					proxy_headers_of_trusted_proxies_are_taken));
}
