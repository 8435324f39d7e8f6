/* The life of a desktop in memory: what its name asks for, and the square that moves over it. */
#include "client/platform/headless/headless.h"
#include "client/platform/headless/desk.h"
#include "client/platform/headless/doubles.h"
#include "client/platform/opening.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

#define MARKER 64 /* side of the square that moves */

static void on_animation(void *arg)
{
	struct headless *h = arg;
	int span_x = HWS_MAX(h->list[0].width - MARKER, 1);
	int span_y = HWS_MAX(h->list[0].height - MARKER, 1);

	h->frame++;
	int x = (int)(h->frame * 8 % (unsigned)span_x), y = (int)(h->frame * 3 % (unsigned)span_y);
	hws_headless_fill(&h->base,
			(struct hws_rect){ h->list[0].x + x, h->list[0].y + y, MARKER, MARKER },
			h->frame * 2654435761u >> 8);
}

static void headless_free(struct hws_platform *p)
{
	struct headless *h = of_platform(p);

	hws_timer_stop(&h->animation);
	hl_screens_done(h);
	hl_screen_done(h);
	hl_cursor_done(h);
	hl_input_done(h);
	hl_clip_done(h);
	hl_sound_free(h->base.sound);
	hl_camera_free(h->base.camera);
	hl_ptys_free(h->base.ptys);
	hl_seat_free(h->base.seat);
	free(h);
}

static int parse_options(const char *options, int *w, int *tall, int *fps)
{
	char part[3][8] = { "1280", "720", "0" };
	uint32_t v[3];

	if (options && *options) {
		size_t n = strcspn(options, "x"), m;
		if (n >= sizeof(part[0]) || !options[n])
			return HWS_ERR_INVAL;
		memcpy(part[0], options, n);
		part[0][n] = 0;
		options += n + 1;
		m = strcspn(options, "@");
		if (m >= sizeof(part[1]))
			return HWS_ERR_INVAL;
		memcpy(part[1], options, m);
		part[1][m] = 0;
		if (options[m] && hws_str_copy(part[2], sizeof(part[2]), options + m + 1) < 0)
			return HWS_ERR_INVAL;
	}
	for (int i = 0; i < 3; i++)
		if (hws_parse_u32(part[i], &v[i]) < 0)
			return HWS_ERR_INVAL;
	if (v[0] < 1 || v[0] > 8192 || v[1] < 1 || v[1] > 8192 || v[2] > 240)
		return HWS_ERR_RANGE;
	*w = (int)v[0];
	*tall = (int)v[1];
	*fps = (int)v[2];
	return HWS_OK;
}

static int desktop_new(struct hws_platform_opening *o, const char *options, struct headless **ret,
		struct hws_error *err)
{
	int w, tall, fps;

	if (parse_options(options, &w, &tall, &fps) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the headless display is described as WIDTHxHEIGHT or "
				"WIDTHxHEIGHT@FPS "
				"(up to 8192x8192@240)");
	struct headless *h = calloc(1, sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->base.name = "headless";
	h->base.free = headless_free;
	h->loop = o->loop;
	h->on_lost = o->conf.on_lost;
	h->lost_arg = o->conf.arg;
	hl_cursor_init(h);
	hl_input_init(h);
	hl_clip_init(h);
	hl_screens_init(h);
	struct hws_display one = {
		.width = w, .height = tall, .primary = true, .name = "headless"
	};
	int r = hl_screen_init(h);
	if (r == HWS_OK)
		r = hl_sound_new(h->loop, &h->base.sound);
	if (r == HWS_OK)
		r = hl_camera_new(h->loop, &h->base.camera);
	if (r == HWS_OK)
		r = hl_ptys_new(h->loop, &h->base.ptys);
	if (r == HWS_OK)
		r = hl_seat_new(h->loop, &h->base.seat);
	if (r == HWS_OK)
		r = hws_headless_set_displays(&h->base, &one, 1);
	if (r < 0) {
		headless_free(&h->base);
		return r;
	}
	if (fps > 0)
		hws_timer_every(h->loop, &h->animation, HWS_US_PER_S / (unsigned)fps, on_animation,
				h);
	*ret = h;
	return HWS_OK;
}

static void cancel(struct hws_platform_opening *o)
{
	headless_free(&((struct headless *)o->attempt)->base);
}

void hws_headless_open(struct hws_platform_opening *o, const char *options)
{
	static const char asks[] = "asks";
	static bool has_refused;
	const size_t len = sizeof(asks) - 1;
	struct hws_error err = { 0 };
	struct headless *h = NULL;
	bool refuses = options && hws_str_equal(options, "refuses");
	bool must_ask = options && hws_str_starts(options, asks) &&
			(!options[len] || options[len] == ',');

	if (refuses)
		options = NULL;
	if (must_ask)
		options = options[len] ? options + len + 1 : NULL;
	int r = desktop_new(o, options, &h, &err);
	o->attempt = h;
	if (r == HWS_OK && must_ask) {
		o->cancel = cancel;
	} else if (r == HWS_OK && refuses && !has_refused) {
		has_refused = true;
		hws_headless_answer(o, false);
	} else {
		hws_platform_opened(o, r, r < 0 ? NULL : &h->base, err.text[0] ? &err : NULL);
	}
}

void hws_headless_answer(struct hws_platform_opening *o, bool yes)
{
	struct headless *h = o->attempt;
	struct hws_error err = { 0 };

	if (yes) {
		hws_platform_opened(o, HWS_OK, &h->base, NULL);
		return;
	}
	headless_free(&h->base);
	hws_platform_opened(o,
			hws_error_set(&err, HWS_ERR_DENIED,
					"the person at this host does not want its desktop to be "
					"shown"),
			NULL, &err);
}
