/* libvterm does the drawing. A line that leaves the screen is turned at once into what will be sent
 * for it, which takes a tenth of the memory of its cells. While a program uses the other screen (an
 * editor), the first one is drawn as well, so that it is there again when the program ends. */
#include "client/services/terminal/screen.h"
#include "client/services/terminal/modes.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>
#include <vterm.h>

#define LINE_MAX_BYTES 65536u

struct hws_screen {
	VTerm *vt;
	VTermScreen *screen;
	VTermState *state;
	struct hws_modes modes;
	struct hws_buf rest; /* of what is skipped */
	char *line[HWS_SCREEN_LINES];
	uint32_t line_len[HWS_SCREEN_LINES];
	size_t first, lines, bytes;
	char title[HWS_SCREEN_TITLE];
	bool hidden, other; /* the cursor; the other screen */
	int shape;          /* of the cursor, as libvterm has it; 0 = never set */
	bool drawing;       /* by ourselves: nothing of it is the program's */
};

/* --- one line as it is sent --- */

/* What a cell has beside its characters. */
struct pen {
	VTermScreenCellAttrs attrs;
	VTermColor fg, bg;
};

static void put_char(struct hws_buf *out, uint32_t c)
{
	if (c < 0x80) {
		hws_buf_put_u8(out, (uint8_t)(c < 0x20 || c == 0x7f ? ' ' : c));
	} else if (c < 0x800) {
		hws_buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
		hws_buf_put_u8(out, (uint8_t)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		hws_buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
		hws_buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 63)));
		hws_buf_put_u8(out, (uint8_t)(0x80 | (c & 63)));
	} else if (c < 0x110000) {
		hws_buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
		hws_buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 63)));
		hws_buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 63)));
		hws_buf_put_u8(out, (uint8_t)(0x80 | (c & 63)));
	}
}

static bool same_pen(const struct pen *a, const VTermScreenCell *c)
{
	return a->attrs.bold == c->attrs.bold && a->attrs.underline == c->attrs.underline &&
			a->attrs.italic == c->attrs.italic && a->attrs.blink == c->attrs.blink &&
			a->attrs.reverse == c->attrs.reverse &&
			a->attrs.strike == c->attrs.strike &&
			vterm_color_is_equal(&a->fg, &c->fg) &&
			vterm_color_is_equal(&a->bg, &c->bg);
}

static void put_color(struct hws_buf *out, const VTermColor *c, unsigned base, bool is_default)
{
	if (is_default)
		return;
	if (VTERM_COLOR_IS_RGB(c))
		hws_buf_fmt(out, ";%u;2;%u;%u;%u", base + 8, c->rgb.red, c->rgb.green, c->rgb.blue);
	else if (c->indexed.idx < 8)
		hws_buf_fmt(out, ";%u", base + c->indexed.idx);
	else
		hws_buf_fmt(out, ";%u;5;%u", base + 8, c->indexed.idx);
}

static void put_pen(struct hws_buf *out, const VTermScreenCellAttrs *a, const VTermColor *fg,
		const VTermColor *bg)
{
	hws_buf_put_str(out, "\033[0");
	if (a->bold)
		hws_buf_put_str(out, ";1");
	if (a->italic)
		hws_buf_put_str(out, ";3");
	if (a->underline)
		hws_buf_put_str(out, a->underline == VTERM_UNDERLINE_DOUBLE ? ";21" : ";4");
	if (a->blink)
		hws_buf_put_str(out, ";5");
	if (a->reverse)
		hws_buf_put_str(out, ";7");
	if (a->strike)
		hws_buf_put_str(out, ";9");
	put_color(out, fg, 30, VTERM_COLOR_IS_DEFAULT_FG(fg));
	put_color(out, bg, 40, VTERM_COLOR_IS_DEFAULT_BG(bg));
	hws_buf_put_u8(out, 'm');
}

static bool is_plain_blank(const VTermScreenCell *c)
{
	return (c->chars[0] == 0 || c->chars[0] == ' ') && VTERM_COLOR_IS_DEFAULT_BG(&c->bg) &&
			!c->attrs.reverse && !c->attrs.underline && !c->attrs.strike;
}

static void put_cells(struct hws_buf *out, const VTermScreenCell *cells, int columns)
{
	struct pen pen = { .fg = { VTERM_COLOR_DEFAULT_FG }, .bg = { VTERM_COLOR_DEFAULT_BG } };
	bool plain = true;

	while (columns > 0 && is_plain_blank(&cells[columns - 1]))
		columns--;
	for (int i = 0; i < columns; i++) {
		const VTermScreenCell *c = &cells[i];

		if (c->chars[0] == (uint32_t)-1)
			continue; /* the right half of a wide one */
		if (plain ? !is_plain_blank(c) || c->chars[0] == 0 : true) {
			bool default_pen = !c->attrs.bold && !c->attrs.underline &&
					!c->attrs.italic && !c->attrs.blink && !c->attrs.reverse &&
					!c->attrs.strike && VTERM_COLOR_IS_DEFAULT_FG(&c->fg) &&
					VTERM_COLOR_IS_DEFAULT_BG(&c->bg);
			if (plain ? !default_pen : !same_pen(&pen, c)) {
				put_pen(out, &c->attrs, &c->fg, &c->bg);
				pen = (struct pen){ c->attrs, c->fg, c->bg };
				plain = default_pen;
			}
		}
		put_char(out, c->chars[0] ? c->chars[0] : ' ');
		for (int k = 1; k < VTERM_MAX_CHARS_PER_CELL && c->chars[k]; k++)
			put_char(out, c->chars[k]);
	}
	if (!plain)
		hws_buf_put_str(out, "\033[0m");
}

/* --- what libvterm tells --- */

static void drop_first(struct hws_screen *s)
{
	s->bytes -= s->line_len[s->first];
	hws_free(s->line[s->first]);
	s->line[s->first] = NULL;
	s->first = (s->first + 1) % HWS_SCREEN_LINES;
	s->lines--;
}

static int on_line(int columns, const VTermScreenCell *cells, void *arg)
{
	struct hws_screen *s = arg;
	struct hws_buf out;

	if (s->drawing)
		return 1;
	hws_buf_init(&out, LINE_MAX_BYTES);
	put_cells(&out, cells, columns);
	size_t n = hws_buf_len(&out);
	while (s->lines && (s->lines == HWS_SCREEN_LINES || s->bytes + n > HWS_SCREEN_BYTES))
		drop_first(s);
	size_t at = (s->first + s->lines) % HWS_SCREEN_LINES;
	s->line[at] = hws_memdup(n ? (const void *)hws_buf_bytes(&out).ptr : "", HWS_MAX(n, 1u));
	if (s->line[at]) {
		s->line_len[at] = (uint32_t)n;
		s->bytes += n;
		s->lines++;
	}
	hws_buf_done(&out);
	return 1;
}

static int on_property(VTermProp property, VTermValue *value, void *arg)
{
	struct hws_screen *s = arg;

	if (s->drawing)
		return 1;
	if (property == VTERM_PROP_TITLE && value->string) {
		size_t n = HWS_MIN(strlen(value->string), sizeof(s->title) - 1);
		hws_str_escape(s->title, sizeof(s->title), hws_bytes(value->string, n));
	} else if (property == VTERM_PROP_CURSORVISIBLE) {
		s->hidden = !value->boolean;
	} else if (property == VTERM_PROP_ALTSCREEN) {
		s->other = value->boolean;
	} else if (property == VTERM_PROP_CURSORSHAPE) {
		s->shape = value->number;
	}
	return 1;
}

static void on_answer(const char *text HWS_UNUSED, size_t len HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static const VTermScreenCallbacks hooks = { .settermprop = on_property, .sb_pushline = on_line };

/* --- the screen --- */

int hws_screen_new(uint16_t columns, uint16_t rows, struct hws_screen **ret)
{
	struct hws_screen *s;

	if ((size_t)columns * rows > HWS_SCREEN_CELLS || !columns || !rows)
		return HWS_ERR_TOOBIG;
	s = hws_alloc(sizeof(*s));
	if (!s)
		return HWS_ERR_NOMEM;
	s->vt = vterm_new(rows, columns);
	if (!s->vt) {
		hws_free(s);
		return HWS_ERR_NOMEM;
	}
	hws_modes_init(&s->modes);
	hws_buf_init(&s->rest, 65536);
	vterm_set_utf8(s->vt, 1);
	vterm_output_set_callback(s->vt, on_answer, s);
	s->state = vterm_obtain_state(s->vt);
	s->screen = vterm_obtain_screen(s->vt);
	vterm_screen_enable_altscreen(s->screen, 1);
	vterm_screen_set_callbacks(s->screen, &hooks, s);
	vterm_screen_set_damage_merge(s->screen, VTERM_DAMAGE_SCROLL);
	vterm_screen_reset(s->screen, 1);
	*ret = s;
	return HWS_OK;
}

void hws_screen_free(struct hws_screen *s)
{
	if (!s)
		return;
	while (s->lines)
		drop_first(s);
	hws_buf_done(&s->rest);
	vterm_free(s->vt);
	hws_free(s);
}

static void feed(struct hws_screen *s, struct hws_bytes said)
{
	if (said.len)
		vterm_input_write(s->vt, (const char *)said.ptr, said.len);
}

void hws_screen_feed(struct hws_screen *s, struct hws_bytes said)
{
	hws_modes_feed(&s->modes, said, NULL);
	feed(s, said);
}

void hws_screen_skip(struct hws_screen *s, struct hws_bytes said)
{
	while (said.len) {
		/* its sequences are never longer than it */
		size_t n = HWS_MIN(said.len, (size_t)32768);

		hws_modes_feed(&s->modes, hws_bytes(said.ptr, n), &s->rest);
		feed(s, hws_buf_bytes(&s->rest));
		hws_buf_reset(&s->rest);
		said = hws_bytes(said.ptr + n, said.len - n);
	}
}

int hws_screen_resize(struct hws_screen *s, uint16_t columns, uint16_t rows)
{
	if ((size_t)columns * rows > HWS_SCREEN_CELLS || !columns || !rows)
		return HWS_ERR_TOOBIG;
	s->modes.top = s->modes.bottom = 0;
	vterm_set_size(s->vt, rows, columns);
	return HWS_OK;
}

const char *hws_screen_title(const struct hws_screen *s)
{
	return s->title;
}

/* --- the snapshot --- */

static void put_rows(struct hws_screen *s, struct hws_buf *out)
{
	VTermScreenCell *cells;
	int rows, columns;

	vterm_get_size(s->vt, &rows, &columns);
	cells = hws_alloc_array((size_t)columns, sizeof(*cells));
	for (int y = 0; cells && y < rows; y++) {
		for (int x = 0; x < columns; x++) {
			VTermPos pos = { .row = y, .col = x };
			if (!vterm_screen_get_cell(s->screen, pos, &cells[x]))
				cells[x] = (VTermScreenCell){ .width = 1 };
		}
		put_cells(out, cells, columns);
		if (y + 1 < rows)
			hws_buf_put_str(out, "\r\n");
	}
	hws_free(cells);
}

static void put_cursor(const struct hws_screen *s, const VTermPos *at, struct hws_buf *out)
{
	VTermScreenCellAttrs attrs = { 0 };
	VTermValue fg = { 0 }, bg = { 0 }, v = { 0 };

	hws_buf_fmt(out, "\033[%d;%dH", at->row + 1, at->col + 1);
	attrs.bold = vterm_state_get_penattr(s->state, VTERM_ATTR_BOLD, &v) && v.boolean;
	attrs.italic = vterm_state_get_penattr(s->state, VTERM_ATTR_ITALIC, &v) && v.boolean;
	attrs.reverse = vterm_state_get_penattr(s->state, VTERM_ATTR_REVERSE, &v) && v.boolean;
	if (vterm_state_get_penattr(s->state, VTERM_ATTR_UNDERLINE, &v))
		attrs.underline = v.number & 3;
	if (vterm_state_get_penattr(s->state, VTERM_ATTR_FOREGROUND, &fg) &&
			vterm_state_get_penattr(s->state, VTERM_ATTR_BACKGROUND, &bg))
		put_pen(out, &attrs, &fg.color, &bg.color);
	if (s->shape)
		hws_buf_fmt(out, "\033[%d q", s->shape * 2);
	if (s->hidden)
		hws_buf_put_str(out, "\033[?25l");
}

/* The first screen, while the program uses the other one, which libvterm clears when it comes
 * again: it is drawn anew from what was just written for the viewer. */
static void put_first_screen(struct hws_screen *s, const VTermPos *cursor, struct hws_buf *out)
{
	VTermValue off = { .boolean = 0 }, on = { .boolean = 1 };
	struct hws_buf other;

	hws_buf_init(&other, HWS_SCREEN_SNAPSHOT_MAX / 2);
	hws_buf_put_str(&other, "\033[0m\033[H");
	put_rows(s, &other);
	hws_buf_fmt(&other, "\033[%d;%dH", cursor->row + 1, cursor->col + 1);
	s->drawing = true;
	vterm_state_set_termprop(s->state, VTERM_PROP_ALTSCREEN, &off);
	put_rows(s, out);
	vterm_state_set_termprop(s->state, VTERM_PROP_ALTSCREEN, &on);
	if (hws_buf_err(&other) == HWS_OK)
		feed(s, hws_buf_bytes(&other));
	s->drawing = false;
	hws_buf_done(&other);
	hws_buf_put_str(out, "\033[?1049h\033[H");
}

void hws_screen_snapshot(struct hws_screen *s, struct hws_buf *out)
{
	VTermPos cursor;

	vterm_screen_flush_damage(s->screen);
	vterm_state_get_cursorpos(s->state, &cursor);
	hws_buf_put_str(out, "\033[!p\033[0m");
	for (size_t i = 0; i < s->lines; i++) {
		size_t at = (s->first + i) % HWS_SCREEN_LINES;
		hws_buf_put(out, s->line[at], s->line_len[at]);
		hws_buf_put_str(out, "\r\n");
	}
	if (s->other)
		put_first_screen(s, &cursor, out);
	put_rows(s, out);
	if (s->title[0])
		hws_buf_fmt(out, "\033]2;%s\033\\", s->title);
	hws_modes_tell(&s->modes, out);
	put_cursor(s, &cursor, out);
}
