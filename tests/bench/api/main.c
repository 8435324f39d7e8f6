/* bench api: requests a second and their times at the API server's edge, by 64 connections that ask
 * again when they were answered. Prints "bench api.METRIC=VALUE". Loopback only; --quick: two
 * seconds for each figure instead of five. */
#include "shared/base/clock.h"
#include "tests/bench/api/served.h"
#include "tests/load/histogram.h"
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINKS 64
#define BATCH 64

static const char heartbeat[] =
		"POST /floor HTTP/1.1\r\nHost: a:21114\r\nContent-Type: application/json\r\n"
		"Content-Length: 90\r\n\r\n"
		"{\"id\":\"123456789\",\"uuid\":\"dXVpZC1hbm4tMTIzNDU2Nzg5MDEyMw==\",\"ver\":1005000,"
		"\"modified_at\":0}";
static const char get[] = "GET /loop HTTP/1.1\r\nHost: a:21114\r\n\r\n";

struct link {
	int fd;
	uint64_t asked_us;
};

struct run {
	const char *request;
	size_t len;
	int epoll;
	struct link link[LINKS];
	struct load_histogram times;
	uint64_t refused;
};

static bool ask(struct run *r, struct link *l)
{
	l->asked_us = hws_clock_us();
	return send(l->fd, r->request, r->len, MSG_NOSIGNAL) == (ssize_t)r->len;
}

/* Replies are short: one comes with one read. */
static bool take(struct run *r, struct link *l)
{
	char reply[4096];
	ssize_t n = recv(l->fd, reply, sizeof(reply) - 1, 0);

	if (n <= 0)
		return false;
	reply[n] = 0;
	if (strncmp(reply, "HTTP/1.1 200 ", 13) != 0)
		r->refused++;
	load_histogram_add(&r->times, hws_clock_us() - l->asked_us);
	return ask(r, l);
}

static bool connect_all(struct run *r, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < LINKS; i++) {
		struct link *l = &r->link[i];
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = l };

		l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(l->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
				epoll_ctl(r->epoll, EPOLL_CTL_ADD, l->fd, &ev) < 0 || !ask(r, l))
			return false;
	}
	return true;
}

static bool load(struct run *r, uint64_t us)
{
	uint64_t end = hws_clock_us() + us;

	while (hws_clock_us() < end) {
		struct epoll_event ev[BATCH];
		int n = epoll_wait(r->epoll, ev, BATCH, 1000);

		for (int i = 0; i < n; i++)
			if (!take(r, ev[i].data.ptr))
				return false;
	}
	return true;
}

static bool measure(const char *name, const char *request, uint16_t port, uint64_t us)
{
	struct run r = { .request = request, .len = strlen(request) };
	bool good = connect_all(&r, port) && load(&r, us) && !r.refused;

	for (int i = 0; i < LINKS; i++)
		if (r.link[i].fd > 0)
			close(r.link[i].fd);
	close(r.epoll);
	if (!good) {
		fprintf(stderr, "bench api: %s was refused or ended\n", name);
		return false;
	}
	printf("bench api.%s_requests_per_s=%.4g\n", name,
			(double)r.times.count / ((double)us / 1e6));
	printf("bench api.%s_p99_ms=%.4g\n", name, (double)load_histogram_at(&r.times, 0.99) / 1e3);
	return true;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	uint64_t us = (quick ? 2 : 5) * HWS_US_PER_S;
	uint16_t port = 0;
	pid_t pid = 0;
	bool good;

	if (served_start(&pid, &port) < 0) {
		fprintf(stderr, "bench api: the server does not start\n");
		return 1;
	}
	good = measure("floor", heartbeat, port, us) && measure("loop", get, port, us);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return good ? 0 : 1;
}
