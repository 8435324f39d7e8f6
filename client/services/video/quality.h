/* video/quality: how many frames a second and how many bits the viewers' links bear. Pure arithmetic on
 * round-trip samples, with the rules and numbers of deployed hosts; time comes in from outside. */
#pragma once
#include "client/media/video_codec.h"
#include "client/services/guest.h"

#define HWS_FPS_DEFAULT 30u
#define HWS_FPS_MAX 120u
#define HWS_RATIO_BEST 1.5
#define HWS_RATIO_BALANCED 0.67
#define HWS_RATIO_LOW 0.5

struct hws_qos_guest {
	bool used;
	unsigned custom_fps, auto_fps; /* 0 = not said */
	unsigned fps;                  /* what its delays allow; 0 = no sample yet */
	unsigned recent[3], count;     /* last samples, ms; all samples so far */
	unsigned window[60];           /* ring of samples for the base */
	unsigned lowest;               /* ever seen */
	unsigned delay;                /* of the last sample, above the base */
	unsigned good_run, fast_run;
	bool late;
	uint64_t joined_us;
};

struct hws_qos {
	double target, ratio;
	bool adapt;      /* the ratio follows the delay */
	unsigned frames; /* sent since the ratio was last judged */
	uint64_t judged_us;
	struct hws_qos_guest guest[HWS_GUESTS_MAX];
};

void hws_qos_init(struct hws_qos *q, uint64_t now_us);
void hws_qos_join(struct hws_qos *q, unsigned slot, uint64_t now_us);
void hws_qos_leave(struct hws_qos *q, unsigned slot);
/* The newest wish of any viewer counts for all. */
void hws_qos_set_ratio(struct hws_qos *q, double ratio);
/* custom_image_quality of the wire; false when it says nothing. */
bool hws_qos_ratio_from_custom(int32_t custom, double *ret);
/* 0 = no wish; above HWS_FPS_MAX is ignored. */
void hws_qos_set_fps(struct hws_qos *q, unsigned slot, unsigned fps);
void hws_qos_set_auto_fps(struct hws_qos *q, unsigned slot, unsigned fps);
void hws_qos_sample(struct hws_qos *q, unsigned slot, unsigned rtt_ms, bool late);
void hws_qos_sent(struct hws_qos *q);
/* Call now and then; true when the ratio changed (at most every 3 s). `base_kbit_s`: bitrate at ratio 1. */
bool hws_qos_judge(struct hws_qos *q, uint32_t base_kbit_s, uint64_t now_us);
/* 1..HWS_FPS_MAX. */
unsigned hws_qos_fps(const struct hws_qos *q, uint64_t now_us);

/* Bitrate of ratio 1 for a picture size. */
uint32_t hws_base_kbit_s(int width, int height);
/* Bitrate and quantiser range of libvpx for a ratio. */
struct hws_quality hws_quality_of(double ratio, uint32_t base_kbit_s);
