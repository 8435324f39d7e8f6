/* The protocol has no answer to a size that cannot be: who asked would look at the old one and
 * wonder. So it is told in a box, by the display's driver if that is who refused. */
#include "client/services/displays/displays_host.h"
#include "client/services/displays/follow.h"
#include "shared/base/bucket.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

/* Changes of a viewer: some at once, then one a second. Monitors take their time. */
#define CHANGES_BURST 8
#define CHANGES_RATE 1

struct displays_viewer {
	struct hws_host_viewer *g;
	struct hws_bucket changes;
	bool plugs; /* what it asked for last was a virtual display, which comes: not goes */
};

struct hws_displays_host {
	struct hws_host_service service;
	struct hws_host_env env;
	struct hws_capture *capture;
	struct hws_screens *screens; /* NULL: nothing can be changed */
	struct displays_viewer viewer[HWS_HOST_VIEWERS_MAX];
	struct hws_follow *follow;
};

static struct hws_displays_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_displays_host, service);
}

static void audit(struct hws_displays_host *h, const struct hws_host_viewer *g, const char *what,
		const char *text, int result)
{
	hws_host_audit(&h->env, g,
			&(struct hws_audit_event){ .what = what,
					.path = hws_bytes_str(text),
					.result = result });
}

/* --- how it ended --- */

static struct displays_viewer *who_is(struct hws_displays_host *h, uint64_t who)
{
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->viewer[i].g && hws_host_viewer_mark(h->viewer[i].g) == who)
			return &h->viewer[i];
	return NULL;
}

static void on_done(enum hws_screens_act act, uint64_t who, int r, const char *why, void *arg)
{
	struct hws_displays_host *h = arg;
	struct displays_viewer *w = who_is(h, who);
	char text[600];

	if (!w || r >= 0)
		return;
	if (act == HWS_SCREENS_RESIZE) {
		if (hws_fmt(text, sizeof(text), "The display keeps its size: %s.", why) == HWS_OK)
			hws_host_viewer_box(w->g, "Resolution", text);
	} else if (hws_fmt(text, sizeof(text), "%s%s",
				   w->plugs ? "Failed to plug in virtual display: "
					    : "Failed to plug out virtual displays: ",
				   why) == HWS_OK) {
		hws_host_viewer_box(w->g, "Virtual display", text);
	}
}

/* --- wishes --- */

static bool is_too_much(struct hws_displays_host *h, struct displays_viewer *w)
{
	if (hws_bucket_take(&w->changes, 1, hws_loop_now_us(h->env.loop)))
		return false;
	hws_host_viewer_box(w->g, "Resolution",
			"The displays stay as they are: that was too often at once.");
	return true;
}

static bool resize(struct hws_displays_host *h, struct displays_viewer *w, int64_t display,
		const Ses__Resolution *size)
{
	unsigned n;
	const struct hws_display *list = hws_capture_displays(h->capture, &n);
	char text[120];

	if (!h->screens)
		return false;
	if (!size || display < 0 || display >= n)
		return true; /* a list that is old already: the new one is on its way */
	if (size->width == list[display].width && size->height == list[display].height)
		return true;
	if (size->width < HWS_SCREEN_SIDE_MIN || size->height < HWS_SCREEN_SIDE_MIN ||
			size->width > INT16_MAX || size->height > INT16_MAX) {
		hws_host_viewer_box(w->g, "Resolution",
				"The display keeps its size: that is none that a display can "
				"have.");
		return true;
	}
	if (is_too_much(h, w))
		return true;
	if (hws_fmt(text, sizeof(text), "%s %dx%d", list[display].name, (int)size->width,
			    (int)size->height) == HWS_OK)
		audit(h, w->g, "display.size", text, HWS_OK);
	hws_screens_resize(h->screens, (unsigned)display,
			(struct hws_size){ size->width, size->height }, w->g->slot,
			hws_host_viewer_mark(w->g));
	return true;
}

static bool plug(struct hws_displays_host *h, struct displays_viewer *w,
		const Ses__ToggleVirtualDisplay *t)
{
	if (!h->screens)
		return false;
	if (is_too_much(h, w))
		return true;
	w->plugs = t->on;
	audit(h, w->g, t->on ? "display.plug" : "display.unplug", "", HWS_OK);
	hws_screens_plug(h->screens, t->display, t->on, w->g->slot, hws_host_viewer_mark(w->g));
	return true;
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *g, const Ses__Message *m)
{
	struct hws_displays_host *h = of(s);
	struct displays_viewer *w = &h->viewer[g->slot];

	if (w->g != g || m->union_case != SES__MESSAGE__UNION_MISC)
		return false;
	switch (m->misc->union_case) {
	case SES__MISC__UNION_CHANGE_RESOLUTION:
		return resize(h, w, g->display, m->misc->change_resolution);
	case SES__MISC__UNION_CHANGE_DISPLAY_RESOLUTION:
		return resize(h, w, m->misc->change_display_resolution->display,
				m->misc->change_display_resolution->resolution);
	case SES__MISC__UNION_TOGGLE_VIRTUAL_DISPLAY:
		return plug(h, w, m->misc->toggle_virtual_display);
	default:
		return false;
	}
}

/* --- viewers --- */

static void on_join(struct hws_host_service *s, struct hws_host_viewer *g)
{
	struct hws_displays_host *h = of(s);

	h->viewer[g->slot] = (struct displays_viewer){ .g = g };
	hws_bucket_init(&h->viewer[g->slot].changes, CHANGES_RATE, CHANGES_BURST,
			hws_loop_now_us(h->env.loop));
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *g)
{
	struct hws_displays_host *h = of(s);

	hws_follow_leave(h->follow, g);
	h->viewer[g->slot].g = NULL;
	if (h->screens)
		hws_screens_leave(h->screens, g->slot);
}

static void on_option(
		struct hws_host_service *s, struct hws_host_viewer *g, const Ses__OptionMessage *o)
{
	hws_follow_option(of(s)->follow, g, o);
}

static int displays_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_displays_host *h = hws_alloc(sizeof(*h));
	int r;

	if (!h)
		return HWS_ERR_NOMEM;
	r = hws_follow_new(env, &h->follow);
	if (r < 0) {
		hws_free(h);
		return r;
	}
	h->service.impl = &hws_displays_host_service;
	h->env = *env;
	h->capture = env->platform->capture;
	h->screens = env->platform->screens;
	if (h->screens)
		h->screens->displays = (struct hws_screens_events){ .on_done = on_done, .arg = h };
	*ret = &h->service;
	return HWS_OK;
}

static void displays_free(struct hws_host_service *s)
{
	struct hws_displays_host *h = of(s);

	if (h->screens)
		h->screens->displays = (struct hws_screens_events){ 0 };
	hws_follow_free(h->follow);
	hws_free(h);
}

const struct hws_host_service_impl hws_displays_host_service = {
	.id = HWS_SERVICE_DISPLAYS,
	.name = "displays",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = displays_new,
	.free = displays_free,
	.join = on_join,
	.leave = on_leave,
	.message = on_message,
	.option = on_option,
};
