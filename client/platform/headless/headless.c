#include "client/platform/headless/headless.h"
#include "client/media/pixels.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKER 64 /* side of the square that moves */

struct hl_view {
	bool started, signalled, grabbing, out;
	struct hws_region damage, taken;
	struct hws_picture *picture;
	struct hws_deferred signal, answer;
	struct headless *owner;
	unsigned index;
};

struct headless {
	struct hws_platform base;
	struct hws_loop *loop;
	struct hws_capture capture;
	struct hws_cursor cursor;
	struct hws_inject inject;
	struct hws_clip clip;
	void (*on_lost)(const char *why, void *arg);
	void *lost_arg;
	struct hws_picture *screen; /* BGRA, the whole virtual desktop */
	struct hws_display list[HWS_DISPLAYS_MAX];
	unsigned count;
	struct hl_view view[HWS_DISPLAYS_MAX];
	unsigned grabs, fail_grabs;
	bool want_shape, want_position, has_shape;
	struct hws_cursor_shape shape;
	struct hws_deferred tell_shape;
	bool want_clip;
	struct hws_buf clip_text, input;
	bool down[256];
	unsigned buttons, locks;
	struct hws_timer animation;
	uint32_t frame;
};

static struct headless *of_platform(const struct hws_platform *p)
{
	return hws_container((struct hws_platform *)p, struct headless, base);
}

/* --- capture --- */

static const struct hws_display *hl_displays(struct hws_capture *c, unsigned *ret_count)
{
	struct headless *h = hws_container(c, struct headless, capture);

	*ret_count = h->count;
	return h->list;
}

static void do_signal(void *arg)
{
	struct hl_view *v = arg;
	struct hws_capture_events *ev = &v->owner->capture.ev;

	if (v->started && ev->on_damage)
		ev->on_damage(v->index, ev->arg);
}

static void damage_view(struct hl_view *v, struct hws_rect r)
{
	if (!v->started || hws_rect_empty(r))
		return;
	hws_region_add(&v->damage, r);
	if (v->signalled)
		return;
	v->signalled = true;
	hws_loop_defer(v->owner->loop, &v->signal, do_signal, v);
}

static void damage(struct headless *h, struct hws_rect r)
{
	for (unsigned i = 0; i < h->count; i++) {
		const struct hws_display *l = &h->list[i];
		struct hws_rect in = hws_rect_intersect(
				r, (struct hws_rect){ l->x, l->y, l->width, l->height });
		in.x -= l->x;
		in.y -= l->y;
		damage_view(&h->view[i], in);
	}
}

static int hl_start(struct hws_capture *c, unsigned display)
{
	struct headless *h = hws_container(c, struct headless, capture);

	if (display >= h->count)
		return HWS_ERR_NOTFOUND;
	struct hl_view *v = &h->view[display];
	const struct hws_display *l = &h->list[display];
	if (v->started)
		return HWS_OK;
	if (!v->picture) {
		int r = hws_picture_new(HWS_PIXEL_I420, l->width, l->height, &v->picture);
		if (r < 0)
			return r;
	}
	v->started = true;
	v->signalled = false;
	hws_region_clear(&v->damage);
	damage_view(v, (struct hws_rect){ 0, 0, l->width, l->height });
	return HWS_OK;
}

static void forget(struct hl_view *v)
{
	hws_picture_drop(v->picture);
	v->picture = NULL;
}

static void hl_stop(struct hws_capture *c, unsigned display)
{
	struct headless *h = hws_container(c, struct headless, capture);

	if (display >= h->count || !h->view[display].started)
		return;
	struct hl_view *v = &h->view[display];
	v->started = v->signalled = false;
	hws_loop_defer_cancel(&v->signal);
	if (!v->out && !v->grabbing)
		forget(v);
}

static void do_answer(void *arg)
{
	struct hl_view *v = arg;
	struct headless *h = v->owner;
	const struct hws_display *l = &h->list[v->index];
	struct hws_capture_events *ev = &h->capture.ev;

	v->grabbing = false;
	if (!v->started) {
		forget(v);
		return;
	}
	if (h->fail_grabs > 0) {
		h->fail_grabs--;
		if (ev->on_frame)
			ev->on_frame(v->index, HWS_ERR_DISPLAY, NULL, NULL, ev->arg);
		return;
	}
	hws_region_clear(&v->taken);
	for (unsigned i = 0; i < v->damage.n; i++)
		hws_region_add(&v->taken, hws_rect_align2(v->damage.rect[i], l->width, l->height));
	hws_region_clear(&v->damage);
	for (unsigned i = 0; i < v->taken.n; i++) {
		struct hws_rect r = v->taken.rect[i];
		const uint8_t *src = h->screen->plane[0] +
				(ptrdiff_t)(r.y + l->y) * h->screen->stride[0] +
				(ptrdiff_t)(r.x + l->x) * 4;
		hws_pixels_bgra_to_i420(src, h->screen->stride[0], v->picture, r);
	}
	h->grabs++;
	v->out = true;
	if (ev->on_frame)
		ev->on_frame(v->index, HWS_OK, v->picture, &v->taken, ev->arg);
}

static int hl_grab(struct hws_capture *c, unsigned display)
{
	struct headless *h = hws_container(c, struct headless, capture);

	if (display >= h->count || !h->view[display].started)
		return HWS_ERR_NOTFOUND;
	struct hl_view *v = &h->view[display];
	if (v->grabbing || v->out)
		return HWS_ERR_BUSY;
	if (v->damage.n == 0)
		return HWS_ERR_AGAIN;
	v->grabbing = true;
	v->signalled = false;
	hws_loop_defer(h->loop, &v->answer, do_answer, v);
	return HWS_OK;
}

static void hl_release(struct hws_capture *c, unsigned display)
{
	struct headless *h = hws_container(c, struct headless, capture);

	if (display >= HWS_DISPLAYS_MAX)
		return;
	h->view[display].out = false;
	if (!h->view[display].started && !h->view[display].grabbing)
		forget(&h->view[display]);
}

static int hl_snapshot(struct hws_capture *c, unsigned display, struct hws_picture **ret)
{
	struct headless *h = hws_container(c, struct headless, capture);
	struct hws_picture *p;

	if (display >= h->count)
		return HWS_ERR_NOTFOUND;
	const struct hws_display *l = &h->list[display];
	int r = hws_picture_new(HWS_PIXEL_BGRA, l->width, l->height, &p);
	if (r < 0)
		return r;
	for (int y = 0; y < l->height; y++)
		memcpy(p->plane[0] + (ptrdiff_t)y * p->stride[0],
				h->screen->plane[0] + (ptrdiff_t)(y + l->y) * h->screen->stride[0] +
						(ptrdiff_t)l->x * 4,
				(size_t)l->width * 4);
	*ret = p;
	return HWS_OK;
}

static const struct hws_capture_impl capture_impl = { hl_displays, hl_start, hl_stop, hl_grab,
	hl_release, hl_snapshot };

/* --- cursor --- */

static void do_tell_shape(void *arg)
{
	struct headless *h = arg;

	if (h->want_shape && h->has_shape && h->cursor.ev.on_shape)
		h->cursor.ev.on_shape(&h->shape, h->cursor.ev.arg);
}

static void hl_watch_cursor(struct hws_cursor *c, bool shape, bool position)
{
	struct headless *h = hws_container(c, struct headless, cursor);

	if (shape && !h->want_shape)
		hws_loop_defer(h->loop, &h->tell_shape, do_tell_shape, h);
	h->want_shape = shape;
	h->want_position = position;
}

static const struct hws_cursor_shape *hl_shape(struct hws_cursor *c)
{
	struct headless *h = hws_container(c, struct headless, cursor);

	return h->has_shape ? &h->shape : NULL;
}

static const struct hws_cursor_impl cursor_impl = { hl_watch_cursor, hl_shape };

/* --- input --- */

static struct headless *of_inject(struct hws_inject *i)
{
	return hws_container(i, struct headless, inject);
}

/* Only tests look at it: a host that runs for days must not fill its memory with it. */
static void record(struct headless *h)
{
	hws_buf_put_str(&h->input, " ");
	if (hws_buf_len(&h->input) > 60000)
		hws_buf_consume(&h->input, 20000);
}

static int hl_move(struct hws_inject *i, int x, int y)
{
	struct headless *h = of_inject(i);

	hws_buf_fmt(&h->input, "move:%d,%d", x, y);
	record(h);
	return HWS_OK;
}

static int hl_move_relative(struct hws_inject *i, int dx, int dy)
{
	struct headless *h = of_inject(i);

	hws_buf_fmt(&h->input, "rel:%d,%d", dx, dy);
	record(h);
	return HWS_OK;
}

static int hl_button(struct hws_inject *i, unsigned button, bool down)
{
	struct headless *h = of_inject(i);

	if (!button || (button & (button - 1)) || button > HWS_BUTTON_FORWARD)
		return HWS_ERR_INVAL;
	if (!down && !(h->buttons & button))
		return HWS_OK;
	h->buttons = down ? h->buttons | button : h->buttons & ~button;
	hws_buf_fmt(&h->input, "%s:%u", down ? "down" : "up", button);
	record(h);
	return HWS_OK;
}

static int hl_wheel(struct hws_inject *i, int dx, int dy)
{
	struct headless *h = of_inject(i);

	hws_buf_fmt(&h->input, "wheel:%d,%d", dx, dy);
	record(h);
	return HWS_OK;
}

static int hl_key(struct hws_inject *i, uint8_t code, bool down)
{
	struct headless *h = of_inject(i);

	if (code < 8)
		return HWS_ERR_INVAL;
	if (!down && !h->down[code])
		return HWS_OK;
	h->down[code] = down;
	hws_buf_fmt(&h->input, "key%c%u", down ? '+' : '-', code);
	record(h);
	return HWS_OK;
}

/* Enough of a US keyboard for what services ask: letters, digits, and the keys without a character. */
static const struct {
	uint32_t sym;
	uint8_t code;
} keys[] = { { 0xff1b, 9 }, { 0xff08, 22 }, { 0xff09, 23 }, { 0xff0d, 36 }, { 0xffe3, 37 },
	{ 0xffe1, 50 }, { 0xffe2, 62 }, { 0xffe9, 64 }, { 0xffe5, 66 }, { 0xff7f, 77 },
	{ 0xffe4, 105 }, { 0xffea, 108 }, { 0xff50, 110 }, { 0xff52, 111 }, { 0xff55, 112 },
	{ 0xff51, 113 }, { 0xff53, 114 }, { 0xff57, 115 }, { 0xff54, 116 }, { 0xff56, 117 },
	{ 0xff63, 118 }, { 0xffff, 119 }, { 0xffeb, 133 }, { 0xffec, 134 }, { 0x20, 65 } };
static const char rows[][12] = { "1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "\\zxcvbnm,./" };
static const char shifted[][12] = { "!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"~",
	"|ZXCVBNM<>?" };
static const uint8_t row_start[] = { 10, 24, 38, 51 };

static int hl_keycode_of(struct hws_inject *i, uint32_t sym, uint8_t *ret_code)
{
	(void)i;
	for (size_t k = 0; k < HWS_COUNT(keys); k++)
		if (keys[k].sym == sym) {
			*ret_code = keys[k].code;
			return HWS_OK;
		}
	for (size_t r = 0; r < HWS_COUNT(rows) && sym > 0x20 && sym < 0x7f; r++)
		for (uint8_t k = 0; k < sizeof(rows[0]) && rows[r][k]; k++)
			if (rows[r][k] == (char)sym || shifted[r][k] == (char)sym) {
				*ret_code = (uint8_t)(row_start[r] + k);
				return HWS_OK;
			}
	return HWS_ERR_NOTFOUND;
}

static bool hl_key_is_down(struct hws_inject *i, uint8_t code)
{
	return of_inject(i)->down[code];
}

static int hl_type_char(struct hws_inject *i, uint32_t cp, bool shortcut, unsigned tag)
{
	struct headless *h = of_inject(i);

	if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return HWS_ERR_NOTFOUND;
	(void)tag;
	hws_buf_fmt(&h->input, "%s:U+%04X", shortcut ? "shortcut" : "type", cp);
	record(h);
	return HWS_OK;
}

static unsigned hl_locks(struct hws_inject *i)
{
	return of_inject(i)->locks;
}

static int hl_set_locks(struct hws_inject *i, unsigned mask, unsigned on)
{
	struct headless *h = of_inject(i);
	unsigned now = (h->locks & ~mask) | (on & mask);

	if (now != h->locks) {
		h->locks = now;
		hws_buf_fmt(&h->input, "locks:%u", now);
		record(h);
	}
	return HWS_OK;
}

/* The layout of a screen nobody sits at is not told. */
static uint32_t hl_symbol(struct hws_inject *i, uint8_t code, unsigned level)
{
	(void)i;
	(void)code;
	(void)level;
	return 0;
}

static void hl_release_all(struct hws_inject *i)
{
	struct headless *h = of_inject(i);

	for (unsigned code = 8; code < 256; code++)
		if (h->down[code])
			(void)!hl_key(i, (uint8_t)code, false);
	for (unsigned b = 1; b <= HWS_BUTTON_FORWARD; b <<= 1)
		if (h->buttons & b)
			(void)!hl_button(i, b, false);
}

static const struct hws_inject_impl inject_impl = { hl_move, hl_move_relative, hl_button, hl_wheel,
	hl_key, hl_keycode_of, hl_key_is_down, hl_type_char, hl_locks, hl_set_locks, hl_symbol,
	hl_release_all };

/* --- clipboard --- */

static void hl_watch_clip(struct hws_clip *c, bool on)
{
	hws_container(c, struct headless, clip)->want_clip = on;
}

static int hl_set_text(struct hws_clip *c, struct hws_bytes text)
{
	struct headless *h = hws_container(c, struct headless, clip);

	if (text.len > HWS_CLIP_TEXT_MAX)
		return HWS_ERR_TOOBIG;
	hws_buf_reset(&h->clip_text);
	hws_buf_put(&h->clip_text, text.ptr, text.len);
	return hws_buf_err(&h->clip_text);
}

static const struct hws_clip_impl clip_impl = { hl_watch_clip, hl_set_text };

/* --- what tests do --- */

void hws_headless_fill(struct hws_platform *p, struct hws_rect r, uint32_t rgb)
{
	struct headless *h = of_platform(p);
	uint8_t pixel[4] = { (uint8_t)rgb, (uint8_t)(rgb >> 8), (uint8_t)(rgb >> 16), 255 };

	r = hws_rect_intersect(r, (struct hws_rect){ 0, 0, h->screen->width, h->screen->height });
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			memcpy(h->screen->plane[0] + (ptrdiff_t)y * h->screen->stride[0] +
							(ptrdiff_t)x * 4,
					pixel, 4);
	damage(h, r);
}

static void backdrop(struct headless *h)
{
	int w = h->screen->width, tall = h->screen->height;

	for (int y = 0; y < tall; y += 40)
		for (int x = 0; x < w; x += 40) {
			uint32_t red = (uint32_t)(x * 200 / w + 20),
				 green = (uint32_t)(y * 200 / tall);
			uint32_t blue = (x / 40 + y / 40) % 2 ? 160u : 96u;
			hws_headless_fill(&h->base, (struct hws_rect){ x, y, 40, 40 },
					red << 16 | (green + 20) << 8 | blue);
		}
}

int hws_headless_set_displays(
		struct hws_platform *p, const struct hws_display *list, unsigned count)
{
	struct headless *h = of_platform(p);
	struct hws_picture *screen;
	int w = 1, tall = 1;

	if (count < 1 || count > HWS_DISPLAYS_MAX)
		return HWS_ERR_RANGE;
	for (unsigned i = 0; i < count; i++) {
		if (list[i].x < 0 || list[i].y < 0)
			return HWS_ERR_RANGE;
		w = HWS_MAX(w, list[i].x + list[i].width);
		tall = HWS_MAX(tall, list[i].y + list[i].height);
	}
	int r = hws_picture_new(HWS_PIXEL_BGRA, w, tall, &screen);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		struct hl_view *v = &h->view[i];
		hws_loop_defer_cancel(&v->signal);
		hws_loop_defer_cancel(&v->answer);
		v->started = v->signalled = v->grabbing = v->out = false;
		forget(v);
	}
	bool first = !h->screen;
	hws_picture_drop(h->screen);
	h->screen = screen;
	h->count = 0; /* no damage while painting */
	backdrop(h);
	memmove(h->list, list, count * sizeof(*list));
	h->count = count;
	if (!first && h->capture.ev.on_displays)
		h->capture.ev.on_displays(h->capture.ev.arg);
	return HWS_OK;
}

void hws_headless_fail_grabs(struct hws_platform *p, unsigned count)
{
	of_platform(p)->fail_grabs = count;
}

unsigned hws_headless_grabs(const struct hws_platform *p)
{
	return of_platform(p)->grabs;
}

void hws_headless_set_cursor(struct hws_platform *p, const struct hws_cursor_shape *shape)
{
	struct headless *h = of_platform(p);
	uint8_t *copy = hws_memdup(shape->rgba, (size_t)shape->width * (size_t)shape->height * 4);

	if (!copy)
		return;
	hws_free((void *)h->shape.rgba);
	h->shape = *shape;
	h->shape.rgba = copy;
	h->has_shape = true;
	hws_loop_defer(h->loop, &h->tell_shape, do_tell_shape, h);
}

void hws_headless_move_pointer(struct hws_platform *p, int x, int y)
{
	struct headless *h = of_platform(p);

	if (h->want_position && h->cursor.ev.on_position)
		h->cursor.ev.on_position(x, y, h->cursor.ev.arg);
}

void hws_headless_copy_text(struct hws_platform *p, struct hws_bytes text)
{
	struct headless *h = of_platform(p);

	if (hl_set_text(&h->clip, text) == HWS_OK && h->want_clip && h->clip.ev.on_text)
		h->clip.ev.on_text(text, h->clip.ev.arg);
}

struct hws_bytes hws_headless_clip_text(const struct hws_platform *p)
{
	return hws_buf_bytes(&of_platform(p)->clip_text);
}

const char *hws_headless_input(const struct hws_platform *p)
{
	struct headless *h = of_platform(p);
	uint8_t *end = hws_buf_reserve(&h->input, 1);

	if (!end)
		return "";
	*end = 0;
	return (const char *)hws_buf_bytes(&h->input).ptr;
}

void hws_headless_clear_input(struct hws_platform *p)
{
	hws_buf_reset(&of_platform(p)->input);
}

void hws_headless_lose(struct hws_platform *p)
{
	struct headless *h = of_platform(p);

	if (h->on_lost)
		h->on_lost("the headless display was taken away", h->lost_arg);
}

/* --- life --- */

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
	hws_loop_defer_cancel(&h->tell_shape);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		hws_loop_defer_cancel(&h->view[i].signal);
		hws_loop_defer_cancel(&h->view[i].answer);
		forget(&h->view[i]);
	}
	hws_picture_drop(h->screen);
	hws_free((void *)h->shape.rgba);
	hws_buf_done(&h->clip_text);
	hws_buf_done(&h->input);
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

int hws_headless_open(struct hws_loop *loop, const struct hws_platform_conf *conf,
		const char *options, struct hws_platform **ret, struct hws_error *err)
{
	int w, tall, fps;

	if (parse_options(options, &w, &tall, &fps) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"the headless display is described as WIDTHxHEIGHT or WIDTHxHEIGHT@FPS "
				"(up to 8192x8192@240)");
	struct headless *h = calloc(1, sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->base.name = "headless";
	h->base.free = headless_free;
	h->base.capture = &h->capture;
	h->base.cursor = &h->cursor;
	h->base.inject = &h->inject;
	h->base.clip = &h->clip;
	h->capture.impl = &capture_impl;
	h->cursor.impl = &cursor_impl;
	h->inject.impl = &inject_impl;
	h->clip.impl = &clip_impl;
	h->loop = loop;
	h->on_lost = conf->on_lost;
	h->lost_arg = conf->arg;
	hws_buf_init(&h->clip_text, HWS_CLIP_TEXT_MAX);
	hws_buf_init(&h->input, 1 << 17);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		h->view[i].owner = h;
		h->view[i].index = i;
	}
	struct hws_display one = {
		.width = w, .height = tall, .primary = true, .name = "headless"
	};
	int r = hws_headless_set_displays(&h->base, &one, 1);
	if (r < 0) {
		headless_free(&h->base);
		return r;
	}
	if (fps > 0)
		hws_timer_every(loop, &h->animation, HWS_US_PER_S / (unsigned)fps, on_animation, h);
	*ret = &h->base;
	return HWS_OK;
}
