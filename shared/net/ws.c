/* net/ws: a WebSocket as a byte stream of length-prefixed frames. A message that comes in one piece
 * is passed on while it arrives: its length is known from the header. Only one that comes in
 * several is held until it is whole. */
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/net/stream.h"
#include "shared/net/stream_impl.h"
#include "shared/net/ws_upgrade.h"
#include "shared/wire/frame.h"
#include "shared/wire/ws_codec.h"

#define CHUNK (16u << 10)
#define OUT_HIGH                                                                                   \
	(64u << 10) /* take no more from the writer while so much waits for the lower stream */
#define TURN_MAX (256u << 10) /* taken from the lower stream a turn, also if nobody here reads it */
#define OUT_MAX (OUT_HIGH + CHUNK + 4096u)

enum ws_state { WS_UPGRADE, WS_OPEN, WS_ENDED };

struct ws_stream {
	struct hws_stream base;
	struct hws_stream *lower;
	enum ws_state state;
	int error; /* what read gives once everything is delivered: HWS_ERR_EOF or worse */
	bool server;
	const struct hws_cidr_list *trusted; /* proxies; NULL = none */
	bool shallow;                        /* no room is reported while anything waits here */
	size_t frame_max, made_for;          /* in force now; the most that it may be */
	char key[HWS_WS_KEY_TEXT];
	char *host;              /* client: who was asked */
	struct hws_buf in;       /* raw bytes of the lower stream */
	struct hws_buf ready;    /* for the reader */
	struct hws_buf joined;   /* pieces of a fragmented message */
	struct hws_buf out;      /* raw bytes for the lower stream */
	size_t turn_left;        /* of TURN_MAX */
	struct hws_ws_in frames; /* what comes in */
	bool fragmented, skip;   /* that message */
	/* the frame that is going out */
	uint8_t head[HWS_FRAME_HEADER_MAX];
	size_t head_len;
	uint64_t tx_left;
	uint8_t tx_mask[4];
	uint8_t tx_phase;
	struct hws_timer wake;
};

static struct ws_stream *ws_of(struct hws_stream *s)
{
	return hws_container(s, struct ws_stream, base);
}

static void lower_want(struct ws_stream *w)
{
	unsigned dirs = 0;

	if (w->base.closed)
		return;
	if (w->state == WS_UPGRADE || (w->base.wanted & HWS_STREAM_READ && w->state == WS_OPEN))
		dirs |= HWS_STREAM_READ;
	if (hws_buf_len(&w->out) > 0 || (w->state == WS_OPEN && w->base.wanted & HWS_STREAM_WRITE))
		dirs |= HWS_STREAM_WRITE;
	hws_stream_want(w->lower, dirs);
}

/* `mask` is drawn here where frames are to have one. */
static void put_header(struct ws_stream *w, enum hws_ws_op op, uint64_t len, uint8_t mask[4])
{
	uint8_t header[HWS_WS_HEADER_MAX];

	if (!w->server)
		hws_rand_bytes(mask, 4);
	hws_buf_put(&w->out, header, hws_ws_header(op, true, len, w->server ? NULL : mask, header));
}

static void put_payload(
		struct ws_stream *w, struct hws_bytes data, const uint8_t mask[4], uint8_t *phase)
{
	uint8_t *to = hws_buf_reserve(&w->out, data.len);

	if (!to || !data.len)
		return;
	memcpy(to, data.ptr, data.len);
	if (!w->server)
		hws_ws_mask(mask, phase, to, data.len);
	hws_buf_commit(&w->out, data.len);
}

static int flush(struct ws_stream *w)
{
	while (hws_buf_len(&w->out) > 0) {
		ssize_t n = hws_stream_write(w->lower, hws_buf_bytes(&w->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			return HWS_OK;
		if (n < 0)
			return (int)n;
		hws_buf_consume(&w->out, (size_t)n);
	}
	return hws_buf_err(&w->out);
}

/* Answers by pong and close; a peer that floods us with pings while it reads nothing gets no more
 * of them. */
static void send_control(struct ws_stream *w, enum hws_ws_op op, struct hws_bytes data)
{
	uint8_t mask[4] = { 0 }, phase = 0;

	/* Not into the middle of a message of ours: control frames may stand between frames
	 * only. */
	if (w->tx_left > 0 || hws_buf_len(&w->out) > OUT_HIGH)
		return;
	put_header(w, op, data.len, mask);
	put_payload(w, data, mask, &phase);
	(void)flush(w);
	lower_want(w);
}

static void ready_frame_header(struct ws_stream *w, uint64_t len)
{
	uint8_t header[HWS_FRAME_HEADER_MAX];

	hws_buf_put(&w->ready, header, hws_frame_header((size_t)len, header));
}

static int begin_data(struct ws_stream *w, const struct hws_ws_piece *p)
{
	if (p->first) {
		w->skip = p->op == HWS_WS_TEXT && w->server; /* as deployed servers do */
		w->fragmented = !p->fin;
	}
	/* subtracting: a sum could wrap */
	if (hws_buf_len(&w->joined) > w->frame_max - p->len)
		return HWS_ERR_TOOBIG;
	if (!w->skip && !w->fragmented)
		ready_frame_header(w, p->len);
	return HWS_OK;
}

/* A message in several frames is whole: now its length is known. */
static void end_message(struct ws_stream *w)
{
	struct hws_bytes all = hws_buf_bytes(&w->joined);

	if (!w->skip) {
		ready_frame_header(w, all.len);
		hws_buf_put(&w->ready, all.ptr, all.len);
	}
	hws_buf_reset(&w->joined);
	w->fragmented = false;
}

static int take_control(struct ws_stream *w, const struct hws_ws_piece *p)
{
	if (p->op == HWS_WS_PING)
		send_control(w, HWS_WS_PONG, p->data);
	if (p->op != HWS_WS_CLOSE)
		return HWS_OK;
	send_control(w, HWS_WS_CLOSE, hws_bytes(p->data.ptr, HWS_MIN(p->data.len, (size_t)2)));
	return HWS_ERR_EOF;
}

static int take(struct ws_stream *w, const struct hws_ws_piece *p)
{
	int r = HWS_OK;

	if (p->kind == HWS_WS_CONTROL)
		return take_control(w, p);
	if (p->kind == HWS_WS_BEGIN)
		r = begin_data(w, p);
	else if (!w->skip)
		hws_buf_put(w->fragmented ? &w->joined : &w->ready, p->data.ptr, p->data.len);
	if (r == HWS_OK && p->end && p->fin && w->fragmented)
		end_message(w);
	return r;
}

/* Works on what was read until it is used up or enough is ready. */
static int parse(struct ws_stream *w)
{
	int r = HWS_OK;

	while (r == HWS_OK && hws_buf_len(&w->in) > 0 && hws_buf_len(&w->ready) < CHUNK) {
		struct hws_bytes in = hws_buf_bytes(&w->in);
		struct hws_ws_piece p;
		size_t used;

		r = hws_ws_next(&w->frames, w->frame_max, (uint8_t *)(uintptr_t)in.ptr, in.len,
				&used, &p);
		if (r < 0)
			break;
		if (p.kind != HWS_WS_NONE)
			r = take(w, &p);
		hws_buf_consume(&w->in, used);
	}
	if (r == HWS_OK && (hws_buf_err(&w->ready) || hws_buf_err(&w->joined)))
		r = HWS_ERR_NOMEM;
	return r;
}

/* Reads once from below; HWS_ERR_AGAIN when there was nothing, or when it is the turn of others:
 * the lower stream says again that there is more. */
static int fill(struct ws_stream *w)
{
	uint8_t *to;
	ssize_t n;

	if (!w->turn_left)
		return HWS_ERR_AGAIN;
	to = hws_buf_reserve(&w->in, CHUNK);
	if (!to)
		return HWS_ERR_NOMEM;
	n = hws_stream_read(w->lower, to, CHUNK);
	if (n < 0)
		return (int)n;
	hws_buf_commit(&w->in, (size_t)n);
	w->turn_left -= HWS_MIN(w->turn_left, (size_t)n);
	return HWS_OK;
}

static int upgrade(struct ws_stream *w)
{
	size_t used = 0;
	int r;

	if (w->server)
		r = hws_ws_upgrade_answer(
				hws_buf_bytes(&w->in), &w->out, &used, w->trusted, &w->base.peer);
	else
		r = hws_ws_upgrade_check(hws_buf_bytes(&w->in), w->key, &used);
	if (r == HWS_ERR_PROTO && !w->server)
		r = hws_ws_upgrade_refused(hws_buf_bytes(&w->in), w->host);
	if (r == HWS_ERR_SHORT)
		return HWS_OK;
	if (r < 0) {
		if (w->server)
			hws_buf_put_str(&w->out,
					"HTTP/1.1 400 Bad Request\r\nConnection: "
					"close\r\nContent-Length: 0\r\n\r\n");
		(void)flush(w);
		return r;
	}
	hws_buf_consume(&w->in, used);
	w->state = WS_OPEN;
	return flush(w);
}

static void fail(struct ws_stream *w, int r)
{
	w->state = WS_ENDED;
	w->error = r;
}

static bool can_read(const struct ws_stream *w)
{
	return hws_buf_len(&w->ready) > 0 || w->state == WS_ENDED;
}

static void on_wake(void *arg);

/* The lower stream knows nothing of what we hold: a wanted read that can be served must be told. */
static void wake_check(struct ws_stream *w)
{
	if (!w->base.closed && w->base.wanted & HWS_STREAM_READ && can_read(w) &&
			!hws_timer_active(&w->wake))
		hws_timer_start(w->base.loop, &w->wake, 0, on_wake, w);
}

static void on_wake(void *arg)
{
	struct ws_stream *w = arg;

	if (can_read(w))
		hws_stream_ready(&w->base, HWS_STREAM_READ);
	wake_check(w);
}

static void on_lower(struct hws_stream *lower, unsigned ready, void *arg)
{
	struct ws_stream *w = arg;
	unsigned up = 0;
	int r = HWS_OK;

	(void)lower;
	if (ready & HWS_STREAM_READ)
		w->turn_left = TURN_MAX;
	if (ready & HWS_STREAM_WRITE) {
		r = flush(w);
		if (r == HWS_OK && w->state == WS_OPEN &&
				hws_buf_len(&w->out) <= (w->shallow ? 0 : OUT_HIGH))
			up |= HWS_STREAM_WRITE;
	}
	if (r == HWS_OK && w->state == WS_UPGRADE && ready & HWS_STREAM_READ) {
		r = fill(w);
		if (r == HWS_OK)
			r = upgrade(w);
		if (r == HWS_OK && w->state == WS_OPEN)
			up |= HWS_STREAM_WRITE | HWS_STREAM_READ;
		if (r == HWS_ERR_AGAIN)
			r = HWS_OK;
	} else if (ready & HWS_STREAM_READ) {
		up |= HWS_STREAM_READ;
	}
	if (r < 0)
		fail(w, r);
	if (w->state == WS_ENDED)
		up |= HWS_STREAM_READ;
	hws_stream_ready(&w->base, up);
	if (!w->base.closed) {
		lower_want(w);
		wake_check(w);
	}
}

static ssize_t ws_read(struct hws_stream *s, void *buf, size_t len)
{
	struct ws_stream *w = ws_of(s);
	struct hws_bytes have;
	size_t n;

	while (hws_buf_len(&w->ready) == 0) {
		int r;

		if (w->state == WS_ENDED)
			return w->error;
		if (w->state != WS_OPEN)
			return HWS_ERR_AGAIN;
		r = parse(w);
		if (r == HWS_OK && hws_buf_len(&w->ready) == 0)
			r = fill(w);
		if (r == HWS_ERR_AGAIN)
			return r;
		if (r < 0)
			fail(w, r);
	}
	have = hws_buf_bytes(&w->ready);
	n = HWS_MIN(len, have.len);
	memcpy(buf, have.ptr, n);
	hws_buf_consume(&w->ready, n);
	wake_check(w);
	return (ssize_t)n;
}

/* Takes bytes of the length-prefixed stream: headers become WebSocket headers. */
static size_t translate(struct ws_stream *w, struct hws_bytes data)
{
	size_t taken = 0;

	while (taken < data.len && hws_buf_len(&w->out) <= OUT_HIGH && !hws_buf_err(&w->out)) {
		if (w->tx_left == 0) {
			struct hws_bytes frame, head;
			size_t used, width;

			w->head[w->head_len++] = data.ptr[taken++];
			width = (w->head[0] & 3u) + 1;
			if (w->head_len < width)
				continue;
			head = hws_bytes(w->head, w->head_len);
			w->head_len = 0;
			if (hws_frame_next(head, SIZE_MAX, &frame, &used) == HWS_OK)
				w->tx_left = 0;
			else
				w->tx_left = hws_frame_need(head) - width;
			put_header(w, HWS_WS_BINARY, w->tx_left, w->tx_mask);
			w->tx_phase = 0;
		} else {
			size_t rest = HWS_MIN(data.len - taken, (size_t)CHUNK);
			size_t n = (size_t)HWS_MIN((uint64_t)rest, w->tx_left);

			put_payload(w, hws_bytes(data.ptr + taken, n), w->tx_mask, &w->tx_phase);
			taken += n;
			w->tx_left -= n;
		}
	}
	return taken;
}

static ssize_t ws_write(struct hws_stream *s, struct hws_bytes data)
{
	struct ws_stream *w = ws_of(s);
	size_t total = 0;
	int r;

	if (w->state == WS_UPGRADE)
		return HWS_ERR_AGAIN;
	if (w->state == WS_ENDED)
		return w->error;
	while (total < data.len) {
		size_t n = translate(w, hws_bytes(data.ptr + total, data.len - total));

		total += n;
		r = flush(w);
		if (r < 0) {
			fail(w, r);
			wake_check(w);
			return r;
		}
		if (n == 0 || hws_buf_len(&w->out) > OUT_HIGH)
			break;
	}
	lower_want(w);
	return total > 0 ? (ssize_t)total : HWS_ERR_AGAIN;
}

static void ws_want(struct hws_stream *s, unsigned dirs)
{
	struct ws_stream *w = ws_of(s);

	s->wanted = dirs;
	lower_want(w);
	if (dirs & HWS_STREAM_READ)
		wake_check(w);
	else
		hws_timer_stop(&w->wake);
}

static void ws_closed(struct hws_stream *s)
{
	struct ws_stream *w = ws_of(s);

	if (w->state == WS_OPEN && w->tx_left == 0 && hws_buf_len(&w->out) == 0) {
		uint8_t mask[4] = { 0 }, phase = 0;

		put_header(w, HWS_WS_CLOSE, 2, mask);
		put_payload(w, hws_bytes("\x03\xe8", 2), mask, &phase);
		(void)flush(w);
	}
	hws_stream_close(w->lower);
	w->lower = NULL;
}

static void ws_free(struct hws_stream *s)
{
	struct ws_stream *w = ws_of(s);

	hws_timer_stop(&w->wake);
	hws_buf_done(&w->in);
	hws_buf_done(&w->ready);
	hws_buf_done(&w->joined);
	hws_buf_done(&w->out);
	hws_free(w->host);
	hws_free(w);
}

static void ws_keep_shallow(struct hws_stream *s, int unsent)
{
	ws_of(s)->shallow = true;
	hws_stream_keep_shallow(ws_of(s)->lower, unsent);
}

/* What is joined already may be longer: it ends at the next part. */
static void ws_cap_messages(struct hws_stream *s, size_t max)
{
	struct ws_stream *w = ws_of(s);

	w->frame_max = HWS_MIN(max, w->made_for);
}

static const struct hws_stream_impl ws_impl = {
	.name = "ws",
	.read = ws_read,
	.write = ws_write,
	.want = ws_want,
	.closed = ws_closed,
	.free = ws_free,
	.keep_shallow = ws_keep_shallow,
	.cap_messages = ws_cap_messages,
};

bool hws_stream_ws_open(const struct hws_stream *s)
{
	return s->impl == &ws_impl && ws_of((struct hws_stream *)(uintptr_t)s)->state == WS_OPEN;
}

int hws_stream_ws_new(struct hws_loop *loop, struct hws_stream *lower,
		const struct hws_ws_conf *conf, struct hws_bytes leftover, struct hws_stream **ret)
{
	struct ws_stream *w = hws_alloc(sizeof(*w));
	int r = HWS_ERR_NOMEM;

	if (!w) {
		hws_stream_close(lower);
		return r;
	}
	hws_stream_init(&w->base, &ws_impl, loop);
	w->base.peer = lower->peer;
	w->base.local = lower->local;
	w->lower = lower;
	w->turn_left = TURN_MAX;
	w->server = conf->server;
	w->frames.from_server = !conf->server;
	w->trusted = conf->trusted;
	w->frame_max = w->made_for = conf->frame_max;
	hws_buf_init(&w->in, HWS_MAX(leftover.len, (size_t)HWS_WS_UPGRADE_MAX) + CHUNK);
	hws_buf_init(&w->ready, conf->frame_max + CHUNK * 2);
	hws_buf_init(&w->joined, conf->frame_max);
	hws_buf_init(&w->out, OUT_MAX);
	hws_buf_put(&w->in, leftover.ptr, leftover.len);
	if (hws_buf_err(&w->in))
		goto fail;
	if (!w->server) {
		w->host = hws_strdup(conf->host);
		if (!w->host)
			goto fail;
		r = hws_ws_upgrade_request(conf->host, conf->path, &w->out, w->key);
		if (r < 0)
			goto fail;
	} else if (leftover.len > 0) {
		r = upgrade(w);
		if (r < 0)
			goto fail;
	}
	hws_stream_set_callback(lower, on_lower, w);
	lower_want(w);
	*ret = &w->base;
	return HWS_OK;
fail:
	hws_stream_close(lower);
	ws_free(&w->base);
	return r;
}
