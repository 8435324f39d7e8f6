/* net/send_queue: messages that wait for their turn, sorted by channel; the policy of
 * wire/send_class. Pure: no I/O, no clock. net/conn and host/ipc take from it only what goes to the
 * kernel next, so that what is urgent overtakes what waits, and seal or frame it then. One owner;
 * not thread-safe. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/wire/send_class.h"
#include <stdint.h>

/* What is put in front of each message, and counts as one: empty messages are bounded, too. */
#define HWS_SEND_ENTRY_COST 16u

/* Of one class; bytes with HWS_SEND_ENTRY_COST for each message. */
struct hws_send_limit {
	size_t max;  /* beyond it nothing is taken: HWS_ERR_FULL */
	size_t high; /* above it the class is congested, until half of it is reached */
};

struct hws_send_queue {
	struct {
		struct hws_buf messages;
		uint64_t start; /* of the first message, in bytes that its class has sent */
	} channel[HWS_CHANNEL_COUNT];
	uint64_t sent[HWS_SEND_CLASSES]; /* `start` of what was taken last */
	size_t bytes[HWS_SEND_CLASSES];
	unsigned held; /* classes that wait, as set bits */
};

/* A message of a channel; its class follows from that. */
struct hws_send_item {
	enum hws_channel channel;
	enum hws_send_class cls;
	uint8_t tag; /* as it was given */
	int fd;
	struct hws_bytes message; /* borrows until the queue is next changed */
	struct hws_bytes rest;    /* more of it when it is put; empty when it is taken */
};

/* No allocation until the first put. `q` is all zero or new. */
void hws_send_queue_init(struct hws_send_queue *q);
/* Frees; descriptors are closed, content is wiped. */
void hws_send_queue_done(struct hws_send_queue *q);
/* Copies the message, which is item->message and item->rest; tag and fd (-1 = none, else taken on
 * success only) are given back with it. `max`: bytes that its class may hold with it. HWS_ERR_FULL
 * or HWS_ERR_NOMEM: nothing has changed. */
int hws_send_queue_put(struct hws_send_queue *q, const struct hws_send_item *item,
		size_t max) HWS_MUST_CHECK;
/* What goes next; false when nothing may. `below`: only classes before this one (HWS_SEND_CLASSES =
 * all). */
bool hws_send_queue_next(const struct hws_send_queue *q, enum hws_send_class below,
		struct hws_send_item *ret);
/* Forgets what hws_send_queue_next gave; its descriptor belongs to the caller. */
void hws_send_queue_taken(struct hws_send_queue *q, const struct hws_send_item *item);
/* Holds a class back or lets it go. */
void hws_send_queue_hold(struct hws_send_queue *q, enum hws_send_class cls, bool held);
/* With HWS_SEND_ENTRY_COST for each message. */
size_t hws_send_queue_bytes(const struct hws_send_queue *q, enum hws_send_class cls);
bool hws_send_queue_empty(const struct hws_send_queue *q);
