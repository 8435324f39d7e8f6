/* The host's router passes a port on to it, so nothing has to be punched: it helps where the NATs
 * of both sides do not. The host's word alone says where that is; it leads to a port of the
 * internet or nowhere, and what answers there must be the host. */
#include "client/reach/mapped_port.h"
#include "client/reach/reach_parts.h"
#include "shared/net/addr.h"
#include "shared/wire/candidates.h"

#define LIMIT_US 6000000

/* The host may tell of it twice, with an answer by TCP and one by UDP. */
static bool is_tried(struct hws_reach *r, bool udp, const struct sockaddr_storage *at)
{
	for (unsigned i = 0; i < r->mapped_count; i++)
		if (r->mapped[i].udp == udp && hws_addr_equal(&r->mapped[i].at, at))
			return true;
	if (r->mapped_count >= HWS_REACH_MAPPED_MAX)
		return true;
	r->mapped[r->mapped_count].udp = udp;
	r->mapped[r->mapped_count++].at = *at;
	return false;
}

void hws_reach_mapped_ways(struct hws_reach *r, Rdv__Candidate *const *list, size_t n)
{
	struct sockaddr_storage at;

	for (size_t i = 0; i < n && i < HWS_CANDIDATES_MAX; i++) {
		const ProtobufCBinaryData a = list[i]->address;
		bool udp = list[i]->kind == RDV__CANDIDATE__KIND__MAPPED_UDP;

		if ((!udp && list[i]->kind != RDV__CANDIDATE__KIND__MAPPED_TCP) ||
				!hws_addr_decode_usable(hws_bytes(a.data, a.len), &at) ||
				!hws_mapped_port_usable(&at) || is_tried(r, udp, &at))
			continue;
		if (udp)
			hws_reach_udp_way_mapped(r, &at);
		else
			hws_reach_direct_start(r, HWS_PATH_MAPPED, &at, LIMIT_US);
	}
}
