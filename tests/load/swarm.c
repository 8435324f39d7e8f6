/* load/swarm: batches of datagrams with chosen source addresses. */
#include "tests/load/swarm.h"
#include "proto/rendezvous.pb-c.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "shared/wire/frame.h"
#include "shared/wire/register_codec.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define PACKET 300
#define RETRY_US 500000

/* What a device waits for. */
enum { IDLE, WANT_OK, WANT_KNOWN, WANT_ALIVE };

struct host {
	uint64_t sent_us; /* 0 = nothing outstanding */
	uint8_t wants;
	uint8_t address; /* how often it has moved */
	bool registered;
};

struct packet {
	struct sockaddr_in addr;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t data[PACKET];
};

struct load_swarm {
	struct load_swarm_conf conf;
	struct host *host;
	int fd;
	struct packet tx[BATCH], rx[BATCH];
	struct mmsghdr txm[BATCH], rxm[BATCH];
	unsigned queued;
	uint32_t outstanding, registered;
	uint64_t rng;
	struct load_swarm_stats stats;
	bool filling;  /* registration: go on at each answer */
	uint32_t next; /* next device to begin with */
	bool saturating;
};

static uint32_t address_of(const struct load_swarm *s, uint32_t n)
{
	/* 127.1.0.0 and up; each move jumps by 4 million */
	return 0x7f010000u + n + ((uint32_t)(s->host[n].address & 3) << 22);
}

static bool number_of(const struct load_swarm *s, uint32_t ip, uint32_t *ret)
{
	uint32_t n = (ip - 0x7f010000u) & ((1u << 22) - 1);

	*ret = n;
	return n < s->conf.hosts;
}

static bool chance(struct load_swarm *s, double p)
{
	s->rng = s->rng * 6364136223846793005ull + 1442695040888963407ull;
	return p > 0 && (double)(s->rng >> 11) * 0x1p-53 < p;
}

int load_swarm_new(const struct load_swarm_conf *conf, struct load_swarm **ret)
{
	struct load_swarm *s = calloc(1, sizeof(*s));
	struct sockaddr_in any = { .sin_family = AF_INET };
	int one = 1, size = 8 << 20;

	if (!s)
		return -ENOMEM;
	s->conf = *conf;
	s->rng = hws_clock_us() | 1;
	s->host = calloc(conf->hosts, sizeof(*s->host));
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (!s->host || s->fd < 0 || bind(s->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
			setsockopt(s->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) < 0) {
		int e = errno ? errno : ENOMEM;

		load_swarm_free(s);
		return -e;
	}
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (int i = 0; i < BATCH; i++) {
		struct packet *p = &s->tx[i];

		p->addr = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_port = htons(conf->server_port),
			.sin_addr.s_addr = htonl(conf->server_ip) };
		p->iov.iov_base = p->data;
		s->txm[i].msg_hdr = (struct msghdr){ .msg_name = &p->addr,
			.msg_namelen = sizeof(p->addr),
			.msg_iov = &p->iov,
			.msg_iovlen = 1,
			.msg_control = p->control,
			.msg_controllen = sizeof(p->control) };
		p = &s->rx[i];
		p->iov = (struct iovec){ p->data, PACKET };
		s->rxm[i].msg_hdr = (struct msghdr){ .msg_iov = &p->iov,
			.msg_iovlen = 1,
			.msg_control = p->control,
			.msg_controllen = sizeof(p->control) };
	}
	*ret = s;
	return 0;
}

void load_swarm_free(struct load_swarm *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s->host);
	free(s);
}

/* --- sending --------------------------------------------------------------------------------------- */

static void flush(struct load_swarm *s)
{
	unsigned done = 0;

	while (done < s->queued) {
		int n = sendmmsg(s->fd, s->txm + done, s->queued - done, 0);

		if (n > 0) {
			done += (unsigned)n;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			struct pollfd p = { .fd = s->fd, .events = POLLOUT };

			poll(&p, 1, 10);
		} else if (errno != EINTR) {
			done++;
		}
	}
	s->queued = 0;
}

static struct packet *begin(struct load_swarm *s, uint32_t n)
{
	struct packet *p;
	struct in_pktinfo *info;
	struct cmsghdr *control;

	if (s->queued == BATCH)
		flush(s);
	p = &s->tx[s->queued++];
	control = (struct cmsghdr *)(void *)p->control;
	*control = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(*info)),
		.cmsg_level = IPPROTO_IP,
		.cmsg_type = IP_PKTINFO };
	info = (struct in_pktinfo *)(void *)CMSG_DATA(control);
	memset(info, 0, sizeof(*info));
	info->ipi_spec_dst.s_addr = htonl(address_of(s, n));
	return p;
}

static int id_of(const struct load_swarm *s, uint32_t n, char id[16])
{
	return snprintf(id, 16, "%u", 100000000u + s->conf.first + n);
}

static void wait_for(struct load_swarm *s, uint32_t n, uint8_t what)
{
	struct host *h = &s->host[n];

	if (!h->sent_us)
		s->outstanding++;
	h->sent_us = hws_clock_us();
	h->wants = what;
	s->stats.sent++;
	if (chance(s, s->conf.loss))
		s->queued--; /* lost on its way */
}

static void send_alive(struct load_swarm *s, uint32_t n, uint8_t what)
{
	struct packet *p = begin(s, n);
	char id[16];
	int len = id_of(s, n, id);

	p->iov.iov_len = hws_register_peer_encode(hws_bytes(id, (size_t)len), 3, p->data, PACKET);
	wait_for(s, n, what);
}

static void send_pk(struct load_swarm *s, uint32_t n, uint8_t what)
{
	struct packet *p = begin(s, n);
	Rdv__RegisterPk pk = RDV__REGISTER_PK__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	char id[16], uuid[40];
	uint8_t key[32];

	id_of(s, n, id);
	snprintf(uuid, sizeof(uuid), "machine-%028u", s->conf.first + n);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)((n + s->conf.first) >> (i % 4 * 8) ^ i * 37);
	pk.id = id;
	pk.uuid = (ProtobufCBinaryData){ 36, (uint8_t *)uuid };
	pk.pk = (ProtobufCBinaryData){ sizeof(key), key };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK;
	m.register_pk = &pk;
	p->iov.iov_len = rdv__rendezvous_message__pack(&m, p->data);
	wait_for(s, n, what);
}

static void send_sent(struct load_swarm *s, uint32_t n, const Rdv__PunchHole *hole)
{
	struct packet *p = begin(s, n);
	Rdv__PunchHoleSent sent = RDV__PUNCH_HOLE_SENT__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	char id[16];

	id_of(s, n, id);
	sent.id = id;
	sent.socket_addr = hole->socket_addr;
	sent.relay_server = (char *)"relay.example.com";
	sent.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	sent.version = (char *)"1.4.9";
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_SENT;
	m.punch_hole_sent = &sent;
	p->iov.iov_len = rdv__rendezvous_message__pack(&m, p->data);
}

/* By TCP, as deployed hosts do; on the loopback that takes no time worth an event loop. */
static void agree_to_relay(struct load_swarm *s, uint32_t n, const Rdv__RequestRelay *rr)
{
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_in own = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(address_of(s, n)) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(s->conf.server_port),
		.sin_addr.s_addr = htonl(s->conf.server_ip) };
	uint8_t out[PACKET + HWS_FRAME_HEADER_MAX];
	char id[16];
	size_t len, w;
	int fd;

	id_of(s, n, id);
	p.socket_addr = rr->socket_addr;
	p.uuid = rr->uuid;
	p.relay_server = rr->relay_server;
	p.version = (char *)"1.4.9";
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	m.relay_response = &p;
	len = rdv__rendezvous_message__get_packed_size(&m);
	if (len > PACKET)
		return;
	w = hws_frame_header(len, out);
	rdv__rendezvous_message__pack(&m, out + w);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
			connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
			send(fd, out, w + len, MSG_NOSIGNAL) < 0)
		s->stats.lost++;
	close(fd);
}

/* --- receiving ------------------------------------------------------------------------------------- */

static void settled(struct load_swarm *s, uint32_t n)
{
	struct host *h = &s->host[n];

	if (h->sent_us)
		s->outstanding--;
	h->sent_us = 0;
	h->wants = IDLE;
}

/* The next device in the closed loops. */
static void go_on(struct load_swarm *s)
{
	if (s->filling && s->next < s->conf.hosts)
		send_pk(s, s->next++, WANT_OK);
	else if (s->saturating)
		send_alive(s, s->next = (s->next + 1) % s->conf.hosts, WANT_ALIVE);
}

static void on_known(struct load_swarm *s, uint32_t n)
{
	struct host *h = &s->host[n];

	if (!h->sent_us)
		return;
	if (h->wants == WANT_ALIVE) {
		load_histogram_add(&s->stats.latency, hws_clock_us() - h->sent_us);
		s->stats.answered++;
	}
	if (!h->registered) {
		h->registered = true;
		s->registered++;
		s->stats.registered++;
	}
	settled(s, n);
	if (chance(s, s->conf.move)) {
		h->address++;
		s->stats.moved++;
	} else if (chance(s, s->conf.restart)) {
		s->stats.restarts++;
		send_pk(s, n, WANT_OK);
		return;
	}
	go_on(s);
}

static void on_message(struct load_swarm *s, uint32_t n, const struct packet *p, size_t len)
{
	Rdv__RendezvousMessage *m;
	bool ask;

	if (hws_register_peer_response_decode(hws_bytes(p->data, len), &ask) == 0) {
		if (!ask) {
			on_known(s, n);
		} else if (s->conf.once) {
			s->stats.answered++;
			settled(s, n);
		} else {
			s->stats.asked++;
			send_pk(s, n, WANT_OK);
		}
		return;
	}
	m = rdv__rendezvous_message__unpack(NULL, len, p->data);
	if (!m)
		return;
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE) {
		switch (m->register_pk_response->result) {
		case RDV__REGISTER_PK_RESPONSE__RESULT__OK:
			send_alive(s, n, WANT_KNOWN);
			break;
		case RDV__REGISTER_PK_RESPONSE__RESULT__UUID_MISMATCH:
			s->stats.mismatches++;
			settled(s, n);
			break;
		default: /* deployed hosts try again later; so does repeat() */
			s->stats.refused++;
			s->host[n].sent_us = hws_clock_us();
			s->host[n].wants = WANT_OK;
		}
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE) {
		s->stats.pushes++;
		if (s->conf.answer)
			send_sent(s, n, m->punch_hole);
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY) {
		s->stats.pushes++;
		if (s->conf.answer)
			agree_to_relay(s, n, m->request_relay);
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR) {
		s->stats.pushes++;
	}
	rdv__rendezvous_message__free_unpacked(m, NULL);
}

static bool receive(struct load_swarm *s)
{
	int n;

	for (int i = 0; i < BATCH; i++)
		s->rxm[i].msg_hdr.msg_controllen = sizeof(s->rx[i].control);
	n = recvmmsg(s->fd, s->rxm, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&s->rxm[i].msg_hdr);
		struct in_pktinfo info;
		uint32_t host;

		if (!c || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (number_of(s, ntohl(info.ipi_addr.s_addr), &host))
			on_message(s, host, &s->rx[i], s->rxm[i].msg_len);
	}
	return n > 0;
}

/* Those whose answer is overdue ask again; one look at `count` devices. */
static void repeat(struct load_swarm *s, uint32_t *at, uint32_t count)
{
	uint64_t now = hws_clock_us();

	for (; count > 0; count--) {
		struct host *h = &s->host[*at];

		if (h->sent_us && now - h->sent_us > RETRY_US) {
			s->stats.lost++;
			if (h->wants == WANT_OK)
				send_pk(s, *at, WANT_OK);
			else
				send_alive(s, *at, h->wants);
		}
		*at = (*at + 1) % s->conf.hosts;
	}
}

static void wait_input(struct load_swarm *s, int ms)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	flush(s);
	poll(&p, 1, ms);
}

uint32_t load_swarm_register(struct load_swarm *s, uint32_t window, uint64_t limit_us)
{
	uint64_t until = hws_clock_us() + limit_us;
	uint32_t at = 0;

	s->filling = true;
	s->next = 0;
	while (s->registered < s->conf.hosts && hws_clock_us() < until) {
		while (s->outstanding < window && s->next < s->conf.hosts)
			go_on(s);
		flush(s);
		if (!receive(s)) {
			wait_input(s, 1);
			repeat(s, &at, s->conf.hosts / 50 + 1);
		}
	}
	s->filling = false;
	flush(s);
	return s->registered;
}

uint32_t load_swarm_register_paced(
		struct load_swarm *s, uint32_t per_s, uint64_t us, const bool *stop)
{
	uint64_t start = hws_clock_us(), passed = 0;
	uint32_t begun = 0, at = 0;

	while (passed < us && !(stop && __atomic_load_n(stop, __ATOMIC_RELAXED))) {
		uint64_t due = passed * per_s / 1000000;

		for (; begun < due && begun < s->conf.hosts; begun++)
			send_pk(s, begun, WANT_OK);
		flush(s);
		if (!receive(s))
			wait_input(s, 1);
		repeat(s, &at, s->conf.hosts / 500 + 1);
		passed = hws_clock_us() - start;
	}
	return s->registered;
}

/* What the closed loops left is forgotten. */
static void forget_outstanding(struct load_swarm *s)
{
	for (uint32_t n = 0; n < s->conf.hosts; n++)
		settled(s, n);
	s->outstanding = 0;
}

uint64_t load_swarm_saturate(struct load_swarm *s, uint32_t window, uint64_t us)
{
	uint64_t until = hws_clock_us() + us, before = s->stats.answered;
	uint32_t at = 0, turns = 0;

	forget_outstanding(s);
	s->saturating = true;
	while (hws_clock_us() < until) {
		while (s->outstanding < window)
			go_on(s);
		flush(s);
		if (!receive(s))
			wait_input(s, 1);
		if (++turns % 1000 == 0)
			repeat(s, &at, s->conf.hosts / 10 + 1);
	}
	s->saturating = false;
	flush(s);
	return s->stats.answered - before;
}

void load_swarm_run(struct load_swarm *s, uint64_t us, const bool *stop)
{
	uint64_t start = hws_clock_us(), now = start;
	double rate = (double)s->conf.hosts / (double)s->conf.interval_us;
	uint64_t due = 0, done = 0;

	forget_outstanding(s);
	while (now - start < us && !(stop && __atomic_load_n(stop, __ATOMIC_RELAXED))) {
		due = (uint64_t)((double)(now - start) * rate);
		for (; done < due; done++) {
			uint32_t n = (uint32_t)(done % s->conf.hosts);

			if (s->host[n].sent_us)
				s->stats.lost++;
			send_alive(s, n, WANT_ALIVE);
			if ((done & 15) == 15)
				receive(s);
		}
		flush(s);
		if (!receive(s))
			wait_input(s, 1);
		now = hws_clock_us();
	}
	/* the last ones get a moment */
	for (int i = 0; i < 20 && s->outstanding; i++) {
		wait_input(s, 10);
		receive(s);
	}
}

const struct load_swarm_stats *load_swarm_stats(const struct load_swarm *s)
{
	return &s->stats;
}

void load_swarm_reset_stats(struct load_swarm *s)
{
	memset(&s->stats, 0, sizeof(s->stats));
}
