/* host/spawn_gate: starting a process as gates run: another account where we are root, an
 * environment with next to nothing in it, its own log. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/settings.h"
#include <sys/types.h>

/* Of a gate, and of what else meets strangers. Borrows from `s`, or static; "" = ours. */
const char *hws_gate_account(const struct hws_settings *s);
/* Whether there is such an account: found out before anybody waits for a gate. */
int hws_gate_account_check(const struct hws_settings *s, struct hws_error *err) HWS_MUST_CHECK;
/* `role`: "gate", "probe", "beacon", "ports" or "report"; `conn` names it in the log (0: none).
 * *ret_fd: our end of the socket to it, the caller's. Failures are in the log. */
int hws_spawn_gate(const struct hws_settings *s, struct hws_child_logs *logs, const char *role,
		uint64_t conn, pid_t *ret_pid, int *ret_fd) HWS_MUST_CHECK;
