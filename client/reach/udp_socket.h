/* reach/udp_socket: the sockets of ways by UDP: made where a process may make them, used elsewhere.
 * What comes over them is parsed by nobody here. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/socket.h>

/* From now on to and from this peer alone; what lies in the socket from before is thrown away. */
int hws_udp_point(int fd, const struct sockaddr_storage *peer) HWS_MUST_CHECK;
/* Bound to this machine's global IPv6 address, any port; HWS_ERR_UNREACHABLE: it has none, or no
 * way out from there. The caller owns *ret_fd. */
int hws_udp_open_ipv6(struct sockaddr_storage *ret_local, int *ret_fd) HWS_MUST_CHECK;
/* 2000::/3 */
bool hws_udp_is_global_ipv6(const struct sockaddr_storage *a);
