/* Routing netlink. What comes is the kernel's (its number is 0; others may write to such a socket,
 * too), and is measured all the same. */
#include "shared/sys/route.h"
#include "shared/base/rand.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Anybody out there: an address that no machine has (RFC 5737), and nothing is sent to. */
#define ANYBODY 0xcb007101u
#define STRAY_MAX 16

struct question {
	struct nlmsghdr head;
	struct rtmsg route;
	struct rtattr attr;
	struct in_addr to;
};

static void take_attr(const struct rtattr *a, unsigned short type, struct in_addr *to)
{
	if (a->rta_type == type && RTA_PAYLOAD(a) == sizeof(*to))
		memcpy(to, RTA_DATA(a), sizeof(*to));
}

static int read_route(const struct nlmsghdr *h, struct hws_route *ret)
{
	struct hws_route found = { 0 };
	const struct rtmsg *m = NLMSG_DATA(h);
	int left; /* RTA_NEXT may take more than there is */

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->rtm_type != RTN_UNICAST ||
			m->rtm_family != AF_INET)
		return HWS_ERR_NOTFOUND;
	left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)));
	for (const struct rtattr *a = RTM_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		take_attr(a, RTA_GATEWAY, &found.router);
		take_attr(a, RTA_PREFSRC, &found.own);
	}
	if (!found.router.s_addr || !found.own.s_addr)
		return HWS_ERR_NOTFOUND;
	*ret = found;
	return HWS_OK;
}

/* HWS_ERR_AGAIN: this was not the answer. */
static int take_answer(int fd, uint32_t number, struct hws_route *ret)
{
	_Alignas(struct nlmsghdr) uint8_t buf[4096];
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(
			fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)buf;

	if (n < 0) /* the kernel has answered before the question's call returns */
		return HWS_ERR_SYS;
	if (from_len < sizeof(from) || from.nl_pid != 0 || !NLMSG_OK(h, (size_t)n) ||
			h->nlmsg_seq != number)
		return HWS_ERR_AGAIN;
	return h->nlmsg_type == RTM_NEWROUTE ? read_route(h, ret) : HWS_ERR_NOTFOUND;
}

static int ask(int fd, struct hws_route *ret)
{
	struct question q = { .head = { .nlmsg_len = sizeof(q),
					      .nlmsg_type = RTM_GETROUTE,
					      .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32 },
		.attr = { .rta_len = RTA_LENGTH(sizeof(q.to)), .rta_type = RTA_DST },
		.to = { .s_addr = htonl(ANYBODY) } };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int r = HWS_ERR_AGAIN;

	hws_rand_bytes(&q.head.nlmsg_seq, sizeof(q.head.nlmsg_seq));
	if (sendto(fd, &q, sizeof(q), 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return HWS_ERR_SYS;
	for (int i = 0; i < STRAY_MAX && r == HWS_ERR_AGAIN; i++)
		r = take_answer(fd, q.head.nlmsg_seq, ret);
	return r == HWS_ERR_AGAIN ? HWS_ERR_SYS : r;
}

int hws_route_ask(struct hws_route *ret)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int r;

	if (fd < 0)
		return HWS_ERR_SYS;
	r = ask(fd, ret);
	close(fd);
	return r;
}
