/* net/conn, the writing half: what net/sender lets go is framed and sealed, and given to the
 * stream. Records are numbered, so their order is fixed then and not before. */
#include "shared/base/mem.h"
#include "shared/net/conn_impl.h"
#include "shared/wire/frame.h"

enum { TAG_PLAIN, TAG_SEAL };

static void close_broken(void *arg)
{
	struct hws_conn *c = arg;

	hws_conn_close(c, c->broken);
}

size_t hws_conn_pending(const struct hws_conn *c)
{
	return hws_sender_pending(&c->sender);
}

bool hws_conn_congested(const struct hws_conn *c, enum hws_send_class cls)
{
	return c->sender.congested >> cls & 1;
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

int hws_conn_frame(struct hws_sender *s, const struct hws_send_item *item)
{
	struct hws_conn *c = hws_container(s, struct hws_conn, sender);
	struct hws_bytes payload = item->message;
	size_t len = payload.len + (item->tag == TAG_SEAL ? HWS_RECORD_OVERHEAD : 0);
	uint8_t header[HWS_FRAME_HEADER_MAX], *to;
	size_t width = hws_frame_header(len, header);

	if (width == 0)
		return HWS_ERR_TOOBIG;
	to = hws_buf_reserve(&s->out, width + len);
	if (!to) {
		s->out.err = 0; /* nothing was written: what is there stays good */
		return HWS_ERR_NOMEM;
	}
	memcpy(to, header, width);
	if (item->tag == TAG_SEAL) {
		int r = hws_record_seal(&c->record, payload, to + width);

		if (r < 0)
			return r;
	} else if (len > 0) {
		memcpy(to + width, payload.ptr, len);
	}
	hws_buf_commit(&s->out, width + len);
	return HWS_OK;
}

static int write_queue(struct hws_conn *c)
{
	for (;;) {
		if (hws_buf_len(&c->sender.out) == 0) {
			int r = hws_sender_fill(&c->sender);

			if (r < 0 || hws_buf_len(&c->sender.out) == 0)
				return r;
		}
		ssize_t n = hws_stream_write(c->stream, hws_buf_bytes(&c->sender.out));

		if (n == HWS_ERR_AGAIN || n == 0)
			return HWS_OK;
		if (n < 0)
			return (int)n;
		hws_sender_wrote(&c->sender, (size_t)n);
		c->bytes_out += (uint64_t)n;
		c->last_moved_us = hws_loop_now_us(c->loop);
	}
}

static void after_write(struct hws_conn *c)
{
	enum hws_send_class cls;

	if (c->flushing && hws_conn_pending(c) == 0) {
		hws_conn_close(c, HWS_OK);
		return;
	}
	while (hws_sender_drained(&c->sender, &cls)) {
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

	hws_sender_room(&c->sender);
	r = write_queue(c);
	if (r < 0)
		hws_conn_close(c, r);
	else
		after_write(c);
}

/* Closing inside a call would surprise the caller: at the end of the turn. */
static void break_off(struct hws_conn *c, int why)
{
	hws_sender_drop(&c->sender);
	c->broken = why;
	hws_loop_defer_cancel(&c->deferred);
	hws_loop_defer(c->loop, &c->deferred, close_broken, c);
}

static int send_frame(
		struct hws_conn *c, enum hws_channel channel, struct hws_bytes payload, uint8_t tag)
{
	const struct hws_send_item item = {
		.channel = channel, .tag = tag, .fd = -1, .message = payload
	};
	bool was_empty, at_once;
	int r;

	if (c->closed || c->flushing || !c->stream)
		return HWS_ERR_CLOSED;
	if (payload.len > HWS_FRAME_LEN_MAX - HWS_RECORD_OVERHEAD)
		return HWS_ERR_TOOBIG;
	was_empty = hws_conn_pending(c) == 0;
	r = hws_sender_send(&c->sender, &item, &at_once);
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
	hws_sender_note(&c->sender, hws_channel_class(channel));
	hws_conn_want(c);
	return HWS_OK;
}

int hws_conn_send(struct hws_conn *c, struct hws_bytes payload)
{
	return hws_conn_send_whole(c, HWS_CHANNEL_VIDEO, payload);
}

int hws_conn_send_on(struct hws_conn *c, enum hws_channel channel, struct hws_bytes payload)
{
	if (payload.len > hws_channel_message_max(channel))
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
void hws_conn_set_key(struct hws_conn *c, const uint8_t key[32])
{
	int r = c->closed ? HWS_OK : hws_sender_fill_all(&c->sender);

	hws_record_init(&c->record, key);
	c->keyed = true;
	if (r < 0)
		break_off(c, r);
}
