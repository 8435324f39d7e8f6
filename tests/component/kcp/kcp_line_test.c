/* The stream over UDP between two processes: the host's end confined as a gate is, and bad lines
 * between them (tests/support/impair): what one writes the other gets, whole, in order and once. */
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/net/kcp.h"
#include "shared/sys/sandbox.h"
#include "tests/support/impair.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT (90 * HWS_US_PER_S)
#define UNCONFINED 50 /* what the host's end returns where there is no filter */

static int udp(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void point(int fd, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
}

/* --- the host's end, a process: what comes goes back --- */

struct echo {
	struct hws_stream *s;
	uint8_t held[16384];
	size_t len;
	bool over;
};

static void on_echo(struct hws_stream *s, unsigned ready, void *arg)
{
	struct echo *e = arg;
	ssize_t n;

	(void)ready;
	if (e->len < sizeof(e->held)) {
		n = hws_stream_read(s, e->held + e->len, sizeof(e->held) - e->len);
		if (n < 0 && n != HWS_ERR_AGAIN) {
			e->over = true;
			return;
		}
		if (n > 0)
			e->len += (size_t)n;
	}
	if (e->len > 0) {
		n = hws_stream_write(s, hws_bytes(e->held, e->len));
		if (n > 0) {
			e->len -= (size_t)n;
			memmove(e->held, e->held + n, e->len);
		}
	}
	hws_stream_want(s,
			(e->len < sizeof(e->held) ? HWS_STREAM_READ : 0) |
					(e->len > 0 ? HWS_STREAM_WRITE : 0));
}

static int echo(int fd, bool confined)
{
	const uint64_t until = hws_clock_us() + LIMIT;
	struct hws_error err;
	struct hws_loop *loop;
	struct echo e = { 0 };
	int r;

	if (hws_kcp_prepare_socket(fd) < 0 || hws_loop_new(&loop) < 0)
		return 2;
	if (confined) {
		r = hws_sandbox_enter(HWS_SANDBOX_GATE, &err);
		if (r == HWS_ERR_UNSUPPORTED)
			return UNCONFINED;
		if (r < 0)
			return 3;
	}
	if (hws_stream_kcp_accept(loop, fd, NULL, &e.s) < 0)
		return 4;
	hws_stream_set_callback(e.s, on_echo, &e);
	hws_stream_want(e.s, HWS_STREAM_READ);
	while (!e.over && hws_clock_us() < until)
		hws_loop_once(loop, 100000);
	hws_stream_close(e.s);
	do
		hws_loop_once(loop, 20000);
	while (hws_kcp_lingering(loop) > 0 && hws_clock_us() < until);
	return e.over ? 0 : 5;
}

static pid_t start_echo(int fd, bool confined)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(echo(fd, confined));
	}
	close(fd);
	return pid;
}

/* --- the viewer's end --- */

struct viewer {
	struct hws_stream *s;
	uint64_t total, sent, got, wrong;
	int error;
};

static uint8_t byte_at(uint64_t i)
{
	return (uint8_t)(i * 11 + i / 241);
}

static void write_more(struct viewer *v)
{
	uint8_t buf[3000];
	ssize_t n;

	while (v->sent < v->total) {
		size_t len = (size_t)HWS_MIN(v->total - v->sent, (uint64_t)sizeof(buf));

		for (size_t i = 0; i < len; i++)
			buf[i] = byte_at(v->sent + i);
		n = hws_stream_write(v->s, hws_bytes(buf, len));
		if (n == HWS_ERR_AGAIN)
			return;
		if (n < 0) {
			v->error = (int)n;
			return;
		}
		v->sent += (uint64_t)n;
	}
	hws_stream_want(v->s, HWS_STREAM_READ);
}

static void on_viewer(struct hws_stream *s, unsigned ready, void *arg)
{
	struct viewer *v = arg;
	uint8_t buf[8192];
	ssize_t n;

	if (ready & HWS_STREAM_READ) {
		n = hws_stream_read(s, buf, sizeof(buf));
		for (ssize_t i = 0; i < n; i++)
			v->wrong += buf[i] != byte_at(v->got + (uint64_t)i);
		if (n > 0)
			v->got += (uint64_t)n;
		else if (n != HWS_ERR_AGAIN)
			v->error = (int)n;
	}
	if (ready & HWS_STREAM_WRITE)
		write_more(v);
}

/* There and back over the line; what the host's end returned. */
static int there_and_back(const struct impair_conf *conf, uint64_t total, bool plain, bool confined)
{
	const struct hws_kcp_conf kcp = { .plain = plain };
	struct viewer v = { .total = total };
	struct impair line = { 0 };
	struct hws_loop *loop;
	uint16_t host_port, viewer_port, front;
	uint64_t until = hws_clock_us() + LIMIT;
	int host, viewer = udp(&viewer_port), status;
	pid_t pid;

	host = udp(&host_port);
	if (conf) {
		/* the far side of the line is known by what comes from there */
		front = impair_udp(&line, host_port, conf);
		ck_assert_uint_ne(front, 0);
		point(viewer, front);
		point(host, line.far_port);
	} else {
		point(viewer, host_port);
		point(host, viewer_port);
	}
	pid = start_echo(host, confined);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_stream_kcp_connect(loop, viewer, &kcp, &v.s), HWS_OK);
	hws_stream_set_callback(v.s, on_viewer, &v);
	hws_stream_want(v.s, HWS_STREAM_READ | HWS_STREAM_WRITE);
	while (v.got < total && !v.error && hws_clock_us() < until &&
			waitpid(pid, &status, WNOHANG) == 0)
		hws_loop_once(loop, 100000);
	hws_stream_close(v.s);
	if (v.got == total)
		while (hws_kcp_lingering(loop) > 0 && hws_clock_us() < until)
			hws_loop_once(loop, 50000);
	if (v.got == total)
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	impair_stop(&line);
	hws_loop_free(loop);
	ck_assert_uint_eq(v.wrong, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == UNCONFINED)
		return UNCONFINED;
	ck_assert_int_eq(v.error, 0);
	ck_assert_uint_eq(v.got, total);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(a_gate_may_do_all_that_the_stream_does)
{
	int r = there_and_back(NULL, 2000000, false, true);

	if (r == UNCONFINED)
		test_skip("no filter of system calls here");
	else
		ck_assert_int_eq(r, 0);
}
END_TEST

static const struct impair_conf lines[] = {
	{ .seed = 1, .delay_us = 5000 },
	{ .seed = 2, .delay_us = 20000, .loss = 50 },
	{ .seed = 3, .delay_us = 5000, .jitter_us = 15000, .duplicate = 100 },
	{ .seed = 4, .delay_us = 10000, .rate = 1000000, .queue = 30000, .loss = 10 },
	{ .seed = 5, .delay_us = 5000, .mtu = 1252 },
	{ .seed = 6, .delay_us = 20000, .jitter_us = 10000, .loss = 200, .duplicate = 50 },
};

START_TEST(all_arrives_over_a_bad_line)
{
	const uint64_t total = lines[_i].loss > 100 ? 60000 : 400000;

	ck_assert_int_eq(there_and_back(&lines[_i], total, false, false), 0);
	ck_assert_int_eq(there_and_back(&lines[_i], total, true, false), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/kcp_line");
	TCase *t = test_case(s, "line", 200, TESTS(a_gate_may_do_all_that_the_stream_does));

	tcase_add_loop_test(t, all_arrives_over_a_bad_line, 0, (int)HWS_COUNT(lines));
	return test_suite_run(s);
}
