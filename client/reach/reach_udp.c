/* Ways by UDP: while the server is dialed, it is asked from a fresh socket under which address that
 * one is seen; the same socket then goes to the host. Nothing waits for the answer for long: where
 * UDP is blocked, or the server is an old one, the host is asked without. */
#include "client/reach/reach_parts.h"
#include "client/reach/udp_line.h"
#include "client/reach/udp_socket.h"
#include "shared/net/addr.h"
#include "shared/net/kcp.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include <unistd.h>

#define AGAIN_FIRST_US 20000
#define AGAIN_MOST_US 200000
#define TIMES 16u
#define LAN_FIRST_US 50000
#define SILENT_TIMES 5u
#define SILENT_US 250000 /* besides some round trips */
#define LAN_TOLD_US 150000
#define PAD 64 /* a server answers with no more than it was sent */

static void ask(void *arg);

static void stop_asking(struct hws_reach_udp *u)
{
	hws_timer_stop(&u->again);
	hws_udp_line_free(u->line);
	u->line = NULL;
}

static int pack(struct hws_buf *out)
{
	static uint8_t pad[PAD];
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__TestNatRequest q = RDV__TEST_NAT_REQUEST__INIT;

	q.want_address = true;
	q.pad = (ProtobufCBinaryData){ sizeof(pad), pad };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST;
	m.test_nat_request = &q;
	return hws_rdv_pack(&m, out);
}

static void ask(void *arg)
{
	struct hws_reach_udp *u = arg;
	struct hws_buf out;

	hws_buf_init(&out, HWS_RDV_DATAGRAM_MAX);
	if (pack(&out) == HWS_OK)
		hws_udp_line_send(u->line, hws_buf_bytes(&out));
	hws_buf_done(&out);
	u->pause_us = HWS_MIN(u->pause_us + u->pause_us / 2, (uint64_t)AGAIN_MOST_US);
	if (++u->asked < TIMES)
		hws_timer_start(u->reach->loop, &u->again, u->asked == 1 ? 0 : u->pause_us, ask, u);
}

static void on_open(void *arg)
{
	struct hws_reach_udp *u = arg;

	u->begun_us = hws_loop_now_us(u->reach->loop);
	u->pause_us = AGAIN_FIRST_US * 2 / 3;
	ask(u); /* and once more at once: one of them may be lost */
}

static void on_message(const Rdv__RendezvousMessage *m, struct hws_bytes raw, void *arg)
{
	struct hws_reach_udp *u = arg;
	const Rdv__TestNatResponse *p = m->test_nat_response;

	(void)raw;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE || u->port ||
			p->port <= 0 || p->port > UINT16_MAX)
		return;
	u->port = (uint16_t)p->port;
	u->has_mapped = hws_addr_decode_usable(
			hws_bytes(p->address.data, p->address.len), &u->mapped);
	hws_timer_stop(&u->again);
	hws_reach_ask_ready(u->reach);
}

static void on_failure(int why, void *arg)
{
	struct hws_reach_udp *u = arg;

	(void)why;
	stop_asking(u);
	hws_reach_ask_ready(u->reach);
}

void hws_reach_udp_start(struct hws_reach *r)
{
	struct hws_reach_udp *u = &r->udp;
	const struct hws_udp_line_conf conf = { .host = r->server_addr.host,
		.port = r->server_addr.port,
		.on_open = on_open,
		.on_message = on_message,
		.on_failure = on_failure,
		.arg = u };

	u->reach = r;
	u->fd6 = -1;
	if (r->facts.forced || r->conf.no_udp)
		return;
	if (hws_udp_line_new(r->loop, r->work, &conf, &u->line) < 0)
		u->line = NULL;
	if (hws_udp_open_ipv6(&u->local6, &u->fd6) < 0)
		u->fd6 = -1;
}

bool hws_reach_udp_pending(const struct hws_reach *r)
{
	return r->udp.line && !r->udp.port;
}

bool hws_reach_udp_silent(const struct hws_reach *r)
{
	const struct hws_reach_udp *u = &r->udp;

	return u->line && u->begun_us && !u->port && u->asked >= SILENT_TIMES && r->opened &&
			hws_loop_now_us(r->loop) >= u->begun_us + SILENT_US + 2 * r->opened_us;
}

/* --- what the host is told -------------------------------------------------------------------- */

static void add(Rdv__PunchHoleRequest *q, struct hws_reach_offer *o, Rdv__Candidate__Kind kind,
		const struct sockaddr_storage *addr)
{
	Rdv__Candidate *c = &o->candidate[q->n_candidates];

	rdv__candidate__init(c);
	c->kind = kind;
	c->address.data = o->bytes[q->n_candidates];
	c->address.len = hws_addr_encode(addr, 0, o->bytes[q->n_candidates]);
	o->list[q->n_candidates++] = c;
	q->candidates = o->list;
}

static void add_none(Rdv__PunchHoleRequest *q, struct hws_reach_offer *o)
{
	rdv__candidate__init(&o->candidate[0]);
	o->candidate[0].kind = RDV__CANDIDATE__KIND__NONE;
	o->bytes[0][0] = 0;
	o->candidate[0].address = (ProtobufCBinaryData){ 1, o->bytes[0] };
	o->list[0] = &o->candidate[0];
	q->candidates = o->list;
	q->n_candidates = 1;
}

void hws_reach_udp_offer(struct hws_reach *r, Rdv__PunchHoleRequest *q, struct hws_reach_offer *o)
{
	const struct hws_reach_udp *u = &r->udp;

	if (u->line && u->port)
		q->udp_port = u->port;
	if (u->line && u->has_mapped)
		add(q, o, RDV__CANDIDATE__KIND__PUBLIC_UDP, &u->mapped);
	/* without an address of ours: a word that lists of the host are read here */
	if (u->fd6 < 0 && !q->n_candidates && !r->facts.forced)
		add_none(q, o);
	if (u->fd6 < 0)
		return;
	add(q, o, RDV__CANDIDATE__KIND__V6_UDP, &u->local6);
	q->socket_addr_v6 = o->list[q->n_candidates - 1]->address;
}

/* --- the ways --------------------------------------------------------------------------------- */

static void on_heard(struct hws_reach_way *w, int r)
{
	if (r == HWS_OK)
		hws_reach_way_ready(w);
	else
		hws_reach_way_failed(w, r);
}

static void on_no_way(void *arg)
{
	hws_reach_way_failed(arg, HWS_ERR_UNREACHABLE);
}

/* Takes `fd`. What fails at once is told in the next turn: others may be about to begin. */
static void begin(struct hws_reach *r, enum hws_path path, int fd,
		const struct sockaddr_storage *peer)
{
	const struct hws_kcp_conf conf = { .connect_us = HWS_REACH_CONNECT_US };
	struct hws_reach_direct *d = &r->direct[r->direct_count];
	struct hws_stream *s;
	int res;

	if (r->direct_count >= HWS_REACH_DIRECT_MAX) {
		close(fd);
		return;
	}
	r->direct_count++;
	d->peer = *peer;
	hws_reach_way_begin(r, &d->way, path);
	d->way.number = hws_verdict_try_addr(&r->verdict, path, peer, hws_loop_now_us(r->loop));
	d->way.heard = on_heard;
	res = hws_kcp_prepare_socket(fd);
	if (res == HWS_OK)
		res = hws_udp_point(fd, peer);
	if (res == HWS_OK)
		res = hws_stream_kcp_connect(r->loop, fd, &conf, &s);
	if (res < 0) {
		close(fd);
		hws_timer_start(r->loop, &d->way.wait, 0, on_no_way, &d->way);
		return;
	}
	hws_reach_way_listen(&d->way, s);
}

static void go(void *arg)
{
	struct hws_reach_udp *u = arg;
	int fd = u->line ? hws_udp_line_release(u->line) : -1;

	hws_timer_stop(&u->later);
	stop_asking(u);
	if (fd >= 0)
		begin(u->reach, HWS_PATH_UDP, fd, &u->later_peer);
}

void hws_reach_udp_way(struct hws_reach *r, const struct sockaddr_storage *peer)
{
	struct hws_reach_udp *u = &r->udp;

	if (!u->line) /* it is this way's already, or there is none */
		return;
	u->later_peer = *peer;
	if (!u->has_mapped || !hws_addr_ip_equal(&u->mapped, peer) ||
			hws_addr_ip_equal(&r->local, peer))
		go(u);
	else if (r->by_tcp)
		hws_timer_start(r->loop, &u->later, LAN_FIRST_US, go, u);
	else /* the host tells its address there by a link that it opens first */
		hws_timer_start(r->loop, &u->later,
				HWS_MAX(2 * r->opened_us, (uint64_t)LAN_TOLD_US), go, u);
}

void hws_reach_udp_lan_begins(struct hws_reach *r)
{
	if (hws_timer_active(&r->udp.later))
		hws_timer_start(r->loop, &r->udp.later, LAN_FIRST_US, go, &r->udp);
}

void hws_reach_udp_hurry(struct hws_reach *r)
{
	if (hws_timer_active(&r->udp.later))
		go(&r->udp);
}

void hws_reach_udp_way_ipv6(struct hws_reach *r, ProtobufCBinaryData bytes)
{
	struct sockaddr_storage peer;
	int fd = r->udp.fd6;

	if (fd < 0 || !hws_addr_decode_usable(hws_bytes(bytes.data, bytes.len), &peer) ||
			!hws_udp_is_global_ipv6(&peer))
		return;
	r->udp.fd6 = -1;
	begin(r, HWS_PATH_IPV6, fd, &peer);
}

void hws_reach_udp_way_mapped(struct hws_reach *r, const struct sockaddr_storage *peer)
{
	int fd = r->conf.no_udp ? -1
				: socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0)
		begin(r, HWS_PATH_MAPPED, fd, peer);
}

void hws_reach_udp_stop(struct hws_reach *r)
{
	hws_timer_stop(&r->udp.later);
	stop_asking(&r->udp);
	if (r->udp.reach && r->udp.fd6 >= 0)
		close(r->udp.fd6);
	r->udp.fd6 = -1;
}
