/* Text at a real X server, as programs of all kinds read it. */
#include "bench.h"
#include "client/services/input/input_host.h"
#include "tests/support/open_platform.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xkb.h>

static struct bench b;

static void setup(void)
{
	bench_setup(&b);
}

static void teardown(void)
{
	bench_teardown(&b);
}

static const char russian[] = "Съешь же ещё этих мягких французских булок, да выпей чаю. 1234 Ok!";

/* `count` different characters, none of them on a layout. */
static char *many(uint32_t first, unsigned count)
{
	char *s = calloc(1, count * 4u + 1), *p = s;

	for (uint32_t cp = first; cp < first + count; cp++) {
		*p++ = (char)(0xe0 | cp >> 12);
		*p++ = (char)(0x80 | (cp >> 6 & 0x3f));
		*p++ = (char)(0x80 | (cp & 0x3f));
	}
	return s;
}

START_TEST(more_characters_than_keys_to_spare_arrive)
{
	bench_sink(&b, (unsigned)_i * 3);
	bench_type(&b, russian);
	bench_expect(&b, russian);
	char *cjk = many(0x4e00, 600);
	bench_type(&b, cjk);
	bench_expect(&b, cjk);
	ck_assert_uint_eq(b.untyped, 0);
	free(cjk);
}
END_TEST

START_TEST(a_program_that_reads_late_gets_the_same)
{
	struct bench_map before = bench_map(&b);
	char *cjk = many(0x4e00, 400);

	bench_sink(&b, 0);
	test_proc_signal(&b.sink, SIGSTOP);
	bench_type(&b, russian);
	bench_type(&b, cjk);
	desktop_run(&b.d, 100);
	bench_type(&b, russian);
	hws_inject_release_all(b.d.p->inject); /* the viewer goes */
	desktop_run(&b.d, 2500);
	test_proc_signal(&b.sink, SIGCONT);
	size_t size = 2 * sizeof(russian) + strlen(cjk) + 1;
	char *all = calloc(1, size);
	snprintf(all, size, "%s%s%s", russian, cjk, russian);
	bench_expect(&b, all);
	bench_expect_map(&b, &before);
	ck_assert_uint_eq(b.untyped, 0);
	free(all);
	free(cjk);
}
END_TEST

/* It finds several changes of the map at once, and asks for it once. */
START_TEST(a_program_that_reads_late_gets_what_came_in_parts)
{
	struct bench_map before = bench_map(&b);
	char *all = many(0x4e00, 600), *p = all;

	bench_sink(&b, 0);
	test_proc_signal(&b.sink, SIGSTOP);
	for (unsigned part = 0; part < 6; part++) {
		char *end = p + 300; /* a hundred */
		char kept = *end;
		*end = '\0';
		bench_type(&b, p);
		*end = kept;
		p = end;
		desktop_run(&b.d, 100);
	}
	hws_inject_release_all(b.d.p->inject);
	test_proc_signal(&b.sink, SIGCONT);
	bench_expect(&b, all);
	bench_expect_map(&b, &before);
	ck_assert_uint_eq(b.untyped, 0);
	free(all);
}
END_TEST

static const char *const toolkits[] = { "gtk3", "gtk4", "qt" };

START_TEST(text_arrives_in_fields_of_toolkits)
{
	static const char text[] =
			"Съешь ещё 10 булок: ÀÉÎõü ^~`´¨ \\\"@€ \U0001F600 世界 ελληνικά";

	bench_field(&b, toolkits[_i / 3]);
	struct bench_map before = bench_map(&b);
	char *cjk = many(0x4e00, 200), *all = calloc(1, sizeof(text) + strlen(cjk));
	if (_i % 3 == 1)
		bench_state(&b, 0, XCB_MOD_MASK_LOCK);
	if (_i % 3 == 2)
		test_proc_signal(&b.sink, SIGSTOP);
	bench_type(&b, text);
	bench_type(&b, cjk);
	hws_inject_release_all(b.d.p->inject);
	if (_i % 3 == 2) {
		desktop_run(&b.d, 2500);
		test_proc_signal(&b.sink, SIGCONT);
	}
	snprintf(all, sizeof(text) + strlen(cjk), "%s%s", text, cjk);
	bench_expect(&b, all);
	bench_expect_map(&b, &before);
	free(all);
	free(cjk);
}
END_TEST

/* Layouts of many scripts and shapes, with dead keys, AltGr and locks of their own. */
static const char *const layouts[] = { "us", "us(intl)", "us(dvorak)", "us(colemak)", "gb", "de",
	"de(nodeadkeys)", "de(neo)", "fr", "fr(bepo)", "be", "ch(fr)", "es", "pt", "br", "it", "nl",
	"dk", "no", "se", "fi", "is", "pl", "cz", "sk", "hu", "ro", "hr", "tr", "tr(f)", "gr", "ru",
	"ua", "bg", "rs", "il", "ara", "ir", "in", "th", "jp", "kr", "cn", "ge", "am", "ca", "lv",
	"us,ru,gr,il", "de,fr,ru,th" };
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

/* Sets Caps, Num, both and none for each group of the layout. */
START_TEST(every_layout_group_and_lock)
{
	static const char text[] =
			" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			"abcdefghijklmnopqrstuvwxyz{|}~ äÖßéÈçñ´¨€ ыЖщЁ αΩς שלום สวัสดี๑๒๓ 世\tq\n";
	const char *name = layouts[_i];
	struct bench_map before;
	unsigned groups = 1;

	for (const char *p = name; *p; p++)
		groups += *p == ',';
	bench_layout_named(&b, name);
	before = bench_map(&b);
	bench_sink(&b, 0);
	for (unsigned g = 0; g < groups; g++)
		for (unsigned locks = 0; locks < 4; locks++) {
			bench_state(&b, g,
					(locks & 1 ? XCB_MOD_MASK_LOCK : 0) |
							(locks & 2 ? XCB_MOD_MASK_2 : 0));
			bench_type(&b, text);
			bench_expect(&b, text);
		}
	bench_state(&b, 0, 0);
	hws_inject_release_all(b.d.p->inject);
	bench_expect_map(&b, &before);
	ck_assert_uint_eq(b.untyped, 0);
}
END_TEST

START_TEST(keys_that_a_new_layout_needs_are_left_to_it)
{
	static const char *const to[] = { "br", "jp" };
	struct bench_map fresh;

	bench_sink(&b, 0);
	bench_type(&b, russian);
	bench_expect(&b, russian);
	bench_layout_named(&b, to[_i]);
	fresh = bench_map(&b);
	bench_type(&b, russian);
	bench_expect(&b, russian);
	hws_inject_release_all(b.d.p->inject);
	bench_expect_map(&b, &fresh);
}
END_TEST

/* Another host process on the same desktop that is killed while keys are lent. */
static pid_t start_victim(uint32_t types)
{
	char display[16];

	snprintf(display, sizeof(display), "%s", b.d.x.display);
	pid_t pid = fork();
	if (pid == 0) {
		struct hws_platform_conf conf = { .backend = "x11", .display = display };
		struct hws_platform *p = NULL;
		struct hws_loop *loop = NULL;
		struct hws_error err = { 0 };
		if (hws_loop_new(&loop) < 0 || test_open_platform(loop, &conf, &p, &err) < 0 ||
				(types && hws_inject_type_char(p->inject, types, false, 0) < 0))
			_exit(1);
		hws_loop_run(loop);
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static void wait_for_change(const struct bench_map *before)
{
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS;;) {
		struct bench_map now = bench_map(&b);
		bool equal = bench_map_equal(&now, before);
		free(now.bytes);
		if (!equal)
			return;
		ck_assert(test_now_ms() < end);
		desktop_run(&b.d, 20);
	}
}

START_TEST(the_map_is_restored_after_a_kill)
{
	struct bench_map before = bench_map(&b);
	pid_t pid = start_victim(0x416);

	wait_for_change(&before);
	kill(pid, SIGKILL);
	bench_expect_map(&b, &before);
}
END_TEST

/* The server gives the numbers of the dead to who comes next: its window is no sign of life. */
START_TEST(the_map_is_restored_with_a_successor_at_once)
{
	struct bench_map before = bench_map(&b);
	pid_t pid = start_victim(0x416);

	wait_for_change(&before);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	desktop_sync(&b.d);
	pid = start_victim(0);
	bench_expect_map(&b, &before);
	kill(pid, SIGKILL);
}
END_TEST

START_TEST(two_hosts_on_a_desktop_leave_each_other_alone)
{
	struct bench_map before = bench_map(&b);
	pid_t pid = start_victim(0x416);

	wait_for_change(&before);
	bench_sink(&b, 0);
	desktop_run(&b.d, 50);
	bench_type(&b, russian);
	bench_expect(&b, russian);
	kill(pid, SIGKILL);
	desktop_run(&b.d, 2500); /* its guard sweeps */
	bench_type(&b, russian);
	bench_expect(&b, russian);
	hws_inject_release_all(b.d.p->inject);
	bench_expect_map(&b, &before);
}
END_TEST

START_TEST(what_a_guard_could_not_take_back_the_next_host_does)
{
	struct bench_map before = bench_map(&b);
	/* The mark of an owner that does not exist, on a key with a symbol. */
	struct {
		xcb_xkb_key_sym_map_t key;
		xcb_keysym_t sym;
	} syms = { { .groupInfo = 1, .width = 1, .nSyms = 1 }, 0x1000416 };
	uint8_t acts[12] = { 1, 0, 0, 0, 0, 'H', 'W', 'K', 0x78, 0x56, 0x34, 0x02 };

	xcb_xkb_set_map(b.d.c, XCB_XKB_ID_USE_CORE_KBD, XCB_XKB_MAP_PART_KEY_SYMS, 0, 8, 255, 0, 0,
			248, 1, 1, 8, 0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 0, 0, &syms);
	xcb_xkb_set_map(b.d.c, XCB_XKB_ID_USE_CORE_KBD, XCB_XKB_MAP_PART_KEY_ACTIONS, 0, 8, 255, 0,
			0, 8, 0, 0, 248, 1, 1, 8, 0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 0, 0, acts);
	desktop_sync(&b.d);
	struct bench_map left = bench_map(&b);
	ck_assert(!bench_map_equal(&left, &before));
	free(left.bytes);
	desktop_reopen(&b.d);
	bench_expect_map(&b, &before);
}
END_TEST

START_TEST(what_cannot_be_typed_is_counted)
{
	/* A map in which each key has something. */
	for (unsigned code = 8; code < 256; code++) {
		xcb_get_keyboard_mapping_reply_t *r = xcb_get_keyboard_mapping_reply(
				b.d.c, xcb_get_keyboard_mapping(b.d.c, (uint8_t)code, 1), NULL);
		bool any = false;
		for (int k = 0; k < xcb_get_keyboard_mapping_keysyms_length(r); k++)
			any = any || xcb_get_keyboard_mapping_keysyms(r)[k];
		free(r);
		xcb_keysym_t pause = 0xff13;
		if (!any)
			xcb_change_keyboard_mapping(b.d.c, 1, (uint8_t)code, 1, &pause);
	}
	desktop_sync(&b.d);
	bench_sink(&b, 0);
	bench_type(&b, "abЖcЩ d");
	bench_expect(&b, "abc d");
	ck_assert_uint_eq(b.untyped, 2);
}
END_TEST

/* --- as a viewer's messages have it --- */

static int send_parts(struct hws_host_viewer *g, const struct hws_session_row *row HWS_UNUSED,
		struct hws_bytes head, struct hws_bytes rest)
{
	(void)g;
	(void)head;
	(void)rest;
	return HWS_OK;
}

static void key(struct hws_input_host *h, struct hws_host_viewer *g, Ses__KeyEvent *e)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_KEY_EVENT;
	m.key_event = e;
	ck_assert(hws_input_host_message(h, g, &m));
}

static void control(struct hws_input_host *h, struct hws_host_viewer *g, Ses__ControlKey name,
		Ses__ControlKey *mods, size_t n)
{
	Ses__KeyEvent e = SES__KEY_EVENT__INIT;

	e.union_case = SES__KEY_EVENT__UNION_CONTROL_KEY;
	e.control_key = name;
	e.press = true;
	e.modifiers = mods;
	e.n_modifiers = n;
	key(h, g, &e);
}

START_TEST(named_keys_and_shortcuts_work_in_every_group)
{
	struct hws_host_viewer g = { .send_parts = send_parts, .permissions = ~0u };
	struct hws_input_host *h = NULL;
	Ses__ControlKey ctrl[] = { SES__CONTROL_KEY__Control };
	Ses__ControlKey both[] = { SES__CONTROL_KEY__Control, SES__CONTROL_KEY__Alt };
	Ses__KeyEvent c = SES__KEY_EVENT__INIT, seq = SES__KEY_EVENT__INIT;

	bench_layout_named(&b, "us,ru,gr,il");
	bench_sink(&b, 0);
	bench_state(&b, (unsigned)_i % 4, _i >= 4 ? XCB_MOD_MASK_LOCK | XCB_MOD_MASK_2 : 0);
	ck_assert_int_eq(hws_input_host_new(b.d.loop, b.d.p->inject, &h), HWS_OK);
	hws_input_host_join(h, &g);
	control(h, &g, SES__CONTROL_KEY__Return, NULL, 0);
	control(h, &g, SES__CONTROL_KEY__Tab, NULL, 0);
	control(h, &g, SES__CONTROL_KEY__LeftArrow, NULL, 0);
	control(h, &g, SES__CONTROL_KEY__Backspace, NULL, 0);
	control(h, &g, SES__CONTROL_KEY__Delete, both, 2);
	c.union_case = SES__KEY_EVENT__UNION_CHR;
	c.chr = 'v';
	c.down = true;
	c.modifiers = ctrl;
	c.n_modifiers = 1;
	key(h, &g, &c);
	seq.union_case = SES__KEY_EVENT__UNION_SEQ;
	seq.seq = (char *)"x/*+-5ж";
	key(h, &g, &seq);
	bench_expect_line(&b,
			_i >= 4 ? "s ff0d\ns ff09\ns ff51\ns ff08\nCAs ffff\nCc 56\n"
				: "s ff0d\ns ff09\ns ff51\ns ff08\nCAs ffff\nCc 76\n");
	bench_expect_line(&b, "c 78\nc 2f\nc 2a\nc 2b\nc 2d\nc 35\nc 436\n");
	/* The viewer goes while it holds keys. */
	Ses__KeyEvent down = SES__KEY_EVENT__INIT;
	down.union_case = SES__KEY_EVENT__UNION_CHR;
	down.mode = SES__KEYBOARD_MODE__Map;
	down.down = true;
	for (uint32_t code = 50; code < 53; code++) {
		down.chr = code;
		key(h, &g, &down);
	}
	hws_input_host_leave(h, &g);
	desktop_run(&b.d, 50);
	xcb_query_keymap_reply_t *r = xcb_query_keymap_reply(b.d.c, xcb_query_keymap(b.d.c), NULL);
	for (size_t k = 0; k < sizeof(r->keys); k++)
		ck_assert_uint_eq(r->keys[k], 0);
	free(r);
	hws_input_host_free(h);
}
END_TEST

static TCase *part(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_set_timeout(t, 180);
	tcase_add_checked_fixture(t, setup, teardown);
	suite_add_tcase(s, t);
	return t;
}

int main(void)
{
	Suite *s = suite_create("typing");

	tcase_add_loop_test(part(s, "many"), more_characters_than_keys_to_spare_arrive, 0, 2);
	tcase_add_test(part(s, "late"), a_program_that_reads_late_gets_the_same);
	tcase_add_test(part(s, "late2"), a_program_that_reads_late_gets_what_came_in_parts);
	tcase_add_loop_test(part(s, "toolkits"), text_arrives_in_fields_of_toolkits, 0, 9);
	tcase_add_loop_test(part(s, "table"), every_layout_group_and_lock, 0, LAYOUTS);
	tcase_add_loop_test(
			part(s, "setxkbmap"), keys_that_a_new_layout_needs_are_left_to_it, 0, 2);
	tcase_add_test(part(s, "kill"), the_map_is_restored_after_a_kill);
	tcase_add_test(part(s, "kill1"), the_map_is_restored_with_a_successor_at_once);
	tcase_add_test(part(s, "kill2"), two_hosts_on_a_desktop_leave_each_other_alone);
	tcase_add_test(part(s, "residue"), what_a_guard_could_not_take_back_the_next_host_does);
	tcase_add_test(part(s, "untyped"), what_cannot_be_typed_is_counted);
	tcase_add_loop_test(part(s, "groups"), named_keys_and_shortcuts_work_in_every_group, 0, 8);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
