/* Which displays of the host are shown, and what the user wishes of them. Displays have no names on
 * the wire but their places in a list that may change at any moment: what was shown is found again
 * by the name that the list gives it. */
#include "client/core/viewer_parts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"
#include <string.h>

static bool knows_many(const struct hws_viewer *v)
{
	return v->peer.version_number >= HWS_V_MULTI_DISPLAY;
}

int hws_viewer_refresh(struct hws_viewer *v, int display)
{
	Ses__Misc misc = SES__MISC__INIT;

	if (display >= 0 && knows_many(v)) {
		misc.union_case = SES__MISC__UNION_REFRESH_VIDEO_DISPLAY;
		misc.refresh_video_display = display;
	} else {
		misc.union_case = SES__MISC__UNION_REFRESH_VIDEO;
		misc.refresh_video = true;
	}
	return hws_viewer_send_misc(v, &misc);
}

/* All of them, or the current one and those beside it. Always the whole set, for hosts do not
 * agree on what it means to take one away. */
static int subscribe(struct hws_viewer *v)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__CaptureDisplays cap = SES__CAPTURE_DISPLAYS__INIT;
	int32_t list[HWS_PEER_DISPLAYS_MAX];

	for (size_t i = 0; i < v->peer.display_count; i++)
		if (v->options.all_displays || i == v->peer.current || v->beside >> i & 1)
			list[cap.n_set++] = (int32_t)i;
	if (!cap.n_set)
		return HWS_OK;
	cap.set = list;
	misc.union_case = SES__MISC__UNION_CAPTURE_DISPLAYS;
	misc.capture_displays = &cap;
	return hws_viewer_send_misc(v, &misc);
}

int hws_viewer_show(struct hws_viewer *v, size_t display)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__SwitchDisplay sw = SES__SWITCH_DISPLAY__INIT;
	int32_t index = (int32_t)display;
	int r;

	if (v->state != HWS_VIEWER_READY)
		return HWS_ERR_DENIED;
	if (display >= v->peer.display_count)
		return HWS_ERR_RANGE;
	v->options.all_displays = false;
	v->peer.current = display;
	sw.display = index;
	misc.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	misc.switch_display = &sw;
	r = hws_viewer_send_misc(v, &misc);
	if (r == HWS_OK && knows_many(v))
		r = subscribe(v);
	if (r == HWS_OK)
		r = hws_viewer_refresh(v, index);
	v->ops.displays(v->arg);
	return r;
}

int hws_viewer_show_all(struct hws_viewer *v)
{
	size_t n = v->peer.display_count;
	int r;

	if (v->state != HWS_VIEWER_READY)
		return HWS_ERR_DENIED;
	if (!knows_many(v))
		return HWS_ERR_UNSUPPORTED;
	v->options.all_displays = true;
	r = subscribe(v);
	for (size_t i = 0; i < n && r == HWS_OK; i++)
		r = hws_viewer_refresh(v, (int)i);
	return r;
}

static int refresh_each(struct hws_viewer *v, uint32_t displays)
{
	int r = HWS_OK;

	for (size_t i = 0; i < v->peer.display_count && r == HWS_OK; i++)
		if (displays >> i & 1)
			r = hws_viewer_refresh(v, (int)i);
	return r;
}

int hws_viewer_show_beside(struct hws_viewer *v, uint32_t displays)
{
	uint32_t before = v->beside;
	int r;

	if (v->state != HWS_VIEWER_READY)
		return HWS_ERR_DENIED;
	if (!knows_many(v))
		return displays ? HWS_ERR_UNSUPPORTED : HWS_OK;
	displays &= (uint32_t)((1ull << v->peer.display_count) - 1);
	if (displays == before)
		return HWS_OK;
	v->beside = displays;
	if (v->options.all_displays)
		return HWS_OK; /* they come already */
	r = subscribe(v);
	return r < 0 ? r : refresh_each(v, displays & ~before);
}

void hws_viewer_choose_displays(struct hws_viewer *v, bool all)
{
	if (all == v->options.all_displays || v->state != HWS_VIEWER_READY)
		v->options.all_displays = all;
	else if (all ? hws_viewer_show_all(v) < 0 : hws_viewer_show(v, v->peer.current) < 0)
		v->options.all_displays = false;
}

void hws_viewer_displays_begin(struct hws_viewer *v)
{
	v->beside = 0; /* places in another list */
	if (v->options.all_displays && v->peer.display_count > 1 && hws_viewer_show_all(v) < 0)
		v->options.all_displays = false;
}

/* The display of that name; the list's length when there is none. */
static size_t find_name(const struct hws_peer *p, const char *name)
{
	size_t i = 0;

	while (i < p->display_count && !hws_str_equal(p->display[i].name, name))
		i++;
	return i;
}

/* Where those beside the current one are in the new list. */
static uint32_t find_beside(
		const struct hws_peer *before, uint32_t displays, const struct hws_peer *p)
{
	uint32_t ret = 0;

	for (size_t i = 0; i < before->display_count; i++) {
		const char *name = before->display[i].name;
		size_t at = i < p->display_count && hws_str_equal(p->display[i].name, name)
				? i
				: find_name(p, name);
		if (displays >> i & 1 && at < p->display_count)
			ret |= 1u << at;
	}
	return ret;
}

static void set_list(struct hws_viewer *v, const Ses__PeerInfo *info)
{
	struct hws_peer *before = v->beside ? hws_alloc(sizeof(*before)) : NULL;

	if (before)
		*before = v->peer;
	hws_peer_set_displays(&v->peer, info);
	v->beside = before ? find_beside(before, v->beside, &v->peer) : 0;
	hws_free(before);
}

void hws_viewer_on_peer_info(struct hws_viewer *v, const Ses__PeerInfo *info)
{
	size_t before = v->peer.current, now;
	char name[HWS_PEER_TEXT] = "";

	if (before < v->peer.display_count)
		memcpy(name, v->peer.display[before].name, sizeof(name));
	set_list(v, info);
	now = find_name(&v->peer, name);
	/* Names may be missing, or all the same: then places count. */
	if (now >= v->peer.display_count || !*name)
		now = before < v->peer.display_count ? before : 0;
	v->peer.current = now;
	bool told = false; /* who shows another display tells the change */
	if (v->options.all_displays)
		told = hws_viewer_show_all(v) < 0 && hws_viewer_show(v, now) == HWS_OK;
	else if (v->peer.display_count && now != before)
		told = hws_viewer_show(v, now) == HWS_OK;
	if (v->beside && !v->options.all_displays &&
			(subscribe(v) < 0 || refresh_each(v, v->beside) < 0))
		v->beside = 0;
	if (!told)
		v->ops.displays(v->arg);
}

/* --- wishes ----------------------------------------------------------------------------------- */

int hws_viewer_resize(struct hws_viewer *v, size_t display, int width, int height)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Resolution size = SES__RESOLUTION__INIT;
	Ses__DisplayResolution wish = SES__DISPLAY_RESOLUTION__INIT;

	if (display >= v->peer.display_count)
		return HWS_ERR_RANGE;
	size.width = width;
	size.height = height;
	if (knows_many(v)) {
		wish.display = (int32_t)display;
		wish.resolution = &size;
		misc.union_case = SES__MISC__UNION_CHANGE_DISPLAY_RESOLUTION;
		misc.change_display_resolution = &wish;
	} else if (display == v->peer.current) {
		misc.union_case = SES__MISC__UNION_CHANGE_RESOLUTION;
		misc.change_resolution = &size;
	} else {
		return HWS_ERR_UNSUPPORTED;
	}
	return hws_viewer_send_misc(v, &misc);
}

int hws_viewer_plug(struct hws_viewer *v, int number, bool on)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__ToggleVirtualDisplay t = SES__TOGGLE_VIRTUAL_DISPLAY__INIT;

	t.display = number;
	t.on = on;
	misc.union_case = SES__MISC__UNION_TOGGLE_VIRTUAL_DISPLAY;
	misc.toggle_virtual_display = &t;
	return hws_viewer_send_misc(v, &misc);
}

/* Old hosts have an option in the place of the message. */
int hws_viewer_darken(struct hws_viewer *v, bool on)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__TogglePrivacyMode t = SES__TOGGLE_PRIVACY_MODE__INIT;
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	if (knows_many(v)) {
		t.on = on;
		misc.union_case = SES__MISC__UNION_TOGGLE_PRIVACY_MODE;
		misc.toggle_privacy_mode = &t;
	} else {
		o.privacy_mode = on ? SES__OPTION_MESSAGE__BOOL_OPTION__Yes
				    : SES__OPTION_MESSAGE__BOOL_OPTION__No;
		misc.union_case = SES__MISC__UNION_OPTION;
		misc.option = &o;
	}
	return hws_viewer_send_misc(v, &misc);
}
