/* input_host: messages in, recorded input out. */
#include "host_desk.h"
#include <string.h>

#define K(name) SES__CONTROL_KEY__##name
#define LEGACY SES__KEYBOARD_MODE__Legacy
#define MAP SES__KEYBOARD_MODE__Map
#define TRANSLATE SES__KEYBOARD_MODE__Translate

static struct desk d;

static void setup(void)
{
	desk_setup(&d, "headless:320x200");
	desk_join(&d, 0);
}

static void teardown(void)
{
	desk_teardown(&d);
}

struct mods {
	Ses__ControlKey key[4];
	size_t n;
};
static const struct mods none;

static void mouse(unsigned i, int mask, int x, int y, struct mods mods)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__MouseEvent e = SES__MOUSE_EVENT__INIT;

	e.mask = mask;
	e.x = x;
	e.y = y;
	e.modifiers = mods.key;
	e.n_modifiers = mods.n;
	m.union_case = SES__MESSAGE__UNION_MOUSE_EVENT;
	m.mouse_event = &e;
	ck_assert(desk_send(&d, i, &m));
}

enum how { DOWN, UP, PRESS };

static void key(Ses__KeyEvent *e, enum how how, struct mods mods)
{
	Ses__Message m = SES__MESSAGE__INIT;

	e->down = how == DOWN;
	e->press = how == PRESS;
	e->modifiers = mods.key;
	e->n_modifiers = mods.n;
	m.union_case = SES__MESSAGE__UNION_KEY_EVENT;
	m.key_event = e;
	ck_assert(desk_send(&d, 0, &m));
}

static void chr(Ses__KeyboardMode mode, uint32_t code, enum how how, struct mods mods)
{
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;

	e.mode = mode;
	e.union_case = SES__KEY_EVENT__UNION_CHR;
	e.chr = code;
	key(&e, how, mods);
}

static void control(int name, enum how how, struct mods mods)
{
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;

	e.union_case = SES__KEY_EVENT__UNION_CONTROL_KEY;
	e.control_key = (Ses__ControlKey)name;
	key(&e, how, mods);
}

static void expect(const char *input)
{
	ck_assert_str_eq(hws_headless_input(d.p), input);
	hws_headless_clear_input(d.p);
}

START_TEST(mouse_masks_mean_what_the_wire_says)
{
	mouse(0, 0, 100, 200, none);
	mouse(0, 9, 0, 0, none);
	mouse(0, 10, 0, 0, none);
	mouse(0, 17, 0, 0, none);
	mouse(0, 18, 0, 0, none);
	mouse(0, 33, 0, 0, none);
	mouse(0, 34, 0, 0, none);
	mouse(0, 65, 0, 0, none);
	mouse(0, 66, 0, 0, none);
	mouse(0, 129, 0, 0, none);
	mouse(0, 130, 0, 0, none);
	expect("move:100,200 down:1 up:1 down:2 up:2 down:4 up:4 down:8 up:8 down:16 up:16 ");
	mouse(0, 3, 0, 1, none);
	mouse(0, 4, -3, 12, none);
	mouse(0, 5, 0, 0, none);
	mouse(0, 5, 4, -2, none);
	mouse(0, 5, INT32_MIN, INT32_MAX, none);
	mouse(0, 8, 7, 8, none);
	expect("wheel:0,1 wheel:-3,12 rel:4,-2 rel:-10000,10000 move:7,8 ");
	mouse(0, -1, 1, 1, none); /* nonsense changes nothing */
	mouse(0, 25, 0, 0, none);
	mouse(0, 1, 0, 0, none);
	mouse(0, 0x7fffffff, 0, 0, none);
	expect("");
}
END_TEST

START_TEST(a_click_carries_its_modifiers)
{
	mouse(0, 9, 0, 0, (struct mods){ { K(Control), K(Shift) }, 2 });
	mouse(0, 10, 0, 0, none);
	expect("key+50 key+37 down:1 key-37 key-50 up:1 ");
	chr(MAP, 50, DOWN, none); /* Shift is held, but the click comes without it */
	mouse(0, 9, 0, 0, none);
	expect("key+50 key-50 down:1 ");
}
END_TEST

START_TEST(map_mode_presses_positions)
{
	chr(MAP, 38, DOWN, none);
	chr(MAP, 38, DOWN, none);
	chr(MAP, 38, UP, none);
	expect("key+38 key+38 key-38 ");
	chr(MAP, 7, DOWN, none);
	chr(MAP, 256, DOWN, none);
	chr(MAP, 0, UP, none);
	expect("");
	chr(MAP, 38, PRESS, none);
	expect("key+38 key-38 ");
}
END_TEST

START_TEST(lock_keys_follow_the_viewer_for_one_key)
{
	chr(MAP, 38, DOWN, (struct mods){ { K(CapsLock) }, 1 });
	expect("locks:1 key+38 locks:0 ");
	chr(MAP, 38, UP, none);
	ck_assert_int_eq(hws_inject_set_locks(d.p->inject, 3, 1), HWS_OK);
	hws_headless_clear_input(d.p);
	chr(MAP, 39, DOWN, none);
	expect("locks:0 key+39 locks:1 ");
	chr(MAP, 87, DOWN, (struct mods){ { K(NumLock) }, 1 }); /* a key of the number pad */
	expect("locks:2 key+87 locks:1 ");
	chr(MAP, 36, DOWN, none); /* Return and modifiers leave them alone */
	chr(MAP, 50, DOWN, none);
	expect("key+36 key+50 ");
	chr(TRANSLATE, 38, DOWN, none);
	expect("key+38 ");
}
END_TEST

START_TEST(legacy_mode_types_characters_and_presses_named_keys)
{
	chr(LEGACY, 'a', DOWN, none);
	chr(LEGACY, 'a', UP, none);
	chr(LEGACY, 0x20ac, PRESS, (struct mods){ { K(Shift) }, 1 });
	expect("type:U+0061 type:U+20AC ");
	control(K(Return), PRESS, none);
	control(K(LeftArrow), DOWN, none);
	control(K(LeftArrow), UP, none);
	expect("key+36 key-36 key+113 key-113 ");
	chr(LEGACY, 'c', DOWN, (struct mods){ { K(Control) }, 1 });
	expect("key+37 shortcut:U+0063 key-37 ");
	control(K(Delete), PRESS, (struct mods){ { K(Alt), K(Control) }, 2 });
	expect("key+64 key+37 key+119 key-119 key-37 key-64 ");
	control(K(CtrlAltDel), DOWN, none);
	expect("key+64 key+37 key+119 key-119 key-37 key-64 ");
	control(0, DOWN, none);
	control(79, DOWN, none);
	control(5000, DOWN, none);
	control(-7, DOWN, none);
	expect("");
}
END_TEST

START_TEST(legacy_modifiers_are_held_until_released)
{
	control(K(Shift), DOWN, none);
	control(K(LeftArrow), DOWN, (struct mods){ { K(Shift) }, 1 });
	control(K(LeftArrow), UP, (struct mods){ { K(Shift) }, 1 });
	control(K(Shift), UP, none);
	expect("key+50 key+113 key-113 key-50 ");
}
END_TEST

START_TEST(text_is_typed_in_every_mode)
{
	static const Ses__KeyboardMode modes[] = { LEGACY, MAP, TRANSLATE };
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;

	e.mode = modes[_i];
	e.union_case = SES__KEY_EVENT__UNION_SEQ;
	e.seq = (char *)"H\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80\r\n";
	key(&e, DOWN, none);
	expect("type:U+0048 type:U+00E9 type:U+4E16 type:U+1F600 type:U+000A ");
	e.union_case = SES__KEY_EVENT__UNION_UNICODE;
	e.unicode = 0xe9;
	key(&e, PRESS, none);
	expect(modes[_i] == LEGACY ? "type:U+00E9 " : "");
	e.union_case = SES__KEY_EVENT__UNION_WIN2WIN_HOTKEY;
	e.win2win_hotkey = 0x410041;
	key(&e, DOWN, none);
	expect("");
}
END_TEST

START_TEST(a_leaving_viewer_lets_go_of_everything)
{
	chr(MAP, 38, DOWN, none);
	chr(MAP, 37, DOWN, none);
	mouse(0, 17, 0, 0, (struct mods){ { K(Control) }, 1 });
	hws_headless_clear_input(d.p);
	desk_leave(&d, 0);
	expect("key-37 key-38 up:2 ");
	desk_join(&d, 0);
	chr(MAP, 40, DOWN, none);
	hws_headless_clear_input(d.p);
	hws_host_set_line(d.services, &d.v[0].g, &(struct hws_flow_answer){ .late = true });
	expect("key-40 ");
}
END_TEST

START_TEST(the_keys_of_another_viewer_stay_down)
{
	desk_join(&d, 1);
	chr(MAP, 38, DOWN, none);
	hws_headless_clear_input(d.p);
	desk_leave(&d, 1);
	expect("");
	ck_assert(hws_inject_key_is_down(d.p->inject, 38));
}
END_TEST

START_TEST(without_permission_nothing_is_injected)
{
	d.v[0].g.permissions = ~(1u << HWS_PERM_KEYBOARD);
	chr(MAP, 38, DOWN, none);
	chr(LEGACY, 'x', DOWN, none);
	mouse(0, 9, 1, 2, none);
	mouse(0, 0, 1, 2, none);
	expect("");
}
END_TEST

Suite *host_input_suite(void)
{
	Suite *s = suite_create("services/input_host");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, mouse_masks_mean_what_the_wire_says);
	tcase_add_test(t, a_click_carries_its_modifiers);
	tcase_add_test(t, map_mode_presses_positions);
	tcase_add_test(t, lock_keys_follow_the_viewer_for_one_key);
	tcase_add_test(t, legacy_mode_types_characters_and_presses_named_keys);
	tcase_add_test(t, legacy_modifiers_are_held_until_released);
	tcase_add_loop_test(t, text_is_typed_in_every_mode, 0, 3);
	tcase_add_test(t, a_leaving_viewer_lets_go_of_everything);
	tcase_add_test(t, the_keys_of_another_viewer_stay_down);
	tcase_add_test(t, without_permission_nothing_is_injected);
	suite_add_tcase(s, t);
	return s;
}
