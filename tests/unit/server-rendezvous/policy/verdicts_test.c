/* What the policy said, for how long it holds, and for which question alone. */
#include "server-rendezvous/policy/verdicts.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define S 1000000ull

static struct rdv_verdicts *kept;

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(rdv_verdicts_new(64, &kept), HWS_OK);
}

static void teardown(void)
{
	rdv_verdicts_free(kept);
}

static void key_of(const char *token, const char *id, const char *address, const char *code,
		uint32_t kind, uint8_t ret[RDV_VERDICT_KEY])
{
	struct hws_policy_say_line q = { .kind = kind };

	snprintf(q.token, sizeof(q.token), "%s", token);
	snprintf(q.id, sizeof(q.id), "%s", id);
	snprintf(q.address, sizeof(q.address), "%s", address);
	snprintf(q.switch_code, sizeof(q.switch_code), "%s", code);
	rdv_verdicts_key(kept, &q, ret);
}

START_TEST(questions_differ_by_each_of_their_parts)
{
	uint8_t key[8][RDV_VERDICT_KEY];

	key_of("ab", "c", "d", "", 0, key[0]);
	key_of("a", "bc", "d", "", 0, key[1]);
	key_of("ab", "cd", "", "", 0, key[2]);
	key_of("ab", "c", "", "d", 0, key[3]);
	key_of("ab", "c", "d", "", 1, key[4]);
	key_of("", "", "", "", 0, key[5]);
	key_of("", "", "", "", 1u << 24, key[6]);
	key_of("ab", "c", "e", "", 0, key[7]);
	for (int i = 0; i < 8; i++) {
		for (int k = 0; k < i; k++)
			ck_assert_int_ne(memcmp(key[i], key[k], RDV_VERDICT_KEY), 0);
	}
	key_of("ab", "c", "d", "", 0, key[1]);
	ck_assert_mem_eq(key[0], key[1], RDV_VERDICT_KEY);
}
END_TEST

START_TEST(a_verdict_holds_for_its_time)
{
	struct rdv_verdict v = { .allowed = true, .granted = { .permissions = 5 } };
	const struct rdv_verdict *got;
	uint8_t key[RDV_VERDICT_KEY];

	key_of("t", "1", "a", "", 0, key);
	ck_assert_ptr_null(rdv_verdicts_find(kept, key, S, false));
	ck_assert_ptr_null(rdv_verdicts_find(kept, key, S, true));
	rdv_verdicts_put(kept, key, &v, S, 5 * S);
	got = rdv_verdicts_find(kept, key, 6 * S - 1, false);
	ck_assert_ptr_nonnull(got);
	ck_assert(got->allowed);
	ck_assert_uint_eq(got->granted.permissions, 5);
	ck_assert_ptr_null(rdv_verdicts_find(kept, key, 6 * S, false));
	ck_assert_ptr_nonnull(rdv_verdicts_find(kept, key, 3600 * S, true));
	ck_assert_ptr_null(rdv_verdicts_find(kept, key, 3601 * S, true));
	v.allowed = false;
	rdv_verdicts_put(kept, key, &v, 10 * S, 5 * S);
	ck_assert(!rdv_verdicts_find(kept, key, 11 * S, false)->allowed);
}
END_TEST

START_TEST(the_newest_of_many_are_kept)
{
	struct rdv_verdict v = { .allowed = true };
	uint8_t key[RDV_VERDICT_KEY];
	char id[16];
	int found = 0;

	for (int i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		key_of("t", id, "a", "", 0, key);
		rdv_verdicts_put(kept, key, &v, S + (uint64_t)i, 5 * S);
		ck_assert_ptr_nonnull(rdv_verdicts_find(kept, key, 2 * S, false));
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		key_of("t", id, "a", "", 0, key);
		found += rdv_verdicts_find(kept, key, 2 * S, false) != NULL;
	}
	ck_assert_int_eq(found, 64);
}
END_TEST

int main(void)
{
	return test_main("rendezvous/verdicts", 30, setup, teardown,
			TESTS(questions_differ_by_each_of_their_parts, a_verdict_holds_for_its_time,
					the_newest_of_many_are_kept));
}
