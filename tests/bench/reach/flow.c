/* Every 4096 bytes of the transfer begin with the time at which they were written (one clock for
 * all namespaces), so the receiver knows how long they took. The sender writes only what the
 * stream has room for, as a session does that keeps what it has not sent short. */
#include "tests/bench/reach/flow.h"
#include "shared/base/clock.h"
#include "shared/net/kcp.h"
#include "tests/bench/common/report.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 4096u
#define SKIP_US (1500 * HWS_US_PER_MS)
#define WAITS_MAX 200000

struct side {
	struct hws_loop *loop;
	struct hws_stream *s;
	uint64_t begin_us, end_us, bytes, counted;
	uint8_t block[BLOCK];
	size_t at; /* in the block */
	double *wait;
	size_t waits;
	bool over;
	int fd; /* the stream's */
};

static double own_cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void send_blocks(struct hws_stream *s, unsigned ready, void *arg)
{
	struct side *d = arg;
	ssize_t n;

	(void)ready;
	for (;;) {
		if (hws_clock_us() >= d->end_us) {
			hws_stream_close(s);
			d->s = NULL;
			d->over = true;
			return;
		}
		if (d->at == 0) {
			uint64_t now = hws_clock_us();

			memcpy(d->block, &now, sizeof(now));
		}
		n = hws_stream_write(s, hws_bytes(d->block + d->at, BLOCK - d->at));
		if (n == HWS_ERR_AGAIN)
			return;
		if (n < 0) {
			fprintf(stderr, "sender: %s\n", hws_err_text((int)n));
			d->over = true;
			return;
		}
		d->at = (d->at + (size_t)n) % BLOCK;
	}
}

static void take_block(struct side *d)
{
	uint64_t then, now = hws_clock_us();

	memcpy(&then, d->block, sizeof(then));
	if (now - d->begin_us > SKIP_US && d->waits < WAITS_MAX)
		d->wait[d->waits++] = (double)(now - then) / 1e3;
}

static void receive_blocks(struct hws_stream *s, unsigned ready, void *arg)
{
	struct side *d = arg;
	ssize_t n;

	(void)ready;
	for (int i = 0; i < 64; i++) {
		n = hws_stream_read(s, d->block + d->at, BLOCK - d->at);
		if (n == HWS_ERR_AGAIN)
			return;
		if (n < 0) {
			d->over = true;
			hws_stream_want(s, 0);
			return;
		}
		if (!d->begin_us)
			d->begin_us = hws_clock_us();
		d->bytes += (uint64_t)n;
		if (hws_clock_us() - d->begin_us > SKIP_US)
			d->counted += (uint64_t)n;
		d->end_us = hws_clock_us();
		d->at += (size_t)n;
		if (d->at >= sizeof(uint64_t) && d->at - (size_t)n < sizeof(uint64_t))
			take_block(d);
		d->at %= BLOCK;
	}
}

static struct sockaddr_in address(const char *ip, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static int tcp_socket(const struct flow *f, bool receiver, uint16_t port)
{
	const char *name = f->kind == FLOW_BBR ? "bbr" : "cubic";
	struct sockaddr_in a = address("10.77.0.2", port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), accepted, on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) < 0)
		return -1;
	if (receiver) {
		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
			return -1;
		accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		close(fd);
		return accepted;
	}
	for (int i = 0; i < 100; i++) {
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return fd;
		usleep(50000);
	}
	return -1;
}

static int udp_socket(bool receiver, uint16_t port)
{
	struct sockaddr_in own = address(receiver ? "10.77.0.2" : "10.77.0.1", port);
	struct sockaddr_in peer = address(receiver ? "10.77.0.1" : "10.77.0.2", port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
			connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		return -1;
	return fd;
}

static int open_stream(const struct flow *f, struct side *d, bool receiver, uint16_t port)
{
	const struct hws_kcp_conf conf = { .plain = f->kind == FLOW_KCP_PLAIN };
	const bool tcp = f->kind == FLOW_CUBIC || f->kind == FLOW_BBR;
	int fd = tcp ? tcp_socket(f, receiver, port) : udp_socket(receiver, port), r;

	d->fd = fd;

	if (fd < 0) {
		perror("bench reach: socket");
		return HWS_ERR_SYS;
	}
	if (tcp)
		r = hws_stream_tcp_new(d->loop, fd, &d->s);
	else if (receiver)
		r = hws_stream_kcp_accept(d->loop, fd, &conf, &d->s);
	else
		r = hws_stream_kcp_connect(d->loop, fd, &conf, &d->s);
	if (r == HWS_OK)
		hws_stream_keep_shallow(d->s, HWS_STREAM_UNSENT);
	return r;
}

static void report_cpu(bool receiver)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	fprintf(stderr, "%s: user %.2f s, system %.2f s, woken %ld times\n",
			receiver ? "receiver" : "sender",
			(double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6,
			(double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6, u.ru_nvcsw);
}

static void tell(const struct flow *f, struct side *d, bool receiver)
{
	double v[5] = { 0 };

	if (receiver) {
		double took = (double)(d->end_us - d->begin_us - SKIP_US) / 1e6;

		v[0] = d->end_us > d->begin_us + SKIP_US ? (double)d->counted / took : 0;
		v[2] = (double)d->bytes;
		v[3] = quantile(d->wait, d->waits, 0.5);
		v[4] = quantile(d->wait, d->waits, 0.95);
	}
	v[1] = own_cpu();
	if (getenv("BENCH_VERBOSE"))
		report_cpu(receiver);
	if (write(f->result, v, sizeof(v)) != sizeof(v))
		_exit(1);
}

static void report_kcp(const struct hws_stream *s)
{
	struct hws_kcp_info i;

	hws_stream_kcp_info(s, &i);
	if (getenv("BENCH_VERBOSE"))
		fprintf(stderr,
				"window %u rate %.2f MB/s min_rtt %u us rtt %u us in flight %u sent %lu "
				"resent %lu\n",
				i.window, (double)i.rate / 1e6, i.min_rtt_us, i.rtt_us, i.in_flight,
				(unsigned long)i.sent, (unsigned long)i.resent);
}

static void report_tcp(int fd)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	if (getenv("BENCH_VERBOSE") && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len) == 0)
		fprintf(stderr, "   tcp window %u segments, slow start below %u, rtt %u us, lost %u\n",
				i.tcpi_snd_cwnd, i.tcpi_snd_ssthresh, i.tcpi_rtt,
				i.tcpi_total_retrans);
}

static void run_side(struct flow *f, int ns, bool receiver, uint16_t port, double seconds)
{
	struct side d = { .wait = calloc(WAITS_MAX, sizeof(double)) };
	uint64_t limit = hws_clock_us() + (uint64_t)((seconds + 60) * 1e6), told = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!d.wait || setns(ns, CLONE_NEWNET) < 0 || hws_loop_new(&d.loop) < 0 ||
			open_stream(f, &d, receiver, port) < 0)
		_exit(1);
	d.begin_us = 0;
	d.end_us = receiver ? 0 : hws_clock_us() + (uint64_t)(seconds * 1e6);
	hws_stream_set_callback(d.s, receiver ? receive_blocks : send_blocks, &d);
	hws_stream_want(d.s, receiver ? HWS_STREAM_READ : HWS_STREAM_WRITE);
	while (!d.over && hws_clock_us() < limit) {
		hws_loop_once(d.loop, 100000);
		if (receiver || !d.s || hws_clock_us() - told < HWS_US_PER_S)
			continue;
		told = hws_clock_us();
		if (hws_stream_is_kcp(d.s))
			report_kcp(d.s);
		else
			report_tcp(d.fd);
	}
	tell(f, &d, receiver);
	hws_stream_close(d.s);
	limit = hws_clock_us() + 15 * HWS_US_PER_S;
	do
		hws_loop_once(d.loop, 50000);
	while (hws_kcp_lingering(d.loop) > 0 && hws_clock_us() < limit);
	_exit(0);
}

static pid_t spawn(struct flow *f, int ns, bool receiver, uint16_t port, double seconds)
{
	pid_t pid = fork();

	if (pid == 0)
		run_side(f, ns, receiver, port, seconds);
	return pid;
}

void flow_start(struct flow *f, const struct impair_towns *t, enum flow_kind kind, uint16_t port,
		double seconds)
{
	int p[2];

	*f = (struct flow){ .kind = kind };
	if (pipe2(p, O_CLOEXEC) < 0)
		exit(1);
	fflush(NULL);
	f->result = p[1];
	f->receiver = spawn(f, t->ns[1], true, port, seconds);
	f->sender = spawn(f, t->ns[0], false, port, seconds);
	close(p[1]);
	f->result = p[0];
}

void flow_end(struct flow *f, struct flow_result *ret)
{
	double v[5];

	*ret = (struct flow_result){ 0 };
	for (int i = 0; i < 2; i++) {
		if (read(f->result, v, sizeof(v)) != sizeof(v))
			break;
		ret->bytes_s += v[0];
		ret->cpu_s += v[1];
		ret->bytes += v[2];
		ret->wait_ms[0] += v[3];
		ret->wait_ms[1] += v[4];
	}
	close(f->result);
	waitpid(f->sender, NULL, 0);
	waitpid(f->receiver, NULL, 0);
}
