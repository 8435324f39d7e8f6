/* What a connection leaves behind between ID server, host and API: references, switches of sides,
 * sessions that last: on both engines. */
#include "admin/data/live.h"
#include "admin/data/refs.h"
#include "admin/data/switch.h"
#include "shared/crypto/identity.h"
#include "tests/unit/admin/engines.h"

#include <stdio.h>
#include <string.h>

#define NOW 1790000000000ll
#define MIN 60000ll

START_TEST(a_reference_names_the_account_for_its_device_alone)
{
	char ref[DAT_REF_TEXT], other[DAT_REF_TEXT], id[DAT_ID_TEXT];
	struct dat_ref got;
	int64_t n;

	ck_ok(dat_ref_make(test_conn, "account", "session", "123456789", NOW, ref));
	ck_ok(dat_ref_make(test_conn, "account", "session", "223456789", NOW + 1, other));
	ck_assert_str_ne(ref, other);
	ck_assert_uint_ge(strlen(ref), 32);
	for (int i = 0; i < 2; i++) { /* an opened and an authorised connection are two reports */
		memset(&got, 0, sizeof(got));
		ck_ok(dat_ref_take(test_conn, ref, "123456789", NOW + MIN, &got));
		ck_assert_str_eq(got.account_guid, "account");
		ck_assert_str_eq(got.session_guid, "session");
	}
	ck_assert_int_eq(dat_ref_take(test_conn, ref, "223456789", NOW, &got), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_ref_take(test_conn, "", "123456789", NOW, &got), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_ref_take(test_conn, ref, "123456789", NOW + 10 * MIN, &got),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_ref_last(test_conn, "session", NOW, id));
	ck_assert_str_eq(id, "223456789");
	ck_assert_int_eq(dat_ref_last(test_conn, "another", NOW, id), HWS_ERR_NOTFOUND);
	ck_ok(dat_ref_sweep(test_conn, NOW + 10 * MIN, &n));
	ck_assert_int_eq(n, 1);
	ck_ok(dat_ref_sweep(test_conn, NOW + 11 * MIN, &n));
	ck_assert_int_eq(n, 1);
}
END_TEST

#define CODE "nNSnrXYjNtOUZ9TvCx2qiUl2HV7YrYYofUC7m3irD/A="
#define VERIFIER "Km1fj4MQO8h6pTaAT6gKu26kX4B6axReEGEKB/a5t2o="
#define SIGNATURE                                                                                  \
	"rn/5XNoFMvWrQ2QdhEq+hk/8bzUE+8ZilNIygd77/U0TgQStFgXk6/6cSX8xzWGjZw3wKbirp3ag4YWRjCMACw=="

START_TEST(a_switch_is_signed_as_the_vectors_say)
{
	const struct dat_switch_claim good = { "123456789", VERIFIER, "1790000000", SIGNATURE };
	struct dat_switch_claim bad = good;
	char verifier[DAT_VERIFIER_TEXT], changed[sizeof(SIGNATURE)];
	struct hws_identity key;
	uint8_t seed[32];

	for (unsigned i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	hws_identity_from_seed(seed, &key);
	dat_switch_verifier("code-abc", verifier);
	ck_assert_str_eq(verifier, "dMIn3uiPe77XodFB5IKi7PrKJ7l7+zVquNn0ObSaHQc=");
	dat_switch_verifier(CODE, verifier);
	ck_assert_str_eq(verifier, VERIFIER);
	ck_ok(dat_switch_check(&good, key.pk, 1790000010));
	ck_ok(dat_switch_check(&good, key.pk, 1790000120));
	ck_ok(dat_switch_check(&good, key.pk, 1789999880));
	ck_assert_int_eq(dat_switch_check(&good, key.pk, 1790009999), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_switch_check(&good, key.pk, 1790000121), HWS_ERR_RANGE);
	ck_assert_int_eq(dat_switch_check(&good, key.pk, 1789999879), HWS_ERR_RANGE);
	memcpy(changed, SIGNATURE, sizeof(changed));
	changed[0] = 's';
	bad.signature = changed;
	ck_assert_int_eq(dat_switch_check(&bad, key.pk, 1790000010), HWS_ERR_CRYPTO);
	bad = good;
	bad.id = "123456788";
	ck_assert_int_eq(dat_switch_check(&bad, key.pk, 1790000010), HWS_ERR_CRYPTO);
	bad = good;
	bad.timestamp = "1790000001";
	ck_assert_int_eq(dat_switch_check(&bad, key.pk, 1790000010), HWS_ERR_CRYPTO);
	for (const char *const *t = (const char *const[]){ "", "-1", "1e9", "99999999999999999999",
			     "184467440737095516160", " 1790000000", NULL };
			*t; t++) {
		bad.timestamp = *t;
		ck_assert_int_eq(dat_switch_check(&bad, key.pk, 1790000010), HWS_ERR_INVAL);
	}
	bad = good;
	bad.verifier = "short";
	ck_assert_int_eq(dat_switch_check(&bad, key.pk, 1790000010), HWS_ERR_INVAL);
	bad = good;
	bad.signature = VERIFIER;
	ck_assert_int_eq(dat_switch_check(&bad, key.pk, 1790000010), HWS_ERR_INVAL);
}
END_TEST

START_TEST(a_switch_passes_once_and_within_a_minute)
{
	char id[DAT_ID_TEXT];
	int64_t n;

	ck_ok(dat_switch_put(test_conn, "123456789", VERIFIER, NOW));
	ck_assert_int_eq(dat_switch_take(test_conn, "guess", NOW, id), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_switch_take(test_conn, "", NOW, id), HWS_ERR_NOTFOUND);
	ck_ok(dat_switch_take(test_conn, CODE, NOW + 59999, id));
	ck_assert_str_eq(id, "123456789");
	ck_assert_int_eq(dat_switch_take(test_conn, CODE, NOW + 59999, id), HWS_ERR_NOTFOUND);
	ck_ok(dat_switch_put(test_conn, "123456789", VERIFIER, NOW));
	ck_assert_int_eq(dat_switch_take(test_conn, CODE, NOW + MIN, id), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_switch_put(test_conn, "1", "no verifier", NOW), HWS_ERR_INVAL);
	ck_ok(dat_switch_sweep(test_conn, NOW + MIN, &n));
	ck_assert_int_eq(n, 1);
}
END_TEST

static int64_t grants(void)
{
	int64_t n = -1;

	ck_ok(sql_number(test_conn, "SELECT count(*) FROM switch_grant", SQL_NONE, &n));
	return n;
}

START_TEST(a_device_has_few_grants_and_all_are_swept)
{
	char verifier[DAT_VERIFIER_TEXT], code[32], id[DAT_ID_TEXT];
	int64_t n;

	ck_ok(dat_switch_put(test_conn, "223456789", VERIFIER, NOW));
	for (int i = 0; i < 20; i++) {
		(void)snprintf(code, sizeof(code), "code-%d", i);
		dat_switch_verifier(code, verifier);
		ck_ok(dat_switch_put(test_conn, "123456789", verifier, NOW + i));
		ck_ok(dat_switch_put(test_conn, "123456789", verifier, NOW + i)); /* again */
	}
	ck_assert_int_eq(grants(), 8 + 1);
	ck_assert_int_eq(dat_switch_take(test_conn, "code-11", NOW + 20, id), HWS_ERR_NOTFOUND);
	ck_ok(dat_switch_take(test_conn, "code-12", NOW + 20, id));
	ck_ok(dat_switch_take(test_conn, CODE, NOW + 20, id)); /* another's stay */
	ck_ok(sql_begin(test_conn));
	for (int i = 0; i < 2100; i++) {
		(void)snprintf(code, sizeof(code), "%d", i);
		ck_ok(sql_run(test_conn, "INSERT INTO switch_grant VALUES ($1, 'x', $2)",
				SQL_P(SQL_T(code), SQL_I(NOW))));
	}
	ck_ok(sql_end(test_conn, HWS_OK));
	ck_ok(dat_switch_sweep(test_conn, NOW + MIN / 2, &n));
	ck_assert_int_eq(n, 2100);
	ck_assert_int_eq(grants(), 7);
}
END_TEST

static int64_t lasting(const char *account, int64_t now)
{
	int64_t n;

	ck_ok(dat_live_count(test_conn, account, now, &n));
	return n;
}

START_TEST(sessions_count_while_somebody_speaks_of_them)
{
	struct dat_live s = { "n1/1", "n1", "ann", "123456789" };
	int64_t n;

	ck_ok(dat_live_begin(test_conn, &s, NOW));
	ck_ok(dat_live_begin(test_conn, &s, NOW)); /* told again */
	s.key = "n1/2";
	ck_ok(dat_live_begin(test_conn, &s, NOW));
	s = (struct dat_live){ "n2/1", "n2", "ann", "223456789" };
	ck_ok(dat_live_begin(test_conn, &s, NOW));
	ck_assert_int_eq(lasting("ann", NOW), 3);
	ck_assert_int_eq(lasting("bob", NOW), 0);
	ck_ok(dat_live_end(test_conn, "n1/2"));
	ck_assert_int_eq(lasting("ann", NOW), 2);
	ck_ok(dat_live_beat(test_conn, "n1", NOW + 2 * MIN));
	ck_assert_int_eq(lasting("ann", NOW + 3 * MIN), 1); /* n2 is silent */
	ck_ok(dat_live_sweep(test_conn, NOW + 3 * MIN, &n));
	ck_assert_int_eq(n, 1);
	ck_ok(dat_live_end_node(test_conn, "n1"));
	ck_assert_int_eq(lasting("ann", NOW + 2 * MIN), 0);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/reach",
			TESTS(a_reference_names_the_account_for_its_device_alone,
					a_switch_is_signed_as_the_vectors_say,
					a_switch_passes_once_and_within_a_minute,
					a_device_has_few_grants_and_all_are_swept,
					sessions_count_while_somebody_speaks_of_them));
}
