/* Sockets of ways by UDP. */
#include "client/reach/udp_socket.h"
#include "shared/net/addr.h"
#include "shared/net/kcp_socket.h"
#include "shared/net/own_addr.h"
#include <netinet/in.h>
#include <unistd.h>

#define STALE_MAX 64 /* datagrams that are thrown away: nobody sends more to a new port */

int hws_udp_point(int fd, const struct sockaddr_storage *peer)
{
	for (int i = 0; i < STALE_MAX && recv(fd, NULL, 0, MSG_DONTWAIT) >= 0; i++)
		;
	return connect(fd, (const struct sockaddr *)peer, hws_addr_len(peer)) == 0
			? HWS_OK
			: HWS_ERR_UNREACHABLE;
}

bool hws_udp_is_global_ipv6(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 &&
			(((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr[0] & 0xe0) == 0x20;
}

static int find_own(struct sockaddr_storage *ret)
{
	struct sockaddr_storage far;
	int r = hws_addr_parse("[2001:4860:4860::8888]", 53, &far);

	if (r == HWS_OK)
		r = hws_own_addr(&far, ret);
	return r == HWS_OK && hws_udp_is_global_ipv6(ret) ? HWS_OK : HWS_ERR_UNREACHABLE;
}

int hws_udp_open_ipv6(struct sockaddr_storage *ret_local, int *ret_fd)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	int fd, r = find_own(&own);

	if (r < 0)
		return r;
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return HWS_ERR_SYS;
	hws_addr_set_port(&own, 0);
	if (bind(fd, (struct sockaddr *)&own, hws_addr_len(&own)) < 0 ||
			getsockname(fd, (struct sockaddr *)&own, &len) < 0 ||
			hws_kcp_prepare_socket(fd) < 0) {
		close(fd);
		return HWS_ERR_UNREACHABLE;
	}
	*ret_local = own;
	*ret_fd = fd;
	return HWS_OK;
}
