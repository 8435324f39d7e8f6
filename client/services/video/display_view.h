/* video/display_view: one display of the host at the viewer: its queue of packets, its decoder, its
 * newest picture. Used by video_view alone. */
#pragma once
#include "client/media/picture.h"
#include "client/media/video_codec.h"
#include "proto/session.pb-c.h"
#include <pthread.h>

#define HWS_DISPLAY_VIEW_QUEUE 120 /* messages; what deployed viewers hold */
#define HWS_DISPLAY_VIEW_QUEUE_BYTES (64u << 20)

#define HWS_DISPLAY_VIEW_RECENT 8u

struct hws_display_view {
	/* The queue: messages in order of arrival. Loop thread. */
	Ses__Message *queue[HWS_DISPLAY_VIEW_QUEUE];
	unsigned head, count;
	size_t bytes;
	bool need_key;       /* what comes before a key frame is useless */
	bool reset;          /* the next decode starts with a new decoder */
	unsigned failed;     /* decodes in a row */
	uint64_t refresh_us; /* when a new picture was last asked for */
	bool busy;           /* a job has the decoder */

	/* With the job while busy. */
	struct hws_decoder *decoder;
	enum hws_codec codec;
	struct hws_picture *before; /* the last one as decoded, to find out what changed */
	uint64_t content; /* counts pictures; a picture's mark says which of them it shows */
	struct hws_rect recent
			/* what picture n changed, at n % HWS_DISPLAY_VIEW_RECENT */
			[HWS_DISPLAY_VIEW_RECENT];
	struct hws_picture_pool *pool;

	/* Shared with the thread that shows. */
	pthread_mutex_t lock;
	struct hws_picture *newest;
	struct hws_rect damage; /* since it was last taken */
	uint64_t number, time_us;
};

int hws_display_view_new(struct hws_display_view **ret) HWS_MUST_CHECK;
/* Not while busy. Takes NULL. */
void hws_display_view_free(struct hws_display_view *s);
/* Gives all memory of pictures back; as new. Not while busy. */
void hws_display_view_forget(struct hws_display_view *s);
void hws_display_view_clear_queue(struct hws_display_view *s);
/* Takes the message. false: the queue was full and has been emptied; a key frame is needed. */
bool hws_display_view_push(struct hws_display_view *s, Ses__Message *m, size_t bytes);
Ses__Message *hws_display_view_pop(struct hws_display_view *s);
/* The job: decodes all packets of a message and converts the last picture. HWS_ERR_AGAIN: nothing
 * to show. *ret is a picture with one reference for the caller. */
int hws_display_view_decode(struct hws_display_view *s, enum hws_codec codec,
		const Ses__EncodedVideoFrames *frames, bool reset, bool rgba,
		struct hws_picture **ret, struct hws_rect *ret_damage);
/* Makes it the newest; takes the reference. */
void hws_display_view_publish(struct hws_display_view *s, struct hws_picture *p,
		struct hws_rect damage, uint64_t now_us);
