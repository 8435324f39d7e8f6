/* The numbers of deployed hosts: who wishes what, which of the wishes counts, and what a wish
 * costs. */
#include "client/services/video/quality.h"
#include "shared/base/clock.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FPS_FIRST_SECOND 15u
#define FPS_LATE 2u
/* Coarseness over the ratio, from 0 to 2 of it: VP8's and VP9's quantisers 56 to 37, and 18 to
 * 0. */
#define COARSEST 9333.4
#define COARSEST_SLOPE 3166.67
#define FINEST_SLOPE 3000.0
#define FINEST_OFF 166.0 /* a codec rounds up to a whole step: not a whole one more */

void hws_qos_init(struct hws_qos *q)
{
	memset(q, 0, sizeof(*q));
}

void hws_qos_join(struct hws_qos *q, unsigned slot, uint64_t now_us)
{
	q->viewer[slot] = (struct hws_qos_viewer){
		.used = true, .ratio = HWS_RATIO_BALANCED, .joined_us = now_us
	};
}

void hws_qos_leave(struct hws_qos *q, unsigned slot)
{
	q->viewer[slot].used = false;
}

void hws_qos_set_ratio(struct hws_qos *q, unsigned slot, double ratio)
{
	q->viewer[slot].ratio = ratio;
}

bool hws_qos_ratio_from_custom(int32_t custom, double *ret)
{
	if (custom <= 0)
		return false;
	double ratio = (custom >> 8 & 0xfff) * 2 / 100.0;
	*ret = ratio < 0.2 ? 0.2 : ratio > 40 ? 40 : ratio;
	return true;
}

void hws_qos_set_fps(struct hws_qos *q, unsigned slot, unsigned fps)
{
	if (fps >= 1 && fps <= HWS_FPS_MAX)
		q->viewer[slot].custom_fps = fps;
}

void hws_qos_set_auto_fps(struct hws_qos *q, unsigned slot, unsigned fps)
{
	if (fps >= 1 && fps <= HWS_FPS_MAX)
		q->viewer[slot].auto_fps = fps;
}

static unsigned wished_fps(const struct hws_qos_viewer *g)
{
	return g->custom_fps ? g->custom_fps : HWS_FPS_DEFAULT;
}

/* The highest rate all of them want. */
static unsigned highest(const struct hws_qos *q, uint32_t slots)
{
	unsigned best = HWS_FPS_MAX;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		const struct hws_qos_viewer *g = &q->viewer[i];
		if (!g->used || !(slots >> i & 1))
			continue;
		unsigned want = wished_fps(g);
		if (g->auto_fps && g->auto_fps < want)
			want = g->auto_fps;
		best = want < best ? want : best;
	}
	return best < 1 ? 1 : best;
}

void hws_qos_late(struct hws_qos *q, unsigned slot, bool late)
{
	q->viewer[slot].late = late;
}

unsigned hws_qos_fps(const struct hws_qos *q, uint32_t slots, uint64_t now_us)
{
	unsigned fps = highest(q, slots);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		const struct hws_qos_viewer *g = &q->viewer[i];
		if (!g->used || !(slots >> i & 1))
			continue;
		if (now_us - g->joined_us < HWS_US_PER_S && fps > FPS_FIRST_SECOND)
			fps = FPS_FIRST_SECOND;
		if (g->late && fps > FPS_LATE)
			fps = FPS_LATE;
	}
	return fps;
}

double hws_qos_ratio(const struct hws_qos *q, uint32_t slots)
{
	double ratio = 0;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		const struct hws_qos_viewer *g = &q->viewer[i];
		if (g->used && slots >> i & 1 && (ratio <= 0 || g->ratio < ratio))
			ratio = g->ratio;
	}
	return ratio > 0 ? ratio : HWS_RATIO_BALANCED;
}

double hws_qos_distance(const struct hws_qos *q, unsigned a, unsigned b)
{
	const struct hws_qos_viewer *va = &q->viewer[a], *vb = &q->viewer[b];
	double fps = fabs(log((double)wished_fps(va) / wished_fps(vb)));

	return fps + fabs(log(va->ratio / vb->ratio));
}

uint32_t hws_base_kbit_s(int width, int height)
{
	static const struct {
		int w, h;
		uint32_t kbit;
	} presets[] = { { 640, 480, 400 }, { 800, 600, 500 }, { 1024, 768, 800 },
		{ 1280, 720, 1000 }, { 1366, 768, 1100 }, { 1440, 900, 1300 }, { 1600, 900, 1500 },
		{ 1920, 1080, 2073 }, { 2048, 1080, 2200 }, { 2560, 1440, 3000 },
		{ 3440, 1440, 4000 }, { 3840, 2160, 5000 }, { 7680, 4320, 12000 } };
	double pixels = (double)width * height, best = 0;
	uint32_t kbit = 0;

	for (size_t i = 0; i < HWS_COUNT(presets); i++) {
		double p = (double)presets[i].w * presets[i].h;
		if (kbit && fabs(p - pixels) >= fabs(best - pixels))
			continue;
		best = p;
		kbit = presets[i].kbit;
	}
	double scaled = kbit * pixels / best + 0.5;
	return scaled < 1 ? 1 : (uint32_t)scaled;
}

struct hws_quality hws_quality_of(double ratio, uint32_t base_kbit_s)
{
	double t = (ratio < 2 ? ratio : 2) / 2, kbit = base_kbit_s * ratio;

	/* The coarse end is that of deployed hosts; the fine one is finer, so that a picture that
	 * rests becomes sharp: with the active map that costs few bits. */
	double finest = FINEST_SLOPE * (1 - t) - FINEST_OFF,
	       coarsest = COARSEST - COARSEST_SLOPE * t;

	return (struct hws_quality){
		.bitrate_kbit_s = kbit < 50     ? 50
				: kbit > 200000 ? 200000
						: (uint32_t)kbit,
		.finest = (uint16_t)lround(fmax(finest, 0)),
		.coarsest = (uint16_t)lround(coarsest),
	};
}
