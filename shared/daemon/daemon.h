/* daemon/daemon: start, reload, drain and end of a program, the same for all: SIGTERM/SIGINT =
 * drain, a second one = stop now; SIGHUP = reload; SIGPIPE ignored; READY/STOPPING to systemd if
 * NOTIFY_SOCKET is set, and WATCHDOG as often as it asks, while the threads turn. */
#pragma once
#include "shared/loop/loop.h"
#include "shared/sys/sandbox.h"

struct hws_daemon_conf {
	void (*on_reload)(void *arg); /* may be NULL */
	/* NULL = stop at once; otherwise the program calls hws_loop_stop when done. */
	void (*on_drain)(void *arg);
	uint64_t drain_max_us; /* stop at the latest so long after the drain began; 0 = 8 s */
	void *arg;
};
struct hws_daemon;
int hws_daemon_new(struct hws_loop *loop, const struct hws_daemon_conf *conf,
		struct hws_daemon **ret) HWS_MUST_CHECK;
void hws_daemon_free(struct hws_daemon *d);
/* Tells the service manager that the program serves. */
void hws_daemon_ready(struct hws_daemon *d);
struct hws_watchdog;
/* The threads beside the main loop that matter are registered there; they end before the daemon is
 * freed. */
struct hws_watchdog *hws_daemon_watchdog(struct hws_daemon *d);
bool hws_daemon_draining(const struct hws_daemon *d);
/* Gives up privileges, for good, after all set-up: becomes `user` ("" = stays who it is), then
 * enters the role if `sandbox`. Where there is no sandbox it warns and goes on. */
int hws_daemon_confine(enum hws_sandbox_role role, const char *user, bool sandbox,
		struct hws_error *err) HWS_MUST_CHECK;
/* The exit status of a program that could not start, or whose loop failed, with r: 2 where a
 * setting is wrong, which another start does not mend (RestartPreventExitStatus of our units),
 * else 1. */
int hws_daemon_exit_status(int r);
/* Raises RLIMIT_NOFILE to the hard limit; returns the soft limit then in force. */
uint64_t hws_daemon_raise_nofile(void);
/* Default state folder: $STATE_DIRECTORY (systemd), else for root /var/lib/NAME, else
 * $XDG_STATE_HOME/NAME; created 0700. */
int hws_daemon_state_dir(
		const char *name, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* A folder that the user named: its path into buf, made 0700 if it is not there. Refuses one of
 * somebody else, or that everybody may write to. */
int hws_daemon_named_dir(
		const char *path, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* Default runtime folder for control sockets: $RUNTIME_DIRECTORY, else root /run/NAME, else
 * $XDG_RUNTIME_DIR/NAME, else the state folder; created 0700. */
int hws_daemon_runtime_dir(
		const char *name, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* The same folders for a program that only looks for what another has there: nothing is made,
 * nothing checked. */
int hws_daemon_state_path(
		const char *name, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
int hws_daemon_runtime_path(
		const char *name, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* The descriptor of the option log-to. */
int hws_daemon_log_fd(int log_to);
