/* cli/why_lines: see why_lines.h. NAME=VALUE with single spaces between; the sentence, which has
 * spaces of its own, comes last. */
#include "client/cli/why_lines.h"
#include <hawser/hawser.h>
#include <stdio.h>
#include <string.h>

static const char *result_text(const struct hawser_try *t)
{
	if (!t->over)
		return "running";
	switch (t->error) {
	case HAWSER_OK:
		return "taken";
	case HAWSER_ERR_CANCELED:
		return "given-up";
	case HAWSER_ERR_TIMEOUT:
		return "timeout";
	case HAWSER_ERR_REFUSED:
		return "refused";
	case HAWSER_ERR_DENIED:
		return "denied";
	case HAWSER_ERR_CRYPTO:
		return "not-the-host";
	case HAWSER_ERR_UNREACHABLE:
		return "unreachable";
	default:
		return "failed";
	}
}

static void print_tries(const struct hawser_verdict *v)
{
	for (size_t i = 0; i < v->try_count; i++) {
		const struct hawser_try *t = hawser_try_at(v, i);

		printf("try path=%s at=%s result=%s begun_ms=%u ended_ms=%u\n", t->path,
				*t->at ? t->at : "-", result_text(t), t->begun_ms, t->ended_ms);
	}
}

bool cli_print_why(struct cli_why *last, hawser_session *s)
{
	struct hawser_verdict v = HAWSER_VERDICT_INIT;
	char answered[40] = "";
	bool is_same;

	if (!s || hawser_session_verdict(s, &v) < 0)
		return true;
	is_same = last->said && last->ended_ms == v.ended_ms && strcmp(last->path, v.path) == 0;
	if (is_same && last->looked == v.looked)
		return true;
	if (v.answered_ms)
		snprintf(answered, sizeof(answered), " answered_ms=%u", v.answered_ms);
	printf("why path=%s reason=%s%s ended_ms=%u text=%s\n", v.path, v.reason, answered,
			v.ended_ms, v.text);
	if (!is_same)
		print_tries(&v);
	if (v.looked)
		printf("looked times=%u seconds_ago=%u reason=%s text=%s\n", v.looked, v.looked_s,
				v.reason, v.text);
	*last = (struct cli_why){ .said = true, .ended_ms = v.ended_ms, .looked = v.looked };
	snprintf(last->path, sizeof(last->path), "%s", v.path);
	return fflush(stdout) == 0;
}

const char *cli_path_text(const struct hawser_event *ev, char buf[CLI_PATH_TEXT])
{
	snprintf(buf, CLI_PATH_TEXT, "path=%s: %s, and the session goes on %s", ev->u.path.path,
			ev->u.path.text, ev->u.path.relayed ? "by the relay" : "directly");
	return buf;
}
