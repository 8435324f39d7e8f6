/* The small pure pieces: text, version, permission, addresses, compression. */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <zstd.h>

#include "shared/base/macros.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/compress.h"
#include "shared/wire/permission.h"
#include "shared/wire/text.h"
#include "shared/wire/version.h"

START_TEST(ids_are_checked)
{
	static const struct {
		const char *id;
		bool valid, choosable;
	} cases[] = {
		{ "123456789", true, false },
		{ "my-desk_01", true, true },
		{ "abcde", false, false },
		{ "abcdef", true, true },
		{ "abcdefghijklmnop", true, true },
		{ "abcdefghijklmnopq", true, false },
		{ "abc.def", true, false },
		{ "-abcdef", true, false },
		{ "abc def", false, false },
		{ "abcdef@srv", false, false },
		{ "(:test_hbbs:)", false, false },
		{ "", false, false },
	};

	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		ck_assert_int_eq(hws_id_valid(hws_bytes_str(cases[i].id)), cases[i].valid);
		ck_assert_int_eq(hws_id_choosable(hws_bytes_str(cases[i].id)), cases[i].choosable);
	}
}
END_TEST

START_TEST(uuids_are_checked)
{
	ck_assert(hws_uuid_valid(hws_bytes_str("8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e")));
	ck_assert(!hws_uuid_valid(hws_bytes_str("8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9g")));
	ck_assert(!hws_uuid_valid(hws_bytes_str("8f14e45f0ceea-467f-a0e6-0d6a2f3c1b9e")));
	ck_assert(!hws_uuid_valid(hws_bytes_str("")));
	ck_assert(hws_pair_id_valid(hws_bytes_str("anything-goes")));
	ck_assert(!hws_pair_id_valid(hws_bytes_str("")));
	ck_assert(!hws_pair_id_valid(hws_bytes_str("a b")));
	ck_assert(!hws_machine_id_valid(hws_bytes(NULL, 0)));
}
END_TEST

START_TEST(foreign_version_texts_never_overflow)
{
	ck_assert_uint_eq(hws_version_number("99999999999999999999.1"), UINT32_MAX);
	ck_assert_uint_eq(hws_version_number("1.1.1.1.1.1.1.1.1.1.1"), UINT32_MAX);
	ck_assert_uint_eq(hws_version_number("x.y.z"), 0);
	ck_assert_uint_eq(hws_version_number("1.4.9-99999999999"), UINT32_MAX);
	ck_assert_uint_eq(hws_version_number("1.4.9-x-3"), 1004090);
	ck_assert_uint_ge(hws_version_number(HWS_PROTOCOL_VERSION), HWS_V_RELATIVE_MOUSE);
}
END_TEST

START_TEST(permissions_sit_in_two_bits_each)
{
	uint64_t map = 0;

	map = hws_permission_set(map, HWS_PERM_FILE, HWS_PERM_ALLOW);
	map = hws_permission_set(map, HWS_PERM_KEYBOARD, HWS_PERM_DENY);
	ck_assert_uint_eq(map, (2u << 6) | 1u);
	ck_assert_int_eq(hws_permission_get(map, HWS_PERM_FILE), HWS_PERM_ALLOW);
	ck_assert_int_eq(hws_permission_get(map, HWS_PERM_KEYBOARD), HWS_PERM_DENY);
	ck_assert_int_eq(hws_permission_get(map, HWS_PERM_AUDIO), HWS_PERM_UNSET);
	ck_assert_int_eq(hws_permission_get(3, HWS_PERM_KEYBOARD), HWS_PERM_UNSET);
	for (int p = 0; p < HWS_PERM_COUNT; p++)
		ck_assert_ptr_nonnull(hws_permission_name((enum hws_permission)p));
}
END_TEST

START_TEST(an_address_comes_back_with_its_cookie)
{
	struct sockaddr_storage a = { 0 }, b;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	uint8_t buf[HWS_ADDR_WIRE_MAX];
	uint32_t t = 1, got;
	uint64_t x = 0x9e3779b97f4a7c15;

	v4->sin_family = AF_INET;
	for (int i = 0; i < 10000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		v4->sin_addr.s_addr = (uint32_t)(x >> 32);
		v4->sin_port = (uint16_t)(x >> 16);
		t = (uint32_t)(x >> 7);
		hws_addr_decode(hws_bytes(buf, hws_addr_encode(&a, t, buf)), &b, &got);
		ck_assert_mem_eq(&a, &b, sizeof(a));
		ck_assert_uint_eq(t, got);
	}
	ck_assert(!hws_addr_decode_usable(hws_bytes(NULL, 0), &b));
	a.ss_family = AF_UNIX;
	ck_assert_uint_eq(hws_addr_encode(&a, t, buf), 0);
}
END_TEST

static struct hws_buf packed, out;

static void compress_text(size_t n)
{
	uint8_t *text = calloc(1, n + 1);

	memset(text, 'a', n);
	hws_buf_init(&packed, 1 << 20);
	hws_buf_init(&out, 1 << 20);
	ck_assert_int_eq(hws_compress(hws_bytes(text, n), HWS_COMPRESS_LEVEL, &packed), HWS_OK);
	free(text);
}

START_TEST(what_is_compressed_comes_back_but_not_above_the_cap)
{
	static const size_t sizes[] = { 0, 1, 1000, 200000 };
	size_t n = sizes[_i];

	compress_text(n);
	ck_assert_int_eq(hws_decompress(hws_buf_bytes(&packed), n, &out), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&out), n);
	if (n > 0)
		ck_assert_int_eq(hws_decompress(hws_buf_bytes(&packed), n - 1, &out),
				HWS_ERR_TOOBIG);
	ck_assert_uint_eq(hws_buf_len(&out), n);
	hws_buf_done(&packed);
	hws_buf_done(&out);
}
END_TEST

START_TEST(a_frame_that_does_not_say_its_size_is_capped_too)
{
	size_t n = 300000, cap = ZSTD_compressBound(n);
	uint8_t *text = calloc(1, n), *raw = calloc(1, cap);
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	for (size_t i = 0; i < n; i++)
		text[i] = (uint8_t)(i * i >> 8);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, 0);

	size_t len = ZSTD_compress2(ctx, raw, cap, text, n);

	hws_buf_init(&out, 1 << 20);
	ck_assert_int_eq(hws_decompress(hws_bytes(raw, len), n, &out), HWS_OK);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&out), hws_bytes(text, n)));
	ck_assert_int_eq(hws_decompress(hws_bytes(raw, len), n - 1, &out), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_decompress(hws_bytes(raw, len - 1), n, &out), HWS_ERR_CORRUPT);
	ck_assert_uint_eq(hws_buf_len(&out), n);
	hws_buf_done(&out);
	ZSTD_freeCCtx(ctx);
	free(text);
	free(raw);
}
END_TEST

START_TEST(a_broken_frame_is_refused_and_adds_nothing)
{
	compress_text(1000);
	for (size_t n = 0; n < hws_buf_len(&packed); n++)
		ck_assert_int_eq(hws_decompress(hws_bytes(hws_buf_bytes(&packed).ptr, n), 1000,
						 &out),
				HWS_ERR_CORRUPT);
	hws_buf_put_u8(&packed, 0); /* something behind the frame */
	ck_assert_int_eq(hws_decompress(hws_buf_bytes(&packed), 1000, &out), HWS_ERR_CORRUPT);
	ck_assert_uint_eq(hws_buf_len(&out), 0);
	hws_buf_done(&packed);
	hws_buf_done(&out);
}
END_TEST

/* One block as an encoder makes it, with tables of its own, again and again in one frame. Returns
 * the bytes of it. */
static size_t many_blocks(size_t count, uint8_t **ret)
{
	uint8_t text[600], frame[1000];
	unsigned seed = 1;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1103515245u + 12345u;
		text[i] = (uint8_t)("eeeeettaaoinshr\0 "[seed >> 16 & 15] + (seed >> 24 & 1));
	}
	size_t n = ZSTD_compress(frame, sizeof(frame), text, sizeof(text), 19);
	const size_t head = 4 + 1 + 2; /* magic, descriptor, size in two bytes */
	size_t block = n - head, at = 0;
	uint8_t *all = calloc(1, 6 + count * block + 3);

	ck_assert(frame[head] & 1 && (frame[head] >> 1 & 3) == 2);
	frame[head] &= 0xfe; /* not the last one */
	memcpy(all, frame, 4);
	all[5] = 0x58; /* a window of 2 MiB, no size */
	at = 6;
	for (size_t i = 0; i < count; i++, at += block)
		memcpy(all + at, frame + head, block);
	all[at] = 1; /* an empty one ends it */
	*ret = all;
	return at + 3;
}

START_TEST(blocks_without_end_are_not_worked_through)
{
	const size_t cap = 64u << 20;
	uint8_t *frame;
	size_t n, blocks = 0;

	hws_buf_init(&out, cap);
	n = many_blocks(500, &frame); /* few are legal */
	ck_assert_int_eq(hws_zstd_blocks(hws_bytes(frame, n), &blocks), HWS_OK);
	ck_assert_uint_eq(blocks, 501);
	ck_assert_int_eq(hws_decompress(hws_bytes(frame, n), cap, &out), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&out), 500 * 600);
	for (size_t cut = 0; cut < n; cut += 7)
		ck_assert_int_lt(hws_zstd_blocks(hws_bytes(frame, cut), &blocks), 0);
	free(frame);
	n = many_blocks(4000, &frame); /* their content alone is far below the cap */
	ck_assert_uint_lt(n, 2u << 20);
	ck_assert_int_eq(hws_decompress(hws_bytes(frame, n), cap, &out), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_decompress(hws_bytes(frame, n), 4000, &out), HWS_ERR_TOOBIG);
	free(frame);
	hws_buf_done(&out);
}
END_TEST

START_TEST(frames_of_other_kinds_are_refused)
{
	const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
	const uint8_t old[] = { 0x27, 0xb5, 0x2f, 0xfd, 0, 1, 0, 0, 0, 0 };

	hws_buf_init(&out, 100);
	ck_assert_int_eq(hws_decompress(hws_bytes(skippable, sizeof(skippable)), 100, &out),
			HWS_ERR_CORRUPT);
	ck_assert_int_eq(hws_decompress(hws_bytes(old, sizeof(old)), 100, &out), HWS_ERR_CORRUPT);
	hws_buf_done(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/text");
	TCase *t = tcase_create("text");
	SRunner *r;
	int failed;

	tcase_add_test(t, ids_are_checked);
	tcase_add_test(t, uuids_are_checked);
	tcase_add_test(t, foreign_version_texts_never_overflow);
	tcase_add_test(t, permissions_sit_in_two_bits_each);
	tcase_add_test(t, an_address_comes_back_with_its_cookie);
	tcase_add_loop_test(t, what_is_compressed_comes_back_but_not_above_the_cap, 0, 4);
	tcase_add_test(t, a_frame_that_does_not_say_its_size_is_capped_too);
	tcase_add_test(t, a_broken_frame_is_refused_and_adds_nothing);
	tcase_add_test(t, blocks_without_end_are_not_worked_through);
	tcase_add_test(t, frames_of_other_kinds_are_refused);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
