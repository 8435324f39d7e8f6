/* load/swarm_send: the sockets of a swarm and what its devices say. */
#include "shared/base/clock.h"
#include "shared/net/room.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/register_codec.h"
#include "tests/load/swarm_parts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define SKB 1024u /* bytes of a receive buffer that a small datagram takes, generously */

static uint32_t address_of(const struct load_swarm *s, uint32_t n)
{
	if (s->conf.site_ip)
		return s->conf.site_ip;
	/* 127.1.0.0 and up; each move jumps by 4 million */
	return 0x7f010000u + n + ((uint32_t)(s->host[n].address & 3) << 22);
}

bool swarm_chance(struct load_swarm *s, double p)
{
	s->rng = s->rng * 6364136223846793005ull + 1442695040888963407ull;
	return p > 0 && (double)(s->rng >> 11) * 0x1p-53 < p;
}

int swarm_open_shared(struct load_swarm *s)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int one = 1;

	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
			setsockopt(s->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) < 0)
		return -errno;
	s->room = (uint32_t)(hws_room_receive(s->fd, 8 << 20) / SKB);
	return 0;
}

int swarm_open_site(struct load_swarm *s)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(s->conf.site_ip) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(s->conf.server_port),
		.sin_addr.s_addr = htonl(s->conf.server_ip) };

	s->own = calloc(s->conf.hosts, sizeof(*s->own));
	s->fd = epoll_create1(EPOLL_CLOEXEC);
	if (!s->own || s->fd < 0)
		return -ENOMEM;
	for (uint32_t n = 0; n < s->conf.hosts; n++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.u32 = n };
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		s->own[n] = fd;
		if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
				connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
				epoll_ctl(s->fd, EPOLL_CTL_ADD, fd, &ev) < 0)
			return -errno;
	}
	s->room = 400; /* of the server's sockets at the default setting */
	return 0;
}

void swarm_prepare(struct load_swarm *s)
{
	for (int i = 0; i < SWARM_BATCH; i++) {
		struct swarm_packet *p = &s->tx[i];

		p->addr = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_port = htons(s->conf.server_port),
			.sin_addr.s_addr = htonl(s->conf.server_ip) };
		p->iov.iov_base = p->data;
		s->txm[i].msg_hdr = (struct msghdr){ .msg_name = &p->addr,
			.msg_namelen = sizeof(p->addr),
			.msg_iov = &p->iov,
			.msg_iovlen = 1,
			.msg_control = p->control,
			.msg_controllen = sizeof(p->control) };
		p = &s->rx[i];
		p->iov = (struct iovec){ p->data, SWARM_PACKET };
		s->rxm[i].msg_hdr = (struct msghdr){ .msg_iov = &p->iov,
			.msg_iovlen = 1,
			.msg_control = p->control,
			.msg_controllen = sizeof(p->control) };
	}
}

/* What a site's devices send leaves by the socket of each. */
static void flush_site(struct load_swarm *s)
{
	for (unsigned i = 0; i < s->queued; i++) {
		struct swarm_packet *p = &s->tx[i];

		while (send(s->own[p->host], p->data, p->iov.iov_len, MSG_NOSIGNAL) < 0 &&
				(errno == EAGAIN || errno == ENOBUFS || errno == EINTR)) {
			struct pollfd w = { .fd = s->own[p->host], .events = POLLOUT };

			poll(&w, 1, 10);
		}
	}
	s->queued = 0;
}

void swarm_flush(struct load_swarm *s)
{
	unsigned done = 0;

	if (s->own) {
		flush_site(s);
		return;
	}
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

static struct swarm_packet *begin(struct load_swarm *s, uint32_t n)
{
	struct swarm_packet *p;
	struct in_pktinfo *info;
	struct cmsghdr *control;

	if (s->queued == SWARM_BATCH)
		swarm_flush(s);
	p = &s->tx[s->queued++];
	p->host = n;
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
	struct swarm_host *h = &s->host[n];

	if (!h->sent_us)
		s->outstanding++;
	h->sent_us = hws_clock_us();
	h->wants = what;
	s->stats.sent++;
	if (swarm_chance(s, s->conf.loss))
		s->queued--; /* lost on its way */
}

void swarm_send_alive(struct load_swarm *s, uint32_t n, uint8_t what)
{
	struct swarm_packet *p = begin(s, n);
	char id[16];
	int len = id_of(s, n, id);

	p->iov.iov_len = hws_register_peer_encode(
			hws_bytes(id, (size_t)len), 3, p->data, SWARM_PACKET);
	wait_for(s, n, what);
}

void swarm_send_pk(struct load_swarm *s, uint32_t n, uint8_t what)
{
	struct swarm_packet *p = begin(s, n);
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

void swarm_send_sent(struct load_swarm *s, uint32_t n, const Rdv__PunchHole *hole)
{
	struct swarm_packet *p = begin(s, n);
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

/* By TCP, as deployed hosts do. */
static void answer_by_link(struct load_swarm *s, uint32_t n, const Rdv__RendezvousMessage *m)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(address_of(s, n)) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(s->conf.server_port),
		.sin_addr.s_addr = htonl(s->conf.server_ip) };

	if (!load_answers_send(&s->answers, &own, &to, m))
		s->stats.lost++;
}

void swarm_agree_to_relay(struct load_swarm *s, uint32_t n, const Rdv__RequestRelay *rr)
{
	Rdv__RelayResponse p = RDV__RELAY_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.socket_addr = rr->socket_addr;
	p.uuid = rr->uuid;
	p.relay_server = rr->relay_server;
	p.version = (char *)"1.4.9";
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	m.relay_response = &p;
	answer_by_link(s, n, &m);
}

void swarm_tell_local(struct load_swarm *s, uint32_t n, const Rdv__FetchLocalAddr *asked)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t local[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	char id[16];

	id_of(s, n, id);
	in->sin_family = AF_INET;
	in->sin_port = htons(21118);
	in->sin_addr.s_addr = htonl(0x0a000000u + n);
	p.id = id;
	p.socket_addr = asked->socket_addr;
	p.local_addr = (ProtobufCBinaryData){ hws_addr_encode(&ss, (uint32_t)hws_clock_us(), local),
		local };
	p.relay_server = asked->relay_server;
	p.version = (char *)"1.4.9";
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR;
	m.local_addr = &p;
	s->stats.local++;
	answer_by_link(s, n, &m);
}
