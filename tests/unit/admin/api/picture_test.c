/* Pictures that people upload: what is kept of them, and what is refused. */
#include "admin/api/picture.h"
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include <string.h>

static struct hws_buf png, out;

static uint32_t crc(const uint8_t *at, size_t len)
{
	uint32_t c = 0xffffffff;

	while (len--) {
		c ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
	}
	return ~c;
}

static void put_number(struct hws_buf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		hws_buf_put_u8(b, (uint8_t)(n >> shift));
}

static void chunk(struct hws_buf *b, const char *type, const void *data, uint32_t len)
{
	size_t at;

	put_number(b, len);
	at = b->end;
	hws_buf_put(b, type, 4);
	hws_buf_put(b, data, len);
	put_number(b, crc(b->data + at, len + 4));
}

static void head(struct hws_buf *b, uint32_t w, uint32_t h, uint8_t depth, uint8_t colour)
{
	uint8_t d[13] = { (uint8_t)(w >> 24), (uint8_t)(w >> 16), (uint8_t)(w >> 8), (uint8_t)w,
		(uint8_t)(h >> 24), (uint8_t)(h >> 16), (uint8_t)(h >> 8), (uint8_t)h, depth,
		colour, 0, 0, 0 };

	hws_buf_put(b, "\x89PNG\r\n\x1a\n", 8);
	chunk(b, "IHDR", d, sizeof(d));
}

static void set_up(void)
{
	hws_buf_init(&png, 1 << 20);
	hws_buf_init(&out, 1 << 20);
}

static void tear_down(void)
{
	hws_buf_done(&png);
	hws_buf_done(&out);
}

START_TEST(what_hides_in_a_file_stays_out)
{
	struct hws_buf want;

	hws_buf_init(&want, 1 << 20);
	head(&want, 64, 64, 8, 3);
	chunk(&want, "PLTE", "abcdef", 6);
	chunk(&want, "tRNS", "a", 1);
	chunk(&want, "IDAT", "pixels", 6);
	chunk(&want, "IDAT", "more", 4);
	chunk(&want, "IEND", "", 0);
	head(&png, 64, 64, 8, 3);
	chunk(&png, "tEXt", "Author\0me", 9);
	chunk(&png, "PLTE", "abcdef", 6);
	chunk(&png, "eXIf", "where it was taken", 18);
	chunk(&png, "tRNS", "a", 1);
	chunk(&png, "IDAT", "pixels", 6);
	chunk(&png, "IDAT", "more", 4);
	chunk(&png, "IEND", "", 0);
	hws_buf_put_str(&png, "PK and another file behind it");
	ck_assert_int_eq(adi_picture_clean(hws_buf_bytes(&png), &out), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&out), hws_buf_len(&want));
	ck_assert_int_eq(memcmp(hws_buf_bytes(&out).ptr, hws_buf_bytes(&want).ptr,
					 hws_buf_len(&want)),
			0);
	hws_buf_done(&want);
}
END_TEST

START_TEST(a_picture_has_bounds)
{
	head(&png, 513, 1, 8, 2);
	chunk(&png, "IDAT", "x", 1);
	chunk(&png, "IEND", "", 0);
	ck_assert_int_eq(adi_picture_clean(hws_buf_bytes(&png), &out), HWS_ERR_RANGE);
	hws_buf_reset(&png);
	head(&png, 0, 1, 8, 2);
	ck_assert_int_eq(adi_picture_clean(hws_buf_bytes(&png), &out), HWS_ERR_PROTO);
	hws_buf_reset(&png);
	head(&png, 1, 1, 16, 2);
	ck_assert_int_eq(adi_picture_clean(hws_buf_bytes(&png), &out), HWS_ERR_PROTO);
	hws_buf_reset(&png);
	head(&png, 1, 1, 4, 6);
	ck_assert_int_eq(adi_picture_clean(hws_buf_bytes(&png), &out), HWS_ERR_PROTO);
}
END_TEST

/* Each cut short, and with each byte changed. */
START_TEST(what_is_broken_is_refused)
{
	size_t len;

	head(&png, 8, 8, 8, 2);
	chunk(&png, "IDAT", "pixels", 6);
	chunk(&png, "IEND", "", 0);
	len = hws_buf_len(&png);
	for (size_t i = 0; i < len; i++) {
		hws_buf_reset(&out);
		ck_assert_int_lt(adi_picture_clean(hws_bytes(png.data, i), &out), 0);
		png.data[i] ^= 0x20;
		hws_buf_reset(&out);
		ck_assert_int_lt(adi_picture_clean(hws_buf_bytes(&png), &out), 0);
		png.data[i] ^= 0x20;
	}
	hws_buf_reset(&out);
	ck_assert_int_eq(adi_picture_clean(hws_buf_bytes(&png), &out), HWS_OK);
}
END_TEST

START_TEST(what_is_in_no_order_is_refused)
{
	static const struct {
		const char *first, *second;
	} bad[] = { { "IDAT", "PLTE" }, { "IDAT", "tRNS" }, { "PLTE", "PLTE" }, { "IEND", "IDAT" },
		{ "ABCD", "IDAT" }, { "IDAT", "IHDR" } };

	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		hws_buf_reset(&png);
		hws_buf_reset(&out);
		head(&png, 8, 8, 8, 2);
		chunk(&png, bad[i].first, "abc", strcmp(bad[i].first, "IEND") ? 3 : 0);
		chunk(&png, bad[i].second, "abc", 3);
		chunk(&png, "IEND", "", 0);
		ck_assert_msg(adi_picture_clean(hws_buf_bytes(&png), &out) == HWS_ERR_PROTO,
				"%s %s", bad[i].first, bad[i].second);
	}
}
END_TEST

int main(void)
{
	return test_main("picture", 60, set_up, tear_down,
			TESTS(what_hides_in_a_file_stays_out, a_picture_has_bounds,
					what_is_broken_is_refused, what_is_in_no_order_is_refused));
}
