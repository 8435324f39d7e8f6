/* wire/send_class: what goes first when several services share one stream. Each message travels on
 * a channel; a channel keeps its order for ever. Channels belong to classes: of two classes the
 * lower number always goes first, the channels of one class share by bytes. A frame that has begun
 * is finished, so what is urgent waits for one frame at the most.
 *
 * How to choose a channel: two messages whose order matters go on the same one, or the earlier one
 * goes on a channel of an earlier class. Nothing else is promised. So a report of displays is on
 * the channel of the pictures that depend on it, the copied text of a viewer (a small one) on that
 * of the keys that paste it, and the reason of an end goes when all else has gone. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum hws_send_class {
	HWS_SEND_CONTROL, /* login, permissions, echoes */
	HWS_SEND_INPUT,   /* keys, pointer, the remote cursor */
	HWS_SEND_VIDEO,   /* pictures and all that is seen or heard live */
	HWS_SEND_BULK,    /* what nobody waits for by the millisecond */
	HWS_SEND_LAST,    /* after everything that was sent before it: the reason of an end */
	HWS_SEND_CLASSES
};

/* VIDEO is 0: what nobody has sorted goes in the order in which it was sent, as without classes. */
enum hws_channel {
	HWS_CHANNEL_VIDEO,
	HWS_CHANNEL_CONTROL,
	HWS_CHANNEL_INPUT,
	HWS_CHANNEL_CURSOR,
	HWS_CHANNEL_SOUND,
	HWS_CHANNEL_TERMINAL,
	HWS_CHANNEL_CLIPBOARD,
	HWS_CHANNEL_SCREENSHOT,
	HWS_CHANNEL_FILES, /* beside a desktop */
	HWS_CHANNEL_JOBS,  /* of a session that is about files, where nobody types */
	HWS_CHANNEL_TUNNELS,
	HWS_CHANNEL_LAST,
	HWS_CHANNEL_COUNT
};

/* The largest message of files and tunnels, so that a key waits for no more: 53 ms on a line of 10
 * Mbit/s. What the protocol does not let its service split (a copied text, a screenshot, the list
 * of a folder) is sent whole. */
#define HWS_SEND_BULK_MAX ((64u << 10) + 1024u)

/* What a service may send at once on this channel: HWS_SEND_BULK_MAX or SIZE_MAX. Jobs have no
 * bound of their own: their service keeps to blocks of HWS_SEND_BULK_MAX beside a desktop. */
size_t hws_channel_message_max(enum hws_channel channel);
/* VIDEO's for a channel that there is not. */
enum hws_send_class hws_channel_class(enum hws_channel channel);
