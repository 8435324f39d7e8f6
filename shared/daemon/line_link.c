/* Reads what comes into one buffer of at most a line and a read; a line that is whole goes on at
 * once. */
#include "shared/daemon/line_link.h"
#include "shared/base/mem.h"
#include "shared/net/stream.h"
#include <unistd.h>

#define READ_SIZE (16u << 10)
#define TURN_MAX 4u /* reads in one turn: others have theirs */

struct hws_line_link {
	struct hws_loop *loop;
	struct hws_stream *stream;
	struct hws_line_conf conf;
	struct hws_buf in, out;
	struct hws_deferred gone;
	bool closed;
};

static void free_link(void *arg)
{
	struct hws_line_link *l = arg;

	hws_buf_done_wiped(&l->in);
	hws_buf_done_wiped(&l->out);
	hws_free(l);
}

void hws_line_link_free(struct hws_line_link *l)
{
	if (!l || l->closed)
		return;
	l->closed = true;
	hws_stream_close(l->stream);
	hws_loop_defer(l->loop, &l->gone, free_link, l);
}

static void end(struct hws_line_link *l)
{
	void (*on_end)(void *) = l->conf.on_end;
	void *arg = l->conf.arg;

	if (l->closed)
		return;
	hws_line_link_free(l);
	on_end(arg);
}

static void write_out(struct hws_line_link *l)
{
	while (hws_buf_len(&l->out) && !l->closed) {
		ssize_t n = hws_stream_write(l->stream, hws_buf_bytes(&l->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			break;
		if (n < 0) {
			end(l);
			return;
		}
		hws_buf_consume(&l->out, (size_t)n);
	}
	if (!l->closed)
		hws_stream_want(l->stream,
				HWS_STREAM_READ | (hws_buf_len(&l->out) ? HWS_STREAM_WRITE : 0));
}

/* False: the link has ended. */
static bool take_lines(struct hws_line_link *l)
{
	struct hws_bytes in = hws_buf_bytes(&l->in);
	size_t used = 0;

	while (!l->closed) {
		const uint8_t *at =
				in.len > used ? memchr(in.ptr + used, '\n', in.len - used) : NULL;
		size_t n = at ? (size_t)(at - in.ptr) - used : in.len - used;

		if (n > l->conf.line_max) {
			end(l);
			return false;
		}
		if (!at)
			break;
		l->conf.on_line(hws_bytes(in.ptr + used, n), l->conf.arg);
		used += n + 1;
	}
	if (!l->closed && used)
		hws_buf_consume(&l->in, used);
	return !l->closed;
}

static void read_in(struct hws_line_link *l)
{
	for (unsigned i = 0; i < TURN_MAX; i++) {
		uint8_t *to = hws_buf_reserve(&l->in, READ_SIZE);
		ssize_t n = to ? hws_stream_read(l->stream, to, READ_SIZE) : HWS_ERR_NOMEM;

		if (n == HWS_ERR_AGAIN)
			return;
		if (n < 0) {
			end(l);
			return;
		}
		hws_buf_commit(&l->in, (size_t)n);
		if (!take_lines(l))
			return;
	}
}

static void on_ready(struct hws_stream *stream, unsigned ready, void *arg)
{
	struct hws_line_link *l = arg;

	(void)stream;
	if (ready & HWS_STREAM_WRITE)
		write_out(l);
	if ((ready & HWS_STREAM_READ) && !l->closed)
		read_in(l);
}

int hws_line_link_new(struct hws_loop *loop, int fd, const struct hws_line_conf *conf,
		struct hws_line_link **ret)
{
	struct hws_line_link *l = hws_alloc(sizeof(*l));
	int r = l ? hws_stream_tcp_new(loop, fd, &l->stream) : HWS_ERR_NOMEM;

	if (r < 0) {
		close(fd);
		hws_free(l);
		return r;
	}
	l->loop = loop;
	l->conf = *conf;
	hws_buf_init(&l->in, conf->line_max + READ_SIZE + 1);
	hws_buf_init(&l->out, conf->out_max);
	hws_stream_set_callback(l->stream, on_ready, l);
	hws_stream_want(l->stream, HWS_STREAM_READ);
	*ret = l;
	return HWS_OK;
}

struct hws_buf *hws_line_link_out(struct hws_line_link *l)
{
	return &l->out;
}

size_t hws_line_link_room(const struct hws_line_link *l)
{
	return l->closed ? 0 : l->conf.out_max - hws_buf_len(&l->out);
}

void hws_line_link_flush(struct hws_line_link *l)
{
	if (l->closed)
		return;
	if (hws_buf_err(&l->out))
		end(l);
	else
		write_out(l);
}
