/* The least that any relay costs on this machine: what is measured is divided by it, so that
 * figures of different machines can be compared. */
#include "tests/bench/relay/floor.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (64u << 10)
#define PIPE_SIZE (1 << 20)
#define BATCH 128

struct end {
	int fd;
	struct end *peer;
	int pipe[2];   /* towards the peer; splice only */
	size_t queued; /* in it, or in rest */
	char *rest;    /* what the peer did not take; read/write only */
	size_t rest_at;
	bool closed;
};

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static void end_close(struct end *e)
{
	/* The bench stops a floor with its process: memory of closed pairs is of no matter. */
	if (e->closed)
		return;
	e->closed = e->peer->closed = true;
	close(e->fd);
	close(e->peer->fd);
}

/* Everything there is, in pieces of what the pipe holds. */
static void splice_forward(struct end *e)
{
	for (;;) {
		while (e->queued) {
			ssize_t n = splice(e->pipe[0], NULL, e->peer->fd, NULL, e->queued,
					SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

			if (n < 0 && errno == EAGAIN)
				return;
			if (n <= 0) {
				end_close(e);
				return;
			}
			e->queued -= (size_t)n;
		}
		ssize_t n = splice(e->fd, NULL, e->pipe[1], NULL, PIPE_SIZE,
				SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			end_close(e);
			return;
		}
		e->queued = (size_t)n;
	}
}

static bool rest_flush(struct end *e)
{
	while (e->queued) {
		ssize_t n = write(e->peer->fd, e->rest + e->rest_at, e->queued);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			end_close(e);
			return false;
		}
		e->rest_at += (size_t)n;
		e->queued -= (size_t)n;
	}
	free(e->rest);
	e->rest = NULL;
	return true;
}

/* Level-triggered: one read a visit. Edge-triggered: until a read is short. */
static void rw_forward(struct end *e, char *buffer, bool edge)
{
	while (!e->closed && rest_flush(e)) {
		ssize_t n = read(e->fd, buffer, BUFFER);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			end_close(e);
			return;
		}
		ssize_t w = write(e->peer->fd, buffer, (size_t)n);

		if (w < 0 && errno != EAGAIN) {
			end_close(e);
			return;
		}
		if (w < 0)
			w = 0;
		if (w < n) {
			e->rest = malloc((size_t)(n - w));
			if (!e->rest)
				die("malloc");
			memcpy(e->rest, buffer + w, (size_t)(n - w));
			e->rest_at = 0;
			e->queued = (size_t)(n - w);
			return;
		}
		if (!edge || n < (ssize_t)BUFFER)
			return;
	}
}

static void watch(int ep, struct end *e, uint32_t events, int op)
{
	struct epoll_event ev = { .events = events, .data.ptr = e };

	if (epoll_ctl(ep, op, e->fd, &ev) < 0 && !e->closed)
		die("epoll_ctl");
}

/* Level-triggered sockets are watched for what is needed only. */
static void rewatch(int ep, struct end *e)
{
	struct end *p = e->peer;

	if (e->closed)
		return;
	watch(ep, e, (e->queued ? 0 : EPOLLIN) | (p->queued ? EPOLLOUT : 0), EPOLL_CTL_MOD);
	watch(ep, p, (p->queued ? 0 : EPOLLIN) | (e->queued ? EPOLLOUT : 0), EPOLL_CTL_MOD);
}

static struct end *accept_one(int listener, int ep, enum floor_kind kind, struct end *waiting)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	struct end *e;

	if (fd < 0)
		return waiting;
	e = calloc(1, sizeof(*e));
	if (!e)
		die("calloc");
	e->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (kind == FLOOR_SPLICE) {
		if (pipe2(e->pipe, O_NONBLOCK | O_CLOEXEC) < 0)
			die("pipe2");
		if (fcntl(e->pipe[1], F_SETPIPE_SZ, PIPE_SIZE) < 0)
			die("F_SETPIPE_SZ");
	}
	if (!waiting)
		return e;
	e->peer = waiting;
	waiting->peer = e;
	uint32_t events = kind == FLOOR_RW_LEVEL ? EPOLLIN : EPOLLIN | EPOLLOUT | EPOLLET;

	watch(ep, waiting, events, EPOLL_CTL_ADD);
	watch(ep, e, events, EPOLL_CTL_ADD);
	return NULL;
}

static void serve(struct end *e, enum floor_kind kind, uint32_t events, int ep, char *buffer)
{
	if (e->closed)
		return;
	if (kind == FLOOR_SPLICE) {
		if (events & ~(uint32_t)EPOLLOUT)
			splice_forward(e);
		if (!e->closed && e->peer->queued && (events & EPOLLOUT))
			splice_forward(e->peer);
		return;
	}
	size_t before = e->queued + e->peer->queued;

	if (events & ~(uint32_t)EPOLLOUT)
		rw_forward(e, buffer, kind == FLOOR_RW_EDGE);
	if (!e->closed && e->peer->queued && (events & EPOLLOUT))
		rw_forward(e->peer, buffer, kind == FLOOR_RW_EDGE);
	if (kind == FLOOR_RW_LEVEL && (before || e->queued || e->peer->queued))
		rewatch(ep, e);
}

static void run(enum floor_kind kind, int listener)
{
	static char buffer[BUFFER];
	struct epoll_event ev[BATCH], listen_ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct end *waiting = NULL;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &listen_ev) < 0)
		die("epoll");
	for (;;) {
		int n = epoll_wait(ep, ev, BATCH, -1);

		for (int i = 0; i < n; i++) {
			if (!ev[i].data.ptr)
				waiting = accept_one(listener, ep, kind, waiting);
			else
				serve(ev[i].data.ptr, kind, ev[i].events, ep, buffer);
		}
	}
}

pid_t floor_start(enum floor_kind kind, uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	pid_t pid;

	if (listener < 0 || bind(listener, (struct sockaddr *)&a, len) < 0 ||
			listen(listener, 4096) < 0 ||
			getsockname(listener, (struct sockaddr *)&a, &len) < 0) {
		perror("bench: listener");
		exit(1);
	}
	*ret_port = ntohs(a.sin_port);
	pid = fork();
	if (pid < 0) {
		perror("bench: fork");
		exit(1);
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		run(kind, listener);
	}
	close(listener);
	return pid;
}
