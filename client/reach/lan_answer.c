/* Answers in the local network. */
#include "client/reach/lan_answer.h"
#include "shared/base/bucket.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BUDGET 16 /* datagrams a turn */
#define ANSWERS_PER_S 10u
#define ANSWERS_BURST 30u /* a few askers, each of which asks by several interfaces, thrice */

struct hws_lan_answer {
	struct hws_loop *loop;
	struct hws_lan_answer_conf conf;
	struct hws_bucket bucket;
	struct event ev;
	uint64_t asked_us;
};

int hws_lan_answer_socket(uint16_t port, int *ret_fd)
{
	struct sockaddr_in all = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, e;

	/* shared: an RustDesk client of the same machine listens there, too; the kernel gives
	 * broadcasts to both */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
			setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) == 0 &&
			bind(fd, (struct sockaddr *)&all, sizeof(all)) == 0) {
		*ret_fd = fd;
		return HWS_OK;
	}
	e = errno;
	if (fd >= 0)
		close(fd);
	return hws_err_from_errno(e);
}

/* From the address that was asked, by the interface that the question came by. */
static void answer(
		struct hws_lan_answer *a, const struct hws_lan_if *by, const struct sockaddr_in *to)
{
	struct hws_lan_host host = a->conf.host;
	struct hws_buf out;
	struct iovec iov;
	struct msghdr msg = { .msg_name = (void *)(uintptr_t)to,
		.msg_namelen = sizeof(*to),
		.msg_iov = &iov,
		.msg_iovlen = 1 };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = { 0 };
	const struct in_pktinfo from = { .ipi_ifindex = (int)by->index, .ipi_spec_dst = by->addr };

	host.has_mac = by->has_mac;
	memcpy(host.mac, by->mac, sizeof(host.mac));
	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	if (hws_lan_pong(&host, &out) == HWS_OK) {
		iov = (struct iovec){ (void *)(uintptr_t)hws_buf_bytes(&out).ptr,
			hws_buf_bytes(&out).len };
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		control.head.cmsg_level = IPPROTO_IP;
		control.head.cmsg_type = IP_PKTINFO;
		control.head.cmsg_len = CMSG_LEN(sizeof(from));
		memcpy(CMSG_DATA(&control.head), &from, sizeof(from));
		if (sendmsg(a->conf.fd, &msg, MSG_NOSIGNAL) < 0)
			errno = 0; /* lost, as a datagram may be */
	}
	hws_buf_done(&out);
}

static void on_datagram(
		struct hws_lan_answer *a, struct hws_bytes datagram, const struct sockaddr_in *from)
{
	const struct hws_lan_if *by = hws_lan_if_of(a->conf.ifs, a->conf.if_count, from->sin_addr);
	struct hws_lan_host asker;
	enum hws_lan_word word;

	if (!by || from->sin_addr.s_addr == by->broadcast.s_addr ||
			hws_lan_parse(datagram, &word, &asker) < 0 || word != HWS_LAN_PING)
		return;
	/* we ourselves, by another of our programs */
	if (*asker.id && hws_str_equal(asker.id, a->conf.host.id))
		return;
	a->asked_us = hws_loop_now_us(a->loop);
	if (hws_bucket_take(&a->bucket, 1, a->asked_us))
		answer(a, by, from);
}

static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_lan_answer *a = arg;
	uint8_t buf[HWS_LAN_DATAGRAM_MAX];

	for (int i = 0; i < BUDGET; i++) {
		struct sockaddr_in from = { 0 };
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr msg = { .msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1 };
		ssize_t n = recvmsg((int)fd, &msg, MSG_DONTWAIT);

		if (n < 0)
			return;
		if (n > 0 && from.sin_family == AF_INET && !(msg.msg_flags & MSG_TRUNC))
			on_datagram(a, hws_bytes(buf, (size_t)n), &from);
	}
}

int hws_lan_answer_new(struct hws_loop *loop, const struct hws_lan_answer_conf *conf,
		struct hws_lan_answer **ret)
{
	struct hws_lan_answer *a = hws_alloc(sizeof(*a));

	if (!a) {
		close(conf->fd);
		return HWS_ERR_NOMEM;
	}
	a->loop = loop;
	a->conf = *conf;
	a->asked_us = hws_loop_now_us(loop);
	hws_bucket_init(&a->bucket, ANSWERS_PER_S, ANSWERS_BURST, a->asked_us);
	event_assign(&a->ev, hws_loop_base(loop), conf->fd, EV_READ | EV_PERSIST, on_readable, a);
	event_add(&a->ev, NULL);
	*ret = a;
	return HWS_OK;
}

void hws_lan_answer_free(struct hws_lan_answer *a)
{
	if (!a)
		return;
	event_del(&a->ev);
	close(a->conf.fd);
	hws_free(a);
}

uint64_t hws_lan_answer_asked_us(const struct hws_lan_answer *a)
{
	return a->asked_us;
}
