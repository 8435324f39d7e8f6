/* reach/lan_ifs: the networks of this machine's interfaces, as local words need them: their own
 * address, their broadcast address, their hardware's. IPv4, as those words are. */
#pragma once
#include "client/reach/lan_word.h"
#include "shared/base/err.h"
#include <netinet/in.h>

#define HWS_LAN_IFS_MAX 32u

struct hws_lan_if {
	unsigned index;                       /* of the interface, as the kernel numbers it */
	struct in_addr addr, mask, broadcast; /* broadcast: 0 where it has none */
	bool has_mac;
	uint8_t mac[HWS_LAN_MAC];
};

/* Interfaces that are up and have an address, the first HWS_LAN_IFS_MAX addresses; their number,
 * or an error. A short blocking call of the kernel's. Any thread. */
int hws_lan_ifs(struct hws_lan_if ret[HWS_LAN_IFS_MAX]) HWS_MUST_CHECK;
/* The one whose network `a` is in; NULL: it is no neighbour. */
const struct hws_lan_if *hws_lan_if_of(
		const struct hws_lan_if *list, unsigned count, struct in_addr a);
