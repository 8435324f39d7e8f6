/* The host's router passes a port on to it, so nothing has to be punched: it helps where the NATs
 * of both sides do not. The host's word alone says where that is; it leads to a port of the
 * internet or nowhere, and what answers there must be the host. */
#include "client/reach/mapped_port.h"
#include "client/reach/reach_parts.h"
#include "shared/net/addr.h"
#include "shared/wire/candidates.h"

#define WAYS_MAX 2u
#define LIMIT_US 6000000

static bool is_tried(const struct hws_reach *r, const struct sockaddr_storage *at)
{
	for (unsigned i = 0; i < r->direct_count; i++)
		if (r->direct[i].way.path == HWS_PATH_MAPPED &&
				hws_addr_equal(&r->direct[i].peer, at))
			return true;
	return false;
}

void hws_reach_mapped_ways(struct hws_reach *r, Rdv__Candidate *const *list, size_t n)
{
	struct sockaddr_storage at;

	for (size_t i = 0; i < n && i < HWS_CANDIDATES_MAX; i++) {
		const ProtobufCBinaryData a = list[i]->address;

		if (list[i]->kind != RDV__CANDIDATE__KIND__MAPPED_TCP ||
				!hws_addr_decode_usable(hws_bytes(a.data, a.len), &at) ||
				!hws_mapped_port_usable(&at) || is_tried(r, &at) ||
				r->mapped_count >= WAYS_MAX)
			continue;
		r->mapped_count++;
		hws_reach_direct_start(r, HWS_PATH_MAPPED, &at, LIMIT_US);
	}
}
