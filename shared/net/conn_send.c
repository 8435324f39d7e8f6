/* net/conn, the writing half: `out` holds the sealed bytes that the stream takes next, of one
 * class; straight into it while nothing waits, else by way of the queue, in which messages are
 * plain and can still be overtaken. */
#include "shared/base/mem.h"
#include "shared/net/conn_impl.h"
#include "shared/wire/frame.h"

#define BATCH (16u << 10) /* small messages go to the stream together */

enum { TAG_PLAIN, TAG_SEAL };

static void close_broken(void *arg)
{
	struct hws_conn *c = arg;

	hws_conn_close(c, c->broken);
}

size_t hws_conn_pending(const struct hws_conn *c)
{
	size_t bytes = hws_buf_len(&c->out);

	for (enum hws_send_class cls = 0; c->queue && cls < HWS_SEND_CLASSES; cls++)
		bytes += hws_send_queue_bytes(c->queue, cls);
	return bytes;
}

bool hws_conn_congested(const struct hws_conn *c, enum hws_send_class cls)
{
	return c->congested >> cls & 1;
}

void hws_conn_want(struct hws_conn *c)
{
	unsigned dirs = 0;

	if (c->closed)
		return;
	if (!c->paused)
		dirs |= HWS_STREAM_READ;
	if (hws_conn_pending(c) > 0)
		dirs |= HWS_STREAM_WRITE;
	hws_stream_want(c->stream, dirs);
}

/* Appends header and (sealed) payload to `out`; on failure that is as before. */
static int put_frame(struct hws_conn *c, enum hws_send_class cls, struct hws_bytes payload, int tag)
{
	size_t len = payload.len + (tag == TAG_SEAL ? HWS_RECORD_OVERHEAD : 0);
	uint8_t header[HWS_FRAME_HEADER_MAX], *to;
	size_t width = hws_frame_header(len, header);

	if (width == 0)
		return HWS_ERR_TOOBIG;
	to = hws_buf_reserve(&c->out, width + len);
	if (!to) {
		c->out.err = 0; /* nothing was written: what is there stays good */
		return HWS_ERR_NOMEM;
	}
	memcpy(to, header, width);
	if (tag == TAG_SEAL) {
		int r = hws_record_seal(&c->record, payload, to + width);

		if (r < 0)
			return r;
	} else if (len > 0) {
		memcpy(to + width, payload.ptr, len);
	}
	hws_buf_commit(&c->out, width + len);
	c->out_class = cls;
	return HWS_OK;
}

/* Chooses what the stream takes next, when `out` is empty. */
static int fill(struct hws_conn *c)
{
	enum hws_send_class below = c->bulk_waits ? HWS_SEND_BULK : HWS_SEND_CLASSES;
	struct hws_send_item item;

	while (c->queue && hws_send_queue_next(c->queue, below, &item)) {
		size_t have = hws_buf_len(&c->out);
		int r;

		if (have &&
				(item.cls != c->out_class || item.cls >= HWS_SEND_BULK ||
						have + item.message.len > BATCH))
			break;
		r = put_frame(c, item.cls, item.message, item.tag);
		if (r < 0)
			return r;
		hws_send_queue_taken(c->queue, &item);
	}
	return HWS_OK;
}

static int write_queue(struct hws_conn *c)
{
	for (;;) {
		if (hws_buf_len(&c->out) == 0) {
			int r = fill(c);

			if (r < 0 || hws_buf_len(&c->out) == 0)
				return r;
		}
		ssize_t n = hws_stream_write(c->stream, hws_buf_bytes(&c->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			return HWS_OK;
		if (n < 0)
			return (int)n;
		hws_buf_consume(&c->out, (size_t)n);
		c->bytes_out += (uint64_t)n;
		c->last_moved_us = hws_loop_now_us(c->loop);
		if (hws_buf_len(&c->out) == 0 && c->out_class >= HWS_SEND_BULK)
			c->bulk_waits = true;
	}
}

/* What a class holds, with what is on its way into the stream. */
static size_t bytes_of(const struct hws_conn *c, enum hws_send_class cls)
{
	return (c->queue ? hws_send_queue_bytes(c->queue, cls) : 0) +
			(c->out_class == cls ? hws_buf_len(&c->out) : 0);
}

static void after_write(struct hws_conn *c)
{
	if (c->flushing && hws_conn_pending(c) == 0) {
		hws_conn_close(c, HWS_OK);
		return;
	}
	for (enum hws_send_class cls = 0; c->congested >> cls; cls++) {
		if (!(c->congested >> cls & 1) || bytes_of(c, cls) > c->conf.limit[cls].high / 2)
			continue;
		c->congested &= ~(1u << cls);
		if (c->conf.on_drain)
			c->conf.on_drain(c, cls, c->conf.arg);
		if (c->closed || !c->stream)
			return;
	}
	hws_conn_want(c);
}

void hws_conn_writable(struct hws_conn *c)
{
	int r;

	c->bulk_waits = false;
	r = write_queue(c);
	if (r < 0)
		hws_conn_close(c, r);
	else
		after_write(c);
}

/* Nothing stands before this class, and the stream takes more. */
static bool goes_at_once(const struct hws_conn *c, enum hws_send_class cls)
{
	struct hws_send_item item;

	return hws_buf_len(&c->out) == 0 && !(c->bulk_waits && cls >= HWS_SEND_BULK) &&
			!(c->queue && hws_send_queue_next(c->queue, cls + 1, &item));
}

static int enqueue(struct hws_conn *c, enum hws_channel channel, struct hws_bytes payload, int tag)
{
	enum hws_send_class cls = hws_channel_class(channel);
	size_t on_way = bytes_of(c, cls) - (c->queue ? hws_send_queue_bytes(c->queue, cls) : 0);
	size_t max = c->conf.limit[cls].max;

	if (!c->queue) {
		c->queue = hws_alloc(sizeof(*c->queue));
		if (!c->queue)
			return HWS_ERR_NOMEM;
		hws_send_queue_init(c->queue);
	}
	return hws_send_queue_put(c->queue, channel, (uint8_t)tag, -1, payload,
			(struct hws_bytes){ 0 }, max - HWS_MIN(max, on_way));
}

/* Closing inside a call would surprise the caller: at the end of the turn. */
static void break_off(struct hws_conn *c, int why)
{
	hws_buf_consume(&c->out, hws_buf_len(&c->out));
	if (c->queue)
		hws_send_queue_done(c->queue);
	c->broken = why;
	hws_loop_defer_cancel(&c->deferred);
	hws_loop_defer(c->loop, &c->deferred, close_broken, c);
}

static int send_frame(
		struct hws_conn *c, enum hws_channel channel, struct hws_bytes payload, int tag)
{
	enum hws_send_class cls = hws_channel_class(channel);
	bool was_empty, at_once;
	int r;

	if (c->closed || c->flushing || !c->stream)
		return HWS_ERR_CLOSED;
	if (payload.len > HWS_FRAME_LEN_MAX - HWS_RECORD_OVERHEAD)
		return HWS_ERR_TOOBIG;
	was_empty = hws_conn_pending(c) == 0;
	at_once = goes_at_once(c, cls);
	if (!at_once)
		r = enqueue(c, channel, payload, tag);
	else if (payload.len > c->conf.limit[cls].max)
		r = HWS_ERR_FULL;
	else
		r = put_frame(c, cls, payload, tag);
	if (r < 0)
		return r;
	if (was_empty)
		c->last_moved_us = hws_loop_now_us(c->loop);
	if (at_once) {
		r = write_queue(c);
		if (r < 0) {
			break_off(c, r);
			return HWS_OK;
		}
	}
	if (was_empty && c->conf.stall_us && hws_conn_pending(c) > 0)
		hws_conn_watch(c);
	if (bytes_of(c, cls) > c->conf.limit[cls].high)
		c->congested |= 1u << cls;
	hws_conn_want(c);
	return HWS_OK;
}

int hws_conn_send(struct hws_conn *c, struct hws_bytes payload)
{
	return hws_conn_send_whole(c, HWS_CHANNEL_VIDEO, payload);
}

int hws_conn_send_on(struct hws_conn *c, enum hws_channel channel, struct hws_bytes payload)
{
	if (payload.len > HWS_SEND_BULK_MAX && hws_channel_class(channel) == HWS_SEND_BULK)
		return HWS_ERR_TOOBIG;
	return hws_conn_send_whole(c, channel, payload);
}

int hws_conn_send_whole(struct hws_conn *c, enum hws_channel channel, struct hws_bytes payload)
{
	return send_frame(c, channel, payload, c->keyed ? TAG_SEAL : TAG_PLAIN);
}

int hws_conn_send_heartbeat(struct hws_conn *c)
{
	return send_frame(c, HWS_CHANNEL_VIDEO, hws_bytes(NULL, 0), TAG_PLAIN);
}

/* What waits is plain, and no record may overtake it. */
static int fix_order(struct hws_conn *c)
{
	struct hws_send_item item;
	int r = HWS_OK;

	while (r == HWS_OK && c->queue && hws_send_queue_next(c->queue, HWS_SEND_CLASSES, &item)) {
		r = put_frame(c, item.cls, item.message, item.tag);
		if (r == HWS_OK)
			hws_send_queue_taken(c->queue, &item);
	}
	return r;
}

void hws_conn_set_key(struct hws_conn *c, const uint8_t key[32])
{
	int r = c->closed ? HWS_OK : fix_order(c);

	hws_record_init(&c->record, key);
	c->keyed = true;
	if (r < 0)
		break_off(c, r);
}
