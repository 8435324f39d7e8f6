/* The same rows in all forms; what strangers wrote drives no terminal. */
#include "admin/cli/rows.h"
#include "shared/base/macros.h"
#include "tests/support/suite.h"
#include "tests/unit/admin/cli/suites.h"
#include <stdlib.h>
#include <string.h>

static const char rows_text[] =
		"[{\"guid\":\"g1\",\"name\":\"b\\u001b[2J\",\"n\":10,\"owner\":{\"guid\":\"o1\","
		"\"name\":\"ann\"},\"tags\":[\"x\",\"y\"],\"seen_at\":86400000,\"on\":true},"
		"{\"guid\":\"g2\",\"name\":\"A,\\\"\",\"n\":9,\"owner\":null,\"tags\":[],\"seen_at\":0,"
		"\"on\":false}]";

/* What comes out; *ret_status: of the end. To be freed. */
static char *shown(const struct adm_look *look, int *ret_status)
{
	char *text = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&text, &len);
	json_t *all = json_loads(rows_text, 0, NULL), *row;
	struct adm_rows *r = NULL;
	struct hws_error err = { 0 };

	ck_assert_ptr_nonnull(all);
	ck_assert_int_eq(adm_rows_new(out, look, &r, &err), HWS_OK);
	json_array_foreach (all, i, row) {
		if (adm_rows_add(r, row) < 0)
			break;
	}
	*ret_status = adm_rows_end(r, &err);
	adm_rows_free(r);
	json_decref(all);
	fclose(out);
	return text;
}

static void is(const struct adm_look *look, const char *want)
{
	int status = 0;
	char *text = shown(look, &status);

	ck_assert_int_eq(status, HWS_OK);
	ck_assert_str_eq(text, want);
	free(text);
}

#define USUAL .usual = "name,n,owner,tags,seen_at,on", .key = "guid"

START_TEST(a_table)
{
	is(&(struct adm_look){ ADM_FORMAT_TABLE, USUAL },
			"name      n   owner  tags  seen_at               on\n"
			"b\\x1b[2J  10  ann    x,y   1970-01-02T00:00:00Z  yes\n"
			"A,\"       9   -      -     never                 no\n");
	is(&(struct adm_look){ ADM_FORMAT_TABLE, .columns = "n,owner.guid", .sort = "n", USUAL },
			"n   owner.guid\n9   -\n10  o1\n"); /* numbers are compared as such */
	is(&(struct adm_look){ ADM_FORMAT_TABLE, .columns = "n", .sort = "-name", .limit = 1,
			   USUAL },
			"n\n10\n");
}
END_TEST

START_TEST(other_forms)
{
	is(&(struct adm_look){ ADM_FORMAT_CSV, .columns = "guid,name,owner,seen_at", USUAL },
			"guid,name,owner,seen_at\ng1,b\x1b[2J,ann,1970-01-02T00:00:00Z\n"
			"g2,\"A,\"\"\",,never\n");
	is(&(struct adm_look){ ADM_FORMAT_IDS, USUAL }, "g1\ng2\n");
	is(&(struct adm_look){ ADM_FORMAT_IDS, .sort = "n", USUAL }, "g2\ng1\n");
	is(&(struct adm_look){ ADM_FORMAT_JSONL, .columns = "n,owner", USUAL },
			"{\"n\":10,\"owner\":{\"guid\":\"o1\",\"name\":\"ann\"}}\n"
			"{\"n\":9,\"owner\":null}\n");
	is(&(struct adm_look){ ADM_FORMAT_JSON, .columns = "n", .limit = 1, USUAL },
			"[\n{\n  \"n\": 10\n}\n]\n");
	is(&(struct adm_look){ ADM_FORMAT_TABLE, .quiet = true, USUAL }, "");
}
END_TEST

START_TEST(columns_that_are_not_there)
{
	int status = 0;
	char *text = shown(&(struct adm_look){ ADM_FORMAT_CSV, .columns = "name,nothing", USUAL },
			&status);

	ck_assert_int_eq(status, HWS_ERR_INVAL);
	ck_assert_str_eq(text, "");
	free(text);
	text = shown(&(struct adm_look){ ADM_FORMAT_TABLE, .sort = "nothing", USUAL }, &status);
	ck_assert_int_eq(status, HWS_ERR_INVAL);
	free(text);
}
END_TEST

/* Bytes of UTF-8 and long texts keep columns in line. */
START_TEST(columns_stay_in_line)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	const struct adm_look look = { ADM_FORMAT_TABLE, .usual = "name,n", .key = "guid" };
	struct adm_rows *r = NULL;
	struct hws_error err;
	char name[101];

	memset(name, 'w', 100);
	name[100] = 0;
	ck_assert_int_eq(adm_rows_new(out, &look, &r, &err), HWS_OK);
	for (int i = 0; i < 2; i++) {
		json_t *row = json_pack(
				"{s:s,s:i}", "name", i ? name : "\xc3\xa4\xe2\x82\xac", "n", i);

		ck_assert_int_eq(adm_rows_add(r, row), HWS_OK);
		json_decref(row);
	}
	ck_assert_int_eq(adm_rows_end(r, &err), HWS_OK);
	adm_rows_free(r);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text,
			"name                                                  "
			"         n\n"));
	ck_assert_ptr_nonnull(strstr(text,
			"\n\xc3\xa4\xe2\x82\xac                            "
			"                                 0\n"));
	ck_assert_ptr_nonnull(strstr(text, "www~  1\n"));
	free(text);
}
END_TEST

START_TEST(an_empty_list)
{
	static const enum adm_format forms[] = { ADM_FORMAT_TABLE, ADM_FORMAT_JSON,
		ADM_FORMAT_JSONL, ADM_FORMAT_CSV, ADM_FORMAT_IDS };
	static const char *const want[] = { "a  b\n", "[]\n", "", "a,b\n", "" };

	for (size_t i = 0; i < HWS_COUNT(forms); i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		const struct adm_look look = { forms[i], .columns = "a,b", .key = "guid" };
		struct adm_rows *r = NULL;
		struct hws_error err;

		ck_assert_int_eq(adm_rows_new(out, &look, &r, &err), HWS_OK);
		ck_assert_int_eq(adm_rows_end(r, &err), HWS_OK);
		adm_rows_free(r);
		fclose(out);
		ck_assert_str_eq(text, want[i]);
		free(text);
	}
}
END_TEST

void admin_cli_rows(Suite *s)
{
	test_case(s, "rows", 60,
			TESTS(a_table, other_forms, columns_that_are_not_there,
					columns_stay_in_line, an_empty_list));
}
