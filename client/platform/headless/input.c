/* Input into a desktop in memory: written down as text, so that a test reads what a viewer did. */
#include "client/platform/headless/desk.h"
#include "client/platform/headless/headless.h"

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

/* Enough of a US keyboard for what services ask: letters, digits, and the keys without a
 * character. */
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

void hl_input_init(struct headless *h)
{
	h->inject.impl = &inject_impl;
	h->base.inject = &h->inject;
	hws_buf_init(&h->input, 1 << 17);
}

void hl_input_done(struct headless *h)
{
	hws_buf_done(&h->input);
}

/* --- what tests do --- */

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
