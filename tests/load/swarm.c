/* load/swarm: batches of datagrams with chosen source addresses. */
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/net/room.h"
#include "shared/wire/register_codec.h"
#include "tests/load/swarm_parts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RETRY_US 500000
#define SITE_BATCH 4 /* datagrams of one device before the next one's turn */

static bool number_of(const struct load_swarm *s, uint32_t ip, uint32_t *ret)
{
	uint32_t n = (ip - 0x7f010000u) & ((1u << 22) - 1);

	*ret = n;
	return n < s->conf.hosts;
}

int load_swarm_new(const struct load_swarm_conf *conf, struct load_swarm **ret)
{
	struct load_swarm *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (!s)
		return r;
	s->conf = *conf;
	s->rng = hws_clock_us() | 1;
	s->fd = -1;
	s->host = calloc(conf->hosts, sizeof(*s->host));
	if (s->host)
		r = conf->site_ip ? swarm_open_site(s) : swarm_open_shared(s);
	if (r < 0) {
		load_swarm_free(s);
		return r;
	}
	if (s->room < SWARM_BATCH)
		s->room = SWARM_BATCH;
	swarm_prepare(s);
	*ret = s;
	return 0;
}

void load_swarm_free(struct load_swarm *s)
{
	if (!s)
		return;
	for (uint32_t n = 0; s->own && n < s->conf.hosts; n++) {
		if (s->own[n] > 0)
			close(s->own[n]);
	}
	load_answers_done(&s->answers);
	if (s->fd >= 0)
		close(s->fd);
	free(s->own);
	free(s->host);
	free(s);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void settled(struct load_swarm *s, uint32_t n)
{
	struct swarm_host *h = &s->host[n];

	if (h->sent_us)
		s->outstanding--;
	h->sent_us = 0;
	h->wants = IDLE;
}

/* The next device in the closed loops. */
static void go_on(struct load_swarm *s)
{
	if (s->filling && s->next < s->conf.hosts)
		swarm_send_pk(s, s->next++, WANT_OK);
	else if (s->saturating)
		swarm_send_alive(s, s->next = (s->next + 1) % s->conf.hosts, WANT_ALIVE);
}

static void on_known(struct load_swarm *s, uint32_t n)
{
	struct swarm_host *h = &s->host[n];

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
	if (swarm_chance(s, s->conf.move)) {
		h->address++;
		s->stats.moved++;
	} else if (swarm_chance(s, s->conf.restart)) {
		s->stats.restarts++;
		swarm_send_pk(s, n, WANT_OK);
		return;
	}
	go_on(s);
}

static void on_message(struct load_swarm *s, uint32_t n, const struct swarm_packet *p, size_t len)
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
			swarm_send_pk(s, n, WANT_OK);
		}
		return;
	}
	m = rdv__rendezvous_message__unpack(NULL, len, p->data);
	if (!m)
		return;
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE) {
		switch (m->register_pk_response->result) {
		case RDV__REGISTER_PK_RESPONSE__RESULT__OK:
			swarm_send_alive(s, n, WANT_KNOWN);
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
			swarm_send_sent(s, n, m->punch_hole);
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY) {
		s->stats.pushes++;
		if (s->conf.answer)
			swarm_agree_to_relay(s, n, m->request_relay);
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR) {
		s->stats.pushes++;
		if (s->conf.answer)
			swarm_tell_local(s, n, m->fetch_local_addr);
	}
	rdv__rendezvous_message__free_unpacked(m, NULL);
}

static bool receive_site(struct load_swarm *s)
{
	struct epoll_event ev[SWARM_BATCH];
	int n = epoll_wait(s->fd, ev, SWARM_BATCH, 0);

	for (int i = 0; i < n; i++) {
		uint32_t host = ev[i].data.u32;
		struct swarm_packet *p = &s->rx[0];

		for (int k = 0; k < SITE_BATCH; k++) {
			ssize_t len = recv(s->own[host], p->data, SWARM_PACKET, MSG_DONTWAIT);

			if (len <= 0)
				break;
			on_message(s, host, p, (size_t)len);
		}
	}
	return n > 0;
}

static bool receive(struct load_swarm *s)
{
	int n;

	if (s->own)
		return receive_site(s);

	for (int i = 0; i < SWARM_BATCH; i++)
		s->rxm[i].msg_hdr.msg_controllen = sizeof(s->rx[i].control);
	n = recvmmsg(s->fd, s->rxm, SWARM_BATCH, MSG_DONTWAIT, NULL);
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
		struct swarm_host *h = &s->host[*at];

		if (h->sent_us && now - h->sent_us > RETRY_US) {
			s->stats.lost++;
			if (h->wants == WANT_OK)
				swarm_send_pk(s, *at, WANT_OK);
			else
				swarm_send_alive(s, *at, h->wants);
		}
		*at = (*at + 1) % s->conf.hosts;
	}
}

static void wait_input(struct load_swarm *s, int ms)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	swarm_flush(s);
	poll(&p, 1, ms);
}

uint32_t load_swarm_register(struct load_swarm *s, uint32_t window, uint64_t limit_us)
{
	uint64_t until = hws_clock_us() + limit_us;
	uint32_t at = 0;

	window = HWS_MIN(window, s->room);
	s->filling = true;
	s->next = 0;
	while (s->registered < s->conf.hosts && hws_clock_us() < until) {
		while (s->outstanding < window && s->next < s->conf.hosts)
			go_on(s);
		swarm_flush(s);
		if (!receive(s)) {
			wait_input(s, 1);
			repeat(s, &at, s->conf.hosts / 50 + 1);
		}
	}
	s->filling = false;
	swarm_flush(s);
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
			swarm_send_pk(s, begun, WANT_OK);
		swarm_flush(s);
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

	window = HWS_MIN(window, s->room);
	forget_outstanding(s);
	s->saturating = true;
	while (hws_clock_us() < until) {
		while (s->outstanding < window)
			go_on(s);
		swarm_flush(s);
		if (!receive(s))
			wait_input(s, 1);
		if (++turns % 1000 == 0)
			repeat(s, &at, s->conf.hosts / 10 + 1);
	}
	s->saturating = false;
	swarm_flush(s);
	return s->stats.answered - before;
}

static uint64_t own_drops(const struct load_swarm *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; s->own && i < s->conf.hosts; i++)
		n += hws_room_dropped(s->own[i]);
	return s->own ? n : hws_room_dropped(s->fd);
}

void load_swarm_run(struct load_swarm *s, uint64_t us, const bool *stop)
{
	uint64_t start = hws_clock_us(), now = start;
	double rate = (double)s->conf.hosts / (double)s->conf.interval_us;
	uint64_t due = 0, done = 0;

	forget_outstanding(s);
	while (now - start < us && !(stop && __atomic_load_n(stop, __ATOMIC_RELAXED))) {
		due = (uint64_t)((double)(now - start) * rate);
		/* held up by other programs: not all at once, no buffer would take it */
		for (unsigned burst = 0; done < due && burst < s->room / 2; done++, burst++) {
			uint32_t n = (uint32_t)(done % s->conf.hosts);

			if (s->host[n].sent_us)
				s->stats.lost++;
			swarm_send_alive(s, n, WANT_ALIVE);
			if ((done & 15) == 15)
				receive(s);
		}
		swarm_flush(s);
		if (!receive(s))
			wait_input(s, 1);
		now = hws_clock_us();
	}
	/* the last ones get a moment */
	for (int i = 0; i < 20 && s->outstanding; i++) {
		wait_input(s, 10);
		receive(s);
	}
	s->stats.overflow = own_drops(s) - s->dropped;
}

const struct load_swarm_stats *load_swarm_stats(const struct load_swarm *s)
{
	return &s->stats;
}

void load_swarm_reset_stats(struct load_swarm *s)
{
	memset(&s->stats, 0, sizeof(s->stats));
	s->dropped = own_drops(s);
}
