/* The displays of an X server: what they may become is looked up when their list changes; changes
 * are the keeper's, which is started with the first one. */
#include "client/platform/x11/keeper.h"
#include "client/platform/x11/sizes.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define ORIGINALS_MAX 16u

/* An answer for each thing that each viewer may have asked for in one turn. */
#define FAILURES_MAX (32u * (X11_KEEPER_BLANK + 1u))

struct x11_screens {
	struct hws_screens base;
	struct x11_desktop *d;
	struct x11_keeper *keeper;
	struct { /* of the display with this index */
		xcb_atom_t monitor;
		struct hws_size size[HWS_SIZES_MAX];
		unsigned count;
	} of[HWS_DISPLAYS_MAX];
	struct {
		xcb_atom_t monitor;
		struct hws_size size;
	} original[ORIGINALS_MAX]; /* before the first change */
	unsigned originals;
	struct hws_deferred failing; /* answers for what cannot even be asked */
	struct x11_keeper_ask failed[FAILURES_MAX];
	unsigned failures;
};

static struct x11_screens *self_of(struct hws_screens *s)
{
	return hws_container(s, struct x11_screens, base);
}

/* --- what there is --- */

static const struct hws_display *displays(struct x11_screens *s, unsigned *ret_count)
{
	return hws_capture_displays(s->d->base.capture, ret_count);
}

void x11_screens_relist(struct x11_screens *s)
{
	const struct x11_screen screen = { s->d->conn, s->d->screen->root };
	struct x11_monitor list[HWS_DISPLAYS_MAX * 2];
	unsigned n = x11_monitors_read(&screen, list, HWS_COUNT(list)), count, at = 0;
	const struct hws_display *d = displays(s, &count);

	memset(s->of, 0, sizeof(s->of));
	for (unsigned i = 0; i < count; i++) {
		while (at < n && list[at].name != d[i].id)
			at++;
		if (at == n)
			return; /* the whole screen of a server without monitors, or a change */
		s->of[i].monitor = list[at].name;
		if (list[at].automatic && list[at].output != XCB_NONE)
			s->of[i].count = x11_sizes_read(&screen, list[at].output, s->of[i].size);
	}
}

static unsigned x11_sizes(
		struct hws_screens *base, unsigned display, struct hws_size ret[HWS_SIZES_MAX])
{
	struct x11_screens *s = self_of(base);

	if (display >= HWS_DISPLAYS_MAX)
		return 0;
	memcpy(ret, s->of[display].size, s->of[display].count * sizeof(*ret));
	return s->of[display].count;
}

static bool x11_original(struct hws_screens *base, unsigned display, struct hws_size *ret)
{
	struct x11_screens *s = self_of(base);

	for (unsigned i = 0; display < HWS_DISPLAYS_MAX && i < s->originals; i++)
		if (s->original[i].monitor == s->of[display].monitor) {
			*ret = s->original[i].size;
			return true;
		}
	return false;
}

/* --- what becomes of it --- */

static void ask(struct x11_screens *s, const struct x11_keeper_ask *a);

static void on_answer(const struct x11_keeper_answer *a, void *arg)
{
	static const enum hws_screens_act acts[] = { [X11_KEEPER_RESIZE] = HWS_SCREENS_RESIZE,
		[X11_KEEPER_PLUG] = HWS_SCREENS_PLUG,
		[X11_KEEPER_BLOCK] = HWS_SCREENS_BLOCK,
		[X11_KEEPER_BLANK] = HWS_SCREENS_BLANK };
	struct x11_screens *s = arg;
	struct hws_screens *b = &s->base;

	if (a->result < 0)
		hws_info("x11.screens_failed", HWS_U64("what", a->what), HWS_STR("why", a->why));
	if (a->what == X11_KEEPER_LOOK && a->unasked)
		ask(s, &(struct x11_keeper_ask){ .what = X11_KEEPER_LOOK }); /* it left things */
	if (a->what == X11_KEEPER_RESTORE || a->what == X11_KEEPER_LOOK ||
			a->what >= HWS_COUNT(acts))
		return;
	if (a->unasked)
		hws_screens_tell_over(b, acts[a->what], a->why);
	else if (a->who)
		hws_screens_tell_done(b, acts[a->what], a->who, a->result, a->why);
}

static void on_failing(void *arg)
{
	struct x11_screens *s = arg;
	struct x11_keeper_answer a = { .result = HWS_ERR_FULL,
		.why = "this host cannot take the wish now: try again" };

	for (unsigned i = 0; i < s->failures; i++) {
		a.who = s->failed[i].who;
		a.what = s->failed[i].what;
		on_answer(&a, s);
	}
	s->failures = 0;
}

static void ask(struct x11_screens *s, const struct x11_keeper_ask *a)
{
	if (!s->d->lost && x11_keeper_ask(s->keeper, a) == HWS_OK)
		return;
	for (unsigned i = 0; i < s->failures; i++)
		if (s->failed[i].who == a->who && s->failed[i].what == a->what)
			return; /* it hears of one of them */
	if (s->failures < HWS_COUNT(s->failed))
		s->failed[s->failures++] = *a;
	hws_loop_defer(s->d->loop, &s->failing, on_failing, s);
}

static void note_original(struct x11_screens *s, unsigned display)
{
	struct hws_size known;
	unsigned n;
	const struct hws_display *d = displays(s, &n);

	if (display >= n || x11_original(&s->base, display, &known) ||
			s->originals == ORIGINALS_MAX)
		return;
	s->original[s->originals].monitor = s->of[display].monitor;
	s->original[s->originals++].size = (struct hws_size){ d[display].width, d[display].height };
}

static void x11_resize(
		struct hws_screens *base, unsigned display, struct hws_size size, uint64_t who)
{
	struct x11_screens *s = self_of(base);
	bool sane = display < HWS_DISPLAYS_MAX && size.width > 0 && size.height > 0 &&
			size.width <= UINT16_MAX && size.height <= UINT16_MAX;
	struct x11_keeper_ask a = { .who = who, .what = X11_KEEPER_RESIZE };

	if (sane) {
		a.monitor = s->of[display].monitor;
		a.width = (uint16_t)size.width;
		a.height = (uint16_t)size.height;
		note_original(s, display);
	}
	ask(s, &a);
}

static void x11_plug(struct hws_screens *base, int number, bool on, uint64_t who)
{
	ask(self_of(base),
			&(struct x11_keeper_ask){ .who = who,
					.what = X11_KEEPER_PLUG,
					.number = number,
					.on = on });
}

static void x11_restore(struct hws_screens *base)
{
	struct x11_screens *s = self_of(base);

	s->originals = 0;
	if (x11_keeper_runs(s->keeper))
		ask(s, &(struct x11_keeper_ask){ .what = X11_KEEPER_RESTORE });
}

static void x11_block(struct hws_screens *base, bool on, uint64_t who)
{
	ask(self_of(base),
			&(struct x11_keeper_ask){ .who = who, .what = X11_KEEPER_BLOCK, .on = on });
}

static void x11_blank(struct hws_screens *base, bool on, uint64_t who)
{
	ask(self_of(base),
			&(struct x11_keeper_ask){ .who = who, .what = X11_KEEPER_BLANK, .on = on });
}

/* Whether something of before a crash is to be taken back. */
static bool has_note(struct x11_desktop *d)
{
	xcb_atom_t note = x11_atom(d, "_HAWSER_SCREENS");
	xcb_get_property_reply_t *r = xcb_get_property_reply(d->conn,
			xcb_get_property(d->conn, 0, d->screen->root, note, XCB_ATOM_ANY, 0, 1),
			NULL);
	bool has = r && r->format != 0;

	free(r);
	return has;
}

/* Each CRTC has a table of colours, or none has. */
static bool has_tables(struct x11_desktop *d)
{
	const struct x11_screen screen = { d->conn, d->screen->root };
	struct x11_layout l;
	bool any = false, all = true;

	if (x11_layout_read(&screen, &l) < 0)
		return false;
	for (uint32_t i = 0; i < l.count; i++) {
		if (!l.crtc[i].mode)
			continue;
		xcb_randr_get_crtc_gamma_size_reply_t *r = xcb_randr_get_crtc_gamma_size_reply(
				d->conn, xcb_randr_get_crtc_gamma_size(d->conn, l.crtc[i].id),
				NULL);
		any = true;
		all = all && r && r->size > 0;
		free(r);
	}
	return any && all;
}

static const struct hws_screens_impl impl = { x11_sizes, x11_original, x11_resize, x11_plug,
	x11_restore, x11_block, x11_blank };

int x11_screens_new(struct x11_desktop *d)
{
	struct x11_screens *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	s->base.impl = &impl;
	s->d = d;
	d->screens = s;
	d->base.screens = &s->base;
	int r = x11_keeper_new(d, on_answer, s, &s->keeper);
	if (r < 0)
		return r;
	s->base.can_blank = has_tables(d);
	x11_screens_relist(s);
	if (has_note(d))
		ask(s, &(struct x11_keeper_ask){ .what = X11_KEEPER_LOOK });
	return HWS_OK;
}

void x11_screens_free(struct x11_screens *s)
{
	if (!s)
		return;
	hws_loop_defer_cancel(&s->failing);
	x11_keeper_free(s->keeper);
	hws_free(s);
}
