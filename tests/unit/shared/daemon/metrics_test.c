/* The text of metrics, and the responder on a free port. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/metrics.h"

static struct hws_loop *loop;
static struct hws_metrics *metrics;
static struct hws_metrics_http *http;
static struct hws_error err;
static uint64_t idle = 3, limit = 4;
static bool ready;

static double half(void *arg)
{
	return *(uint64_t *)arg / 2.0;
}

static bool is_ready(void *arg)
{
	return *(bool *)arg;
}

static void set_up(void)
{
	ready = true;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_metrics_new(&metrics), HWS_OK);
	ck_assert_int_eq(hws_metrics_add(metrics, HWS_COUNTER, "x_closed_total", "why=\"idle\"",
					 "Pairs closed.", &idle),
			HWS_OK);
	ck_assert_int_eq(hws_metrics_add_fn(
					 metrics, HWS_GAUGE, "x_half", NULL, "Half.", half, &idle),
			HWS_OK);
	ck_assert_int_eq(hws_metrics_add(metrics, HWS_COUNTER, "x_closed_total", "why=\"limit\"",
					 "Pairs closed.", &limit),
			HWS_OK);
	ck_assert_int_eq(hws_metrics_http_new(loop, metrics, "127.0.0.1", 0, is_ready, &ready,
					 &http, &err),
			HWS_OK);
	ck_assert_uint_ne(hws_metrics_http_port(http), 0);
}

static void tear_down(void)
{
	hws_metrics_http_free(http);
	hws_metrics_free(metrics);
	hws_loop_free(loop);
}

START_TEST(rows_of_one_name_stand_together)
{
	struct hws_buf out;

	hws_buf_init(&out, 1 << 16);
	hws_metrics_text(metrics, &out);
	hws_buf_put_u8(&out, 0);
	ck_assert_str_eq((char *)out.data,
			"# HELP x_closed_total Pairs closed.\n# TYPE x_closed_total counter\n"
			"x_closed_total{why=\"idle\"} 3\nx_closed_total{why=\"limit\"} 4\n"
			"# HELP x_half Half.\n# TYPE x_half gauge\nx_half 1.5\n");
	hws_buf_done(&out);
}
END_TEST

static char out[1 << 16];

static int dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(hws_metrics_http_port(http)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Sends in pieces, reads until the server closes. */
static const char *ask(const char *request, size_t piece)
{
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;
	size_t len = strlen(request), got = 0;
	ssize_t n = -1;
	int fd = dial();

	while (hws_clock_us() < end && n != 0) {
		size_t part = len < piece ? len : piece;

		if (part && send(fd, request, part, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)part) {
			request += part;
			len -= part;
		}
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
		n = recv(fd, out + got, sizeof(out) - 1 - got, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			break;
		if (n > 0)
			got += (size_t)n;
	}
	ck_assert_int_le(n, 0);
	out[got] = 0;
	close(fd);
	return out;
}

static const struct {
	const char *request;
	const char *status;
	const char *body; /* how the answer ends */
} exchanges[] = {
	{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "x_half 1.5\n" },
	{ "GET /metrics?x=1 HTTP/1.0\r\n\r\n", "200 OK", "x_half 1.5\n" },
	{ "HEAD /metrics HTTP/1.1\r\n\r\n", "200 OK", "\r\n\r\n" },
	{ "GET /healthz HTTP/1.1\r\n\r\n", "200 OK", "OK\n" },
	{ "GET /readyz HTTP/1.1\r\n\r\n", "200 OK", "OK\n" },
	{ "GET / HTTP/1.1\r\n\r\n", "404 Not Found", "Not Found\n" },
	{ "GET /metricsx HTTP/1.1\r\n\r\n", "404 Not Found", "\n" },
	{ "POST /metrics HTTP/1.1\r\n\r\n", "405 Method", "\n" },
	{ "GET /metrics\r\n\r\n", "400 Bad", "\n" },
	{ "GET /metrics SPDY/9\r\n\r\n", "400 Bad", "\n" },
	{ "\r\n\r\n", "400 Bad", "\n" },
};

START_TEST(requests_are_answered_also_in_pieces)
{
	for (size_t piece = 1; piece < 100; piece += 33) {
		const char *answer = ask(exchanges[_i].request, piece);
		size_t n = strlen(answer), m = strlen(exchanges[_i].body);

		ck_assert(hws_str_starts(answer, "HTTP/1.1 "));
		ck_assert_msg(hws_str_starts(answer + 9, exchanges[_i].status), "%s", answer);
		ck_assert_uint_ge(n, m);
		ck_assert_str_eq(answer + n - m, exchanges[_i].body);
	}
}
END_TEST

START_TEST(not_ready_is_503)
{
	ready = false;
	ck_assert(hws_str_starts(ask("GET /readyz HTTP/1.1\r\n\r\n", 100), "HTTP/1.1 503 "));
	ck_assert(hws_str_starts(ask("GET /healthz HTTP/1.1\r\n\r\n", 100), "HTTP/1.1 200 "));
}
END_TEST

START_TEST(endless_requests_are_cut)
{
	static char longer[20000];

	memset(longer, 'x', sizeof(longer) - 1);
	ck_assert(hws_str_starts(ask(longer, 4096), "HTTP/1.1 431 "));
	memcpy(longer, "GET /", 5);
	memcpy(longer + 5000, " HTTP/1.1\r\n\r\n", 14);
	ck_assert(hws_str_starts(ask(longer, 8000), "HTTP/1.1 414 "));
}
END_TEST

START_TEST(many_silent_links_do_not_add_up)
{
	int fds[64];
	unsigned closed = 0;
	char c;

	for (int i = 0; i < 64; i++) {
		fds[i] = dial();
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
	}
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
	for (int i = 0; i < 64; i++)
		closed += recv(fds[i], &c, 1, MSG_DONTWAIT) == 0;
	ck_assert_uint_eq(closed, 64 - 16);
	for (int i = 0; i < 64; i++)
		close(fds[i]);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
	ck_assert(hws_str_starts(ask("GET /healthz HTTP/1.1\r\n\r\n", 100), "HTTP/1.1 200 "));
}
END_TEST

START_TEST(a_port_in_use_and_a_bad_address_are_explained)
{
	struct hws_metrics_http *second;

	ck_assert_int_eq(hws_metrics_http_new(loop, metrics, "127.0.0.1",
					 hws_metrics_http_port(http), NULL, NULL, &second, &err),
			HWS_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, "choose another port"));
	ck_assert_int_eq(hws_metrics_http_new(
					 loop, metrics, "localhost", 0, NULL, NULL, &second, &err),
			HWS_ERR_INVAL);
}
END_TEST

START_TEST(rows_survive_failing_allocations)
{
	struct hws_metrics *m;

	for (unsigned long n = 1; n < 5; n++) {
		int added = 0;

		hws_mem_fail_at(n);
		if (hws_metrics_new(&m) == HWS_OK) {
			for (int i = 0; i < 100; i++)
				added += hws_metrics_add(m, HWS_GAUGE, "a", NULL, "A.", &idle) ==
						HWS_OK;
			hws_metrics_free(m);
		}
		hws_mem_fail_at(0);
		/* one row at most is lost: the next add tries to grow again */
		ck_assert_int_ge(added, n == 1 ? 0 : 99);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon/metrics");
	TCase *t = tcase_create("metrics");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, rows_of_one_name_stand_together);
	tcase_add_loop_test(t, requests_are_answered_also_in_pieces, 0, HWS_COUNT(exchanges));
	tcase_add_test(t, not_ready_is_503);
	tcase_add_test(t, endless_requests_are_cut);
	tcase_add_test(t, many_silent_links_do_not_add_up);
	tcase_add_test(t, a_port_in_use_and_a_bad_address_are_explained);
	tcase_add_test(t, rows_survive_failing_allocations);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
