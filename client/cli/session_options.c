/* The command lines of commands with a session: options before, between and behind the words, some
 * of them several times, and what stands behind "--". */
#include "client/cli/session_front.h"
#include "shared/base/str.h"
#include <string.h>

/* Options of the table that stand with an empty value: a shell makes one of a variable that is not
 * set; taken for "not given" it would do something else than was asked for. */
static int check_values(const struct hws_options *options, const void *cfg, int argc, char **argv)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct hws_option *o = &options->table[i];
		char flag[40];
		size_t n;

		if ((o->type != HWS_OPT_STR && o->type != HWS_OPT_PATH) ||
				hws_fmt(flag, sizeof(flag), "--%s", o->name) < 0)
			continue;
		n = strlen(flag);
		for (int k = 1; k < argc; k++)
			if (strncmp(argv[k], flag, n) == 0 && (!argv[k][n] || argv[k][n] == '=') &&
					!**(char *const *)((const char *)cfg + o->offset))
				return cli_fail(CLI_USAGE,
						"%s is empty; leave it out, or give a value", flag);
	}
	return CLI_OK;
}

static int find_rest(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

static int add_word(struct session_front_words *w, const char *word)
{
	if (w->count >= HWS_COUNT(w->word))
		return cli_fail(CLI_USAGE, "more than %u words; what is \"%.60s\"?",
				(unsigned)HWS_COUNT(w->word), word);
	w->word[w->count++] = word;
	return CLI_OK;
}

static int parse_words(const struct hws_options *options, void *cfg, int argc, char **argv,
		struct session_front_words *ret)
{
	struct hws_error err = { 0 };
	int rest = 1;

	while (rest < argc) {
		int used = 0;

		if (hws_options_args(options, cfg, argc - rest + 1, argv + rest - 1, &used, &err) <
				0)
			return cli_fail(CLI_USAGE, "%s", err.text);
		rest += used - 1;
		if (rest < argc && add_word(ret, argv[rest++]) != CLI_OK)
			return CLI_USAGE;
	}
	return CLI_OK;
}

int session_front_parse(const struct hws_options *options, void *cfg,
		struct session_front_options *front, int argc, char **argv, bool keep_rest,
		struct session_front_words *ret)
{
	int r = hws_options_init(options, cfg), end = find_rest(argc, argv), status;

	*ret = (struct session_front_words){ 0 };
	if (r < 0)
		return cli_fail(CLI_FAILED, "%s", hws_err_text(r));
	status = parse_words(options, cfg, end, argv, ret);
	if (status != CLI_OK || front->help)
		return status;
	if (end < argc) {
		ret->has_rest = true;
		ret->rest = argv + end + 1;
		ret->rest_count = argc - end - 1;
	}
	for (int i = 0; !keep_rest && i < ret->rest_count; i++)
		if (add_word(ret, ret->rest[i]) != CLI_OK)
			return CLI_USAGE;
	status = check_values(options, cfg, end, argv);
	if (status == CLI_OK && front->require_v2 && front->accept_insecure)
		status = cli_fail(CLI_USAGE, "--accept-insecure does not go with --require-v2");
	if (status == CLI_OK && front->password_stdin && *front->password_file)
		status = cli_fail(CLI_USAGE, "--password-stdin does not go with --password-file");
	return status;
}

/* The value when argv[i] is that option: behind it, behind "=", or the next argument (*ret_more). */
static const char *value_of(
		const char *arg, const char *next, char letter, const char *name, bool *ret_more)
{
	size_t n = name ? strlen(name) : 0;

	*ret_more = false;
	if (letter && arg[0] == '-' && arg[1] == letter) {
		if (arg[2])
			return arg + 2;
		*ret_more = true;
		return next;
	}
	if (!n || strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, name, n) != 0)
		return NULL;
	if (arg[2 + n] == '=')
		return arg + 3 + n;
	if (arg[2 + n])
		return NULL;
	*ret_more = true;
	return next;
}

int session_front_take(int *argc, char **argv, char letter, const char *name,
		int (*each)(const char *value, void *arg), void *arg)
{
	int kept = 1, i = 1;

	for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		bool more;
		const char *next = i + 1 < *argc ? argv[i + 1] : NULL;
		const char *value = value_of(argv[i], next, letter, name, &more);

		if (!value && !more) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!value)
			return cli_fail(CLI_USAGE, "%s takes a value", argv[i]);
		i += more;
		int status = each(value, arg);
		if (status != CLI_OK)
			return status;
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	*argc = kept;
	return CLI_OK;
}
