/* Datagrams: whether they come through at all, what the NAT makes of our address, what it lets in,
 * and how long they may be. Each test has a socket of its own, since what one has sent opens the
 * way for answers to others. */
#include "client/doctor/doctor_parts.h"
#include "shared/base/rand.h"
#include "shared/net/addr.h"
#include "shared/net/own_addr.h"
#include "shared/wire/envelope.h"
#include "shared/wire/register_codec.h"
#include <netinet/in.h>
#include <unistd.h>

#define ROUNDS 6u
#define FIRST_US 100000ull /* then half as long again each time: 2 s in all */
#define BUDGET 16          /* datagrams a turn */
#define PAD 64             /* a server answers with no more than it was sent */
#define UDP_HEADERS 28u    /* of IPv4 and UDP */
#define UDP6_HEADERS 48u
#define MTU_ROUNDS 3u
#define NOBODY 14

/* Ethernet, PPPoE, tunnels of several kinds, the least of IPv6. */
static const unsigned packets[] = { 1500, 1492, 1454, 1420, 1380, 1280 };

static bool is_from(const struct sockaddr_storage *from, const struct sockaddr_storage *server,
		uint16_t port)
{
	return hws_addr_ip_equal(from, server) && hws_addr_port(from) == port;
}

static void send_to(struct hws_doctor_udp *u, const struct sockaddr_storage *server, uint16_t port,
		struct hws_bytes data)
{
	struct sockaddr_storage to = *server;

	hws_addr_set_port(&to, port);
	/* What cannot be sent is not answered. */
	if (sendto(u->fd, data.ptr, data.len, MSG_NOSIGNAL, (struct sockaddr *)&to,
			    hws_addr_len(&to)) < 0)
		return;
}

struct test {
	bool address, other, full;
	size_t pad;
};

/* Into `out`; its length, or 0. */
static size_t pack_test(const struct test *t, uint8_t *out, size_t size)
{
	static uint8_t zeros[1600];
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__TestNatRequest q = RDV__TEST_NAT_REQUEST__INIT;

	q.want_address = t->address;
	q.want_time = t->address;
	q.from_other_port = t->other;
	q.want_pad = t->full;
	q.pad = (ProtobufCBinaryData){ HWS_MIN(t->pad, sizeof(zeros)), zeros };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST;
	m.test_nat_request = &q;
	return rdv__rendezvous_message__get_packed_size(&m) <= size
			? rdv__rendezvous_message__pack(&m, out)
			: 0;
}

static void say_test(struct hws_doctor_udp *u, const struct test *t,
		const struct sockaddr_storage *server, uint16_t port)
{
	uint8_t out[256];
	size_t n = pack_test(t, out, sizeof(out));

	if (n)
		send_to(u, server, port, hws_bytes(out, n));
}

/* Of nobody: it is answered, by deployed servers too, and registers nothing. */
static void say_register(struct hws_doctor_udp *u, const struct sockaddr_storage *server)
{
	uint8_t id[NOBODY], out[64];
	size_t n;

	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)('a' + hws_rand_below(26));
	n = hws_register_peer_encode(hws_bytes(id, sizeof(id)), 0, out, sizeof(out));
	if (n)
		send_to(u, server, u->d->facts.port, hws_bytes(out, n));
}

static const Rdv__TestNatResponse *test_of(const Rdv__RendezvousMessage *m)
{
	return m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE
			? m->test_nat_response
			: NULL;
}

static void close_socket(struct hws_doctor_udp *u)
{
	hws_timer_stop(&u->again);
	if (u->fd >= 0) {
		event_del(&u->ev);
		close(u->fd);
	}
	u->fd = -1;
}

/* --- what the NAT makes of our address -------------------------------------------------------- */

static void say_map(struct hws_doctor_udp *u)
{
	const struct test t = { .address = true, .pad = PAD };
	struct hws_doctor *d = u->d;

	for (unsigned i = 0; i < d->server_count; i++) {
		struct hws_doctor_seen *seen = d->facts.seen_udp[i];

		if (!seen[0].known)
			say_test(u, &t, &d->server[i], d->facts.port);
		if (!seen[1].known)
			say_test(u, &t, &d->server[i], (uint16_t)(d->facts.port - 1));
	}
}

static void heard_map(struct hws_doctor_udp *u, const struct sockaddr_storage *from,
		const Rdv__RendezvousMessage *m, size_t len)
{
	const Rdv__TestNatResponse *p = test_of(m);
	struct hws_doctor *d = u->d;
	struct hws_doctor_facts *f = &d->facts;
	bool all = true;

	(void)len;
	for (unsigned i = 0; p && i < d->server_count; i++) {
		if (is_from(from, &d->server[i], f->port)) {
			hws_doctor_keep_seen(&f->seen_udp[i][0], p);
			hws_doctor_end(d, &f->udp, HWS_OK);
		} else if (is_from(from, &d->server[i], (uint16_t)(f->port - 1))) {
			hws_doctor_keep_seen(&f->seen_udp[i][1], p);
			hws_doctor_end(d, &f->udp_nat, HWS_OK);
		}
		all = all && f->seen_udp[i][0].known && f->seen_udp[i][1].known;
	}
	if (p && all)
		close_socket(u);
}

/* --- what it lets in -------------------------------------------------------------------------- */

static void say_filter(struct hws_doctor_udp *u)
{
	const struct test t = { .address = true, .other = true, .pad = PAD };

	say_test(u, &t, &u->d->server[0], u->d->facts.port);
}

static void heard_filter(struct hws_doctor_udp *u, const struct sockaddr_storage *from,
		const Rdv__RendezvousMessage *m, size_t len)
{
	(void)len;
	if (!test_of(m) || !is_from(from, &u->d->server[0], (uint16_t)(u->d->facts.port - 1)))
		return;
	hws_doctor_end(u->d, &u->d->facts.filter, HWS_OK);
	close_socket(u);
}

/* --- whether it comes through at all ---------------------------------------------------------- */

static void say_plain(struct hws_doctor_udp *u)
{
	say_register(u, &u->d->server[0]);
}

static void heard_plain(struct hws_doctor_udp *u, const struct sockaddr_storage *from,
		const Rdv__RendezvousMessage *m, size_t len)
{
	(void)m;
	(void)len;
	if (!is_from(from, &u->d->server[0], u->d->facts.port))
		return;
	hws_doctor_end(u->d, &u->d->facts.udp_plain, HWS_OK);
	close_socket(u);
}

static void say_v6(struct hws_doctor_udp *u)
{
	say_register(u, &u->d->server6);
}

static void heard_v6(struct hws_doctor_udp *u, const struct sockaddr_storage *from,
		const Rdv__RendezvousMessage *m, size_t len)
{
	(void)m;
	(void)len;
	if (!is_from(from, &u->d->server6, u->d->facts.port))
		return;
	hws_doctor_end(u->d, &u->d->facts.udp6, HWS_OK);
	close_socket(u);
}

/* --- how long they may be --------------------------------------------------------------------- */

static unsigned headers(const struct hws_doctor *d)
{
	return d->server[0].ss_family == AF_INET6 ? UDP6_HEADERS : UDP_HEADERS;
}

/* A request that makes a packet of that length; the field of padding may take a byte more. */
static void say_long(struct hws_doctor_udp *u, unsigned packet)
{
	struct test t = { .full = true };
	size_t want = packet - headers(u->d);
	uint8_t out[1600];
	size_t n;

	t.pad = want;
	do
		n = pack_test(&t, out, sizeof(out));
	while ((n == 0 || n > want) && --t.pad > 0);
	if (n)
		send_to(u, &u->d->server[0], u->d->facts.port, hws_bytes(out, n));
}

static void say_mtu(struct hws_doctor_udp *u)
{
	if (u->round >= MTU_ROUNDS)
		return;
	for (size_t i = 0; i < HWS_COUNT(packets) && packets[i] > u->d->facts.mtu; i++)
		say_long(u, packets[i]);
}

/* The length of the answer tells which request it is to; a few bytes are lost to padding. */
static void heard_mtu(struct hws_doctor_udp *u, const struct sockaddr_storage *from,
		const Rdv__RendezvousMessage *m, size_t len)
{
	struct hws_doctor_facts *f = &u->d->facts;

	if (!test_of(m) || !is_from(from, &u->d->server[0], f->port))
		return;
	for (size_t i = 0; i < HWS_COUNT(packets); i++) {
		size_t want = packets[i] - headers(u->d);

		if (len <= want && len + 8 > want && packets[i] > f->mtu)
			f->mtu = packets[i];
	}
	if (f->mtu == packets[0]) {
		hws_doctor_end(u->d, &f->carries, HWS_OK);
		close_socket(u);
	}
}

/* --- sockets ---------------------------------------------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct hws_doctor_udp *u = arg;
	uint8_t buf[HWS_RDV_DATAGRAM_MAX];

	(void)what;
	for (int i = 0; i < BUDGET && u->fd >= 0; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom((int)fd, buf, sizeof(buf), MSG_DONTWAIT,
				(struct sockaddr *)&from, &from_len);
		Rdv__RendezvousMessage *m = NULL;

		if (n < 0)
			return; /* empty, or an ICMP answer: what matters is what comes */
		if (n == 0 || hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m) < 0)
			continue;
		u->heard(u, &from, m, (size_t)n);
		hws_rdv_free(m);
	}
}

/* Packets are to be lost where they are too long, not cut into pieces or be refused by memory of an
 * earlier loss. */
static void forbid_pieces(int fd, int family)
{
	int probe4 = IP_PMTUDISC_PROBE, probe6 = IPV6_PMTUDISC_PROBE;

	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe6, sizeof(probe6));
	else
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe4, sizeof(probe4));
}

static void fail_waiting(struct hws_doctor_udp *u)
{
	struct hws_doctor *d = u->d;
	struct hws_doctor_facts *f = &d->facts;

	if (u == &d->udp[HWS_DOCTOR_UDP_MAP]) {
		hws_doctor_end(d, &f->udp, HWS_ERR_TIMEOUT);
		hws_doctor_end(d, &f->udp_nat, HWS_ERR_TIMEOUT);
	} else if (u == &d->udp[HWS_DOCTOR_UDP_FILTER]) {
		hws_doctor_end(d, &f->filter, HWS_ERR_TIMEOUT);
	} else if (u == &d->udp[HWS_DOCTOR_UDP_PLAIN]) {
		hws_doctor_end(d, &f->udp_plain, HWS_ERR_TIMEOUT);
	} else if (u == &d->udp[HWS_DOCTOR_UDP_MTU]) {
		hws_doctor_end(d, &f->carries, f->mtu ? HWS_OK : HWS_ERR_TIMEOUT);
	} else if (u == &d->udp[HWS_DOCTOR_UDP_V6]) {
		hws_doctor_end(d, &f->udp6, HWS_ERR_TIMEOUT);
	}
}

static void on_again(void *arg)
{
	struct hws_doctor_udp *u = arg;
	uint64_t pause_us = FIRST_US;

	if (u->round >= ROUNDS) {
		close_socket(u);
		fail_waiting(u);
		return;
	}
	u->say(u);
	for (unsigned i = 0; i < u->round; i++)
		pause_us += pause_us / 2;
	u->round++;
	hws_timer_start(u->d->loop, &u->again, pause_us, on_again, u);
}

static void start(struct hws_doctor *d, int which, int family)
{
	struct hws_doctor_udp *u = &d->udp[which];

	u->d = d;
	u->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd < 0) {
		fail_waiting(u);
		return;
	}
	if (which == HWS_DOCTOR_UDP_MTU)
		forbid_pieces(u->fd, family);
	event_assign(&u->ev, hws_loop_base(d->loop), u->fd, EV_READ | EV_PERSIST, on_readable, u);
	event_add(&u->ev, NULL);
	hws_timer_start(d->loop, &u->again, 0, on_again, u);
}

void hws_doctor_udp_start(struct hws_doctor *d)
{
	static const struct {
		void (*say)(struct hws_doctor_udp *u);
		void (*heard)(struct hws_doctor_udp *u, const struct sockaddr_storage *from,
				const Rdv__RendezvousMessage *m, size_t len);
	} tests[HWS_DOCTOR_UDP_COUNT] = {
		[HWS_DOCTOR_UDP_MAP] = { say_map, heard_map },
		[HWS_DOCTOR_UDP_FILTER] = { say_filter, heard_filter },
		[HWS_DOCTOR_UDP_PLAIN] = { say_plain, heard_plain },
		[HWS_DOCTOR_UDP_MTU] = { say_mtu, heard_mtu },
		[HWS_DOCTOR_UDP_V6] = { say_v6, heard_v6 },
	};
	struct hws_doctor_facts *f = &d->facts;

	if (hws_own_addr(&d->server[0], &f->local_udp) < 0)
		f->local_udp.ss_family = AF_UNSPEC;
	hws_doctor_begin(d, &f->udp);
	hws_doctor_begin(d, &f->udp_nat);
	hws_doctor_begin(d, &f->filter);
	hws_doctor_begin(d, &f->udp_plain);
	hws_doctor_begin(d, &f->carries);
	if (d->server6.ss_family != AF_UNSPEC)
		hws_doctor_begin(d, &f->udp6);
	for (int i = 0; i < HWS_DOCTOR_UDP_COUNT; i++) {
		d->udp[i].say = tests[i].say;
		d->udp[i].heard = tests[i].heard;
		if (i != HWS_DOCTOR_UDP_V6)
			start(d, i, d->server[0].ss_family);
		else if (d->server6.ss_family != AF_UNSPEC)
			start(d, i, d->server6.ss_family);
	}
}

void hws_doctor_udp_stop(struct hws_doctor *d)
{
	for (int i = 0; i < HWS_DOCTOR_UDP_COUNT; i++)
		close_socket(&d->udp[i]);
}
