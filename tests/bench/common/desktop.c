/* The same pictures each time: what is drawn depends on the number of the frame only, so that two
 * runs, and two versions, encode the same. */
#include "tests/bench/common/desktop.h"
#include "shared/base/clock.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1920
#define HEIGHT 1080
#define CELL_W 6
#define CELL_H 13
#define PAGE_X 40
#define PAGE_Y 40
#define PAGE_COLS 150
#define PAGE_ROWS 76
#define TERM_X 1000
#define TERM_Y 40
#define TERM_COLS 80
#define FILM_X 1000
#define FILM_Y 600
#define FILM_W 640
#define FILM_H 360
#define STILL_W 1024
#define STILL_H 768
#define SCROLL_ROWS 3

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void colour(struct desktop *d, uint32_t fore, uint32_t back)
{
	const uint32_t values[] = { fore, back };

	xcb_change_gc(d->conn, d->gc, XCB_GC_FOREGROUND | XCB_GC_BACKGROUND, values);
}

static void fill(struct desktop *d, uint32_t rgb, int x, int y, int w, int h)
{
	xcb_rectangle_t r = { (int16_t)x, (int16_t)y, (uint16_t)w, (uint16_t)h };

	colour(d, rgb, rgb);
	xcb_poly_fill_rectangle(d->conn, d->window, d->gc, 1, &r);
}

/* Line `n` of a text that looks like source code and never repeats soon. */
static void line_of(unsigned n, char text[PAGE_COLS + 1])
{
	static const char *const words[] = { "static", "int", "struct", "return", "if", "(r < 0)",
		"=", "hws_buf_put(&out,", "sizeof(*p),", "NULL);", "/* why */", "for", "while",
		"const", "uint8_t", "*data;", "goto out;", "}", "{", "break;", "ck_assert(x);",
		"0x1f," };
	uint32_t seed = n * 2654435761u + 12345;
	size_t used = (n * 7 % 5) * 4;

	memset(text, ' ', PAGE_COLS);
	text[PAGE_COLS] = 0;
	for (unsigned i = n % 9; i < 12; i++) {
		seed = seed * 1664525u + 1013904223u;
		const char *w = words[(seed >> 16) % (sizeof(words) / sizeof(words[0]))];
		size_t len = strlen(w);
		if (used + len + 1 > 100)
			break;
		memcpy(text + used, w, len);
		used += len + 1;
	}
}

static void page_line(struct desktop *d, unsigned row, unsigned n)
{
	char text[PAGE_COLS + 1];

	line_of(n, text);
	colour(d, n % 4 ? 0xd4d4d4 : 0x6a9955, 0x1e1e1e);
	xcb_image_text_8(d->conn, PAGE_COLS, d->window, d->gc, PAGE_X,
			(int16_t)(PAGE_Y + (int)row * CELL_H + 10), text);
}

/* Value noise in four octaves: smooth, with detail, like a photograph. */
static double noise(int x, int y, int step, unsigned salt)
{
	double sum[4];
	int cx = x / step, cy = y / step;
	double fx = (double)(x % step) / step, fy = (double)(y % step) / step;

	for (int i = 0; i < 4; i++) {
		uint32_t h = ((uint32_t)(cx + i % 2) * 374761393u) ^
				((uint32_t)(cy + i / 2) * 668265263u) ^ salt;
		h = (h ^ (h >> 13)) * 1274126177u;
		sum[i] = (double)((h >> 8) & 0xffff) / 65535;
	}
	fx = fx * fx * (3 - 2 * fx);
	fy = fy * fy * (3 - 2 * fy);
	return (sum[0] * (1 - fx) + sum[1] * fx) * (1 - fy) +
			(sum[2] * (1 - fx) + sum[3] * fx) * fy;
}

static uint32_t still_pixel(int x, int y)
{
	uint32_t rgb = 0;

	for (unsigned c = 0; c < 3; c++) {
		double v = 0.55 * noise(x, y, 128, c) + 0.25 * noise(x, y, 32, c + 7) +
				0.13 * noise(x, y, 8, 77) + 0.07 * noise(x, y, 3, 99);
		rgb = rgb << 8 | (uint32_t)(30 + 200 * v);
	}
	return rgb;
}

static void film_step(struct desktop *d, unsigned n)
{
	int ox = (int)(180 + 170 * sin(n * 0.021)), oy = (int)(200 + 190 * cos(n * 0.017));
	int cx = (int)(320 + 250 * sin(n * 0.09)), cy = (int)(180 + 120 * cos(n * 0.07));

	for (int y = 0; y < FILM_H; y++) {
		memcpy(d->frame + y * FILM_W, d->film + (y + oy) * STILL_W + ox, FILM_W * 4);
		for (int x = cx - 40; x < cx + 40; x++)
			if (x >= 0 && x < FILM_W &&
					(x - cx) * (x - cx) + (y - cy) * (y - cy) < 1600)
				d->frame[y * FILM_W + x] = 0xf0e0a0;
	}
	xcb_put_image(d->conn, XCB_IMAGE_FORMAT_Z_PIXMAP, d->window, d->gc, FILM_W, FILM_H, FILM_X,
			FILM_Y, 0, 24, FILM_W * FILM_H * 4, (const uint8_t *)d->frame);
}

void desktop_open(struct desktop *d, const char *display)
{
	xcb_screen_t *screen;
	xcb_font_t font;

	memset(d, 0, sizeof(*d));
	d->conn = xcb_connect(display, NULL);
	if (xcb_connection_has_error(d->conn))
		die("the virtual desktop cannot be reached");
	if (xcb_get_maximum_request_length(d->conn) < FILM_W * FILM_H + 100)
		die("the X server takes no large requests");
	screen = xcb_setup_roots_iterator(xcb_get_setup(d->conn)).data;
	d->window = xcb_generate_id(d->conn);
	xcb_create_window(d->conn, screen->root_depth, d->window, screen->root, 0, 0, WIDTH, HEIGHT,
			0, XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT,
			(const uint32_t[]){ 0x2d5a7a, 1 });
	font = xcb_generate_id(d->conn);
	xcb_generic_error_t *e = xcb_request_check(
			d->conn, xcb_open_font_checked(d->conn, font, 5, "fixed"));
	if (e)
		die("the X server has no font \"fixed\"");
	d->gc = xcb_generate_id(d->conn);
	xcb_create_gc(d->conn, d->gc, d->window, XCB_GC_FONT | XCB_GC_GRAPHICS_EXPOSURES,
			(const uint32_t[]){ font, 0 });
	xcb_map_window(d->conn, d->window);
	d->film = calloc(STILL_W * STILL_H, sizeof(uint32_t));
	d->frame = calloc(FILM_W * FILM_H, sizeof(uint32_t));
	if (!d->film || !d->frame)
		die("no memory");
	for (int i = 0; i < STILL_W * STILL_H; i++)
		d->film[i] = still_pixel(i % STILL_W, i / STILL_W);
	desktop_reset(d);
}

void desktop_close(struct desktop *d)
{
	if (d->conn)
		xcb_disconnect(d->conn);
	free(d->film);
	free(d->frame);
	memset(d, 0, sizeof(*d));
}

void desktop_reset(struct desktop *d)
{
	fill(d, 0x2d5a7a, 0, 0, WIDTH, HEIGHT);
	fill(d, 0x1e1e1e, PAGE_X, PAGE_Y, PAGE_COLS * CELL_W, PAGE_ROWS * CELL_H);
	for (unsigned i = 0; i < PAGE_ROWS; i++)
		page_line(d, i, i);
	fill(d, 0x101418, TERM_X, TERM_Y, TERM_COLS * CELL_W, 24 * CELL_H);
	film_step(d, 0);
	desktop_sync(d);
}

void desktop_step(struct desktop *d, enum scene scene, unsigned n)
{
	char text[PAGE_COLS + 1];

	if (scene == SCENE_TYPING) {
		unsigned column = n % TERM_COLS, row = n / TERM_COLS % 24;
		line_of(row + 3, text);
		colour(d, 0xe8e8e8, 0x101418);
		xcb_image_text_8(d->conn, 1, d->window, d->gc,
				(int16_t)(TERM_X + (int)column * CELL_W),
				(int16_t)(TERM_Y + (int)row * CELL_H + 10), &text[column]);
		fill(d, 0xe8e8e8, TERM_X + ((int)column + 1) * CELL_W, TERM_Y + (int)row * CELL_H,
				CELL_W, CELL_H);
	} else if (scene == SCENE_SCROLL) {
		xcb_copy_area(d->conn, d->window, d->window, d->gc, PAGE_X,
				PAGE_Y + SCROLL_ROWS * CELL_H, PAGE_X, PAGE_Y, PAGE_COLS * CELL_W,
				(PAGE_ROWS - SCROLL_ROWS) * CELL_H);
		for (unsigned i = 0; i < SCROLL_ROWS; i++)
			page_line(d, PAGE_ROWS - SCROLL_ROWS + i, PAGE_ROWS + n * SCROLL_ROWS + i);
	} else {
		film_step(d, n + 1);
	}
	xcb_flush(d->conn);
}

void desktop_plain(struct desktop *d)
{
	char text[PAGE_COLS + 1];

	fill(d, 0x2d5a7a, 0, 0, WIDTH, HEIGHT);
	fill(d, 0x101418, TERM_X, TERM_Y, TERM_COLS * CELL_W, 24 * CELL_H);
	colour(d, 0xe8e8e8, 0x101418);
	for (unsigned i = 0; i < 8; i++) {
		line_of(i, text);
		xcb_image_text_8(d->conn, TERM_COLS, d->window, d->gc, TERM_X,
				(int16_t)(TERM_Y + (int)i * CELL_H + 10), text);
	}
	desktop_sync(d);
}

static void wide_line(struct desktop *d, unsigned row, unsigned n)
{
	char text[PAGE_COLS + 1];

	for (int x = 0; x < WIDTH; x += PAGE_COLS * CELL_W) {
		line_of(n * 3 + (unsigned)x, text);
		colour(d, n % 4 ? 0xd4d4d4 : 0x6a9955, 0x1e1e1e);
		xcb_image_text_8(d->conn, PAGE_COLS, d->window, d->gc, (int16_t)x,
				(int16_t)(CODE_SIDE + (int)row * CELL_H + 10), text);
	}
}

#define WIDE_ROWS ((HEIGHT - CODE_SIDE) / CELL_H)

void desktop_fill(struct desktop *d)
{
	fill(d, 0x1e1e1e, 0, 0, WIDTH, HEIGHT);
	for (unsigned i = 0; i < WIDE_ROWS; i++)
		wide_line(d, i, i);
	desktop_sync(d);
}

uint64_t desktop_scroll(struct desktop *d, unsigned n)
{
	uint64_t now;

	xcb_copy_area(d->conn, d->window, d->window, d->gc, 0, CODE_SIDE + SCROLL_ROWS * CELL_H, 0,
			CODE_SIDE, WIDTH, (WIDE_ROWS - SCROLL_ROWS) * CELL_H);
	for (unsigned i = 0; i < SCROLL_ROWS; i++)
		wide_line(d, WIDE_ROWS - SCROLL_ROWS + i, WIDE_ROWS + n * SCROLL_ROWS + i);
	for (unsigned bit = 0; bit < CODE_BITS; bit++)
		fill(d, n >> bit & 1 ? 0xe8e8e8 : 0x101010, CODE_X((int)bit), 0, CODE_SIDE,
				CODE_SIDE);
	now = hws_clock_us();
	xcb_flush(d->conn);
	return now;
}

uint64_t desktop_block(struct desktop *d, uint8_t grey)
{
	uint64_t now;

	fill(d, (uint32_t)grey << 16 | (uint32_t)grey << 8 | grey, BLOCK_X, BLOCK_Y, BLOCK_SIDE,
			BLOCK_SIDE);
	now = hws_clock_us();
	xcb_flush(d->conn);
	return now;
}

void desktop_sync(struct desktop *d)
{
	free(xcb_get_input_focus_reply(d->conn, xcb_get_input_focus(d->conn), NULL));
	if (xcb_connection_has_error(d->conn))
		die("the virtual desktop has gone");
}
