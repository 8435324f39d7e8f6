#include "client/host/ipc.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEAD 5u /* length and kind */
#define READ_CHUNK 65536u
#define READ_BUDGET 8 /* chunks a turn */
#define FDS_MAX 4     /* descriptors announced and not yet delivered */
#define SEND_MAX (64u << 20)
#define SEND_HIGH (1u << 20)

enum link_kind { KIND_MESSAGE = 1, KIND_WIRE = 2 };

struct ipc_fd { /* a descriptor to go out with the byte at `offset` of the stream */
	uint64_t offset;
	int fd;
};

struct hws_ipc {
	struct hws_loop *loop;
	struct hws_ipc_conf conf;
	int fd;
	struct event on_read, on_write;
	struct hws_buf in, out;
	uint64_t sent; /* bytes given to the kernel since the start */
	struct ipc_fd out_fds[FDS_MAX];
	int out_fd_count;
	int in_fds[FDS_MAX];
	int in_fd_count;
	bool paused, closed, writing, was_congested, delivering;
	struct hws_deferred gone, again;
};

int hws_ipc_pair(int ret_fd[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fd) < 0)
		return hws_err_from_errno(errno);
	return HWS_OK;
}

static void link_free(void *arg)
{
	struct hws_ipc *l = arg;

	hws_buf_done(&l->in);
	hws_buf_done(&l->out);
	free(l);
}

void hws_ipc_close(struct hws_ipc *l, int why)
{
	if (!l || l->closed)
		return;
	l->closed = true;
	event_del(&l->on_read);
	event_del(&l->on_write);
	close(l->fd);
	for (int i = 0; i < l->out_fd_count; i++)
		close(l->out_fds[i].fd);
	for (int i = 0; i < l->in_fd_count; i++)
		close(l->in_fds[i]);
	hws_loop_defer_cancel(&l->again);
	hws_loop_defer(l->loop, &l->gone, link_free, l);
	if (l->conf.on_close)
		l->conf.on_close(l, why, l->conf.arg);
}

/* The next descriptor that came with the stream, -1 if none. */
static int take_fd(struct hws_ipc *l)
{
	int fd;

	if (!l->in_fd_count)
		return -1;
	fd = l->in_fds[0];
	l->in_fd_count--;
	memmove(l->in_fds, l->in_fds + 1, sizeof(l->in_fds[0]) * (size_t)l->in_fd_count);
	return fd;
}

static int deliver(struct hws_ipc *l, uint8_t kind, struct hws_bytes payload)
{
	Agt__Message *m;

	if (kind == KIND_WIRE && l->conf.on_wire) {
		l->conf.on_wire(l, payload, l->conf.arg);
		return HWS_OK;
	}
	if (kind != KIND_MESSAGE)
		return HWS_ERR_PROTO;
	if (l->conf.check) {
		int r = l->conf.check(payload);

		if (r < 0)
			return r;
	}
	m = agt__message__unpack(NULL, payload.len, payload.ptr);
	if (!m)
		return HWS_ERR_PROTO;
	l->conf.on_message(l, m, m->with_fd ? take_fd(l) : -1, l->conf.arg);
	agt__message__free_unpacked(m, NULL);
	return HWS_OK;
}

/* Hands out the whole frames there are. */
static void step(struct hws_ipc *l)
{
	l->delivering = true;
	while (!l->closed && !l->paused) {
		struct hws_bytes in = hws_buf_bytes(&l->in);
		size_t len;
		int r;

		if (in.len < HEAD)
			break;
		len = (size_t)in.ptr[0] | (size_t)in.ptr[1] << 8 | (size_t)in.ptr[2] << 16 |
				(size_t)in.ptr[3] << 24;
		if (len < 1 || len > l->conf.frame_max) {
			hws_ipc_close(l, HWS_ERR_TOOBIG);
			break;
		}
		if (in.len - 4 < len)
			break;
		r = deliver(l, in.ptr[4], hws_bytes(in.ptr + HEAD, len - 1));
		if (r < 0)
			hws_ipc_close(l, r);
		if (!l->closed)
			hws_buf_consume(&l->in, 4 + len);
	}
	l->delivering = false;
}

static void take_descriptors(struct hws_ipc *l, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (l->in_fd_count < FDS_MAX)
				l->in_fds[l->in_fd_count++] = fd;
			else
				close(fd);
		}
	}
}

/* One read; HWS_OK when there may be more. */
static int fill(struct hws_ipc *l)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control;
	struct iovec iov = { hws_buf_reserve(&l->in, READ_CHUNK), READ_CHUNK };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n;

	if (!iov.iov_base)
		return HWS_ERR_NOMEM;
	n = recvmsg(l->fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? HWS_ERR_AGAIN
							 : hws_err_from_errno(errno);
	take_descriptors(l, &msg);
	if (n == 0)
		return HWS_ERR_EOF;
	hws_buf_commit(&l->in, (size_t)n);
	return HWS_OK;
}

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_ipc *l = arg;

	for (int i = 0; i < READ_BUDGET && !l->closed && !l->paused; i++) {
		int r = fill(l);

		if (r == HWS_ERR_AGAIN)
			return;
		step(l);
		if (r < 0) {
			hws_ipc_close(l, r);
			return;
		}
	}
}

/* Writes up to the next position that carries a descriptor, and that descriptor with its byte. */
static ssize_t write_some(struct hws_ipc *l)
{
	struct hws_bytes out = hws_buf_bytes(&l->out);
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)out.ptr, out.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	bool with_fd = l->out_fd_count && l->out_fds[0].offset == l->sent;
	ssize_t n;

	if (with_fd) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &l->out_fds[0].fd, sizeof(int));
		iov.iov_len = 1; /* so that a second descriptor never shares a segment */
	} else if (l->out_fd_count) {
		iov.iov_len = HWS_MIN(out.len, (size_t)(l->out_fds[0].offset - l->sent));
	}
	n = sendmsg(l->fd, &msg, MSG_NOSIGNAL);
	if (n > 0 && with_fd) {
		close(l->out_fds[0].fd);
		l->out_fd_count--;
		memmove(l->out_fds, l->out_fds + 1,
				sizeof(l->out_fds[0]) * (size_t)l->out_fd_count);
	}
	return n;
}

/* Writes what the kernel takes; HWS_OK also when something is left. */
static int flush(struct hws_ipc *l)
{
	while (hws_buf_len(&l->out)) {
		ssize_t n = write_some(l);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ? HWS_ERR_EOF
								     : hws_err_from_errno(errno);
		l->sent += (uint64_t)n;
		hws_buf_consume(&l->out, (size_t)n);
	}
	if (hws_buf_len(&l->out) && !l->writing) {
		l->writing = true;
		event_add(&l->on_write, NULL);
	} else if (!hws_buf_len(&l->out) && l->writing) {
		l->writing = false;
		event_del(&l->on_write);
	}
	return HWS_OK;
}

static void on_writable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_ipc *l = arg;
	int r = flush(l);

	if (r < 0) {
		hws_ipc_close(l, r);
		return;
	}
	if (l->was_congested && hws_buf_len(&l->out) <= l->conf.send_high / 2) {
		l->was_congested = false;
		if (l->conf.on_drain)
			l->conf.on_drain(l, l->conf.arg);
	}
}

int hws_ipc_new(struct hws_loop *loop, int fd, const struct hws_ipc_conf *conf,
		struct hws_ipc **ret)
{
	struct hws_ipc *l = calloc(1, sizeof(*l));
	int flags = fcntl(fd, F_GETFL);

	if (!l || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
			fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		free(l);
		close(fd);
		return HWS_ERR_SYS;
	}
	l->loop = loop;
	l->fd = fd;
	l->conf = *conf;
	if (!l->conf.frame_max)
		l->conf.frame_max = HWS_IPC_FRAME_MAX;
	if (!l->conf.send_max)
		l->conf.send_max = SEND_MAX;
	if (!l->conf.send_high)
		l->conf.send_high = SEND_HIGH;
	hws_buf_init(&l->in, l->conf.frame_max + HEAD + READ_CHUNK);
	hws_buf_init(&l->out, l->conf.send_max + HEAD);
	event_assign(&l->on_read, hws_loop_base(loop), fd, EV_READ | EV_PERSIST, on_readable, l);
	event_assign(&l->on_write, hws_loop_base(loop), fd, EV_WRITE | EV_PERSIST, on_writable, l);
	event_add(&l->on_read, NULL);
	*ret = l;
	return HWS_OK;
}

/* Room for a whole frame, or HWS_ERR_FULL and nothing changes. */
static int put_head(struct hws_ipc *l, uint8_t kind, size_t len)
{
	size_t rest = len + 1;
	uint8_t head[HEAD] = { (uint8_t)rest, (uint8_t)(rest >> 8), (uint8_t)(rest >> 16),
		(uint8_t)(rest >> 24), kind };

	if (l->closed)
		return HWS_ERR_CLOSED;
	if (rest > l->conf.frame_max)
		return HWS_ERR_TOOBIG;
	if (hws_buf_len(&l->out) + HEAD + len > l->conf.send_max)
		return HWS_ERR_FULL;
	if (!hws_buf_reserve(&l->out, HEAD + len))
		return HWS_ERR_NOMEM;
	hws_buf_put(&l->out, head, HEAD);
	return HWS_OK;
}

static int sent(struct hws_ipc *l)
{
	/* An error shows as the end of the link when it is read, never inside a send. */
	if (!l->writing && flush(l) < 0) {
		hws_buf_reset(&l->out);
		return HWS_ERR_CLOSED;
	}
	if (hws_buf_len(&l->out) > l->conf.send_high)
		l->was_congested = true;
	return HWS_OK;
}

int hws_ipc_send(struct hws_ipc *l, const Agt__Message *m, int fd)
{
	Agt__Message copy = *m;
	size_t len;
	uint8_t *to;
	int r;

	copy.with_fd = fd >= 0;
	len = agt__message__get_packed_size(&copy);
	r = fd >= 0 && l->out_fd_count == FDS_MAX ? HWS_ERR_FULL : put_head(l, KIND_MESSAGE, len);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return r;
	}
	if (fd >= 0)
		l->out_fds[l->out_fd_count++] =
				(struct ipc_fd){ l->sent + hws_buf_len(&l->out) - HEAD, fd };
	to = hws_buf_reserve(&l->out, len);
	if (!to) /* put_head made the room */
		return HWS_ERR_NOMEM;
	hws_buf_commit(&l->out, agt__message__pack(&copy, to));
	return sent(l);
}

int hws_ipc_send_wire2(struct hws_ipc *l, struct hws_bytes head, struct hws_bytes rest)
{
	int r = put_head(l, KIND_WIRE, head.len + rest.len);

	if (r < 0)
		return r;
	if (head.len)
		hws_buf_put(&l->out, head.ptr, head.len);
	if (rest.len)
		hws_buf_put(&l->out, rest.ptr, rest.len);
	return sent(l);
}

int hws_ipc_send_wire(struct hws_ipc *l, struct hws_bytes message)
{
	return hws_ipc_send_wire2(l, message, (struct hws_bytes){ 0 });
}

void hws_ipc_pause(struct hws_ipc *l)
{
	if (l->closed || l->paused)
		return;
	l->paused = true;
	event_del(&l->on_read);
}

static void deliver_waiting(void *arg)
{
	struct hws_ipc *l = arg;

	if (!l->closed && !l->paused)
		step(l);
}

void hws_ipc_resume(struct hws_ipc *l)
{
	if (l->closed || !l->paused)
		return;
	l->paused = false;
	event_add(&l->on_read, NULL);
	if (!l->delivering) /* whole frames may wait in the buffer and no byte may follow */
		hws_loop_defer(l->loop, &l->again, deliver_waiting, l);
}

bool hws_ipc_congested(const struct hws_ipc *l)
{
	return hws_buf_len(&l->out) > l->conf.send_high;
}

size_t hws_ipc_pending(const struct hws_ipc *l)
{
	return hws_buf_len(&l->out);
}
