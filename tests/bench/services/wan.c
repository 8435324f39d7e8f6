/* Each direction of a connection is a ring of chunks with the time at which each has crossed: the
 * later of when the line was free for it and the delay after it came. */
#include "tests/bench/services/wan.h"
#include "shared/base/clock.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK 8192u
#define PAIRS_MAX 32

struct chunk {
	uint64_t due_us; /* has left the line on the far side */
	uint32_t len, sent;
	uint8_t data[CHUNK];
};

struct way {
	int from, to;
	struct chunk *ring;
	uint32_t head, count;
	uint64_t free_us; /* the line has taken what came before */
	bool eof, shut;
};

struct pair {
	struct way way[2];
	bool used;
};

static struct pair pairs[PAIRS_MAX];
static uint32_t ring_len, rate;
static uint64_t delay;

/* As many chunks as the line holds, and as much again in the router. */
static bool pair_open(int client, uint16_t to)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(to) };
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, i = 0;

	while (i < PAIRS_MAX && pairs[i].used)
		i++;
	if (i == PAIRS_MAX || connect(server, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(server);
		return false;
	}
	fcntl(server, F_SETFL, O_NONBLOCK);
	fcntl(client, F_SETFL, O_NONBLOCK);
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pairs[i] = (struct pair){ .used = true };
	pairs[i].way[0] = (struct way){ .from = client, .to = server };
	pairs[i].way[1] = (struct way){ .from = server, .to = client };
	for (int k = 0; k < 2; k++) {
		pairs[i].way[k].ring = calloc(ring_len, sizeof(struct chunk));
		if (!pairs[i].way[k].ring)
			_exit(1);
	}
	return true;
}

static void pair_close(struct pair *p)
{
	close(p->way[0].from);
	close(p->way[1].from);
	free(p->way[0].ring);
	free(p->way[1].ring);
	p->used = false;
}

static bool way_read(struct way *w, uint64_t now)
{
	while (!w->eof && w->count < ring_len) {
		struct chunk *c = &w->ring[(w->head + w->count) % ring_len];
		ssize_t n = read(w->from, c->data, CHUNK);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0) {
			w->eof = true;
			return true;
		}
		if (w->free_us < now)
			w->free_us = now;
		w->free_us += (uint64_t)n * HWS_US_PER_S / rate;
		c->due_us = w->free_us + delay;
		c->len = (uint32_t)n;
		c->sent = 0;
		w->count++;
	}
	return true;
}

static bool way_write(struct way *w, uint64_t now)
{
	while (w->count) {
		struct chunk *c = &w->ring[w->head];
		if (c->due_us > now)
			break;
		ssize_t n = send(w->to, c->data + c->sent, c->len - c->sent, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->sent += (uint32_t)n;
		if (c->sent < c->len)
			break;
		w->head = (w->head + 1) % ring_len;
		w->count--;
	}
	if (w->eof && !w->count && !w->shut) {
		shutdown(w->to, SHUT_WR);
		w->shut = true;
	}
	return true;
}

static bool pair_turn(struct pair *p, uint64_t now)
{
	for (int k = 0; k < 2; k++)
		if (!way_read(&p->way[k], now) || !way_write(&p->way[k], now))
			return false;
	return !(p->way[0].shut && p->way[1].shut);
}

static int add_polls(struct pair *p, struct pollfd *list, int n, uint64_t now)
{
	for (int k = 0; k < 2; k++) {
		struct way *w = &p->way[k];
		bool due = w->count && w->ring[w->head].due_us <= now;
		list[n++] = (struct pollfd){ .fd = w->from,
			.events = (short)((!w->eof && w->count < ring_len ? POLLIN : 0)) };
		list[n++] = (struct pollfd){ .fd = due ? w->to : -1, .events = POLLOUT };
	}
	return n;
}

static void run(int listener, uint16_t to)
{
	struct pollfd list[PAIRS_MAX * 4 + 1];

	for (;;) {
		uint64_t now = hws_clock_us();
		int n = 0;
		list[n++] = (struct pollfd){ .fd = listener, .events = POLLIN };
		for (int i = 0; i < PAIRS_MAX; i++)
			if (pairs[i].used)
				n = add_polls(&pairs[i], list, n, now);
		poll(list, (nfds_t)n, 1);
		now = hws_clock_us();
		for (int i = 0; i < PAIRS_MAX; i++)
			if (pairs[i].used && !pair_turn(&pairs[i], now))
				pair_close(&pairs[i]);
		if (list[0].revents & POLLIN) {
			int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0 && !pair_open(fd, to))
				close(fd);
		}
	}
}

void wan_start(struct wan *w, uint16_t to, uint32_t delay_us, uint32_t bytes_s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 16), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	w->port = ntohs(a.sin_port);
	delay = delay_us;
	rate = bytes_s;
	ring_len = (uint32_t)((uint64_t)bytes_s * delay_us * 4 / HWS_US_PER_S / CHUNK) + 16;
	w->pid = fork();
	ck_assert_int_ge(w->pid, 0);
	if (w->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(listener, to);
	}
	close(listener);
}

void wan_stop(struct wan *w)
{
	if (w->pid <= 0)
		return;
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	w->pid = 0;
}
