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
#include "shared/base/times.h"
#include "shared/daemon/metrics.h"
#include "shared/daemon/process_metrics.h"

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

/* Exactly at a step's bound belongs to it; each step of the text has those before in it. */
START_TEST(durations_are_a_histogram)
{
	struct hws_times times = { 0 };
	struct hws_buf text;

	hws_times_add(&times, 0);
	hws_times_add(&times, 250);
	hws_times_add(&times, 251);
	hws_times_add(&times, 10000000);
	hws_times_add(&times, 10000001);
	ck_assert_int_eq(hws_metrics_add_hws_times(
					 metrics, "x_seconds", "of=\"a\"", "Long.", &times),
			HWS_OK);
	ck_assert_int_eq(hws_metrics_add_hws_times(
					 metrics, "x_plain_seconds", NULL, "Long.", &times),
			HWS_OK);
	hws_buf_init(&text, 1 << 16);
	hws_metrics_text(metrics, &text);
	hws_buf_put_u8(&text, 0);
	ck_assert_ptr_nonnull(strstr((char *)text.data,
			"# HELP x_seconds Long.\n# TYPE x_seconds histogram\n"
			"x_seconds_bucket{of=\"a\",le=\"0.00025\"} 2\n"
			"x_seconds_bucket{of=\"a\",le=\"0.0005\"} 3\n"));
	ck_assert_ptr_nonnull(strstr((char *)text.data,
			"x_seconds_bucket{of=\"a\",le=\"5\"} 3\n"
			"x_seconds_bucket{of=\"a\",le=\"10\"} 4\n"
			"x_seconds_bucket{of=\"a\",le=\"+Inf\"} 5\n"
			"x_seconds_sum{of=\"a\"} 20.000502\nx_seconds_count{of=\"a\"} 5\n"));
	ck_assert_ptr_nonnull(strstr((char *)text.data,
			"x_plain_seconds_bucket{le=\"+Inf\"} 5\n"
			"x_plain_seconds_sum 20.000502\nx_plain_seconds_count 5\n"));
	hws_buf_done(&text);
}
END_TEST

static int64_t ends(void *arg)
{
	return *(int64_t *)arg;
}

static double value_of(const char *text, const char *name)
{
	char want[80];
	const char *at;

	ck_assert_int_eq(hws_fmt(want, sizeof(want), "\n%s ", name), HWS_OK);
	at = strstr(text, want);
	ck_assert_msg(at != NULL, "%s is not in\n%s", name, text);
	return strtod(at + strlen(want), NULL);
}

START_TEST(a_process_tells_of_itself)
{
	int64_t end = 4102444800, now = (int64_t)(hws_wall_us() / 1000000);
	const struct hws_process_metrics_conf conf = { "x-server", "/", ends, &end };
	struct hws_process_metrics *p;
	struct hws_buf text;
	double open_fds;
	int fd;

	ck_assert_int_eq(hws_process_metrics_new(metrics, &conf, &p), HWS_OK);
	hws_buf_init(&text, 1 << 16);
	hws_metrics_text(metrics, &text);
	hws_buf_put_u8(&text, 0);
	ck_assert_ptr_nonnull(strstr((char *)text.data,
			"\nhawser_build_info{program=\"x-server\",version=\"" HAWSER_VERSION
			"\"} 1\n"));
	ck_assert_double_ge(value_of((char *)text.data, "process_start_time_seconds"), now);
	ck_assert_double_ge(value_of((char *)text.data, "hawser_clock_seconds"), now);
	ck_assert_double_gt(value_of((char *)text.data, "process_resident_memory_bytes"), 100000);
	ck_assert_double_gt(value_of((char *)text.data, "process_cpu_seconds_total"), 0);
	ck_assert_double_eq(value_of((char *)text.data, "hawser_certificate_ends_seconds"), end);
	ck_assert_double_gt(value_of((char *)text.data, "hawser_state_free_bytes"), 0);
	ck_assert_double_ge(value_of((char *)text.data, "hawser_state_size_bytes"),
			value_of((char *)text.data, "hawser_state_free_bytes"));
	open_fds = value_of((char *)text.data, "process_open_fds");
	ck_assert_double_ge(value_of((char *)text.data, "process_max_fds"), open_fds);
	hws_buf_done(&text);
	fd = dup(1);
	ck_assert_int_ge(fd, 0);
	hws_buf_init(&text, 1 << 16);
	hws_metrics_text(metrics, &text);
	hws_buf_put_u8(&text, 0);
	ck_assert_double_eq(value_of((char *)text.data, "process_open_fds"), open_fds + 1);
	hws_buf_done(&text);
	close(fd);
	hws_metrics_free(metrics); /* its rows point into p */
	metrics = NULL;
	hws_process_metrics_free(p);
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
	tcase_add_test(t, durations_are_a_histogram);
	tcase_add_test(t, a_process_tells_of_itself);
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
