/* Which layouts count as the same, and what comes of it: how keys are sent when nobody chose. */
#include "client/services/input/input_view.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include "tests/unit/client/core/recorder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hws_layout some(uint32_t first)
{
	struct hws_layout l = { 0 };

	for (size_t k = 0; k < HWS_LAYOUT_KEYS; k++)
		for (size_t n = 0; n < k % (HWS_LAYOUT_LEVELS + 1); n++)
			l.sym[k][n] = first + (uint32_t)(k * 7 + n);
	return l;
}

START_TEST(the_table_holds_each_key_once)
{
	bool seen[256] = { false };

	for (size_t k = 0; k < HWS_LAYOUT_KEYS; k++) {
		unsigned code = hws_layout_code(k);
		ck_assert_uint_gt(code, 0);
		ck_assert_uint_lt(code, 256);
		ck_assert(!seen[code]);
		seen[code] = true;
	}
	ck_assert(seen[2] && seen[16] && seen[30] && seen[44] && seen[41] && seen[43] && seen[86]);
	ck_assert_uint_eq(hws_layout_code(HWS_LAYOUT_KEYS), 0);
	ck_assert_uint_eq(hws_layout_code(SIZE_MAX), 0);
}
END_TEST

START_TEST(a_layout_survives_its_text)
{
	static const uint32_t first[] = { 1, 'a', 0xfe52, 0x1000416, 0xfffffe00 };
	char text[HWS_PEER_LAYOUT];
	struct hws_layout l, back;

	for (size_t i = 0; i < HWS_COUNT(first); i++) {
		l = some(first[i]);
		l.sym[4][0] = 0; /* a hole before what follows */
		hws_layout_write(&l, text);
		ck_assert(hws_layout_read(&back, text));
		ck_assert(hws_layout_equal(&l, &back));
		ck_assert(!hws_layout_is_empty(&back));
	}
	memset(&l, 0xff, sizeof(l)); /* the longest */
	hws_layout_write(&l, text);
	ck_assert(hws_layout_read(&back, text));
	ck_assert(hws_layout_equal(&l, &back));
	memset(&l, 0, sizeof(l));
	hws_layout_write(&l, text);
	ck_assert(hws_layout_read(&back, text));
	ck_assert(hws_layout_is_empty(&back));
}
END_TEST

START_TEST(one_symbol_makes_a_difference)
{
	struct hws_layout a = some('a'), b;

	for (size_t k = 0; k < HWS_LAYOUT_KEYS; k++)
		for (size_t n = 0; n < HWS_LAYOUT_LEVELS; n++) {
			b = a;
			b.sym[k][n] ^= 0x100;
			ck_assert(!hws_layout_equal(&a, &b));
		}
}
END_TEST

#define KEYS47 "                                               " /* separators of 48 keys */

START_TEST(what_is_no_layout_is_not_read)
{
	static const char *const bad[] = { "", "a", " ", KEYS47 " ", "123456789" KEYS47,
		"1,2,3,4,5" KEYS47, ",,,," KEYS47, "A" KEYS47, "0x1" KEYS47, "-1" KEYS47,
		"1\t" KEYS47, "\xc3\xa9" KEYS47, "g" KEYS47, KEYS47 "1;2" };
	struct hws_layout l;

	ck_assert_uint_eq(strlen(KEYS47), HWS_LAYOUT_KEYS - 1);
	ck_assert(hws_layout_read(&l, KEYS47));
	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(!hws_layout_read(&l, bad[i]), "\"%s\"", bad[i]);
}
END_TEST

static void tell(struct recorder *r, const char *layout)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_KEYBOARD_LAYOUT;
	misc.keyboard_layout = (char *)layout;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	recorder_feed(r, &m);
}

START_TEST(auto_compares_the_layouts)
{
	struct hws_layout us = some('a'), fr = some('b');
	char us_text[HWS_PEER_LAYOUT], fr_text[HWS_PEER_LAYOUT];
	struct hws_input_view *iv;
	struct recorder r;

	hws_layout_write(&us, us_text);
	hws_layout_write(&fr, fr_text);
	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	/* one side, or both, not known: by position */
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_MAP);
	hws_input_view_set_layout(iv, &us);
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_MAP);
	tell(&r, us_text);
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_MAP);
	tell(&r, fr_text); /* the host takes another one */
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_TRANSLATE);
	hws_input_view_set_layout(iv, &fr); /* and this side, too */
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_MAP);
	hws_input_view_set_layout(iv, &us);
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_TRANSLATE);
	hws_input_view_set_mode(iv, HWS_KEYBOARD_MAP); /* what was chosen holds */
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_MAP);
	hws_input_view_set_mode(iv, HWS_KEYBOARD_AUTO);
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_TRANSLATE);
	tell(&r, "nonsense");
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_MAP);
	tell(&r, KEYS47); /* a host that knows nothing of its keyboard */
	ck_assert_int_eq(hws_input_view_mode(iv), HWS_KEYBOARD_MAP);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

/* A key that is down is let go as it was pressed, though the layouts came to differ meanwhile. */
START_TEST(a_release_fits_its_press)
{
	struct hws_layout us = some('a'), fr = some('b');
	char fr_text[HWS_PEER_LAYOUT];
	struct hws_input_view *iv;
	struct recorder r;
	Ses__Message *m;

	hws_layout_write(&fr, fr_text);
	recorder_ready(&r, "Linux", "1.4.9");
	ck_assert_int_eq(hws_input_view_new(r.viewer, &iv), HWS_OK);
	hws_input_view_set_layout(iv, &us);
	ck_assert_int_eq(hws_input_view_key(iv, 100, true, 0, 0), HWS_OK); /* AltGr */
	tell(&r, fr_text);
	ck_assert_int_eq(hws_input_view_key(iv, 100, false, 0, 0), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_KEY_EVENT);
	ck_assert_uint_eq(m->key_event->chr, 108);
	ck_assert(!m->key_event->down);
	ck_assert_int_eq(m->key_event->mode, SES__KEYBOARD_MODE__Map);
	hws_ses_free(m);
	/* from now on characters; a change back leaves no key at the host that is not down */
	ck_assert_int_eq(hws_input_view_key(iv, 16, true, 0, 'a'), HWS_OK);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->key_event->union_case, SES__KEY_EVENT__UNION_SEQ);
	ck_assert_str_eq(m->key_event->seq, "a");
	hws_ses_free(m);
	size_t before = r.sent_count;
	hws_input_view_set_layout(iv, &fr);
	ck_assert_int_eq(hws_input_view_key(iv, 16, false, 0, 'a'), HWS_OK);
	ck_assert_uint_eq(r.sent_count, before);
	hws_input_view_free(iv);
	recorder_done(&r);
}
END_TEST

START_TEST(additions_of_a_host_are_believed_with_care)
{
	static struct hws_peer p;
	Ses__PeerInfo info = SES__PEER_INFO__INIT;
	char *deep = calloc(1, 20001), *longest = malloc(HWS_PEER_LAYOUT + 40);

	memset(deep, '[', 20000);
	memset(longest, '1', HWS_PEER_LAYOUT + 39);
	memcpy(longest, "{\"hawser_layout\":\"", 18);
	memcpy(longest + HWS_PEER_LAYOUT + 36, "\"}", 3);
	const struct {
		const char *text, *layout;
	} table[] = {
		{ "{\"is_wayland\":true,\"hawser_layout\":\"31 32\"}", "31 32" },
		{ "{\"has_file_clipboard\":true}", "" },
		{ "{\"hawser_layout\":7}", "" },
		{ "{\"hawser_layout\":null}", "" },
		{ "{\"hawser_layout\":[\"31\"]}", "" },
		{ "[]", "" },
		{ "{", "" },
		{ "", "" },
		{ deep, "" },
		{ longest, "" },
	};
	for (size_t i = 0; i < HWS_COUNT(table); i++) {
		unsigned before = p.layout_changes;
		info.platform_additions = (char *)table[i].text;
		hws_peer_set(&p, &info);
		ck_assert_str_eq(p.layout, table[i].layout);
		ck_assert_uint_ne(p.layout_changes, before);
	}
	free(deep);
	free(longest);
}
END_TEST

Suite *layout_suite(void)
{
	Suite *s = suite_create("layout");
	TCase *t = tcase_create("layout");

	tcase_add_test(t, the_table_holds_each_key_once);
	tcase_add_test(t, a_layout_survives_its_text);
	tcase_add_test(t, one_symbol_makes_a_difference);
	tcase_add_test(t, what_is_no_layout_is_not_read);
	tcase_add_test(t, auto_compares_the_layouts);
	tcase_add_test(t, a_release_fits_its_press);
	tcase_add_test(t, additions_of_a_host_are_believed_with_care);
	suite_add_tcase(s, t);
	return s;
}
