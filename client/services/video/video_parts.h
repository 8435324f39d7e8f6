/* video/video_parts: the structs of the host's video, shared by video_host.c (who watches what) and
 * display_host.c (one display); not for others. */
#pragma once
#include "client/media/video_codec.h"
#include "client/platform/capture.h"
#include "client/services/host_service.h"
#include "client/services/video/budget.h"
#include "client/services/video/codec_choice.h"
#include "client/services/video/codec_speed.h"
#include "client/services/video/coded_picture.h"
#include "client/services/video/cost.h"
#include "client/services/video/debt.h"
#include "client/services/video/flow.h"
#include "client/services/video/narrow.h"
#include "client/services/video/patch_state.h"
#include "client/services/video/quality.h"
#include "client/services/video/video_msg.h"
#include "shared/base/bucket.h"
#include "shared/base/list.h"
#include "shared/loop/loop.h"
#include <stdatomic.h>

#define HWS_VIDEO_LANES 4u /* each codes on its own: what one machine can do beside its work */

struct hws_video_viewer { /* one viewer */
	struct hws_host_viewer *g;
	struct hws_codec_wish wish;
	struct hws_flow flow;
	unsigned current; /* the display it asked for last */
	unsigned unacked;
	struct hws_bucket sizes;      /* wishes for one, as in displays_host */
	uint64_t sent_us, blocked_us; /* 0 = not blocked */
	bool records;
	bool exact;                    /* it knows of patches */
	uint32_t told_kbit_s;          /* 0 = nothing yet */
	bool says_codecs;              /* and so may show which it can ask for */
	bool wants_cost;               /* it shows what pictures cost */
	uint32_t usable, usable_whole; /* codecs, as it was told; 0 = with its login */
	struct hws_cost sum;
	struct hws_video_cost cost; /* as last told */
	struct hws_narrow narrow;   /* it carries less than pictures are to cost */
	struct hws_narrow slow;     /* or so little more that they are coarser for it */
	uint64_t held_up_us;        /* when it last held the others up for long; 0 = never */
	unsigned lane;
	uint64_t placed_us; /* when it came into that; 0 = has just come */
};

struct hws_display_host { /* one display */
	struct hws_video_host *v;
	struct hws_video_lane *lane;
	unsigned index, generation;
	uint32_t subs, need_key, lagging; /* bits of slots */
	bool started, changed, grabbing, coding, key, refine;
	bool coded;                  /* packets were sent since it started */
	struct hws_picture *picture; /* the newest, locked */
	bool out;                    /* not yet released to the capture */
	struct hws_encoder *encoder;
	struct hws_coded_picture coded_picture; /* as the encoder has seen it */
	enum hws_codec encoder_codec;
	struct hws_quality quality;     /* as the encoder has it, */
	bool quality_new;               /* or is to be told */
	uint32_t wish_kbit_s;           /* that the wished quality costs at this size */
	struct hws_budget budget, fine; /* of changes; of what is made better */
	uint64_t coarse_us; /* until then the pace is more important than the wished quality */
	struct hws_debt debt;
	struct hws_patch_host patch;
	unsigned since_key;
	uint64_t began_us, last_us;
	uint64_t grab_us;            /* when the grab under way began */
	uint64_t capture_us;         /* that the newest picture took; 0: it has been coded */
	uint64_t changed_us;         /* since when a change waits */
	uint64_t paid_us;            /* when something was made better last */
	uint64_t moved_us, large_us; /* when something, and when a large part changed last */
	struct hws_timer timer, refine_timer;
};

struct hws_display_job { /* one picture on its way through the encoder, on a worker */
	struct hws_video_host *v;
	struct hws_display_host *s;
	unsigned generation;
	struct hws_encoder *encoder; /* owned while the job runs; NULL: make one */
	struct hws_encoder_conf conf;
	bool set_quality, key, whole, refines;
	bool whole_chroma;
	uint16_t finest; /* coarseness that is wished for */
	struct hws_picture *picture;
	struct hws_coded_picture coded; /* owned as the encoder is */
	struct hws_region damage;
	double pixels; /* that changed */
	int64_t pts_ms;
	uint64_t encode_us;
	struct hws_packet packet;
	struct hws_patch_job patch;
	struct hws_cost_steps steps;
};

/* Which of the lanes that show a display is tapped: tap.h. */
struct hws_video_tapped {
	struct hws_display_host *from; /* NULL: nobody watches */
	bool begun;
};

/* Viewers who get the same pictures. */
struct hws_video_lane {
	struct hws_video_host *v;
	struct hws_capture_reader *reader; /* NULL: never used so far */
	enum hws_codec codec;
	bool whole_chroma;
	uint32_t usable, usable_whole; /* what all its viewers decode, and we encode */
	struct hws_display_host show[HWS_DISPLAYS_MAX];
};

struct hws_record_host;

struct hws_video_host {
	struct hws_host_service service;
	/* as of struct hws_video_host_conf */
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_capture *capture;
	bool cameras;
	struct hws_screens *screens;
	void (*on_bitrate)(struct hws_host_viewer *g, uint32_t kbit_s, void *arg);
	void (*on_cost)(struct hws_host_viewer *g, const struct hws_video_cost *c, void *arg);
	void *arg;
	struct hws_video_viewer viewer[HWS_HOST_VIEWERS_MAX];
	struct hws_video_lane lane[HWS_VIDEO_LANES];
	struct hws_timer regroup;
	struct hws_qos qos;
	struct hws_screenshots *shots;
	struct hws_list taps;
	struct hws_video_tapped tapped[HWS_DISPLAYS_MAX];
	const struct hws_service_conf *conf; /* NULL: not as a service */
	bool exact;                          /* patches may be sent */
	struct hws_codec_speed speed;
	uint32_t broken, measured, measuring; /* sets of codecs */
	struct {                              /* what a viewer that comes is told */
		struct hws_display_msg list;
		Ses__SupportedEncoding encoding;
		Ses__CodecAbility whole;
		struct hws_sizes_msg sizes;
	} told;
	unsigned jobs; /* under way; they hold the host */
	bool closed;
	atomic_bool stopping;           /* for what measures on a worker */
	struct hws_record_host *record; /* NULL: nothing of it */
};

/* --- video_tell.c. Of a display that there is not, nothing is said. */
void hws_video_tell_geometry(struct hws_video_host *v, struct hws_host_viewer *g, unsigned index);
void hws_video_tell_list(struct hws_video_host *v, struct hws_host_viewer *g);
/* The codecs that may be wished for, if that is news. */
void hws_video_tell_usable(struct hws_video_host *v, struct hws_video_viewer *w);
