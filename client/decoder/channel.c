/* Blocking pieces over a socket that does not block: poll() is the only call it waits in. */
#include "client/decoder/channel.h"
#include <errno.h>
#include <poll.h>
#include <string.h>

static int wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return hws_err_from_errno(errno);
	return HWS_OK;
}

/* Keeps what came in pieces together, in order. */
static void add_fds(struct hws_local_fds *all, struct hws_local_fds *more)
{
	size_t n = HWS_MIN(more->n, HWS_LOCAL_FDS_MAX - all->n);

	memcpy(all->fd + all->n, more->fd, n * sizeof(all->fd[0]));
	all->n += n;
	all->cut = all->cut || more->cut || n < more->n;
	memmove(more->fd, more->fd + n, (more->n - n) * sizeof(more->fd[0]));
	more->n -= n; /* what is left is closed */
}

int hws_decode_read(int fd, void *to, size_t n, struct hws_local_fds *fds)
{
	uint8_t *p = to;

	if (fds) {
		fds->n = 0;
		fds->cut = false;
	}
	while (n > 0) {
		struct hws_local_fds some;
		ssize_t got = hws_local_recv(fd, p, n, NULL, 0, &some);
		int r = HWS_OK;
		if (fds)
			add_fds(fds, &some);
		else if (some.n)
			r = HWS_ERR_PROTO;
		hws_local_fds_close(&some);
		if (got == HWS_ERR_AGAIN)
			r = wait_for(fd, POLLIN);
		else if (got <= 0)
			r = got < 0 ? (int)got : HWS_ERR_EOF;
		if (r < 0)
			return r;
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
	return HWS_OK;
}

int hws_decode_read_start(int fd, void *to, size_t n, void *rest, size_t room, size_t *ret_rest,
		struct hws_local_fds *fds)
{
	ssize_t got;
	int r;

	fds->n = 0;
	*ret_rest = 0;
	do {
		r = wait_for(fd, POLLIN);
		if (r < 0)
			return r;
		got = hws_local_recv(fd, to, n, rest, room, fds);
	} while (got == HWS_ERR_AGAIN);
	if (got <= 0)
		return got < 0 ? (int)got : HWS_ERR_EOF;
	if ((size_t)got < n)
		return hws_decode_read(fd, (uint8_t *)to + got, n - (size_t)got, NULL);
	*ret_rest = (size_t)got - n;
	return HWS_OK;
}

static struct hws_bytes behind(struct hws_bytes b, size_t n)
{
	return n ? hws_bytes(b.ptr + n, b.len - n) : b;
}

int hws_decode_write(int fd, struct hws_bytes head, struct hws_bytes rest)
{
	while (head.len || rest.len) {
		ssize_t n = head.len ? hws_local_send(fd, head, rest, NULL, 0)
				     : hws_local_send(fd, rest, (struct hws_bytes){ 0 }, NULL, 0);
		if (n == HWS_ERR_AGAIN)
			n = wait_for(fd, POLLOUT);
		if (n < 0)
			return (int)n;
		size_t of_head = HWS_MIN((size_t)n, head.len);
		head = behind(head, of_head);
		rest = behind(rest, (size_t)n - of_head);
	}
	return HWS_OK;
}
