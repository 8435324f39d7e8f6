/* The kernel's routes say which address leads to the database. */
#include "server-rendezvous/cluster/own_address.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/own_addr.h"
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#define ANY_PORT "5432" /* nothing is sent there */

static bool find_towards(const char *host, struct sockaddr_storage *ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list = NULL;
	bool found = false;

	if (!*host || getaddrinfo(host, ANY_PORT, &hints, &list) != 0)
		return false;
	for (const struct addrinfo *i = list; i && !found; i = i->ai_next) {
		struct sockaddr_storage to = { 0 };

		if (i->ai_addrlen > sizeof(to))
			continue;
		memcpy(&to, i->ai_addr, i->ai_addrlen);
		found = hws_own_addr(&to, ret) == HWS_OK && !hws_addr_is_special(ret);
	}
	freeaddrinfo(list);
	return found;
}

/* IPv4 before IPv6, since the other nodes may have no more. */
static bool find_first(struct sockaddr_storage *ret)
{
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (size_t f = 0; f < HWS_COUNT(families); f++) {
		for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next) {
			struct sockaddr_storage ss = { 0 };

			if (!a->ifa_addr || a->ifa_addr->sa_family != families[f] ||
					!(a->ifa_flags & IFF_UP))
				continue;
			memcpy(&ss, a->ifa_addr,
					families[f] == AF_INET ? sizeof(struct sockaddr_in)
							       : sizeof(struct sockaddr_in6));
			found = !hws_addr_is_special(&ss);
			if (found)
				*ret = ss;
		}
	}
	freeifaddrs(all);
	return found;
}

static int try_port(const struct sockaddr_storage *at)
{
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, r = HWS_OK;

	if (fd < 0)
		return hws_err_from_errno(errno);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
			bind(fd, (const struct sockaddr *)at, hws_addr_len(at)) < 0 ||
			listen(fd, 1) < 0)
		r = hws_err_from_errno(errno);
	close(fd);
	return r;
}

int rdv_own_address(const char *towards, uint16_t port, struct rdv_own_address *ret)
{
	struct sockaddr_storage at = { 0 };
	struct rdv_own_address a = { .how = "it leads to the database" };

	if (!find_towards(towards, &at)) {
		if (!find_first(&at))
			return HWS_ERR_NOTFOUND;
		a.how = "the first of this machine";
	}
	hws_addr_set_port(&at, port);
	hws_addr_text(&at, a.at, sizeof(a.at));
	*ret = a;
	return try_port(&at);
}
