/* Taps are a list: a packet goes through it, and who is called may take itself out. */
#include "client/services/video/tap.h"
#include "client/services/video/display_host.h"

void hws_video_tap_add(struct hws_video_host *v, struct hws_video_tap *t)
{
	hws_list_push(&v->taps, &t->node);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		hws_video_tap_key(v, i);
}

void hws_video_tap_remove(struct hws_video_tap *t)
{
	hws_list_remove(&t->node);
}

void hws_video_tap_key(struct hws_video_host *v, unsigned display)
{
	if (display >= HWS_DISPLAYS_MAX || !v->show[display].subs)
		return; /* it begins with one */
	v->show[display].key = true;
	hws_display_host_kick(&v->show[display]);
}

bool hws_video_tapped(const struct hws_video_host *v)
{
	return !hws_list_empty(&v->taps);
}

void hws_video_tap_packet(struct hws_video_host *v, const struct hws_tapped_packet *p)
{
	struct hws_list *i, *tmp;

	hws_list_for_safe (i, tmp, &v->taps) {
		struct hws_video_tap *t = hws_container(i, struct hws_video_tap, node);
		t->packet(t, p);
	}
}

void hws_video_tap_stopped(struct hws_video_host *v, unsigned display)
{
	struct hws_list *i, *tmp;

	hws_list_for_safe (i, tmp, &v->taps) {
		struct hws_video_tap *t = hws_container(i, struct hws_video_tap, node);
		t->stopped(t, display);
	}
}
