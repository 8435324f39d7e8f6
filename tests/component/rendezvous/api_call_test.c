/* Requests for the API that come to the main port: sealed as clients send them, passed on to a
 * local socket as HTTP with the address of who sent them, and nothing else of theirs that could
 * pass for our word. */
#include "shared/base/buf.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/frame.h"
#include "tests/component/rendezvous/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define BIG (600u << 10)

static int listening = -1;
static char path[360];

static void start(void)
{
	const char *extra[] = { "--api-socket", path, NULL };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memset(&srv, 0, sizeof(srv));
	test_dir(srv.dir, sizeof(srv.dir));
	snprintf(path, sizeof(path), "%s/http.sock", srv.dir);
	ck_assert_uint_lt(strlen(path), sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(listening, 8), 0);
	server_start(&srv, extra);
}

static void end(void)
{
	if (listening >= 0)
		close(listening);
	listening = -1;
	server_stop(&srv);
}

/* --- a client --------------------------------------------------------------------------------- */

struct client {
	int fd;
	struct hws_record rec;
};

static void client_open(struct client *c)
{
	c->fd = tcp_open(9, srv.port);
	encrypt(c->fd, &c->rec);
}

static void client_send(struct client *c, const Rdv__HttpProxyRequest *p)
{
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t hdr[HWS_FRAME_HEADER_MAX], *sealed;
	struct hws_buf out;
	size_t n;

	m.union_case = M(HTTP_PROXY_REQUEST);
	m.http_proxy_request = (Rdv__HttpProxyRequest *)(uintptr_t)p;
	hws_buf_init(&out, 4u << 20);
	ck_assert_int_eq(hws_rdv_pack(&m, &out), HWS_OK);
	n = hws_buf_len(&out) + HWS_RECORD_OVERHEAD;
	sealed = malloc(n);
	ck_assert_ptr_nonnull(sealed);
	ck_assert_int_eq(hws_record_seal(&c->rec, hws_buf_bytes(&out), sealed), HWS_OK);
	tcp_send_raw(c->fd, hws_bytes(hdr, hws_frame_header(n, hdr)));
	tcp_send_raw(c->fd, hws_bytes(sealed, n));
	free(sealed);
	hws_buf_done(&out);
}

/* The answer; the server ends the link after it. */
static message *client_answer(struct client *c)
{
	static uint8_t buf[3u << 20];
	ssize_t n = tcp_recv_raw(c->fd, buf, sizeof(buf), WAIT_MS);
	struct hws_bytes plain;
	message *m = NULL;

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(hws_record_open(&c->rec, hws_bytes(buf, (size_t)n), buf, &plain), HWS_OK);
	ck_assert_int_eq(hws_rdv_unpack(plain, &m), HWS_OK);
	ck_assert_int_eq(m->union_case, M(HTTP_PROXY_RESPONSE));
	ck_assert(tcp_closed(c->fd, WAIT_MS));
	close(c->fd);
	return m;
}

/* --- the API server --------------------------------------------------------------------------- */

static int meet(void)
{
	struct pollfd p = { .fd = listening, .events = POLLIN };
	int fd;

	ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
	fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* A request with `body` bytes behind its head. */
static const char *request(int fd, size_t body)
{
	static char got[2u << 20];
	size_t len = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const char *blank;
		ssize_t n;

		ck_assert_msg(poll(&p, 1, WAIT_MS) == 1, "no whole request: %.*s", (int)len, got);
		n = recv(fd, got + len, sizeof(got) - 1 - len, 0);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		got[len] = '\0';
		blank = strstr(got, "\r\n\r\n");
		if (blank && got + len - (blank + 4) >= (ptrdiff_t)body)
			return got;
	}
}

static void reply(int fd, const char *text, size_t len)
{
	tcp_send_raw(fd, hws_bytes(text, len));
	close(fd);
}

START_TEST(a_request_goes_there_and_its_answer_back)
{
	static const char said[] = "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
				   "Connection: close\r\nContent-Length: 14\r\nX-Odd:\x01\r\n\r\n"
				   "{\"error\":\"no\"}";
	Rdv__HeaderEntry h[] = { RDV__HEADER_ENTRY__INIT, RDV__HEADER_ENTRY__INIT,
		RDV__HEADER_ENTRY__INIT, RDV__HEADER_ENTRY__INIT };
	Rdv__HeaderEntry *list[] = { &h[0], &h[1], &h[2], &h[3] };
	Rdv__HttpProxyRequest p = RDV__HTTP_PROXY_REQUEST__INIT;
	const Rdv__HttpProxyResponse *r;
	struct client c;
	const char *got;
	message *m;
	int fd;

	h[0].name = (char *)"Authorization";
	h[0].value = (char *)"Bearer abc";
	h[1].name = (char *)"x-forwarded-for";
	h[1].value = (char *)"1.2.3.4";
	h[2].name = (char *)"Content-Length";
	h[2].value = (char *)"99";
	h[3].name = (char *)"Transfer-Encoding";
	h[3].value = (char *)"chunked";
	p.method = (char *)"POST";
	p.path = (char *)"/api/currentUser?a=b";
	p.n_headers = 4;
	p.headers = list;
	p.body = (ProtobufCBinaryData){ 2, (uint8_t *)(uintptr_t) "{}" };
	client_open(&c);
	client_send(&c, &p);
	fd = meet();
	got = request(fd, 2);
	ck_assert_msg(strncmp(got, "POST /api/currentUser?a=b HTTP/1.1\r\n", 36) == 0, "%s", got);
	ck_assert_ptr_nonnull(strstr(got, "\r\nAuthorization: Bearer abc\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "\r\nX-Forwarded-For: 127.0.0.9\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "\r\nContent-Length: 2\r\n"));
	ck_assert_ptr_null(strstr(got, "1.2.3.4"));
	ck_assert_ptr_null(strstr(got, "99"));
	ck_assert_ptr_null(strstr(got, "chunked"));
	ck_assert_str_eq(strstr(got, "\r\n\r\n"), "\r\n\r\n{}");
	reply(fd, said, sizeof(said) - 1);
	m = client_answer(&c);
	r = m->http_proxy_response;
	ck_assert_str_eq(r->error, "");
	ck_assert_int_eq(r->status, 401);
	ck_assert_uint_eq(r->n_headers, 1); /* nothing of the connection, nothing broken */
	ck_assert_str_eq(r->headers[0]->name, "Content-Type");
	ck_assert_str_eq(r->headers[0]->value, "application/json");
	ck_assert_uint_eq(r->body.len, 14);
	ck_assert_mem_eq(r->body.data, "{\"error\":\"no\"}", 14);
	hws_rdv_free(m);
}
END_TEST

START_TEST(long_ones_pass_both_ways)
{
	Rdv__HttpProxyRequest p = RDV__HTTP_PROXY_REQUEST__INIT;
	char *body = malloc(BIG), *said = malloc(BIG + 200);
	struct client c;
	const char *got;
	message *m;
	int fd, n;

	ck_assert_ptr_nonnull(body);
	ck_assert_ptr_nonnull(said);
	memset(body, 'x', BIG);
	p.method = (char *)"PUT";
	p.path = (char *)"/api/ab";
	p.body = (ProtobufCBinaryData){ BIG, (uint8_t *)body };
	client_open(&c);
	client_send(&c, &p);
	fd = meet();
	got = strstr(request(fd, BIG), "\r\n\r\n") + 4;
	ck_assert_uint_eq(strlen(got), BIG);
	n = snprintf(said, 200, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", BIG);
	memset(said + n, 'y', BIG);
	reply(fd, said, (size_t)n + BIG);
	m = client_answer(&c);
	ck_assert_int_eq(m->http_proxy_response->status, 200);
	ck_assert_uint_eq(m->http_proxy_response->body.len, BIG);
	ck_assert_int_eq(m->http_proxy_response->body.data[BIG - 1], 'y');
	hws_rdv_free(m);
	free(body);
	free(said);
}
END_TEST

static void expect_error(const char *method, const char *where, const char *text)
{
	Rdv__HttpProxyRequest p = RDV__HTTP_PROXY_REQUEST__INIT;
	struct client c;
	message *m;

	p.method = (char *)method;
	p.path = (char *)where;
	client_open(&c);
	client_send(&c, &p);
	m = client_answer(&c);
	ck_assert_msg(strstr(m->http_proxy_response->error, text) != NULL, "%s: %s", where,
			m->http_proxy_response->error);
	ck_assert_int_eq(m->http_proxy_response->status, 0);
	hws_rdv_free(m);
}

START_TEST(only_the_api_is_to_be_had)
{
	static const char *const bad[] = { "/", "/metrics", "api/login", "/apis/x", "/api/../x",
		"/api/x/..", "/api/a b", "/api/\r\nX: y", "/api/\xc3\xa4", "http://a/api/x",
		"/api/x#y" };
	Rdv__HeaderEntry h = RDV__HEADER_ENTRY__INIT, *list[] = { &h };
	Rdv__HttpProxyRequest p = RDV__HTTP_PROXY_REQUEST__INIT;
	struct client c;
	message *m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_error("GET", bad[i], "no request");
	expect_error("CONNECT", "/api/x", "no request");
	expect_error("GET /api/x HTTP/1.1\r\nA:", "/api/x", "no request");
	h.name = (char *)"A";
	h.value = (char *)"b\r\nX-Forwarded-For: 1.2.3.4";
	p.method = (char *)"GET";
	p.path = (char *)"/api/x";
	p.n_headers = 1;
	p.headers = list;
	client_open(&c);
	client_send(&c, &p);
	m = client_answer(&c);
	ck_assert_str_ne(m->http_proxy_response->error, "");
	hws_rdv_free(m);
}
END_TEST

START_TEST(what_fails_there_is_said)
{
	static const char *const broken[] = { "", "HTTP/1.1 200 OK\r\n", "nonsense\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" };
	Rdv__HttpProxyRequest p = RDV__HTTP_PROXY_REQUEST__INIT;
	struct client c;
	message *m;
	int fd;

	p.method = (char *)"GET";
	p.path = (char *)"/api/x";
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		client_open(&c);
		client_send(&c, &p);
		fd = meet();
		ck_assert_ptr_null(strstr(request(fd, 0), "Content-Length"));
		reply(fd, broken[i], strlen(broken[i]));
		m = client_answer(&c);
		ck_assert_msg(strstr(m->http_proxy_response->error, "broke off") != NULL, "%zu: %s",
				i, m->http_proxy_response->error);
		hws_rdv_free(m);
	}
	close(listening);
	listening = -1;
	expect_error("GET", "/api/x", "cannot be reached");
}
END_TEST

START_TEST(a_client_that_leaves_is_forgotten)
{
	Rdv__HttpProxyRequest p = RDV__HTTP_PROXY_REQUEST__INIT;
	struct client c;
	int fd;

	p.method = (char *)"GET";
	p.path = (char *)"/api/x";
	client_open(&c);
	client_send(&c, &p);
	fd = meet();
	(void)request(fd, 0);
	close(c.fd);
	reply(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
	expect_error("GET", "/", "no request"); /* it serves on */
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/api_call", 120, start, end,
			TESTS(a_request_goes_there_and_its_answer_back, long_ones_pass_both_ways,
					only_the_api_is_to_be_had, what_fails_there_is_said,
					a_client_that_leaves_is_forgotten));
}
