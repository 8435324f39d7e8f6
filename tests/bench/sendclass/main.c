/* bench sendclass: how long a key press waits while a transfer fills a line of 10 Mbit/s: in order
 * as it was sent, as before there were send classes, and with them. Two framed links over loopback;
 * the line is a reader with a small buffer that takes 1.25 MB a second. Prints "bench
 * sendclass.METRIC=VALUE"; ends within a minute, --quick within a quarter. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/net/conn.h"
#include "shared/wire/frame.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_BYTES_PER_S 1250000u
#define BUFFER (16 << 10)     /* of the line */
#define FRAME (64u << 10)     /* of the transfer */
#define HIGH (256u << 10)     /* the gate's mark, before and now for all but bulk */
#define OLD_UNSENT (64 << 10) /* that the kernel held, before */
#define PRESSES_MAX 400

enum { KEY = 1, BULK = 2 };

struct run {
	bool classes;
	struct hws_loop *loop;
	struct hws_conn *conn;
	struct hws_timer line, press;
	int fd; /* the far end */
	struct hws_buf in;
	uint64_t since_us, taken, bulk_bytes, bulk_frames;
	unsigned sent, seen, presses;
	uint64_t frames_at[PRESSES_MAX]; /* bulk frames that had arrived when it was pressed */
	double wait_ms[PRESSES_MAX], behind[PRESSES_MAX];
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), by_value);
	return n ? v[HWS_MIN((size_t)(q * (double)n), n - 1)] : 0;
}

static void metric(const char *name, double value)
{
	printf("bench sendclass.%s=%.2f\n", name, value);
	fflush(stdout);
}

/* The transfer: always more than the line takes, but never more than the link wants. */
static void feed(struct run *r)
{
	static uint8_t frame[FRAME] = { BULK };
	enum hws_channel channel = r->classes ? HWS_CHANNEL_FILES : HWS_CHANNEL_VIDEO;

	while (!hws_conn_congested(r->conn, hws_channel_class(channel)))
		if (hws_conn_send_on(r->conn, channel, hws_bytes(frame, sizeof(frame))) < 0)
			abort();
}

static void on_drain(struct hws_conn *c HWS_UNUSED, enum hws_send_class cls HWS_UNUSED, void *arg)
{
	feed(arg);
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	((struct run *)arg)->conn = NULL;
}

static void arrived(struct run *r, struct hws_bytes payload)
{
	uint64_t pressed_us;
	uint32_t number;

	if (payload.ptr[0] == BULK) {
		r->bulk_frames++;
		r->bulk_bytes += payload.len;
		return;
	}
	memcpy(&pressed_us, payload.ptr + 1, sizeof(pressed_us));
	memcpy(&number, payload.ptr + 9, sizeof(number));
	r->wait_ms[number] = (double)(hws_clock_us() - pressed_us) / 1e3;
	r->behind[number] = (double)(r->bulk_frames - r->frames_at[number]);
	r->seen++;
}

static void on_line(void *arg)
{
	struct run *r = arg;
	uint64_t due = (hws_clock_us() - r->since_us) * LINE_BYTES_PER_S / 1000000;

	while (r->taken < due) {
		size_t want = HWS_MIN((size_t)(due - r->taken), (size_t)4096);
		uint8_t *to = hws_buf_reserve(&r->in, want);
		ssize_t n = to ? read(r->fd, to, want) : 0;
		struct hws_bytes frame;
		size_t used;

		if (n <= 0) { /* what was not there is not made up for */
			r->taken = due;
			break;
		}
		hws_buf_commit(&r->in, (size_t)n);
		r->taken += (uint64_t)n;
		while (hws_frame_next(hws_buf_bytes(&r->in), 1u << 20, &frame, &used) == HWS_OK) {
			arrived(r, frame);
			hws_buf_consume(&r->in, used);
		}
	}
	if (r->seen == r->presses)
		hws_loop_stop(r->loop);
}

static void on_press(void *arg)
{
	struct run *r = arg;
	uint64_t now = hws_clock_us();
	uint8_t key[13] = { KEY };
	uint32_t number = r->sent;

	memcpy(key + 1, &now, sizeof(now));
	memcpy(key + 9, &number, sizeof(number));
	r->frames_at[r->sent++] = r->bulk_frames;
	if (hws_conn_send_on(r->conn, r->classes ? HWS_CHANNEL_INPUT : HWS_CHANNEL_VIDEO,
			    hws_bytes(key, sizeof(key))) < 0)
		abort();
	if (r->sent < r->presses)
		hws_timer_start(r->loop, &r->press, 20000 + hws_rand_below(60000), on_press, r);
}

static void connect_pair(int ret[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), bytes = BUFFER;

	setsockopt(l, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(l, (struct sockaddr *)&a, len) < 0 || listen(l, 1) < 0 ||
			getsockname(l, (struct sockaddr *)&a, &len) < 0)
		abort();
	ret[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(ret[0], (struct sockaddr *)&a, len) < 0)
		abort();
	ret[1] = accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	close(l);
}

static void measure(bool classes, unsigned presses, struct run *r)
{
	struct hws_conn_conf conf = { .frame_max = 1u << 20,
		.send_max = 64u << 20,
		.send_high = HIGH,
		.limit[HWS_SEND_BULK] = { 64u << 20, 2 * HWS_SEND_BULK_MAX },
		.on_drain = on_drain,
		.on_close = on_close,
		.arg = r };
	struct hws_stream *s;
	int fd[2];

	*r = (struct run){ .classes = classes, .presses = presses };
	connect_pair(fd);
	r->fd = fd[1];
	hws_buf_init(&r->in, 2u << 20);
	if (hws_loop_new(&r->loop) < 0 || hws_stream_tcp_new(r->loop, fd[0], &s) < 0)
		abort();
	hws_stream_keep_shallow(s, classes ? HWS_STREAM_UNSENT : OLD_UNSENT);
	if (hws_conn_new(r->loop, s, &conf, hws_bytes(NULL, 0), &r->conn) < 0)
		abort();
	r->since_us = hws_clock_us();
	hws_timer_every(r->loop, &r->line, 1000, on_line, r);
	hws_timer_start(r->loop, &r->press, 500000, on_press, r); /* the line is full by then */
	feed(r);
	hws_loop_run(r->loop);
	uint64_t us = hws_clock_us() - r->since_us;
	const char *how = classes ? "classes" : "in_order";
	char name[64];

	snprintf(name, sizeof(name), "%s_key_p50_ms", how);
	metric(name, quantile(r->wait_ms, presses, 0.5));
	snprintf(name, sizeof(name), "%s_key_p95_ms", how);
	metric(name, quantile(r->wait_ms, presses, 0.95));
	snprintf(name, sizeof(name), "%s_frames_before_key_max", how);
	metric(name, quantile(r->behind, presses, 1));
	snprintf(name, sizeof(name), "%s_bulk_mbit", how);
	metric(name, (double)r->bulk_bytes * 8 / (double)us);
	hws_timer_stop(&r->line);
	hws_timer_stop(&r->press);
	hws_conn_close(r->conn, HWS_OK);
	close(r->fd);
	hws_buf_done(&r->in);
	hws_loop_free(r->loop);
}

int main(int argc, char **argv)
{
	static struct run r;
	unsigned presses = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 60 : 300;

	measure(false, presses, &r);
	measure(true, presses, &r);
	return 0;
}
