/* host/gate_table: every row of the permission table, without a gate. */
#include "client/host/gate_table.h"
#include "proto/session.pb-c.h"
#include "shared/base/macros.h"
#include <check.h>

START_TEST(every_row_stands_once_and_is_sane)
{
	size_t n;
	const struct hws_gate_row *rows = hws_gate_rows(&n);

	for (size_t i = 0; i < n; i++) {
		struct hws_gate_member m = { rows[i].field, rows[i].misc };

		ck_assert_ptr_eq(hws_gate_row(m), &rows[i]);
		ck_assert_uint_gt(rows[i].cap, 0);
		ck_assert_uint_gt(rows[i].kinds, 0);
		/* what enters before login is never handed to the agent */
		if (rows[i].in_states & HWS_AT_LOGIN)
			ck_assert_int_ne(rows[i].act, HWS_ACT_FORWARD);
	}
	for (unsigned i = 0; i < ses__message__descriptor.n_fields; i++) {
		unsigned id = ses__message__descriptor.fields[i].id;

		if (id != 19)
			ck_assert_ptr_nonnull(hws_gate_row((struct hws_gate_member){ id, 0 }));
	}
	for (unsigned i = 0; i < ses__misc__descriptor.n_fields; i++)
		ck_assert_ptr_nonnull(hws_gate_row((struct hws_gate_member){
				19, ses__misc__descriptor.fields[i].id }));
}
END_TEST

/* Every member, in every state, session type and with each single permission missing: what passes must
 * be what its row says; compared with a second, naive reading of the row. */
START_TEST(verdicts_follow_the_rows)
{
	size_t n;
	const struct hws_gate_row *rows = hws_gate_rows(&n);
	static const unsigned kinds[] = { 1, 2, 4, 8, 16 };

	for (size_t i = 0; i < n; i++)
		for (unsigned state = 1; state <= 2; state++)
			for (size_t k = 0; k < HWS_COUNT(kinds); k++)
				for (unsigned p = 0; p <= HWS_PERM_COUNT; p++) {
					uint32_t set = p == HWS_PERM_COUNT ? ~0u : ~HWS_NEED(p);
					bool want = (rows[i].in_states & state) &&
							(state == HWS_AT_LOGIN ||
									(rows[i].kinds &
											kinds[k])) &&
							!(rows[i].need & ~set);

					ck_assert_int_eq(
							hws_gate_judge_in(&rows[i], state, kinds[k],
									set, 10) == HWS_GATE_PASS,
							want);
				}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/gate_table");
	TCase *t = tcase_create("table");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, every_row_stands_once_and_is_sane);
	tcase_add_test(t, verdicts_follow_the_rows);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
