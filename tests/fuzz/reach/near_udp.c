/* In place of reach/udp_socket: a socket that is to speak to a host speaks to the wires, whatever
 * address an input names, so that nothing leaves this machine. */
#include "client/reach/udp_socket.h"
#include "tests/fuzz/reach/wires.h"

int hws_udp_point(int fd, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage near;
	socklen_t len = wires_udp_addr(&near);

	(void)peer;
	return connect(fd, (struct sockaddr *)&near, len) == 0 ? HWS_OK : HWS_ERR_UNREACHABLE;
}

bool hws_udp_is_global_ipv6(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6;
}

int hws_udp_open_ipv6(struct sockaddr_storage *ret_local, int *ret_fd)
{
	(void)ret_local;
	(void)ret_fd;
	return HWS_ERR_UNREACHABLE;
}
