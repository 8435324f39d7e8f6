#include "tests/support/tcp_proxy.h"
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
#include <unistd.h>

#define PAIRS_MAX 128

struct half {
	int fd;
	char buf[16384];
	size_t len; /* read from here, not yet written to the other */
	bool ended;
};

struct pair {
	struct half half[2];
	bool used;
};

static struct pair pairs[PAIRS_MAX];
static char mode = TEST_PROXY_PASS;

static struct sockaddr_in address(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
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
	n = send(p->half[!side].fd, h->buf, h->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	h->len -= (size_t)n;
	memmove(h->buf, h->buf + n, h->len);
	return true;
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

static void run(int listener, int control, uint16_t to)
{
	for (;;) {
		struct pollfd fds[2 + 2 * PAIRS_MAX] = { { control, POLLIN, 0 },
			{ mode == TEST_PROXY_HOLD ? -1 : listener, POLLIN, 0 } };
		nfds_t n = 2;

		for (size_t i = 0; i < PAIRS_MAX && mode == TEST_PROXY_PASS; i++) {
			for (int k = 0; k < 2 && pairs[i].used; k++) {
				struct half *h = &pairs[i].half[k];
				short other = pairs[i].half[!k].len ? POLLOUT : 0;

				fds[n++] = (struct pollfd){ h->fd,
					(short)((h->len ? 0 : POLLIN) | other), 0 };
			}
		}
		poll(fds, n, -1);
		if (fds[0].revents && read(control, &mode, 1) != 1)
			_exit(0); /* the test has ended */
		if (fds[1].revents)
			take_new(listener, to);
		if (mode != TEST_PROXY_HOLD)
			run_pairs();
	}
}

void test_proxy_start(struct test_proxy *p, uint16_t to)
{
	struct sockaddr_in a = address(0);
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fds[2];

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(listener, 64), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(pipe(fds), 0);
	p->port = ntohs(a.sin_port);
	p->control = fds[1];
	p->pid = fork();
	ck_assert_int_ge(p->pid, 0);
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[1]);
		run(listener, fds[0], to);
	}
	close(fds[0]);
	close(listener);
}

void test_proxy_set(struct test_proxy *p, enum test_proxy_mode m)
{
	char c = (char)m;

	ck_assert_int_eq(write(p->control, &c, 1), 1);
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
