/* A message of the kernel is at most 64 KiB and 64 datagrams. What it refuses to cut (a path
 * narrower than the datagrams, a device that cannot) is sent one by one, and from then on all
 * is. */
#include "shared/net/udp_bulk.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#define OUT_BYTES (60u << 10)
#define OUT_MESSAGES 64u
#define RUN_MAX 64u /* datagrams of one message */
#define IN_MESSAGES 16u
#define IN_BYTES (64u << 10)

/* One datagram, or several of equal length of which the last may be shorter. */
struct run {
	size_t from, len, each;
	unsigned count;
};

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

struct hws_udp_bulk {
	bool segments, singly;
	/* out */
	struct run run[OUT_MESSAGES];
	unsigned runs;
	size_t used;
	/* in */
	unsigned got, at;   /* messages; the one that is given out */
	size_t given, each; /* of that */
	struct sockaddr_storage from[IN_MESSAGES];
	union control in_control[IN_MESSAGES];
	struct mmsghdr in[IN_MESSAGES];
	struct iovec in_iov[IN_MESSAGES];
	uint8_t out_data[OUT_BYTES];
	/* mostly untouched, so that no memory stands behind it: one datagram is at the front of its
	 * place */
	uint8_t in_data[IN_MESSAGES][IN_BYTES];
};

int hws_udp_bulk_new(struct hws_udp_bulk **ret)
{
	struct hws_udp_bulk *b = hws_alloc(sizeof(*b));

	if (!b)
		return HWS_ERR_NOMEM;
	for (unsigned i = 0; i < IN_MESSAGES; i++)
		b->in_iov[i] = (struct iovec){ b->in_data[i], IN_BYTES };
	*ret = b;
	return HWS_OK;
}

void hws_udp_bulk_free(struct hws_udp_bulk *b)
{
	hws_free(b);
}

void hws_udp_bulk_prepare(struct hws_udp_bulk *b, int fd)
{
	const int off = 0, on = !b->singly;

	/* the size is said with each message: this asks whether there is such an option */
	b->segments = !b->singly &&
			setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off)) == 0;
	(void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	b->got = b->at = 0;
	b->runs = 0;
	b->used = 0;
}

void hws_udp_bulk_singly(struct hws_udp_bulk *b)
{
	b->singly = true;
}

/* --- in --- */

bool hws_udp_bulk_recv(struct hws_udp_bulk *b, int fd)
{
	int n = -1;

	b->got = b->at = 0;
	b->given = b->each = 0;
	for (unsigned i = 0; i < IN_MESSAGES; i++)
		b->in[i].msg_hdr = (struct msghdr){ .msg_name = &b->from[i],
			.msg_namelen = sizeof(b->from[i]),
			.msg_iov = &b->in_iov[i],
			.msg_iovlen = 1,
			.msg_control = &b->in_control[i],
			.msg_controllen = sizeof(b->in_control[i]) };
	/* what an ICMP answer leaves here is an error of one datagram that was sent before */
	for (unsigned tries = 0; n < 0 && tries < IN_MESSAGES; tries++) {
		n = recvmmsg(fd, b->in, IN_MESSAGES, MSG_DONTWAIT, NULL);
		if (n < 0 && (errno == EAGAIN || errno == EBADF || errno == ENOTSOCK))
			return false;
	}
	b->got = n > 0 ? (unsigned)n : 0;
	return b->got == IN_MESSAGES;
}

static size_t length_of_each(struct msghdr *m, size_t whole)
{
	int each = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO &&
				c->cmsg_len >= CMSG_LEN(sizeof(each)))
			memcpy(&each, CMSG_DATA(c), sizeof(each));
	return each > 0 ? (size_t)each : whole;
}

bool hws_udp_bulk_next(struct hws_udp_bulk *b, struct hws_bytes *ret,
		const struct sockaddr_storage **ret_from)
{
	size_t whole, len;

	if (b->at >= b->got)
		return false;
	whole = b->in[b->at].msg_len;
	if (b->in[b->at].msg_hdr.msg_flags & MSG_TRUNC)
		whole = 0; /* rubbish: nothing that is sent is so long */
	if (b->given == 0)
		b->each = length_of_each(&b->in[b->at].msg_hdr, whole);
	len = HWS_MIN(b->each, whole - b->given);
	*ret = hws_bytes(b->in_data[b->at] + b->given, len);
	*ret_from = &b->from[b->at];
	b->given += len;
	if (b->given >= whole) {
		b->at++;
		b->given = 0;
	}
	return true;
}

/* --- out --- */

uint8_t *hws_udp_bulk_room(struct hws_udp_bulk *b, int fd, const struct sockaddr_storage *to)
{
	if (b->runs == OUT_MESSAGES || b->used + HWS_UDP_BULK_MTU > OUT_BYTES)
		hws_udp_bulk_flush(b, fd, to);
	return b->out_data + b->used;
}

void hws_udp_bulk_add(struct hws_udp_bulk *b, size_t len)
{
	struct run *last = b->runs > 0 ? &b->run[b->runs - 1] : NULL;
	const bool goes_on = b->segments && last && len > 0 && len <= last->each &&
			last->len == last->count * last->each && last->count < RUN_MAX;

	if (goes_on) {
		last->len += len;
		last->count++;
	} else {
		b->run[b->runs++] = (struct run){ b->used, len, len, 1 };
	}
	b->used += len;
}

static void put_size(struct msghdr *m, union control *c, size_t each)
{
	const uint16_t size = (uint16_t)each;

	memset(c, 0, sizeof(*c));
	m->msg_control = c;
	m->msg_controllen = CMSG_SPACE(sizeof(size));
	c->align.cmsg_level = IPPROTO_UDP;
	c->align.cmsg_type = UDP_SEGMENT;
	c->align.cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(&c->align), &size, sizeof(size));
}

/* As sendmmsg, of the runs from `first`. */
static int send_runs(
		struct hws_udp_bulk *b, int fd, const struct sockaddr_storage *to, unsigned first)
{
	struct mmsghdr m[OUT_MESSAGES];
	struct iovec iov[OUT_MESSAGES];
	union control control[OUT_MESSAGES];
	const unsigned n = b->runs - first;

	for (unsigned i = 0; i < n; i++) {
		const struct run *r = &b->run[first + i];

		iov[i] = (struct iovec){ b->out_data + r->from, r->len };
		m[i].msg_hdr = (struct msghdr){ .msg_name = (void *)(uintptr_t)to,
			.msg_namelen = to ? hws_addr_len(to) : 0,
			.msg_iov = &iov[i],
			.msg_iovlen = 1 };
		if (r->count > 1)
			put_size(&m[i].msg_hdr, &control[i], r->each);
	}
	return sendmmsg(fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_one_by_one(struct hws_udp_bulk *b, int fd, const struct sockaddr_storage *to,
		const struct run *r)
{
	for (size_t at = 0; at < r->len; at += r->each) {
		struct iovec iov = { b->out_data + r->from + at, HWS_MIN(r->each, r->len - at) };
		const struct msghdr m = { .msg_name = (void *)(uintptr_t)to,
			.msg_namelen = to ? hws_addr_len(to) : 0,
			.msg_iov = &iov,
			.msg_iovlen = 1 };

		if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EAGAIN)
			return;
	}
}

/* The errors that say that a run could not be cut, and nothing of the path. */
static bool cannot_cut(int error)
{
	return error == EINVAL || error == EIO || error == EMSGSIZE || error == EOPNOTSUPP ||
			error == ENOPROTOOPT;
}

void hws_udp_bulk_flush(struct hws_udp_bulk *b, int fd, const struct sockaddr_storage *to)
{
	unsigned done = 0;
	int n;

	while (done < b->runs) {
		n = send_runs(b, fd, to, done);
		if (n > 0) {
			done += (unsigned)n;
		} else if (errno != EINTR) {
			/* the first of the rest failed: unreachable, full buffer, or a run */
			if (b->run[done].count > 1 && cannot_cut(errno)) {
				b->segments = false;
				send_one_by_one(b, fd, to, &b->run[done]);
			}
			done++;
		}
	}
	b->runs = 0;
	b->used = 0;
}
