/* net/conn, the writing half: what net/sender lets go is framed and sealed, and given to the
 * stream. Records are numbered, so their order is fixed then and not before. */
#include "shared/base/mem.h"
#include "shared/net/conn_impl.h"
#include "shared/wire/frame.h"

enum { TAG_PLAIN, TAG_SEAL, TAG_V2, TAG_V2_CLOSE, TAG_V2_FILLER };

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

void hws_conn_set_limit(
		struct hws_conn *c, enum hws_send_class cls, const struct hws_send_limit *limit)
{
	c->sender.limit[cls] = *limit;
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

static enum hws_record_type type_of(uint8_t tag)
{
	if (tag == TAG_V2)
		return HWS_RECORD_MESSAGE;
	return tag == TAG_V2_CLOSE ? HWS_RECORD_CLOSE : HWS_RECORD_FILLER;
}

/* Keys, moves of the pointer and typed text look alike. */
static size_t pad_of(const struct hws_send_item *item)
{
	return item->channel == HWS_CHANNEL_INPUT ? HWS_CONN_PAD : 0;
}

static size_t sealed_len(const struct hws_send_item *item)
{
	if (item->tag >= TAG_V2)
		return hws_record_v2_len(item->message.len, pad_of(item));
	return item->message.len + (item->tag == TAG_SEAL ? HWS_RECORD_OVERHEAD : 0);
}

static int seal(struct hws_conn *c, const struct hws_send_item *item, uint8_t *to)
{
	if (item->tag == TAG_SEAL)
		return hws_record_seal(&c->record, item->message, to);
	if (item->tag >= TAG_V2)
		return hws_record_v2_seal(
				&c->v2->send, type_of(item->tag), item->message, pad_of(item), to);
	if (item->message.len > 0)
		memcpy(to, item->message.ptr, item->message.len);
	return HWS_OK;
}

int hws_conn_frame(struct hws_sender *s, const struct hws_send_item *item)
{
	struct hws_conn *c = hws_container(s, struct hws_conn, sender);
	size_t len = sealed_len(item);
	uint8_t header[HWS_FRAME_HEADER_MAX], *to;
	size_t width = hws_frame_header(len, header);
	int r;

	if (width == 0)
		return HWS_ERR_TOOBIG;
	to = hws_buf_reserve(&s->out, width + len);
	if (!to) {
		s->out.err = 0; /* nothing was written: what is there stays good */
		return HWS_ERR_NOMEM;
	}
	memcpy(to, header, width);
	r = seal(c, item, to + width);
	if (r == HWS_OK)
		hws_buf_commit(&s->out, width + len);
	return r;
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

	if (c->closed || c->flushing || c->broken || !c->stream)
		return HWS_ERR_CLOSED;
	if (payload.len > HWS_FRAME_LEN_MAX - HWS_CONN_SEAL_MAX)
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
	uint8_t tag = c->v2 ? TAG_V2 : c->keyed ? TAG_SEAL : TAG_PLAIN;

	return send_frame(c, channel, payload, tag);
}

int hws_conn_send_heartbeat(struct hws_conn *c)
{
	return send_frame(c, HWS_CHANNEL_VIDEO, hws_bytes(NULL, 0), c->v2 ? TAG_V2 : TAG_PLAIN);
}

void hws_conn_send_filler(struct hws_conn *c)
{
	if (!c->v2 || hws_conn_pending(c) > 0)
		return;
	/* what is lost was nothing */
	(void)!send_frame(c, HWS_CHANNEL_INPUT, hws_bytes(NULL, 0), TAG_V2_FILLER);
}

void hws_conn_say_close(struct hws_conn *c)
{
	/* when it does not go out any more, the peer sees a line that was cut: rightly */
	if (c->v2 && !c->v2->said_close)
		(void)!send_frame(c, HWS_CHANNEL_LAST, hws_bytes(NULL, 0), TAG_V2_CLOSE);
	if (c->v2)
		c->v2->said_close = true;
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

void hws_conn_set_v2_keys(struct hws_conn *c, const uint8_t send[32], const uint8_t receive[32])
{
	struct hws_conn_v2 *v2 = hws_alloc(sizeof(*v2));
	int r = c->closed ? HWS_OK : hws_sender_fill_all(&c->sender);

	if (v2) {
		hws_record_v2_init(&v2->send, send);
		hws_record_v2_init(&v2->receive, receive);
	} else {
		r = HWS_ERR_NOMEM;
	}
	hws_free_wiped(c->v2, sizeof(*c->v2));
	c->v2 = v2;
	c->keyed = v2 != NULL;
	if (r < 0)
		break_off(c, r);
}
