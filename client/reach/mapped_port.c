/* Whose connection it is: by its address, which a NAT in front of the viewer mostly keeps; else it
 * can only be the one that is expected. */
#include "client/reach/mapped_port.h"
#include "client/reach/mapped_udp.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include <string.h>
#include <unistd.h>

#define EXPECTED_MAX 32u
#define EXPECT_US 20000000 /* a viewer gives up its direct ways before */
#define SOCKETS_MAX 4u     /* of one: it may try again */
#define BACKLOG 16

struct expected {
	struct hws_answered how;
	uint64_t until_us;
	/* Sockets, of TCP and UDP; who has one of UDP: the first datagrams may be many. */
	struct places {
		unsigned left;        /* for its own address */
		unsigned left_others; /* apart, so that strangers use up none of its own */
	} places[2];
	unsigned has_count;
	struct sockaddr_storage has[2 * SOCKETS_MAX];
};

struct hws_mapped_port {
	struct hws_loop *loop;
	struct hws_mapped_port_conf conf;
	struct hws_listener *listener;
	struct expected list[EXPECTED_MAX];
	unsigned next;
	struct hws_mapped_udp *udp; /* NULL: TCP alone */
	bool has_outside[2];
	struct sockaddr_storage outside[2];
};

static bool is_alike(const struct expected *a, const struct expected *b)
{
	return a->how.control_permissions == b->how.control_permissions &&
			a->how.secure == b->how.secure;
}

/* Of viewers at one address, as those behind one NAT are, who are not alike: which of them it is
 * cannot be known. */
static bool is_ambiguous(
		const struct hws_mapped_port *m, uint64_t now, const struct sockaddr_storage *peer)
{
	const struct expected *known = NULL;

	for (unsigned i = 0; i < EXPECTED_MAX; i++) {
		const struct expected *e = &m->list[i];

		if (now >= e->until_us || !hws_addr_ip_equal(&e->how.viewer, peer))
			continue;
		if (known && !is_alike(known, e))
			return true;
		known = e;
	}
	return false;
}

/* By its address, or as the only kind that there is: what the server allows one viewer must not
 * come to another. Takes one of its places. */
static struct expected *take_place(
		struct hws_mapped_port *m, bool udp, const struct sockaddr_storage *peer)
{
	uint64_t now = hws_loop_now_us(m->loop);
	struct expected *first = NULL, *sole = NULL;

	if (is_ambiguous(m, now, peer))
		return NULL;
	for (unsigned i = 0; i < EXPECTED_MAX; i++) {
		struct expected *e = &m->list[i];

		if (now >= e->until_us)
			continue;
		if (e->places[udp].left && hws_addr_ip_equal(&e->how.viewer, peer)) {
			e->places[udp].left--;
			return e;
		}
	}
	for (unsigned i = 0; i < EXPECTED_MAX; i++) {
		struct expected *e = &m->list[i];

		if (now >= e->until_us)
			continue;
		if (hws_addr_ip_equal(&e->how.viewer, peer))
			return NULL; /* it had its own */
		if (first && !is_alike(first, e))
			return NULL;
		first = e;
		if (e->places[udp].left_others)
			sole = e;
	}
	if (sole)
		sole->places[udp].left_others--;
	return sole;
}

/* Whether nobody else may be meant whom the server calls otherwise. */
static bool is_named(const struct hws_mapped_port *m, const struct expected *e,
		const struct sockaddr_storage *peer)
{
	bool own = hws_addr_ip_equal(&e->how.viewer, peer);
	uint64_t now = hws_loop_now_us(m->loop);

	for (unsigned i = 0; i < EXPECTED_MAX; i++) {
		const struct expected *o = &m->list[i];

		if (now < o->until_us && strcmp(o->how.ref, e->how.ref) != 0 &&
				(!own || hws_addr_ip_equal(&o->how.viewer, peer)))
			return false;
	}
	return true;
}

static void hand_over(struct hws_mapped_port *m, struct expected *e, bool udp, int fd,
		const struct sockaddr_storage *peer)
{
	struct hws_answered how = e->how;

	how.viewer = *peer;
	how.mapped = true;
	how.udp = udp;
	how.relayed = how.local = false;
	if (!is_named(m, e, peer))
		how.ref[0] = 0;
	m->conf.on_socket(fd, &how, m->conf.arg);
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct hws_mapped_port *m = arg;
	struct expected *e = take_place(m, false, peer);

	if (e) {
		hand_over(m, e, false, fd, peer);
	} else {
		hws_debug("mapped.stranger");
		close(fd);
	}
}

static bool has_socket(const struct hws_mapped_port *m, const struct sockaddr_storage *from)
{
	uint64_t now = hws_loop_now_us(m->loop);

	for (unsigned i = 0; i < EXPECTED_MAX; i++)
		for (unsigned k = 0; k < m->list[i].has_count; k++)
			if (now < m->list[i].until_us && hws_addr_equal(&m->list[i].has[k], from))
				return true;
	return false;
}

/* Its first datagram is gone; who wants to come in sends it again. */
static void on_knock(const struct sockaddr_storage *from, void *arg)
{
	struct hws_mapped_port *m = arg;
	struct expected *e = has_socket(m, from) ? NULL : take_place(m, true, from);
	int fd;

	if (!e || hws_mapped_udp_socket(m->udp, from, &fd) < 0)
		return;
	e->has[e->has_count++] = *from;
	hand_over(m, e, true, fd, from);
}

int hws_mapped_port_new(struct hws_loop *loop, const struct hws_mapped_port_conf *conf,
		struct hws_mapped_port **ret)
{
	struct hws_mapped_port *m = hws_alloc(sizeof(*m));
	struct hws_listen_conf lc = {
		.bind_ip = "0.0.0.0", .backlog = BACKLOG, .on_accept = on_accept, .arg = m
	};
	struct hws_error err = { 0 };
	int r;

	if (!m)
		return HWS_ERR_NOMEM;
	m->loop = loop;
	m->conf = *conf;
	r = hws_listener_new(loop, &lc, &m->listener, &err);
	if (r == HWS_OK && !conf->no_udp)
		r = hws_mapped_udp_new(loop, on_knock, m, &m->udp);
	if (r < 0) {
		hws_mapped_port_free(m);
		return r;
	}
	*ret = m;
	return HWS_OK;
}

void hws_mapped_port_free(struct hws_mapped_port *m)
{
	if (!m)
		return;
	hws_listener_free(m->listener);
	hws_mapped_udp_free(m->udp);
	hws_free(m);
}

uint16_t hws_mapped_port_inside(const struct hws_mapped_port *m, bool udp)
{
	if (!m || (udp && !m->udp))
		return 0;
	return udp ? hws_mapped_udp_port(m->udp) : hws_listener_port(m->listener);
}

bool hws_mapped_port_usable(const struct sockaddr_storage *outside)
{
	return hws_addr_is_public_v4(outside) && hws_addr_port(outside) >= HWS_MAPPED_PORT_MIN;
}

void hws_mapped_port_set_outside(
		struct hws_mapped_port *m, bool udp, const struct sockaddr_storage *outside)
{
	m->has_outside[udp] = outside && hws_mapped_port_usable(outside);
	if (m->has_outside[udp])
		m->outside[udp] = *outside;
}

const struct sockaddr_storage *hws_mapped_port_outside(const struct hws_mapped_port *m, bool udp)
{
	return m && m->has_outside[udp] ? &m->outside[udp] : NULL;
}

void hws_mapped_port_expect(struct hws_mapped_port *m, const struct hws_answered *how)
{
	m->list[m->next++ % EXPECTED_MAX] = (struct expected){ .how = *how,
		.until_us = hws_loop_now_us(m->loop) + EXPECT_US,
		.places = { { SOCKETS_MAX, SOCKETS_MAX }, { SOCKETS_MAX, SOCKETS_MAX } } };
	if (m->has_outside[true])
		hws_mapped_udp_look(m->udp, EXPECT_US);
}
