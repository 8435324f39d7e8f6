/* Questions to web servers that answer well, badly, too much, or not at all. */
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/web/fetch.h"
#include "tests/component/fetch/web_server.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct web_server *server;
static struct hws_fetch_answer answer;
static struct hws_error err;
static char url[200];

static void start(
		const char *scheme, const char *cert, const char *key, const char *const replies[])
{
	server = web_server_start(cert, key, replies);
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u/a?secret=1", scheme, web_server_port(server));
}

#define START(...) start("http", NULL, NULL, ((const char *const[]){ __VA_ARGS__, NULL }))

static void tear_down(void)
{
	web_server_stop(server);
	server = NULL;
}

static int ask(const struct hws_fetch *f)
{
	struct hws_fetch q = *f;

	q.url = url;
	return hws_fetch(NULL, &q, &answer, &err);
}

static void body_is(const char *text)
{
	ck_assert(hws_bytes_equal(hws_buf_bytes(&answer.body), hws_bytes_str(text)));
	hws_fetch_done(&answer);
}

START_TEST(a_question_and_its_answer)
{
	START("HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nRetry-After: 7\r\n"
	      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	      "Cache-Control: public, max-age=90\r\nLocation: /b\r\nContent-Length: 3\r\n\r\nyes");
	static const char *const more[] = { "X-One: 1", NULL };

	ck_assert_int_eq(ask(&(struct hws_fetch){ .body = hws_bytes("{}", 2),
					 .content_type = "application/json",
					 .bearer = "t0ken",
					 .headers = more }),
			HWS_OK);
	ck_assert_int_eq(answer.status, 201);
	ck_assert_str_eq(answer.content_type, "text/plain");
	ck_assert_str_eq(answer.location, "/b");
	ck_assert_uint_eq(answer.retry_after_s, 7);
	ck_assert_int_eq(answer.max_age_s, 90);
	ck_assert_int_eq(answer.date_s, 784111777);
	ck_assert_int_eq(answer.cert_expires_s, 0);
	body_is("yes");
	ck_assert_ptr_nonnull(strstr(web_server_asked(server), "POST /a?secret=1 HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(web_server_asked(server), "Authorization: Bearer t0ken\r\n"));
	ck_assert_ptr_nonnull(strstr(web_server_asked(server), "X-One: 1\r\n"));
	ck_assert_ptr_nonnull(
			strstr(web_server_asked(server), "Content-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(web_server_asked(server), "\r\n\r\n{}"));
}
END_TEST

START_TEST(a_redirect_is_an_answer_and_not_followed)
{
	START("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n");
	ck_assert_int_eq(ask(&(struct hws_fetch){ 0 }), HWS_OK);
	ck_assert_int_eq(answer.status, 302);
	ck_assert_str_eq(answer.location, "http://192.0.2.1/");
	ck_assert_int_eq(answer.max_age_s, -1);
	hws_fetch_done(&answer);
	ck_assert_uint_eq(web_server_links(server), 1);
}
END_TEST

START_TEST(a_body_that_is_too_long_is_refused)
{
	START("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789");
	ck_assert_int_eq(ask(&(struct hws_fetch){ .answer_max = 9 }), HWS_ERR_TOOBIG);
	ck_assert_ptr_nonnull(strstr(err.text, "/a: too big"));
	ck_assert_ptr_null(strstr(err.text, "secret"));
	ck_assert_int_eq(ask(&(struct hws_fetch){ .answer_max = 10 }), HWS_OK);
	body_is("0123456789");
}
END_TEST

static int keep(struct hws_bytes part, void *arg)
{
	hws_buf_put(arg, part.ptr, part.len);
	return hws_buf_err(arg);
}

START_TEST(a_long_body_goes_to_its_reader)
{
	struct hws_buf b;

	hws_buf_init(&b, 6);
	START("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n012345",
			"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone",
			"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n012345");
	const struct hws_fetch f = { .answer_max = 4, .on_body = keep, .arg = &b };

	ck_assert_int_eq(ask(&f), HWS_OK);
	body_is("");
	ck_assert_int_eq(ask(&f), HWS_OK); /* what an error says is no part of the file */
	body_is("none");
	ck_assert(hws_bytes_equal(hws_buf_bytes(&b), hws_bytes_str("012345")));
	ck_assert_int_eq(ask(&f), HWS_ERR_TOOBIG); /* what the reader said */
	hws_buf_done(&b);
}
END_TEST

static bool now(void *arg HWS_UNUSED)
{
	return true;
}

START_TEST(silence_ends)
{
	START("wait");
	ck_assert_int_eq(ask(&(struct hws_fetch){ .timeout_us = 300000 }), HWS_ERR_TIMEOUT);
	ck_assert_int_eq(ask(&(struct hws_fetch){ .cancelled = now }), HWS_ERR_CANCELED);
	ck_assert_int_eq(ask(&(struct hws_fetch){ .timeout_us = 1000000, .on_body = keep }),
			HWS_ERR_TIMEOUT);
}
END_TEST

START_TEST(what_is_no_answer_is_an_error)
{
	START("", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhalf",
			"it is late\r\nConnection: close\r\n\r\n");
	ck_assert_int_eq(ask(&(struct hws_fetch){ 0 }), HWS_ERR_EOF);
	ck_assert_int_eq(ask(&(struct hws_fetch){ 0 }), HWS_ERR_EOF);
	ck_assert_int_lt(ask(&(struct hws_fetch){ 0 }), 0);
}
END_TEST

START_TEST(headers_without_end_are_cut)
{
	static char reply[200000];
	size_t at = (size_t)snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\n");

	while (at < 150000)
		at += (size_t)snprintf(reply + at, sizeof(reply) - at, "X-Filler: %0900d\r\n", 1);
	snprintf(reply + at, sizeof(reply) - at, "Connection: close\r\n\r\n");
	START(reply);
	ck_assert_int_eq(ask(&(struct hws_fetch){ 0 }), HWS_ERR_TOOBIG);
}
END_TEST

START_TEST(a_line_break_in_a_header_is_refused)
{
	static const char *const bad[] = { "X: a\r\nY: b", NULL };

	START("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	ck_assert_int_eq(ask(&(struct hws_fetch){ .headers = bad }), HWS_ERR_INVAL);
	ck_assert_int_eq(ask(&(struct hws_fetch){ .bearer = "a\nb" }), HWS_ERR_INVAL);
	ck_assert_str_eq(web_server_asked(server), "");
}
END_TEST

START_TEST(only_web_addresses)
{
	static const char *const urls[] = { "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://a",
		"", "https://", "http://[::1" };

	for (size_t i = 0; i < HWS_COUNT(urls); i++) {
		const struct hws_fetch f = { .url = urls[i], .timeout_us = 1000000 };

		ck_assert_int_eq(hws_fetch(NULL, &f, &answer, &err), HWS_ERR_INVAL);
	}
}
END_TEST

START_TEST(a_server_of_this_machine_is_not_public)
{
	START("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	ck_assert_int_eq(ask(&(struct hws_fetch){ .flags = HWS_FETCH_PUBLIC | HWS_FETCH_PLAIN }),
			HWS_ERR_DENIED);
	ck_assert_uint_eq(web_server_links(server), 0);
}
END_TEST

static const struct {
	const char *addr;
	bool tls;
	unsigned flags;
	bool may;
} places[] = {
	{ "127.0.0.1:80", false, 0, true },
	{ "[::1]:80", false, 0, true },
	{ "[::ffff:127.0.0.1]:80", false, 0, true },
	{ "192.168.1.2:80", false, 0, false },
	{ "192.168.1.2:80", true, 0, true },
	{ "192.168.1.2:80", false, HWS_FETCH_PLAIN, true },
	{ "9.9.9.9:443", true, HWS_FETCH_PUBLIC, true },
	{ "9.9.9.9:80", false, HWS_FETCH_PUBLIC, false },
	{ "9.9.9.9:80", false, HWS_FETCH_PUBLIC | HWS_FETCH_PLAIN, true },
	{ "192.168.1.2:443", true, HWS_FETCH_PUBLIC, false },
	{ "10.0.0.1:443", true, HWS_FETCH_PUBLIC, false },
	{ "127.0.0.1:443", true, HWS_FETCH_PUBLIC, false },
	{ "169.254.169.254:443", true, HWS_FETCH_PUBLIC, false },
	{ "100.64.0.1:443", true, HWS_FETCH_PUBLIC, false },
	{ "0.0.0.0:443", true, HWS_FETCH_PUBLIC, false },
	{ "[::ffff:10.0.0.1]:443", true, HWS_FETCH_PUBLIC, false },
	{ "[fe80::1]:443", true, HWS_FETCH_PUBLIC, false },
	{ "[fd00::1]:443", true, HWS_FETCH_PUBLIC, false },
	{ "[64:ff9b::a00:1]:443", true, HWS_FETCH_PUBLIC, false },
	{ "[2002:a00:1::1]:443", true, HWS_FETCH_PUBLIC, false },
	{ "[2001:db8::1]:443", true, HWS_FETCH_PUBLIC, false },
	{ "[2001:0:1::1]:443", true, HWS_FETCH_PUBLIC, false },
	{ "[2620:fe::fe]:443", true, HWS_FETCH_PUBLIC, true },
};

START_TEST(where_a_connection_may_go)
{
	struct sockaddr_storage a;

	ck_assert_int_eq(hws_addr_parse(places[_i].addr, 1, &a), HWS_OK);
	ck_assert_msg(hws_fetch_may_connect(&a, places[_i].tls, places[_i].flags) == places[_i].may,
			"%s", places[_i].addr);
}
END_TEST

START_TEST(certificates_are_checked)
{
	static const char *const replies[] = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		NULL };
	char dir[256], cert[320], key[320];

	test_dir(dir, sizeof(dir));
	certificate_make(dir, "IP:127.0.0.1", cert, key);
	start("https", cert, key, replies);
	ck_assert_int_eq(ask(&(struct hws_fetch){ 0 }), HWS_ERR_CRYPTO);
	ck_assert_int_eq(ask(&(struct hws_fetch){ .ca_file = cert }), HWS_OK);
	ck_assert_int_gt(answer.cert_expires_s, time(NULL));
	ck_assert_int_eq(answer.date_s, 0);
	body_is("ok");
	/* Another name than the certificate's. */
	snprintf(url, sizeof(url), "https://localhost:%u/", web_server_port(server));
	ck_assert_int_eq(ask(&(struct hws_fetch){ .ca_file = cert }), HWS_ERR_CRYPTO);
	ck_assert_int_eq(ask(&(struct hws_fetch){ .ca_file = "/nowhere" }), HWS_ERR_PERM);
}
END_TEST

START_TEST(a_client_keeps_its_connection)
{
	struct hws_web *web = NULL;

	START("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	ck_assert_int_eq(hws_web_new(&web), HWS_OK);
	for (int i = 0; i < 3; i++) {
		const struct hws_fetch f = { .url = url };

		ck_assert_int_eq(hws_fetch(web, &f, &answer, &err), HWS_OK);
		body_is("ok");
	}
	ck_assert_uint_eq(web_server_links(server), 1);
	hws_web_free(web);
}
END_TEST

START_TEST(nobody_listens)
{
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", test_free_port());
	ck_assert_int_eq(ask(&(struct hws_fetch){ 0 }), HWS_ERR_REFUSED);
	snprintf(url, sizeof(url), "http://localhost/");
	ck_assert_int_eq(ask(&(struct hws_fetch){ .unix_socket = "/nowhere/a.sock" }),
			HWS_ERR_REFUSED);
}
END_TEST

START_TEST(parts_of_a_url)
{
	char buf[32];

	ck_assert_int_eq(hws_url_escape("a/b?c=\xc3\xa4 %~", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "a%2Fb%3Fc%3D%C3%A4%20%25~");
	ck_assert_int_eq(hws_url_escape("..", buf, sizeof(buf)), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_url_escape(".", buf, sizeof(buf)), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_url_escape("...", buf, sizeof(buf)), HWS_OK);
	ck_assert_int_eq(hws_url_escape("0123456789/", buf, 13), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_url_escape("0123456789/", buf, 14), HWS_OK);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("web/fetch");
	TCase *c = test_case(s, "questions", 60,
			TESTS(a_question_and_its_answer, a_redirect_is_an_answer_and_not_followed,
					a_body_that_is_too_long_is_refused,
					a_long_body_goes_to_its_reader, silence_ends,
					what_is_no_answer_is_an_error, headers_without_end_are_cut,
					a_line_break_in_a_header_is_refused, only_web_addresses,
					a_server_of_this_machine_is_not_public,
					certificates_are_checked, a_client_keeps_its_connection,
					nobody_listens, parts_of_a_url));

	tcase_add_checked_fixture(c, NULL, tear_down);
	c = test_case(s, "places", 60, TESTS_NONE);
	tcase_add_loop_test(c, where_a_connection_may_go, 0, HWS_COUNT(places));
	return test_suite_run(s);
}
