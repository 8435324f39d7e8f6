/* The WebSocket port with TLS: browsers and clients that speak wss without a proxy. */
#include "tests/component/relay/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BULK (6u << 20)

static struct relay relay;
static char cert[320], key[320];

static void make_certificate(const char *cn)
{
	EVP_PKEY *pk = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	FILE *f;

	ck_assert(pk && x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, pk);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			(const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ck_assert_int_gt(X509_sign(x, pk, EVP_sha256()), 0);
	f = fopen(cert, "we");
	ck_assert(f && PEM_write_X509(f, x));
	fclose(f);
	f = fopen(key, "we");
	ck_assert(f && PEM_write_PrivateKey(f, pk, NULL, NULL, 0, NULL, NULL));
	fclose(f);
	chmod(key, 0600);
	X509_free(x);
	EVP_PKEY_free(pk);
}

static const char *settings; /* a file of them, or NULL */

static void start(const char *more)
{
	const char *extra[] = { "--tls-cert", cert, "--tls-key", key, more, "1s", NULL };

	if (!more)
		extra[4] = NULL;
	if (settings) {
		extra[4] = "--config";
		extra[5] = settings;
	}
	memset(&relay, 0, sizeof(relay));
	test_dir(relay.dir, sizeof(relay.dir));
	snprintf(cert, sizeof(cert), "%s/cert.pem", relay.dir);
	snprintf(key, sizeof(key), "%s/key.pem", relay.dir);
	make_certificate("first.example");
	relay_start(&relay, extra);
}

/* A wss link: TLS here, and plain bytes at *l, moved by a thread, so that the actors need not
 * know. */
struct tunnel {
	SSL_CTX *ctx;
	SSL *ssl;
	int inside;
	pthread_t thread;
	char cn[64];
};

static bool drain(struct tunnel *t, bool *eof)
{
	char buf[16384];
	int n;

	while ((n = SSL_read(t->ssl, buf, sizeof(buf))) > 0)
		for (int at = 0; at < n;) {
			ssize_t w = send(t->inside, buf + at, (size_t)(n - at), MSG_NOSIGNAL);

			if (w <= 0)
				return false;
			at += (int)w;
		}
	int e = SSL_get_error(t->ssl, n);

	*eof = e == SSL_ERROR_ZERO_RETURN;
	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE || *eof;
}

/* Both ways in one thread, never waiting for one alone. */
static void *tunnel_main(void *arg)
{
	struct tunnel *t = arg;
	char buf[16384];
	size_t have = 0, at = 0;
	bool eof = false;

	for (;;) {
		struct pollfd p[2] = { { SSL_get_fd(t->ssl), (short)(POLLIN | (have ? POLLOUT : 0)),
						       0 },
			{ t->inside, have ? 0 : POLLIN, 0 } };

		if (poll(p, 2, 10000) <= 0)
			break;
		if (!drain(t, &eof) || eof)
			break;
		if (!have && p[1].revents) {
			ssize_t n = recv(t->inside, buf, sizeof(buf), MSG_DONTWAIT);

			if (n == 0 || (n < 0 && errno != EAGAIN))
				break;
			have = n > 0 ? (size_t)n : 0;
			at = 0;
		}
		if (have) {
			int n = SSL_write(t->ssl, buf + at, (int)have);

			if (n > 0) {
				at += (size_t)n;
				have -= (size_t)n;
			} else if (SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_WRITE &&
					SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_READ) {
				break;
			}
		}
	}
	if (!eof)
		SSL_shutdown(t->ssl);
	shutdown(SSL_get_fd(t->ssl), SHUT_RDWR);
	shutdown(t->inside, SHUT_RDWR);
	return NULL;
}

static void tunnel_open(struct tunnel *t, struct leg *l, unsigned host)
{
	struct relay at = relay;
	int fd[2];

	at.port = relay.ws; /* without the upgrade of leg_open */
	leg_open(l, &at, false, host);
	t->ctx = SSL_CTX_new(TLS_client_method());
	t->ssl = SSL_new(t->ctx);
	ck_assert_ptr_nonnull(t->ssl);
	SSL_set_mode(t->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_set_fd(t->ssl, l->fd);
	ck_assert_int_eq(SSL_connect(t->ssl), 1);
	X509 *x = SSL_get1_peer_certificate(t->ssl);

	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, t->cn, sizeof(t->cn));
	X509_free(x);
	fcntl(l->fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	t->inside = fd[1];
	l->fd = fd[0];
	l->ws = true;
	ck_assert_int_eq(pthread_create(&t->thread, NULL, tunnel_main, t), 0);
	leg_upgrade(l, "");
}

static void tunnel_close(struct tunnel *t, struct leg *l)
{
	int fd = SSL_get_fd(t->ssl);

	leg_close(l);
	pthread_join(t->thread, NULL);
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	close(fd);
	close(t->inside);
}

START_TEST(wss_legs_pair_with_all_kinds)
{
	for (int kind = 0; kind < 2; kind++) {
		const char *uuid = new_uuid();
		struct tunnel t, t2;
		struct leg l[2];

		if (!kind)
			start(NULL);
		tunnel_open(&t, &l[0], 1);
		leg_request(&l[0], uuid, NULL);
		if (kind)
			tunnel_open(&t2, &l[1], 2);
		else
			leg_open(&l[1], &relay, false, 2);
		leg_request(&l[1], uuid, NULL);
		pair_check(l);
		ck_assert_str_eq(t.cn, "first.example");
		tunnel_close(&t, &l[0]);
		if (kind)
			tunnel_close(&t2, &l[1]);
		else
			leg_close(&l[1]);
		relay_await_exactly(&relay, NULL, "connections", 0);
	}
	relay_stop(&relay);
}
END_TEST

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

static void *send_bulk(void *arg)
{
	struct leg *l = arg;
	uint8_t *p = malloc(BULK);

	for (size_t i = 0; p && i < BULK; i++)
		p[i] = pattern(i);
	leg_send(l, p, BULK);
	free(p);
	return NULL;
}

/* Both ways at the same time, more than all buffers hold. */
START_TEST(bulk_through_tls_arrives_whole_both_ways)
{
	const char *uuid = new_uuid();
	uint8_t *in = malloc(BULK);
	pthread_t thread[2];
	struct tunnel t;
	struct leg l[2], to[2];

	ck_assert_ptr_nonnull(in);
	start(NULL);
	tunnel_open(&t, &l[0], 1);
	leg_request(&l[0], uuid, NULL);
	leg_open(&l[1], &relay, false, 2);
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
	for (int i = 0; i < 2; i++) {
		to[i] = (struct leg){ .fd = l[i].fd, .ws = l[i].ws };
		ck_assert_int_eq(pthread_create(&thread[i], NULL, send_bulk, &to[i]), 0);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(leg_recv(&l[i], in, BULK, NULL, 30000), BULK);
		for (size_t k = 0; k < BULK; k++)
			if (in[k] != pattern(k))
				ck_abort_msg("byte %zu is wrong", k);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	free(in);
	tunnel_close(&t, &l[0]);
	leg_close(&l[1]);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(without_tls_nobody_comes_in)
{
	static const char request[] = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
	struct relay at;
	struct leg plain, silent;

	start("--first-frame-timeout");
	at = relay;
	at.port = relay.ws;
	leg_open(&plain, &at, false, 1);
	leg_raw(&plain, request, sizeof(request) - 1);
	ck_assert(leg_ends(&plain, LIMIT_MS));
	leg_open(&silent, &at, false, 1);
	leg_raw(&silent, "\x16\x03\x01\x02", 4); /* the beginning of a handshake */
	ck_assert(leg_ends(&silent, LIMIT_MS));
	relay_await(&relay, "refused", "slow_first_frame", 1);
	leg_close(&plain);
	leg_close(&silent);
	relay_await_exactly(&relay, NULL, "connections", 0);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_reload_takes_a_new_certificate)
{
	struct tunnel t;
	struct leg l;

	start(NULL);
	make_certificate("second.example");
	test_proc_signal(&relay.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "reloaded", LIMIT_MS));
	tunnel_open(&t, &l, 1);
	ck_assert_str_eq(t.cn, "second.example");
	tunnel_close(&t, &l);
	relay_stop(&relay);
}
END_TEST

START_TEST(a_reload_is_taken_whole_or_not_at_all)
{
	char dir[300], path[340];
	const char *text;
	struct tunnel t;
	struct leg l;
	json_t *o, *all;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/relay.conf", dir);
	test_write_file("[limits]\nlimit-pair = 1M\n", "%s", path);
	settings = path;
	start(NULL);
	/* the certificate is good, the list of announcers is not: nothing changes */
	make_certificate("second.example");
	test_write_file("[limits]\nlimit-pair = 2M\n[access]\nannouncers = a:b:c:d\n", "%s", path);
	test_proc_signal(&relay.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "reload.failed", LIMIT_MS));
	tunnel_open(&t, &l, 1);
	ck_assert_str_eq(t.cn, "first.example");
	tunnel_close(&t, &l);
	/* what changes with the next start only is named, and not shown as in force */
	test_write_file("[limits]\nlimit-pair = 3M\n[network]\ndrain-timeout = "
			"7s\n[monitoring]\nlog-format = json\n",
			"%s", path);
	test_proc_signal(&relay.proc, SIGHUP);
	text = test_proc_expect(&relay.proc, "reload.restart_needed", LIMIT_MS);
	ck_assert_ptr_nonnull(text);
	ck_assert_msg(strstr(text, "drain-timeout, log-format") != NULL, "%.300s", text);
	ck_assert(test_proc_expect(&relay.proc, "reloaded", LIMIT_MS));
	tunnel_open(&t, &l, 1);
	ck_assert_str_eq(t.cn, "second.example");
	tunnel_close(&t, &l);
	o = relay_ask(&relay, "config", NULL, NULL, NULL, NULL);
	all = json_object_get(o, "config");
	ck_assert_str_eq(json_string_value(json_object_get(all, "limit-pair")), "3M");
	ck_assert_str_eq(json_string_value(json_object_get(all, "drain-timeout")), "1m");
	ck_assert_str_eq(json_string_value(json_object_get(all, "log-format")), "text");
	json_decref(o);
	settings = NULL;
	relay_stop(&relay);
}
END_TEST

static void cleanup(void)
{
	if (relay.proc.pid && !relay.proc.ended)
		kill(relay.proc.pid, SIGKILL);
}

int main(void)
{
	return test_main("relay/tls", 60, NULL, cleanup,
			TESTS(wss_legs_pair_with_all_kinds,
					bulk_through_tls_arrives_whole_both_ways,
					without_tls_nobody_comes_in,
					a_reload_takes_a_new_certificate,
					a_reload_is_taken_whole_or_not_at_all));
}
