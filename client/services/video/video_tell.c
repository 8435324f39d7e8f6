/* What a viewer is told of the displays: one of them, with the sizes that it can have, or the whole
 * list; and of the codecs. */
#include "client/core/codec_wire.h"
#include "client/media/codec_table.h"
#include "client/services/video/video_parts.h"

void hws_video_tell_geometry(struct hws_video_host *v, struct hws_host_viewer *g, unsigned index)
{
	unsigned n;
	const struct hws_display *d = hws_capture_displays(v->capture, &n);
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__SwitchDisplay sd = SES__SWITCH_DISPLAY__INIT;
	struct hws_sizes_msg sizes;
	Ses__Resolution original;

	if (index >= n)
		return;
	d += index;
	hws_sizes_msg_fill(&sizes, v->screens, index);
	original = hws_original_msg(d, v->screens, index);
	sd.display = (int32_t)index;
	sd.x = d->x;
	sd.y = d->y;
	sd.width = d->width;
	sd.height = d->height;
	sd.resolutions = &sizes.m;
	sd.original_resolution = &original;
	misc.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	misc.switch_display = &sd;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	hws_host_viewer_tell(g, &m);
}

void hws_video_tell_list(struct hws_video_host *v, struct hws_host_viewer *g)
{
	struct hws_display_msg list;
	unsigned n;
	const struct hws_display *d = hws_capture_displays(v->capture, &n);
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;

	hws_display_msg_fill(&list, d, n, v->screens);
	pi.displays = list.ptr;
	pi.n_displays = list.count;
	m.union_case = SES__MESSAGE__UNION_PEER_INFO;
	m.peer_info = &pi;
	hws_host_viewer_tell(g, &m);
}

void hws_video_tell_usable(struct hws_video_host *v, struct hws_video_viewer *w)
{
	const struct hws_video_lane *l = &v->lane[w->lane];
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__SupportedEncoding encoding = SES__SUPPORTED_ENCODING__INIT;
	Ses__CodecAbility whole = SES__CODEC_ABILITY__INIT;

	if (!w->says_codecs)
		return;
	if (!w->usable) { /* of the login */
		w->usable = hws_codecs_encodable();
		w->usable_whole = hws_codecs_whole_encodable();
	}
	if (w->usable == l->usable && w->usable_whole == l->usable_whole)
		return;
	w->usable = l->usable;
	w->usable_whole = l->usable_whole;
	hws_codecs_to_encoding(l->usable, &encoding);
	hws_codecs_to_ability(l->usable_whole, &whole);
	encoding.i444 = &whole;
	misc.union_case = SES__MISC__UNION_SUPPORTED_ENCODING;
	misc.supported_encoding = &encoding;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	hws_host_viewer_tell(w->g, &m);
}
