/* cursor_host and clipboard_host. */
#include "client/services/clipboard/echo.h"
#include "host_desk.h"
#include "shared/base/buf.h"
#include "shared/wire/compress.h"
#include "shared/wire/version.h"
#include <string.h>

#define DATA SES__MESSAGE__UNION_CURSOR_DATA
#define ID SES__MESSAGE__UNION_CURSOR_ID
#define POSITION SES__MESSAGE__UNION_CURSOR_POSITION
#define VIDEO SES__MESSAGE__UNION_VIDEO_FRAME
#define MULTI SES__MESSAGE__UNION_MULTI_CLIPBOARDS
#define SINGLE SES__MESSAGE__UNION_CLIPBOARD

static struct desk d;

static void setup(void)
{
	desk_setup(&d, "headless:320x200");
}

static void teardown(void)
{
	desk_teardown(&d);
}

static uint8_t red[8 * 8 * 4];

static void set_shape(uint64_t id)
{
	struct hws_cursor_shape s = { id, 8, 8, 1, 2, red };

	for (size_t i = 0; i < sizeof(red); i++)
		red[i] = i % 4 == 0 || i % 4 == 3 ? 255 : 0;
	hws_headless_set_cursor(d.p, &s);
}

START_TEST(a_shape_travels_once_then_its_id)
{
	struct hws_buf plain;

	set_shape(65);
	desk_join(&d, 0);
	desk_wait(&d, 0, DATA, 1);
	const Ses__CursorData *c = desk_get(&d.v[0], DATA, 0)->cursor_data;
	ck_assert_uint_eq(c->id, 65);
	ck_assert_int_eq(c->width, 8);
	ck_assert_int_eq(c->hotx, 1);
	ck_assert_int_eq(c->hoty, 2);
	hws_buf_init(&plain, 4096);
	ck_assert_int_eq(hws_decompress(hws_bytes(c->colors.data, c->colors.len), 4096, &plain),
			HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&plain), sizeof(red));
	ck_assert_mem_eq(hws_buf_bytes(&plain).ptr, red, sizeof(red));
	hws_buf_done(&plain);
	set_shape(66);
	desk_wait(&d, 0, DATA, 2);
	set_shape(65);
	desk_wait(&d, 0, ID, 1);
	ck_assert_uint_eq(desk_get(&d.v[0], ID, 0)->cursor_id, 65);
	set_shape(65);
	desk_run(&d, 30);
	ck_assert_uint_eq(desk_count(&d.v[0], ID), 1);
	desk_join(&d, 1); /* a new viewer knows none */
	desk_wait(&d, 1, DATA, 1);
}
END_TEST

START_TEST(a_viewer_that_may_only_look_gets_shapes_on_request)
{
	d.v[0].g.permissions = 0;
	set_shape(1);
	desk_join(&d, 0);
	d.v[0].g.permissions = 0;
	hws_host_set_update(d.services, &d.v[0].g);
	desk_run(&d, 30);
	unsigned n = desk_count(&d.v[0], DATA);
	set_shape(2);
	desk_run(&d, 30);
	ck_assert_uint_eq(desk_count(&d.v[0], DATA), n);
	d.v[0].g.show_cursor = true;
	hws_host_set_update(d.services, &d.v[0].g);
	desk_wait(&d, 0, DATA, n + 1);
}
END_TEST

START_TEST(positions_go_to_those_who_asked_but_not_to_the_mover)
{
	desk_join(&d, 0);
	desk_join(&d, 1);
	hws_headless_move_pointer(d.p, 1, 1);
	ck_assert_uint_eq(desk_count(&d.v[0], POSITION), 0);
	d.v[0].g.show_cursor = d.v[1].g.show_cursor = true;
	hws_host_set_update(d.services, &d.v[0].g);
	d.v[1].g.mouse_us = hws_loop_now_us(d.loop);
	hws_headless_move_pointer(d.p, 30, 40);
	ck_assert_uint_eq(desk_count(&d.v[0], POSITION), 1);
	ck_assert_int_eq(desk_get(&d.v[0], POSITION, 0)->cursor_position->x, 30);
	ck_assert_uint_eq(desk_count(&d.v[1], POSITION), 0);
}
END_TEST

static void copy(const char *text)
{
	hws_headless_copy_text(d.p, hws_bytes_str(text));
}

START_TEST(copied_text_reaches_viewers_in_the_form_they_know)
{
	static char longer[2001];

	memset(longer, 'a', 2000);
	d.v[1].g.version = hws_version_number("1.2.7");
	memcpy(d.v[2].g.platform, "iOS", 4);
	for (unsigned i = 0; i < 3; i++)
		desk_join(&d, i);
	copy("hello");
	const Ses__Message *m = desk_get(&d.v[0], MULTI, 0);
	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->multi_clipboards->n_clipboards, 1);
	const Ses__Clipboard *c = m->multi_clipboards->clipboards[0];
	ck_assert(!c->compress);
	ck_assert_uint_eq(c->content.len, 5);
	ck_assert_ptr_nonnull(desk_get(&d.v[1], SINGLE, 0));
	ck_assert_ptr_nonnull(desk_get(&d.v[2], SINGLE, 0));
	copy(longer);
	c = desk_get(&d.v[0], MULTI, 1)->multi_clipboards->clipboards[0];
	ck_assert(c->compress);
	ck_assert_uint_lt(c->content.len, 100);
}
END_TEST

START_TEST(what_is_too_large_to_be_copied_is_told_to_those_who_would_have_it)
{
	for (unsigned i = 0; i < 2; i++)
		desk_join(&d, i);
	d.v[1].g.permissions &= ~HWS_NEED(HWS_PERM_CLIPBOARD);
	for (unsigned i = 0; i < 3; i++) /* once for a while */
		d.p->clip->ev.on_large(d.p->clip->ev.arg);
	ck_assert_uint_eq(desk_count(&d.v[0], SES__MESSAGE__UNION_MESSAGE_BOX), 1);
	ck_assert_uint_eq(desk_count(&d.v[1], SES__MESSAGE__UNION_MESSAGE_BOX), 0);
}
END_TEST

START_TEST(copied_text_stays_with_those_who_may_not_have_it)
{
	desk_join(&d, 0);
	desk_join(&d, 1);
	d.v[0].g.permissions = ~(1u << HWS_PERM_CLIPBOARD);
	d.v[1].g.permissions = ~(1u << HWS_PERM_KEYBOARD);
	hws_host_set_update(d.services, &d.v[0].g);
	copy("secret");
	ck_assert_uint_eq(desk_count(&d.v[0], MULTI), 0);
	ck_assert_uint_eq(desk_count(&d.v[1], MULTI), 0);
}
END_TEST

static void give(Ses__Clipboard *list[], size_t n)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__MultiClipboards multi = SES__MULTI_CLIPBOARDS__INIT;

	multi.clipboards = list;
	multi.n_clipboards = n;
	m.union_case = MULTI;
	m.multi_clipboards = &multi;
	ck_assert(desk_send(&d, 0, &m));
}

static Ses__Clipboard entry(Ses__ClipboardFormat format, const void *data, size_t len, bool packed)
{
	Ses__Clipboard c = SES__CLIPBOARD__INIT;

	c.format = format;
	c.content.data = (uint8_t *)data;
	c.content.len = len;
	c.compress = packed;
	return c;
}

static void holds(const char *text)
{
	struct hws_bytes b = hws_headless_clip(d.p, HWS_CLIP_TEXT);

	ck_assert_uint_eq(b.len, strlen(text));
	if (b.len)
		ck_assert_mem_eq(b.ptr, text, b.len);
}

START_TEST(a_viewers_text_reaches_the_desktop_and_rubbish_does_not)
{
	Ses__Clipboard html = entry(SES__CLIPBOARD_FORMAT__Html, "<b>", 3, false);
	Ses__Clipboard bad = entry(SES__CLIPBOARD_FORMAT__Text, "\xff\xfe", 2, false);
	Ses__Clipboard torn = entry(SES__CLIPBOARD_FORMAT__Text, "nozstd", 6, true);
	Ses__Clipboard empty = entry(SES__CLIPBOARD_FORMAT__Text, "", 0, false);
	Ses__Clipboard good = entry(SES__CLIPBOARD_FORMAT__Text, "gr\xc3\xbc\xc3\x9f", 6, false);
	struct hws_buf z;

	desk_join(&d, 0);
	give((Ses__Clipboard *[]){ &html, &bad, &torn, &empty }, 4);
	holds("");
	give((Ses__Clipboard *[]){ &html, &bad, &good, &torn }, 4);
	holds("gr\xc3\xbc\xc3\x9f");
	give((Ses__Clipboard *[]){ &torn }, 1);
	holds("gr\xc3\xbc\xc3\x9f");
	hws_buf_init(&z, 4096);
	ck_assert_int_eq(hws_compress(hws_bytes_str("packed text"), 3, &z), HWS_OK);
	Ses__Clipboard packed = entry(
			SES__CLIPBOARD_FORMAT__Text, hws_buf_bytes(&z).ptr, hws_buf_len(&z), true);
	give((Ses__Clipboard *[]){ &packed }, 1);
	holds("packed text");
	hws_buf_done(&z);
	d.v[0].g.permissions = ~(1u << HWS_PERM_CLIPBOARD);
	give((Ses__Clipboard *[]){ &good }, 1);
	holds("packed text");
	/* It is not echoed to the one it came from. */
	ck_assert_uint_eq(desk_count(&d.v[0], MULTI), 0);
}
END_TEST

static uint64_t clock_of_desk(void *arg)
{
	return ((const struct desk *)arg)->now_us;
}

/* Programs that keep a history take a text over at once and lose its mark; a person is slower, or
 * copies something else before. */
START_TEST(what_came_from_a_viewer_is_told_again_only_when_somebody_copies_it)
{
	Ses__Clipboard e = entry(SES__CLIPBOARD_FORMAT__Text, "same", 4, false);

	d.now_us = hws_loop_now_us(d.loop);
	hws_loop_set_clock(d.loop, clock_of_desk, &d);
	desk_join(&d, 0);
	give((Ses__Clipboard *[]){ &e }, 1);
	d.now_us += HWS_CLIP_ECHO_US - 1;
	desk_run(&d, 1);
	copy("same");
	ck_assert_uint_eq(desk_count(&d.v[0], MULTI), 0);
	d.now_us += 2;
	desk_run(&d, 1);
	copy("same");
	ck_assert_uint_eq(desk_count(&d.v[0], MULTI), 1);
	give((Ses__Clipboard *[]){ &e }, 1);
	copy("other");
	copy("same");
	ck_assert_uint_eq(desk_count(&d.v[0], MULTI), 3);
}
END_TEST

/* All that is told when it changes, as viewer i knows it now. */
struct known {
	uint32_t bitrate;
	uint64_t shape;
	int x, y;
};

static struct known known_to(unsigned i)
{
	const struct viewer *v = &d.v[i];
	struct known k = { .bitrate = v->bitrate, .x = -1, .y = -1 };

	for (unsigned n = 0; n < v->count; n++) {
		const Ses__Message *m = v->msg[n];
		if (m->union_case == DATA)
			k.shape = m->cursor_data->id;
		else if (m->union_case == ID)
			k.shape = m->cursor_id;
		else if (m->union_case == POSITION)
			k.x = m->cursor_position->x, k.y = m->cursor_position->y;
	}
	return k;
}

START_TEST(who_comes_late_is_told_what_the_others_know)
{
	d.v[0].g.show_cursor = d.v[1].g.show_cursor = true;
	desk_join(&d, 0);
	set_shape(65);
	desk_wait(&d, 0, DATA, 1);
	desk_wait(&d, 0, VIDEO, 1);
	hws_headless_move_pointer(d.p, 30, 40);
	struct known first = known_to(0);
	ck_assert_uint_gt(first.bitrate, 0);
	ck_assert_uint_eq(first.shape, 65);
	ck_assert_int_eq(first.x, 30);
	desk_join(&d, 1);
	desk_wait(&d, 1, DATA, 1);
	desk_wait(&d, 1, VIDEO, 1);
	struct known second = known_to(1);
	ck_assert_uint_eq(second.bitrate, first.bitrate);
	ck_assert_uint_eq(second.shape, first.shape);
	ck_assert_int_eq(second.x, first.x);
	ck_assert_int_eq(second.y, first.y);
	/* Also who asks for the pointer in mid-session, and who comes back to a slot. */
	desk_join(&d, 2);
	ck_assert_int_eq(known_to(2).x, -1);
	d.v[2].g.show_cursor = true;
	hws_host_set_update(d.services, &d.v[0].g);
	ck_assert_int_eq(known_to(2).x, 30);
	desk_leave(&d, 1);
	desk_forget(&d.v[1]);
	d.v[1].bitrate = 0;
	desk_join(&d, 1);
	desk_wait(&d, 1, DATA, 1);
	desk_wait(&d, 1, VIDEO, 1);
	second = known_to(1);
	ck_assert_uint_eq(second.bitrate, first.bitrate);
	ck_assert_int_eq(second.y, 40);
}
END_TEST

Suite *host_shared_suite(void)
{
	Suite *s = suite_create("services/cursor_host clipboard_host");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_shape_travels_once_then_its_id);
	tcase_add_test(t, a_viewer_that_may_only_look_gets_shapes_on_request);
	tcase_add_test(t, positions_go_to_those_who_asked_but_not_to_the_mover);
	tcase_add_test(t, who_comes_late_is_told_what_the_others_know);
	tcase_add_test(t, copied_text_reaches_viewers_in_the_form_they_know);
	tcase_add_test(t, what_came_from_a_viewer_is_told_again_only_when_somebody_copies_it);
	tcase_add_test(t, what_is_too_large_to_be_copied_is_told_to_those_who_would_have_it);
	tcase_add_test(t, copied_text_stays_with_those_who_may_not_have_it);
	tcase_add_test(t, a_viewers_text_reaches_the_desktop_and_rubbish_does_not);
	suite_add_tcase(s, t);
	return s;
}
