/* load/callers: non-blocking links under one epoll. */
#include "tests/load/callers.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/clock.h"
#include "shared/wire/frame.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#define TIMEOUT_US 3000000
#define BUF 2048

struct link {
	int fd;           /* -1 = closed */
	uint64_t sent_us; /* 0 = idle */
	bool connecting, online, relay;
	uint32_t host; /* whom it calls */
	size_t out_len, in_len;
	uint8_t out[400], in[BUF];
};

struct load_callers {
	struct load_callers_conf conf;
	struct link *link;
	int epoll;
	uint32_t next;
	uint64_t rng;
	struct load_callers_stats stats;
};

int load_callers_new(const struct load_callers_conf *conf, struct load_callers **ret)
{
	struct load_callers *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->conf = *conf;
	c->rng = hws_clock_us() | 1;
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->link = calloc(conf->links, sizeof(*c->link));
	if (c->epoll < 0 || !c->link) {
		load_callers_free(c);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < conf->links; i++)
		c->link[i].fd = -1;
	*ret = c;
	return 0;
}

static void hang_up(struct link *l)
{
	struct linger hard = { 1, 0 }; /* no port waits in TIME_WAIT */

	if (l->fd >= 0) {
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(l->fd);
	}
	l->fd = -1;
	l->sent_us = 0;
	l->in_len = l->out_len = 0;
}

void load_callers_free(struct load_callers *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; c->link && i < c->conf.links; i++)
		hang_up(&c->link[i]);
	if (c->epoll >= 0)
		close(c->epoll);
	free(c->link);
	free(c);
}

static uint32_t below(struct load_callers *c, uint32_t n)
{
	c->rng = c->rng * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((c->rng >> 33) % n);
}

static bool dial(struct load_callers *c, struct link *l)
{
	uint32_t n = (uint32_t)(l - c->link);
	struct sockaddr_in own = { .sin_family = AF_INET,
		.sin_addr.s_addr =
				htonl(c->conf.own_ip ? c->conf.own_ip : 0x7ff00000u + n % 60000) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(c->conf.server_port),
		.sin_addr.s_addr = htonl(c->conf.server_ip) };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = n };
	int one = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0) {
		c->stats.lost.no_socket_errno = errno;
		return false;
	}
	setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(l->fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
			(connect(l->fd, (struct sockaddr *)&to, sizeof(to)) < 0 &&
					errno != EINPROGRESS) ||
			epoll_ctl(c->epoll, EPOLL_CTL_ADD, l->fd, &ev) < 0) {
		c->stats.lost.no_socket_errno = errno;
		hang_up(l);
		return false;
	}
	l->connecting = true;
	return true;
}

static void push_out(struct load_callers *c, struct link *l)
{
	ssize_t n;

	if (!l->out_len || l->connecting)
		return;
	n = send(l->fd, l->out, l->out_len, MSG_NOSIGNAL);
	if (n == (ssize_t)l->out_len) {
		l->out_len = 0;
	} else if (n < 0 && errno != EAGAIN) {
		c->stats.failures++;
		c->stats.lost.closed++;
		hang_up(l);
	}
}

static void put(struct link *l, const Rdv__RendezvousMessage *m)
{
	uint8_t hdr[HWS_FRAME_HEADER_MAX];
	size_t n = rdv__rendezvous_message__get_packed_size(m);
	size_t w = hws_frame_header(n, hdr);

	memcpy(l->out, hdr, w);
	rdv__rendezvous_message__pack(m, l->out + w);
	l->out_len = n + w;
}

static void build(struct load_callers *c, struct link *l)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	Rdv__OnlineRequest o = RDV__ONLINE_REQUEST__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	char id[16];
	char *ids[1] = { id };

	l->host = 100000000u + c->conf.first + below(c, c->conf.hosts);
	snprintf(id, sizeof(id), "%u", l->host);
	l->relay = false;
	l->online = c->conf.fresh && (double)below(c, 1000) < c->conf.online * 1000;
	if (l->online) {
		o.id = (char *)"viewer";
		o.n_peers = 1;
		o.peers = ids;
		m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_ONLINE_REQUEST;
		m.online_request = &o;
	} else {
		p.id = id;
		p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
		p.licence_key = (char *)c->conf.key;
		p.version = (char *)"1.4.9";
		p.udp_port = 40000;
		m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST;
		m.punch_hole_request = &p;
	}
	put(l, &m);
}

/* Asks the device to come to the relay, on the same link. */
static void ask_relay(struct load_callers *c, struct link *l, const char *relay)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	char id[16], uuid[40];

	snprintf(id, sizeof(id), "%u", l->host);
	snprintf(uuid, sizeof(uuid), "%08x-0000-4000-8000-%012x", below(c, INT32_MAX), l->host);
	p.id = id;
	p.uuid = uuid;
	p.relay_server = (char *)(uintptr_t)relay;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	m.request_relay = &p;
	l->relay = true;
	l->sent_us = hws_clock_us();
	put(l, &m);
	push_out(c, l);
}

static void ask(struct load_callers *c)
{
	struct link *l = NULL;

	for (uint32_t i = 0; i < c->conf.links && !l; i++) {
		c->next = (c->next + 1) % c->conf.links;
		if (!c->link[c->next].sent_us)
			l = &c->link[c->next];
	}
	if (!l) {
		c->stats.failures++;
		c->stats.lost.no_link++;
		return;
	}
	if (l->fd < 0 && !dial(c, l)) {
		c->stats.failures++;
		c->stats.lost.no_socket++;
		return;
	}
	build(c, l);
	l->sent_us = hws_clock_us();
	c->stats.sent++;
	push_out(c, l);
}

static void refused(struct load_callers *c, const Rdv__PunchHoleResponse *p)
{
	struct load_callers_lost *l = &c->stats.lost;

	c->stats.refused++;
	if (strncmp(p->other_failure, "Too many", 8) == 0)
		l->limited++;
	else if (*p->other_failure)
		l->other++;
	else if (p->failure == RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE)
		l->offline++;
	else if (p->failure == RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH)
		l->wrong_key++;
	else
		l->absent++;
}

static void on_message(struct load_callers *c, struct link *l, struct hws_bytes body)
{
	Rdv__RendezvousMessage *m = rdv__rendezvous_message__unpack(NULL, body.len, body.ptr);
	bool mine = false;

	if (m && l->sent_us) {
		if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE &&
				!l->relay) {
			mine = true;
			if (m->punch_hole_response->socket_addr.len)
				c->stats.answered++;
			else
				refused(c, m->punch_hole_response);
		} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE) {
			mine = true;
			if (*m->relay_response->refuse_reason) {
				c->stats.refused++;
				c->stats.lost.other++;
			} else {
				c->stats.relayed++;
			}
		} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_ONLINE_RESPONSE) {
			mine = true;
			c->stats.online++;
		}
	}
	if (mine) {
		load_histogram_add(&c->stats.latency, hws_clock_us() - l->sent_us);
		l->sent_us = 0;
		if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE &&
				m->punch_hole_response->socket_addr.len &&
				(double)below(c, 1000) < c->conf.relay * 1000)
			ask_relay(c, l, m->punch_hole_response->relay_server);
	}
	if (m)
		rdv__rendezvous_message__free_unpacked(m, NULL);
}

static void on_input(struct load_callers *c, struct link *l)
{
	struct hws_bytes body;
	size_t used;

	for (;;) {
		ssize_t n = recv(l->fd, l->in + l->in_len, BUF - l->in_len, 0);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			if (l->sent_us) {
				c->stats.failures++;
				c->stats.lost.closed++;
			}
			hang_up(l);
			return;
		}
		l->in_len += (size_t)n;
		while (hws_frame_next(hws_bytes(l->in, l->in_len), BUF - 8, &body, &used) == 0) {
			on_message(c, l, body);
			memmove(l->in, l->in + used, l->in_len - used);
			l->in_len -= used;
		}
		if (!l->sent_us && c->conf.fresh) {
			hang_up(l);
			return;
		}
	}
}

static void look_for_timeouts(struct load_callers *c, uint64_t now)
{
	for (uint32_t i = 0; i < c->conf.links; i++) {
		struct link *l = &c->link[i];

		if (l->sent_us && now - l->sent_us > TIMEOUT_US) {
			c->stats.timeouts++;
			if (l->connecting)
				c->stats.lost.no_connect++;
			else
				c->stats.lost.no_answer++;
			hang_up(l);
		}
	}
}

static void turn(struct load_callers *c, int ms)
{
	struct epoll_event ev[64];
	int n = epoll_wait(c->epoll, ev, 64, ms);

	for (int i = 0; i < n; i++) {
		struct link *l = &c->link[ev[i].data.u32];

		if (l->fd < 0)
			continue;
		if (l->connecting && ev[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
			l->connecting = false;
			push_out(c, l);
		}
		if (l->fd >= 0 && ev[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
			on_input(c, l);
	}
}

static bool waiting(const struct load_callers *c)
{
	for (uint32_t i = 0; i < c->conf.links; i++) {
		if (c->link[i].sent_us)
			return true;
	}
	return false;
}

void load_callers_run(struct load_callers *c, uint64_t us, const bool *stop)
{
	uint64_t start = hws_clock_us(), now = start, done = 0, looked = start;

	while (now - start < us && !(stop && __atomic_load_n(stop, __ATOMIC_RELAXED))) {
		uint64_t due = (uint64_t)((double)(now - start) * c->conf.rate / 1e6);

		for (; done < due; done++)
			ask(c);
		turn(c, 1);
		load_histogram_add(&c->stats.turn, hws_clock_us() - now);
		now = hws_clock_us();
		if (now - looked > 200000) {
			look_for_timeouts(c, now);
			looked = now;
		}
	}
	/* the last ones get the same time as the others */
	for (uint64_t end = now + TIMEOUT_US; waiting(c) && now < end; now = hws_clock_us())
		turn(c, 2);
	look_for_timeouts(c, hws_clock_us() + TIMEOUT_US);
}

const struct load_callers_stats *load_callers_stats(const struct load_callers *c)
{
	return &c->stats;
}

static void add(char *buf, size_t size, const char *what, uint64_t count, const char *more)
{
	size_t n = strlen(buf);

	if (count)
		snprintf(buf + n, size - n, "%s%s: %llu%s%s%s", n ? ", " : "", what,
				(unsigned long long)count, more ? " (" : "", more ? more : "",
				more ? ")" : "");
}

void load_callers_lost_text(const struct load_callers_lost *l, char *buf, size_t size)
{
	add(buf, size, "no free link", l->no_link, NULL);
	add(buf, size, "no socket", l->no_socket, strerror(l->no_socket_errno));
	add(buf, size, "no connection", l->no_connect, NULL);
	add(buf, size, "connected, no answer", l->no_answer, NULL);
	add(buf, size, "closed by the server", l->closed, NULL);
	add(buf, size, "refused as offline", l->offline, NULL);
	add(buf, size, "refused as unknown", l->absent, NULL);
	add(buf, size, "refused for the key", l->wrong_key, NULL);
	add(buf, size, "refused as too many", l->limited, NULL);
	add(buf, size, "refused otherwise", l->other, NULL);
}
