/* net/sender: see sender.h. Everything that a link decides about what goes when is here and in
 * net/send_queue, so that a stream to a peer and a socket to a process of ours decide alike. */
#include "shared/net/sender.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"

#define BATCH (16u << 10) /* small messages go to the kernel together */

void hws_sender_init(struct hws_sender *s,
		int (*frame)(struct hws_sender *s, const struct hws_send_item *item),
		const struct hws_send_limit limit[HWS_SEND_CLASSES], size_t max, size_t high)
{
	*s = (struct hws_sender){ .frame = frame };
	for (int i = 0; i < HWS_SEND_CLASSES; i++)
		s->limit[i] = limit[i].max ? limit[i] : (struct hws_send_limit){ max, high };
	hws_buf_init(&s->out, SIZE_MAX / 2); /* what comes into it was checked before */
}

void hws_sender_drop(struct hws_sender *s)
{
	hws_buf_consume(&s->out, hws_buf_len(&s->out));
	if (s->queue)
		hws_send_queue_done(s->queue);
}

void hws_sender_done(struct hws_sender *s)
{
	hws_sender_drop(s);
	hws_free(s->queue);
	s->queue = NULL;
	hws_buf_done_wiped(&s->out); /* between processes it may hold secrets */
}

static size_t waiting(const struct hws_sender *s, enum hws_send_class cls)
{
	return s->queue ? hws_send_queue_bytes(s->queue, cls) : 0;
}

static size_t on_way(const struct hws_sender *s, enum hws_send_class cls)
{
	return s->out_class == cls ? hws_buf_len(&s->out) : 0;
}

size_t hws_sender_pending(const struct hws_sender *s)
{
	size_t bytes = hws_buf_len(&s->out);

	for (enum hws_send_class cls = 0; s->queue && cls < HWS_SEND_CLASSES; cls++)
		bytes += waiting(s, cls);
	return bytes;
}

bool hws_sender_wants(const struct hws_sender *s)
{
	struct hws_send_item item;

	return hws_buf_len(&s->out) > 0 ||
			(s->queue && hws_send_queue_next(s->queue, HWS_SEND_CLASSES, &item));
}

/* Nothing stands before this class, and the kernel takes more. */
static bool goes_at_once(const struct hws_sender *s, enum hws_send_class cls)
{
	struct hws_send_item item;

	if (hws_buf_len(&s->out) > 0 || s->held >> cls & 1 ||
			(s->bulk_waits && cls >= HWS_SEND_BULK))
		return false;
	if (!s->queue)
		return true;
	return cls == HWS_SEND_LAST ? hws_send_queue_empty(s->queue)
				    : !hws_send_queue_next(s->queue, cls + 1, &item);
}

static int put(struct hws_sender *s, const struct hws_send_item *item)
{
	int r = s->frame(s, item);

	if (r == HWS_OK)
		s->out_class = item->cls;
	return r;
}

int hws_sender_send(struct hws_sender *s, const struct hws_send_item *item, bool *ret_at_once)
{
	struct hws_send_item i = *item;
	size_t max;

	i.cls = hws_channel_class(i.channel);
	max = s->limit[i.cls].max;
	*ret_at_once = goes_at_once(s, i.cls);
	if (*ret_at_once)
		return i.message.len + i.rest.len > max ? HWS_ERR_FULL : put(s, &i);
	if (!s->queue) {
		s->queue = hws_alloc(sizeof(*s->queue));
		if (!s->queue)
			return HWS_ERR_NOMEM;
		hws_send_queue_init(s->queue);
		s->queue->held = s->held;
	}
	return hws_send_queue_put(s->queue, &i, max - HWS_MIN(max, on_way(s, i.cls)));
}

int hws_sender_fill(struct hws_sender *s)
{
	enum hws_send_class below = s->bulk_waits ? HWS_SEND_BULK : HWS_SEND_CLASSES;
	struct hws_send_item item;

	while (s->queue && hws_send_queue_next(s->queue, below, &item)) {
		size_t have = hws_buf_len(&s->out);
		bool joins = item.cls == s->out_class && item.cls < HWS_SEND_BULK &&
				have + item.message.len <= BATCH;
		int r;

		if (have && !joins)
			break;
		r = put(s, &item);
		if (r < 0)
			return r;
		hws_send_queue_taken(s->queue, &item);
	}
	return HWS_OK;
}

int hws_sender_fill_all(struct hws_sender *s)
{
	struct hws_send_item item;
	int r = HWS_OK;

	if (!s->queue)
		return r;
	s->queue->held = 0;
	while (r == HWS_OK && hws_send_queue_next(s->queue, HWS_SEND_CLASSES, &item)) {
		r = put(s, &item);
		if (r == HWS_OK)
			hws_send_queue_taken(s->queue, &item);
	}
	s->queue->held = s->held;
	return r;
}

void hws_sender_wrote(struct hws_sender *s, size_t n)
{
	hws_buf_consume(&s->out, n);
	if (hws_buf_len(&s->out) == 0 && s->out_class >= HWS_SEND_BULK)
		s->bulk_waits = true;
}

void hws_sender_room(struct hws_sender *s)
{
	s->bulk_waits = false;
}

void hws_sender_note(struct hws_sender *s, enum hws_send_class cls)
{
	if (waiting(s, cls) + on_way(s, cls) > s->limit[cls].high)
		s->congested |= 1u << cls;
}

bool hws_sender_drained(struct hws_sender *s, enum hws_send_class *ret)
{
	for (enum hws_send_class cls = 0; s->congested >> cls; cls++) {
		if (!(s->congested >> cls & 1) ||
				waiting(s, cls) + on_way(s, cls) > s->limit[cls].high / 2)
			continue;
		s->congested &= ~(1u << cls);
		*ret = cls;
		return true;
	}
	return false;
}

void hws_sender_hold(struct hws_sender *s, enum hws_send_class cls, bool held)
{
	s->held = held ? s->held | 1u << cls : s->held & ~(1u << cls);
	if (s->queue)
		hws_send_queue_hold(s->queue, cls, held);
}
