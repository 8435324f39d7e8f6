/* video/tap: who else takes the packets of the displays' encoders as they are: a recording at the
 * host. While there is one, every change goes through the encoder, whatever else carries it to
 * viewers, and key frames come now and then. A display that nobody watches has no packets. Loop
 * thread only. */
#pragma once
#include "client/media/codec.h"
#include "shared/base/list.h"

struct hws_video_host;
struct hws_display_host;

struct hws_tapped_packet {
	unsigned display;
	enum hws_codec codec;
	int width, height;
	bool key;
	int64_t pts_ms;        /* grows; begins anew with `stopped` */
	struct hws_bytes data; /* borrowed */
};

struct hws_video_tap { /* owned by who taps; embedded */
	struct hws_list node;
	void (*packet)(struct hws_video_tap *t, const struct hws_tapped_packet *p);
	/* No more packets of this display for now: nobody watches, or displays have changed. */
	void (*stopped)(struct hws_video_tap *t, unsigned display);
};

/* Packets come from now on, of each display beginning with a key frame. `packet` and `stopped` may
 * call hws_video_tap_remove for their own tap. */
void hws_video_tap_add(struct hws_video_host *v, struct hws_video_tap *t);
/* Harmless on one that is not there. */
void hws_video_tap_remove(struct hws_video_tap *t);
/* The next packet of this display is a key frame. */
void hws_video_tap_key(struct hws_video_host *v, unsigned display);

/* For video_host's own files. A display may be coded in several lanes; one of them is tapped, the
 * best, and beginning with a key frame. */
bool hws_video_tapped(const struct hws_display_host *s);
void hws_video_tap_packet(struct hws_display_host *s, const struct hws_tapped_packet *p);
void hws_video_tap_stopped(struct hws_display_host *s);
/* Who watches this display, or what they wish, is otherwise now. */
void hws_video_tap_choose(struct hws_video_host *v, unsigned display);
