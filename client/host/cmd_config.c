/* hawser-host config: the settings in force, and single ones changed in the file. */
#include "client/host/cmd_call.h"
#include "client/host/settings_world.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Asks a host that may not be there: HWS_ERR_NOTFOUND then, also when it left its socket behind. */
static int ask_if_there(
		const struct hws_settings *s, json_t *req, json_t **ret, struct hws_error *err)
{
	int r;

	if (access(s->control_socket, F_OK) < 0) {
		json_decref(req);
		return HWS_ERR_NOTFOUND;
	}
	r = hws_call_ask(s, req, ret, err);
	return r == HWS_ERR_REFUSED ? HWS_ERR_NOTFOUND : r;
}

static json_t *of_strategy(const json_t *answer)
{
	return json_object_get(json_object_get(answer, "strategy"), "settings");
}

/* A running host has settings that no file tells: those of its own command line and environment. */
static int show(const struct hws_settings *s)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *text, *pending;
	const json_t *name;
	size_t i;
	int r = ask_if_there(s, json_pack("{s:s}", "cmd", "config"), &answer, &err);

	if (r == HWS_ERR_NOTFOUND) {
		printf("# No host is running. It would start with these; file: %s\n", s->config);
		return hws_options_print(&hws_settings_options, s);
	}
	text = json_string_value(json_object_get(answer, "config"));
	if (r == HWS_OK && !text)
		r = hws_error_set(&err, HWS_ERR_PROTO, "the host did not tell its settings");
	if (r == HWS_OK) {
		printf("# In force at the running host; file: %s\n", s->config);
		pending = json_string_value(json_object_get(answer, "restart_needed"));
		if (pending && *pending)
			printf("# Changed since, for its next start: %s\n", pending);
		json_array_foreach (of_strategy(answer), i, name)
			printf("# From a strategy of the API server: %s\n",
					json_string_value(name));
		fputs(text, stdout);
	}
	json_decref(answer);
	return r < 0 ? hws_call_fail(&err) : HWS_CALL_OK;
}

static int get(const struct hws_settings *s, const char *name)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *text;
	char value[8192];
	int r = hws_options_get(&hws_settings_options, s, name, value, sizeof(value));

	if (r < 0) {
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": there is no setting '%s'; see 'hawser-host --help'\n",
				name);
		return HWS_CALL_USAGE;
	}
	r = ask_if_there(s, json_pack("{s:s,s:s}", "cmd", "config", "name", name), &answer, &err);
	text = json_string_value(json_object_get(answer, "value"));
	if (r == HWS_OK && !text)
		r = hws_error_set(&err, HWS_ERR_PROTO, "the host did not tell its settings");
	if (r == HWS_OK || r == HWS_ERR_NOTFOUND)
		printf("%s\n", r == HWS_OK ? text : value);
	json_decref(answer);
	return r == HWS_OK || r == HWS_ERR_NOTFOUND ? HWS_CALL_OK : hws_call_fail(&err);
}

static void say_problem(const char *text, void *arg HWS_UNUSED)
{
	fprintf(stderr, HWS_HOST_PROGRAM ": %s\n", text);
}

/* What the settings name should be there. */
static int check(const struct hws_settings *s)
{
	if (hws_settings_world(s, NULL, say_problem, NULL))
		return HWS_CALL_FAILED;
	printf("What the settings name is there; file: %s\n", s->config);
	return HWS_CALL_OK;
}

/* Would this value name what is not there? */
static bool is_there(const struct hws_settings *s, const char *name, const char *value)
{
	struct hws_settings would = *s; /* nothing of it is freed */
	char *text = (char *)(uintptr_t)(value ? value : "");

	if (!strcmp(name, "service-user"))
		would.service_user = text;
	else if (!strcmp(name, "desktop-user"))
		would.desktop_user = text;
	else if (!strcmp(name, "files-roots"))
		would.files_roots = text;
	else
		return true;
	return !hws_settings_world(&would, name, say_problem, NULL);
}

/* What the host was started with on its command line or in its environment stands above the file,
 * and a strategy above all: without a word of that one would believe in what was just set. */
static void say_what_stands_above(const struct hws_settings *s, const char *name, const char *value)
{
	const struct hws_options *o = &hws_settings_options;
	struct hws_settings would = { 0 };
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *text;
	char want[8192];
	bool by_strategy;

	if (ask_if_there(s, json_pack("{s:s,s:s}", "cmd", "config", "name", name), &answer, &err) <
			0)
		return;
	text = json_string_value(json_object_get(answer, "value"));
	by_strategy = json_is_true(json_object_get(answer, "strategy"));
	/* as the host tells it: 60s is 1m, on is yes, and of a secret that it is set */
	if (text && hws_options_set(o, &would, name, value, &err) == HWS_OK &&
			hws_options_get(o, &would, name, want, sizeof(want)) == HWS_OK &&
			strcmp(text, want) != 0)
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": stored, but the running host %s another '%s', which stays: %s\n",
				by_strategy ? "has by a strategy of its API server"
					    : "was started with",
				name, by_strategy ? "see 'strategies'" : "start it without that");
	hws_options_done(o, &would);
	json_decref(answer);
}

static int set(const struct hws_settings *s, const char *name, const char *value)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *pending;

	if (!is_there(s, name, value))
		return HWS_CALL_USAGE;
	int r = hws_settings_store(s, name, value, &err);
	if (r < 0)
		return hws_call_fail(&err) +
				(hws_err_class(r) == HWS_CLASS_USER || r == HWS_ERR_NOTFOUND);
	r = ask_if_there(s, json_pack("{s:s}", "cmd", "reload"), &answer, &err);
	if (r == HWS_ERR_NOTFOUND)
		return HWS_CALL_OK;
	if (r < 0) {
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": stored, but the running host goes on with what it has: %s\n",
				err.text);
		return HWS_CALL_FAILED;
	}
	pending = json_string_value(json_object_get(answer, "restart_needed"));
	if (pending && *pending)
		fprintf(stderr, HWS_HOST_PROGRAM ": with the next start of the host: %s\n",
				pending);
	/* what waits for a start is not in force either */
	if (value && (!pending || !strstr(pending, name)))
		say_what_stands_above(s, name, value);
	json_decref(answer);
	return HWS_CALL_OK;
}

static bool is_set(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "set") || !strcmp(argv[i], "path"))
			return true;
	return false;
}

int hws_cmd_config(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	const char *what;
	int status;

	status = hws_call_begin(&c, argc, argv, 3, is_set(argc, argv) ? HWS_CALL_MAKES_CONF : 0);
	if (status != HWS_CALL_OK)
		return status;
	what = c.words ? c.word[0] : "show";
	if (c.words <= 1 && !strcmp(what, "show")) {
		status = show(&c.s);
	} else if (c.words == 1 && !strcmp(what, "check")) {
		status = check(&c.s);
	} else if (c.words == 1 && !strcmp(what, "path")) {
		printf("%s\n", c.s.config);
	} else if (c.words == 2 && !strcmp(what, "get")) {
		status = get(&c.s, c.word[1]);
	} else if (c.words >= 2 && !strcmp(what, "set")) {
		status = set(&c.s, c.word[1], c.words == 3 ? c.word[2] : NULL);
	} else {
		fprintf(stderr,
				HWS_HOST_PROGRAM
				": config show | check | get NAME | path | set NAME [VALUE]\n");
		status = HWS_CALL_USAGE;
	}
	hws_call_end(&c);
	return status;
}
