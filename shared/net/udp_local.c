/* IP_PKTINFO and IPV6_PKTINFO. A socket for both families tells and takes IPv4 as mapped addresses
 * in those of IPv6. */
#include "shared/net/udp_local.h"
#include "shared/net/addr.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
static const uint8_t none[16];

_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) <= HWS_UDP_LOCAL_SPACE &&
				HWS_UDP_LOCAL_SPACE % sizeof(size_t) == 0,
		"room for what is told");

static bool bound_to_all(const struct sockaddr_storage *a)
{
	uint8_t ip[16];

	hws_addr_ip_bytes(a, ip);
	return a->ss_family == AF_INET ? memcmp(ip + 12, none, 4) == 0
				       : memcmp(ip, none, sizeof(ip)) == 0;
}

bool hws_udp_local_ask(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	int on = 1;

	if (getsockname(fd, (struct sockaddr *)&a, &len) < 0 || !bound_to_all(&a))
		return false;
	if (a.ss_family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
}

void hws_udp_local_read(struct msghdr *m, struct hws_udp_local *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (m->msg_flags & MSG_CTRUNC)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo i;

			memcpy(&i, CMSG_DATA(c), sizeof(i));
			memcpy(ret->ip, mapped, sizeof(mapped));
			memcpy(ret->ip + 12, &i.ipi_spec_dst, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo i;

			memcpy(&i, CMSG_DATA(c), sizeof(i));
			memcpy(ret->ip, &i.ipi6_addr, 16);
		}
	}
}

/* The interface stays the route's choice: the one that a question came by may be another than the
 * way back. */
void hws_udp_local_put(struct msghdr *m, const struct hws_udp_local *from, void *space)
{
	const struct sockaddr_storage *to = m->msg_name;
	struct cmsghdr *c = space;
	bool four = memcmp(from->ip, mapped, sizeof(mapped)) == 0;
	uint8_t ip[16];

	m->msg_control = NULL;
	m->msg_controllen = 0;
	hws_addr_ip_bytes(to, ip);
	if (memcmp(from->ip, none, sizeof(none)) == 0 ||
			four != (memcmp(ip, mapped, sizeof(mapped)) == 0))
		return;
	memset(space, 0, HWS_UDP_LOCAL_SPACE);
	m->msg_control = space;
	if (to->ss_family == AF_INET) {
		struct in_pktinfo i = { 0 };

		memcpy(&i.ipi_spec_dst, from->ip + 12, 4);
		m->msg_controllen = CMSG_SPACE(sizeof(i));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(i));
		memcpy(CMSG_DATA(c), &i, sizeof(i));
	} else {
		struct in6_pktinfo i = { 0 };

		memcpy(&i.ipi6_addr, from->ip, 16);
		m->msg_controllen = CMSG_SPACE(sizeof(i));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(i));
		memcpy(CMSG_DATA(c), &i, sizeof(i));
	}
}

bool hws_udp_local_drop(struct msghdr *m, int error)
{
	if (!m->msg_control || (error != EINVAL && error != EADDRNOTAVAIL && error != ENETUNREACH))
		return false;
	m->msg_control = NULL;
	m->msg_controllen = 0;
	return true;
}

bool hws_udp_local_send(int fd, const struct sockaddr_storage *to, struct hws_bytes data,
		const struct hws_udp_local *from)
{
	struct iovec iov = { (void *)(uintptr_t)data.ptr, data.len };
	struct msghdr m = { .msg_name = (void *)(uintptr_t)to,
		.msg_namelen = hws_addr_len(to),
		.msg_iov = &iov,
		.msg_iovlen = 1 };
	union {
		struct cmsghdr align;
		char space[HWS_UDP_LOCAL_SPACE];
	} control;

	hws_udp_local_put(&m, from, &control);
	while (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		if (!hws_udp_local_drop(&m, errno) && errno != EINTR)
			return false;
	return true;
}
