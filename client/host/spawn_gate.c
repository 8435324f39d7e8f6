/* One way to start a gate, so that what is found out about one (host/layers) holds for all. */
#include "client/host/spawn_gate.h"
#include "client/host/ipc.h"
#include "shared/base/log.h"
#include "shared/sys/spawn.h"
#include <pwd.h>
#include <unistd.h>

#define OWN_ACCOUNT "hawser-gate" /* packaging/sysusers */

/* An account of their own is better than one that other services have as well. */
const char *hws_gate_account(const struct hws_settings *s)
{
	if (*s->gate_user || geteuid() != 0)
		return s->gate_user;
	return getpwnam(OWN_ACCOUNT) ? OWN_ACCOUNT : "nobody";
}

int hws_gate_account_check(const struct hws_settings *s, struct hws_error *err)
{
	if (!*s->gate_user || getpwnam(s->gate_user))
		return HWS_OK;
	return hws_error_set(err, HWS_ERR_INVAL,
			"'gate-user' is %s, and this machine has no such account", s->gate_user);
}

int hws_spawn_gate(const struct hws_settings *s, struct hws_child_logs *logs, const char *role,
		uint64_t conn, pid_t *ret_pid, int *ret_fd)
{
	static const char *const levels[] = { "error", "warn", "info", "debug", "trace" };
	const char *argv[] = { "hawser-host", role, "--log-level", levels[s->log_level],
		s->sandbox ? "--sandbox" : "--no-sandbox", NULL };
	struct hws_spawn sp = {
		.argv = argv, .clean_env = true, .user = hws_gate_account(s), .no_groups = true
	};
	struct hws_error err = { 0 };
	int fds[2];
	int r = hws_ipc_pair(fds);

	if (r < 0)
		return r;
	sp.ipc_fd = fds[1];
	sp.log_fd = hws_child_log_open(logs, "gate.log", conn);
	r = hws_spawn(&sp, ret_pid, &err);
	close(fds[1]);
	if (sp.log_fd > 0)
		close(sp.log_fd);
	if (r < 0) {
		hws_error_log("gate.not_started", HWS_STR("why", err.text));
		close(fds[0]);
		return r;
	}
	*ret_fd = fds[0];
	return HWS_OK;
}
