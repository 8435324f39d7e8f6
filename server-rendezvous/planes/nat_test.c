/* A network is examined by who is in it: the server says what it sees, and does for a pair at the
 * relay what it does for a viewer and its host. */
#include "server-rendezvous/planes/nat_test.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/punch.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/relays/announce.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/limits.h"

struct relay_room {
	char server[HWS_HOSTNAME_MAX + 8], uuid[HWS_UUID_MAX + 1];
};

/* As often as connections may be asked for, since it costs the relays the same. */
static void offer_relay(struct rdv_client *cl, const Rdv__TestNatRequest *q,
		struct relay_room *room, Rdv__TestNatResponse *p)
{
	const struct sockaddr_storage nobody = { .ss_family = AF_UNSPEC };

	if (!rdv_punch_key_counts(cl, q->licence_key) ||
			!hws_admit_event(cl->plane->limits.punch, &cl->peer, 1, hws_clock_us()))
		return;
	rdv_relays_pick(cl->plane->core->relays, &cl->peer, &nobody, room->server,
			sizeof(room->server));
	hws_rand_uuid(room->uuid, sizeof(room->uuid));
	if (cl->plane->announcer)
		rdv_announce(cl->plane->announcer, room->uuid); /* before anybody can be there */
	p->relay_server = room->server;
	p->relay_uuid = room->uuid;
}

void rdv_nat_test(struct rdv_client *cl, const Rdv__TestNatRequest *q)
{
	const struct rdv_core *core = cl->plane->core;
	uint8_t address[HWS_ADDR_WIRE_MAX];
	struct relay_room room;
	Rdv__TestNatResponse p = RDV__TEST_NAT_RESPONSE__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	hws_count(&cl->plane->core->count.nat_tests);
	p.port = hws_addr_port(&cl->peer);
	if (q->want_address) {
		p.address.len = hws_addr_encode(&cl->peer, (uint32_t)hws_wall_us(), address);
		p.address.data = address;
		p.other_port = core->udp ? rdv_udp_second_port(core->udp) : 0;
	}
	if (q->want_time)
		p.time_ms = hws_wall_us() / HWS_US_PER_MS;
	if (q->want_relay)
		offer_relay(cl, q, &room, &p);
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE;
	m.test_nat_response = &p;
	rdv_client_send(cl, &m);
}
