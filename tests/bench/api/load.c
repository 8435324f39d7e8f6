/* bench api: one thread, one epoll. */
#include "tests/bench/api/load.h"
#include "shared/base/clock.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64

struct link {
	int fd;
	bool busy;
	uint64_t from_us;
};

struct run {
	struct load *l;
	int epoll;
	unsigned links, idle;
	struct link link[1024];
	uint64_t begin_us;
	unsigned next; /* link that is asked on */
};

static bool ask(struct run *r, struct link *k, uint64_t from_us)
{
	char text[LOAD_REQUEST];
	size_t n = r->l->make(text, r->l->first + r->l->asked, r->l->arg);

	r->l->asked++;
	k->from_us = from_us;
	k->busy = true;
	return send(k->fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Replies are short: one comes with one read. */
static bool take(struct run *r, struct link *k)
{
	char reply[8192];
	ssize_t n = recv(k->fd, reply, sizeof(reply) - 1, 0);

	if (n <= 0)
		return false;
	reply[n] = 0;
	if (!r->l->any_status && strncmp(reply, "HTTP/1.1 200 ", 13) != 0 && !r->l->refused++)
		fprintf(stderr, "bench api: %.300s\n", reply);
	load_histogram_add(&r->l->times, hws_clock_us() - k->from_us);
	k->busy = false;
	return r->l->per_s || ask(r, k, hws_clock_us());
}

static bool connect_all(struct run *r)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(r->l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < r->links; i++) {
		struct link *k = &r->link[i];
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = k };

		k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		(void)setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(k->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
				epoll_ctl(r->epoll, EPOLL_CTL_ADD, k->fd, &ev) < 0)
			return false;
		if (!r->l->per_s && !ask(r, k, hws_clock_us()))
			return false;
	}
	return true;
}

/* What is due by now, on links that are free, each in its turn: one that is never used the server
 * ends. */
static bool ask_due(struct run *r, uint64_t now)
{
	uint64_t due = (now - r->begin_us) * r->l->per_s / HWS_US_PER_S;

	for (unsigned i = 0; i < r->links && r->l->asked < due; i++) {
		uint64_t at = r->begin_us + r->l->asked * HWS_US_PER_S / r->l->per_s;
		struct link *k = &r->link[r->next++ % r->links];

		if (!k->busy && !ask(r, k, at))
			return false;
	}
	return true;
}

static bool turn(struct run *r)
{
	struct epoll_event ev[BATCH];
	int n = epoll_wait(r->epoll, ev, BATCH, r->l->per_s ? 1 : 1000);

	for (int i = 0; i < n; i++) {
		if (!take(r, ev[i].data.ptr))
			return false;
	}
	return !r->l->per_s || ask_due(r, hws_clock_us());
}

bool load_run(struct load *l)
{
	struct run *r = calloc(1, sizeof(*r));
	uint64_t end;
	bool good;

	r->l = l;
	r->links = l->links ? l->links : LOAD_LINKS;
	l->times = (struct load_histogram){ 0 };
	l->asked = l->refused = 0;
	good = connect_all(r);
	r->begin_us = hws_clock_us();
	end = r->begin_us + l->us;
	while (good && hws_clock_us() < end)
		good = turn(r);
	for (unsigned i = 0; i < r->links; i++) {
		if (r->link[i].fd > 0)
			close(r->link[i].fd);
	}
	close(r->epoll);
	free(r);
	return good;
}
