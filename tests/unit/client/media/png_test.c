/* PNG files of strangers: what is put together wrongly or too large is refused before anything is
 * decoded, and what comes out has the same pixels. */
#include "client/media/png.h"
#include "shared/base/mem.h"
#include <check.h>
#include <string.h>

#define W 31
#define H 7

static uint8_t pixels[W * H * 4];
static struct hws_buf file;

static void setup(void)
{
	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)(i * 7);
	hws_buf_init(&file, 1 << 20);
	ck_assert_int_eq(hws_png_from_rgba(pixels, W, H, &file), HWS_OK);
}

static void teardown(void)
{
	hws_buf_done(&file);
}

START_TEST(pixels_come_back_with_their_alpha)
{
	struct hws_buf again, twice;
	const char *why = NULL;

	ck_assert_int_eq(hws_png_check(hws_buf_bytes(&file), &why), HWS_OK);
	hws_buf_init(&again, 1 << 20);
	hws_buf_init(&twice, 1 << 20);
	ck_assert_int_eq(hws_png_clean(hws_buf_bytes(&file), &again), HWS_OK);
	/* The same pixels make the same file; other ones make another. */
	ck_assert(hws_bytes_equal(hws_buf_bytes(&file), hws_buf_bytes(&again)));
	pixels[3] ^= 1;
	ck_assert_int_eq(hws_png_from_rgba(pixels, W, H, &twice), HWS_OK);
	ck_assert(!hws_bytes_equal(hws_buf_bytes(&file), hws_buf_bytes(&twice)));
	hws_buf_done(&again);
	hws_buf_done(&twice);
}
END_TEST

/* Behind its header; what it says is of no interest to who pastes pixels. */
START_TEST(a_text_in_it_does_not_come_along)
{
	static const uint8_t text[] = { 0, 0, 0, 9, 't', 'E', 'X', 't', 'a', 0, 'h', 'e', 'l', 'l',
		'o', '!', '!', 0x6a, 0x0f, 0x2f, 0x48 };
	struct hws_bytes whole = hws_buf_bytes(&file);
	struct hws_buf with, clean;

	hws_buf_init(&with, 1 << 20);
	hws_buf_init(&clean, 1 << 20);
	hws_buf_put(&with, whole.ptr, 33);
	hws_buf_put(&with, text, sizeof(text));
	hws_buf_put(&with, whole.ptr + 33, whole.len - 33);
	ck_assert_int_eq(hws_png_check(hws_buf_bytes(&with), NULL), HWS_OK);
	ck_assert_int_eq(hws_png_clean(hws_buf_bytes(&with), &clean), HWS_OK);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&clean), whole));
	hws_buf_done(&with);
	hws_buf_done(&clean);
}
END_TEST

START_TEST(each_cut_and_each_turned_bit_is_refused_or_harmless)
{
	struct hws_bytes whole = hws_buf_bytes(&file);
	uint8_t *copy = hws_memdup(whole.ptr, whole.len);
	struct hws_buf out;

	ck_assert_ptr_nonnull(copy);
	for (size_t n = 0; n < whole.len; n++)
		ck_assert_int_eq(hws_png_check(hws_bytes(whole.ptr, n), NULL), HWS_ERR_CORRUPT);
	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		hws_buf_init(&out, 1 << 20);
		int r = hws_png_clean(hws_bytes(copy, whole.len), &out);
		ck_assert_msg(r == HWS_OK || r == HWS_ERR_CORRUPT || r == HWS_ERR_RANGE,
				"bit %zu: %d", bit, r);
		hws_buf_done(&out);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	hws_free(copy);
}
END_TEST

/* The header alone says how large it would be. */
START_TEST(a_bomb_is_refused_by_its_header)
{
	static const uint8_t sizes[][8] = { { 0, 0, 0x40, 0, 0, 0, 0x40, 0 }, /* 16384 x 16384 */
		{ 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1 }, { 0, 0, 0x40, 1, 0, 0, 0, 1 },
		{ 0, 0, 0, 0, 0, 0, 0, 1 } };
	struct hws_bytes whole = hws_buf_bytes(&file);
	uint8_t *copy = hws_memdup(whole.ptr, whole.len);
	const char *why = NULL;

	ck_assert_ptr_nonnull(copy);
	for (size_t i = 0; i < HWS_COUNT(sizes); i++) {
		memcpy(copy + 16, sizes[i], 8);
		ck_assert_int_eq(hws_png_check(hws_bytes(copy, whole.len), &why),
				i == 3 ? HWS_ERR_CORRUPT : HWS_ERR_RANGE);
		ck_assert_str_eq(why,
				i == 3 ? "it is no PNG file"
				       : "it has more than 16 million pixels");
		ck_assert_int_eq(hws_png_clean(hws_bytes(copy, whole.len), NULL),
				i == 3 ? HWS_ERR_CORRUPT : HWS_ERR_RANGE);
	}
	hws_free(copy);
	ck_assert_int_eq(hws_png_from_rgba(pixels, 0, 1, NULL), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_png_from_rgba(pixels, 16384, 16384, NULL), HWS_ERR_RANGE);
}
END_TEST

START_TEST(what_does_not_fit_is_too_large)
{
	struct hws_buf small;

	hws_buf_init(&small, 100);
	ck_assert_int_eq(hws_png_from_rgba(pixels, W, H, &small), HWS_ERR_TOOBIG);
	hws_buf_done(&small);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("media/png");
	TCase *t = tcase_create("png");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, pixels_come_back_with_their_alpha);
	tcase_add_test(t, a_text_in_it_does_not_come_along);
	tcase_add_test(t, each_cut_and_each_turned_bit_is_refused_or_harmless);
	tcase_add_test(t, a_bomb_is_refused_by_its_header);
	tcase_add_test(t, what_does_not_fit_is_too_large);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
