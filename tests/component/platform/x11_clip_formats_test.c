/* Several formats of one copy on a real X server: taken one by one from another client, also
 * from one that stops to answer, and given to it. */
#include "clip_client.h"
#include "shared/base/macros.h"
#include <stdlib.h>
#include <string.h>

START_TEST(all_formats_that_are_offered_are_taken)
{
	static const char *const names[] = { "text/html", "TARGETS", "image/png", "UTF8_STRING",
		"image/bmp", "application/rtf", NULL };
	static const struct {
		const char *target, *bytes;
		size_t len;
	} asked[] = { { "UTF8_STRING", "text", 4 }, { "text/html", "\xff\xfe<\0b\0>\0\xfc\0", 10 },
		{ "application/rtf", "{\\rtf}", 6 }, { "image/png", "\x89PNG", 4 } };
	const struct hws_bytes *got = d.copied.c.part;
	xcb_selection_request_event_t q;

	watch();
	own();
	q = next_request();
	give_targets(&q, names);
	for (size_t i = 0; i < HWS_COUNT(asked); i++) {
		q = next_request();
		ck_assert_uint_eq(q.target, atom(asked[i].target));
		ck_assert_uint_eq(d.texts, 0); /* all at once, when all are there */
		give(&q, asked[i].target, asked[i].bytes, asked[i].len);
	}
	desktop_wait(&d, &d.texts, 1);
	ck_assert(hws_bytes_equal(got[HWS_CLIP_TEXT], hws_bytes_str("text")));
	ck_assert(hws_bytes_equal(got[HWS_CLIP_HTML], hws_bytes_str("<b>\xc3\xbc")));
	ck_assert(hws_bytes_equal(got[HWS_CLIP_RTF], hws_bytes_str("{\\rtf}")));
	ck_assert(hws_bytes_equal(got[HWS_CLIP_PNG], hws_bytes("\x89PNG", 4)));
	ck_assert_uint_eq(got[HWS_CLIP_SVG].len, 0);
}
END_TEST

/* It answers once, then never: what it gave is told, and it is asked no more. */
START_TEST(an_owner_that_hangs_loses_only_what_it_holds_back)
{
	static const char *const names[] = { "UTF8_STRING", "text/html", "image/png", NULL };
	xcb_selection_request_event_t q;
	xcb_generic_event_t *e;

	watch();
	own();
	q = next_request();
	give_targets(&q, names);
	q = next_request();
	give(&q, "UTF8_STRING", "quick", 5);
	q = next_request(); /* and nothing */
	ck_assert_uint_eq(q.target, atom("text/html"));
	desktop_wait(&d, &d.texts, 1);
	ck_assert_str_eq(d.text, "quick");
	while ((e = xcb_poll_for_event(d.c)) != NULL) {
		ck_assert_uint_ne(e->response_type & 0x7f, XCB_SELECTION_REQUEST);
		free(e);
	}
	own();
	q = next_request();
	give_targets(&q, names + 2);
	q = next_request();
	give(&q, "image/png", "later", 5);
	desktop_wait(&d, &d.texts, 2);
	ck_assert_uint_eq(d.copied.c.part[HWS_CLIP_PNG].len, 5);
}
END_TEST

START_TEST(formats_we_own_are_given_and_others_are_not)
{
	struct hws_clip_content c = { .part = { [HWS_CLIP_HTML] = hws_bytes_str("<i>"),
						      [HWS_CLIP_PNG] = hws_bytes_str("png"),
						      [HWS_CLIP_SHEET] = hws_bytes_str("<w/>") } };
	struct got g;

	set_text("first"); /* and is waited for */
	ck_assert_int_eq(hws_clip_set(d.p->clip, &c), HWS_OK);
	desktop_run(&d, 100);
	ck_assert(convert("TARGETS", XCB_CURRENT_TIME, &g));
	ck_assert(has_atom(&g, "text/html") && has_atom(&g, "image/png") &&
			has_atom(&g, "XML Spreadsheet") && has_atom(&g, "dyn.com.rustdesk.owner"));
	ck_assert(!has_atom(&g, "UTF8_STRING") && !has_atom(&g, "text/rtf"));
	ck_assert(convert("image/png", XCB_CURRENT_TIME, &g));
	ck_assert_uint_eq(g.type, atom("image/png"));
	ck_assert_mem_eq(g.bytes, "png", 3);
	ck_assert(!convert("UTF8_STRING", XCB_CURRENT_TIME, &g));
	ck_assert(!convert("text/rtf", XCB_CURRENT_TIME, &g));
	c.part[HWS_CLIP_PNG].len = HWS_CLIP_PART_MAX + 1u;
	ck_assert_int_eq(hws_clip_set(d.p->clip, &c), HWS_ERR_TOOBIG);
}
END_TEST

Suite *x11_clip_formats_suite(void)
{
	Suite *s = suite_create("platform/x11 clip formats");
	TCase *t = tcase_create("formats");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, clip_client_setup, clip_client_teardown);
	tcase_add_test(t, all_formats_that_are_offered_are_taken);
	tcase_add_test(t, an_owner_that_hangs_loses_only_what_it_holds_back);
	tcase_add_test(t, formats_we_own_are_given_and_others_are_not);
	suite_add_tcase(s, t);
	return s;
}
