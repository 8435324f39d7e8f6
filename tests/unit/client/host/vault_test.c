/* host/vault towards hawser viewers: what is stored and in which form, offers that take one proof,
 * and files of earlier versions taken over, in both directions. */
#include "client/host/state_file.h"
#include "client/host/vault.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define SECRET "correct horse"

static char dir[256], path[300];
static struct hws_vault vault;
static struct hws_vault_offers offers;
static struct hws_vault_conf conf = { HWS_VAULT_BOTH, 10, false, false, false };
static const uint8_t host_pk[32] = { 7 }, other_pk[32] = { 8 };
static const uint8_t binding[32] = { 1 }, other_binding[32] = { 2 };

/* What a viewer answers with. */
static struct answer {
	struct hws_vault_proof proof;
	uint8_t share[2][HWS_PAKE_SHARE_LEN], confirm[2][HWS_PAKE_CONFIRM_LEN];
	uint8_t expect[2][HWS_PAKE_CONFIRM_LEN];
} last;

static void reopen(void)
{
	struct hws_error err = { 0 };

	ck_assert_msg(hws_vault_open(&vault, dir, &conf, &err) == HWS_OK, "%s", err.text);
	ck_assert_msg(hws_vault_settle(&vault, &err) == HWS_OK, "%s", err.text);
	memset(&offers, 0, sizeof(offers));
}

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/password", dir);
	conf = (struct hws_vault_conf){ HWS_VAULT_BOTH, 10, false, false, false };
	reopen();
}

static void set(const char *password)
{
	struct hws_error err = { 0 };

	ck_assert_msg(hws_vault_set_permanent(&vault, password, &err) == HWS_OK, "%s", err.text);
}

/* Answers the offers that stand. */
static void compute(const char *password, const uint8_t *for_binding, const uint8_t *for_pk)
{
	uint8_t h1[HWS_H1_LEN];

	memset(&last, 0, sizeof(last));
	last.proof = (struct hws_vault_proof){ .binding = binding, .host_pk = host_pk };
	hws_vault_offer(&vault, &offers);
	hws_password_h1(hws_bytes_str(password), vault.salt, h1);
	for (unsigned i = 0; i < 2; i++) {
		struct hws_pake_context context = { for_binding, for_pk,
			(enum hws_pake_kind)(i + 1) };
		struct hws_pake_secret secret;

		if (!offers.made[i])
			continue;
		ck_assert_int_eq(hws_pake_secret_of(h1, &offers.cost[i], &secret), HWS_OK);
		ck_assert_int_eq(hws_pake_answer(&secret, &context,
						 hws_bytes(offers.offer_secret[i].share,
								 HWS_PAKE_SHARE_LEN),
						 last.share[i], last.confirm[i], last.expect[i]),
				HWS_OK);
		last.proof.share[i] = hws_bytes(last.share[i], HWS_PAKE_SHARE_LEN);
		last.proof.confirm[i] = hws_bytes(last.confirm[i], HWS_PAKE_CONFIRM_LEN);
	}
}

/* With the last answer. */
static enum hws_vault_match judge(void)
{
	uint8_t confirm[HWS_PAKE_CONFIRM_LEN];
	bool renewed;
	enum hws_vault_match match =
			hws_vault_judge(&vault, &offers, &last.proof, confirm, &renewed);

	if (match != HWS_MATCH_NONE)
		ck_assert_mem_eq(
				confirm, last.expect[match - HWS_MATCH_TEMPORARY], sizeof(confirm));
	return match;
}

static enum hws_vault_match prove(const char *password)
{
	compute(password, binding, host_pk);
	return judge();
}

static enum hws_vault_match prove_as_deployed(const char *password)
{
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];
	bool renewed;

	hws_password_h1(hws_bytes_str(password), vault.salt, h1);
	hws_password_proof(h1, "7kq3fx", proof);
	return hws_vault_check(&vault, HWS_LEVEL_V1, vault.salt, "7kq3fx",
			hws_bytes(proof, sizeof(proof)), &renewed);
}

static void read_file(char text[HWS_VAULT_LINE])
{
	struct hws_error err = { 0 };

	ck_assert_msg(hws_state_read(path, text, HWS_VAULT_LINE, &err) == HWS_OK, "%s", err.text);
}

/* As earlier versions stored it. */
static void write_old_file(const char *password, char stored[HWS_H1_STORED_TEXT])
{
	char text[HWS_VAULT_LINE], salt[HWS_SALT_TEXT];
	uint8_t h1[HWS_H1_LEN];
	struct hws_error err = { 0 };

	hws_password_salt(salt);
	hws_password_h1(hws_bytes_str(password), salt, h1);
	hws_password_store(h1, stored);
	snprintf(text, sizeof(text), "%s %s", salt, stored);
	ck_assert_int_eq(hws_state_write(path, text, &err), HWS_OK);
}

START_TEST(both_passwords_are_proven_and_others_are_not)
{
	set(SECRET);
	ck_assert_int_eq(prove(hws_vault_temporary(&vault)), HWS_MATCH_TEMPORARY);
	ck_assert_int_eq(prove(SECRET), HWS_MATCH_PERMANENT);
	ck_assert_int_eq(prove("correct hors"), HWS_MATCH_NONE);
	ck_assert_int_eq(prove(""), HWS_MATCH_NONE);
}
END_TEST

START_TEST(an_offer_takes_one_proof_right_or_wrong)
{
	struct answer right;

	compute(hws_vault_temporary(&vault), binding, host_pk);
	right = last;
	ck_assert_int_eq(judge(), HWS_MATCH_TEMPORARY);
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
	compute(hws_vault_temporary(&vault), binding, host_pk);
	right = last;
	last.confirm[0][5] ^= 1;
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
	last = right;
	last.proof.share[0].ptr = last.share[0];
	last.proof.confirm[0].ptr = last.confirm[0];
	ck_assert_int_eq(judge(), HWS_MATCH_NONE); /* it was right, but for an offer that is gone */
	hws_vault_offer(&vault, &offers);
	ck_assert_int_eq(judge(), HWS_MATCH_NONE); /* and is of no use for the next */
	ck_assert_int_eq(prove(hws_vault_temporary(&vault)), HWS_MATCH_TEMPORARY);
}
END_TEST

/* Nobody keeps a host computing by asking: what was not answered stands. */
START_TEST(offers_stand_until_they_are_answered_or_a_password_changes)
{
	struct hws_vault_offers first;

	hws_vault_offer(&vault, &offers);
	first = offers;
	hws_vault_offer(&vault, &offers);
	ck_assert_mem_eq(&first, &offers, sizeof(first));
	hws_vault_renew_temporary(&vault);
	hws_vault_offer(&vault, &offers);
	ck_assert_mem_ne(&first.offer_secret[0], &offers.offer_secret[0],
			sizeof(first.offer_secret[0]));
	compute(hws_vault_temporary(&vault), binding, host_pk);
	hws_vault_renew_temporary(&vault);
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
}
END_TEST

START_TEST(a_proof_is_good_for_its_channel_host_and_kind_only)
{
	set(SECRET);
	compute(SECRET, other_binding, host_pk);
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
	compute(SECRET, binding, other_pk);
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
	compute(SECRET, binding, host_pk);
	last.proof.share[0] = last.proof.share[1];
	last.proof.confirm[0] = last.proof.confirm[1];
	last.proof.share[1].len = 0;
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
}
END_TEST

/* No share that is no point, or the neutral one, opens anything. */
START_TEST(shares_that_are_none_are_wrong)
{
	compute(hws_vault_temporary(&vault), binding, host_pk);
	memset(last.share[0], _i ? 0xff : 0, sizeof(last.share[0]));
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
	compute(hws_vault_temporary(&vault), binding, host_pk);
	last.proof.share[0].len--;
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
	compute(hws_vault_temporary(&vault), binding, host_pk);
	last.proof.confirm[0].len--;
	ck_assert_int_eq(judge(), HWS_MATCH_NONE);
}
END_TEST

START_TEST(a_file_of_an_earlier_version_is_taken_over)
{
	char stored[HWS_H1_STORED_TEXT], text[HWS_VAULT_LINE];

	write_old_file(SECRET, stored);
	reopen();
	ck_assert(vault.has_permanent);
	read_file(text);
	ck_assert_ptr_eq(strstr(text, "v2 "), text);
	ck_assert_ptr_nonnull(strstr(text, stored)); /* deployed viewers are served */
	ck_assert_int_eq(prove_as_deployed(SECRET), HWS_MATCH_PERMANENT);
	ck_assert_int_eq(prove(SECRET), HWS_MATCH_PERMANENT);
	reopen(); /* from the new form */
	ck_assert_int_eq(prove_as_deployed(SECRET), HWS_MATCH_PERMANENT);
	ck_assert_int_eq(prove(SECRET), HWS_MATCH_PERMANENT);
	ck_assert(!hws_vault_lacks_h1(&vault));
}
END_TEST

/* 0: an old file is met with require-v2 on, 1: it is switched on later. */
START_TEST(without_deployed_viewers_nothing_that_opens_is_kept)
{
	char stored[HWS_H1_STORED_TEXT], text[HWS_VAULT_LINE];

	write_old_file(SECRET, stored);
	conf.v2_only = _i == 0;
	reopen();
	conf.v2_only = true;
	hws_vault_configure(&vault, &conf);
	read_file(text);
	ck_assert_ptr_null(strstr(text, stored));
	ck_assert_ptr_nonnull(strstr(text, " - "));
	ck_assert_int_eq(prove_as_deployed(SECRET), HWS_MATCH_NONE);
	ck_assert_int_eq(prove(SECRET), HWS_MATCH_PERMANENT);
	reopen();
	ck_assert_int_eq(prove(SECRET), HWS_MATCH_PERMANENT);
	/* what is gone does not come back by itself; the password is not lost */
	conf.v2_only = false;
	hws_vault_configure(&vault, &conf);
	ck_assert(hws_vault_lacks_h1(&vault));
	ck_assert_int_eq(prove_as_deployed(SECRET), HWS_MATCH_NONE);
	ck_assert_int_eq(prove(SECRET), HWS_MATCH_PERMANENT);
	set(SECRET);
	ck_assert(!hws_vault_lacks_h1(&vault));
	ck_assert_int_eq(prove_as_deployed(SECRET), HWS_MATCH_PERMANENT);
}
END_TEST

START_TEST(a_password_for_hawser_viewers_is_a_verifier)
{
	char text[HWS_VAULT_LINE];

	conf.v2_only = true;
	reopen();
	set(SECRET);
	read_file(text);
	ck_assert_ptr_nonnull(strstr(text, " - "));
	for (size_t i = 0; i < sizeof(vault.permanent.h1_secret); i++)
		ck_assert_uint_eq(vault.permanent.h1_secret[i], 0);
	ck_assert_int_eq(prove(SECRET), HWS_MATCH_PERMANENT);
}
END_TEST

/* Each byte away, and each changed to one that has no place there: told or the same, never a
 * password that nobody has, and never a crash. */
START_TEST(a_damaged_line_is_told)
{
	char line[HWS_VAULT_LINE], copy[HWS_VAULT_LINE];
	struct hws_vault_permanent p;
	size_t len;

	set(SECRET);
	ck_assert_int_eq(hws_vault_line(&vault.permanent, line, sizeof(line)), HWS_OK);
	len = strlen(line);
	for (size_t i = 0; i < len; i++) {
		memcpy(copy, line, len + 1);
		copy[i] = 0;
		ck_assert_int_eq(hws_vault_parse(copy, &p), HWS_ERR_CORRUPT);
		ck_assert(!p.has_verifier && !p.has_h1);
		memcpy(copy, line, len + 1);
		copy[i] = '!';
		if (i >= 3 && i < 3 + HWS_SALT_TEXT - 1)
			continue; /* a salt is any text */
		ck_assert_int_eq(hws_vault_parse(copy, &p), HWS_ERR_CORRUPT);
	}
	memcpy(copy, line, len + 1);
	memcpy(copy + len, " more", 6);
	ck_assert_int_eq(hws_vault_parse(copy, &p), HWS_ERR_CORRUPT);
	/* a verifier that could be searched for next to nothing */
	memcpy(copy, line, len + 1);
	memcpy(strstr(copy, " 3 65536 "), " 1 00100 ", 9);
	ck_assert_int_eq(hws_vault_parse(copy, &p), HWS_ERR_CORRUPT);
}
END_TEST

START_TEST(short_temporary_passwords_count_for_hawser_viewers_only)
{
	conf.temporary_length = _i ? 10 : 6;
	conf.temporary_digits = _i == 1;
	hws_vault_configure(&vault, &conf);
	ck_assert_int_eq(prove(hws_vault_temporary(&vault)), HWS_MATCH_TEMPORARY);
	ck_assert_int_eq(prove_as_deployed(hws_vault_temporary(&vault)), HWS_MATCH_NONE);
	conf.weak_for_all = true;
	hws_vault_configure(&vault, &conf);
	ck_assert_int_eq(prove_as_deployed(hws_vault_temporary(&vault)), HWS_MATCH_TEMPORARY);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/vault");
	TCase *t = test_case(s, "all", 120,
			TESTS(both_passwords_are_proven_and_others_are_not,
					an_offer_takes_one_proof_right_or_wrong,
					offers_stand_until_they_are_answered_or_a_password_changes,
					a_proof_is_good_for_its_channel_host_and_kind_only,
					a_file_of_an_earlier_version_is_taken_over,
					a_password_for_hawser_viewers_is_a_verifier,
					a_damaged_line_is_told));

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, shares_that_are_none_are_wrong, 0, 2);
	tcase_add_loop_test(t, without_deployed_viewers_nothing_that_opens_is_kept, 0, 2);
	tcase_add_loop_test(t, short_temporary_passwords_count_for_hawser_viewers_only, 0, 2);
	return test_suite_run(s);
}
