/* Raw bytes over a stream that had frames. What a WebSocket stream shows as frames loses its
 * headers here and gets them back, so that who pumps the bytes sees no difference. */
#include "shared/net/raw.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/net/stream_impl.h"
#include "shared/wire/frame.h"
#include <string.h>

#define CHUNK (16u << 10)
#define UNSENT_MAX (4u << 20)

struct raw_stream {
	struct hws_stream base;
	struct hws_stream *lower;
	bool framed;        /* pieces of the lower stream have headers */
	struct hws_buf in;  /* read from below, not given to the reader */
	struct hws_buf out; /* for below, as it goes there */
	uint8_t head[HWS_FRAME_HEADER_MAX];
	size_t head_len; /* of the header that is coming in */
	size_t left;     /* of the piece that is coming in */
	struct hws_timer wake;
};

static struct raw_stream *raw_of(struct hws_stream *s)
{
	return hws_container(s, struct raw_stream, base);
}

static void want_below(struct raw_stream *w)
{
	unsigned dirs = w->base.wanted;

	if (w->base.closed)
		return;
	if (hws_buf_len(&w->out) > 0)
		dirs |= HWS_STREAM_WRITE;
	hws_stream_want(w->lower, dirs);
}

static int flush(struct raw_stream *w)
{
	while (hws_buf_len(&w->out) > 0) {
		ssize_t n = hws_stream_write(w->lower, hws_buf_bytes(&w->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			return HWS_ERR_AGAIN;
		if (n < 0)
			return (int)n;
		hws_buf_consume(&w->out, (size_t)n);
	}
	return HWS_OK;
}

static void on_wake(void *arg)
{
	struct raw_stream *w = arg;

	hws_stream_ready(&w->base, HWS_STREAM_READ);
}

/* The lower stream knows nothing of what is held here. */
static void wake_reader(struct raw_stream *w)
{
	if (!w->base.closed && w->base.wanted & HWS_STREAM_READ && hws_buf_len(&w->in) > 0)
		hws_timer_start(w->base.loop, &w->wake, 0, on_wake, w);
}

static void on_lower(struct hws_stream *lower HWS_UNUSED, unsigned ready, void *arg)
{
	struct raw_stream *w = arg;
	unsigned up = ready & HWS_STREAM_READ;

	/* A failure shows with the owner's next call. */
	if (ready & HWS_STREAM_WRITE && flush(w) != HWS_ERR_AGAIN)
		up |= HWS_STREAM_WRITE;
	hws_stream_ready(&w->base, up);
	want_below(w);
}

/* Of `len` bytes that came, how many at the front are content, after its headers were taken out. */
static size_t strip(struct raw_stream *w, uint8_t *p, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len;) {
		if (w->left > 0) {
			size_t n = HWS_MIN(w->left, len - i);

			memmove(p + kept, p + i, n);
			kept += n;
			i += n;
			w->left -= n;
			continue;
		}
		w->head[w->head_len++] = p[i++];
		if (w->head_len == (w->head[0] & 3u) + 1) {
			struct hws_bytes frame, head = hws_bytes(w->head, w->head_len);
			size_t used;

			w->left = hws_frame_next(head, SIZE_MAX, &frame, &used) == HWS_OK
					? 0
					: hws_frame_need(head) - w->head_len;
			w->head_len = 0;
		}
	}
	return kept;
}

static ssize_t raw_read(struct hws_stream *s, void *buf, size_t len)
{
	struct raw_stream *w = raw_of(s);
	struct hws_bytes have = hws_buf_bytes(&w->in);
	ssize_t n;

	if (have.len > 0) {
		size_t take = HWS_MIN(len, have.len);

		memcpy(buf, have.ptr, take);
		hws_buf_consume(&w->in, take);
		wake_reader(w);
		return (ssize_t)take;
	}
	do {
		n = hws_stream_read(w->lower, buf, len);
		if (n > 0 && w->framed)
			n = (ssize_t)strip(w, buf, (size_t)n);
	} while (n == 0);
	return n;
}

static ssize_t raw_write(struct hws_stream *s, struct hws_bytes data)
{
	struct raw_stream *w = raw_of(s);
	uint8_t head[HWS_FRAME_HEADER_MAX];
	int r = flush(w);

	if (r < 0)
		return r;
	if (!w->framed)
		return hws_stream_write(w->lower, data);
	data.len = HWS_MIN(data.len, (size_t)CHUNK);
	hws_buf_put(&w->out, head, hws_frame_header(data.len, head));
	hws_buf_put(&w->out, data.ptr, data.len);
	if (hws_buf_err(&w->out))
		return hws_buf_err(&w->out);
	r = flush(w);
	want_below(w);
	return r < 0 && r != HWS_ERR_AGAIN ? r : (ssize_t)data.len;
}

static void raw_want(struct hws_stream *s, unsigned dirs)
{
	struct raw_stream *w = raw_of(s);

	s->wanted = dirs;
	want_below(w);
	wake_reader(w);
}

static void raw_closed(struct hws_stream *s)
{
	struct raw_stream *w = raw_of(s);

	hws_timer_stop(&w->wake);
	hws_stream_close(w->lower);
}

static void raw_free(struct hws_stream *s)
{
	struct raw_stream *w = raw_of(s);

	hws_buf_done_wiped(&w->in);
	hws_buf_done_wiped(&w->out);
	hws_free(w);
}

static void raw_keep_shallow(struct hws_stream *s, int unsent)
{
	hws_stream_keep_shallow(raw_of(s)->lower, unsent);
}

static const struct hws_stream_impl raw_impl = {
	.name = "raw",
	.read = raw_read,
	.write = raw_write,
	.want = raw_want,
	.closed = raw_closed,
	.free = raw_free,
	.keep_shallow = raw_keep_shallow,
};

int hws_stream_raw_new(struct hws_loop *loop, struct hws_stream *lower, struct hws_bytes unsent,
		struct hws_bytes leftover, struct hws_stream **ret)
{
	struct raw_stream *w = hws_alloc(sizeof(*w));
	uint8_t *room;

	if (!w) {
		hws_stream_close(lower);
		return HWS_ERR_NOMEM;
	}
	hws_stream_init(&w->base, &raw_impl, loop);
	w->lower = lower;
	w->framed = strcmp(lower->impl->name, "ws") == 0;
	w->base.peer = lower->peer;
	w->base.local = lower->local;
	hws_buf_init(&w->in, SIZE_MAX / 2);
	hws_buf_init(&w->out, UNSENT_MAX);
	hws_buf_put(&w->out, unsent.ptr, unsent.len);
	room = hws_buf_reserve(&w->in, leftover.len + 1);
	if (hws_buf_err(&w->out) || !room) {
		hws_stream_close(lower);
		raw_free(&w->base);
		return HWS_ERR_NOMEM;
	}
	if (leftover.len)
		memcpy(room, leftover.ptr, leftover.len);
	hws_buf_commit(&w->in, w->framed ? strip(w, room, leftover.len) : leftover.len);
	hws_stream_set_callback(lower, on_lower, w);
	want_below(w);
	*ret = &w->base;
	return HWS_OK;
}
