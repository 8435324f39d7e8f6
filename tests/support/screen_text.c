/* cairo draws as the programs on a screen do; its own font is what most terminals have. */
#include "screen_text.h"
#include <cairo.h>
#include <stdio.h>
#include <stdlib.h>

static cairo_t *begin(struct hws_picture *p)
{
	cairo_surface_t *s = cairo_image_surface_create_for_data(
			p->plane[0], CAIRO_FORMAT_RGB24, p->width, p->height, p->stride[0]);
	cairo_t *c = cairo_create(s);

	cairo_surface_destroy(s);
	if (cairo_status(c) != CAIRO_STATUS_SUCCESS)
		abort();
	return c;
}

static void use(cairo_t *c, uint32_t rgb)
{
	cairo_set_source_rgb(c, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0,
			(rgb & 0xff) / 255.0);
}

static void end(cairo_t *c)
{
	cairo_surface_flush(cairo_get_target(c));
	cairo_destroy(c);
}

void screen_text_fill(struct hws_picture *p, struct hws_rect r, uint32_t rgb)
{
	cairo_t *c = begin(p);

	use(c, rgb);
	cairo_rectangle(c, r.x, r.y, r.w, r.h);
	cairo_fill(c);
	end(c);
}

static void letters(cairo_t *c, int x, int y, double size, uint32_t rgb, const char *text)
{
	use(c, rgb);
	cairo_select_font_face(
			c, "DejaVu Sans Mono", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(c, size);
	cairo_move_to(c, x, y);
	cairo_show_text(c, text);
}

void screen_text_draw(
		struct hws_picture *p, int x, int y, double size, uint32_t rgb, const char *text)
{
	cairo_t *c = begin(p);

	letters(c, x, y, size, rgb, text);
	end(c);
}

void screen_text_page(struct hws_picture *p, struct hws_rect r, double size, int first)
{
	static const char *const words[] = { "static", "int", "return", "if", "(n", ">", "0)",
		"while", "struct", "buffer", "*b;", "for", "char", "size_t", "length", "=", "0x1f",
		"+=", "next->data", "}" };
	static const uint32_t colours[] = { 0xd4d4d4, 0x569cd6, 0xce9178, 0x6a9955 };
	int high = (int)(size * 1.25);
	cairo_t *c = begin(p);

	use(c, 0x1e1e1e);
	cairo_rectangle(c, r.x, r.y, r.w, r.h);
	cairo_clip(c);
	cairo_paint(c);
	for (int i = 0; i * high < r.h; i++) {
		unsigned seed = (unsigned)(first + i) * 2654435761u + 12345u;
		char text[32];
		int x = r.x;
		snprintf(text, sizeof(text), "%4d ", first + i);
		letters(c, x, r.y + (i + 1) * high - high / 5, size, 0x858585, text);
		x += (int)(size * 0.602 * 5) + (int)(seed >> 13 & 3) * (int)(size * 2.4);
		for (unsigned k = 0; k < 3 + (seed >> 5 & 7); k++) {
			seed = seed * 1103515245u + 12345u;
			unsigned w = seed >> 16 & 0xff;
			snprintf(text, sizeof(text), "%s ", words[w % 20]);
			letters(c, x, r.y + (i + 1) * high - high / 5, size, colours[w >> 6], text);
			for (const char *t = text; *t; t++)
				x += (int)(size * 0.602 + 0.5);
		}
	}
	end(c);
}
