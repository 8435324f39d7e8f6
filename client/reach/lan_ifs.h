/* reach/lan_ifs: the networks of this machine's interfaces, as local words need them: their own
 * address, their broadcast address, their hardware's. IPv4, and IPv6 where it has an address that
 * others can connect to: not those of the link alone (fe80::), which no program of ours takes. */
#pragma once
#include "client/reach/lan_word.h"
#include "shared/base/err.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define HWS_LAN_IFS_MAX 32u

struct hws_lan_if {
	unsigned index;               /* of the interface, as the kernel numbers it */
	struct sockaddr_storage addr; /* port 0 */
	struct sockaddr_storage mask; /* of the same family */
	struct in_addr broadcast;     /* 0 where nothing is broadcast; never with IPv6 */
	bool has_mac;
	uint8_t mac[HWS_LAN_MAC];
};

/* Interfaces that are up and have an address, the first HWS_LAN_IFS_MAX addresses, those of IPv4
 * first; their number, or an error. A short blocking call of the kernel's. Any thread. */
int hws_lan_ifs(struct hws_lan_if ret[HWS_LAN_IFS_MAX]) HWS_MUST_CHECK;
/* The one whose network `a` is in; NULL: it is no neighbour. */
const struct hws_lan_if *hws_lan_if_of(
		const struct hws_lan_if *list, unsigned count, const struct sockaddr_storage *a);
/* ff12::6861:7773 (link-local, of nobody else): where hosts of hawser hear who asks by IPv6, as
 * broadcasts are heard by IPv4. Deployed clients ask by IPv4 alone. */
struct in6_addr hws_lan_group(void);
