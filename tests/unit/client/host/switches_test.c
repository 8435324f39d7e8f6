/* Numbers of switched sides: for ten seconds, once, for one viewer, on one line. */
#include "client/host/switches.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/switch_proof.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

static const uint8_t number[HWS_SWITCH_NUMBER] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16 };
static const uint8_t other[HWS_SWITCH_NUMBER] = { 9 };

static bool use(struct hws_switches *s, const char *id, const uint8_t *shown, uint64_t now)
{
	return hws_switches_use(s, id, hws_bytes(shown, HWS_SWITCH_NUMBER), NULL, now);
}

START_TEST(a_number_lets_in_once)
{
	struct hws_switches s = { 0 };

	ck_assert(!use(&s, "123456789", number, 5));
	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(!use(&s, "987654321", number, 6));
	ck_assert(use(&s, "123456789", number, 6));
	ck_assert(!use(&s, "123456789", number, 7));
}
END_TEST

START_TEST(a_wrong_one_uses_it_up)
{
	struct hws_switches s = { 0 };

	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(!use(&s, "123456789", other, 6));
	ck_assert(!use(&s, "123456789", number, 7));
	/* a part of it is not it */
	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(!hws_switches_use(&s, "123456789", hws_bytes(number, 15), NULL, 6));
	/* nobody has no name */
	ck_assert_int_lt(hws_switches_expect(&s, "", number, 5), 0);
	ck_assert(!use(&s, "", number, 6));
}
END_TEST

START_TEST(after_ten_seconds_it_is_over)
{
	struct hws_switches s = { 0 };

	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(!use(&s, "123456789", number, 5 + HWS_SWITCH_US));
	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(use(&s, "123456789", number, 4 + HWS_SWITCH_US));
}
END_TEST

START_TEST(on_our_lines_the_line_is_in_it)
{
	struct hws_switches s = { 0 };
	uint8_t line[32] = { 7 }, elsewhere[32] = { 8 }, shown[HWS_SWITCH_PROOF_LEN];

	hws_switch_proof(number, line, shown);
	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(hws_switches_use(&s, "123456789", hws_bytes(shown, sizeof(shown)), line, 6));
	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(!hws_switches_use(
			&s, "123456789", hws_bytes(shown, sizeof(shown)), elsewhere, 6));
	/* and the bare number is nothing there */
	ck_assert_int_eq(hws_switches_expect(&s, "123456789", number, 5), HWS_OK);
	ck_assert(!hws_switches_use(&s, "123456789", hws_bytes(number, 16), line, 6));
}
END_TEST

START_TEST(the_table_is_bounded)
{
	struct hws_switches s = { 0 };
	char id[32];

	for (unsigned i = 0; i < 3 * HWS_SWITCHES_MAX; i++) {
		snprintf(id, sizeof(id), "10000%u", i);
		ck_assert_int_eq(hws_switches_expect(&s, id, number, i), HWS_OK);
	}
	ck_assert(!use(&s, "100000", number, 100));
	ck_assert(use(&s, id, number, 100));
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("host/switches", 60, NULL, NULL,
			TESTS(a_number_lets_in_once, a_wrong_one_uses_it_up,
					after_ten_seconds_it_is_over,
					on_our_lines_the_line_is_in_it, the_table_is_bounded));
}
