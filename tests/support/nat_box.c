/* A table that is searched from its beginning. */
#include "tests/support/nat_box.h"
#include <stdlib.h>
#include <string.h>

#define MAPPINGS 1024u
#define CALLED 24u /* ends that one port inside has sent to; the oldest are forgotten */
#define PORT_FIRST 20000u
#define PORT_COUNT 40000u

struct mapping {
	uint8_t proto;
	struct packet_end inside, scope; /* scope: of whom it is, as far as that matters */
	uint16_t port;                   /* outside */
	struct packet_end called[CALLED];
	unsigned count;
};

struct nat_box {
	struct nat_box_conf conf;
	struct in6_addr tcp, udp; /* outside */
	struct mapping map[MAPPINGS];
	unsigned count;
	uint64_t random;
	bool started_anew;
};

static bool same(const struct packet_end *a, const struct packet_end *b)
{
	return a->port == b->port && packet_ip_equal(&a->ip, &b->ip);
}

struct nat_box *nat_box_new(const char *address, const struct nat_box_conf *conf)
{
	struct nat_box *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->conf = *conf;
	b->random = 0x9e3779b97f4a7c15u;
	if (!packet_ip_parse(address, &b->tcp) ||
			!packet_ip_parse(
					conf->udp_address ? conf->udp_address : address, &b->udp)) {
		free(b);
		return NULL;
	}
	b->conf.udp_address = NULL;
	return b;
}

void nat_box_free(struct nat_box *b)
{
	free(b);
}

bool nat_box_is_public(const struct nat_box *b, const struct in6_addr *ip)
{
	return packet_ip_equal(ip, &b->tcp) || packet_ip_equal(ip, &b->udp);
}

static struct packet_end scope_of(enum nat_scope scope, const struct packet_end *e)
{
	struct packet_end s;

	memset(&s, 0, sizeof(s));
	if (scope != NAT_ANY)
		s.ip = e->ip;
	if (scope == NAT_ADDRESS_PORT)
		s.port = e->port;
	return s;
}

static bool port_in_use(const struct nat_box *b, uint8_t proto, uint16_t port)
{
	for (unsigned i = 0; i < b->count; i++)
		if (b->map[i].proto == proto && b->map[i].port == port)
			return true;
	return false;
}

static uint16_t choose_port(struct nat_box *b, const struct packet *p)
{
	uint16_t port = p->src.port;

	if (b->conf.firewall)
		return port;
	if (!b->conf.keep_port || b->started_anew || port_in_use(b, p->proto, port))
		do {
			b->random = b->random * 6364136223846793005u + 1442695040888963407u;
			port = (uint16_t)(PORT_FIRST + (b->random >> 33) % PORT_COUNT);
		} while (port_in_use(b, p->proto, port));
	return port;
}

static struct mapping *find_out(struct nat_box *b, const struct packet *p)
{
	const struct packet_end scope = scope_of(b->conf.mapping, &p->dst);
	struct mapping *m;

	for (unsigned i = 0; i < b->count; i++) {
		m = &b->map[i];
		if (m->proto == p->proto && same(&m->inside, &p->src) && same(&m->scope, &scope))
			return m;
	}
	if (b->count >= MAPPINGS)
		return NULL;
	m = &b->map[b->count];
	*m = (struct mapping){ .proto = p->proto, .inside = p->src, .scope = scope };
	m->port = choose_port(b, p);
	b->count++;
	return m;
}

static void note_called(struct mapping *m, const struct packet_end *remote)
{
	for (unsigned i = 0; i < m->count && i < CALLED; i++)
		if (same(&m->called[i], remote))
			return;
	m->called[m->count++ % CALLED] = *remote;
}

static bool lets_in(const struct nat_box *b, const struct mapping *m, const struct packet_end *from)
{
	const struct packet_end want = scope_of(b->conf.filtering, from);

	for (unsigned i = 0; i < m->count && i < CALLED; i++) {
		const struct packet_end had = scope_of(b->conf.filtering, &m->called[i]);

		if (same(&had, &want))
			return true;
	}
	return false;
}

static struct packet_end outside_of(const struct nat_box *b, const struct mapping *m)
{
	struct packet_end e;

	memset(&e, 0, sizeof(e));
	e.ip = m->proto == IPPROTO_UDP ? b->udp : b->tcp;
	e.port = m->port;
	return e;
}

static bool is_carried(const struct packet *p)
{
	return p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP;
}

bool nat_box_out(struct nat_box *b, struct packet *p)
{
	struct packet_end outside;
	struct mapping *m;

	if (!is_carried(p) || (p->v6 && !b->conf.firewall))
		return b->conf.firewall;
	m = find_out(b, p);
	if (!m)
		return false;
	note_called(m, &p->dst);
	if (b->conf.firewall)
		return true;
	outside = outside_of(b, m);
	packet_set_src(p, &outside);
	return true;
}

/* Of whom this end outside is. A firewall knows ends by the addresses they have. */
static struct mapping *find_in(
		struct nat_box *b, uint8_t proto, const struct packet_end *e, unsigned from)
{
	for (unsigned i = from; i < b->count; i++) {
		struct mapping *m = &b->map[i];
		const struct packet_end outside = outside_of(b, m);

		if (m->proto == proto && same(b->conf.firewall ? &m->inside : &outside, e))
			return m;
	}
	return NULL;
}

static bool too_big_in(struct nat_box *b, struct packet *p)
{
	const struct mapping *m = p->too_big ? find_in(b, p->about_proto, &p->about_src, 0) : NULL;

	if (m)
		packet_set_about(p, &m->inside);
	return m != NULL;
}

bool nat_box_in(struct nat_box *b, struct packet *p)
{
	struct mapping *m = NULL;

	if (!is_carried(p))
		return b->conf.firewall || too_big_in(b, p);
	for (unsigned from = 0; (m = find_in(b, p->proto, &p->dst, from));
			from = (unsigned)(m - b->map) + 1)
		if (lets_in(b, m, &p->src))
			break;
	if (!m)
		return false;
	if (!b->conf.firewall)
		packet_set_dst(p, &m->inside);
	return true;
}

bool nat_box_hairpin(struct nat_box *b, struct packet *p)
{
	return b->conf.hairpin && is_carried(p) && nat_box_out(b, p) && nat_box_in(b, p);
}

void nat_box_forget(struct nat_box *b)
{
	b->count = 0;
	b->started_anew = true;
}
