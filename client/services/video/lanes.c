/* A change of lane costs the viewer a whole picture, so none happens for what a wish or a line is
 * for a moment; and of those who do not fit together the ones with the fewest fellows go. */
#include "client/services/video/lanes.h"
#include "client/services/video/display_host.h"
#include "client/services/video/display_viewers.h"
#include "client/services/video/host_codecs.h"
#include "client/services/video/tap.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#define PACE_US (2 * HWS_US_PER_S)   /* between two changes of lane of a viewer */
#define APART_US (60 * HWS_US_PER_S) /* so long a viewer is trusted less that held others up */
#define LIKE 0.02                    /* wishes that differ by less are alike */
#define OTHER_LINE 100.0             /* more than any wishes differ */

static uint64_t now_of(const struct hws_video_host *v)
{
	return hws_loop_now_us(v->loop);
}

static unsigned index_of(const struct hws_video_lane *l)
{
	return (unsigned)(l - l->v->lane);
}

static uint32_t slots_of(const struct hws_video_lane *l)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (l->v->viewer[i].g && l->v->viewer[i].lane == index_of(l))
			set |= 1u << i;
	return set;
}

/* --- the capture --- */

static void on_damage(unsigned display, void *arg)
{
	struct hws_video_lane *l = arg;

	hws_display_host_damaged(&l->show[display]);
}

static void on_frame(unsigned display, int r, struct hws_picture *picture,
		const struct hws_region *damage, void *arg)
{
	struct hws_video_lane *l = arg;

	hws_display_host_frame(&l->show[display], r, picture, damage);
}

/* For services that show the viewer something of a display. */
void hws_video_note_watched(struct hws_video_host *v, unsigned slot)
{
	struct hws_video_viewer *w = &v->viewer[slot];
	unsigned n = 0;

	if (!w->g)
		return;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		n += hws_video_watches(v, slot, i);
	w->g->many = n > 1;
	w->g->display = w->current;
}

static void restart(struct hws_display_host *s)
{
	s->started = s->out = false; /* the capture has stopped and released everything */
	hws_display_host_stop(s);
	s->lagging = 0;
	s->need_key = s->subs;
	s->key = true;
}

static void on_displays(void *arg)
{
	struct hws_video_lane *l = arg;
	struct hws_video_host *v = l->v;
	unsigned n, primary = hws_video_primary(v);

	hws_capture_displays(v->capture, &n);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		struct hws_display_host *s = &l->show[i];
		restart(s);
		if (i != primary && i >= n && s->subs) { /* also when there is none left */
			l->show[primary].subs |= s->subs;
			s->subs = 0;
			hws_video_tap_choose(v, i);
		}
	}
	l->show[primary].need_key = l->show[primary].subs;
	hws_video_tap_choose(v, primary);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_video_viewer *w = &v->viewer[i];
		if (!w->g || w->lane != index_of(l))
			continue;
		if (w->current >= n)
			w->current = primary;
		hws_video_note_watched(v, i);
		hws_video_tell_list(v, w->g);
		hws_video_tell_geometry(v, w->g, w->current);
	}
	hws_host_codecs_choose(v);
	for (unsigned i = 0; i < n; i++)
		hws_display_host_kick(&l->show[i]);
}

static int open_lane(struct hws_video_host *v, unsigned k)
{
	struct hws_video_lane *l = &v->lane[k];
	struct hws_capture_events ev = {
		.on_damage = on_damage,
		.on_frame = on_frame,
		.on_displays = on_displays,
		.arg = l,
	};

	return l->reader ? HWS_OK : hws_capture_subscribe(v->capture, &ev, &l->reader);
}

int hws_video_lanes_open(struct hws_video_host *v)
{
	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++) {
		struct hws_video_lane *l = &v->lane[k];
		l->v = v;
		l->codec = HWS_CODEC_VP9;
		for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
			l->show[i].v = v;
			l->show[i].lane = l;
			l->show[i].index = i;
		}
	}
	return open_lane(v, 0);
}

void hws_video_lanes_close(struct hws_video_host *v)
{
	hws_timer_stop(&v->regroup);
	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++) {
		struct hws_video_lane *l = &v->lane[k];
		for (unsigned i = 0; l->v && i < HWS_DISPLAYS_MAX; i++)
			hws_display_host_stop(&l->show[i]);
		hws_capture_unsubscribe(l->reader);
		l->reader = NULL;
	}
}

/* --- what viewers watch --- */

unsigned hws_video_primary(const struct hws_video_host *v)
{
	unsigned n, primary = 0;
	const struct hws_display *list = hws_capture_displays(v->capture, &n);

	for (unsigned i = n; i-- > 0;)
		if (list[i].primary)
			primary = i;
	return primary;
}

struct hws_display_host *hws_video_shown(struct hws_video_host *v, unsigned slot, unsigned index)
{
	return &v->lane[v->viewer[slot].lane].show[index];
}

bool hws_video_watches(const struct hws_video_host *v, unsigned slot, unsigned index)
{
	return v->lane[v->viewer[slot].lane].show[index].subs >> slot & 1;
}

static void begin(struct hws_display_host *s, unsigned slot)
{
	s->subs |= 1u << slot;
	s->need_key |= 1u << slot;
	s->lagging &= ~(1u << slot);
	s->key = true;
}

static void end(struct hws_display_host *s, unsigned slot)
{
	s->subs &= ~(1u << slot);
	s->need_key &= s->subs;
	s->lagging &= s->subs;
	if (!s->subs && s->started)
		hws_display_host_stop(s);
}

void hws_video_subscribe(struct hws_video_host *v, unsigned slot, unsigned index)
{
	struct hws_display_host *s = hws_video_shown(v, slot, index);

	if (s->subs >> slot & 1)
		return;
	begin(s, slot);
	hws_video_note_watched(v, slot);
	hws_video_tap_choose(v, index);
	hws_display_viewers_tell_bitrate(
			v); /* of what is already running; news of it may never come */
	hws_display_host_kick(s);
}

void hws_video_unsubscribe(struct hws_video_host *v, unsigned slot, unsigned index)
{
	struct hws_display_host *s = hws_video_shown(v, slot, index);

	if (!(s->subs >> slot & 1))
		return;
	end(s, slot);
	hws_video_note_watched(v, slot);
	hws_video_tap_choose(v, index);
	hws_display_host_kick(s); /* perhaps the others waited for this one */
	hws_display_viewers_tell_bitrate(v);
}

void hws_video_demand_key(struct hws_video_host *v, unsigned slot, unsigned index)
{
	struct hws_display_host *s = hws_video_shown(v, slot, index);

	if (!(s->subs >> slot & 1))
		return;
	s->key = true;
	s->need_key |= 1u << slot;
	hws_display_host_kick(s);
}

void hws_video_kick(struct hws_video_host *v, unsigned slot)
{
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		if (hws_video_watches(v, slot, i))
			hws_display_host_kick(hws_video_shown(v, slot, i));
}

/* --- who shares with whom --- */

bool hws_video_is_apart(const struct hws_video_viewer *w, uint64_t now)
{
	return w->narrow.narrow || w->slow.narrow ||
			(w->held_up_us && now < w->held_up_us + APART_US);
}

/* Between this viewer and the others of the lane, of those it is farthest from. */
static double distance(const struct hws_video_lane *l, unsigned slot, uint64_t now)
{
	const struct hws_video_viewer *w = l->v->viewer;
	uint32_t others = slots_of(l) & ~(1u << slot);
	bool apart = hws_video_is_apart(&w[slot], now);
	double far = 0;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		if (!(others >> i & 1))
			continue;
		double d = hws_qos_distance(&l->v->qos, slot, i);
		bool apart_too = hws_video_is_apart(&w[i], now);
		d += apart != apart_too ? OTHER_LINE : apart ? LIKE : 0;
		far = HWS_MAX(far, d);
	}
	return far;
}

static bool fits(const struct hws_video_lane *l, unsigned slot, uint64_t now)
{
	return distance(l, slot, now) < LIKE;
}

/* How many of its lane are as this one. */
static unsigned fellows(const struct hws_video_host *v, unsigned slot, uint64_t now)
{
	uint32_t others = slots_of(&v->lane[v->viewer[slot].lane]) & ~(1u << slot);
	unsigned n = 0;

	if (hws_video_is_apart(&v->viewer[slot], now))
		return 0;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		n += others >> i & 1 && !hws_video_is_apart(&v->viewer[i], now) &&
				hws_qos_distance(&v->qos, slot, i) < LIKE;
	return n;
}

/* The lane that is right for it, perhaps the one that it is in. */
static unsigned right_lane(struct hws_video_host *v, unsigned slot, uint64_t now)
{
	unsigned own = v->viewer[slot].lane, nearest = own;
	bool fits_own = fits(&v->lane[own], slot, now);

	/* Lanes that are alike become one, the first. */
	for (unsigned k = 0; k < (fits_own ? own : HWS_VIDEO_LANES); k++)
		if (slots_of(&v->lane[k]) && fits(&v->lane[k], slot, now))
			return k;
	if (fits_own)
		return own;
	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++)
		if (!slots_of(&v->lane[k]) && open_lane(v, k) == HWS_OK)
			return k;
	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++)
		if (v->lane[k].reader &&
				distance(&v->lane[k], slot, now) + LIKE <
						distance(&v->lane[nearest], slot, now))
			nearest = k;
	return nearest;
}

static void move(struct hws_video_host *v, unsigned slot, unsigned to)
{
	struct hws_video_viewer *w = &v->viewer[slot];
	struct hws_video_lane *from = &v->lane[w->lane];

	w->lane = to;
	hws_host_codecs_choose(v);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		if (!(from->show[i].subs >> slot & 1))
			continue;
		begin(&v->lane[to].show[i], slot);
		/* First: the capture goes on, should this have been the last one there. */
		hws_display_host_kick(&v->lane[to].show[i]);
		end(&from->show[i], slot);
		hws_video_tap_choose(v, i);
		hws_display_host_kick(&from->show[i]);
	}
	hws_display_viewers_tell_bitrate(v);
	hws_debug("video.lane", HWS_U64("viewer", w->g->conn), HWS_U64("lane", to));
}

/* Until it may change its lane. */
static uint64_t rest_of(const struct hws_video_viewer *w, uint64_t now)
{
	return w->placed_us && now < w->placed_us + PACE_US ? w->placed_us + PACE_US - now : 0;
}

/* The one of `left` that goes first. */
static unsigned next_of(const struct hws_video_host *v, uint32_t left, uint64_t now)
{
	unsigned next = HWS_HOST_VIEWERS_MAX, fewest = HWS_HOST_VIEWERS_MAX;

	for (unsigned i = HWS_HOST_VIEWERS_MAX; i-- > 0;) {
		unsigned n = left >> i & 1 ? fellows(v, i, now) : HWS_HOST_VIEWERS_MAX;
		if (n < fewest) {
			fewest = n;
			next = i;
		}
	}
	return next;
}

/* True: at this time it is to be looked at again. */
static bool regroup_all(struct hws_video_host *v, uint32_t left, uint64_t now, uint64_t *ret_again)
{
	uint64_t again = UINT64_MAX;

	while (left) {
		unsigned slot = next_of(v, left, now), to = right_lane(v, slot, now);
		struct hws_video_viewer *w = &v->viewer[slot];
		uint64_t rest = rest_of(w, now);
		left &= ~(1u << slot);
		if (w->held_up_us && now < w->held_up_us + APART_US)
			again = HWS_MIN(again, w->held_up_us + APART_US - now);
		if (to != w->lane && rest) {
			again = HWS_MIN(again, rest);
			continue;
		}
		if (to != w->lane)
			move(v, slot, to);
		else if (w->placed_us)
			continue;
		w->placed_us = now;
	}
	*ret_again = again;
	return again != UINT64_MAX;
}

static void regroup(void *arg)
{
	struct hws_video_host *v = arg;
	uint64_t again;
	uint32_t all = 0;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (v->viewer[i].g)
			all |= 1u << i;
	/* who is alone is at its place */
	if (all & (all - 1) && regroup_all(v, all, now_of(v), &again))
		hws_timer_start(v->loop, &v->regroup, again, regroup, v);
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (v->viewer[i].g)
			hws_video_tell_usable(v, &v->viewer[i]);
}

void hws_video_lanes_changed(struct hws_video_host *v)
{
	hws_timer_start(v->loop, &v->regroup, 0, regroup, v);
}

void hws_video_lanes_held_up(struct hws_video_host *v, unsigned slot)
{
	v->viewer[slot].held_up_us = now_of(v);
	hws_video_lanes_changed(v);
}

void hws_video_lanes_join(struct hws_video_host *v, unsigned slot)
{
	unsigned to = 0;

	/* What it wishes is told in a moment: nobody else is sent a whole picture before that. */
	while (to < HWS_VIDEO_LANES &&
			(slots_of(&v->lane[to]) & ~(1u << slot) || open_lane(v, to) < 0))
		to++;
	v->viewer[slot].lane = to < HWS_VIDEO_LANES ? to : 0;
	hws_video_lanes_changed(v);
}

void hws_video_lanes_leave(struct hws_video_host *v, unsigned slot)
{
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		hws_video_unsubscribe(v, slot, i);
	hws_video_lanes_changed(v);
}

/* --- for the displays of a lane --- */

unsigned hws_video_lane_fps(const struct hws_video_lane *l, uint64_t now)
{
	return hws_qos_fps(&l->v->qos, slots_of(l), now);
}

double hws_video_lane_ratio(const struct hws_video_lane *l)
{
	return hws_qos_ratio(&l->v->qos, slots_of(l));
}

uint64_t hws_video_lanes_began(const struct hws_display_host *s)
{
	const struct hws_video_host *v = s->v;

	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++)
		if (&v->lane[k] != s->lane && v->lane[k].show[s->index].started)
			return v->lane[k].show[s->index].began_us;
	return now_of(v);
}
