/* What a stranger lists is looked at before anything is sent there: no port of a service, no
 * address that is none of one machine. */
#include "client/reach/push_ways.h"
#include "client/reach/push_bounds.h"
#include "client/reach/udp_socket.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/candidates.h"

static bool decode(ProtobufCBinaryData data, struct sockaddr_storage *ret)
{
	return hws_addr_decode_usable(hws_bytes(data.data, data.len), ret) &&
			hws_addr_port(ret) >= HWS_PUSH_VIEWER_PORT_MIN;
}

static void take_ipv6(struct hws_push_ways *w, ProtobufCBinaryData data)
{
	struct sockaddr_storage a;

	if (w->has_ipv6 || !decode(data, &a) || !hws_udp_is_global_ipv6(&a))
		return;
	w->ipv6 = a;
	w->has_ipv6 = true;
}

/* TCP and UDP may leave a network by different addresses, so another one than the server's is
 * possible, if it is one of the internet. */
static void take_udp(struct hws_push_ways *w, ProtobufCBinaryData data,
		const struct sockaddr_storage *viewer)
{
	struct sockaddr_storage a;
	bool seen;

	if (!decode(data, &a) || a.ss_family != AF_INET)
		return;
	seen = hws_addr_ip_equal(&a, viewer);
	if (!seen && hws_addr_is_special(&a))
		return;
	w->udp = a;
	w->udp_unseen = !seen;
	w->has_udp = true;
}

static void take_candidates(struct hws_push_ways *w, Rdv__Candidate **list, size_t n,
		const struct sockaddr_storage *viewer)
{
	for (size_t i = 0; i < n && i < HWS_CANDIDATES_MAX; i++) {
		w->ours = true;
		if (list[i]->kind == RDV__CANDIDATE__KIND__PUBLIC_UDP)
			take_udp(w, list[i]->address, viewer);
		else if (list[i]->kind == RDV__CANDIDATE__KIND__V6_UDP)
			take_ipv6(w, list[i]->address);
	}
}

static void from_punch(struct hws_push_ways *w, const Rdv__PunchHole *p,
		const struct sockaddr_storage *viewer)
{
	if (p->udp_port >= (int)HWS_PUSH_VIEWER_PORT_MIN && p->udp_port <= UINT16_MAX &&
			viewer->ss_family != AF_UNSPEC) {
		w->udp = *viewer;
		hws_addr_set_port(&w->udp, (uint16_t)p->udp_port);
		w->has_udp = true;
	}
	take_candidates(w, p->candidates, p->n_candidates, viewer);
	take_ipv6(w, p->socket_addr_v6);
}

void hws_push_ways_read(const Rdv__RendezvousMessage *m, const struct sockaddr_storage *viewer,
		struct hws_push_ways *ret)
{
	*ret = (struct hws_push_ways){ 0 };
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE) {
		from_punch(ret, m->punch_hole, viewer);
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR) {
		const Rdv__FetchLocalAddr *f = m->fetch_local_addr;

		take_candidates(ret, f->candidates, f->n_candidates, viewer);
		take_ipv6(ret, f->socket_addr_v6);
	}
}
