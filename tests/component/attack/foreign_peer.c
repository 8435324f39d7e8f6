/* Preloaded into a server: whoever connects to it over a local socket runs as somebody else, as far
 * as the server can see. So that the check of the other end is tried where the tests do not run as
 * root and no other account can be had. */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	int r = (int)syscall(SYS_getsockopt, fd, level, name, value, len);

	if (r == 0 && level == SOL_SOCKET && name == SO_PEERCRED)
		((struct ucred *)value)->uid = 54321;
	return r;
}
