/* AV1 halves the bytes for twice the time, so without anybody's wish it is taken where bytes are
 * short: for a line that carries less than the pictures are to cost, when it has been measured that
 * this machine is fast enough, and when its first picture passes that line soon. */
#include "client/services/video/host_codecs.h"
#include "client/media/codec_table.h"
#include "client/services/video/display_host.h"
#include "client/services/video/lanes.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <stdlib.h>

#define MEASURE_US (10 * HWS_US_PER_S)
#define KEY_BYTES 0.02 /* of a pixel in a first picture that is coded coarsely */
#define KEY_S 1.5      /* in which it passes */
#define FPS_MOST 30u   /* what a codec must keep up with */

struct measuring { /* a job */
	struct hws_video_host *v;
	enum hws_codec codec;
	struct hws_codec_took took;
};

static uint64_t now_of(const struct hws_video_host *v)
{
	return hws_loop_now_us(v->loop);
}

static uint64_t interval_of(const struct hws_video_lane *l)
{
	return HWS_US_PER_S / HWS_MIN(hws_video_lane_fps(l, now_of(l->v)), FPS_MOST);
}

static bool is_of(const struct hws_video_lane *l, const struct hws_video_viewer *w)
{
	return w->g && &l->v->lane[w->lane] == l;
}

/* The codecs that can hold every display: all displays share one. */
static uint32_t fitting(struct hws_video_host *v, double *ret_pixels)
{
	uint32_t set = hws_codecs_encodable() & ~v->broken;
	unsigned n;
	const struct hws_display *d = hws_capture_displays(v->capture, &n);

	*ret_pixels = 0;
	for (unsigned i = 0; i < n; i++) {
		*ret_pixels = HWS_MAX(*ret_pixels, (double)d[i].width * d[i].height);
		for (enum hws_codec c = HWS_CODEC_NONE; c < HWS_CODEC_COUNT; c++)
			if (!hws_codec_fits(c, d[i].width, d[i].height))
				set &= ~HWS_CODEC_BIT(c);
	}
	return set;
}

/* --- what is taken without a wish --- */

static int measure(void *arg)
{
	struct measuring *m = arg;

	return hws_codec_speed_measure(m->codec, MEASURE_US, &m->v->stopping, &m->took);
}

static void on_measured(void *arg, int r)
{
	struct measuring *m = arg;
	struct hws_video_host *v = m->v;

	v->jobs--;
	v->measuring &= ~HWS_CODEC_BIT(m->codec);
	if (r == HWS_OK)
		v->speed.took[m->codec] = m->took;
	hws_debug("video.codec_measured", HWS_STR("codec", hws_codec_name(m->codec)),
			HWS_U64("key_us", (uint64_t)m->took.key_us),
			HWS_U64("frame_us", (uint64_t)m->took.frame_us), HWS_ERR("result", r));
	hws_free(m);
	if (!v->closed)
		hws_host_codecs_choose(v);
	else if (!v->jobs)
		free(v);
}

/* Once; what could not be measured is not tried. */
static void measure_once(struct hws_video_host *v, enum hws_codec codec)
{
	uint32_t bit = HWS_CODEC_BIT(codec);
	struct measuring *m;

	if ((v->measured | v->measuring) & bit || !(m = hws_alloc(sizeof(*m))))
		return;
	*m = (struct measuring){ .v = v, .codec = codec };
	if (hws_work_submit(v->work, v->loop, measure, on_measured, m) < 0) {
		hws_free(m);
		return;
	}
	v->jobs++;
	v->measuring |= bit;
	v->measured |= bit;
}

static bool line_wants(const struct hws_video_lane *l, double pixels)
{
	bool any = false;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		const struct hws_video_viewer *w = &l->v->viewer[i];
		if (!is_of(l, w) || !w->narrow.narrow)
			continue;
		/* What is in use already need not begin again. */
		if (l->codec == HWS_CODEC_VP9 && w->narrow.line * KEY_S < pixels * KEY_BYTES)
			return false;
		any = true;
	}
	return any;
}

static uint32_t ready(struct hws_video_lane *l, double pixels)
{
	struct hws_video_host *v = l->v;
	uint32_t set = 0, all = ~0u;

	if (!line_wants(l, pixels))
		return 0;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (is_of(l, &v->viewer[i]))
			all &= v->viewer[i].wish.can;
	for (enum hws_codec c = HWS_CODEC_NONE; c < HWS_CODEC_COUNT; c++) {
		if (!hws_codec_row(c)->rank || !(all & HWS_CODEC_BIT(c)) ||
				!hws_codec_can_encode(c))
			continue;
		measure_once(v, c);
		if (hws_codec_speed_fits(&v->speed, c, pixels, interval_of(l), now_of(v)))
			set |= HWS_CODEC_BIT(c);
	}
	return set;
}

/* --- the choice --- */

/* For a switch that a viewer shows; told soon, when it is settled who shares with whom. */
static void note_usable(struct hws_video_lane *l, const struct hws_codec_wish *wish, unsigned n,
		const struct hws_codec_host *host)
{
	uint32_t usable = host->can, whole = host->whole;

	for (unsigned i = 0; i < n; i++) {
		usable &= wish[i].can;
		whole &= wish[i].whole;
	}
	usable |= HWS_CODEC_BIT(HWS_CODEC_VP9);
	if (usable == l->usable && whole == l->usable_whole)
		return;
	l->usable = usable;
	l->usable_whole = whole;
	if (n)
		hws_video_lanes_changed(l->v);
}

static void choose(struct hws_video_lane *l, struct hws_codec_host host, double pixels)
{
	struct hws_video_host *v = l->v;
	struct hws_codec_wish wish[HWS_HOST_VIEWERS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (is_of(l, &v->viewer[i]))
			wish[n++] = v->viewer[i].wish;
	note_usable(l, wish, n, &host);
	host.ready = ready(l, pixels);
	struct hws_codec_choice choice = hws_codec_choose(wish, n, &host);
	if (choice.codec == l->codec && choice.whole == l->whole_chroma)
		return;
	l->codec = choice.codec;
	l->whole_chroma = choice.whole;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		struct hws_display_host *s = &l->show[i];
		s->key = true;
		s->need_key = s->subs;
		hws_display_host_kick(s);
	}
}

void hws_host_codecs_choose(struct hws_video_host *v)
{
	double pixels;
	bool any = false;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		any = any || v->viewer[i].g;
	if (!any)
		v->broken = 0;
	struct hws_codec_host host = { .can = fitting(v, &pixels) };
	host.whole = host.can & hws_codecs_whole_encodable();
	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++)
		choose(&v->lane[k], host, pixels);
}

void hws_host_codecs_line(struct hws_video_host *v, unsigned slot)
{
	struct hws_video_viewer *w = &v->viewer[slot];

	if (hws_narrow_update(&w->narrow, hws_flow_line(&w->flow), w->flow.wish, now_of(v)))
		hws_host_codecs_choose(v);
}

void hws_host_codecs_coded(struct hws_video_lane *l, enum hws_codec codec, uint64_t took_us)
{
	struct hws_video_host *v = l->v;
	uint64_t slow = v->speed.slow_us[codec];

	hws_codec_speed_note(&v->speed, codec, took_us, interval_of(l), now_of(v));
	if (v->speed.slow_us[codec] != slow)
		hws_host_codecs_choose(v);
}

void hws_host_codecs_failed(struct hws_video_host *v, enum hws_codec codec)
{
	if (codec == HWS_CODEC_VP9)
		return;
	v->broken |= HWS_CODEC_BIT(codec);
	hws_host_codecs_choose(v);
}
