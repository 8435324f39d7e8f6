/* video/video_view: the viewer's pictures: one decoder for each display, decoding and conversion in
 * the decoder process, the newest picture kept for whoever shows it. Loop thread, but for
 * hws_video_view_take and hws_video_view_shown. */
#pragma once
#include "client/core/viewer.h"
#include "client/decoder/confined.h"
#include "client/media/picture.h"
#include "client/media/video_codec.h"
#include "client/services/video_cost.h"

struct hws_video_view;

/* Byte order of the pictures given out. */
enum hws_video_order { HWS_VIDEO_BGRA, HWS_VIDEO_RGBA };

struct hws_video_view_conf {
	struct hws_loop *loop;
	struct hws_confined *decoder; /* outlives it; NULL: no pictures */
	enum hws_video_order order;
	/* A newer picture may be taken. */
	void (*on_picture)(size_t display, int width, int height, uint64_t number, void *arg);
	/* An encoded packet, before it is decoded (recording); borrows. May be NULL. */
	void (*on_packet)(size_t display, enum hws_codec codec, struct hws_bytes data, bool key,
			int64_t pts_ms, void *arg);
	/* The host's answer to a request for a picture: a PNG as it came, or why there is none.
	 * May be NULL. */
	void (*on_screenshot)(const char *sid, const char *text, struct hws_bytes png, void *arg);
	/* The host records what it shows, or does no longer; may be NULL. */
	void (*on_host_records)(bool on, void *arg);
	void *arg;
};

struct hws_video_stats {
	uint64_t frames, dropped;
	uint64_t decode_us; /* mean */
	uint64_t last_us;   /* when the last picture was ready */
	enum hws_codec codec;
	unsigned queued; /* packets that wait for their decoder */
	uint64_t patches, patch_bytes;
	struct hws_video_cost host; /* as it told last; 0 = it does not tell */
	bool by_device;             /* the last one was decoded by a device */
	uint64_t present_us;        /* from ready to shown, of late; 0 = nobody told */
};

int hws_video_view_new(
		const struct hws_video_view_conf *conf, struct hws_video_view **ret) HWS_MUST_CHECK;
/* Nothing is called any more. Takes NULL. */
void hws_video_view_free(struct hws_video_view *vv);
struct hws_service *hws_video_view_service(struct hws_video_view *vv);
/* The other way round; `s` is one. */
struct hws_video_view *hws_video_view_of(struct hws_service *s);
void hws_video_view_stats(const struct hws_video_view *vv, struct hws_video_stats *ret);

struct hws_video_picture {
	struct hws_picture *picture; /* locked for the caller, who unlocks it */
	struct hws_rect damage;      /* since the last one taken */
	uint64_t number, time_us;
};
/* Any thread. HWS_ERR_AGAIN when there is none. */
int hws_video_view_take(struct hws_video_view *vv, size_t display,
		struct hws_video_picture *ret) HWS_MUST_CHECK;
/* Any thread: the picture that was taken last is on the screen. */
void hws_video_view_shown(struct hws_video_view *vv, size_t display, uint64_t number);
