/* The networks of this machine's interfaces. */
#include "client/reach/lan_ifs.h"
#include "shared/base/macros.h"
#include <arpa/inet.h>
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

/* An address that was set without one (`ip addr add A/24`, common in containers) has no broadcast
 * address, and libc tells of the address itself in its place. The kernel has one for the network
 * all the same, but for networks of one or two addresses: there everybody on the cable is meant. */
static struct in_addr broadcast_of(const struct ifaddrs *a)
{
	struct in_addr own = ip_of(a->ifa_addr), to = ip_of(a->ifa_broadaddr);

	if (to.s_addr != 0 && to.s_addr != own.s_addr)
		return to;
	to.s_addr = ~((const struct sockaddr_in *)(const void *)a->ifa_netmask)->sin_addr.s_addr;
	to.s_addr = ntohl(to.s_addr) > 1 ? own.s_addr | to.s_addr : htonl(INADDR_BROADCAST);
	return to;
}

static bool is_wanted(const struct ifaddrs *a, sa_family_t family)
{
	const struct sockaddr_in6 *six = (const void *)a->ifa_addr;

	return a->ifa_addr && a->ifa_netmask && a->ifa_addr->sa_family == family &&
			a->ifa_flags & IFF_UP &&
			!(family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr));
}

static void copy(const struct sockaddr *from, sa_family_t family, struct sockaddr_storage *to)
{
	memcpy(to, from,
			family == AF_INET ? sizeof(struct sockaddr_in)
					  : sizeof(struct sockaddr_in6));
	to->ss_family = family; /* the kernel does not always say so of a mask */
}

int hws_lan_ifs(struct hws_lan_if ret[HWS_LAN_IFS_MAX])
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	struct ifaddrs *all = NULL;
	unsigned count = 0;

	if (getifaddrs(&all) < 0)
		return hws_err_from_errno(errno);
	for (size_t f = 0; f < HWS_COUNT(families); f++)
		for (const struct ifaddrs *a = all; a && count < HWS_LAN_IFS_MAX; a = a->ifa_next) {
			struct hws_lan_if *i = &ret[count];

			if (!is_wanted(a, families[f]))
				continue;
			*i = (struct hws_lan_if){ 0 };
			copy(a->ifa_addr, families[f], &i->addr);
			copy(a->ifa_netmask, families[f], &i->mask);
			if (families[f] == AF_INET && a->ifa_flags & IFF_BROADCAST)
				i->broadcast = broadcast_of(a);
			take_mac(all, a->ifa_name, i);
			count++;
		}
	freeifaddrs(all);
	return (int)count;
}

static const uint8_t *bytes_of(const struct sockaddr_storage *a, size_t *ret_len)
{
	*ret_len = a->ss_family == AF_INET ? 4 : 16;
	return a->ss_family == AF_INET
			? (const uint8_t *)&((const struct sockaddr_in *)a)->sin_addr
			: (const uint8_t *)&((const struct sockaddr_in6 *)a)->sin6_addr;
}

static bool is_in(const struct hws_lan_if *i, const struct sockaddr_storage *a)
{
	size_t len;
	const uint8_t *net = bytes_of(&i->addr, &len), *mask = bytes_of(&i->mask, &len),
		      *ip = bytes_of(a, &len);
	bool any = false, same = true;

	for (size_t b = 0; b < len; b++) {
		any |= mask[b] != 0;
		same &= !((net[b] ^ ip[b]) & mask[b]);
	}
	return any && same;
}

const struct hws_lan_if *hws_lan_if_of(
		const struct hws_lan_if *list, unsigned count, const struct sockaddr_storage *a)
{
	if (a->ss_family != AF_INET && a->ss_family != AF_INET6)
		return NULL;
	for (unsigned i = 0; i < count; i++)
		if (list[i].addr.ss_family == a->ss_family && is_in(&list[i], a))
			return &list[i];
	return NULL;
}

struct in6_addr hws_lan_group(void)
{
	return (struct in6_addr){ .s6_addr = { 0xff, 0x12, [12] = 'h', 'a', 'w', 's' } };
}
