#include "client/services/video/quality.h"
#include "shared/base/clock.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JUDGE_US (3 * HWS_US_PER_S)
#define FPS_FIRST_SECOND 15u
#define FPS_LATE 2u
#define LATE_MS 2000u

void hws_qos_init(struct hws_qos *q, uint64_t now_us)
{
	memset(q, 0, sizeof(*q));
	q->target = q->ratio = HWS_RATIO_BALANCED;
	q->adapt = true;
	q->judged_us = now_us;
}

void hws_qos_join(struct hws_qos *q, unsigned slot, uint64_t now_us)
{
	q->guest[slot] = (struct hws_qos_guest){ .used = true, .joined_us = now_us };
}

void hws_qos_leave(struct hws_qos *q, unsigned slot)
{
	q->guest[slot].used = false;
	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++)
		if (q->guest[i].used)
			return;
	q->target = q->ratio = HWS_RATIO_BALANCED; /* the next viewer starts afresh */
}

void hws_qos_set_ratio(struct hws_qos *q, double ratio)
{
	q->target = q->ratio = ratio;
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
		q->guest[slot].custom_fps = fps;
}

void hws_qos_set_auto_fps(struct hws_qos *q, unsigned slot, unsigned fps)
{
	if (fps >= 1 && fps <= HWS_FPS_MAX)
		q->guest[slot].auto_fps = fps;
}

/* The highest rate all viewers want. */
static unsigned highest(const struct hws_qos *q)
{
	unsigned best = HWS_FPS_MAX;

	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++) {
		const struct hws_qos_guest *g = &q->guest[i];
		if (!g->used)
			continue;
		unsigned want = g->custom_fps ? g->custom_fps : HWS_FPS_DEFAULT;
		if (g->auto_fps && g->auto_fps < want)
			want = g->auto_fps;
		best = want < best ? want : best;
	}
	return best < 1 ? 1 : best;
}

/* What of the round trip is distance, not queue. 0 = not known yet. Deployed hosts wait for ten samples and
 * take a steady delay for a queue, which starves every viewer that is merely far away. */
static unsigned base_of(const struct hws_qos_guest *g)
{
	if (g->count < 2)
		return 0;
	if (g->count < 60)
		return g->lowest;
	unsigned low = g->window[0];

	for (unsigned i = 1; i < 60; i++)
		low = g->window[i] < low ? g->window[i] : low;
	return (g->lowest + low) / 2;
}

static unsigned ceil_div(unsigned f, double by)
{
	return (unsigned)ceil(f / by);
}

static unsigned next_fps(
		struct hws_qos_guest *g, unsigned f, unsigned before, unsigned min, unsigned normal)
{
	unsigned d = g->delay, n;
	double over = d / 150.0;

	if (d < 50) {
		unsigned step = f < normal ? 1 : 0;
		if (++g->fast_run % 3 == 0)
			step = 5;
		n = f + step < min ? min : f + step;
	} else if (d < 100) {
		n = d < before && f < normal ? f + 1 : f;
		n = n < min ? min : n;
	} else if (d < 150) {
		n = f < min ? min : f;
	} else if (d < 200) {
		n = ceil_div(f, over) < min ? min : ceil_div(f, over);
	} else if (d < 300) {
		n = ceil_div(f, over) > min ? min : ceil_div(f, over);
	} else if (d < 600) {
		n = 150 * min / d;
	} else {
		n = ceil_div(f, over);
		n = 150 * min / d < n ? 150 * min / d : n;
	}
	if (d >= 50)
		g->fast_run = 0;
	if (d >= 150)
		g->good_run = 0;
	else if (++g->good_run % 3 == 0)
		n++;
	return n;
}

void hws_qos_sample(struct hws_qos *q, unsigned slot, unsigned rtt_ms, bool late)
{
	struct hws_qos_guest *g = &q->guest[slot];

	if (!g->used)
		return;
	g->late = late;
	if (late && rtt_ms < LATE_MS)
		rtt_ms = LATE_MS; /* the answer that is missing takes at least so long */
	unsigned d = rtt_ms < 10 ? 10 : rtt_ms > 60000 ? 60000 : rtt_ms;
	unsigned before = g->delay, sum = 0;

	g->recent[g->count % 3] = d;
	g->window[g->count % 60] = d;
	g->lowest = g->count == 0 || d < g->lowest ? d : g->lowest;
	g->count++;
	unsigned n = g->count < 3 ? g->count : 3;
	for (unsigned i = 0; i < n; i++)
		sum += g->recent[i];
	unsigned mean = sum / n, base = base_of(g);
	g->delay = mean > base ? mean - base : 0;

	unsigned min = q->target >= 1.5 ? 8 : q->target >= 0.67 ? 10 : 12;
	unsigned f = next_fps(g, g->fps ? g->fps : HWS_FPS_DEFAULT, before, min, min * 2);
	unsigned top = highest(q);
	g->fps = f < 1 ? 1 : f > top ? top : f;
}

void hws_qos_sent(struct hws_qos *q)
{
	q->frames++;
}

static double lower_bound(const struct hws_qos *q, uint32_t base_kbit_s)
{
	double mbit = base_kbit_s ? 1000.0 / base_kbit_s : 1.0, low;

	if (q->target >= HWS_RATIO_BEST && q->target < HWS_RATIO_BEST + 0.01)
		low = mbit < 0.6 ? mbit : 0.6, low = low < 0.2 ? 0.2 : low;
	else if (q->target > 0.66 && q->target < 0.68)
		low = mbit < 0.335 ? mbit : 0.335, low = low < 0.1 ? 0.1 : low;
	else
		low = 0.1;
	return low < q->target ? low : q->target;
}

bool hws_qos_judge(struct hws_qos *q, uint32_t base_kbit_s, uint64_t now_us)
{
	unsigned worst = 0;
	bool any = false;

	if (!q->adapt || now_us - q->judged_us < JUDGE_US)
		return false;
	q->judged_us = now_us;
	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++)
		if (q->guest[i].used && q->guest[i].count) {
			worst = q->guest[i].delay > worst ? q->guest[i].delay : worst;
			any = true;
		}
	bool busy = q->frames >= 6;
	q->frames = 0;
	if (!any)
		return false;
	double by = worst < 50        ? 1.15
			: worst < 100 ? 1.10
			: worst < 150 ? 1.05
			: worst < 200 ? 0.95
			: worst < 300 ? 0.90
			: worst < 500 ? 0.85
				      : 0.80;
	if (by > 1 && !busy)
		return false;
	double now = q->ratio, next = now * by;
	if (by > 1 && now >= 0.5 && base_kbit_s && next > now + 150.0 / base_kbit_s)
		next = now + 150.0 / base_kbit_s;
	double low = lower_bound(q, base_kbit_s);
	next = next < low ? low : next > q->target ? q->target : next;
	q->ratio = next;
	return fabs(next - now) > 0.001;
}

unsigned hws_qos_fps(const struct hws_qos *q, uint64_t now_us)
{
	unsigned fps = highest(q), top = fps;

	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++) {
		const struct hws_qos_guest *g = &q->guest[i];
		if (!g->used)
			continue;
		unsigned own = g->fps ? g->fps : FPS_FIRST_SECOND;
		if (now_us - g->joined_us < HWS_US_PER_S)
			own = own < FPS_FIRST_SECOND ? own : FPS_FIRST_SECOND;
		if (g->late)
			own = own < FPS_LATE ? own : FPS_LATE;
		fps = own < fps ? own : fps;
	}
	return fps < 1 ? 1 : fps > top ? top : fps;
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

	/* The upper end is that of deployed hosts; the lower one is finer, so that a picture that rests
	 * becomes sharp: with the active map that costs few bits. */
	return (struct hws_quality){
		.bitrate_kbit_s = kbit < 50     ? 50
				: kbit > 200000 ? 200000
						: (uint32_t)kbit,
		.q_min = (uint8_t)(18 * (1 - t)),
		.q_max = (uint8_t)(56 - 19 * t),
	};
}
