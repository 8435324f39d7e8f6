/* shared/net/sha1: what OpenSSL says, at each length that is taken: padding is where such code
 * goes wrong. */
#include "shared/base/err.h"
#include "shared/net/sha1.h"
#include "tests/support/suite.h"
#include <check.h>
#include <openssl/evp.h>

START_TEST(each_length_is_as_openssl_has_it)
{
	uint8_t in[HWS_SHA1_INPUT_MAX], got[HWS_SHA1_BYTES];
	unsigned char want[EVP_MAX_MD_SIZE];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 151 + 7);
	for (size_t len = 0; len <= sizeof(in); len++) {
		ck_assert_int_eq(hws_sha1(hws_bytes(in, len), got), HWS_OK);
		ck_assert_int_eq(EVP_Digest(in, len, want, NULL, EVP_sha1(), NULL), 1);
		ck_assert_mem_eq(got, want, sizeof(got));
	}
}
END_TEST

/* RFC 3174, test 2 */
START_TEST(the_example_of_the_standard)
{
	static const uint8_t want[] = { 0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2, 0x6e, 0xba, 0xae,
		0x4a, 0xa1, 0xf9, 0x51, 0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1 };
	uint8_t got[HWS_SHA1_BYTES];

	ck_assert_int_eq(
			hws_sha1(hws_bytes_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomno"
					       "pnopq"),
					got),
			HWS_OK);
	ck_assert_mem_eq(got, want, sizeof(want));
}
END_TEST

START_TEST(longer_input_is_refused)
{
	static uint8_t in[HWS_SHA1_INPUT_MAX + 1];
	uint8_t got[HWS_SHA1_BYTES];

	ck_assert_int_eq(hws_sha1(hws_bytes(in, sizeof(in)), got), HWS_ERR_TOOBIG);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/sha1");

	test_case(s, "sha1", 30,
			TESTS(each_length_is_as_openssl_has_it, the_example_of_the_standard,
					longer_input_is_refused));
	return test_suite_run(s);
}
