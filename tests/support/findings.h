/* tests: what a doctor found, read by name. Header only, as few programs have JSON. */
#pragma once
#include <check.h>
#include <jansson.h>
#include <string.h>

/* "state", "text", "do" of the finding about `what`; NULL: there is none. */
static inline const char *test_finding(const json_t *checks, const char *what, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach (checks, i, one)
		if (strcmp(json_string_value(json_object_get(one, "what")), what) == 0)
			return json_string_value(json_object_get(one, name));
	return NULL;
}

static inline void test_finding_is(
		const json_t *checks, const char *what, const char *state, const char *text)
{
	const char *s = test_finding(checks, what, "state");
	const char *t = test_finding(checks, what, "text");

	ck_assert_msg(s != NULL, "nothing is said of %s", what);
	ck_assert_msg(strcmp(s, state) == 0, "%s is %s: %s", what, s, t);
	ck_assert_msg(strstr(t, text) != NULL, "%s: no '%s' in '%s'", what, text, t);
}
