/* Every role towards every role, and what a token of each may at most: tables that the rules must
 * come to, written out, so that a change of a rule shows which answers it changes. */
#include "admin/api/authority.h"
#include "admin/api/schema.h"
#include "tests/support/suite.h"

/* In the order of enum dat_role: read-only, user, auditor, operator, admin, owner. */
static const char *const change[DAT_ROLES] = { "------", "------", "------", "------", "yyyyy-",
	"yyyyyy" };
static const char *const log_out[DAT_ROLES] = { "------", "------", "------", "yyyy--", "yyyyy-",
	"yyyyyy" };

START_TEST(who_may_do_what_to_whom)
{
	for (int by = 0; by < DAT_ROLES; by++) {
		for (int of = 0; of < DAT_ROLES; of++) {
			struct adi_actor other = { (enum dat_role)by, false };
			struct adi_actor self = { (enum dat_role)by, true };
			bool may = change[by][of] == 'y';

			ck_assert_msg(adi_may_change(other, (enum dat_role)of) == may, "%d %d", by,
					of);
			ck_assert_msg(adi_may_log_out(other, (enum dat_role)of) ==
							(log_out[by][of] == 'y'),
					"%d %d", by, of);
			ck_assert(adi_may_change_token(other, (enum dat_role)of) == may);
			/* nobody to themselves, but for ending what is theirs */
			ck_assert(!adi_may_change(self, (enum dat_role)of));
			ck_assert(adi_may_log_out(self, (enum dat_role)of));
			ck_assert(adi_may_change_token(self, (enum dat_role)of));
		}
	}
}
END_TEST

START_TEST(who_may_give_which_role)
{
	for (int by = 0; by < DAT_ROLES; by++) {
		for (int from = 0; from < DAT_ROLES; from++) {
			for (int to = 0; to < DAT_ROLES; to++) {
				struct adi_actor other = { (enum dat_role)by, false };
				struct adi_actor self = { (enum dat_role)by, true };
				/* both what it was and what it becomes must be theirs to touch */
				bool may = change[by][from] == 'y' && change[by][to] == 'y';

				ck_assert_msg(adi_may_give(other, (enum dat_role)from,
							      (enum dat_role)to) == may,
						"%d: %d to %d", by, from, to);
				ck_assert(!adi_may_give(
						self, (enum dat_role)from, (enum dat_role)to));
			}
		}
	}
}
END_TEST

/* In the order of enum dat_area: device audit user group strategy book rule relay recording
 * setting. */
START_TEST(what_a_token_may_at_most)
{
	static const char *const want[DAT_ROLES] = {
		[DAT_ROLE_READONLY] = "r--rr--r--",
		[DAT_ROLE_USER] = "r----w----",
		[DAT_ROLE_AUDITOR] = "rrrrrrrrrr",
		[DAT_ROLE_OPERATOR] = "w-wrrwrr--",
		[DAT_ROLE_ADMIN] = "wwwwwwwwww",
		[DAT_ROLE_OWNER] = "wwwwwwwwww",
	};
	struct adi_schema *s = NULL;
	struct hws_error err = { 0 };

	ck_assert_msg(adi_schema_new(&s, &err) == HWS_OK, "%s", err.text);
	for (int role = 0; role < DAT_ROLES; role++) {
		for (int area = 0; area < DAT_AREAS; area++) {
			enum dat_scope got = adi_scope_most(adi_schema_document(s),
					(enum dat_role)role, (enum dat_area)area);
			enum dat_scope should = want[role][area] == 'w' ? DAT_SCOPE_WRITE
					: want[role][area] == 'r'       ? DAT_SCOPE_READ
									: DAT_SCOPE_NONE;

			ck_assert_msg(got == should, "%s, %s", dat_role_name((enum dat_role)role),
					dat_area_name((enum dat_area)area));
		}
	}
	adi_schema_free(s);
}
END_TEST

int main(void)
{
	return test_main("authority", 60, NULL, NULL,
			TESTS(who_may_do_what_to_whom, who_may_give_which_role,
					what_a_token_may_at_most));
}
