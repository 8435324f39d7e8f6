/* The networks of this machine's interfaces. */
#include "client/reach/lan_ifs.h"
#include "shared/base/macros.h"
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>

static void take_mac(const struct ifaddrs *all, const char *name, struct hws_lan_if *i)
{
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		const struct sockaddr_ll *ll = (const void *)a->ifa_addr;

		if (!ll || ll->sll_family != AF_PACKET || strcmp(a->ifa_name, name) != 0)
			continue;
		i->index = (unsigned)ll->sll_ifindex;
		for (unsigned b = 0; b < HWS_LAN_MAC && ll->sll_halen == HWS_LAN_MAC; b++)
			i->has_mac |= ll->sll_addr[b] != 0;
		if (i->has_mac)
			memcpy(i->mac, ll->sll_addr, HWS_LAN_MAC);
		return;
	}
}

static struct in_addr ip_of(const struct sockaddr *a)
{
	const struct in_addr none = { 0 };

	return a && a->sa_family == AF_INET
			? ((const struct sockaddr_in *)(const void *)a)->sin_addr
			: none;
}

int hws_lan_ifs(struct hws_lan_if ret[HWS_LAN_IFS_MAX])
{
	struct ifaddrs *all = NULL;
	unsigned count = 0;

	if (getifaddrs(&all) < 0)
		return hws_err_from_errno(errno);
	for (const struct ifaddrs *a = all; a && count < HWS_LAN_IFS_MAX; a = a->ifa_next) {
		struct hws_lan_if *i = &ret[count];

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || !(a->ifa_flags & IFF_UP))
			continue;
		*i = (struct hws_lan_if){ .addr = ip_of(a->ifa_addr),
			.mask = ip_of(a->ifa_netmask) };
		if (a->ifa_flags & IFF_BROADCAST)
			i->broadcast = ip_of(a->ifa_broadaddr);
		take_mac(all, a->ifa_name, i);
		count++;
	}
	freeifaddrs(all);
	return (int)count;
}

const struct hws_lan_if *hws_lan_if_of(
		const struct hws_lan_if *list, unsigned count, struct in_addr a)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i].mask.s_addr &&
				((list[i].addr.s_addr ^ a.s_addr) & list[i].mask.s_addr) == 0)
			return &list[i];
	return NULL;
}
