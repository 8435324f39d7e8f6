/* The table of nouns and verbs holds together, and the words of a command line come apart by it. */
#include "admin/cli/args.h"
#include "tests/support/suite.h"
#include "tests/unit/admin/cli/suites.h"
#include <string.h>

START_TEST(rows_are_whole)
{
	const struct adm_verb *v;

	for (size_t i = 0; (v = adm_verb_at(i)); i++) {
		const struct adm_noun *noun = adm_noun_find(v->noun);

		ck_assert_msg(noun && strcmp(noun->name, v->noun) == 0, "%s", v->noun);
		ck_assert_msg(v->run && v->help && v->args, "%s %s", v->noun, v->name);
		ck_assert_msg(adm_verb_find(v->noun, v->name) == v, "%s %s is there twice", v->noun,
				v->name);
		ck_assert_msg(v->max >= v->min, "%s %s", v->noun, v->name);
		ck_assert_msg((v->max == 0) == !*v->args, "%s %s: arguments", v->noun, v->name);
		if (v->thing)
			ck_assert_ptr_nonnull(adm_thing_find(v->thing));
		if (v->flags & ADM_FILTERS)
			ck_assert_msg(v->flags & ADM_MANY, "%s %s", v->noun, v->name);
		for (const struct adm_option *o = v->options; o && o->name; o++) {
			ck_assert_msg((o->kind == ADM_FLAG) == !o->arg, "--%s of %s %s", o->name,
					v->noun, v->name);
			ck_assert_msg(o->help != NULL, "--%s", o->name);
			ck_assert_msg(o->kind != ADM_REF || adm_thing_find(o->more), "--%s",
					o->name);
			ck_assert_msg(o->kind != ADM_CHOICE || o->more, "--%s", o->name);
			ck_assert_msg(adm_option_find(v, o->name) == o,
					"--%s of %s %s is there twice", o->name, v->noun, v->name);
			for (const struct adm_option *c = adm_common_options(); c->name; c++)
				ck_assert_msg(strcmp(c->name, o->name) != 0,
						"--%s of %s %s is one of all", o->name, v->noun,
						v->name);
		}
	}
}
END_TEST

static struct adm_call call;

static int parse(const char *noun, const char *verb, int argc, const char **argv)
{
	static char *words[256]; /* what is parsed points into it */

	ck_assert_uint_le((size_t)argc, HWS_COUNT(words));
	memcpy(words, argv, (size_t)argc * sizeof(words[0]));
	memset(&call, 0, sizeof(call));
	return adm_args_parse(&call, adm_verb_find(noun, verb), argc, words);
}

#define PARSE(noun, verb, ...)                                                                     \
	parse(noun, verb, (int)HWS_COUNT(((const char *[]){ __VA_ARGS__ })),                       \
			(const char *[]){ __VA_ARGS__ })

START_TEST(words_come_apart)
{
	ck_assert_int_eq(PARSE("user", "set", "ann", "--note=x=y", "ben", "--email", "a@b",
					 "--dry-run", "--", "--carl"),
			ADM_DONE);
	ck_assert_uint_eq(call.n_args, 3);
	ck_assert_str_eq(call.args[0], "ann");
	ck_assert_str_eq(call.args[1], "ben");
	ck_assert_str_eq(call.args[2], "--carl");
	ck_assert_str_eq(adm_value(&call, "note"), "x=y");
	ck_assert_str_eq(adm_value(&call, "email"), "a@b");
	ck_assert_ptr_null(adm_value(&call, "group"));
	ck_assert(call.dry_run);
	ck_assert_int_eq(PARSE("user", "list", "--role", "admin", "--limit", "5", "--sort", "-name",
					 "--json"),
			ADM_DONE);
	ck_assert_uint_eq(call.look.limit, 5);
	ck_assert_str_eq(call.look.sort, "-name");
	ck_assert_int_eq(call.look.format, ADM_FORMAT_JSON);
	ck_assert_int_eq(PARSE("device", "delete", "-", "--yes"), ADM_DONE);
	ck_assert_str_eq(call.args[0], "-");
	ck_assert(call.yes);
	ck_assert_int_eq(PARSE("device", "disable", "--all"), ADM_DONE);
	ck_assert_int_eq(PARSE("user", "set", "--all", "--note", "x"), ADM_DONE);
}
END_TEST

START_TEST(mistakes_are_told_before_anything_happens)
{
	ck_assert_int_eq(PARSE("user", "list", "--nothing"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "--dry-run"), ADM_USAGE); /* it changes nothing */
	ck_assert_int_eq(PARSE("user", "list", "--role", "king"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "--role", "admin|user"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "--role", ""), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "--role"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "--limit", "many"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "--limit", "0"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "--format", "xml"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "list", "ann"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "add", "--email", "x"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "add", "a", "b"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "set", "a", "--totp-required", "maybe"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "set", "a", "--json=yes"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "set", "a", "-x"), ADM_USAGE);
	ck_assert_int_eq(PARSE("token", "add", "a", "--scope", "device"), ADM_USAGE);
	ck_assert_int_eq(PARSE("user", "break-glass", "ann", "--server", "https://x"), ADM_USAGE);
}
END_TEST

START_TEST(too_many_options)
{
	static const char *argv[200];

	for (size_t i = 0; i < HWS_COUNT(argv); i++)
		argv[i] = i % 2 ? "x" : "--note";
	ck_assert_int_eq(parse("user", "set", HWS_COUNT(argv), argv), ADM_USAGE);
}
END_TEST

void admin_cli_table(Suite *s)
{
	test_case(s, "table", 60,
			TESTS(rows_are_whole, words_come_apart,
					mistakes_are_told_before_anything_happens,
					too_many_options));
}
