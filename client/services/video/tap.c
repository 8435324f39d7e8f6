/* Taps are a list: a packet goes through it, and who is called may take itself out. */
#include "client/services/video/tap.h"
#include "client/services/video/display_host.h"
#include "client/services/video/lanes.h"

void hws_video_tap_add(struct hws_video_host *v, struct hws_video_tap *t)
{
	hws_list_push(&v->taps, &t->node);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		v->tapped[i].begun = false;
		hws_video_tap_key(v, i);
	}
}

void hws_video_tap_remove(struct hws_video_tap *t)
{
	hws_list_remove(&t->node);
}

void hws_video_tap_key(struct hws_video_host *v, unsigned display)
{
	struct hws_display_host *s = display < HWS_DISPLAYS_MAX ? v->tapped[display].from : NULL;

	if (!s)
		return; /* it begins with one */
	s->key = true;
	hws_display_host_kick(s);
}

static bool is_from(const struct hws_display_host *s)
{
	return s->v->tapped[s->index].from == s;
}

bool hws_video_tapped(const struct hws_display_host *s)
{
	return is_from(s) && !hws_list_empty(&s->v->taps);
}

void hws_video_tap_packet(struct hws_display_host *s, const struct hws_tapped_packet *p)
{
	struct hws_video_tapped *from = &s->v->tapped[s->index];
	struct hws_list *i, *tmp;

	if (!is_from(s) || (!from->begun && !p->key))
		return;
	from->begun = true;
	hws_list_for_safe (i, tmp, &s->v->taps) {
		struct hws_video_tap *t = hws_container(i, struct hws_video_tap, node);
		t->packet(t, p);
	}
}

static void stopped(struct hws_video_host *v, unsigned display)
{
	struct hws_list *i, *tmp;

	v->tapped[display].begun = false;
	hws_list_for_safe (i, tmp, &v->taps) {
		struct hws_video_tap *t = hws_container(i, struct hws_video_tap, node);
		t->stopped(t, display);
	}
}

void hws_video_tap_stopped(struct hws_display_host *s)
{
	if (is_from(s) && s->v->tapped[s->index].begun)
		stopped(s->v, s->index);
}

/* Does somebody watch here whose line is as the others'? */
static bool is_fluent(const struct hws_display_host *s)
{
	uint64_t now = hws_loop_now_us(s->v->loop);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (s->subs >> i & 1 && !hws_video_is_apart(&s->v->viewer[i], now))
			return true;
	return false;
}

static bool is_better(const struct hws_display_host *s, const struct hws_display_host *than)
{
	if (!than || is_fluent(s) != is_fluent(than))
		return !than || is_fluent(s);
	return hws_video_lane_ratio(s->lane) > hws_video_lane_ratio(than->lane);
}

void hws_video_tap_choose(struct hws_video_host *v, unsigned display)
{
	struct hws_video_tapped *tapped = &v->tapped[display];
	struct hws_display_host *best = NULL;

	for (unsigned k = 0; k < HWS_VIDEO_LANES; k++) {
		struct hws_display_host *s = &v->lane[k].show[display];
		if (s->subs && is_better(s, best))
			best = s;
	}
	if (best == tapped->from)
		return;
	if (tapped->begun)
		stopped(v, display);
	tapped->from = best;
	if (best && !hws_list_empty(&v->taps))
		hws_video_tap_key(v, display);
}
