/* A datagram socket that is connected has the address that it would send from. */
#include "shared/net/own_addr.h"
#include "shared/net/addr.h"
#include <unistd.h>

int hws_own_addr(const struct sockaddr_storage *to, struct sockaddr_storage *ret)
{
	struct sockaddr_storage own = { 0 };
	socklen_t len = sizeof(own);
	int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = HWS_ERR_UNREACHABLE;

	if (fd < 0)
		return r;
	if (connect(fd, (const struct sockaddr *)to, hws_addr_len(to)) == 0 &&
			getsockname(fd, (struct sockaddr *)&own, &len) == 0) {
		*ret = own;
		r = HWS_OK;
	}
	close(fd);
	return r;
}
