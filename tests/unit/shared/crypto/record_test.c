/* shared/crypto/record: what is sealed opens once and in order, and nothing else does: flipped,
 * repeated, left out, cut short. */
#include <check.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/password.h"
#include "shared/crypto/record.h"

static const uint8_t key[32] = { 1, 2, 3 };
static struct hws_record a, b;

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_record_init(&a, key);
	hws_record_init(&b, key);
}

START_TEST(records_open_in_order_and_in_place)
{
	uint8_t buf[16 + 5];
	struct hws_bytes got;

	for (int i = 0; i < 3; i++) {
		memcpy(buf + 16, "hello", 5);
		ck_assert_int_eq(hws_record_seal(&a, hws_bytes(buf + 16, 5), buf), HWS_OK);
		ck_assert_int_eq(hws_record_open(&b, hws_bytes(buf, 21), i == 0 ? buf : buf + 16,
						 &got),
				HWS_OK);
		ck_assert(hws_bytes_equal(got, hws_bytes_str("hello")));
	}
	ck_assert_uint_eq(a.tx, 3);
	ck_assert_uint_eq(b.rx, 3);
}
END_TEST

START_TEST(a_replayed_skipped_or_flipped_record_is_refused)
{
	uint8_t one[16 + 5], two[16 + 5], out[21];
	struct hws_bytes got;

	ck_assert_int_eq(hws_record_seal(&a, hws_bytes_str("first"), one), HWS_OK);
	ck_assert_int_eq(hws_record_seal(&a, hws_bytes_str("again"), two), HWS_OK);
	ck_assert_int_eq(hws_record_open(&b, hws_bytes(two, 21), out, &got), HWS_ERR_CRYPTO);
	ck_assert_uint_eq(b.rx, 0);
	for (size_t bit = 0; bit < 21 * 8; bit++) {
		one[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(
				hws_record_open(&b, hws_bytes(one, 21), out, &got), HWS_ERR_CRYPTO);
		one[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_int_eq(hws_record_open(&b, hws_bytes(one, 21), out, &got), HWS_OK);
	ck_assert_int_eq(hws_record_open(&b, hws_bytes(one, 21), out, &got), HWS_ERR_CRYPTO);
	ck_assert_int_eq(hws_record_open(&b, hws_bytes(two, 21), out, &got), HWS_OK);
}
END_TEST

START_TEST(frames_of_at_most_one_byte_pass_unopened_and_uncounted)
{
	uint8_t out[1];
	struct hws_bytes got;

	ck_assert_int_eq(hws_record_open(&b, hws_bytes("x", 1), out, &got), HWS_OK);
	ck_assert_uint_eq(got.len, 1);
	ck_assert_int_eq(hws_record_open(&b, hws_bytes("", 0), out, &got), HWS_OK);
	ck_assert_uint_eq(got.len, 0);
	ck_assert_uint_eq(b.rx, 0);
}
END_TEST

START_TEST(anything_between_a_heartbeat_and_a_tag_is_refused)
{
	uint8_t in[16] = { 0 }, out[16];
	struct hws_bytes got;

	for (size_t n = 2; n <= 16; n++)
		ck_assert_int_eq(hws_record_open(&b, hws_bytes(in, n), out, &got), HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(a_used_up_counter_ends_the_link)
{
	uint8_t out[32], in[17] = { 0 };
	struct hws_bytes got;

	a.tx = a.rx = UINT64_MAX;
	ck_assert_int_eq(hws_record_seal(&a, hws_bytes_str("x"), out), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_record_open(&a, hws_bytes(in, 17), out, &got), HWS_ERR_PROTO);
}
END_TEST

START_TEST(random_passwords_use_only_readable_characters)
{
	char text[HWS_PASSWORD_RANDOM_MAX + 1], salt[HWS_SALT_TEXT], challenge[HWS_CHALLENGE_TEXT];

	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(hws_password_random(HWS_PASSWORD_READABLE, 64, text, sizeof(text)),
				HWS_OK);
		ck_assert_uint_eq(strspn(text, "23456789abcdefghijkmnpqrstuvwxyz"), 64);
		ck_assert_int_eq(hws_password_random(HWS_PASSWORD_DIGITS, 6, text, sizeof(text)),
				HWS_OK);
		ck_assert_uint_eq(strspn(text, "0123456789"), 6);
		ck_assert_uint_eq(strlen(text), 6);
	}
	hws_password_salt(salt);
	hws_password_challenge(challenge);
	ck_assert_uint_eq(strlen(salt), 32);
	ck_assert_uint_eq(strlen(challenge), 6);
	ck_assert_int_eq(hws_password_random(HWS_PASSWORD_DIGITS, 6, text, 6), HWS_ERR_RANGE);
	ck_assert_int_eq(hws_password_random(HWS_PASSWORD_DIGITS, 65, text, sizeof(text)),
			HWS_ERR_RANGE);
}
END_TEST

START_TEST(a_wrong_or_cut_proof_does_not_verify)
{
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];

	hws_password_h1(hws_bytes_str("secret"), "salt", h1);
	hws_password_proof(h1, "abcdef", proof);
	ck_assert(hws_password_verify(h1, "abcdef", hws_bytes(proof, 32)));
	ck_assert(!hws_password_verify(h1, "abcdeg", hws_bytes(proof, 32)));
	ck_assert(!hws_password_verify(h1, "abcdef", hws_bytes(proof, 31)));
	ck_assert(!hws_password_verify(h1, "abcdef", hws_bytes(NULL, 0)));
	proof[31] ^= 1;
	ck_assert(!hws_password_verify(h1, "abcdef", hws_bytes(proof, 32)));
}
END_TEST

START_TEST(a_stored_password_loads_again_and_nothing_else_does)
{
	uint8_t h1[HWS_H1_LEN], back[HWS_H1_LEN];
	char text[HWS_H1_STORED_TEXT];

	hws_password_h1(hws_bytes_str("secret"), "salt", h1);
	hws_password_store(h1, text);
	ck_assert_int_eq(hws_password_load(text, back), HWS_OK);
	ck_assert_mem_eq(h1, back, sizeof(h1));
	text[1] = '1';
	ck_assert_int_eq(hws_password_load(text, back), HWS_ERR_CORRUPT);
	ck_assert_int_eq(hws_password_load("00AAAA", back), HWS_ERR_CORRUPT);
	ck_assert_int_eq(hws_password_load("", back), HWS_ERR_CORRUPT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto/record");
	TCase *t = tcase_create("record");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, records_open_in_order_and_in_place);
	tcase_add_test(t, a_replayed_skipped_or_flipped_record_is_refused);
	tcase_add_test(t, frames_of_at_most_one_byte_pass_unopened_and_uncounted);
	tcase_add_test(t, anything_between_a_heartbeat_and_a_tag_is_refused);
	tcase_add_test(t, a_used_up_counter_ends_the_link);
	tcase_add_test(t, random_passwords_use_only_readable_characters);
	tcase_add_test(t, a_wrong_or_cut_proof_does_not_verify);
	tcase_add_test(t, a_stored_password_loads_again_and_nothing_else_does);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
