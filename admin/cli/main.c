/* hawser-admin: what an operator does: with accounts, devices and policy by the API, with running
 * servers by their control sockets. */
#include "admin/cli/args.h"
#include "admin/cli/help.h"
#include "admin/cli/query.h"
#include "admin/cli/rest.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include "shared/conf/suggest.h"
#include "shared/crypto/crypto.h"
#include "shared/sys/sandbox.h"
#include <stdio.h>
#include <string.h>

/* --- words of before there were nouns --------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(word, *list) == 0)
			return true;
	}
	return false;
}

/* Some of them are nouns today: what follows tells which is meant. */
static bool is_old(int n, char **w)
{
	static const char *const actions[] = { "allow", "deny", "none", NULL };
	const char *second = n > 1 ? w[1] : "";

	if (n > 1 && (strcmp(w[n - 1], "--help") == 0 || strcmp(w[n - 1], "-h") == 0))
		return false;
	if (strcmp(w[0], "relay") == 0)
		return adm_query_knows(ADM_RELAY, second) &&
				(n == 2 || !adm_verb_find("relay", second));
	if (strcmp(w[0], "api") == 0)
		return adm_query_knows(ADM_API_CONTROL, second);
	if (strcmp(w[0], "peer") == 0)
		return !adm_verb_find("peer", second);
	if (strcmp(w[0], "rule") == 0)
		return n > 1 &&
				(!adm_verb_find("rule", second) ||
						(n == 4 && is_one_of(w[3], actions)));
	if (strcmp(w[0], "config") == 0)
		return n == 1;
	if (strcmp(w[0], "doctor") == 0)
		return false;
	return adm_query_knows(ADM_RENDEZVOUS, w[0]);
}

static int run_old(const struct adm_call *call, int n, char **words)
{
	const struct adm_query ask = { .socket = adm_value(call, "socket"), .json = call->json };

	return adm_query_run(&ask, n, words);
}

/* --- nouns and verbs -------------------------------------------------------------------------- */

static int unknown(const char *word, const struct adm_noun *in)
{
	size_t cost = strlen(word) / 3 + 1;
	const char *best = NULL, *one;
	const struct adm_noun *n;
	const struct adm_verb *v;

	for (size_t i = 0; in && (v = adm_verb_at(i)); i++) {
		if (strcmp(v->noun, in->name) == 0)
			hws_suggest(word, v->name, &cost, &best);
	}
	for (size_t i = 0; !in && (n = adm_noun_at(i)); i++)
		hws_suggest(word, n->name, &cost, &best);
	for (size_t i = 0; !in && (one = adm_query_word(ADM_RENDEZVOUS, i)); i++)
		hws_suggest(word, one, &cost, &best);
	return adm_complain(ADM_USAGE, "no command '%s%s%s'%s%s%s. See hawser-admin %s%s--help",
			in ? in->name : "", in ? " " : "", word, best ? "; did you mean '" : "",
			best ? best : "", best ? "'?" : "", in ? in->name : "", in ? " " : "");
}

static int set_places(struct adm_call *call)
{
	static const char *const names[] = { "server", "token-file", "ca-file", "proxy", "timeout",
		"socket", "local", NULL };

	for (size_t i = 0; i < call->n_values; i++) {
		const struct adm_value *v = &call->value[i];

		if (is_one_of(v->option->name, names) && v->option->goes == ADM_OWN &&
				hws_options_set(&adm_options, &call->settings, v->option->name,
						v->text ? v->text : "yes", &call->err) < 0)
			return adm_complain_of(call, ADM_USAGE);
	}
	return ADM_DONE;
}

static int run_verb(struct adm_call *call, const struct adm_verb *v, int argc, char **argv)
{
	int status = adm_args_parse(call, v, argc, argv);

	if (status)
		return status;
	if (call->help) {
		adm_help_verb(stdout, v);
		return ADM_DONE;
	}
	call->verb = v;
	call->thing = adm_thing_find(v->thing ? v->thing : v->noun);
	if (adm_settings_read(call->profile, &call->settings, &call->err) < 0)
		return adm_complain_of(call, ADM_USAGE);
	status = set_places(call);
	if (status == ADM_DONE)
		status = v->run(call);
	if (status && adm_was_silent() && status != ADM_REFUSED && status != ADM_FAILED &&
			status != 3)
		adm_complain(status, "not done");
	adm_rest_close(call);
	adm_settings_done(&call->settings);
	return status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run_noun(struct adm_call *call, int n, char **words)
{
	const struct adm_noun *noun = adm_noun_find(words[0]);
	const struct adm_verb *alone, *v;

	if (!noun)
		return unknown(words[0], NULL);
	alone = adm_verb_find(noun->name, "");
	v = n > 1 ? adm_verb_find(noun->name, words[1]) : NULL;
	if (!v && alone)
		return run_verb(call, alone, n - 1, words + 1);
	if (v)
		return run_verb(call, v, n - 2, words + 2);
	if (n > 1 && !is_help(words[1]))
		return unknown(words[1], noun);
	adm_help_noun(n > 1 ? stdout : stderr, noun);
	return n > 1 ? ADM_DONE : ADM_USAGE;
}

static int run(int argc, char **argv)
{
	struct adm_call call = { 0 };
	int i = 1, status;

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("hawser-admin " HAWSER_VERSION);
		return 0;
	}
	status = adm_args_leading(&call, argc, argv, &i);
	if (status)
		return status;
	if (call.help) {
		adm_help_all(stdout);
		return 0;
	}
	if (i == argc) {
		adm_help_all(stderr);
		return ADM_USAGE;
	}
	if (is_old(argc - i, argv + i))
		return run_old(&call, argc - i, argv + i);
	return run_noun(&call, argc - i, argv + i);
}

int main(int argc, char **argv)
{
	hws_sandbox_conceal(); /* keys and passwords of a database pass through */
	if (hws_crypto_init() < 0)
		return adm_complain(ADM_FAILED, "the system gives no random numbers");
	return hws_output_end("hawser-admin", run(argc, argv), ADM_FAILED);
}
