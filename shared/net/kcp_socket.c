/* net/kcp_socket: how large the buffers are is what the system allows: a burst that finds no room
 * is lost. */
#include "shared/net/kcp_socket.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#define SOCKET_BUFFER (4 << 20)

int hws_kcp_prepare_socket(int fd)
{
	const int size = SOCKET_BUFFER;
	int flags = fcntl(fd, F_GETFL);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
			fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return hws_err_from_errno(errno);
	return HWS_OK;
}
