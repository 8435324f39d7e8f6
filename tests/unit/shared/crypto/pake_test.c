/* shared/crypto/pake: who knows the password gets in, nobody else, once for an offer; a proof is
 * good for one session, host and kind only. */
#include <check.h>
#include <stdlib.h>

#include "shared/crypto/crypto.h"
#include "shared/crypto/pake.h"
#include "tests/support/suite.h"
#include <sodium.h>

static uint8_t binding[32] = { 7 }, host_pk[32] = { 8 };
static struct hws_pake_context context = { binding, host_pk, HWS_PAKE_TEMPORARY };
static struct hws_pake_verifier verifier;
static struct hws_pake_secret secret;
static struct hws_pake_offer offer;
static uint8_t share[32], confirm[32], expect[32], from_host[32];

static void h1_of(const char *password, uint8_t ret[HWS_H1_LEN])
{
	hws_password_h1(hws_bytes_str(password), "salt", ret);
}

static void set_up(void)
{
	struct hws_pake_cost cost;
	uint8_t h1[HWS_H1_LEN];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	context = (struct hws_pake_context){ binding, host_pk, HWS_PAKE_TEMPORARY };
	binding[0] = 7;
	host_pk[0] = 8;
	h1_of("right", h1);
	hws_pake_cost_new(&cost, HWS_PAKE_TEMPORARY);
	ck_assert_int_eq(hws_pake_verifier_of(h1, &cost, &verifier), HWS_OK);
	ck_assert_int_eq(hws_pake_secret_of(h1, &cost, &secret), HWS_OK);
	hws_pake_offer_new(&verifier, &offer);
}

static void answer(void)
{
	ck_assert_int_eq(hws_pake_answer(&secret, &context, hws_bytes(offer.share, 32), share,
					 confirm, expect),
			HWS_OK);
}

static int judge(void)
{
	return hws_pake_judge(&verifier, &offer, &context, hws_bytes(share, 32),
			hws_bytes(confirm, 32), from_host);
}

START_TEST(the_right_password_proves_both_sides)
{
	answer();
	ck_assert_int_eq(judge(), HWS_OK);
	ck_assert_mem_eq(from_host, expect, 32);
	ck_assert_mem_ne(confirm, expect, 32);
}
END_TEST

START_TEST(an_offer_takes_one_proof_right_or_wrong)
{
	answer();
	confirm[_i] ^= 1;
	ck_assert_int_eq(judge(), HWS_ERR_CRYPTO);
	confirm[_i] ^= 1;
	ck_assert_int_eq(judge(), HWS_ERR_CLOSED);
	hws_pake_offer_new(&verifier, &offer);
	answer();
	ck_assert_int_eq(judge(), HWS_OK);
	ck_assert_int_eq(judge(), HWS_ERR_CLOSED);
}
END_TEST

START_TEST(a_wrong_password_does_not)
{
	uint8_t h1[HWS_H1_LEN];

	h1_of("wrong", h1);
	ck_assert_int_eq(hws_pake_secret_of(h1, &verifier.cost, &secret), HWS_OK);
	answer();
	ck_assert_int_eq(judge(), HWS_ERR_CRYPTO);
	ck_assert(sodium_is_zero(from_host, 32));
}
END_TEST

/* Augmented: who stole the verifier is not let in with it. */
START_TEST(half_of_the_secret_does_not)
{
	secret.w1_secret[0] ^= 1;
	answer();
	ck_assert_int_eq(judge(), HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(a_proof_is_good_for_its_session_host_and_kind_only)
{
	answer();
	if (_i == 0)
		binding[0] ^= 1;
	else if (_i == 1)
		host_pk[0] ^= 1;
	else
		context.kind = HWS_PAKE_PERMANENT;
	ck_assert_int_eq(judge(), HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(what_is_no_share_is_refused_by_both)
{
	uint8_t bad[32] = { 0 };
	uint8_t two[32];

	if (_i == 1)
		memset(bad, 0xff, sizeof(bad));
	ck_assert_int_eq(hws_pake_answer(&secret, &context, hws_bytes(bad, 32), share, confirm,
					 expect),
			HWS_ERR_CRYPTO);
	ck_assert_int_eq(hws_pake_answer(&secret, &context, hws_bytes(offer.share, 31), share,
					 confirm, expect),
			HWS_ERR_CRYPTO);
	answer();
	memcpy(two, share, 32);
	memcpy(share, bad, 32);
	ck_assert_int_eq(judge(), HWS_ERR_CRYPTO);
	hws_pake_offer_new(&verifier, &offer);
	ck_assert_int_eq(hws_pake_judge(&verifier, &offer, &context, hws_bytes(two, 31),
					 hws_bytes(confirm, 32), from_host),
			HWS_ERR_CRYPTO);
}
END_TEST

/* The host's share minus w0*N would be the neutral element: Z and V would be known. */
START_TEST(a_share_that_cancels_out_is_refused)
{
	uint8_t n[32], h[64];
	static const uint8_t label[] = "\x10\0\0\0hawser spake2+ N";

	crypto_generichash(h, sizeof(h), label, sizeof(label) - 1, NULL, 0);
	ck_assert_int_eq(crypto_core_ristretto255_from_hash(n, h), 0);
	ck_assert_int_eq(crypto_scalarmult_ristretto255(n, secret.w0_secret, n), 0);
	ck_assert_int_eq(hws_pake_answer(&secret, &context, hws_bytes(n, 32), share, confirm,
					 expect),
			HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(two_runs_have_nothing_in_common)
{
	uint8_t first[32], first_confirm[32], y[32];

	answer();
	memcpy(first, share, 32);
	memcpy(first_confirm, confirm, 32);
	answer();
	ck_assert_mem_ne(first, share, 32);
	ck_assert_mem_ne(first_confirm, confirm, 32);
	memcpy(y, offer.share, 32);
	hws_pake_offer_new(&verifier, &offer);
	ck_assert_mem_ne(y, offer.share, 32);
}
END_TEST

START_TEST(a_permanent_password_is_stretched_and_works)
{
	struct hws_pake_cost cost;
	uint8_t h1[HWS_H1_LEN];

	h1_of("right", h1);
	hws_pake_cost_new(&cost, HWS_PAKE_PERMANENT);
	ck_assert_int_eq(hws_pake_cost_check(&cost, HWS_PAKE_PERMANENT), HWS_OK);
	cost.ops = 1;
	cost.memory_kib = HWS_PAKE_MEMORY_MIN_KIB;
	context.kind = HWS_PAKE_PERMANENT;
	ck_assert_int_eq(hws_pake_verifier_of(h1, &cost, &verifier), HWS_OK);
	ck_assert_int_eq(hws_pake_secret_of(h1, &cost, &secret), HWS_OK);
	hws_pake_offer_new(&verifier, &offer);
	answer();
	ck_assert_int_eq(judge(), HWS_OK);
}
END_TEST

START_TEST(costs_outside_the_bounds_are_refused)
{
	static const struct {
		uint32_t ops, memory_kib;
		enum hws_pake_kind kind;
		int r;
	} cases[] = {
		{ 0, 0, HWS_PAKE_TEMPORARY, HWS_OK },
		{ 0, 0, HWS_PAKE_PERMANENT, HWS_ERR_RANGE },
		{ 1, HWS_PAKE_MEMORY_MIN_KIB, HWS_PAKE_PERMANENT, HWS_OK },
		{ 1, HWS_PAKE_MEMORY_MIN_KIB - 1, HWS_PAKE_PERMANENT, HWS_ERR_RANGE },
		{ 10, HWS_PAKE_MEMORY_MAX_KIB, HWS_PAKE_TEMPORARY, HWS_OK },
		{ 11, HWS_PAKE_MEMORY_MAX_KIB, HWS_PAKE_PERMANENT, HWS_ERR_RANGE },
		{ 1, HWS_PAKE_MEMORY_MAX_KIB + 1, HWS_PAKE_PERMANENT, HWS_ERR_RANGE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hws_pake_cost cost = { .ops = cases[i].ops,
			.memory_kib = cases[i].memory_kib };

		ck_assert_int_eq(hws_pake_cost_check(&cost, cases[i].kind), cases[i].r);
	}
}
END_TEST

START_TEST(a_verifier_of_nothing_makes_offers_that_take_nothing)
{
	memset(&verifier, 0, sizeof(verifier));
	hws_pake_offer_new(&verifier, &offer);
	ck_assert_int_eq(judge(), HWS_ERR_CLOSED);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crypto/pake");
	TCase *t = test_case(s, "all", 60,
			TESTS(the_right_password_proves_both_sides, a_wrong_password_does_not,
					half_of_the_secret_does_not,
					a_share_that_cancels_out_is_refused,
					two_runs_have_nothing_in_common,
					a_permanent_password_is_stretched_and_works,
					costs_outside_the_bounds_are_refused,
					a_verifier_of_nothing_makes_offers_that_take_nothing));

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, an_offer_takes_one_proof_right_or_wrong, 0, 32);
	tcase_add_loop_test(t, a_proof_is_good_for_its_session_host_and_kind_only, 0, 3);
	tcase_add_loop_test(t, what_is_no_share_is_refused_by_both, 0, 2);
	return test_suite_run(s);
}
