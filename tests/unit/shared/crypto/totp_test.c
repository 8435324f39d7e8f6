/* Six digits of a telephone: the examples of RFC 6238, a code serves once, clocks that differ. */
#include "shared/crypto/totp.h"
#include "tests/support/suite.h"

static const struct hws_bytes secret = { (const uint8_t *)"12345678901234567890", 20 };

START_TEST(the_examples_of_the_standard)
{
	static const struct {
		uint64_t at;
		const char *code;
	} c[] = {
		{ 59, "287082" },
		{ 1111111109, "081804" },
		{ 1111111111, "050471" },
		{ 1234567890, "005924" },
		{ 2000000000, "279037" },
		{ 20000000000, "353130" },
	};
	char code[HWS_TOTP_CODE_TEXT];

	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		hws_totp_code(secret, c[i].at / HWS_TOTP_STEP_S, code);
		ck_assert_str_eq(code, c[i].code);
	}
}
END_TEST

START_TEST(a_code_serves_once_and_only_near_its_time)
{
	uint64_t step = 7;

	ck_assert_int_eq(hws_totp_check(secret, "050471", 1111111111, 0, &step), HWS_OK);
	ck_assert_uint_eq(step, 1111111111 / 30);
	ck_assert_int_eq(hws_totp_check(secret, "050471", 1111111111, step, &step),
			HWS_ERR_PASSWORD);
	ck_assert_int_eq(hws_totp_check(secret, "050471", 1111111111 + 30, 0, &step), HWS_OK);
	ck_assert_int_eq(hws_totp_check(secret, "050471", 1111111111 - 30, 0, &step), HWS_OK);
	ck_assert_int_eq(hws_totp_check(secret, "050471", 1111111111 + 90, 0, &step),
			HWS_ERR_PASSWORD);
	ck_assert_int_eq(hws_totp_check(secret, "50471", 1111111111, 0, &step), HWS_ERR_PASSWORD);
	ck_assert_int_eq(hws_totp_check(secret, "0504711", 1111111111, 0, &step), HWS_ERR_PASSWORD);
	ck_assert_int_eq(hws_totp_check(secret, "", 1111111111, 0, &step), HWS_ERR_PASSWORD);
}
END_TEST

START_TEST(a_secret_as_a_person_types_it)
{
	char buf[HWS_TOTP_SECRET_TEXT];

	hws_totp_secret_text(secret.ptr, buf);
	ck_assert_str_eq(buf, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}
END_TEST

int main(void)
{
	return test_main("crypto/totp", 10, NULL, NULL,
			TESTS(the_examples_of_the_standard,
					a_code_serves_once_and_only_near_its_time,
					a_secret_as_a_person_types_it));
}
