/* Patches there and back: whatever a screen does, the viewer shows the same pixels; and what a
 * screen mostly does costs little. Main of the program. */
#include "client/media/patch.h"
#include "patch_stage.h"
#include "tests/support/screen_text.h"
#include <stdio.h>
#include <stdlib.h>

#define ROOMY (4u << 20)

static void stage_open(struct patch_stage *s, int w, int h)
{
	*s = (struct patch_stage){ 0 };
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, w, h, &s->screen), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_BGRA, w, h, &s->shown), HWS_OK);
	ck_assert_int_eq(hws_patcher_new(w, h, &s->patcher), HWS_OK);
	hws_buf_init(&s->out, HWS_PATCH_BYTES_MAX);
}

static void stage_close(struct patch_stage *s)
{
	hws_picture_drop(s->screen);
	hws_picture_drop(s->shown);
	hws_patcher_free(s->patcher);
	hws_buf_done(&s->out);
}

static uint32_t at(const struct hws_picture *p, int x, int y)
{
	uint32_t v;

	memcpy(&v, p->plane[0] + (ptrdiff_t)y * p->stride[0] + (ptrdiff_t)x * 4, 4);
	return v & 0xffffff;
}

static void put(struct hws_picture *p, int x, int y, uint32_t v)
{
	memcpy(p->plane[0] + (ptrdiff_t)y * p->stride[0] + (ptrdiff_t)x * 4, &v, 4);
}

static void same_everywhere(const struct patch_stage *s)
{
	for (int y = 0; y < s->screen->height; y++)
		for (int x = 0; x < s->screen->width; x++)
			if (at(s->screen, x, y) != at(s->shown, x, y))
				ck_abort_msg("at %d,%d: %06x instead of %06x", x, y,
						at(s->shown, x, y), at(s->screen, x, y));
}

static void apply(struct patch_stage *s)
{
	struct hws_region touched;

	ck_assert_int_eq(hws_patch_apply(hws_buf_bytes(&s->out), s->shown, &touched), HWS_OK);
	ck_assert_uint_gt(touched.n, 0);
}

/* The whole of it, as after a first picture by a codec. */
static void complete(struct patch_stage *s)
{
	for (int i = 0; i < 1000 && !hws_patcher_is_exact(s->patcher); i++) {
		hws_buf_reset(&s->out);
		int err = hws_patcher_complete(s->patcher, s->screen, 1, true, 20000, &s->out);
		ck_assert_int_eq(err, HWS_OK);
		apply(s);
	}
	ck_assert(hws_patcher_is_exact(s->patcher));
	same_everywhere(s);
}

/* The size of the patch. */
static size_t change(struct patch_stage *s, struct hws_rect r)
{
	struct hws_region damage = { 1, { r } };
	struct hws_patch_wish wish = { s->screen, &damage, ROOMY, ROOMY, 2 };

	hws_buf_reset(&s->out);
	ck_assert_int_eq(hws_patcher_change(s->patcher, &wish, &s->out), HWS_OK);
	apply(s);
	same_everywhere(s);
	return hws_buf_len(&s->out);
}

#define ALL(s) ((struct hws_rect){ 0, 0, (s)->screen->width, (s)->screen->height })

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16 & 0x7fff;
}

START_TEST(a_page_is_completed_text_first)
{
	struct patch_stage s;
	struct hws_region photo = { 1, { { 16, 16, 64, 64 } } },
			  text = { 1, { { 0, 160, 400, 64 } } };
	unsigned seed = 7;
	int err;

	stage_open(&s, 401, 303);
	screen_text_page(s.screen, ALL(&s), 14, 1);
	for (int y = 16; y < 80; y++)
		for (int x = 16; x < 80; x++)
			put(s.screen, x, y, next(&seed) << 9 ^ next(&seed));
	complete(&s);
	hws_patcher_shown_otherwise(s.patcher, &photo, 5);
	hws_patcher_shown_otherwise(s.patcher, &text, 5);
	hws_buf_reset(&s.out);
	ck_assert_int_eq(hws_patcher_complete(s.patcher, s.screen, 4, true, 100, &s.out),
			HWS_ERR_AGAIN);
	err = hws_patcher_complete(s.patcher, s.screen, 5, false, 4000, &s.out);
	ck_assert_int_eq(err, HWS_OK);
	ck_assert(hws_patcher_is_exact_in(s.patcher, text.rect[0]));
	ck_assert(!hws_patcher_is_exact_in(s.patcher, photo.rect[0]));
	apply(&s);
	hws_buf_reset(&s.out);
	ck_assert_int_eq(
			hws_patcher_complete(s.patcher, s.screen, 5, true, 100000, &s.out), HWS_OK);
	apply(&s);
	ck_assert(hws_patcher_is_exact(s.patcher));
	same_everywhere(&s);
	stage_close(&s);
}
END_TEST

/* The cursor gives way to the letter and stands in the next cell. */
static size_t type(struct patch_stage *s, int x, char c)
{
	char text[2] = { c };

	screen_text_fill(s->screen, (struct hws_rect){ x, 318, 18, 34 }, 0x1e1e1e);
	screen_text_draw(s->screen, x, 345, 28, 0xd4d4d4, text);
	screen_text_fill(s->screen, (struct hws_rect){ x + 18, 318, 18, 34 }, 0xaeafad);
	return change(s, (struct hws_rect){ x, 310, 40, 50 });
}

/* On a narrow line a patch may not hold up what is typed meanwhile. */
START_TEST(completion_keeps_to_its_budget)
{
	struct patch_stage s;
	unsigned seed = 9, patches = 0;

	stage_open(&s, 641, 363);
	screen_text_page(s.screen, ALL(&s), 14, 1);
	for (int y = 100; y < 200; y++)
		for (int x = 300; x < 500; x++)
			put(s.screen, x, y, next(&seed) << 9 ^ next(&seed));
	for (; patches < 1000 && !hws_patcher_is_exact(s.patcher); patches++) {
		hws_buf_reset(&s.out);
		int err = hws_patcher_complete(s.patcher, s.screen, 1, true, 400, &s.out);
		ck_assert_int_eq(err, HWS_OK);
		ck_assert_uint_le(hws_buf_len(&s.out), 400 + 1600); /* of noise */
		apply(&s);
	}
	ck_assert(hws_patcher_is_exact(s.patcher));
	same_everywhere(&s);
	stage_close(&s);
}
END_TEST

/* A letter as an editor at 200 % shows it, with its cursor: see the purpose of it all. */
START_TEST(a_typed_letter_costs_little)
{
	struct patch_stage s;
	size_t worst = 0, sum = 0, n = 0, again = 0;
	const char *typed = "for (Qty = 0x2F; Gap @ &Wm%8$; }";

	stage_open(&s, 960, 400);
	screen_text_page(s.screen, (struct hws_rect){ 0, 0, 960, 300 }, 28, 1);
	screen_text_fill(s.screen, (struct hws_rect){ 0, 300, 960, 100 }, 0x1e1e1e);
	complete(&s);
	for (unsigned i = 0; typed[i]; i++) {
		size_t bytes = type(&s, 20 + (int)i * 18, typed[i]);
		worst = bytes > worst ? bytes : worst;
		sum += bytes;
		n++;
	}
	for (unsigned i = 0; i < 2; i++) /* the letter of before is to be seen still */
		again = type(&s, 20 + (int)(n + i) * 18, 'W');
	printf("a letter: %zu bytes on average, %zu at most, %zu again\n", sum / n, worst, again);
	ck_assert_uint_le(sum / n, 125);
	ck_assert_uint_le(worst, 260);
	ck_assert_uint_le(again, 25);
	stage_close(&s);
}
END_TEST

START_TEST(a_scrolled_page_is_copied)
{
	struct patch_stage s;
	const struct hws_rect page = { 40, 34, 1101, 612 };
	size_t bytes;

	stage_open(&s, 1280, 720);
	screen_text_page(s.screen, ALL(&s), 14, 1);
	screen_text_page(s.screen, page, 14, 1);
	complete(&s);
	for (int i = 1; i <= 5; i++) { /* up, and down again */
		int first = i <= 3 ? 1 + 3 * i : 1 + 3 * (6 - i);
		screen_text_page(s.screen, page, 14, first);
		bytes = change(&s, ALL(&s));
		printf("scrolled by three lines: %zu bytes\n", bytes);
		ck_assert_uint_le(bytes, 4000);
	}
	stage_close(&s);
}
END_TEST

/* A pixel of a photograph, of a gradient, of a few colours. */
static uint32_t noise(unsigned kind, int x, int y, unsigned step, unsigned *seed)
{
	uint32_t a = next(seed), b = next(seed);

	if (kind == 2)
		return a * 31 ^ b << 9;
	return kind == 3 ? ((unsigned)(x * 3 + y) + step) * 0x010203u : (a & 3) * 0x123456u;
}

START_TEST(whatever_is_drawn_arrives)
{
	struct patch_stage s;
	unsigned seed = (unsigned)_i + 1;

	stage_open(&s, 333 + _i, 251 - _i);
	complete(&s);
	for (int i = 0; i < 60; i++) {
		struct hws_rect r = { (int)next(&seed) % 320, (int)next(&seed) % 240,
			1 + (int)next(&seed) % 200, 1 + (int)next(&seed) % 120 };
		unsigned kind = next(&seed) % 5, step = next(&seed);
		r = hws_rect_intersect(r, ALL(&s));
		if (kind == 0)
			screen_text_fill(s.screen, r, next(&seed) * 77);
		else if (kind == 1)
			screen_text_page(s.screen, r, 8 + i % 20, i);
		else
			for (int y = r.y; y < r.y + r.h; y++)
				for (int x = r.x; x < r.x + r.w; x++)
					put(s.screen, x, y, noise(kind, x, y, step, &seed));
		if (i % 3 == 1) { /* part of it by a codec, of which nothing is known here */
			struct hws_region g = { 1, { { r.x, r.y, r.w, r.h } } };
			hws_patcher_shown_otherwise(s.patcher, &g, 1);
			screen_text_fill(s.shown, r, 0x552211);
			if (i % 2)
				complete(&s);
		}
		struct hws_region damage = { 1, { r } };
		struct hws_patch_wish wish = { s.screen, &damage, ROOMY, ROOMY, 2 };
		hws_buf_reset(&s.out);
		int err = hws_patcher_change(s.patcher, &wish, &s.out);
		ck_assert(err == HWS_OK || err == HWS_ERR_AGAIN);
		if (err == HWS_OK)
			apply(&s);
		same_everywhere(&s);
	}
	stage_close(&s);
}
END_TEST

START_TEST(what_is_too_much_is_left_to_others)
{
	struct patch_stage s;
	struct hws_region all = { 1, { { 0, 0, 400, 300 } } }, touched;
	struct hws_patch_wish wish = { 0 };
	unsigned seed = 3;

	stage_open(&s, 400, 300);
	complete(&s);
	for (int y = 0; y < 300; y++)
		for (int x = 0; x < 400; x++)
			put(s.screen, x, y, next(&seed) << 9 ^ next(&seed));
	wish = (struct hws_patch_wish){ s.screen, &all, 5000, ROOMY, 9 };
	hws_buf_reset(&s.out);
	hws_buf_put_u8(&s.out, 'x');
	ck_assert_int_eq(hws_patcher_change(s.patcher, &wish, &s.out), HWS_ERR_TOOBIG);
	ck_assert_uint_eq(hws_buf_len(&s.out), 1);
	ck_assert(!hws_patcher_is_exact_in(s.patcher, all.rect[0]));
	wish.max = ROOMY;
	wish.pixels = 1000;
	ck_assert_int_eq(hws_patcher_change(s.patcher, &wish, &s.out), HWS_ERR_TOOBIG);
	/* A change within what is not exact makes the whole tile so. */
	wish.pixels = ROOMY;
	all.rect[0] = (struct hws_rect){ 20, 20, 1, 1 };
	hws_buf_reset(&s.out);
	ck_assert_int_eq(hws_patcher_change(s.patcher, &wish, &s.out), HWS_OK);
	ck_assert(hws_patcher_is_exact_in(s.patcher, (struct hws_rect){ 16, 16, 16, 16 }));
	ck_assert_int_eq(hws_patch_apply(hws_buf_bytes(&s.out), s.shown, &touched), HWS_OK);
	ck_assert_uint_eq(at(s.shown, 31, 16), at(s.screen, 31, 16));
	ck_assert_int_eq(hws_patcher_change(s.patcher, &wish, &s.out), HWS_ERR_AGAIN);
	stage_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("patch");
	TCase *t = tcase_create("there and back");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_page_is_completed_text_first);
	tcase_add_test(t, completion_keeps_to_its_budget);
	tcase_add_test(t, a_typed_letter_costs_little);
	tcase_add_test(t, a_scrolled_page_is_copied);
	tcase_add_loop_test(t, whatever_is_drawn_arrives, 0, 4);
	tcase_add_test(t, what_is_too_much_is_left_to_others);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_add_suite(runner, patch_hostile_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
