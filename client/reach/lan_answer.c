/* Answers in the local network. */
#include "client/reach/lan_answer.h"
#include "client/reach/lan_proof.h"
#include "shared/base/bucket.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BUDGET 16 /* datagrams a turn */
#define ANSWERS_PER_S 10u
#define ANSWERS_BURST 30u /* a few askers, each of which asks by several interfaces, thrice */

#define WAITING_MAX 32u
#define WAIT_US 2000000u

/* An answer that is being signed. */
struct waiting {
	unsigned number; /* 0: none */
	uint64_t since_us;
	struct hws_lan_if by;
	struct sockaddr_storage to;
	size_t asked_len;
};

struct hws_lan_answer {
	struct hws_loop *loop;
	struct hws_lan_answer_conf conf;
	struct hws_bucket bucket;
	struct event ev, ev6;
	uint64_t asked_us;
	struct waiting waiting[WAITING_MAX];
	unsigned number;
};

/* Shared: a RustDesk client of the same machine listens there, too; the kernel gives broadcasts to
 * both. */
static int open_shared(sa_family_t family, uint16_t port, int level, int option, int *ret_fd)
{
	struct sockaddr_storage all = { .ss_family = family };
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, e;

	hws_addr_set_port(&all, port);
	if (fd >= 0 && setsockopt(fd, level, option, &one, sizeof(one)) == 0 &&
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
			bind(fd, (struct sockaddr *)&all, hws_addr_len(&all)) == 0) {
		*ret_fd = fd;
		return HWS_OK;
	}
	e = errno;
	if (fd >= 0)
		close(fd);
	return hws_err_from_errno(e);
}

int hws_lan_answer_socket(uint16_t port, int *ret_fd)
{
	return open_shared(AF_INET, port, IPPROTO_IP, IP_PKTINFO, ret_fd);
}

int hws_lan_answer_socket6(uint16_t port, int *ret_fd)
{
	return open_shared(AF_INET6, port, IPPROTO_IPV6, IPV6_V6ONLY, ret_fd);
}

void hws_lan_answer_join(int fd6)
{
	struct hws_lan_if ifs[HWS_LAN_IFS_MAX];
	int count = hws_lan_ifs(ifs);

	for (int i = 0; i < count; i++) {
		const struct ipv6_mreq m = { hws_lan_group(), ifs[i].index };

		/* where it is in the group already, and where there are no groups, all is well */
		if (ifs[i].addr.ss_family == AF_INET6 &&
				setsockopt(fd6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)) < 0)
			errno = 0;
	}
}

static struct hws_lan_host host_by(const struct hws_lan_answer *a, const struct hws_lan_if *by)
{
	struct hws_lan_host host = a->conf.host;

	host.has_mac = by->has_mac;
	memcpy(host.mac, by->mac, sizeof(host.mac));
	return host;
}

/* The control message that says from where, by which interface. */
static size_t put_source(const struct hws_lan_if *by, struct cmsghdr *head)
{
	const struct in_pktinfo from = { .ipi_ifindex = (int)by->index,
		.ipi_spec_dst = ((const struct sockaddr_in *)&by->addr)->sin_addr };
	const struct in6_pktinfo from6 = { .ipi6_ifindex = by->index,
		.ipi6_addr = ((const struct sockaddr_in6 *)&by->addr)->sin6_addr };
	bool four = by->addr.ss_family == AF_INET;

	head->cmsg_level = four ? IPPROTO_IP : IPPROTO_IPV6;
	head->cmsg_type = four ? IP_PKTINFO : IPV6_PKTINFO;
	head->cmsg_len = four ? CMSG_LEN(sizeof(from)) : CMSG_LEN(sizeof(from6));
	if (four)
		memcpy(CMSG_DATA(head), &from, sizeof(from));
	else
		memcpy(CMSG_DATA(head), &from6, sizeof(from6));
	return four ? CMSG_SPACE(sizeof(from)) : CMSG_SPACE(sizeof(from6));
}

/* From the address that was asked, by the interface that the question came by. */
static void send_from(struct hws_lan_answer *a, const struct hws_lan_if *by,
		const struct sockaddr_storage *to, struct hws_bytes pong)
{
	struct iovec iov = { (void *)(uintptr_t)pong.ptr, pong.len };
	struct msghdr msg = { .msg_name = (void *)(uintptr_t)to,
		.msg_namelen = hws_addr_len(to),
		.msg_iov = &iov,
		.msg_iovlen = 1 };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { 0 };
	int fd = to->ss_family == AF_INET ? a->conf.fd : a->conf.fd6;

	msg.msg_control = control.space;
	msg.msg_controllen = put_source(by, &control.head);
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		errno = 0; /* lost, as a datagram may be */
}

/* What is longer than what was sent to us goes to nobody: with `most`, what was sent; 0 = any. */
static bool answer(struct hws_lan_answer *a, const struct hws_lan_if *by,
		const struct sockaddr_storage *to, const struct hws_lan_host *host, size_t most)
{
	struct hws_buf out;
	bool fits;

	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	fits = hws_lan_pong(host, &out) == HWS_OK && (!most || hws_buf_len(&out) <= most);
	if (fits)
		send_from(a, by, to, hws_buf_bytes(&out));
	hws_buf_done(&out);
	return fits;
}

static struct waiting *place(struct hws_lan_answer *a, uint64_t now_us)
{
	for (unsigned i = 0; i < WAITING_MAX; i++)
		if (!a->waiting[i].number || now_us > a->waiting[i].since_us + WAIT_US)
			return &a->waiting[i];
	return NULL;
}

/* True: it is on its way to who signs. */
static bool have_signed(struct hws_lan_answer *a, const struct hws_lan_if *by,
		const struct sockaddr_storage *to, const struct hws_lan_host *host,
		const uint8_t nonce[HWS_LAN_NONCE], size_t asked_len)
{
	struct waiting *w = a->conf.sign ? place(a, a->asked_us) : NULL;
	uint8_t address[HWS_LAN_ADDRESS];

	if (!w)
		return false;
	hws_addr_ip_bytes(&by->addr, address);
	if (++a->number == 0)
		a->number = 1;
	*w = (struct waiting){ a->number, a->asked_us, *by, *to, asked_len };
	if (a->conf.sign(w->number, host, nonce, address, a->conf.arg))
		return true;
	w->number = 0;
	return false;
}

void hws_lan_answer_signed(struct hws_lan_answer *a, unsigned number, const uint8_t *pk,
		const uint8_t *signature)
{
	struct hws_lan_host host;
	struct waiting *w = NULL;

	for (unsigned i = 0; i < WAITING_MAX && number; i++)
		if (a->waiting[i].number == number)
			w = &a->waiting[i];
	if (!w)
		return;
	w->number = 0;
	host = host_by(a, &w->by);
	host.has_proof = pk && signature;
	if (host.has_proof) {
		memcpy(host.pk, pk, sizeof(host.pk));
		memcpy(host.signature, signature, sizeof(host.signature));
	}
	if (host.has_proof && answer(a, &w->by, &w->to, &host, w->asked_len))
		return;
	host.has_proof = false;
	answer(a, &w->by, &w->to, &host, 0);
}

static bool is_broadcast(const struct hws_lan_if *i, const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET &&
			((const struct sockaddr_in *)a)->sin_addr.s_addr == i->broadcast.s_addr;
}

static void on_datagram(struct hws_lan_answer *a, struct hws_bytes datagram,
		const struct sockaddr_storage *from)
{
	const struct hws_lan_if *by = hws_lan_if_of(a->conf.ifs, a->conf.if_count, from);
	struct hws_lan_host asker, host;
	enum hws_lan_word word;

	if (!by || is_broadcast(by, from) || hws_lan_parse(datagram, &word, &asker) < 0 ||
			word != HWS_LAN_PING)
		return;
	/* we ourselves, by another of our programs */
	if (*asker.id && hws_str_equal(asker.id, a->conf.host.id))
		return;
	a->asked_us = hws_loop_now_us(a->loop);
	if (!hws_bucket_take(&a->bucket, 1, a->asked_us))
		return;
	host = host_by(a, by);
	if (!asker.has_nonce || !have_signed(a, by, from, &host, asker.nonce, datagram.len))
		answer(a, by, from, &host, 0);
}

static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_lan_answer *a = arg;
	uint8_t buf[HWS_LAN_DATAGRAM_MAX];

	for (int i = 0; i < BUDGET; i++) {
		struct sockaddr_storage from = { 0 };
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr msg = { .msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1 };
		ssize_t n = recvmsg((int)fd, &msg, MSG_DONTWAIT);

		if (n < 0)
			return;
		if (n > 0 && !(msg.msg_flags & MSG_TRUNC))
			on_datagram(a, hws_bytes(buf, (size_t)n), &from);
	}
}

static void close_fds(const struct hws_lan_answer_conf *conf)
{
	close(conf->fd);
	if (conf->fd6 >= 0)
		close(conf->fd6);
}

static void listen_to(struct hws_lan_answer *a, int fd, struct event *ev)
{
	event_assign(ev, hws_loop_base(a->loop), fd, EV_READ | EV_PERSIST, on_readable, a);
	event_add(ev, NULL);
}

int hws_lan_answer_new(struct hws_loop *loop, const struct hws_lan_answer_conf *conf,
		struct hws_lan_answer **ret)
{
	struct hws_lan_answer *a = hws_alloc(sizeof(*a));

	if (!a) {
		close_fds(conf);
		return HWS_ERR_NOMEM;
	}
	a->loop = loop;
	a->conf = *conf;
	a->asked_us = hws_loop_now_us(loop);
	hws_bucket_init(&a->bucket, ANSWERS_PER_S, ANSWERS_BURST, a->asked_us);
	listen_to(a, conf->fd, &a->ev);
	if (conf->fd6 >= 0)
		listen_to(a, conf->fd6, &a->ev6);
	*ret = a;
	return HWS_OK;
}

void hws_lan_answer_free(struct hws_lan_answer *a)
{
	if (!a)
		return;
	event_del(&a->ev);
	if (a->conf.fd6 >= 0)
		event_del(&a->ev6);
	close_fds(&a->conf);
	hws_free(a);
}

uint64_t hws_lan_answer_asked_us(const struct hws_lan_answer *a)
{
	return a->asked_us;
}
