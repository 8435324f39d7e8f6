/* The arguments of the verbs of hawser-host. Options may stand anywhere, as people type them; which
 * word is the value of one only the table of options tells. */
#include "client/host/cmd_call.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/daemon/control.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ASK_US (5 * HWS_US_PER_S)

int hws_call_fail(const struct hws_error *err)
{
	fprintf(stderr, HWS_HOST_PROGRAM ": %s\n",
			err->text[0] ? err->text : hws_err_text(err->code));
	return HWS_CALL_FAILED;
}

/* What is wrong with settings or arguments is the caller's to mend, whatever it is. */
static int fail_settings(int r, const struct hws_error *err)
{
	return hws_call_fail(err) == HWS_CALL_FAILED && r != HWS_ERR_NOMEM ? HWS_CALL_USAGE
									   : HWS_CALL_FAILED;
}

bool hws_call_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

bool hws_call_flag(int *argc, char **argv, const char *flag)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], flag) != 0)
			continue;
		memmove(argv + i, argv + i + 1, sizeof(*argv) * (size_t)(*argc - i));
		--*argc;
		return true;
	}
	return false;
}

/* How many options, with their values, stand from argv[at] on; the values themselves are looked at
 * later. */
static int count_options(int argc, char **argv, int at, int *ret, struct hws_error *err)
{
	struct hws_settings scratch;
	int rest, r = hws_options_init(&hws_settings_options, &scratch);

	if (r < 0)
		return hws_error_set(err, r, "out of memory");
	r = hws_options_args(
			&hws_settings_options, &scratch, argc - at + 1, argv + at - 1, &rest, err);
	hws_options_done(&hws_settings_options, &scratch);
	if (r == HWS_OK)
		*ret = rest - 1;
	return r;
}

static void rotate(char **argv, int from, int middle, int to)
{
	for (; middle < to && from < middle; from++, middle++) {
		char *word = argv[middle];

		memmove(argv + from + 1, argv + from, sizeof(*argv) * (size_t)(middle - from));
		argv[from] = word;
	}
}

/* Options to the front; *ret is where the words begin. What stands behind "--" are words. */
static int sort(int argc, char **argv, int *ret, struct hws_error *err)
{
	int front = 1;

	for (int at = 1; at < argc;) {
		int n, r;

		if (argv[at][0] != '-' || !argv[at][1]) {
			at++;
			continue;
		}
		r = count_options(argc, argv, at, &n, err);
		if (r < 0)
			return r;
		rotate(argv, front, at, at + n);
		front += n;
		at += n;
		if (!strcmp(argv[front - 1], "--"))
			break;
	}
	*ret = front;
	return HWS_OK;
}

int hws_call_begin(struct hws_call *c, int argc, char **argv, int max_words, unsigned makes)
{
	struct hws_error err = { 0 };
	int rest, r;

	r = sort(argc, argv, &c->argc, &err);
	if (r < 0)
		return fail_settings(r, &err);
	c->argv = argv;
	c->word = argv + c->argc;
	c->words = argc - c->argc;
	if (c->words > max_words) {
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": unexpected argument '%s'; see 'hawser-host --help'\n",
				c->word[max_words]);
		return HWS_CALL_USAGE;
	}
	r = hws_settings_load(&c->s, c->argc, argv, makes & HWS_CALL_MAKES_CONF, &rest, &err);
	if (r < 0)
		return fail_settings(r, &err);
	if (hws_settings_paths(&c->s, makes & HWS_CALL_MAKES_STATE, &err) == HWS_OK)
		return HWS_CALL_OK;
	hws_settings_done(&c->s);
	return hws_call_fail(&err);
}

void hws_call_end(struct hws_call *c)
{
	hws_settings_done(&c->s);
}

int hws_call_verb_first(int argc, char **argv)
{
	struct hws_error err = { 0 };
	int n = 0, words, r;

	if (argc < 2 || argv[1][0] != '-')
		return HWS_CALL_OK;
	r = count_options(argc, argv, 1, &n, &err);
	if (r < 0)
		return fail_settings(r, &err);
	/* behind the words, but in front of options that are to win */
	for (words = n + 1; words < argc && argv[words][0] != '-';)
		words++;
	rotate(argv, 1, n + 1, words);
	return HWS_CALL_OK;
}

int hws_call_ask(const struct hws_settings *s, json_t *req, json_t **ret, struct hws_error *err)
{
	json_t *answer = NULL;
	const char *text;
	int r = hws_control_call(s->control_socket, req, ASK_US, &answer, err);

	json_decref(req);
	if (r == HWS_ERR_NOTFOUND || r == HWS_ERR_REFUSED)
		return hws_error_set(err, r,
				"no hawser-host is running on this machine (no answer at %.300s); start "
				"it with: hawser-host run; one that was started with --state-dir or "
				"--control-socket is asked with the same%s",
				s->control_socket, geteuid() ? ", one of root's with sudo" : "");
	if (r < 0)
		return r;
	if (json_is_true(json_object_get(answer, "ok"))) {
		*ret = answer;
		return HWS_OK;
	}
	text = json_string_value(json_object_get(answer, "text"));
	r = hws_error_set(err, HWS_ERR_INVAL, "%s", text ? text : "the host refused");
	json_decref(answer);
	return r;
}
