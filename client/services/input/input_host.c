/* Mouse and keyboard of all viewers on one desktop. Who leaves with a key held must not leave it
 * pressed, so what each one holds is known here. */
#include "client/services/input/control_key.h"
#include "client/services/input/input_host_parts.h"
#include "client/services/input/layout.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELATIVE_MAX 10000
#define LAYOUT_DELAY_US (200 * HWS_US_PER_MS)
#define SEQ_MAX 20000 /* characters of one text: about what a person pastes */

#define K(name) SES__CONTROL_KEY__##name

/* --- mouse --- */

static int clamp(int32_t v, int max)
{
	return v > max ? max : v < -max ? -max : v;
}

static void on_button(struct hws_input_host *h, struct hws_typing_viewer *t,
		const Ses__MouseEvent *e, unsigned button, bool down)
{
	if (!down) {
		if (hws_inject_button(h->inject, button, false) == HWS_OK)
			t->buttons &= ~button;
		return;
	}
	unsigned pressed = hws_input_match_modifiers(h, t, e->modifiers, e->n_modifiers);
	if (hws_inject_button(h->inject, button, true) == HWS_OK)
		t->buttons |= button;
	hws_input_undo_modifiers(h, t, pressed);
}

static void on_mouse(
		struct hws_input_host *h, struct hws_typing_viewer *t, const Ses__MouseEvent *e)
{
	unsigned button = (unsigned)e->mask >> 3;
	int r = HWS_OK;

	t->g->mouse_us = hws_loop_now_us(h->loop);
	switch (e->mask & 7) {
	case 0:
		r = hws_inject_move(h->inject, e->x, e->y);
		break;
	case 1:
	case 2:
		on_button(h, t, e, button, (e->mask & 7) == 1);
		break;
	case 3:
	case 4:
		r = hws_inject_wheel(h->inject, clamp(e->x, 100), clamp(e->y, 100));
		break;
	case 5:
		if (e->x || e->y) /* 0,0 only announces the mode */
			r = hws_inject_move_relative(h->inject, clamp(e->x, RELATIVE_MAX),
					clamp(e->y, RELATIVE_MAX));
		break;
	default:
		break;
	}
	if (r < 0)
		hws_debug("input.mouse_failed", HWS_ERR("why", r));
}

/* --- keyboard --- */

/* The next character of valid UTF-8. */
static uint32_t take_char(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	uint32_t cp = p[0];
	unsigned more = cp >= 0xf0 ? 3 : cp >= 0xe0 ? 2 : cp >= 0xc0 ? 1 : 0;

	if (more)
		cp &= 0x3fu >> more;
	p++;
	for (; more && (*p & 0xc0) == 0x80; more--)
		cp = cp << 6 | (*p++ & 0x3fu);
	*s = (const char *)p;
	return cp;
}

/* One message for all of a turn: a text in a script the host cannot type would be a flood. */
static void tell_untyped(void *arg)
{
	struct hws_input_host *h = arg;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_typing_viewer *t = &h->typing_viewer[i];
		Ses__Message m = SES__MESSAGE__INIT;
		Ses__MessageBox box = SES__MESSAGE_BOX__INIT;
		char text[200];
		if (!t->untyped || !t->g)
			continue;
		snprintf(text, sizeof(text),
				"%u character%s could not be typed at the host: its keyboard map has no "
				"key to spare, or the program there does not read its input",
				t->untyped, t->untyped == 1 ? "" : "s");
		hws_warn_limited("input.untyped", HWS_U64("characters", t->untyped),
				HWS_U64("total", h->untyped_total));
		t->untyped = 0;
		box.msgtype = (char *)HWS_INPUT_BOX_UNTYPED;
		box.title = (char *)"Text was not typed";
		box.text = text;
		box.link = (char *)"";
		m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
		m.message_box = &box;
		hws_host_viewer_tell(t->g, &m);
	}
}

static void on_untyped(unsigned tag, unsigned count, void *arg)
{
	struct hws_input_host *h = arg;

	h->untyped_total += count;
	if (tag < HWS_HOST_VIEWERS_MAX)
		h->typing_viewer[tag].untyped += count;
	hws_loop_defer(h->loop, &h->tell, tell_untyped, h);
}

static void type_char(
		struct hws_input_host *h, struct hws_typing_viewer *t, uint32_t cp, bool shortcut)
{
	if (hws_inject_type_char(h->inject, cp, shortcut, t->g->slot) < 0)
		on_untyped(t->g->slot, 1, h);
}

static void type_text(struct hws_input_host *h, struct hws_typing_viewer *t, const char *text)
{
	bool shortcut = hws_input_shortcut_held(h);
	unsigned n = 0;

	for (; *text && n < SEQ_MAX; n++) {
		uint32_t cp = take_char(&text);
		if (cp == '\r' && *text == '\n')
			continue;
		type_char(h, t, cp, shortcut);
	}
	for (n = 0; *text; n++)
		take_char(&text);
	if (n)
		on_untyped(t->g->slot, n, h);
}

/* Lock keys as the viewer had them when it pressed the key; returns what to put back. */
static unsigned match_locks(
		struct hws_input_host *h, const Ses__KeyEvent *e, bool numpad, unsigned *ret_mask)
{
	unsigned mask = HWS_LOCK_CAPS | (numpad ? HWS_LOCK_NUM : 0u), want = 0;
	unsigned before = hws_inject_locks(h->inject);

	if (hws_input_listed(K(CapsLock), e->modifiers, e->n_modifiers))
		want |= HWS_LOCK_CAPS;
	if (hws_input_listed(K(NumLock), e->modifiers, e->n_modifiers))
		want |= HWS_LOCK_NUM;
	*ret_mask = mask;
	if (((before ^ want) & mask) && hws_inject_set_locks(h->inject, mask, want) < 0)
		hws_debug("input.locks_failed");
	return before;
}

static void restore_locks(struct hws_input_host *h, unsigned mask, unsigned before)
{
	if (((hws_inject_locks(h->inject) ^ before) & mask) &&
			hws_inject_set_locks(h->inject, mask, before) < 0)
		hws_debug("input.locks_failed");
}

static bool is_down(const Ses__KeyEvent *e)
{
	return e->down || e->press;
}

/* A key of the map and translate modes: the code is the position on our keyboard. */
static void on_position_key(
		struct hws_input_host *h, struct hws_typing_viewer *t, const Ses__KeyEvent *e)
{
	unsigned mask = 0, before = 0;
	bool synced = false;

	if (e->chr < 8 || e->chr > 255)
		return;
	uint8_t code = (uint8_t)e->chr;
	if (is_down(e) && !hws_keycode_is_modifier(code) && code != 0x17 && code != 0x24 &&
			code != 0x42 && code != 0x4d) {
		bool numpad = hws_keycode_is_numpad(code);
		/* In translate mode the locks are told for the number pad only. */
		if (e->mode != SES__KEYBOARD_MODE__Translate || numpad) {
			before = match_locks(h, e, numpad, &mask);
			synced = true;
		}
	}
	if (is_down(e))
		hws_input_press(h, t, code, true);
	if (!e->down)
		hws_input_press(h, t, code, false);
	if (synced)
		restore_locks(h, mask, before);
}

static bool find_control(struct hws_input_host *h, int name, uint8_t *ret_code)
{
	uint32_t sym = hws_control_keysym(name), other = hws_control_keysym_or(name);

	if (sym && hws_inject_keycode_of(h->inject, sym, ret_code) == HWS_OK)
		return true;
	return other && hws_inject_keycode_of(h->inject, other, ret_code) == HWS_OK;
}

static void on_control_key(
		struct hws_input_host *h, struct hws_typing_viewer *t, const Ses__KeyEvent *e)
{
	static const Ses__ControlKey secure[] = { K(Control), K(Alt) };
	int name = (int)e->control_key;
	const Ses__ControlKey *mods = e->modifiers;
	size_t n = e->n_modifiers;
	uint8_t code;

	if (name == K(CtrlAltDel)) { /* meant for Windows; here it is three keys like others */
		name = K(Delete);
		mods = secure;
		n = HWS_COUNT(secure);
		if (!is_down(e))
			return;
	}
	if (!find_control(h, name, &code))
		return;
	bool click = e->press || (int)e->control_key == K(CtrlAltDel);
	if (hws_control_is_modifier(name) || name == K(CapsLock) || name == K(NumLock)) {
		if (is_down(e))
			hws_input_press(h, t, code, true);
		if (!e->down || click)
			hws_input_press(h, t, code, false);
		return;
	}
	if (!is_down(e)) {
		hws_input_press(h, t, code, false);
		return;
	}
	unsigned mask = 0, before = 0;
	bool numpad = hws_control_is_numpad(name);
	unsigned pressed = hws_input_match_modifiers(h, t, mods, n);
	if (numpad)
		before = match_locks(h, e, true, &mask);
	hws_input_press(h, t, code, true);
	if (click)
		hws_input_press(h, t, code, false);
	if (numpad)
		restore_locks(h, mask, before);
	hws_input_undo_modifiers(h, t, pressed);
}

static void on_character(struct hws_input_host *h, struct hws_typing_viewer *t,
		const Ses__KeyEvent *e, uint32_t cp)
{
	if (!is_down(e))
		return;
	bool combination = hws_input_listed(K(Control), e->modifiers, e->n_modifiers) ||
			hws_input_listed(K(Meta), e->modifiers, e->n_modifiers) ||
			hws_input_listed(K(Alt), e->modifiers, e->n_modifiers);
	/* AltGr made this character at the viewer: held here it would make another one. */
	unsigned pressed = hws_input_match_modifiers(
			h, t, combination ? e->modifiers : NULL, combination ? e->n_modifiers : 0);
	type_char(h, t, cp, combination);
	hws_input_undo_modifiers(h, t, pressed);
}

static void on_key(struct hws_input_host *h, struct hws_typing_viewer *t, const Ses__KeyEvent *e)
{
	bool positions = e->mode == SES__KEYBOARD_MODE__Map ||
			e->mode == SES__KEYBOARD_MODE__Translate;

	switch (e->union_case) {
	case SES__KEY_EVENT__UNION_CHR:
		if (positions)
			on_position_key(h, t, e);
		else
			on_character(h, t, e, e->chr);
		break;
	case SES__KEY_EVENT__UNION_CONTROL_KEY:
		on_control_key(h, t, e);
		break;
	case SES__KEY_EVENT__UNION_SEQ:
		type_text(h, t, e->seq);
		break;
	case SES__KEY_EVENT__UNION_UNICODE:
		if (!positions)
			type_char(h, t, e->unicode, hws_input_shortcut_held(h));
		break;
	default: /* hotkeys between two Windows machines */
		break;
	}
}

/* --- layout --- */

/* The layout as services/input/layout writes it; "" when it is not known. */
static void write_layout(struct hws_input_host *h, char buf[HWS_PEER_LAYOUT])
{
	struct hws_layout l;

	for (size_t k = 0; k < HWS_LAYOUT_KEYS; k++)
		for (unsigned level = 0; level < HWS_LAYOUT_LEVELS; level++)
			l.sym[k][level] = hws_inject_symbol(
					h->inject, (uint8_t)(hws_layout_code(k) + 8), level);
	buf[0] = 0;
	if (!hws_layout_is_empty(&l))
		hws_layout_write(&l, buf);
}

static void tell_layout(void *arg)
{
	struct hws_input_host *h = arg;
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	char now[HWS_PEER_LAYOUT];

	write_layout(h, now);
	if (strcmp(now, h->layout) == 0)
		return;
	memcpy(h->layout, now, sizeof(now));
	hws_info("input.layout_changed");
	misc.union_case = SES__MISC__UNION_KEYBOARD_LAYOUT;
	misc.keyboard_layout = h->layout;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->typing_viewer[i].g)
			hws_host_viewer_tell(h->typing_viewer[i].g, &m);
}

/* A change of the map comes as many events, and a text that is being typed may take another group
 * for a moment. */
static void on_layout(void *arg)
{
	struct hws_input_host *h = arg;

	hws_timer_start(h->loop, &h->layout_later, LAYOUT_DELAY_US, tell_layout, h);
}

/* --- viewers --- */

bool hws_input_host_message(
		struct hws_input_host *h, struct hws_host_viewer *g, const Ses__Message *m)
{
	struct hws_typing_viewer *t = &h->typing_viewer[g->slot];
	bool mouse = m->union_case == SES__MESSAGE__UNION_MOUSE_EVENT;
	bool key = m->union_case == SES__MESSAGE__UNION_KEY_EVENT;

	if (!mouse && !key)
		return m->union_case == SES__MESSAGE__UNION_POINTER_DEVICE_EVENT;
	if (t->g != g || !hws_host_viewer_may(g, HWS_PERM_KEYBOARD))
		return true;
	if (mouse)
		on_mouse(h, t, m->mouse_event);
	else
		on_key(h, t, m->key_event);
	return true;
}

/* Releases all this viewer holds: its link hangs, or it may not type any more. */
static void let_go(struct hws_input_host *h, struct hws_host_viewer *g)
{
	struct hws_typing_viewer *t = &h->typing_viewer[g->slot];

	if (t->g != g)
		return;
	for (unsigned code = 8; code < 256; code++)
		if (t->down[code / 8] >> code % 8 & 1)
			hws_input_press(h, t, (uint8_t)code, false);
	for (unsigned b = HWS_BUTTON_LEFT; b <= HWS_BUTTON_FORWARD; b <<= 1)
		if (t->buttons & b && hws_inject_button(h->inject, b, false) < 0)
			hws_debug("input.button_stuck");
	t->buttons = 0;
}

void hws_input_host_join(struct hws_input_host *h, struct hws_host_viewer *g)
{
	h->typing_viewer[g->slot] = (struct hws_typing_viewer){ .g = g };
}

void hws_input_host_leave(struct hws_input_host *h, struct hws_host_viewer *g)
{
	bool any = false;

	let_go(h, g);
	h->typing_viewer[g->slot].g = NULL;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		any = any || h->typing_viewer[i].g;
	if (!any)
		hws_inject_release_all(h->inject); /* lent keys too */
}

int hws_input_host_new(
		struct hws_loop *loop, struct hws_inject *inject, struct hws_input_host **ret)
{
	struct hws_input_host *h = calloc(1, sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_input_host_service;
	h->loop = loop;
	h->inject = inject;
	inject->on_untyped = on_untyped;
	inject->on_layout = on_layout;
	inject->arg = h;
	write_layout(h, h->layout);
	*ret = h;
	return HWS_OK;
}

void hws_input_host_free(struct hws_input_host *h)
{
	if (!h)
		return;
	hws_inject_release_all(h->inject);
	h->inject->on_untyped = NULL;
	h->inject->on_layout = NULL;
	hws_timer_stop(&h->layout_later);
	hws_loop_defer_cancel(&h->tell);
	free(h);
}

/* --- as a service --- */

static struct hws_input_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_input_host, service);
}

static int service_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_input_host *h;
	int r = hws_input_host_new(env->loop, env->platform->inject, &h);

	if (r == HWS_OK)
		*ret = &h->service;
	return r;
}

static void service_free(struct hws_host_service *s)
{
	hws_input_host_free(of(s));
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	hws_input_host_join(of(s), v);
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	hws_input_host_leave(of(s), v);
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v)
{
	if (!hws_host_viewer_may(v, HWS_PERM_KEYBOARD))
		let_go(of(s), v);
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	return hws_input_host_message(of(s), v, m);
}

/* A key held by a viewer that hangs would repeat until it comes back. */
static void on_line(struct hws_host_service *s, struct hws_host_viewer *v,
		const struct hws_flow_answer *a)
{
	if (a->late)
		let_go(of(s), v);
}

static void describe(struct hws_host_service *s, Ses__PeerInfo *info)
{
	struct hws_input_host *h = of(s);
	char layout[HWS_PEER_LAYOUT];

	write_layout(h, layout);
	if (layout[0] &&
			hws_fmt(h->additions, sizeof(h->additions), "{\"hawser_layout\":\"%s\"}",
					layout) == HWS_OK)
		info->platform_additions = h->additions;
}

const struct hws_host_service_impl hws_input_host_service = {
	.id = HWS_SERVICE_INPUT,
	.name = "input",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = service_new,
	.free = service_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.message = on_message,
	.line = on_line,
	.describe = describe,
};
