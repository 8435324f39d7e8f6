/* host/ipc: frames over a Unix socket, with descriptors; see ipc.h. The sending side is
 * net/sender's: here its messages are framed and handed to the kernel, each descriptor with the
 * first byte of its frame. */
#include "client/host/ipc.h"
#include "shared/base/bucket.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/sys/local_socket.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD 5u /* length and kind */
#define READ_CHUNK 65536u
#define READ_BUDGET 8 /* chunks a turn */
#define FDS_MAX 4     /* descriptors announced and not yet delivered */
#define SEND_MAX (64u << 20)
#define SEND_HIGH (1u << 20)

/* What may be held back: the session itself and what ends it always go. */
#define HOLDABLE (1u << HWS_SEND_INPUT | 1u << HWS_SEND_VIDEO | 1u << HWS_SEND_BULK)

enum ipc_kind { KIND_MESSAGE = 1, KIND_WIRE = 2, KIND_HOLD = 3 };

struct ipc_fd { /* a descriptor to go out with the byte at `offset` of the stream */
	uint64_t offset;
	int fd;
};

struct hws_ipc {
	struct hws_loop *loop;
	struct hws_ipc_conf conf;
	int fd;
	struct event on_read, on_write;
	struct hws_buf in;
	struct hws_sender sender;
	uint64_t sent; /* bytes given to the kernel since the start */
	struct ipc_fd out_fds[FDS_MAX];
	int out_fd_count,
			/* those whose frame is in sender.out; all that are not away yet */
			fds_sent;
	unsigned holding; /* classes that the other side was asked to hold back */
	int in_fds[FDS_MAX];
	int in_fd_count;
	bool paused, closed, writing, delivering;
	struct hws_bucket pace;
	struct hws_deferred gone, again;
};

int hws_ipc_pair(int ret_fd[2])
{
	return hws_local_pair(ret_fd);
}

static void link_free(void *arg)
{
	struct hws_ipc *l = arg;

	hws_buf_done_wiped(&l->in); /* as what is sent: proofs, a password for a proxy */
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
	hws_sender_done(&l->sender);
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

static int flush(struct hws_ipc *l);

static void tell_drained(struct hws_ipc *l)
{
	enum hws_send_class cls;

	while (!l->closed && hws_sender_drained(&l->sender, &cls))
		if (l->conf.on_drain)
			l->conf.on_drain(l, cls, l->conf.arg);
}

/* The whole set, each time. */
static int take_hold(struct hws_ipc *l, struct hws_bytes payload)
{
	if (payload.len != 1 || payload.ptr[0] & ~HOLDABLE)
		return HWS_ERR_PROTO;
	for (enum hws_send_class cls = 0; cls < HWS_SEND_CLASSES; cls++)
		hws_sender_hold(&l->sender, cls, payload.ptr[0] >> cls & 1);
	if (flush(l) < 0)
		return HWS_ERR_EOF;
	tell_drained(l);
	return HWS_OK;
}

static int deliver(struct hws_ipc *l, uint8_t kind, struct hws_bytes payload)
{
	Agt__Message *m;

	if (kind != KIND_WIRE && !hws_bucket_take(&l->pace, 1, hws_loop_now_us(l->loop)))
		return HWS_ERR_FULL;
	if (kind == KIND_HOLD)
		return take_hold(l, payload);
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

static void take_descriptors(struct hws_ipc *l, const struct hws_local_fds *came)
{
	for (size_t i = 0; i < came->n; i++) {
		if (l->conf.takes_fds && l->in_fd_count < FDS_MAX)
			l->in_fds[l->in_fd_count++] = came->fd[i];
		else
			close(came->fd[i]);
	}
}

/* One read; HWS_OK when there may be more. */
static int fill(struct hws_ipc *l)
{
	uint8_t *to = hws_buf_reserve(&l->in, READ_CHUNK);
	struct hws_local_fds came;
	ssize_t n;

	if (!to)
		return HWS_ERR_NOMEM;
	n = hws_local_recv(l->fd, to, READ_CHUNK, NULL, 0, &came);
	if (n < 0)
		return (int)n;
	take_descriptors(l, &came);
	if (came.n && !l->conf.takes_fds)
		return HWS_ERR_PROTO;
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
	struct hws_bytes out = hws_buf_bytes(&l->sender.out);
	bool with_fd = l->out_fd_count && l->out_fds[0].offset == l->sent;
	ssize_t n;

	if (with_fd)
		out.len = 1; /* so that a second descriptor never shares a segment */
	else if (l->out_fd_count)
		out.len = HWS_MIN(out.len, (size_t)(l->out_fds[0].offset - l->sent));
	n = hws_local_send(l->fd, out, hws_bytes(NULL, 0), &l->out_fds[0].fd, with_fd ? 1 : 0);
	if (n > 0 && with_fd) {
		close(l->out_fds[0].fd);
		l->out_fd_count--;
		l->fds_sent--;
		memmove(l->out_fds, l->out_fds + 1,
				sizeof(l->out_fds[0]) * (size_t)l->out_fd_count);
	}
	return n;
}

/* Writes what the kernel takes; HWS_OK also when something is left. */
static int flush(struct hws_ipc *l)
{
	for (;;) {
		int r = hws_buf_len(&l->sender.out) ? HWS_OK : hws_sender_fill(&l->sender);

		if (r < 0)
			return r;
		if (!hws_buf_len(&l->sender.out))
			break;
		ssize_t n = write_some(l);

		if (n == HWS_ERR_AGAIN)
			break;
		if (n < 0)
			return (int)n;
		l->sent += (uint64_t)n;
		hws_sender_wrote(&l->sender, (size_t)n);
	}
	bool more = hws_sender_wants(&l->sender);

	if (more && !l->writing)
		event_add(&l->on_write, NULL);
	else if (!more && l->writing)
		event_del(&l->on_write);
	l->writing = more;
	return HWS_OK;
}

static void on_writable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_ipc *l = arg;
	int r;

	hws_sender_room(&l->sender);
	r = flush(l);
	if (r < 0) {
		hws_ipc_close(l, r);
		return;
	}
	tell_drained(l);
}

/* For net/sender; the tag is the kind. */
static int frame(struct hws_sender *s, const struct hws_send_item *item)
{
	struct hws_ipc *l = hws_container(s, struct hws_ipc, sender);
	size_t rest = item->message.len + item->rest.len + 1;
	uint8_t head[HEAD] = { (uint8_t)rest, (uint8_t)(rest >> 8), (uint8_t)(rest >> 16),
		(uint8_t)(rest >> 24), item->tag };

	if (!hws_buf_reserve(&s->out, HEAD + rest)) {
		s->out.err = 0; /* nothing was written: what is there stays good */
		return HWS_ERR_NOMEM;
	}
	if (item->fd >= 0)
		l->out_fds[l->out_fd_count++] =
				(struct ipc_fd){ l->sent + hws_buf_len(&s->out), item->fd };
	hws_buf_put(&s->out, head, HEAD);
	hws_buf_put(&s->out, item->message.ptr, item->message.len);
	hws_buf_put(&s->out, item->rest.ptr, item->rest.len);
	return HWS_OK;
}

int hws_ipc_new(struct hws_loop *loop, int fd, const struct hws_ipc_conf *conf,
		struct hws_ipc **ret)
{
	assert(conf->frame_max > 0);
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
	if (!l->conf.send_max)
		l->conf.send_max = SEND_MAX;
	if (!l->conf.send_high)
		l->conf.send_high = SEND_HIGH;
	hws_bucket_init(&l->pace, l->conf.rate, l->conf.burst, hws_loop_now_us(loop));
	hws_buf_init(&l->in, l->conf.frame_max + HEAD + READ_CHUNK);
	hws_sender_init(&l->sender, frame, l->conf.limit, l->conf.send_max, l->conf.send_high);
	event_assign(&l->on_read, hws_loop_base(loop), fd, EV_READ | EV_PERSIST, on_readable, l);
	event_assign(&l->on_write, hws_loop_base(loop), fd, EV_WRITE | EV_PERSIST, on_writable, l);
	event_add(&l->on_read, NULL);
	*ret = l;
	return HWS_OK;
}

static int send_item(struct hws_ipc *l, const struct hws_send_item *item)
{
	bool at_once;
	int r;

	if (l->closed)
		return HWS_ERR_CLOSED;
	if (item->message.len + item->rest.len + 1 > l->conf.frame_max)
		return HWS_ERR_TOOBIG;
	r = hws_sender_send(&l->sender, item, &at_once);
	if (r < 0)
		return r;
	l->fds_sent += item->fd >= 0;
	/* An error shows as the end of the link when it is read, never inside a send. */
	if ((at_once || !l->writing) && flush(l) < 0) {
		hws_sender_drop(&l->sender);
		return HWS_ERR_CLOSED;
	}
	hws_sender_note(&l->sender, hws_channel_class(item->channel));
	return HWS_OK;
}

int hws_ipc_send(struct hws_ipc *l, const Agt__Message *m, int fd)
{
	struct hws_send_item item = {
		.channel = HWS_CHANNEL_CONTROL, .tag = KIND_MESSAGE, .fd = fd
	};
	Agt__Message copy = *m;
	struct hws_buf b;
	uint8_t *to;
	size_t len;
	int r = HWS_ERR_NOMEM;

	if (l->closed) {
		if (fd >= 0)
			close(fd);
		return HWS_ERR_CLOSED;
	}
	copy.with_fd = fd >= 0;
	len = agt__message__get_packed_size(&copy);
	hws_buf_init(&b, len + 1);
	to = hws_buf_reserve(&b, len + 1);
	if (to) {
		hws_buf_commit(&b, agt__message__pack(&copy, to));
		item.message = hws_buf_bytes(&b);
		r = fd >= 0 && l->fds_sent == FDS_MAX ? HWS_ERR_FULL : send_item(l, &item);
	}
	hws_buf_done_wiped(&b);                      /* proofs, leftovers of a stream */
	if (r < 0 && r != HWS_ERR_CLOSED && fd >= 0) /* that one was dropped with the rest */
		close(fd);
	return r;
}

int hws_ipc_send_wire2(struct hws_ipc *l, enum hws_channel channel, struct hws_bytes head,
		struct hws_bytes rest)
{
	const struct hws_send_item item = {
		.channel = channel, .tag = KIND_WIRE, .fd = -1, .message = head, .rest = rest
	};

	return send_item(l, &item);
}

int hws_ipc_send_wire(struct hws_ipc *l, enum hws_channel channel, struct hws_bytes message)
{
	return hws_ipc_send_wire2(l, channel, message, (struct hws_bytes){ 0 });
}

int hws_ipc_hold(struct hws_ipc *l, enum hws_send_class cls, bool hold)
{
	unsigned set = hold ? l->holding | 1u << cls : l->holding & ~(1u << cls);
	uint8_t bits = (uint8_t)set;
	const struct hws_send_item item = { .channel = HWS_CHANNEL_CONTROL,
		.tag = KIND_HOLD,
		.fd = -1,
		.message = hws_bytes(&bits, 1) };
	int r;

	if (set & ~HOLDABLE)
		return HWS_ERR_INVAL;
	if (set == l->holding)
		return HWS_OK;
	r = send_item(l, &item);
	if (r == HWS_OK)
		l->holding = set;
	return r;
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

bool hws_ipc_congested(const struct hws_ipc *l, enum hws_send_class cls)
{
	return l->sender.congested >> cls & 1;
}

size_t hws_ipc_pending(const struct hws_ipc *l)
{
	return hws_sender_pending(&l->sender);
}
