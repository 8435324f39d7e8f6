/* cli/why_lines: how the host was reached, for people and scripts: a line of the whole, and one for
 * each way that was tried. */
#pragma once
#include <hawser/session.h>

/* "why path=... reason=... answered_ms=... ended_ms=... text=..." and "try path=... at=...
 * result=... begun_ms=... ended_ms=..."; nothing while it is not decided. False: standard output
 * takes no more. */
bool cli_print_why(hawser_session *s);
/* "looked times=... seconds_ago=... reason=... text=...": for a way that is better than the relay, in
 * vain; nothing if it did not. */
bool cli_print_looked(hawser_session *s);
/* Of a HAWSER_EVENT_PATH: "path=udp: a direct way was found, and the session goes on there". */
#define CLI_PATH_TEXT 160
const char *cli_path_text(const struct hawser_event *ev, char buf[CLI_PATH_TEXT]);
