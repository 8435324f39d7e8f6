/* The proxy is a child process: a test can be blocked in a wait and the line still passes, is
 * held or cut. */
#include "tests/support/tcp_proxy.h"
#include "shared/base/macros.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_MAX 128
#define NARROW_BYTES 16384 /* the kernel doubles it */
#define NARROW_SEGMENT 1400
#define TICK_MS 2 /* of a limited line */

struct half {
	int fd;
	char buf[16384];
	size_t len; /* read from here, not yet written to the other */
	bool ended;
	double credit; /* bytes that may pass now, when there is a limit */
};

struct pair {
	struct half half[2];
	bool used;
};

static struct pair pairs[PAIRS_MAX];
static char mode = TEST_PROXY_PASS;
static bool narrow;
static uint32_t limit;
static uint64_t refilled_us;

struct order {
	char mode;
	uint32_t limit;
};

static struct sockaddr_in address(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Not the programs' own clock: some tests link nothing of them. */
static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void make_narrow(int fd)
{
	const int bytes = NARROW_BYTES, segment = NARROW_SEGMENT;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
}

static void end_pair(struct pair *p, bool reset)
{
	struct linger now = { 1, 0 };

	for (int i = 0; i < 2; i++) {
		if (reset)
			setsockopt(p->half[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(p->half[i].fd);
	}
	p->used = false;
}

static void take_new(int listener, uint16_t to)
{
	struct sockaddr_in a = address(to);
	int in = accept4(listener, NULL, NULL, SOCK_CLOEXEC), out, on = 1;
	struct linger now = { 1, 0 };
	size_t i = 0;

	while (i < PAIRS_MAX && pairs[i].used)
		i++;
	out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (narrow && out >= 0)
		make_narrow(out);
	if (in >= 0 && out >= 0 && i < PAIRS_MAX && mode != TEST_PROXY_CUT &&
			connect(out, (struct sockaddr *)&a, sizeof(a)) == 0) {
		setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		memset(&pairs[i], 0, sizeof(pairs[i]));
		pairs[i].half[0].fd = in;
		pairs[i].half[1].fd = out;
		pairs[i].used = true;
		return;
	}
	if (in >= 0) {
		setsockopt(in, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(in);
	}
	if (out >= 0)
		close(out);
}

/* Moves what is there from one side to the other; false when the pair is over. */
static bool move_from(struct pair *p, int side)
{
	struct half *h = &p->half[side];
	ssize_t n;

	if (h->len == 0) {
		n = recv(h->fd, h->buf, sizeof(h->buf), MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		h->len = (size_t)n;
	}
	size_t may = limit ? HWS_MIN(h->len, (size_t)h->credit) : h->len;
	if (may == 0)
		return true;
	n = send(p->half[!side].fd, h->buf, may, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	h->len -= (size_t)n;
	h->credit -= limit ? (double)n : 0;
	memmove(h->buf, h->buf + n, h->len);
	return true;
}

/* What an idle line could have carried is lost, but for two ticks: the queue is in the buffers, not
 * in time. */
static void refill(void)
{
	uint64_t now = now_us();
	double bytes = (double)(now - refilled_us) * limit / 1e6,
	       most = 2.0 * TICK_MS * limit / 1e3;

	refilled_us = now;
	for (size_t i = 0; i < PAIRS_MAX; i++)
		for (int k = 0; k < 2 && pairs[i].used; k++) {
			struct half *h = &pairs[i].half[k];
			/* Late itself, it makes up for what waited meanwhile. */
			h->credit = h->len ? h->credit + bytes
					   : HWS_MIN(h->credit + bytes, HWS_MAX(most, 1.0));
		}
}

static void run_pairs(void)
{
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		struct pair *p = &pairs[i];

		if (!p->used)
			continue;
		if (mode == TEST_PROXY_CUT || !move_from(p, 0) || !move_from(p, 1))
			end_pair(p, true);
	}
}

/* The descriptors to wait for; returns how many. `*ret_waits`: something waits for its time to
 * pass. */
static nfds_t watch_pairs(struct pollfd *fds, bool *ret_waits)
{
	nfds_t n = 0;

	for (size_t i = 0; i < PAIRS_MAX && mode == TEST_PROXY_PASS; i++) {
		for (int k = 0; k < 2 && pairs[i].used; k++) {
			struct half *h = &pairs[i].half[k], *o = &pairs[i].half[!k];
			bool blocked = limit && o->len && o->credit < 1;

			*ret_waits = *ret_waits || blocked;
			fds[n++] = (struct pollfd){ h->fd,
				(short)((h->len ? 0 : POLLIN) | (o->len && !blocked ? POLLOUT : 0)),
				0 };
		}
	}
	return n;
}

static void run(int listener, int control, uint16_t to)
{
	refilled_us = now_us();
	for (;;) {
		struct pollfd fds[2 + 2 * PAIRS_MAX] = { { control, POLLIN, 0 },
			{ mode == TEST_PROXY_HOLD ? -1 : listener, POLLIN, 0 } };
		bool waits = false;
		nfds_t n = 2 + watch_pairs(fds + 2, &waits);
		struct order order;

		poll(fds, n, waits ? TICK_MS : -1);
		if (fds[0].revents) {
			if (read(control, &order, sizeof(order)) != sizeof(order))
				_exit(0); /* the test has ended */
			mode = order.mode;
			limit = order.limit;
		}
		if (fds[1].revents)
			take_new(listener, to);
		refill();
		if (mode != TEST_PROXY_HOLD)
			run_pairs();
	}
}

static void start(struct test_proxy *p, uint16_t to, bool is_narrow)
{
	struct sockaddr_in a = address(0);
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fds[2];

	if (is_narrow)
		make_narrow(listener);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(listener, 64), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(pipe(fds), 0);
	*p = (struct test_proxy){ .port = ntohs(a.sin_port), .control = fds[1] };
	p->mode = TEST_PROXY_PASS;
	p->pid = fork();
	ck_assert_int_ge(p->pid, 0);
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		narrow = is_narrow;
		run(listener, fds[0], to);
	}
	close(fds[0]);
	close(listener);
}

void test_proxy_start(struct test_proxy *p, uint16_t to)
{
	start(p, to, false);
}

void test_proxy_start_narrow(struct test_proxy *p, uint16_t to)
{
	start(p, to, true);
}

static void tell(struct test_proxy *p)
{
	struct order o = { .mode = (char)p->mode, .limit = p->limit };

	ck_assert_int_eq(write(p->control, &o, sizeof(o)), (ssize_t)sizeof(o));
}

void test_proxy_set(struct test_proxy *p, enum test_proxy_mode m)
{
	p->mode = m;
	tell(p);
}

void test_proxy_limit(struct test_proxy *p, uint32_t bytes_per_s)
{
	p->limit = bytes_per_s;
	tell(p);
}

void test_proxy_stop(struct test_proxy *p)
{
	if (p->pid <= 0)
		return;
	close(p->control);
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}
