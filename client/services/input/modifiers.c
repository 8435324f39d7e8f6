/* The modifiers at the host. Events list which of them are held, and what the desktop has down may
 * be another set: it is brought in line for each event, and back, so that a lost release does no
 * lasting harm. */
#include "client/services/input/input_host_parts.h"
#include "shared/base/macros.h"

#define K(name) SES__CONTROL_KEY__##name

/* The four modifiers that events list, with the keys that count as them (left, right). */
static const struct {
	int name;
	uint32_t sym[2];
	uint8_t usual[2]; /* keycodes on a layout without the symbols */
} modifiers[] = {
	{ K(Alt), { 0xffe9, 0xffea }, { 0x40, 0x6c } },
	{ K(Shift), { 0xffe1, 0xffe2 }, { 0x32, 0x3e } },
	{ K(Control), { 0xffe3, 0xffe4 }, { 0x25, 0x69 } },
	{ K(Meta), { 0xffeb, 0xffec }, { 0x85, 0x86 } },
};
#define MODIFIERS HWS_COUNT(modifiers)

static uint8_t modifier_code(struct hws_input_host *h, size_t i, unsigned side)
{
	uint8_t code;

	if (hws_inject_keycode_of(h->inject, modifiers[i].sym[side], &code) < 0)
		return modifiers[i].usual[side];
	return code;
}

void hws_input_press(struct hws_input_host *h, struct hws_typing_viewer *t, uint8_t code, bool down)
{
	if (hws_inject_key(h->inject, code, down) < 0)
		return;
	if (down)
		t->down[code / 8] |= (uint8_t)(1u << code % 8);
	else
		t->down[code / 8] &= (uint8_t) ~(1u << code % 8);
}

bool hws_input_listed(int name, const Ses__ControlKey *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((int)list[i] == name || (name == K(Control) && list[i] == K(RControl)) ||
				(name == K(Shift) && list[i] == K(RShift)) ||
				(name == K(Alt) && list[i] == K(RAlt)) ||
				(name == K(Meta) && list[i] == K(RWin)))
			return true;
	return false;
}

unsigned hws_input_match_modifiers(struct hws_input_host *h, struct hws_typing_viewer *t,
		const Ses__ControlKey *list, size_t n)
{
	unsigned pressed = 0;

	for (size_t i = 0; i < MODIFIERS; i++) {
		uint8_t left = modifier_code(h, i, 0), right = modifier_code(h, i, 1);
		bool down = hws_inject_key_is_down(h->inject, left) ||
				hws_inject_key_is_down(h->inject, right);
		bool want = hws_input_listed(modifiers[i].name, list, n);
		if (down && !want) {
			hws_input_press(h, t, left, false);
			hws_input_press(h, t, right, false);
		} else if (want && !down) {
			hws_input_press(h, t, left, true);
			pressed |= 1u << i;
		}
	}
	return pressed;
}

void hws_input_undo_modifiers(
		struct hws_input_host *h, struct hws_typing_viewer *t, unsigned pressed)
{
	for (size_t i = MODIFIERS; i-- > 0;)
		if (pressed >> i & 1)
			hws_input_press(h, t, modifier_code(h, i, 0), false);
}

/* Whether a modifier that makes shortcuts is down: then a text is one, of a viewer that sends
 * characters. */
bool hws_input_shortcut_held(struct hws_input_host *h)
{
	for (size_t i = 0; i < MODIFIERS; i++) {
		if (modifiers[i].name == K(Shift))
			continue;
		if (hws_inject_key_is_down(h->inject, modifier_code(h, i, 0)))
			return true;
		/* the right Alt may be AltGr, which chooses characters */
		if (modifiers[i].name != K(Alt) &&
				hws_inject_key_is_down(h->inject, modifier_code(h, i, 1)))
			return true;
	}
	return false;
}
