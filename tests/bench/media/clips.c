/* The pictures that settings of encoders were compared on, made again: the same clip is the same in
 * each run. */
#include "tests/bench/media/clips.h"
#include "tests/support/screen_text.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 15.0 /* of letters */
#define LINE 19   /* pixels from one to the next */
#define VIDEO_X 600
#define VIDEO_Y 300
#define VIDEO_W 640
#define VIDEO_H 360
#define WINDOW_W 760
#define WINDOW_H 480

struct clip {
	const char *name;
	struct hws_picture *screen, *back, *window;
	int n;          /* pictures so far */
	int x, y, line; /* of the window; of the text */
	uint32_t seed;
};

static struct hws_picture *picture(int w, int h)
{
	struct hws_picture *p;

	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, w, h, &p), HWS_OK);
	return p;
}

static uint32_t noise(struct clip *c)
{
	c->seed = c->seed * 1664525u + 1013904223u;
	return c->seed >> 16;
}

static void put(struct hws_picture *p, int x, int y, unsigned r, unsigned g, unsigned b)
{
	uint8_t *to = p->plane[0] + (ptrdiff_t)y * p->stride[0] + (ptrdiff_t)x * 4;

	to[0] = (uint8_t)b;
	to[1] = (uint8_t)g;
	to[2] = (uint8_t)r;
}

static void copy(struct hws_picture *to, int x, int y, const struct hws_picture *from, int from_x,
		int from_y, int w, int h)
{
	for (int i = 0; i < h; i++)
		memcpy(to->plane[0] + (ptrdiff_t)(y + i) * to->stride[0] + (ptrdiff_t)x * 4,
				from->plane[0] + (ptrdiff_t)(from_y + i) * from->stride[0] +
						(ptrdiff_t)from_x * 4,
				(size_t)w * 4);
}

static void wallpaper(struct hws_picture *p)
{
	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++)
			put(p, x, y, 30 + (unsigned)x / 16, 60 + (unsigned)y / 9,
					160 - (unsigned)(x + y) / 40);
}

static void page(struct clip *c)
{
	struct hws_rect all = { 0, 0, CLIP_W, CLIP_H };

	screen_text_fill(c->screen, all, 0x1e1e2e);
	screen_text_page(c->screen, all, SIZE, c->line);
}

/* --- what is done ----------------------------------------------------------------------------- */

static struct hws_rect type(struct clip *c, int at)
{
	struct hws_rect r = { 40 + at % 150 * 9, 900 + at / 150 * LINE, 9, LINE };
	const char letter[2] = { (char)('a' + noise(c) % 26), 0 };

	screen_text_draw(c->screen, r.x, r.y + LINE - 4, SIZE, 0xd0d0d0, letter);
	return (struct hws_rect){ r.x - 1, r.y - 1, r.w + 3, r.h + 3 };
}

/* Lines of a program that pours out what it does. */
static struct hws_rect pour(struct clip *c, int lines)
{
	struct hws_rect r = { 960, 520, 900, 26 * LINE };
	int up = lines * LINE;
	char text[100];

	copy(c->screen, r.x, r.y, c->screen, r.x, r.y + up, r.w, r.h - up);
	screen_text_fill(c->screen, (struct hws_rect){ r.x, r.y + r.h - up, r.w, up }, 0x101010);
	for (int i = 0; i < lines; i++) {
		snprintf(text, sizeof(text), "[%5u] cc -O2 -c src/part_%03u.c -o obj/part_%03u.o",
				noise(c), noise(c) % 999, noise(c) % 999);
		screen_text_draw(c->screen, r.x + 6, r.y + r.h - up + (i + 1) * LINE - 5, SIZE,
				0xa0e0a0, text);
	}
	return r;
}

/* A touchpad: less than a line at a time. */
static struct hws_rect creep(struct clip *c, int up)
{
	char line[80];

	copy(c->screen, 0, 0, c->screen, 0, up, CLIP_W, CLIP_H - up);
	screen_text_fill(c->screen, (struct hws_rect){ 0, CLIP_H - up, CLIP_W, up }, 0x1e1e1e);
	snprintf(line, sizeof(line), "%4u static struct buffer *next_%u(size_t n);",
			noise(c) % 9999, noise(c) % 999);
	screen_text_draw(c->screen, 0, CLIP_H - 2, SIZE, 0xd4d4d4, line);
	return (struct hws_rect){ 0, 0, CLIP_W, CLIP_H };
}

/* Typing, the wheel by three lines, what a program pours out, two pages, a touchpad. */
static void text(struct clip *c, struct hws_region *damage)
{
	struct hws_rect all = { 0, 0, CLIP_W, CLIP_H };
	int at = c->n % 96;

	if (at < 20) {
		hws_region_add(damage, type(c, at));
	} else if (at < 50 || at == 65 || at == 68) {
		if (at < 50 && at % 2)
			return;
		c->line += at < 50 ? 3 : 50;
		page(c);
		hws_region_add(damage, all);
	} else if (at < 65) {
		hws_region_add(damage, pour(c, 1 + at % 4));
	} else if (at > 70) {
		hws_region_add(damage, creep(c, 14));
	}
}

static void drag(struct clip *c, struct hws_region *damage)
{
	double t = c->n * 0.09;
	int x = (int)(500 + 380 * sin(t)), y = (int)(280 + 190 * sin(1.7 * t));

	copy(c->screen, c->x, c->y, c->back, c->x, c->y, WINDOW_W, WINDOW_H);
	hws_region_add(damage, (struct hws_rect){ c->x, c->y, WINDOW_W, WINDOW_H });
	c->x = x;
	c->y = y;
	copy(c->screen, x, y, c->window, 0, 0, WINDOW_W, WINDOW_H);
	hws_region_add(damage, (struct hws_rect){ x, y, WINDOW_W, WINDOW_H });
}

static void video(struct clip *c, struct hws_region *damage)
{
	double t = c->n * 0.05;

	for (int y = 0; y < VIDEO_H; y++)
		for (int x = 0; x < VIDEO_W; x++) {
			double u = (x + 60 * t) * 0.02, v = (y + 25 * sin(t)) * 0.025;
			int grey = (int)(128 + 60 * sin(u) * cos(v) + 30 * sin(0.31 * u * v + t)) +
					(int)(noise(c) % 5) - 2;
			put(c->screen, VIDEO_X + x, VIDEO_Y + y, (unsigned)(grey & 255),
					(unsigned)((grey * 7 / 8 + 16) & 255),
					(unsigned)((200 - grey / 2) & 255));
		}
	hws_region_add(damage, (struct hws_rect){ VIDEO_X, VIDEO_Y, VIDEO_W, VIDEO_H });
}

static void typing(struct clip *c, struct hws_region *damage)
{
	hws_region_add(damage, type(c, c->n));
}

static const struct {
	const char *name;
	void (*step)(struct clip *c, struct hws_region *damage);
} kinds[] = { { "text", text }, { "drag", drag }, { "video", video }, { "typing", typing } };

struct clip *clip_open(const char *name)
{
	struct clip *c = calloc(1, sizeof(*c));

	ck_assert_ptr_nonnull(c);
	c->name = name;
	c->seed = 7;
	c->screen = picture(CLIP_W, CLIP_H);
	c->back = picture(CLIP_W, CLIP_H);
	c->window = picture(WINDOW_W, WINDOW_H);
	c->x = 500;
	c->y = 280;
	wallpaper(c->back);
	struct hws_rect inside = { 0, 30, WINDOW_W, WINDOW_H - 30 };
	screen_text_fill(c->window, (struct hws_rect){ 0, 0, WINDOW_W, WINDOW_H }, 0x404858);
	screen_text_fill(c->window, inside, 0x282c34);
	screen_text_page(c->window, inside, SIZE, 3);
	if (strcmp(name, "drag") == 0)
		wallpaper(c->screen);
	else
		page(c);
	return c;
}

void clip_close(struct clip *c)
{
	hws_picture_drop(c->screen);
	hws_picture_drop(c->back);
	hws_picture_drop(c->window);
	free(c);
}

const struct hws_picture *clip_next(struct clip *c, struct hws_region *ret_damage)
{
	size_t k = 0;

	hws_region_clear(ret_damage);
	while (strcmp(kinds[k].name, c->name) != 0)
		k++;
	kinds[k].step(c, ret_damage);
	if (c->n++ == 0) {
		hws_region_clear(ret_damage);
		hws_region_add(ret_damage, (struct hws_rect){ 0, 0, CLIP_W, CLIP_H });
	}
	return c->screen;
}
