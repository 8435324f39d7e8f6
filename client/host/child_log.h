/* host/child_log: what the processes that hostd starts say on standard error, for hostd's own log.
 * They have a pipe each instead of hostd's own: that may be a terminal, where who holds it types,
 * or a file, where who holds it forges the lines of others. A line becomes one event, with the
 * name of who said it; its bytes are escaped, its length and the rate are bounded. */
#pragma once
#include "shared/base/list.h"
#include "shared/loop/loop.h"

struct hws_child_logs {
	struct hws_loop *loop;
	struct hws_list open;
};

void hws_child_logs_init(struct hws_child_logs *logs, struct hws_loop *loop);
/* A pipe for one process: its end, which the caller passes on and closes (never 0), or 0 when there
 * can be none: the process then says nothing, and serves. What comes out is logged as `event`
 * (static text) with `conn`, if that is not 0, until the process has closed its end. `logs` may be
 * NULL. */
int hws_child_log_open(struct hws_child_logs *logs, const char *event, uint64_t conn);
/* Logs what has come and closes all. */
void hws_child_logs_done(struct hws_child_logs *logs);
