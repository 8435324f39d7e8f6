/* The HTTP edge over sockets: each limit and each rule that only shows there. */
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "tests/component/api/edge.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: a\r\n"

static struct edge *edge;

static void set_up(void)
{
	edge = edge_start(NULL);
}

#define BIG_HEAD                                                                                   \
	"POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1048576\r\n\r\n"
#define SMALL_ECHO "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"

static void tear_down(void)
{
	edge_stop(edge);
}

static void begin(void (*change)(struct htp_conf *conf))
{
	edge_stop(edge);
	edge = edge_start(change);
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static const struct {
	const char *request, *in_reply, *not_in_reply;
} calls[] = {
	/* replies as clients parse them */
	{ "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n{\"a\":\"b\"}",
			"\r\n\r\n{\"a\":\"b\"}", "chunked" },
	{ "POST /echo HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
			"\r\n\r\n{}", NULL },
	{ "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "Content-Length: 0\r\n",
			"\r\nContent-Type" },
	{ "POST /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 OK\r\n", NULL },
	{ "DELETE /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n[\"a\"]", "\r\n\r\n[\"a\"]",
			NULL },
	{ "POST /echo HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x\r\n}\r\n0\r\n\r\n",
			"\r\n\r\n{}", NULL },
	{ "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n{", "HTTP/1.1 400 ", NULL },
	{ "GET /param/a%20b?x=%C3%A4 HTTP/1.1\r\n" HOST "\r\n",
			"{\"id\":\"a b\",\"x\":\"\xc3\xa4\"}", NULL },
	{ "HEAD /param/1 HTTP/1.1\r\n" HOST "\r\n", "Content-Length: 19\r\n", "\"id\"" },
	{ "GET /param/1 HTTP/1.0\r\n\r\n", "Connection: close\r\n", NULL },
	{ "POST /none HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\njunk", "HTTP/1.1 200 ", NULL },
	/* where nobody answers */
	{ "GET /nope HTTP/1.1\r\n" HOST "\r\n", "{\"error\":\"Not found\"}", NULL },
	{ "POST /nope HTTP/1.1\r\n" HOST "Content-Length: 900000\r\n\r\n", "HTTP/1.1 404 ", NULL },
	{ "PUT /echo HTTP/1.1\r\n" HOST "\r\n", "Allow: POST, DELETE, OPTIONS\r\n", NULL },
	{ "OPTIONS /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 204 ", "Access-Control" },
	{ "GET /../etc/passwd HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 400 ", NULL },
	{ "GET /local HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ", NULL },
	{ "GET /a HTTP/1.1\r\nHost : a\r\n\r\n", "HTTP/1.1 400 ", NULL },
	{ "\x16\x03\x01\x02\r\n\r\n", "HTTP/1.1 400 ", NULL },
	{ "\r\n\r\nGET /peer HTTP/1.1\r\n" HOST "\r\n", "127.0.0.1", NULL },
	/* bodies */
	{ "PUT /raw HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", "HTTP/1.1 413 ", NULL },
	{ "PUT /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n65\r\n", "HTTP/1.1 413 ",
			NULL },
	{ "PUT /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 ",
			NULL },
	{ "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", "HTTP/1.1 413 ", NULL },
	{ "PUT /raw HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
			"HTTP/1.1 400 ", NULL },
	/* who asks */
	{ "GET /who HTTP/1.1\r\n" HOST "\r\n", "{\"error\":\"Sign in first\"}", NULL },
	{ "GET /who HTTP/1.1\r\n" HOST "Authorization: Bearer bad\r\n\r\n",
			"{\"error\":\"Invalid token\"}", NULL },
	/* a page of another site may have a browser log in, or guess */
	{ "POST /echo HTTP/1.1\r\n" HOST "Origin: http://evil\r\nContent-Length: 2\r\n\r\n{}",
			"HTTP/1.1 403 ", NULL },
	{ "GET /who HTTP/1.1\r\n" HOST "Authorization: Bearer good\r\n\r\n", "HTTP/1.1 200 ",
			NULL },
	{ "GET /who HTTP/1.1\r\n" HOST "Authorization: Bearer good, x\r\n\r\n", "HTTP/1.1 401 ",
			NULL },
	{ "GET /who HTTP/1.1\r\n" HOST "Cookie: a=b; session=good\r\n\r\n", "HTTP/1.1 200 ", NULL },
	{ "GET /who HTTP/1.1\r\n" HOST "Cookie: xsession=good\r\n\r\n", "HTTP/1.1 401 ", NULL },
	{ "GET /who HTTP/1.1\r\n" HOST "Cookie: session=good\r\nOrigin: http://evil\r\n\r\n",
			"HTTP/1.1 403 ", NULL },
	{ "PUT /console HTTP/1.1\r\n" HOST "Cookie: session=good\r\nOrigin: http://a\r\n\r\n",
			"HTTP/1.1 200 ", NULL },
	{ "PUT /console HTTP/1.1\r\n" HOST "Cookie: session=good\r\nOrigin: null\r\n\r\n",
			"HTTP/1.1 403 ", NULL },
	{ "PUT /console HTTP/1.1\r\n" HOST
	  "Cookie: session=good\r\nSec-Fetch-Site: cross-site\r\n\r\n",
			"HTTP/1.1 403 ", NULL },
	/* files */
	{ "GET / HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\n<p>", "no-store" },
	{ "GET /sub/app.js HTTP/1.1\r\n" HOST "\r\n", "ETag: \"e2\"\r\n", NULL },
	{ "GET /sub/app.js HTTP/1.1\r\n" HOST "If-None-Match: \"e2\"\r\n\r\n", "HTTP/1.1 304 ",
			"Content-Length" },
	{ "GET /index.html HTTP/1.1\r\n" HOST "\r\n", "frame-ancestors 'none';", "unsafe" },
	{ "GET /sub HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ", NULL },
	{ "GET /sub/app.jsx HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ", NULL },
	{ "POST /index.html HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ", NULL },
};

START_TEST(a_call_and_its_reply)
{
	const char *reply = edge_call(edge, calls[_i].request);

	ck_assert_msg(strstr(reply, calls[_i].in_reply) != NULL, "%s gave %s", calls[_i].request,
			reply);
	if (calls[_i].not_in_reply)
		ck_assert_msg(!strstr(reply, calls[_i].not_in_reply), "%s gave %s",
				calls[_i].request, reply);
	ck_assert_uint_eq(count_of(reply, "HTTP/1.1 "), 1);
}
END_TEST

START_TEST(a_link_serves_one_after_the_other)
{
	const char *reply = edge_call(edge,
			"PUT /raw HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
			"GET /peer HTTP/1.1\r\n" HOST "\r\n\r\n"
			"PUT /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
			"2\r\nxy\r\n0\r\n\r\n"
			"GET /nope HTTP/1.1\r\n" HOST "\r\n"
			"GET /param/last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
			"GET /param/never HTTP/1.1\r\n" HOST "\r\n");

	ck_assert_uint_eq(count_of(reply, "HTTP/1.1 "), 5);
	ck_assert_uint_eq(count_of(reply, "HTTP/1.1 200 OK"), 4);
	ck_assert_ptr_nonnull(strstr(reply, "\r\n\r\nabcHTTP"));
	ck_assert_ptr_nonnull(strstr(reply, "\r\n\r\nxyHTTP"));
	ck_assert_ptr_nonnull(strstr(reply, "last"));
}
END_TEST

START_TEST(bytes_come_one_by_one)
{
	static const char request[] = "PUT /raw HTTP/1.1\r\n" HOST
				      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
	int fd = edge_connect(edge);

	for (size_t i = 0; i < sizeof(request) - 1; i++)
		ck_assert(edge_send(fd, request + i, 1));
	(void)edge_until(fd, "\r\n\r\nabc");
	close(fd);
}
END_TEST

START_TEST(a_thousand_requests_at_once)
{
	struct hws_buf b;
	int fd = edge_connect(edge);
	const char *reply;

	hws_buf_init(&b, 1u << 20);
	for (unsigned i = 0; i < 1000; i++)
		hws_buf_put_str(&b, "GET /peer HTTP/1.1\r\n" HOST "\r\n");
	ck_assert(edge_send(fd, (const char *)hws_buf_bytes(&b).ptr, hws_buf_len(&b)));
	(void)shutdown(fd, SHUT_WR);
	reply = edge_rest(fd);
	ck_assert_uint_eq(count_of(reply, "HTTP/1.1 200 OK"), 1000);
	hws_buf_done(&b);
}
END_TEST

START_TEST(a_big_reply_comes_whole)
{
	const char *reply = edge_call(edge, "GET /big HTTP/1.1\r\n" HOST "\r\n");

	ck_assert_uint_eq(strlen(strstr(reply, "\r\n\r\n") + 4), 3u << 20);
}
END_TEST

START_TEST(a_reply_in_parts)
{
	const char *reply = edge_call(edge,
			"GET /parts?x=41 HTTP/1.1\r\n" HOST "\r\n"
			"HEAD /parts?x=41 HTTP/1.1\r\n" HOST "\r\n"
			"GET /parts HTTP/1.1\r\n" HOST "\r\n"
			"GET /peer HTTP/1.1\r\n" HOST "\r\n");
	int fd;

	ck_assert_uint_eq(count_of(reply, "HTTP/1.1 200 OK"), 4);
	ck_assert_uint_eq(count_of(reply, "Transfer-Encoding: chunked"), 3);
	ck_assert_uint_eq(count_of(reply, "line 999\n"), 21);
	ck_assert_uint_eq(count_of(reply, "\r\n5208\r\npart 0000"), 21);
	ck_assert_uint_eq(count_of(reply, "\r\n0\r\n\r\n"), 2);

	/* one that breaks off is seen to */
	reply = edge_call(edge, "GET /parts?x=778 HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_uint_eq(count_of(reply, "\r\n0\r\n\r\n"), 0);

	/* older clients have it until the link ends */
	reply = edge_call(edge, "GET /parts?x=3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	ck_assert_uint_eq(count_of(reply, "Transfer-Encoding"), 0);
	ck_assert_uint_eq(strlen(strstr(reply, "\r\n\r\n") + 4), 2 * 21000);

	/* who goes midway takes nothing down */
	fd = edge_connect(edge);
	(void)edge_send(fd, "GET /parts?x=60000 HTTP/1.1\r\n" HOST "\r\n",
			strlen("GET /parts?x=60000 HTTP/1.1\r\n" HOST "\r\n"));
	(void)edge_until(fd, "part 059999");
	close(fd);
}
END_TEST

START_TEST(who_waits_for_our_word_gets_it)
{
	int fd = edge_connect(edge);
	static const char head[] = "PUT /raw HTTP/1.1\r\n" HOST
				   "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";
	static const char refused[] = "PUT /nope HTTP/1.1\r\n" HOST
				      "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";
	const char *reply;

	ck_assert(edge_send(fd, head, sizeof(head) - 1));
	(void)edge_until(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	ck_assert(edge_send(fd, "abc", 3));
	(void)edge_until(fd, "\r\n\r\nabc");
	ck_assert(edge_send(fd, refused, sizeof(refused) - 1));
	reply = edge_until(fd, "\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(reply, "HTTP/1.1 404 "));
	ck_assert_ptr_null(strstr(reply, " 100 "));
	close(fd);
}
END_TEST

START_TEST(heads_are_capped)
{
	int fd = edge_connect(edge);
	struct hws_buf b;

	hws_buf_init(&b, 1u << 20);
	hws_buf_put_str(&b, "GET / HTTP/1.1\r\nX: ");
	for (unsigned i = 0; i < HTP_HEAD_MAX; i++)
		hws_buf_put_u8(&b, 'x');
	ck_assert(edge_send(fd, (const char *)hws_buf_bytes(&b).ptr, hws_buf_len(&b)));
	ck_assert_ptr_nonnull(strstr(edge_rest(fd), "HTTP/1.1 431 "));
	hws_buf_done(&b);
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

static void impatient(struct htp_conf *conf)
{
	conf->head_us = 300000;
	conf->idle_us = 300000;
}

START_TEST(a_trickle_does_not_hold_a_link)
{
	int fd;

	begin(impatient);
	fd = edge_connect(edge);
	ck_assert(edge_send(fd, "GET / HTTP/1.1\r\nX: ", 19));
	for (unsigned i = 0; i < 1200 && edge_send(fd, "x", 1); i++)
		usleep(50000);
	ck_assert_str_eq(edge_rest(fd), "");
	ck_assert_uint_eq(edge_refused(edge, HTP_REFUSED_SLOW), 1);
}
END_TEST

START_TEST(an_unused_link_ends)
{
	int fd;

	begin(impatient);
	fd = edge_connect(edge);
	ck_assert(edge_send(fd, "GET /peer HTTP/1.1\r\n" HOST "\r\n", 31));
	ck_assert_ptr_nonnull(strstr(edge_rest(fd), "127.0.0.1"));
	ck_assert_uint_eq(edge_refused(edge, HTP_REFUSED_SLOW), 0);
}
END_TEST

static void few(struct htp_conf *conf)
{
	conf->limits.links_per_address = 3;
}

START_TEST(an_address_has_few_links)
{
	int fd[3];

	begin(few);
	for (unsigned i = 0; i < 3; i++) {
		fd[i] = edge_connect(edge);
		ck_assert(edge_send(fd[i], "GET /peer HTTP/1.1\r\n" HOST "\r\n", 31));
		(void)edge_until(fd[i], "127.0.0.1");
	}
	ck_assert_str_eq(edge_call(edge, "GET /peer HTTP/1.1\r\n" HOST "\r\n"), "");
	for (unsigned i = 0; i < 3; i++)
		close(fd[i]);
	while (!strstr(edge_call(edge, "GET /peer HTTP/1.1\r\n" HOST "\r\n"), "127.0.0.1"))
		usleep(10000); /* they are given back once their ends were seen */
}
END_TEST

/* 31 bodies of a mebibyte that do not come hold what one address may; what is small goes on. */
START_TEST(bodies_that_do_not_come_fill_no_memory)
{
	int fd[31];

	for (unsigned i = 0; i < HWS_COUNT(fd); i++) {
		fd[i] = edge_connect(edge);
		ck_assert(edge_send(fd[i], BIG_HEAD, strlen(BIG_HEAD)));
		ck_assert_ptr_nonnull(strstr(edge_until(fd[i], "\r\n\r\n"), "100 Continue"));
	}
	(void)edge_call(edge, "GET /peer HTTP/1.1\r\n" HOST "\r\n");
	int more[2] = { edge_connect(edge), edge_connect(edge) };

	for (unsigned i = 0; i < 2; i++)
		ck_assert(edge_send(more[i], BIG_HEAD, strlen(BIG_HEAD)));
	ck_assert_ptr_nonnull(strstr(edge_until(more[0], "\r\n\r\n"), "100 Continue"));
	ck_assert_ptr_nonnull(strstr(edge_rest(more[1]), "HTTP/1.1 503 "));
	ck_assert_ptr_nonnull(strstr(edge_call(edge, SMALL_ECHO), "HTTP/1.1 200 "));
	close(more[0]);
	for (unsigned i = 0; i < HWS_COUNT(fd); i++)
		close(fd[i]);
}
END_TEST

START_TEST(who_goes_midway_is_forgotten)
{
	static const char request[] = "PUT /raw HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
				      "\r\n3\r\nabc\r\n0\r\n\r\n";
	const char *reply;

	begin(few);
	for (size_t n = 0; n < sizeof(request); n++) {
		int fd = edge_connect(edge);

		(void)edge_send(fd, request,
				n); /* too many at this moment: it has closed already */
		close(fd);
	}
	do {
		reply = edge_call(edge, "GET /peer HTTP/1.1\r\n" HOST "\r\n");
		usleep(5000);
	} while (!strstr(reply, "127.0.0.1"));
}
END_TEST

static void slow_login(struct htp_conf *conf)
{
	conf->limits.rate[HTP_RATE_LOGIN] = (struct htp_rate_limit){ 1, 3 };
}

START_TEST(guesses_are_counted)
{
	unsigned refused = 0;

	begin(slow_login);
	for (unsigned i = 0; i < 1000 && !refused; i++)
		refused += count_of(edge_call(edge, "GET /login HTTP/1.1\r\n" HOST "\r\n"),
				"HTTP/1.1 429 ");
	ck_assert_uint_eq(refused, 1);
	ck_assert_ptr_nonnull(
			strstr(edge_call(edge, "GET /peer HTTP/1.1\r\n" HOST "\r\n"), " 200 "));
	ck_assert_uint_eq(edge_refused(edge, HTP_REFUSED_RATE), 1);
}
END_TEST

static void short_queue(struct htp_conf *conf)
{
	conf->queue_max = 1;
}

START_TEST(a_full_queue_says_come_again)
{
	static const char slow[] = "GET /slow HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
	int fd[4];

	begin(short_queue);
	for (unsigned i = 0; i < 3; i++) {
		fd[i] = edge_connect(edge);
		ck_assert(edge_send(fd[i], slow, sizeof(slow) - 1));
		if (i < 2)
			edge_wait_slow(edge, i + 1);
	}
	/* two run, the third waits or is yet to be read: one of these two is too many */
	ck_assert_ptr_nonnull(
			strstr(edge_call(edge, "GET /peer HTTP/1.1\r\n" HOST "\r\n"), " 200 "));
	fd[3] = edge_connect(edge);
	ck_assert(edge_send(fd[3], slow, sizeof(slow) - 1));
	while (!edge_refused(edge, HTP_REFUSED_BUSY))
		usleep(5000);
	edge_release(edge);
	unsigned served = 0, refused = 0;

	for (unsigned i = 0; i < 4; i++) {
		const char *reply = edge_rest(fd[i]);

		served += count_of(reply, "was slow");
		refused += count_of(reply, "HTTP/1.1 503 ") && count_of(reply, "Retry-After: ");
	}
	ck_assert_uint_eq(served, 3);
	ck_assert_uint_eq(refused, 1);
}
END_TEST

START_TEST(passwords_are_in_nobodys_way)
{
	int fd[5];

	for (unsigned i = 0; i < 5; i++) {
		fd[i] = edge_connect(edge);
		ck_assert(edge_send(fd[i], "GET /hash HTTP/1.1\r\n" HOST "\r\n", 31));
	}
	edge_wait_slow(edge, 1);
	ck_assert_ptr_nonnull(
			strstr(edge_call(edge, "GET /param/1 HTTP/1.1\r\n" HOST "\r\n"), " 200 "));
	edge_release(edge);
	for (unsigned i = 0; i < 5; i++) {
		(void)edge_until(fd[i], "was slow");
		close(fd[i]);
	}
}
END_TEST

/* --- who is behind it ------------------------------------------------------------------------- */

static void behind_proxy(struct htp_conf *conf)
{
	conf->limits.trusted = "127.0.0.0/8";
	conf->limits.origins = "https://web.example";
}

#define VIA "GET /peer HTTP/1.1\r\n" HOST "X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\n\r\n"

START_TEST(a_trusted_proxy_says_who_asks)
{
	ck_assert_ptr_nonnull(strstr(edge_call(edge, VIA), "127.0.0.1"));
	begin(behind_proxy);
	ck_assert_ptr_nonnull(strstr(edge_call(edge, VIA), "198.51.100.7"));
}
END_TEST

START_TEST(the_local_socket_says_for_whom)
{
	int fd = edge_connect_local(edge);

	ck_assert(edge_send(fd, "GET /local HTTP/1.1\r\n" HOST "\r\n", 32));
	(void)edge_until(fd, "peer=unknown");
	ck_assert(edge_send(fd,
			"GET /local HTTP/1.1\r\n" HOST "X-Forwarded-For: 2001:db8::1\r\n\r\n", 62));
	(void)edge_until(fd, "2001:db8::1");
	close(fd);
}
END_TEST

START_TEST(another_site_must_be_on_the_list)
{
	const char *reply;

	begin(behind_proxy);
	reply = edge_call(edge,
			"OPTIONS /who HTTP/1.1\r\n" HOST "Origin: https://web.example\r\n"
			"Access-Control-Request-Method: GET\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(reply, "HTTP/1.1 204 "));
	ck_assert_ptr_nonnull(
			strstr(reply, "Access-Control-Allow-Origin: https://web.example\r\n"));
	ck_assert_ptr_nonnull(strstr(
			reply, "Access-Control-Allow-Headers: authorization, content-type\r\n"));
	reply = edge_call(edge,
			"OPTIONS /who HTTP/1.1\r\n" HOST "Origin: https://web.example.evil\r\n"
			"Access-Control-Request-Method: GET\r\n\r\n");
	ck_assert_ptr_null(strstr(reply, "Access-Control"));
	reply = edge_call(edge,
			"GET /who HTTP/1.1\r\n" HOST "Origin: https://web.example\r\n"
			"Authorization: Bearer bad\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(reply, "HTTP/1.1 401 "));
	ck_assert_ptr_nonnull(
			strstr(reply, "Access-Control-Allow-Origin: https://web.example\r\n"));
}
END_TEST

/* --- the end ---------------------------------------------------------------------------------- */

START_TEST(what_has_begun_is_answered)
{
	int idle = edge_connect(edge), busy = edge_connect(edge);

	ck_assert(edge_send(idle, "GET /peer HTTP/1.1\r\n" HOST "\r\n", 31));
	(void)edge_until(idle, "127.0.0.1");
	ck_assert(edge_send(busy, "GET /slow HTTP/1.1\r\n" HOST "\r\n", 31));
	edge_wait_slow(edge, 1);
	edge_drain(edge);
	ck_assert_str_eq(edge_rest(idle), "");
	edge_release(edge);
	const char *reply = edge_rest(busy);

	ck_assert_ptr_nonnull(strstr(reply, "was slow"));
	ck_assert_ptr_nonnull(strstr(reply, "Connection: close\r\n"));
}
END_TEST

START_TEST(an_end_while_handlers_run_leaks_nothing)
{
	int fd = edge_connect(edge);

	ck_assert(edge_send(fd, "GET /slow HTTP/1.1\r\n" HOST "\r\n", 31));
	edge_wait_slow(edge, 1);
	close(fd); /* tear_down ends the edge under the handler; address sanitizers see the rest */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http");
	TCase *c = test_case(s, "calls", 60, TESTS_NONE);

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, a_call_and_its_reply, 0, (int)HWS_COUNT(calls));
	c = test_case(s, "links", 60,
			TESTS(a_link_serves_one_after_the_other, bytes_come_one_by_one,
					a_thousand_requests_at_once, a_big_reply_comes_whole,
					a_reply_in_parts, who_waits_for_our_word_gets_it,
					heads_are_capped, a_trickle_does_not_hold_a_link,
					an_unused_link_ends, an_address_has_few_links,
					bodies_that_do_not_come_fill_no_memory,
					who_goes_midway_is_forgotten, guesses_are_counted,
					a_full_queue_says_come_again, passwords_are_in_nobodys_way,
					a_trusted_proxy_says_who_asks,
					the_local_socket_says_for_whom,
					another_site_must_be_on_the_list,
					what_has_begun_is_answered,
					an_end_while_handlers_run_leaks_nothing));
	tcase_add_checked_fixture(c, set_up, tear_down);
	return test_suite_run(s);
}
