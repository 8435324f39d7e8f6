/* shared/crypto/seal: what is sealed opens with the same key for the same purpose, and nothing else
 * does; keys that are derived of a pair. */
#include <check.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/seal.h"

static const uint8_t key[HWS_SEAL_KEY_LEN] = { 1, 2, 3 };

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
}

START_TEST(what_is_sealed_opens_unchanged_and_for_its_purpose)
{
	static const uint8_t other[HWS_SEAL_KEY_LEN] = { 1, 2, 4 };
	struct hws_bytes about = hws_bytes_str("a letter"), got;
	uint8_t sealed[HWS_SEAL_OVERHEAD + 5], again[sizeof(sealed)], out[5];

	hws_seal(key, about, hws_bytes_str("hello"), sealed);
	hws_seal(key, about, hws_bytes_str("hello"), again);
	ck_assert_mem_ne(sealed, again, sizeof(sealed));
	ck_assert_int_eq(hws_seal_open(key, about, hws_bytes(sealed, sizeof(sealed)), out, &got),
			HWS_OK);
	ck_assert(hws_bytes_equal(got, hws_bytes_str("hello")));
	ck_assert_int_eq(hws_seal_open(other, about, hws_bytes(sealed, sizeof(sealed)), out, &got),
			HWS_ERR_CRYPTO);
	ck_assert_int_eq(hws_seal_open(key, hws_bytes_str("a lettre"),
					 hws_bytes(sealed, sizeof(sealed)), out, &got),
			HWS_ERR_CRYPTO);
	for (size_t i = 0; i < sizeof(sealed) * 8; i++) {
		sealed[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(hws_seal_open(key, about, hws_bytes(sealed, sizeof(sealed)), out,
						 &got),
				HWS_ERR_CRYPTO);
		sealed[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < sizeof(sealed); n++)
		ck_assert_int_eq(hws_seal_open(key, about, hws_bytes(sealed, n), out, &got),
				HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(a_derived_key_is_of_its_pair_and_use)
{
	static const uint8_t seed[2][32] = { { 1 }, { 2 } };
	struct hws_identity one, two;
	uint8_t a[32], b[32];

	hws_identity_from_seed(seed[0], &one);
	hws_identity_from_seed(seed[1], &two);
	hws_identity_derive(&one, "messages", a);
	hws_identity_derive(&one, "messages", b);
	ck_assert_mem_eq(a, b, 32);
	hws_identity_derive(&one, "channels", b);
	ck_assert_mem_ne(a, b, 32);
	hws_identity_derive(&two, "messages", b);
	ck_assert_mem_ne(a, b, 32);
	ck_assert_mem_ne(a, one.sk_secret, 32);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto/seal");
	TCase *t = tcase_create("seal");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, what_is_sealed_opens_unchanged_and_for_its_purpose);
	tcase_add_test(t, a_derived_key_is_of_its_pair_and_use);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
