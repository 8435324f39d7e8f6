/* Passwords as they are stored, and keyed hashes. */
#include "shared/crypto/crypto.h"
#include "shared/crypto/mac.h"
#include "shared/crypto/slow_hash.h"
#include "tests/support/suite.h"

/* As cheap as it gets: what it costs is not tested here. */
static const struct hws_slow_cost cheap = { .passes = 1, .mib = 8 };

START_TEST(only_the_password_fits)
{
	char text[HWS_SLOW_HASH_TEXT];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_slow_hash(hws_bytes_str("pass"), cheap, text), HWS_OK);
	ck_assert_str_ne(text, "pass");
	ck_assert_int_eq(strncmp(text, "$argon2id$", 10), 0);
	ck_assert_int_eq(hws_slow_hash_verify(text, hws_bytes_str("pass"), cheap), HWS_OK);
	ck_assert_int_eq(
			hws_slow_hash_verify(text, hws_bytes_str("Pass"), cheap), HWS_ERR_PASSWORD);
	ck_assert_int_eq(hws_slow_hash_verify(text, hws_bytes_str(""), cheap), HWS_ERR_PASSWORD);
	ck_assert_int_eq(hws_slow_hash_verify("rubbish", hws_bytes_str("pass"), cheap),
			HWS_ERR_PASSWORD);
	ck_assert_int_eq(
			hws_slow_hash_verify(NULL, hws_bytes_str("pass"), cheap), HWS_ERR_PASSWORD);
	ck_assert(!hws_slow_hash_stale(text, cheap));
	ck_assert(hws_slow_hash_stale(text, (struct hws_slow_cost){ .passes = 2, .mib = 8 }));
}
END_TEST

START_TEST(where_a_part_ends_counts)
{
	static const uint8_t key[HWS_MAC_KEY_LEN] = { 1 }, other[HWS_MAC_KEY_LEN] = { 2 };
	struct hws_bytes a[] = { hws_bytes_str("ab"), hws_bytes_str("c") };
	struct hws_bytes b[] = { hws_bytes_str("a"), hws_bytes_str("bc") };
	uint8_t x[HWS_MAC_LEN], y[HWS_MAC_LEN];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	hws_mac(key, a, 2, x);
	hws_mac(key, a, 2, y);
	ck_assert_mem_eq(x, y, sizeof(x));
	hws_mac(key, b, 2, y);
	ck_assert_mem_ne(x, y, sizeof(x));
	hws_mac(other, a, 2, y);
	ck_assert_mem_ne(x, y, sizeof(x));
}
END_TEST

int main(void)
{
	return test_main("crypto/slow_hash", 30, NULL, NULL,
			TESTS(only_the_password_fits, where_a_part_ends_counts));
}
