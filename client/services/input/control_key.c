/* Named keys of the wire as keysyms. A table: numbers are the wire's, keysyms those of X. */
#include "client/services/input/control_key.h"
#include "shared/base/macros.h"

#define K(name) SES__CONTROL_KEY__##name

static const struct {
	uint32_t sym, other;
} table[] = {
	[K(Alt)] = { 0xffe9, 0xffe7 },
	[K(Backspace)] = { 0xff08 },
	[K(CapsLock)] = { 0xffe5 },
	[K(Control)] = { 0xffe3 },
	[K(Delete)] = { 0xffff },
	[K(DownArrow)] = { 0xff54 },
	[K(End)] = { 0xff57 },
	[K(Escape)] = { 0xff1b },
	[K(F1)] = { 0xffbe },
	[K(F2)] = { 0xffbf },
	[K(F3)] = { 0xffc0 },
	[K(F4)] = { 0xffc1 },
	[K(F5)] = { 0xffc2 },
	[K(F6)] = { 0xffc3 },
	[K(F7)] = { 0xffc4 },
	[K(F8)] = { 0xffc5 },
	[K(F9)] = { 0xffc6 },
	[K(F10)] = { 0xffc7 },
	[K(F11)] = { 0xffc8 },
	[K(F12)] = { 0xffc9 },
	[K(Home)] = { 0xff50 },
	[K(LeftArrow)] = { 0xff51 },
	[K(Meta)] = { 0xffeb, 0xffe7 },
	[K(Option)] = { 0xffe9 },
	[K(PageDown)] = { 0xff56 },
	[K(PageUp)] = { 0xff55 },
	[K(Return)] = { 0xff0d },
	[K(RightArrow)] = { 0xff53 },
	[K(Shift)] = { 0xffe1 },
	[K(Space)] = { 0x20 },
	[K(Tab)] = { 0xff09 },
	[K(UpArrow)] = { 0xff52 },
	[K(Numpad0)] = { 0xffb0 },
	[K(Numpad1)] = { 0xffb1 },
	[K(Numpad2)] = { 0xffb2 },
	[K(Numpad3)] = { 0xffb3 },
	[K(Numpad4)] = { 0xffb4 },
	[K(Numpad5)] = { 0xffb5 },
	[K(Numpad6)] = { 0xffb6 },
	[K(Numpad7)] = { 0xffb7 },
	[K(Numpad8)] = { 0xffb8 },
	[K(Numpad9)] = { 0xffb9 },
	[K(Cancel)] = { 0xff69 },
	[K(Clear)] = { 0xff0b },
	[K(Menu)] = { 0xffe9 }, /* deployed hosts take it for Alt */
	[K(Pause)] = { 0xff13 },
	[K(Kana)] = { 0xff2d },
	[K(Hangul)] = { 0xff31 },
	[K(Junja)] = { 0xff38 },
	[K(Hanja)] = { 0xff34 },
	[K(Kanji)] = { 0xff21 },
	[K(Convert)] = { 0xff23 },
	[K(Select)] = { 0xff60 },
	[K(Print)] = { 0xff61 },
	[K(Execute)] = { 0xff62 },
	[K(Snapshot)] = { 0xff61 },
	[K(Insert)] = { 0xff63 },
	[K(Help)] = { 0xff6a },
	[K(Sleep)] = { 0x1008ff2f },
	[K(Separator)] = { 0xffac },
	[K(Scroll)] = { 0xff14 },
	[K(NumLock)] = { 0xff7f },
	[K(RWin)] = { 0xffec, 0xffeb },
	[K(Apps)] = { 0xff67 },
	[K(Multiply)] = { 0xffaa },
	[K(Add)] = { 0xffab },
	[K(Subtract)] = { 0xffad },
	[K(Decimal)] = { 0xffae, 0xffac },
	[K(Divide)] = { 0xffaf },
	[K(Equals)] = { 0xffbd },
	[K(NumpadEnter)] = { 0xff8d },
	[K(RShift)] = { 0xffe2 },
	[K(RControl)] = { 0xffe4 },
	[K(RAlt)] = { 0xfe03, 0xffea },
	[K(VolumeMute)] = { 0x1008ff12 },
	[K(VolumeUp)] = { 0x1008ff13 },
	[K(VolumeDown)] = { 0x1008ff11 },
};

uint32_t hws_control_keysym(int control_key)
{
	return control_key >= 0 && (size_t)control_key < HWS_COUNT(table) ? table[control_key].sym
									  : 0;
}

uint32_t hws_control_keysym_or(int control_key)
{
	return control_key >= 0 && (size_t)control_key < HWS_COUNT(table) ? table[control_key].other
									  : 0;
}

bool hws_control_is_modifier(int k)
{
	return k == K(Alt) || k == K(RAlt) || k == K(Option) || k == K(Menu) || k == K(Control) ||
			k == K(RControl) || k == K(Shift) || k == K(RShift) || k == K(Meta) ||
			k == K(RWin);
}

bool hws_control_is_numpad(int k)
{
	return (k >= K(Numpad0) && k <= K(Numpad9)) || k == K(Decimal);
}

bool hws_keycode_is_modifier(uint32_t code)
{
	return code == 0x40 || code == 0x6c || code == 0x25 || code == 0x69 || code == 0x32 ||
			code == 0x3e || code == 0x85 || code == 0x86;
}

bool hws_keycode_is_numpad(uint32_t code)
{
	return code >= 0x4f && code <= 0x5b && code != 0x52 && code != 0x56;
}
