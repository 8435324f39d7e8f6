/* The way through proxies, against a proxy that follows a script in memory. */
#include "shared/base/buf.h"
#include "shared/base/str.h"
#include "shared/net/proxy_client.h"
#include "tests/support/suite.h"
#include "tests/support/vector.h"
#include <check.h>
#include <string.h>

static struct hws_loop *loop;
static struct hws_stream *near, *far, *got;
static struct hws_buf heard; /* what the proxy was told */
static int result;
static bool done;

static void on_done(int r, struct hws_stream *s, void *arg)
{
	(void)arg;
	ck_assert(!done);
	done = true;
	result = r;
	got = s;
	ck_assert((r == HWS_OK) == (s != NULL));
}

static void hear(void)
{
	uint8_t buf[512];
	ssize_t n;

	while ((n = hws_stream_read(far, buf, sizeof(buf))) > 0)
		hws_buf_put(&heard, buf, (size_t)n);
}

static void turns(void)
{
	for (int i = 0; i < 20; i++)
		hws_loop_once(loop, 0);
	hear();
}

/* In pieces, as the pipe takes them; what comes after the end of the matter stays in it. */
static void say(const void *data, size_t len)
{
	const uint8_t *at = data;

	for (int i = 0; i < 1000 && len > 0; i++) {
		ssize_t n = hws_stream_write(far, hws_bytes(at, len));

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
		turns();
	}
	for (int i = 0; i < 30; i++)
		turns();
}

/* The proxy must have been told exactly this since the last look. */
static void must_hear(const void *data, size_t len)
{
	struct hws_bytes all = hws_buf_bytes(&heard);

	ck_assert_uint_eq(all.len, len);
	ck_assert_mem_eq(all.ptr, data, len);
	hws_buf_reset(&heard);
}

static void begin(const char *url, const char *user, const char *password, const char *host,
		uint16_t port)
{
	const struct hws_mem_conf torture = { .read_max = 1, .write_max = 3 };
	struct hws_proxy proxy;
	const struct hws_proxy_target target = { &proxy, host, port };
	struct hws_proxy_ask *ask;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_stream_mem_pair(loop, &torture, &near, &far), HWS_OK);
	hws_buf_init(&heard, 4096);
	ck_assert_int_eq(hws_proxy_set(url, user, password, &proxy), HWS_OK);
	ck_assert_int_eq(hws_proxy_ask_start(loop, near, &target, on_done, NULL, &ask), HWS_OK);
	memset(&proxy, 0, sizeof(proxy)); /* it was copied */
	ck_assert(!done);
	for (int i = 0; i < 300; i++)
		turns();
}

static void end(void)
{
	hws_stream_close(got);
	hws_stream_close(far);
	hws_loop_once(loop, 0);
	hws_buf_done(&heard);
	hws_loop_free(loop);
	got = NULL;
	done = false;
}

/* The target's first word came right behind the proxy's answer. */
static void must_have_passed(const char *word)
{
	char buf[64];
	size_t len = 0;

	ck_assert(done);
	ck_assert_int_eq(result, HWS_OK);
	while (len < strlen(word)) {
		ssize_t n = hws_stream_read(got, buf + len, sizeof(buf) - len);

		ck_assert(n > 0 || n == HWS_ERR_AGAIN);
		len += n > 0 ? (size_t)n : 0;
	}
	ck_assert_mem_eq(buf, word, len);
	ck_assert_int_eq(hws_stream_read(got, buf, 1), HWS_ERR_AGAIN);
}

START_TEST(an_http_proxy_is_asked_to_connect)
{
	static const char want[] = "CONNECT id.example.org:21116 HTTP/1.1\r\n"
				   "Host: id.example.org:21116\r\n\r\n";

	begin("http://proxy.example.org:3128", "", "", "id.example.org", 21116);
	must_hear(want, strlen(want));
	say("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\nhello", 50);
	must_have_passed("hello");
	end();
}
END_TEST

START_TEST(an_http_proxy_is_asked_as_deployed_clients_ask)
{
	uint8_t want[512];
	size_t len = test_vector("rendezvous.json", "http-connect", want, sizeof(want), NULL, NULL);

	begin("http://proxy.example.org", "u", "p", "rs.example.com", 21116);
	must_hear(want, len);
	end();
}
END_TEST

START_TEST(name_and_password_are_told_to_an_http_proxy)
{
	static const char want[] = "CONNECT [2001:db8::1]:5 HTTP/1.1\r\n"
				   "Host: [2001:db8::1]:5\r\n"
				   "Proxy-Authorization: Basic YW5uYTpz77+9Y3JldA==\r\n\r\n";

	begin("http://proxy.example.org", "anna",
			"s\xef\xbf\xbd"
			"cret",
			"2001:db8::1", 5);
	must_hear(want, strlen(want));
	say("HTTP/1.0 200 \r\n\r\n", 17);
	must_have_passed("");
	end();
}
END_TEST

START_TEST(a_socks_proxy_is_asked_in_its_own_way)
{
	static const struct {
		const char *host;
		const void *request;
		size_t len;
	} cases[] = {
		{ "relay.example", "\x05\x01\x00\x03\x0drelay.example\x52\x7d", 20 },
		{ "192.0.2.7", "\x05\x01\x00\x01\xc0\x00\x02\x07\x52\x7d", 10 },
		{ "2001:db8::1",
				"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0"
				"\0\0\0\0\0\0\0\0\x01\x52\x7d",
				22 },
	};
	static const struct {
		const void *bytes;
		size_t len;
	} replies[] = {
		{ "\x05\x00\x00\x03\x04"
		  "abcd\x00\x01word",
				15 },
		{ "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01word", 14 },
		{ "\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x01word", 26 },
	};

	begin("socks5://proxy.example.org", "", "", cases[_i].host, 21117);
	must_hear("\x05\x01\x00", 3);
	say("\x05\x00", 2);
	must_hear(cases[_i].request, cases[_i].len);
	say(replies[_i].bytes, replies[_i].len);
	must_have_passed("word");
	end();
}
END_TEST

START_TEST(name_and_password_are_told_to_a_socks_proxy)
{
	begin("proxy.example.org", "anna", "secret", "192.0.2.7", 1);
	must_hear("\x05\x02\x00\x02", 4);
	say("\x05\x02", 2);
	must_hear("\x01\x04"
		  "anna\x06secret",
			13);
	say("\x01\x00", 2);
	must_hear("\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x01", 10);
	say("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01", 10);
	must_have_passed("");
	end();
}
END_TEST

START_TEST(refusals_have_their_reasons)
{
	static const struct {
		const char *url;
		const void *answer;
		size_t len;
		int want;
	} cases[] = {
		{ "http://p", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 46,
				HWS_ERR_DENIED },
		{ "http://p", "HTTP/1.1 403 no\r\n\r\n", 19, HWS_ERR_DENIED },
		{ "http://p", "HTTP/1.1 502 no\r\n\r\n", 19, HWS_ERR_UNREACHABLE },
		{ "http://p", "HTTP/1.1 404 no\r\n\r\n", 19, HWS_ERR_REFUSED },
		{ "http://p", "SSH-2.0-x y\r\n\r\n", 15, HWS_ERR_PROTO },
		{ "http://p", "\r\n\r\n", 4, HWS_ERR_PROTO },
		{ "socks5://p", "\x05\xff", 2, HWS_ERR_DENIED },
		{ "socks5://p", "\x05\x02", 2, HWS_ERR_DENIED }, /* not what we offered */
		{ "socks5://p", "\x04\x00", 2, HWS_ERR_PROTO },
		{ "socks5://p", "\x05\x00\x05\x05\x00\x01\x00", 7, HWS_ERR_REFUSED },
		{ "socks5://p", "\x05\x00\x05\x02\x00\x01\x00", 7, HWS_ERR_DENIED },
		{ "socks5://p", "\x05\x00\x05\x99\x00\x01\x00", 7, HWS_ERR_PROTO },
		{ "socks5://p", "\x05\x00\x05\x00\x00\x09\x00", 7, HWS_ERR_PROTO },
	};

	begin(cases[_i].url, "", "", "192.0.2.7", 1);
	say(cases[_i].answer, cases[_i].len);
	ck_assert(done);
	ck_assert_int_eq(result, cases[_i].want);
	end();
}
END_TEST

START_TEST(an_endless_answer_and_an_end_are_failures)
{
	char line[64];

	begin("http://p", "", "", "192.0.2.7", 1);
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 80 && !done; i++) {
		say(line, sizeof(line));
	}
	ck_assert(done);
	ck_assert_int_eq(result, HWS_ERR_TOOBIG);
	end();
	begin("http://p", "", "", "192.0.2.7", 1);
	say("HTTP/1.1 200", 12);
	hws_stream_close(far);
	far = NULL;
	for (int i = 0; i < 50 && !done; i++)
		hws_loop_once(loop, 0);
	ck_assert(done);
	ck_assert_int_eq(result, HWS_ERR_RESET);
	end();
}
END_TEST

START_TEST(settings_are_checked)
{
	static const char *const bad[] = { "ftp://h", "http://", "socks5://h:0", "http://h/x",
		"http://a b", "http://user:pass@h:1", "user@h", ":1" };
	char longest[300];
	struct hws_proxy p = { .port = 7 };

	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(hws_proxy_set(bad[i], "", "", &p) < 0, "%s", bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	ck_assert_int_lt(hws_proxy_set("h", longest, "x", &p), 0);
	ck_assert_int_lt(hws_proxy_set("h", "x", longest, &p), 0);
	ck_assert_int_lt(hws_proxy_set(longest, "", "", &p), 0);
	ck_assert_uint_eq(p.port, 7);
	ck_assert_int_eq(hws_proxy_set("https://h/", "u", "", &p), HWS_OK);
	ck_assert_int_eq(p.kind, HWS_PROXY_HTTPS);
	ck_assert_uint_eq(p.port, 443);
	ck_assert_str_eq(p.user, ""); /* a name alone is none */
	ck_assert_int_eq(hws_proxy_set("h", "", "", &p), HWS_OK);
	ck_assert_int_eq(p.kind, HWS_PROXY_SOCKS5);
	ck_assert_uint_eq(p.port, 1080);
	ck_assert_int_eq(hws_proxy_set("", "", "", &p), HWS_OK);
	ck_assert_int_eq(p.kind, HWS_PROXY_NONE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/proxy_client");
	TCase *t = test_case(s, "proxy_client", 60,
			TESTS(an_http_proxy_is_asked_to_connect,
					an_http_proxy_is_asked_as_deployed_clients_ask,
					name_and_password_are_told_to_an_http_proxy,
					name_and_password_are_told_to_a_socks_proxy,
					an_endless_answer_and_an_end_are_failures,
					settings_are_checked));

	tcase_add_loop_test(t, a_socks_proxy_is_asked_in_its_own_way, 0, 3);
	tcase_add_loop_test(t, refusals_have_their_reasons, 0, 13);
	return test_suite_run(s);
}
