/* video/display_view: one display of the host at the viewer: its queue of packets, its newest
 * picture. Used by video_view alone. */
#pragma once
#include "client/media/picture.h"
#include "client/media/video_codec.h"
#include "proto/session.pb-c.h"
#include <pthread.h>

#define HWS_DISPLAY_VIEW_QUEUE 120 /* messages; what deployed viewers hold */
#define HWS_DISPLAY_VIEW_QUEUE_BYTES (64u << 20)

struct hws_video_view;

struct hws_display_view {
	struct hws_video_view *owner;
	size_t index;

	/* The queue: messages in order of arrival. Loop thread. */
	Ses__Message *queue[HWS_DISPLAY_VIEW_QUEUE];
	unsigned head, count;
	size_t bytes;
	bool need_key; /* what comes before a key frame is useless */
	bool reset;    /* the next decode starts with a new decoder */
	/* Patches come beside the video, of this generation. */
	bool exact;
	uint32_t exact_generation;
	bool hidden;         /* something was decoded when no picture was free to show it */
	unsigned failed;     /* decodes in a row */
	uint64_t refresh_us; /* when a new picture was last asked for */
	/* A message is with the decoder: of this codec, begun on this link. */
	bool busy;
	enum hws_codec codec;
	unsigned generation;

	/* Shared with the thread that shows. */
	pthread_mutex_t lock;
	struct hws_picture *newest;
	struct hws_rect damage; /* since it was last taken */
	uint64_t number, time_us;
	uint64_t taken, taken_us; /* the last that somebody took, and when it was ready */
	uint64_t shown_us;        /* between ready and on the screen: sum since the last look */
	unsigned shown;
};

int hws_display_view_new(struct hws_display_view **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_display_view_free(struct hws_display_view *s);
/* Gives what waits and the newest picture back; as new. */
void hws_display_view_forget(struct hws_display_view *s);
void hws_display_view_clear_queue(struct hws_display_view *s);
/* Takes the message. false: the queue was full and has been emptied; a key frame is needed. */
bool hws_display_view_push(struct hws_display_view *s, Ses__Message *m, size_t bytes);
Ses__Message *hws_display_view_pop(struct hws_display_view *s);
/* Makes it the newest; takes the reference. */
void hws_display_view_publish(struct hws_display_view *s, struct hws_picture *p,
		struct hws_rect damage, uint64_t now_us);
