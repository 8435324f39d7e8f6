/* Many datagrams in one system call: at a server's rate the calls cost more than what is done
 * with a packet. */
#include "shared/net/udp_batch.h"
#include "shared/base/mem.h"
#include "shared/net/addr.h"
#include <errno.h>

#define RX_SIZE 2048 /* larger than anything we take, so that a cut datagram is seen as too long */

union control {
	struct cmsghdr align;
	char space[HWS_UDP_LOCAL_SPACE];
};

struct hws_udp_batch {
	struct mmsghdr rx[HWS_UDP_BATCH], tx[HWS_UDP_BATCH];
	struct iovec rx_iov[HWS_UDP_BATCH], tx_iov[HWS_UDP_BATCH];
	struct sockaddr_storage rx_from[HWS_UDP_BATCH], tx_to[HWS_UDP_BATCH];
	union control rx_control[HWS_UDP_BATCH], tx_control[HWS_UDP_BATCH];
	unsigned tx_count, dropped;
	uint8_t rx_data[HWS_UDP_BATCH][RX_SIZE], tx_data[HWS_UDP_BATCH][HWS_UDP_MTU];
};

int hws_udp_batch_new(struct hws_udp_batch **ret)
{
	struct hws_udp_batch *b = hws_alloc(sizeof(*b));

	if (!b)
		return HWS_ERR_NOMEM;
	for (int i = 0; i < HWS_UDP_BATCH; i++) {
		b->rx_iov[i] = (struct iovec){ b->rx_data[i], RX_SIZE };
		b->rx[i].msg_hdr = (struct msghdr){ .msg_name = &b->rx_from[i],
			.msg_namelen = sizeof(b->rx_from[i]),
			.msg_iov = &b->rx_iov[i],
			.msg_iovlen = 1 };
		b->tx_iov[i] = (struct iovec){ b->tx_data[i], 0 };
		b->tx[i].msg_hdr = (struct msghdr){ .msg_iov = &b->tx_iov[i], .msg_iovlen = 1 };
	}
	*ret = b;
	return HWS_OK;
}

void hws_udp_batch_free(struct hws_udp_batch *b)
{
	hws_free(b);
}

void hws_udp_batch_ask_local(struct hws_udp_batch *b, int fd)
{
	if (!hws_udp_local_ask(fd))
		return;
	for (int i = 0; i < HWS_UDP_BATCH; i++)
		b->rx[i].msg_hdr.msg_control = &b->rx_control[i];
}

int hws_udp_batch_recv(struct hws_udp_batch *b, int fd)
{
	int n;

	for (int i = 0; i < HWS_UDP_BATCH; i++) {
		struct msghdr *m = &b->rx[i].msg_hdr;

		m->msg_namelen = sizeof(b->rx_from[i]);
		m->msg_controllen = m->msg_control ? sizeof(b->rx_control[i]) : 0;
	}
	/* ICMP answers to what was sent earlier show up here and concern one destination only. */
	for (int tries = 0; tries < HWS_UDP_BATCH; tries++) {
		n = recvmmsg(fd, b->rx, HWS_UDP_BATCH, MSG_DONTWAIT, NULL);
		if (n > 0)
			return n;
		if (n == 0 || errno == EAGAIN)
			return HWS_ERR_AGAIN;
		if (errno == EBADF || errno == ENOTSOCK || errno == EFAULT || errno == EINVAL)
			return HWS_ERR_SYS;
	}
	return HWS_ERR_AGAIN;
}

struct hws_bytes hws_udp_batch_get(
		struct hws_udp_batch *b, int i, struct sockaddr_storage *ret_from)
{
	size_t len = b->rx[i].msg_len;

	*ret_from = b->rx_from[i];
	/* A datagram that did not fit is rubbish: give it as empty. */
	return hws_bytes(b->rx_data[i], b->rx[i].msg_hdr.msg_flags & MSG_TRUNC ? 0 : len);
}

void hws_udp_batch_local(struct hws_udp_batch *b, int i, struct hws_udp_local *ret)
{
	hws_udp_local_read(&b->rx[i].msg_hdr, ret);
}

int hws_udp_batch_put(struct hws_udp_batch *b, int fd, const struct sockaddr_storage *to,
		struct hws_bytes data, const struct hws_udp_local *from)
{
	unsigned i;

	if (data.len > HWS_UDP_MTU)
		return HWS_ERR_TOOBIG;
	if (b->tx_count == HWS_UDP_BATCH)
		b->dropped += hws_udp_batch_flush(b, fd);
	i = b->tx_count++;
	if (data.len > 0)
		memcpy(b->tx_data[i], data.ptr, data.len);
	b->tx_iov[i].iov_len = data.len;
	b->tx_to[i] = *to;
	b->tx[i].msg_hdr.msg_name = &b->tx_to[i];
	b->tx[i].msg_hdr.msg_namelen = hws_addr_len(to);
	b->tx[i].msg_hdr.msg_control = NULL;
	b->tx[i].msg_hdr.msg_controllen = 0;
	if (from)
		hws_udp_local_put(&b->tx[i].msg_hdr, from, &b->tx_control[i]);
	return HWS_OK;
}

unsigned hws_udp_batch_flush(struct hws_udp_batch *b, int fd)
{
	unsigned done = 0, dropped = b->dropped;

	b->dropped = 0;
	while (done < b->tx_count) {
		int n = sendmmsg(fd, b->tx + done, b->tx_count - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			done += (unsigned)n;
			continue;
		}
		if (errno == EINTR || hws_udp_local_drop(&b->tx[done].msg_hdr, errno))
			continue;
		/* The first one of the rest failed (unreachable, full buffer): leave it out, go
		 * on. */
		done++;
		dropped++;
	}
	b->tx_count = 0;
	return dropped;
}
