/* shared/crypto/record_v2: what one direction seals, its other end opens once and in order, with
 * type and padding; nothing else opens; keys turn at the same record on both sides. */
#include <check.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/record_v2.h"
#include "tests/support/suite.h"

static const uint8_t key[32] = { 1, 2, 3 };
static struct hws_record_v2 a, b;
static uint8_t out[512];

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_record_v2_init(&a, key);
	hws_record_v2_init(&b, key);
}

static size_t seal(enum hws_record_type type, const char *text, size_t pad)
{
	ck_assert_int_eq(hws_record_v2_seal(&a, type, hws_bytes_str(text), pad, out), HWS_OK);
	return hws_record_v2_len(strlen(text), pad);
}

static void opens(size_t len, enum hws_record_type type, const char *text)
{
	enum hws_record_type got_type;
	struct hws_bytes got;

	ck_assert_int_eq(hws_record_v2_open(&b, hws_bytes(out, len), out, &got_type, &got), HWS_OK);
	ck_assert_int_eq(got_type, type);
	ck_assert(hws_bytes_equal(got, hws_bytes_str(text)));
}

static void does_not_open(size_t len)
{
	enum hws_record_type type;
	struct hws_bytes got;
	uint8_t copy[sizeof(out)];

	ck_assert_int_eq(hws_record_v2_open(&b, hws_bytes(out, len), copy, &type, &got),
			HWS_ERR_CRYPTO);
}

START_TEST(types_texts_and_padding_come_through)
{
	static const size_t pads[] = { 0, 1, 64, 100 };

	for (size_t i = 0; i < 4; i++) {
		opens(seal(HWS_RECORD_MESSAGE, "hello", pads[i]), HWS_RECORD_MESSAGE, "hello");
		opens(seal(HWS_RECORD_MESSAGE, "", pads[i]), HWS_RECORD_MESSAGE, "");
		opens(seal(HWS_RECORD_FILLER, "", pads[i]), HWS_RECORD_FILLER, "");
	}
	opens(seal(HWS_RECORD_CLOSE, "", 0), HWS_RECORD_CLOSE, "");
}
END_TEST

START_TEST(padded_records_of_one_bucket_are_equally_long)
{
	ck_assert_uint_eq(hws_record_v2_len(0, 64), 64 + 16);
	ck_assert_uint_eq(hws_record_v2_len(63, 64), 64 + 16);
	ck_assert_uint_eq(hws_record_v2_len(64, 64), 128 + 16);
	ck_assert_uint_eq(hws_record_v2_len(64, 0), 64 + HWS_RECORD_V2_OVERHEAD);
}
END_TEST

START_TEST(content_that_ends_with_zeros_keeps_them)
{
	static const uint8_t zeros[9];
	enum hws_record_type type;
	struct hws_bytes got;

	ck_assert_int_eq(hws_record_v2_seal(&a, HWS_RECORD_MESSAGE, hws_bytes(zeros, 9), 64, out),
			HWS_OK);
	ck_assert_int_eq(hws_record_v2_open(&b, hws_bytes(out, 80), out, &type, &got), HWS_OK);
	ck_assert(hws_bytes_equal(got, hws_bytes(zeros, 9)));
}
END_TEST

START_TEST(nothing_else_opens)
{
	size_t len = seal(HWS_RECORD_MESSAGE, "first", 0), len2;
	uint8_t first[64];

	for (size_t bit = 0; bit < len * 8; bit++) {
		out[bit / 8] ^= (uint8_t)(1u << bit % 8);
		does_not_open(len);
		out[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < len; n++)
		does_not_open(n);
	memcpy(first, out, len);
	len2 = seal(HWS_RECORD_MESSAGE, "second", 0);
	does_not_open(len2); /* out of turn */
	memcpy(out, first, len);
	opens(len, HWS_RECORD_MESSAGE, "first");
	memcpy(out, first, len);
	does_not_open(len); /* again */
}
END_TEST

START_TEST(the_other_directions_records_do_not_open)
{
	size_t len = seal(HWS_RECORD_MESSAGE, "ping", 0);
	uint8_t other[32] = { 9 };

	hws_record_v2_init(&b, other);
	does_not_open(len);
}
END_TEST

/* Sealed as it should be, but saying what no end says. */
START_TEST(a_record_without_a_known_type_is_refused)
{
	ck_assert_int_eq(
			hws_record_v2_seal(&a, (enum hws_record_type)_i, hws_bytes_str(""), 0, out),
			HWS_OK);
	does_not_open(HWS_RECORD_V2_OVERHEAD);
}
END_TEST

START_TEST(close_and_filler_carry_nothing)
{
	does_not_open(seal(_i ? HWS_RECORD_CLOSE : HWS_RECORD_FILLER, "x", 0));
}
END_TEST

START_TEST(keys_turn_by_records_and_by_bytes_on_both_sides)
{
	uint8_t before[32];

	a.count_max = b.count_max = 3;
	a.bytes_max = b.bytes_max = 200;
	memcpy(before, a.key_secret, 32);
	for (int i = 0; i < 20; i++)
		opens(seal(HWS_RECORD_MESSAGE, "hello", i % 5 ? 0 : 150), HWS_RECORD_MESSAGE,
				"hello");
	ck_assert_uint_gt(a.keys, 6);
	ck_assert_uint_eq(a.keys, b.keys);
	ck_assert_mem_eq(a.key_secret, b.key_secret, 32);
	ck_assert_mem_ne(a.key_secret, before, 32);
}
END_TEST

/* Few large records, then many small ones: either limit by itself. */
START_TEST(each_limit_turns_keys_by_itself)
{
	if (_i)
		a.count_max = b.count_max = 3;
	else
		a.bytes_max = b.bytes_max = 200;
	for (int i = 0; i < 12; i++)
		opens(seal(HWS_RECORD_MESSAGE, "hello", _i ? 0 : 150), HWS_RECORD_MESSAGE, "hello");
	ck_assert_uint_eq(a.keys, _i ? 4 : 6);
	ck_assert_uint_eq(a.keys, b.keys);
}
END_TEST

START_TEST(the_limits_are_those_of_the_protocol)
{
	ck_assert_uint_eq(a.count_max, 1ull << 20);
	ck_assert_uint_eq(a.bytes_max, 1ull << 30);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto/record_v2");
	TCase *t = test_case(s, "all", 60,
			TESTS(types_texts_and_padding_come_through,
					padded_records_of_one_bucket_are_equally_long,
					content_that_ends_with_zeros_keeps_them, nothing_else_opens,
					the_other_directions_records_do_not_open,
					keys_turn_by_records_and_by_bytes_on_both_sides,
					the_limits_are_those_of_the_protocol));

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, close_and_filler_carry_nothing, 0, 2);
	tcase_add_loop_test(t, each_limit_turns_keys_by_itself, 0, 2);
	tcase_add_loop_test(t, a_record_without_a_known_type_is_refused, 4, 8);
	tcase_add_loop_test(t, a_record_without_a_known_type_is_refused, 0, 1);
	return test_suite_run(s);
}
