/* The server end is one command of its control loop: a loop that hangs does not answer, and that is
 * the finding. */
#include "shared/daemon/health.h"

#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/daemon/watchdog.h"

#include <stdio.h>
#include <string.h>

#define WAIT_US (3 * HWS_US_PER_S)

void hws_health_answer(struct hws_control_reply *reply, const struct hws_watchdog *w, bool serving,
		bool ready, const char *why)
{
	const char *stuck = w && serving ? hws_watchdog_stuck(w) : NULL;
	char text[80];

	if (stuck)
		why = hws_fmt(text, sizeof(text), "its thread %s does not turn", stuck) < 0 ? ""
											    : text;
	serving = serving && !stuck;
	hws_control_ok(reply,
			json_pack("{s:b,s:b,s:s}", "serving", serving, "ready", serving && ready,
					"why", why));
}

static int say(const char *program, const char *word, const char *why)
{
	char safe[500];

	hws_str_escape(safe, sizeof(safe), hws_bytes_str(why));
	printf("%s: %s%s%s\n", program, word, *safe ? ": " : "", safe);
	return strcmp(word, "serves") != 0;
}

static int tell(const char *program, const json_t *answer, bool ready)
{
	const char *why = json_string_value(json_object_get(answer, "why"));
	const char *word = "serves";

	if (!json_is_true(json_object_get(answer, "ok"))) {
		why = json_string_value(json_object_get(answer, "text"));
		word = "cannot say";
	} else if (!json_is_true(json_object_get(answer, "serving"))) {
		word = "does not serve";
	} else if (ready && !json_is_true(json_object_get(answer, "ready"))) {
		word = "is not ready";
	}
	return say(program, word, why ? why : "");
}

int hws_health_verb(const struct hws_server_socket *server, int argc, char **argv)
{
	const char *program = server->program;
	json_t *req = json_pack("{s:s,s:s}", "cmd", "health", "for", program), *answer = NULL;
	struct hws_error err = { 0 };
	bool ready = false;
	char path[512];
	int status;

	if (hws_server_socket_find(server, argc, argv, &ready, path, sizeof(path), &err) < 0 ||
			!req || hws_control_call(path, req, WAIT_US, &answer, &err) < 0)
		status = say(program, "does not serve", err.text);
	else
		status = tell(program, answer, ready);
	json_decref(answer);
	json_decref(req);
	return status;
}
