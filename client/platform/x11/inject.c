/* Calls come in an order that means something: a click behind a text belongs to what the text did.
 * So all of them go through one queue, which stands still while a text waits for a program
 * (typing.h). It is empty nearly always; then a call takes effect at once. */
#include "client/platform/x11/typing.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>
#include <xcb/xtest.h>

#define WHEEL_MAX 100
#define OPS_MAX 65536u /* a power of two */
#define OPS_FIRST 64u
/* Kept free for what ends something: a key that nobody lets go of, for want of room, would stay
 * down for good. */
#define OPS_FOR_ENDS 1024u
#define TURN_MAX 512u /* characters in one turn of the loop */
#define POLL_US (20 * HWS_US_PER_MS)
/* A text waits so long for a program that does not read; less when somebody clicks meanwhile,
 * perhaps to get away from that program. */
#define PATIENCE_US (60 * HWS_US_PER_S)
#define CLICK_PATIENCE_US (2 * HWS_US_PER_S)

enum op_kind { OP_MOVE, OP_MOVE_RELATIVE, OP_BUTTON, OP_KEY, OP_CHAR, OP_SHORTCUT, OP_LOCKS };

struct op {
	uint8_t kind, detail;
	bool down;
	uint8_t tag;
	int32_t a, b;
};

struct x11_inject {
	struct hws_inject base;
	struct x11_desktop *d;
	struct x11_typing typing;
	bool down[X11_KEYS]; /* as it will be when the queue is empty */
	unsigned buttons;    /* HWS_BUTTON_*, likewise */
	unsigned locked;     /* modifier mask, likewise */
	uint8_t group;
	struct op *op; /* a ring of op_size */
	unsigned op_size, head, count;
	unsigned clicks;     /* button presses that wait */
	uint64_t blocked_us; /* since when, 0 = not */
	bool returning;      /* lent keys are to go back */
	struct hws_timer poll;
	struct hws_deferred go;
};

static struct x11_inject *self_of(struct hws_inject *i)
{
	return hws_container(i, struct x11_inject, base);
}

static void tell_layout(struct x11_inject *j)
{
	if (j->base.on_layout)
		j->base.on_layout(j->base.arg);
}

void x11_inject_on_xkb(struct x11_inject *j, const xcb_generic_event_t *e)
{
	const xcb_xkb_state_notify_event_t *s = (const xcb_xkb_state_notify_event_t *)e;

	if (s->xkbType == XCB_XKB_STATE_NOTIFY) {
		bool other = j->group != s->group;
		j->locked = s->lockedMods;
		j->group = s->group;
		if (other)
			tell_layout(j);
	} else if (!x11_lend_is_own_event(j->typing.lend, e)) {
		j->typing.stale = true;
		tell_layout(j);
	}
}

bool x11_inject_on_message(struct x11_inject *j, const xcb_generic_event_t *e)
{
	return j->typing.reader &&
			x11_reader_on_message(
					j->typing.reader, (const xcb_client_message_event_t *)e);
}

static int x11_keycode_of(struct hws_inject *base, uint32_t keysym, uint8_t *ret_code)
{
	struct x11_inject *j = self_of(base);
	struct x11_stroke s;

	x11_typing_refresh(&j->typing);
	if (!x11_keymap_find_key(j->typing.map, keysym, false, j->group, &s))
		return HWS_ERR_NOTFOUND;
	*ret_code = s.code;
	return HWS_OK;
}

static uint32_t x11_symbol(struct hws_inject *base, uint8_t code, unsigned level)
{
	struct x11_inject *j = self_of(base);

	x11_typing_refresh(&j->typing);
	return x11_keymap_symbol(j->typing.map, code,
			x11_keymap_group(j->typing.map, code, j->group), level);
}

/* --- the queue --- */

static void fake(struct x11_inject *j, uint8_t type, uint8_t detail, int x, int y)
{
	xcb_test_fake_input(j->d->conn, type, detail, XCB_CURRENT_TIME,
			type == XCB_MOTION_NOTIFY && !detail ? j->d->screen->root : XCB_NONE,
			(int16_t)x, (int16_t)y, 0);
	x11_flush(j->d);
}

static void do_key(struct x11_inject *j, uint8_t code, bool down)
{
	bool *held = &j->typing.down[code];

	if (!down && !*held)
		return;
	/* A down of a key that is down is auto-repeat: the server repeats only for physical
	 * keys. */
	if (down && *held)
		fake(j, XCB_KEY_RELEASE, code, 0, 0);
	*held = down;
	fake(j, down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, code, 0, 0);
}

static void do_locks(struct x11_inject *j, uint8_t mask, uint8_t on)
{
	xcb_xkb_latch_lock_state(j->d->conn, XCB_XKB_ID_USE_CORE_KBD, mask, on, 0, 0, 0, 0, 0);
	x11_flush(j->d);
}

static void do_op(struct x11_inject *j, const struct op *o)
{
	switch (o->kind) {
	case OP_MOVE:
		fake(j, XCB_MOTION_NOTIFY, 0, o->a, o->b);
		break;
	case OP_MOVE_RELATIVE:
		fake(j, XCB_MOTION_NOTIFY, 1, o->a, o->b);
		break;
	case OP_BUTTON:
		fake(j, o->down ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, o->detail, 0, 0);
		break;
	case OP_KEY:
		do_key(j, o->detail, o->down);
		break;
	default:
		do_locks(j, (uint8_t)o->a, (uint8_t)o->b);
		break;
	}
}

static struct op *op_at(const struct x11_inject *j, unsigned k)
{
	return &j->op[(j->head + k) & (j->op_size - 1)];
}

static void pop(struct x11_inject *j)
{
	if (op_at(j, 0)->kind == OP_BUTTON && op_at(j, 0)->down)
		j->clicks--;
	j->head++;
	j->count--;
}

static bool is_end(const struct op *o)
{
	return (o->kind == OP_KEY || o->kind == OP_BUTTON) && !o->down;
}

/* There are fewer keys and buttons than half of what is kept; so putting locks back finds room,
 * too. */
static unsigned room_for(const struct op *o)
{
	return OPS_MAX - (is_end(o) ? 0 : o->kind == OP_LOCKS ? OPS_FOR_ENDS / 2 : OPS_FOR_ENDS);
}

static int push(struct x11_inject *j, struct op o)
{
	if (j->count >= room_for(&o))
		return HWS_ERR_FULL;
	if (j->count == j->op_size) {
		unsigned size = j->op_size ? j->op_size * 2 : OPS_FIRST;
		struct op *op = hws_alloc_array(size, sizeof(*op));
		if (!op)
			return HWS_ERR_NOMEM;
		for (unsigned k = 0; k < j->count; k++)
			op[k] = *op_at(j, k);
		hws_free(j->op);
		j->op = op;
		j->op_size = size;
		j->head = 0;
	}
	*op_at(j, j->count++) = o;
	if (o.kind == OP_BUTTON && o.down)
		j->clicks++;
	return HWS_OK;
}

static bool is_text(const struct op *o)
{
	return o->kind == OP_CHAR || o->kind == OP_SHORTCUT;
}

static void go(void *arg);

static void go_soon(struct x11_inject *j)
{
	hws_loop_defer(j->d->loop, &j->go, go, j);
}

static int submit(struct x11_inject *j, struct op o)
{
	int r = HWS_OK;

	if (j->count || is_text(&o)) {
		r = push(j, o);
		go_soon(j);
	} else {
		do_op(j, &o);
	}
	return r;
}

static void untyped(struct x11_inject *j, unsigned tag, unsigned count)
{
	hws_warn_limited("x11.untyped", HWS_U64("characters", count));
	if (j->base.on_untyped)
		j->base.on_untyped(tag, count, j->base.arg);
}

/* The text at the head of the queue goes nowhere. */
static void drop_text(struct x11_inject *j)
{
	while (j->count && is_text(op_at(j, 0))) {
		untyped(j, op_at(j, 0)->tag, 1);
		pop(j);
	}
}

/* Characters at the head, so that the map is changed once for all of them. */
static void prepare(struct x11_inject *j)
{
	uint32_t cp[TURN_MAX];
	size_t n = 0;

	for (unsigned k = 0; k < j->count && n < TURN_MAX; k++)
		if (op_at(j, k)->kind == OP_CHAR)
			cp[n++] = (uint32_t)op_at(j, k)->a;
	x11_typing_prepare(&j->typing, cp, n);
}

/* Types what stands at the head; false when it must wait. */
static bool run_text(struct x11_inject *j)
{
	bool prepared = false, waits = false;

	x11_typing_refresh(&j->typing);
	x11_typing_begin(&j->typing);
	for (unsigned n = 0; j->count && is_text(op_at(j, 0)) && n < TURN_MAX; n++) {
		struct op o = *op_at(j, 0);
		if (!prepared && o.kind == OP_CHAR)
			prepare(j);
		prepared = true;
		int r = x11_typing_char(&j->typing, (uint32_t)o.a, o.kind == OP_SHORTCUT);
		if (r == HWS_ERR_AGAIN) {
			waits = true;
			break;
		}
		pop(j);
		if (r < 0)
			untyped(j, o.tag, 1);
	}
	x11_typing_end(&j->typing);
	return !waits;
}

/* When programs have read everything, or enough is enough. */
static bool may_return(struct x11_inject *j)
{
	return !j->typing.reader || x11_reader_settled(j->typing.reader) ||
			hws_clock_us() - j->blocked_us > PATIENCE_US;
}

static void go_on_later(struct x11_inject *j)
{
	if (!j->blocked_us)
		j->blocked_us = hws_clock_us();
	hws_timer_start(j->d->loop, &j->poll, POLL_US, go, j);
}

static void give_back(struct x11_inject *j)
{
	if (!j->returning || !x11_lend_any(j->typing.lend)) {
		j->returning = false;
		return;
	}
	if (!j->blocked_us)
		j->blocked_us = hws_clock_us();
	if (!may_return(j)) {
		go_on_later(j);
		return;
	}
	x11_lend_return(j->typing.lend);
	x11_reader_free(j->typing.reader);
	j->typing.reader = NULL;
	j->typing.stale = true; /* our own going back tells itself like another's change */
	j->returning = false;
	j->blocked_us = 0;
	x11_flush(j->d);
}

static void go(void *arg)
{
	struct x11_inject *j = arg;

	if (j->d->lost)
		return;
	while (j->count) {
		if (!is_text(op_at(j, 0))) {
			do_op(j, op_at(j, 0));
			pop(j);
			continue;
		}
		unsigned before = j->count;
		bool on = run_text(j);
		if (before != j->count)
			j->blocked_us = 0;
		if (!on) {
			uint64_t limit = j->clicks ? CLICK_PATIENCE_US : PATIENCE_US;
			if (!j->blocked_us || hws_clock_us() - j->blocked_us < limit) {
				go_on_later(j);
				return;
			}
			drop_text(j);
			x11_reader_forget(j->typing.reader);
			j->blocked_us = 0;
		} else if (j->count && is_text(op_at(j, 0))) {
			go_soon(j); /* other work of the loop first */
			return;
		}
	}
	give_back(j);
}

/* --- calls --- */

static int clamp16(int v)
{
	return HWS_MIN(HWS_MAX(v, -32768), 32767);
}

static int x11_move(struct hws_inject *base, int x, int y)
{
	return submit(self_of(base),
			(struct op){ .kind = OP_MOVE, .a = clamp16(x), .b = clamp16(y) });
}

static int x11_move_relative(struct hws_inject *base, int dx, int dy)
{
	return submit(self_of(base),
			(struct op){ .kind = OP_MOVE_RELATIVE,
					.a = clamp16(dx),
					.b = clamp16(dy) });
}

static uint8_t button_number(unsigned button)
{
	switch (button) {
	case HWS_BUTTON_LEFT:
		return 1;
	case HWS_BUTTON_MIDDLE:
		return 2;
	case HWS_BUTTON_RIGHT:
		return 3;
	case HWS_BUTTON_BACK:
		return 8;
	case HWS_BUTTON_FORWARD:
		return 9;
	default:
		return 0;
	}
}

static int x11_button(struct hws_inject *base, unsigned button, bool down)
{
	struct x11_inject *j = self_of(base);
	uint8_t n = button_number(button);

	if (!n)
		return HWS_ERR_INVAL;
	if (!down && !(j->buttons & button))
		return HWS_OK; /* somebody else's press is not ours to end */
	int r = submit(j, (struct op){ .kind = OP_BUTTON, .detail = n, .down = down });
	if (r == HWS_OK)
		j->buttons = down ? j->buttons | button : j->buttons & ~button;
	return r;
}

static int notches(struct x11_inject *j, uint8_t n, int count)
{
	int r = HWS_OK;

	for (int k = 0; k < HWS_MIN(count, WHEEL_MAX) && r == HWS_OK; k++) {
		r = submit(j, (struct op){ .kind = OP_BUTTON, .detail = n, .down = true });
		if (r == HWS_OK)
			r = submit(j, (struct op){ .kind = OP_BUTTON, .detail = n });
	}
	return r;
}

static int x11_wheel(struct hws_inject *base, int dx, int dy)
{
	struct x11_inject *j = self_of(base);
	int r = notches(j, 4, dy);

	if (r == HWS_OK)
		r = notches(j, 5, dy < -WHEEL_MAX ? WHEEL_MAX : -dy);
	if (r == HWS_OK)
		r = notches(j, 6, dx);
	if (r == HWS_OK)
		r = notches(j, 7, dx < -WHEEL_MAX ? WHEEL_MAX : -dx);
	return r;
}

static int x11_key(struct hws_inject *base, uint8_t code, bool down)
{
	struct x11_inject *j = self_of(base);

	if (code < 8)
		return HWS_ERR_INVAL;
	if (!down && !j->down[code])
		return HWS_OK;
	int r = submit(j, (struct op){ .kind = OP_KEY, .detail = code, .down = down });
	if (r == HWS_OK)
		j->down[code] = down;
	return r;
}

static bool x11_key_is_down(struct hws_inject *base, uint8_t code)
{
	return self_of(base)->down[code];
}

static int x11_type_char(struct hws_inject *base, uint32_t cp, bool shortcut, unsigned tag)
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return HWS_ERR_NOTFOUND;
	return submit(self_of(base),
			(struct op){ .kind = shortcut ? OP_SHORTCUT : OP_CHAR,
					.tag = (uint8_t)tag,
					.a = (int32_t)cp });
}

/* --- locks --- */

static unsigned x11_locks(struct hws_inject *base)
{
	struct x11_inject *j = self_of(base);

	return (j->locked & XCB_MOD_MASK_LOCK ? HWS_LOCK_CAPS : 0u) |
			(j->locked & j->typing.map->num_mask ? HWS_LOCK_NUM : 0u);
}

static int x11_set_locks(struct hws_inject *base, unsigned mask, unsigned on)
{
	struct x11_inject *j = self_of(base);
	unsigned bits = (mask & HWS_LOCK_CAPS ? XCB_MOD_MASK_LOCK : 0u) |
			(mask & HWS_LOCK_NUM ? j->typing.map->num_mask : 0u);
	unsigned value = (on & HWS_LOCK_CAPS ? XCB_MOD_MASK_LOCK : 0u) |
			(on & HWS_LOCK_NUM ? j->typing.map->num_mask : 0u);

	value &= bits;
	if (!bits || (j->locked & bits) == value)
		return HWS_OK;
	int r = submit(j, (struct op){ .kind = OP_LOCKS, .a = (int32_t)bits, .b = (int32_t)value });
	if (r == HWS_OK)
		j->locked = (j->locked & ~bits) | value;
	return r;
}

static void x11_release_all(struct hws_inject *base)
{
	struct x11_inject *j = self_of(base);

	for (unsigned code = 8; code < 256; code++)
		if (j->down[code])
			(void)!x11_key(base, (uint8_t)code, false);
	for (unsigned b = 1; b <= HWS_BUTTON_FORWARD; b <<= 1)
		if (j->buttons & b)
			(void)!x11_button(base, b, false);
	j->returning = true;
	go_soon(j);
}

static const struct hws_inject_impl impl = {
	.move = x11_move,
	.move_relative = x11_move_relative,
	.button = x11_button,
	.wheel = x11_wheel,
	.key = x11_key,
	.keycode_of = x11_keycode_of,
	.key_is_down = x11_key_is_down,
	.type_char = x11_type_char,
	.locks = x11_locks,
	.set_locks = x11_set_locks,
	.symbol = x11_symbol,
	.release_all = x11_release_all,
};

int x11_inject_new(struct x11_desktop *d)
{
	struct x11_inject *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return HWS_ERR_NOMEM;
	j->base.impl = &impl;
	j->d = d;
	r = x11_typing_init(&j->typing, d);
	if (r < 0) {
		x11_typing_done(&j->typing);
		free(j);
		return r;
	}
	uint16_t events = XCB_XKB_EVENT_TYPE_STATE_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY |
			XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY;
	xcb_xkb_select_events(
			d->conn, XCB_XKB_ID_USE_CORE_KBD, events, 0, events, 0xff, 0xff, NULL);
	xcb_xkb_get_state_reply_t *s = xcb_xkb_get_state_reply(
			d->conn, xcb_xkb_get_state(d->conn, XCB_XKB_ID_USE_CORE_KBD), NULL);
	if (s) {
		j->locked = s->lockedMods;
		j->group = s->group;
	}
	free(s);
	d->inject = j;
	d->base.inject = &j->base;
	return HWS_OK;
}

void x11_inject_free(struct x11_inject *j)
{
	if (!j)
		return;
	hws_timer_stop(&j->poll);
	hws_loop_defer_cancel(&j->go);
	/* What still waits is lost, but no key or button stays down. */
	for (; j->count; pop(j))
		if (is_text(op_at(j, 0)))
			hws_warn_limited("x11.untyped", HWS_U64("characters", 1));
		else if (!j->d->lost)
			do_op(j, op_at(j, 0));
	x11_typing_done(&j->typing);
	hws_free(j->op);
	free(j);
}
