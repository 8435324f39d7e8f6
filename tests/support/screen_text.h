/* support/screen_text: pictures as a screen has them: smoothed letters of a real font on plain
 * ground (cairo). For BGRA pictures. */
#pragma once
#include "client/media/picture.h"

void screen_text_fill(struct hws_picture *p, struct hws_rect r, uint32_t rgb);
/* Letters of a monospaced font of `size` pixels, the base of the line at y. */
void screen_text_draw(
		struct hws_picture *p, int x, int y, double size, uint32_t rgb, const char *text);
/* A page of a program's source, `lines` of it from `first` on, each `size * 1.25` high. */
void screen_text_page(struct hws_picture *p, struct hws_rect r, double size, int first);
