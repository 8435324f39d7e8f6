/* The displays of a desktop in memory take any size, and more of them come as they are wished; what
 * keeps a person out is written down with the input, as there is nobody. */
#include "client/platform/headless/desk.h"
#include "client/platform/headless/headless.h"
#include <stdio.h>
#include <string.h>

static const struct hws_size sizes[] = { { 640, 480 }, { 800, 600 }, { 1024, 768 }, { 1280, 720 },
	{ 1280, 800 }, { 1920, 1080 }, { 2560, 1440 }, { 3840, 2160 } };

#define PLUG_WIDTH 800
#define PLUG_HEIGHT 600
#define SIDE_MAX 3840

static struct headless *of_screens(struct hws_screens *s)
{
	return hws_container(s, struct headless, screens);
}

static unsigned hl_sizes(struct hws_screens *s HWS_UNUSED, unsigned display HWS_UNUSED,
		struct hws_size ret[HWS_SIZES_MAX])
{
	memcpy(ret, sizes, sizeof(sizes));
	return HWS_COUNT(sizes);
}

static bool hl_original(struct hws_screens *s, unsigned display, struct hws_size *ret)
{
	struct headless *h = of_screens(s);

	if (!h->changed || display >= h->before_count)
		return false;
	*ret = (struct hws_size){ h->before[display].width, h->before[display].height };
	return true;
}

/* --- answers, later --- */

static void do_told(void *arg)
{
	struct headless *h = arg;

	for (unsigned i = 0; i < h->dones; i++) {
		struct hl_done d = h->done[i];
		if (d.who)
			hws_screens_tell_done(&h->screens, d.act, d.who, d.r,
					d.r < 0 ? "this desktop in memory was told to refuse" : "");
	}
	h->dones = 0;
}

static void answer(struct headless *h, enum hws_screens_act act, uint64_t who, int r)
{
	if (h->dones < HL_DONES_MAX)
		h->done[h->dones++] = (struct hl_done){ act, who, r };
	hws_loop_defer(h->loop, &h->screens_told, do_told, h);
}

static void note(struct headless *h)
{
	if (h->changed)
		return;
	h->changed = true;
	memcpy(h->before, h->list, sizeof(h->before));
	h->before_count = h->count;
}

/* The list must not change inside of a call. */
static void do_relist(void *arg)
{
	struct headless *h = arg;

	if (hws_headless_set_displays(&h->base, h->next, h->next_count) < 0)
		h->next_count = 0;
}

static void relist(struct headless *h, const struct hws_display *list, unsigned count)
{
	memmove(h->next, list, count * sizeof(*list));
	h->next_count = count;
	hws_loop_defer(h->loop, &h->relist, do_relist, h);
}

static void hl_resize(struct hws_screens *s, unsigned display, struct hws_size size, uint64_t who)
{
	struct headless *h = of_screens(s);
	struct hws_display list[HWS_DISPLAYS_MAX];
	bool good = !h->refuse_screens && display < h->count && size.width >= HWS_SCREEN_SIDE_MIN &&
			size.height >= HWS_SCREEN_SIDE_MIN && size.width <= SIDE_MAX &&
			size.height <= SIDE_MAX;

	answer(h, HWS_SCREENS_RESIZE, who, good ? HWS_OK : HWS_ERR_UNSUPPORTED);
	if (!good)
		return;
	note(h);
	memcpy(list, h->list, sizeof(list));
	struct hws_display *d = &list[display];
	for (unsigned i = 0; i < h->count; i++)
		if (list[i].x >= d->x + d->width)
			list[i].x += size.width - d->width;
	d->width = size.width;
	d->height = size.height;
	relist(h, list, h->count);
}

static void hl_plug(struct hws_screens *s, int number, bool on, uint64_t who)
{
	struct headless *h = of_screens(s);
	struct hws_display list[HWS_DISPLAYS_MAX];
	unsigned own = h->changed ? h->before_count : h->count;
	bool good = !h->refuse_screens && (on ? h->count < HWS_DISPLAYS_MAX : h->count > own);
	unsigned n = h->count;

	answer(h, HWS_SCREENS_PLUG, who, good ? HWS_OK : HWS_ERR_UNSUPPORTED);
	if (!good)
		return;
	note(h);
	memcpy(list, h->list, sizeof(list));
	if (on) {
		list[n] = (struct hws_display){ .x = list[n - 1].x + list[n - 1].width,
			.width = PLUG_WIDTH,
			.height = PLUG_HEIGHT,
			.id = n + 1 };
		snprintf(list[n].name, sizeof(list[n].name), "virtual-%u", n);
		n++;
	} else {
		n = number < 0 ? own : n - 1;
	}
	relist(h, list, n);
}

static void hl_restore(struct hws_screens *s)
{
	struct headless *h = of_screens(s);

	if (!h->changed)
		return;
	h->changed = false;
	relist(h, h->before, h->before_count);
}

static void keep_out(struct hws_screens *s, enum hws_screens_act act, const char *name, bool on,
		uint64_t who)
{
	struct headless *h = of_screens(s);
	bool good = !h->refuse_screens;

	if (good)
		hws_buf_fmt(&h->input, "%s:%d ", name, on);
	answer(h, act, who, good ? HWS_OK : HWS_ERR_UNSUPPORTED);
}

static void hl_block(struct hws_screens *s, bool on, uint64_t who)
{
	keep_out(s, HWS_SCREENS_BLOCK, "block", on, who);
}

static void hl_blank(struct hws_screens *s, bool on, uint64_t who)
{
	keep_out(s, HWS_SCREENS_BLANK, "blank", on, who);
}

static const struct hws_screens_impl screens_impl = { hl_sizes, hl_original, hl_resize, hl_plug,
	hl_restore, hl_block, hl_blank };

void hl_screens_init(struct headless *h)
{
	h->screens.impl = &screens_impl;
	h->screens.can_blank = true;
	h->base.screens = &h->screens;
}

void hl_screens_done(struct headless *h)
{
	hws_loop_defer_cancel(&h->screens_told);
	hws_loop_defer_cancel(&h->relist);
}

/* --- what tests do --- */

void hws_headless_refuse_screens(struct hws_platform *p, bool refuse)
{
	of_platform(p)->refuse_screens = refuse;
}

void hws_headless_lose_screens(struct hws_platform *p)
{
	of_platform(p)->base.screens = NULL;
}

void hws_headless_end_blank(struct hws_platform *p)
{
	hws_screens_tell_over(&of_platform(p)->screens, HWS_SCREENS_BLANK, "somebody lit them");
}
