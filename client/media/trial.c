/* Letters that come again and again, with blanks between words and behind lines. */
#include "client/media/trial.h"

#define LETTER_W 8
#define LETTER_H 16

static bool ink(int x, int y, int scrolled)
{
	unsigned line = (unsigned)(y / LETTER_H + scrolled), column = (unsigned)(x / LETTER_W);
	unsigned end = 20 + (line * 2654435761u >> 26) * 3;
	unsigned letter = ((column + line * 131) * 2654435761u) >> 27;
	unsigned row = (unsigned)(y % LETTER_H) / 2, stroke = (unsigned)(x % LETTER_W) / 2;

	if (column > end || letter < 6 || row < 1)
		return false;
	return ((letter * 7 + row) * 40503u + stroke * 9973u) >> 4 & 1;
}

void hws_trial_draw(struct hws_picture *p, int top, int bottom, int scrolled)
{
	for (int y = top; y < bottom; y++)
		for (int x = 0; x < p->width; x++)
			p->plane[0][(ptrdiff_t)y * p->stride[0] + x] =
					ink(x, y, scrolled) ? 200 : 40;
}
