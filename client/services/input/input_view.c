/* Keyboard and mouse as messages. Hosts of each system take keys in other numbers, and deployed
 * ones expect modifiers to be told with each event. */
#include "client/services/input/input_view.h"
#include "client/services/input/keymap.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"
#include <string.h>

#define KEYS 256u
#define TYPE_CHUNK 512u
#define NOTCH 120

/* evdev codes that have a meaning of their own */
enum {
	KEY_ZERO = 11,
	KEY_L_CTRL = 29,
	KEY_L_SHIFT = 42,
	KEY_R_SHIFT = 54,
	KEY_L_ALT = 56,
	KEY_CAPS = 58,
	KEY_NUM = 69,
	KEY_SCROLL = 70,
	KEY_R_CTRL = 97,
	KEY_R_ALT = 100,
	KEY_DELETE = 111,
	KEY_PAUSE = 119,
	KEY_L_META = 125,
	KEY_R_META = 126,
	KEY_L = 38,
};

enum { MOD_ALT = 1, MOD_SHIFT = 2, MOD_CTRL = 4, MOD_META = 8 };

struct hws_input_view {
	struct hws_service service;
	enum hws_keyboard_mode mode;
	struct hws_layout own;  /* empty = not known */
	bool differs;           /* from the layout of the host, as it was when ... */
	unsigned compared;      /* ... the host had told it so often */
	uint8_t down[KEYS];     /* at the host: pressed by us and not released */
	uint8_t mode_of[KEYS];  /* of the press: the release must fit it */
	uint8_t as_text[KEYS];  /* pressed, but sent as a character: no release is due */
	uint32_t unicode[KEYS]; /* legacy: the character the press was sent as */
	int buttons;            /* down at the host */
	bool has_place;
	int x, y; /* last place sent, on the host's desktop */
	int wheel_x, wheel_y;
};

void hws_input_view_reset(struct hws_input_view *iv)
{
	memset(iv->down, 0, sizeof(iv->down));
	memset(iv->as_text, 0, sizeof(iv->as_text));
	iv->buttons = 0;
	iv->has_place = false;
	iv->wheel_x = iv->wheel_y = 0;
}

struct hws_service *hws_input_view_service(struct hws_input_view *iv)
{
	return &iv->service;
}

struct hws_input_view *hws_input_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_input_view, service);
}

static bool is_wanted(const struct hws_view_options *o)
{
	return !o->view_only;
}

/* A new link: nothing is down at the host. */
static void on_open(struct hws_service *service)
{
	hws_input_view_reset(hws_input_view_of(service));
}

static void on_free(struct hws_service *service)
{
	hws_input_view_free(hws_input_view_of(service));
}

/* The layout of the host, its only row from there, is kept by the core (core/peer). */
static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_INPUT,
	.name = "input",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.permissions = HWS_SERVICE_NEEDS(Keyboard),
	.wanted = is_wanted,
	.open = on_open,
	.free = on_free,
};

int hws_input_view_new(struct hws_viewer *viewer, struct hws_input_view **ret)
{
	struct hws_input_view *iv = hws_alloc(sizeof(*iv));

	if (!iv)
		return HWS_ERR_NOMEM;
	iv->service.impl = &impl;
	iv->service.viewer = viewer;
	*ret = iv;
	return HWS_OK;
}

void hws_input_view_free(struct hws_input_view *iv)
{
	hws_free(iv);
}

void hws_input_view_set_mode(struct hws_input_view *iv, enum hws_keyboard_mode mode)
{
	iv->mode = mode;
}

static void compare(struct hws_input_view *iv, const struct hws_peer *p)
{
	struct hws_layout host;

	iv->compared = p->layout_changes;
	iv->differs = !hws_layout_is_empty(&iv->own) && hws_layout_read(&host, p->layout) &&
			!hws_layout_is_empty(&host) && !hws_layout_equal(&iv->own, &host);
}

void hws_input_view_set_layout(struct hws_input_view *iv, const struct hws_layout *own)
{
	iv->own = *own;
	compare(iv, hws_viewer_peer(iv->service.viewer));
}

enum hws_keyboard_mode hws_input_view_mode(struct hws_input_view *iv)
{
	const struct hws_peer *p = hws_viewer_peer(iv->service.viewer);
	bool modern = p->version_number >= HWS_V_NO_PASSWORD_ACCESS;

	if (iv->mode == HWS_KEYBOARD_LEGACY || !modern)
		return HWS_KEYBOARD_LEGACY;
	if (iv->mode == HWS_KEYBOARD_TRANSLATE)
		return HWS_KEYBOARD_TRANSLATE;
	if (p->kind == HWS_PLATFORM_ANDROID)
		return HWS_KEYBOARD_LEGACY;
	if (iv->mode == HWS_KEYBOARD_MAP)
		return HWS_KEYBOARD_MAP;
	if (iv->compared != p->layout_changes)
		compare(iv, p);
	return iv->differs ? HWS_KEYBOARD_TRANSLATE : HWS_KEYBOARD_MAP;
}

/* --- modifiers -------------------------------------------------------------------------------- */

static int mod_of(unsigned code)
{
	switch (code) {
	case KEY_L_ALT:
	case KEY_R_ALT:
		return MOD_ALT;
	case KEY_L_SHIFT:
	case KEY_R_SHIFT:
		return MOD_SHIFT;
	case KEY_L_CTRL:
	case KEY_R_CTRL:
		return MOD_CTRL;
	case KEY_L_META:
	case KEY_R_META:
		return MOD_META;
	default:
		return 0;
	}
}

/* Translate mode: AltGr chooses characters, it is no Alt. */
static int mods_down(const struct hws_input_view *iv, bool translate)
{
	static const uint8_t codes[] = { KEY_L_ALT, KEY_R_ALT, KEY_L_SHIFT, KEY_R_SHIFT, KEY_L_CTRL,
		KEY_R_CTRL, KEY_L_META, KEY_R_META };
	int mods = 0;

	for (size_t i = 0; i < sizeof(codes); i++)
		if (iv->down[codes[i]] && !(translate && codes[i] == KEY_R_ALT))
			mods |= mod_of(codes[i]);
	return mods;
}

/* In the order deployed viewers use. `list` has room for 6. */
static size_t put_mods(int mods, Ses__ControlKey *list)
{
	size_t n = 0;

	if (mods & MOD_ALT)
		list[n++] = SES__CONTROL_KEY__Alt;
	if (mods & MOD_SHIFT)
		list[n++] = SES__CONTROL_KEY__Shift;
	if (mods & MOD_CTRL)
		list[n++] = SES__CONTROL_KEY__Control;
	if (mods & MOD_META)
		list[n++] = SES__CONTROL_KEY__Meta;
	return n;
}

static size_t put_locks(unsigned code, unsigned locks, Ses__ControlKey *list)
{
	size_t n = 0;

	if ((locks & HWS_LOCK_CAPS) && hws_keymap_caps_matters(code))
		list[n++] = SES__CONTROL_KEY__CapsLock;
	if ((locks & HWS_LOCK_NUM) && hws_keymap_is_numpad(code))
		list[n++] = SES__CONTROL_KEY__NumLock;
	return n;
}

/* --- mouse ------------------------------------------------------------------------------------ */

static int send_mouse(struct hws_input_view *iv, int mask, int x, int y)
{
	Ses__ControlKey list[6];
	Ses__MouseEvent e = SES__MOUSE_EVENT__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	e.mask = mask;
	e.x = x;
	e.y = y;
	e.n_modifiers = put_mods(
			mods_down(iv, hws_input_view_mode(iv) == HWS_KEYBOARD_TRANSLATE), list);
	e.modifiers = list;
	m.union_case = SES__MESSAGE__UNION_MOUSE_EVENT;
	m.mouse_event = &e;
	return hws_viewer_send(iv->service.viewer, &m);
}

int hws_input_view_move(struct hws_input_view *iv, size_t display, int x, int y)
{
	const struct hws_peer *p = hws_viewer_peer(iv->service.viewer);

	if (!hws_viewer_may(iv->service.viewer, &iv->service))
		return HWS_ERR_DENIED;
	if (display >= p->display_count)
		return HWS_ERR_RANGE;
	const struct hws_peer_display *d = &p->display[display];
	x = x < 0 || d->width == 0 ? 0 : HWS_MIN(x, d->width - 1);
	y = y < 0 || d->height == 0 ? 0 : HWS_MIN(y, d->height - 1);
	/* A macOS host counts in points, its pictures are in pixels. */
	if (p->kind == HWS_PLATFORM_MACOS && d->scale > 1) {
		x = (int)(x / d->scale);
		y = (int)(y / d->scale);
	}
	x += d->x;
	y += d->y;
	if (iv->has_place && iv->x == x && iv->y == y)
		return HWS_OK;
	iv->has_place = true;
	iv->x = x;
	iv->y = y;
	/* To an Android host a finger that moves is another event than a pointer that does. */
	bool finger = p->kind == HWS_PLATFORM_ANDROID && iv->buttons & 1;
	return send_mouse(iv, finger ? 1 << 3 : 0, x, y);
}

int hws_input_view_button(struct hws_input_view *iv, int button, bool down)
{
	if (!hws_viewer_may(iv->service.viewer, &iv->service))
		return HWS_ERR_DENIED;
	if (button != 1 && button != 2 && button != 4 && button != 8 && button != 16)
		return HWS_ERR_INVAL;
	if (!down && !(iv->buttons & button))
		return HWS_OK;
	iv->buttons = down ? iv->buttons | button : iv->buttons & ~button;
	/* An Android host takes the place from the event itself. */
	bool android = hws_viewer_peer(iv->service.viewer)->kind == HWS_PLATFORM_ANDROID;
	return send_mouse(
			iv, button << 3 | (down ? 1 : 2), android ? iv->x : 0, android ? iv->y : 0);
}

int hws_input_view_wheel(struct hws_input_view *iv, int dx, int dy)
{
	int nx, ny;

	if (!hws_viewer_may(iv->service.viewer, &iv->service))
		return HWS_ERR_DENIED;
	if (dx < -100 * NOTCH || dx > 100 * NOTCH || dy < -100 * NOTCH || dy > 100 * NOTCH)
		return HWS_ERR_RANGE;
	iv->wheel_x += dx;
	iv->wheel_y += dy;
	nx = iv->wheel_x / NOTCH;
	ny = iv->wheel_y / NOTCH;
	iv->wheel_x -= nx * NOTCH;
	iv->wheel_y -= ny * NOTCH;
	if (nx == 0 && ny == 0)
		return HWS_OK;
	if (hws_viewer_peer(iv->service.viewer)->kind == HWS_PLATFORM_ANDROID)
		return ny ? send_mouse(iv, ny > 0 ? 963 : 523331, iv->x, iv->y) : HWS_OK;
	return send_mouse(iv, 3, -nx, ny);
}

/* --- keyboard --------------------------------------------------------------------------------- */

static int send_key(struct hws_input_view *iv, Ses__KeyEvent *e)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_KEY_EVENT;
	m.key_event = e;
	return hws_viewer_send(iv->service.viewer, &m);
}

static int send_control(
		struct hws_input_view *iv, Ses__ControlKey key, bool down, bool press, int mods)
{
	Ses__ControlKey list[6];
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;

	e.union_case = SES__KEY_EVENT__UNION_CONTROL_KEY;
	e.control_key = key;
	e.down = down;
	e.press = press;
	e.n_modifiers = put_mods(mods, list);
	e.modifiers = list;
	e.mode = SES__KEYBOARD_MODE__Legacy;
	return send_key(iv, &e);
}

static int send_position(struct hws_input_view *iv, unsigned code, bool down, unsigned locks,
		Ses__KeyboardMode mode)
{
	const struct hws_peer *p = hws_viewer_peer(iv->service.viewer);
	uint32_t position = hws_keymap_position(p->kind, code);
	Ses__ControlKey list[2];
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;

	if (code == KEY_PAUSE && p->kind == HWS_PLATFORM_WINDOWS)
		return send_control(iv, SES__CONTROL_KEY__Pause, down, false, 0);
	if (position == HWS_KEY_NONE)
		return HWS_ERR_UNSUPPORTED;
	e.union_case = SES__KEY_EVENT__UNION_CHR;
	e.chr = position;
	e.down = down;
	e.mode = mode;
	/* In translate mode CapsLock is in the characters already. */
	e.n_modifiers = put_locks(code,
			mode == SES__KEYBOARD_MODE__Translate ? locks & ~HWS_LOCK_CAPS : locks,
			list);
	e.modifiers = list;
	return send_key(iv, &e);
}

static size_t put_utf8(uint32_t c, char *s)
{
	size_t n = 0;

	if (c < 0x80) {
		s[n++] = (char)c;
	} else if (c < 0x800) {
		s[n++] = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		s[n++] = (char)(0xe0 | c >> 12);
		s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		s[n++] = (char)(0xf0 | c >> 18);
		s[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		s[n++] = (char)(0x80 | (c & 0x3f));
	s[n] = 0;
	return n;
}

static bool is_text(uint32_t c)
{
	return c >= 0x20 && c != 0x7f && c <= 0x10ffff && !(c >= 0x80 && c < 0xa0) &&
			!(c >= 0xd800 && c < 0xe000);
}

/* A shortcut is its character, too: Ctrl+Z of an AZERTY keyboard is not that of the key in its
 * place. As viewers on Windows send it to hosts on Linux. Digits stay where they are: on some
 * keyboards they take Shift. */
static bool is_shortcut_char(const struct hws_input_view *iv, unsigned code, uint32_t unicode)
{
	return hws_viewer_peer(iv->service.viewer)->kind == HWS_PLATFORM_LINUX &&
			((unicode >= 'a' && unicode <= 'z') ||
					(unicode > 0x20 && unicode < 0x7f && code > KEY_ZERO &&
							!(mods_down(iv, true) & MOD_SHIFT))) &&
			!(unicode >= 'A' && unicode <= 'Z');
}

static int key_translate(struct hws_input_view *iv, unsigned code, bool down, unsigned locks,
		uint32_t unicode)
{
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;
	char text[8];

	if (!down && iv->as_text[code]) {
		iv->as_text[code] = 0;
		return HWS_OK;
	}
	if (code == KEY_R_ALT)
		return HWS_OK; /* the level shift is in the characters */
	bool hotkey = mods_down(iv, true) & (MOD_CTRL | MOD_META | MOD_ALT);
	if (hotkey && is_shortcut_char(iv, code, unicode))
		hotkey = false;
	if (!down || hotkey || !is_text(unicode) || hws_keymap_is_numpad(code) || mod_of(code))
		return send_position(iv, code, down, locks, SES__KEYBOARD_MODE__Translate);
	put_utf8(unicode, text);
	iv->as_text[code] = 1;
	e.union_case = SES__KEY_EVENT__UNION_SEQ;
	e.seq = text;
	e.down = true;
	e.mode = SES__KEYBOARD_MODE__Translate;
	return send_key(iv, &e);
}

/* The character printed on the key of an American keyboard, for hotkeys and when the caller does
 * not know. */
static uint32_t plain_char(unsigned code)
{
	static const char rows[] = "\0\0"
				   "1234567890-=\0\0qwertyuiop[]\0\0asdfghjkl;'`\0\\zxcvbnm,./";

	return code < sizeof(rows) - 1 ? (uint8_t)rows[code] : code == 57 ? ' ' : 0;
}

static int key_legacy(struct hws_input_view *iv, unsigned code, bool down, unsigned locks,
		uint32_t unicode)
{
	const struct hws_peer *p = hws_viewer_peer(iv->service.viewer);
	Ses__ControlKey control, list[6];
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;
	int mods = mods_down(iv, false);

	if (code == KEY_CAPS || code == KEY_NUM || code == KEY_SCROLL)
		return HWS_OK; /* their state travels with the keys */
	if (down && p->kind == HWS_PLATFORM_WINDOWS && code == KEY_DELETE &&
			(mods & (MOD_CTRL | MOD_ALT)) == (MOD_CTRL | MOD_ALT))
		return hws_input_view_ctrl_alt_del(iv);
	if (down && p->kind == HWS_PLATFORM_WINDOWS && code == KEY_L && (mods & MOD_META))
		return hws_input_view_lock_screen(iv);
	control = hws_keymap_control(p->kind, code, locks & HWS_LOCK_NUM);
	if (control != SES__CONTROL_KEY__Unknown) {
		e.union_case = SES__KEY_EVENT__UNION_CONTROL_KEY;
		e.control_key = control;
	} else {
		if (!down && iv->unicode[code])
			unicode = iv->unicode[code]; /* the layout may have changed in between */
		else if (!is_text(unicode))
			unicode = plain_char(code);
		if (!unicode)
			return HWS_ERR_UNSUPPORTED;
		iv->unicode[code] = down ? unicode : 0;
		e.union_case = SES__KEY_EVENT__UNION_CHR;
		e.chr = unicode;
	}
	e.down = down;
	e.n_modifiers = put_mods(mods & ~mod_of(code), list);
	e.n_modifiers += put_locks(code, locks, list + e.n_modifiers);
	e.modifiers = list;
	e.mode = SES__KEYBOARD_MODE__Legacy;
	return send_key(iv, &e);
}

int hws_input_view_key(struct hws_input_view *iv, unsigned code, bool down, unsigned locks,
		uint32_t unicode)
{
	int r;

	if (!hws_viewer_may(iv->service.viewer, &iv->service))
		return HWS_ERR_DENIED;
	if (code == 0 || code >= KEYS)
		return HWS_ERR_UNSUPPORTED;
	if (!down && !iv->down[code])
		return HWS_OK;
	enum hws_keyboard_mode mode = iv->down[code] ? (enum hws_keyboard_mode)iv->mode_of[code]
						     : hws_input_view_mode(iv);
	switch (mode) {
	case HWS_KEYBOARD_LEGACY:
		r = key_legacy(iv, code, down, locks, unicode);
		break;
	case HWS_KEYBOARD_TRANSLATE:
		r = key_translate(iv, code, down, locks, unicode);
		break;
	default:
		r = send_position(iv, code, down, locks, SES__KEYBOARD_MODE__Map);
		break;
	}
	if (r == HWS_OK) {
		iv->down[code] = down;
		iv->mode_of[code] = (uint8_t)mode;
	}
	return r;
}

int hws_input_view_release_all(struct hws_input_view *iv)
{
	int r = HWS_OK;

	for (unsigned code = 1; code < KEYS && r == HWS_OK; code++) {
		if (!iv->down[code])
			continue;
		r = hws_input_view_key(iv, code, false, 0, 0);
		/* Window managers that grab Alt make one release get lost; deployed viewers send
		 * two. */
		if (r == HWS_OK && mod_of(code) == MOD_ALT) {
			iv->down[code] = 1;
			r = hws_input_view_key(iv, code, false, 0, 0);
		}
	}
	for (int button = 1; button <= 16 && r == HWS_OK; button <<= 1)
		r = hws_input_view_button(iv, button, false);
	return r;
}

/* --- text and function keys ------------------------------------------------------------------- */

static int send_seq(struct hws_input_view *iv, const uint8_t *p, size_t n)
{
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;
	char text[TYPE_CHUNK + 1];

	memcpy(text, p, n);
	text[n] = 0;
	e.union_case = SES__KEY_EVENT__UNION_SEQ;
	e.seq = text;
	e.mode = SES__KEYBOARD_MODE__Legacy;
	return send_key(iv, &e);
}

int hws_input_view_type(struct hws_input_view *iv, struct hws_bytes text)
{
	size_t start = 0, i = 0;
	int r = HWS_OK;

	if (!hws_viewer_may(iv->service.viewer, &iv->service))
		return HWS_ERR_DENIED;
	if (text.len > HWS_TYPE_MAX)
		return HWS_ERR_TOOBIG;
	if (!hws_utf8_valid(text) || memchr(text.ptr, 0, text.len))
		return HWS_ERR_INVAL;
	while (r == HWS_OK && i <= text.len) {
		bool end = i == text.len;
		uint8_t c = end ? '\n' : text.ptr[i];
		bool key = c == '\n' || c == '\t' || c == '\r';
		/* Cut before a key, at the end, and before a character that may not fit any
		 * more. */
		if (i > start &&
				(end || key ||
						(i - start > TYPE_CHUNK - 4 &&
								(c & 0xc0) != 0x80))) {
			r = send_seq(iv, text.ptr + start, i - start);
			start = i;
		}
		if (!end && key) {
			start = i + 1;
			if (r == HWS_OK && c != '\r')
				r = send_control(iv,
						c == '\n' ? SES__CONTROL_KEY__Return
							  : SES__CONTROL_KEY__Tab,
						false, true, 0);
		}
		i++;
	}
	return r;
}

int hws_input_view_ctrl_alt_del(struct hws_input_view *iv)
{
	if (!hws_viewer_may(iv->service.viewer, &iv->service))
		return HWS_ERR_DENIED;
	if (hws_viewer_peer(iv->service.viewer)->kind == HWS_PLATFORM_WINDOWS)
		return send_control(iv, SES__CONTROL_KEY__CtrlAltDel, true, false, 0);
	return send_control(iv, SES__CONTROL_KEY__Delete, false, true, MOD_ALT | MOD_CTRL);
}

int hws_input_view_lock_screen(struct hws_input_view *iv)
{
	if (!hws_viewer_may(iv->service.viewer, &iv->service))
		return HWS_ERR_DENIED;
	return send_control(iv, SES__CONTROL_KEY__LockScreen, true, false, 0);
}
