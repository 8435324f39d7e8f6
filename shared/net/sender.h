/* net/sender: the sending side of a link: what waits (net/send_queue), what the kernel takes next,
 * and when who may send more. Shared by net/conn and host/ipc, which frame a message when its turn
 * comes. Pure: no I/O. One owner; not thread-safe. */
#pragma once
#include "shared/net/send_queue.h"

struct hws_sender {
	struct hws_send_limit limit[HWS_SEND_CLASSES];
	struct hws_buf out; /* framed: what the kernel takes next, of one class */
	enum hws_send_class out_class;
	struct hws_send_queue *queue; /* NULL until something had to wait: most links are idle */
	unsigned congested, held;     /* classes, as set bits */
	/* No frame of bulk is begun before room is reported after the last one: else the kernel
	 * would take several, and nothing can overtake what lies there. */
	bool bulk_waits;
	/* Appends a message to `out` as it is on the wire; on failure that is as before. */
	int (*frame)(struct hws_sender *s, const struct hws_send_item *item);
};

/* `limit`: by class; those without a .max have `max` and `high`. */
void hws_sender_init(struct hws_sender *s,
		int (*frame)(struct hws_sender *s, const struct hws_send_item *item),
		const struct hws_send_limit limit[HWS_SEND_CLASSES], size_t max, size_t high);
/* Frees; what waits is dropped, its descriptors are closed. */
void hws_sender_done(struct hws_sender *s);
/* A message with channel, tag, fd, message and rest. Straight into `out` when nothing stands before
 * it (then *ret_at_once is true and the caller writes), else into its queue. HWS_ERR_FULL,
 * HWS_ERR_NOMEM or an error of `frame`: nothing has changed, the descriptor is the caller's. */
int hws_sender_send(struct hws_sender *s, const struct hws_send_item *item,
		bool *ret_at_once) HWS_MUST_CHECK;
/* When `out` is empty: puts there what goes next, if anything may. */
int hws_sender_fill(struct hws_sender *s) HWS_MUST_CHECK;
/* Everything that waits, in its order, held back or not: when no message may be overtaken any
 * more. */
int hws_sender_fill_all(struct hws_sender *s) HWS_MUST_CHECK;
/* The kernel took so many bytes of `out`. */
void hws_sender_wrote(struct hws_sender *s, size_t n);
/* The kernel says that there is room. */
void hws_sender_room(struct hws_sender *s);
/* Notes whether the class is congested, after a send. */
void hws_sender_note(struct hws_sender *s, enum hws_send_class cls);
/* The next class that was congested and is no more, in `ret`; false when there is none. */
bool hws_sender_drained(struct hws_sender *s, enum hws_send_class *ret);
void hws_sender_hold(struct hws_sender *s, enum hws_send_class cls, bool held);
/* The kernel has something to take, now or when there is room. */
bool hws_sender_wants(const struct hws_sender *s);
/* Forgets all that was not written. */
void hws_sender_drop(struct hws_sender *s);
/* Bytes that were not written, with HWS_SEND_ENTRY_COST for each message in a queue. */
size_t hws_sender_pending(const struct hws_sender *s);
