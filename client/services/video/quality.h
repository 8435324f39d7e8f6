/* video/quality: how many frames a second the viewers want and what a quality means in bits and
 * quantisers, with the numbers of deployed hosts. What the links bear is measured by video/flow.
 * Pure arithmetic; time comes in from outside. */
#pragma once
#include "client/media/video_codec.h"
#include "client/services/host_viewer.h"

#define HWS_FPS_DEFAULT 30u
#define HWS_FPS_MAX 120u
#define HWS_RATIO_BEST 1.5
#define HWS_RATIO_BALANCED 0.67
#define HWS_RATIO_LOW 0.5

struct hws_qos_viewer {
	bool used;
	double ratio;                  /* the wished quality */
	unsigned custom_fps, auto_fps; /* 0 = not said */
	bool late;
	uint64_t joined_us;
};

struct hws_qos {
	struct hws_qos_viewer viewer[HWS_HOST_VIEWERS_MAX];
};

void hws_qos_init(struct hws_qos *q);
void hws_qos_join(struct hws_qos *q, unsigned slot, uint64_t now_us);
void hws_qos_leave(struct hws_qos *q, unsigned slot);
void hws_qos_set_ratio(struct hws_qos *q, unsigned slot, double ratio);
/* custom_image_quality of the wire; false when it says nothing. */
bool hws_qos_ratio_from_custom(int32_t custom, double *ret);
/* 0 = no wish; above HWS_FPS_MAX is ignored. */
void hws_qos_set_fps(struct hws_qos *q, unsigned slot, unsigned fps);
void hws_qos_set_auto_fps(struct hws_qos *q, unsigned slot, unsigned fps);
/* An answer of this viewer is overdue. */
void hws_qos_late(struct hws_qos *q, unsigned slot, bool late);
/* How many frames a second those of `slots` get who share an encoder: what the most modest of them
 * wants. 1..HWS_FPS_MAX. */
unsigned hws_qos_fps(const struct hws_qos *q, uint32_t slots, uint64_t now_us);
/* The quality for them: likewise. */
double hws_qos_ratio(const struct hws_qos *q, uint32_t slots);
/* How far the wishes of these two are from each other; 0: they are alike. */
double hws_qos_distance(const struct hws_qos *q, unsigned a, unsigned b);

/* Bitrate of ratio 1 for a picture size. */
uint32_t hws_base_kbit_s(int width, int height);
/* Bitrate and range of coarseness for a ratio. */
struct hws_quality hws_quality_of(double ratio, uint32_t base_kbit_s);
