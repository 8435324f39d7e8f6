/* Bytes from and to the socket of a leg. The epoll set is edge-triggered, so each call notes when
 * the kernel has no more (`readable`, `writable`): nobody would tell again. What was read too early
 * (a stash) comes first; TLS, where a leg has it, is undone here, so that the pumps see the same
 * bytes either way. */
#include "server-relay/leg_io.h"
#include "shared/net/tls_session.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static ssize_t tls_read(struct rly_leg *l, void *buf, size_t len)
{
	ssize_t n = hws_tls_session_read(l->tls, buf, len);

	if (n == HWS_ERR_AGAIN)
		l->readable = false;
	return n > 0 || n == HWS_ERR_AGAIN || n == HWS_ERR_EOF ? n : HWS_ERR_RESET;
}

static ssize_t tls_writev(struct rly_leg *l, const struct iovec *iov, int n)
{
	ssize_t sum = 0;

	for (int i = 0; i < n; i++)
		for (size_t at = 0; at < iov[i].iov_len;) {
			ssize_t w = hws_tls_session_write(l->tls,
					hws_bytes((uint8_t *)iov[i].iov_base + at,
							iov[i].iov_len - at));

			if (w == HWS_ERR_AGAIN) {
				l->writable = false;
				return sum ? sum : HWS_ERR_AGAIN;
			}
			if (w < 0)
				return HWS_ERR_RESET;
			at += (size_t)w;
			sum += w;
		}
	return sum;
}

ssize_t rly_leg_read(struct rly_leg *l, void *buf, size_t len)
{
	ssize_t n;

	if (l->stash) {
		size_t have = HWS_MIN(rly_stash_len(l->stash), len);

		memcpy(buf, l->stash->data + l->stash->at, have);
		rly_stash_drop(&l->stash, have);
		return (ssize_t)have;
	}
	if (!l->readable)
		return HWS_ERR_AGAIN;
	if (l->tls)
		return tls_read(l, buf, len);
	n = recv(l->fd, buf, len, 0);
	if (n > 0) {
		/* On an edge-triggered stream less than asked for means "empty", unless the end
		 * or an error stands behind it: no further event would tell. */
		if ((size_t)n < len && !l->hup)
			l->readable = false;
		return n;
	}
	if (n == 0)
		return HWS_ERR_EOF;
	if (errno == EAGAIN || errno == EINTR) {
		l->readable = errno == EINTR;
		return HWS_ERR_AGAIN;
	}
	return HWS_ERR_RESET;
}

ssize_t rly_leg_writev(struct rly_leg *l, const struct iovec *iov, int n)
{
	struct msghdr m = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };

	if (l->tls)
		return tls_writev(l, iov, n);
	ssize_t sent = n == 1 ? send(l->fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL)
			      : sendmsg(l->fd, &m, MSG_NOSIGNAL);

	if (sent >= 0)
		return sent;
	if (errno == EAGAIN) {
		l->writable = false;
		return HWS_ERR_AGAIN;
	}
	return errno == EINTR ? 0 : HWS_ERR_RESET;
}

void rly_leg_shutdown(struct rly_leg *l)
{
	if (l->out_shut)
		return;
	l->out_shut = true;
	if (l->tls)
		hws_tls_session_shutdown(l->tls);
	else
		(void)shutdown(l->fd, SHUT_WR);
}

int rly_flow_flush(struct rly_leg *to, struct rly_flow *f)
{
	while (f->stash) {
		struct iovec iov = { f->stash->data + f->stash->at, rly_stash_len(f->stash) };

		if (!to->writable)
			return HWS_ERR_AGAIN;
		ssize_t n = rly_leg_writev(to, &iov, 1);

		if (n < 0)
			return (int)n;
		rly_stash_drop(&f->stash, (size_t)n);
	}
	return HWS_OK;
}
