/* Only what begins with ESC is looked at; the way to it is memchr's. */
#include "client/services/terminal/modes.h"
#include "shared/base/macros.h"
#include <string.h>

#define ESC 0x1b
#define BEL 0x07

enum { NONE, ESCAPE, CSI, TEXT, TEXT_ESCAPE, ONE_MORE };

/* Those of "CSI ? NUMBER h" that a viewer's terminal must be told again, and how it begins. The
 * other screen and the cursor are the screen's to tell. */
static const struct {
	uint16_t number;
	bool begins_on;
} known[] = { { 1, false }, { 7, true }, { 9, false }, { 1000, false }, { 1002, false },
	{ 1003, false }, { 1004, false }, { 1005, false }, { 1006, false }, { 1015, false },
	{ 2004, false } };

_Static_assert(HWS_COUNT(known) <= 32, "bits of a number");

void hws_modes_init(struct hws_modes *m)
{
	*m = (struct hws_modes){ 0 };
	for (size_t i = 0; i < HWS_COUNT(known); i++)
		if (known[i].begins_on)
			m->on |= 1u << i;
}

static void set(struct hws_modes *m, uint32_t number, bool on)
{
	for (size_t i = 0; i < HWS_COUNT(known); i++)
		if (known[i].number == number)
			m->on = on ? m->on | 1u << i : m->on & ~(1u << i);
}

/* The numbers of a sequence, with semicolons between; 0 where none stands. */
static size_t numbers(const uint8_t *p, size_t len, uint32_t *ret, size_t max)
{
	size_t n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < len && n < max; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			ret[n] = HWS_MIN(ret[n] * 10 + (uint32_t)(p[i] - '0'), 99999u);
		else if (p[i] == ';' && ++n < max)
			ret[n] = 0;
	}
	return HWS_MIN(n + 1, max);
}

/* A whole "CSI ... final", without the CSI. */
static void take_csi(struct hws_modes *m)
{
	uint8_t final = m->text[m->len - 1];
	bool asks = m->text[0] == '?';
	uint32_t n[8];

	if (asks && (final == 'h' || final == 'l')) {
		size_t count = numbers(m->text + 1, m->len - 2, n, HWS_COUNT(n));
		for (size_t i = 0; i < count; i++)
			set(m, n[i], final == 'h');
	} else if (final == 'r' && !asks) {
		size_t count = numbers(m->text, m->len - 1, n, HWS_COUNT(n));
		m->top = n[0];
		m->bottom = count > 1 ? n[1] : 0;
	} else if (final == 'p' && m->text[0] == '!') {
		hws_modes_init(m); /* the soft reset */
	}
}

/* The next byte of a sequence; its kind becomes NONE with its last one. */
static void step(struct hws_modes *m, uint8_t c)
{
	switch (m->kind) {
	case ESCAPE:
		m->kind = c == '[' ? CSI : NONE;
		m->len = 0;
		if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')
			m->kind = TEXT;
		else if (c >= 0x20 && c < 0x30)
			m->kind = ONE_MORE;
		else if (c == '=' || c == '>')
			m->keypad = c == '=';
		else if (c == 'c')
			hws_modes_init(m);
		break;
	case CSI:
		if (m->len < HWS_MODES_SEQUENCE_MAX)
			m->text[m->len++] = c;
		if (c >= 0x40 && c <= 0x7e) {
			if (m->text[m->len - 1] == c)
				take_csi(m);
			m->kind = NONE;
		}
		break;
	case TEXT:
		m->kind = c == BEL ? NONE : c == ESC ? TEXT_ESCAPE : TEXT;
		break;
	case TEXT_ESCAPE:
		m->kind = c == '\\' ? NONE : TEXT;
		break;
	default:
		m->kind = NONE;
		break;
	}
}

void hws_modes_feed(struct hws_modes *m, struct hws_bytes said, struct hws_buf *rest)
{
	const uint8_t *p = said.ptr, *end = said.ptr + said.len;

	while (p < end) {
		if (m->kind == NONE) {
			p = memchr(p, ESC, (size_t)(end - p));
			if (!p)
				return;
			m->kind = ESCAPE;
		} else if (*p == ESC && m->kind != TEXT) {
			m->kind = ESCAPE; /* whatever had begun is void */
		} else if (*p == 0x18 || *p == 0x1a) {
			m->kind = NONE; /* cancelled */
		} else {
			step(m, *p);
		}
		if (rest)
			hws_buf_put_u8(rest, *p);
		p++;
	}
}

void hws_modes_tell(const struct hws_modes *m, struct hws_buf *out)
{
	for (size_t i = 0; i < HWS_COUNT(known); i++)
		if ((m->on >> i & 1) != known[i].begins_on)
			hws_buf_fmt(out, "\033[?%u%c", known[i].number, m->on >> i & 1 ? 'h' : 'l');
	if (m->keypad)
		hws_buf_put_str(out, "\033=");
	if (m->top > 1 || m->bottom)
		hws_buf_fmt(out, m->bottom ? "\033[%u;%ur" : "\033[%ur", HWS_MAX(m->top, 1u),
				m->bottom);
}
