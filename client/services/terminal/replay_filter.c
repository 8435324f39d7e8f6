/* What terminals answer to, as xterm, VTE, kitty and their kin document it. In doubt a sequence is
 * left out: what is shown again is a picture of the past, and lacks nothing but the question. */
#include "client/services/terminal/replay_filter.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

enum state {
	GROUND,
	ESCAPE,     /* ESC */
	CSI,        /* ESC [ */
	OSC,        /* ESC ] */
	DCS,        /* ESC P: what it is, is not known yet */
	DCS_SHOWN,  /* ... it is no question */
	STRING_LOST /* a string that is left out up to its end */
};

#define ENQ 0x05
#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define ESC 0x1b

static void reset(struct hws_replay_filter *f)
{
	f->state = GROUND;
	f->len = 0;
	f->escape = false;
}

static void flush(struct hws_replay_filter *f, struct hws_buf *out)
{
	hws_buf_put(out, f->sequence, f->len);
	reset(f);
}

/* False: it is longer than any that is worth showing. */
static bool hold(struct hws_replay_filter *f, uint8_t c)
{
	if (f->len == sizeof(f->sequence))
		return false;
	f->sequence[f->len++] = c;
	return true;
}

static void begin(struct hws_replay_filter *f, enum state state, uint8_t c)
{
	reset(f);
	f->state = state;
	(void)hold(f, c); /* the first fits */
}

/* The one between parameters and the last byte; 0: there is none. */
static uint8_t intermediate(const struct hws_replay_filter *f)
{
	uint8_t c = f->len >= 2 ? f->sequence[f->len - 2] : 0;

	return c >= 0x20 && c <= 0x2f ? c : 0;
}

/* '<' '=' '>' '?' that parameters of another sort begin with; 0: the usual ones. */
static uint8_t prefix(const struct hws_replay_filter *f)
{
	size_t at = f->sequence[0] == ESC ? 2 : f->sequence[0] == 0xc2 ? 2 : 1;
	uint8_t c = at < f->len ? f->sequence[at] : 0;

	return c >= 0x3c && c <= 0x3f ? c : 0;
}

static bool csi_asks(const struct hws_replay_filter *f)
{
	uint8_t last = f->sequence[f->len - 1], mid = intermediate(f), pre = prefix(f);

	switch (last) {
	case 'c': /* device attributes */
	case 'x': /* terminal parameters */
		return mid == 0;
	case 'n': /* status, place of the cursor */
		return mid == 0 && pre != '>';
	case 't': /* the window: its size, its title; and what moves it */
		return mid == 0 && pre == 0;
	case 'p': /* a mode */
	case 'w': /* a presentation report */
		return mid == '$';
	case 'u': /* the state of the terminal, of the keyboard, of the character set */
		return mid == '$' || mid == '&' || pre == '?';
	case 'v': /* the extent of the screen */
		return mid == '"';
	case 'y': /* a checksum */
		return mid == '*';
	case 'q': /* the version */
		return mid == 0 && pre == '>';
	case 'm': /* modes of keys */
	case 'S': /* graphics */
		return pre == '?';
	case 'R': /* colours */
		return mid == '#';
	case '|': /* a locator */
		return mid == '\'';
	default:
		return false;
	}
}

/* Of what has no place in a title: a terminal that reads single bytes would find another sequence
 * in them. */
static bool has_controls(struct hws_bytes text)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.ptr[i] == 0xc2 && text.ptr[i + 1] < 0xa0)
			return true;
	return !hws_utf8_valid(text);
}

/* A field that is "?" alone asks; the clipboard (52) is not touched by the past either. */
static bool osc_asks(const struct hws_replay_filter *f, size_t end)
{
	size_t begin = f->sequence[0] == ESC || f->sequence[0] == 0xc2 ? 2 : 1;
	const uint8_t *s = f->sequence;

	if (begin + 2 <= end && s[begin] == '5' && s[begin + 1] == '2')
		return true;
	for (size_t i = begin; i < end; i++)
		if (s[i] == '?' && (i == begin || s[i - 1] == ';') &&
				(i + 1 == end || s[i + 1] == ';'))
			return true;
	return has_controls(hws_bytes(s + begin, end - HWS_MIN(begin, end)));
}

static void csi(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	if (c < 0x20) { /* done at once, in the middle of a sequence */
		if (c != ENQ)
			hws_buf_put_u8(out, c);
		return;
	}
	if (!hold(f, c)) {
		f->state = GROUND; /* its rest is shown as text, and does nothing */
		f->len = 0;
		return;
	}
	if (c < 0x40 || c > 0x7e)
		return;
	if (csi_asks(f))
		reset(f);
	else
		flush(f, out);
}

/* `mark`: the bytes that ended it. */
static void string_ends(struct hws_replay_filter *f, size_t mark, struct hws_buf *out)
{
	if (f->state == DCS_SHOWN || (f->state == OSC && !osc_asks(f, f->len - mark)))
		flush(f, out);
	else
		reset(f);
}

/* What a DCS is, is known at its last byte: $q and +q ask. */
static void dcs_kind(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	if (c < 0x40 || c > 0x7e)
		return;
	if (c == 'q' && (intermediate(f) == '$' || intermediate(f) == '+')) {
		f->state = STRING_LOST;
		f->len = 0;
		return;
	}
	hws_buf_put(out, f->sequence, f->len);
	f->len = 0;
	f->state = DCS_SHOWN;
}

/* ESC x; the same as the control character x + 0x40. False: it is not the begin of anything. */
static bool opens(struct hws_replay_filter *f, uint8_t c)
{
	switch (c) {
	case '[':
		f->state = CSI;
		return true;
	case ']':
		f->state = OSC;
		return true;
	case 'P':
		f->state = DCS;
		return true;
	case 'X': /* strings that nothing is to be seen of */
	case '^':
	case '_':
		f->state = STRING_LOST;
		f->len = 0;
		return true;
	default:
		return false;
	}
}

static void escape(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	if (!hold(f, c) || c == 'Z') { /* which asks who is there */
		reset(f);
		return;
	}
	if (!opens(f, c) && c >= 0x30)
		flush(f, out);
}

/* Another sequence has cut the string off; its ESC was held as one byte more. */
static void cut_off(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	if (f->state == DCS_SHOWN) {
		hws_buf_put(out, f->sequence, f->len ? f->len - 1 : 0);
		hws_buf_put_u8(out, CAN); /* the other one may not be shown */
	}
	begin(f, ESCAPE, ESC);
	if (c != ESC) /* that begins anew */
		escape(f, c, out);
}

static void string(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	bool was_escape = f->escape, ends = (was_escape && c == '\\') || c == BEL;

	f->escape = c == ESC;
	if (was_escape && c != '\\') {
		cut_off(f, c, out);
		return;
	}
	if (f->state == STRING_LOST) {
		if (ends)
			reset(f);
		return;
	}
	if (f->state == DCS_SHOWN && f->len == sizeof(f->sequence)) {
		hws_buf_put(out, f->sequence, f->len);
		f->len = 0;
	}
	/* A title is not so long, and pictures are letters. */
	if (!hold(f, c) || (f->state != OSC && c >= 0x80)) {
		if (f->state == DCS_SHOWN) { /* what is shown of it is over */
			hws_buf_put(out, f->sequence, f->len ? f->len - 1 : 0);
			hws_buf_put_u8(out, CAN);
		}
		f->state = STRING_LOST;
		f->len = 0;
	} else if (ends) {
		string_ends(f, c == BEL ? 1 : 2, out);
	} else if (f->state == DCS) {
		dcs_kind(f, c, out);
	}
}

/* Of a character of several bytes, or of the older controls. */
static void high(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	if (f->utf8_left && (c & 0xc0) == 0x80) {
		f->utf8_left--;
		hws_buf_put_u8(out, c);
		return;
	}
	f->utf8_left = 0;
	if (c == 0xc2) {
		f->c2 = true;
		return;
	}
	if (c >= 0x80 && c < 0xa0) {
		begin(f, ESCAPE, c);
		if (c == 0x9a)
			reset(f);
		else if (!opens(f, (uint8_t)(c - 0x40)))
			flush(f, out);
		return;
	}
	f->utf8_left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
	hws_buf_put_u8(out, c);
}

static void after_c2(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	f->c2 = false;
	if (c < 0x80 || c >= 0xa0) {
		hws_buf_put_u8(out, 0xc2);
		f->utf8_left = c >= 0x80 && c < 0xc0 ? 1 : 0;
		return;
	}
	begin(f, ESCAPE, 0xc2);
	(void)hold(f, c);
	if (c == 0x9a)
		reset(f);
	else if (!opens(f, (uint8_t)(c - 0x40)))
		flush(f, out);
}

static void ground(struct hws_replay_filter *f, uint8_t c, struct hws_buf *out)
{
	if (f->c2) {
		after_c2(f, c, out);
		if (c >= 0x80 && c < 0xa0)
			return;
	}
	if (c == ESC) {
		f->utf8_left = 0;
		begin(f, ESCAPE, c);
	} else if (c >= 0x80) {
		high(f, c, out);
	} else {
		f->utf8_left = 0;
		if (c != ENQ)
			hws_buf_put_u8(out, c);
	}
}

void hws_replay_filter_run(struct hws_replay_filter *f, struct hws_bytes in, struct hws_buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];
		bool in_string = f->state >= OSC;

		if (f->state != GROUND && (c == CAN || c == SUB)) {
			if (f->state == DCS_SHOWN)
				flush(f, out);
			reset(f);
			hws_buf_put_u8(out, c);
		} else if (f->state == GROUND) {
			ground(f, c, out);
		} else if (in_string) {
			string(f, c, out);
		} else if (c == ESC) {
			begin(f, ESCAPE, c);
		} else if (f->state == ESCAPE) {
			escape(f, c, out);
		} else {
			csi(f, c, out);
		}
	}
}

void hws_replay_filter_end(struct hws_replay_filter *f, struct hws_buf *out)
{
	if (f->c2)
		hws_buf_put_u8(out, 0xc2);
	if (f->state != STRING_LOST)
		hws_buf_put(out, f->sequence, f->len);
	f->c2 = false;
	f->utf8_left = 0;
	reset(f);
}
