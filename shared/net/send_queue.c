/* net/send_queue: see send_queue.h. Fairness among the channels of a class is that of start times:
 * each message starts where the one before it on its channel ended, in bytes; the one that starts
 * first goes first; and a channel that was empty begins where its class is now, so that it neither
 * pays nor gains for its silence. Equal frames take turns by this, and a channel with large ones
 * does not get more than another with small ones. */
#include "shared/net/send_queue.h"
#include <string.h>
#include <unistd.h>

/* In front of each message in the buffer of its channel. */
struct entry {
	uint64_t len;
	int32_t fd;
	uint8_t tag, pad[3];
};
_Static_assert(sizeof(struct entry) == HWS_SEND_ENTRY_COST,
		"what a message costs beside its bytes");

void hws_send_queue_init(struct hws_send_queue *q)
{
	memset(q, 0, sizeof(*q));
	for (int i = 0; i < HWS_CHANNEL_COUNT; i++)
		hws_buf_init(&q->channel[i].messages, SIZE_MAX / 2);
}

static struct entry first_of(const struct hws_send_queue *q, enum hws_channel channel)
{
	struct entry e;

	memcpy(&e, hws_buf_bytes(&q->channel[channel].messages).ptr, sizeof(e));
	return e;
}

static bool waits(const struct hws_send_queue *q, enum hws_channel channel)
{
	return hws_buf_len(&q->channel[channel].messages) > 0;
}

void hws_send_queue_done(struct hws_send_queue *q)
{
	for (enum hws_channel c = 0; c < HWS_CHANNEL_COUNT; c++) {
		while (waits(q, c)) {
			struct entry e = first_of(q, c);

			if (e.fd >= 0)
				close(e.fd);
			hws_buf_consume(&q->channel[c].messages, sizeof(e) + (size_t)e.len);
		}
		hws_buf_done_wiped(&q->channel[c].messages);
	}
	hws_send_queue_init(q);
}

int hws_send_queue_put(struct hws_send_queue *q, const struct hws_send_item *item, size_t max)
{
	enum hws_send_class cls = hws_channel_class(item->channel);
	struct hws_buf *b = &q->channel[item->channel].messages;
	struct entry e = {
		.len = item->message.len + item->rest.len, .fd = item->fd, .tag = item->tag
	};
	size_t need = sizeof(e) + (size_t)e.len;

	if (need > max || q->bytes[cls] > max - need)
		return HWS_ERR_FULL;
	if (!hws_buf_reserve(b, need)) {
		b->err = 0; /* what is there stays good */
		return HWS_ERR_NOMEM;
	}
	if (!waits(q, item->channel) && q->channel[item->channel].start < q->sent[cls])
		q->channel[item->channel].start = q->sent[cls];
	hws_buf_put(b, &e, sizeof(e));
	hws_buf_put(b, item->message.ptr, item->message.len);
	hws_buf_put(b, item->rest.ptr, item->rest.len);
	q->bytes[cls] += need;
	return HWS_OK;
}

/* What is last does not go before what is held back. */
static bool anything_held(const struct hws_send_queue *q)
{
	for (enum hws_send_class c = 0; c < HWS_SEND_LAST; c++)
		if (q->bytes[c])
			return true;
	return false;
}

bool hws_send_queue_next(const struct hws_send_queue *q, enum hws_send_class below,
		struct hws_send_item *ret)
{
	enum hws_channel found = HWS_CHANNEL_COUNT;
	enum hws_send_class of = below;

	for (enum hws_channel c = 0; c < HWS_CHANNEL_COUNT; c++) {
		enum hws_send_class cls = hws_channel_class(c);

		if (cls >= below || !waits(q, c) || q->held >> cls & 1)
			continue;
		if (found == HWS_CHANNEL_COUNT || cls < of ||
				(cls == of && q->channel[c].start < q->channel[found].start)) {
			found = c;
			of = cls;
		}
	}
	if (found == HWS_CHANNEL_COUNT || (of == HWS_SEND_LAST && anything_held(q)))
		return false;
	struct entry e = first_of(q, found);
	*ret = (struct hws_send_item){ .channel = found,
		.cls = of,
		.tag = e.tag,
		.fd = e.fd,
		.message = hws_bytes(hws_buf_bytes(&q->channel[found].messages).ptr + sizeof(e),
				(size_t)e.len) };
	return true;
}

void hws_send_queue_taken(struct hws_send_queue *q, const struct hws_send_item *item)
{
	size_t bytes = sizeof(struct entry) + item->message.len;

	q->sent[item->cls] = q->channel[item->channel].start;
	q->channel[item->channel].start += bytes;
	q->bytes[item->cls] -= bytes;
	hws_buf_consume(&q->channel[item->channel].messages, bytes);
	if (!waits(q, item->channel))
		hws_buf_reset(&q->channel[item->channel].messages); /* gives large blocks back */
}

void hws_send_queue_hold(struct hws_send_queue *q, enum hws_send_class cls, bool held)
{
	q->held = held ? q->held | 1u << cls : q->held & ~(1u << cls);
}

size_t hws_send_queue_bytes(const struct hws_send_queue *q, enum hws_send_class cls)
{
	return q->bytes[cls];
}

bool hws_send_queue_empty(const struct hws_send_queue *q)
{
	for (enum hws_channel c = 0; c < HWS_CHANNEL_COUNT; c++)
		if (waits(q, c))
			return false;
	return true;
}
