/* cli/why_lines: how the host was reached, for people and scripts: a line of the whole, and one for
 * each way that was tried. */
#pragma once
#include <hawser/session.h>

/* What was printed last. */
struct cli_why {
	bool said;
	uint32_t ended_ms, looked;
	char path[16];
};

/* "why path=... reason=... answered_ms=... ended_ms=... text=..." and "try path=... at=...
 * result=... begun_ms=... ended_ms=..."; where a better way was looked for since, "why ..." as it
 * is known now, and "looked times=... seconds_ago=... reason=... text=...". Nothing while it is not
 * decided, or when nothing is new since `last`. Without answered_ms where nobody answered, or was
 * asked. False: standard output takes no more. */
bool cli_print_why(struct cli_why *last, hawser_session *s);
/* Of a HAWSER_EVENT_PATH: "path=udp: a direct way was found, and the session goes on directly". */
#define CLI_PATH_TEXT 160
const char *cli_path_text(const struct hawser_event *ev, char buf[CLI_PATH_TEXT]);
