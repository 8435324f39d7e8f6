/* host/layers: what confines the processes of this host on this machine, found out and not guessed:
 * at the start a process runs that enters the sandbox as a gate does, tells by its exit status what
 * holds, and is gone. For the log, once, and for `status`. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/settings.h"
#include <sys/types.h>

struct hws_layers {
	pid_t probe;   /* 0: not running */
	bool known;    /* the probe has ended as it should */
	unsigned gate; /* enum hws_sandbox_layer */
};

/* Starts the probe. Failures are in the log. */
void hws_layers_find(
		struct hws_layers *l, const struct hws_settings *s, struct hws_child_logs *logs);
/* From the owner's SIGCHLD: true when it was the probe. */
bool hws_layers_reaped(struct hws_layers *l, pid_t pid, int status);
/* "calls, network, ..."; "not known"; "none". Returns buf. */
char *hws_layers_text(const struct hws_layers *l, char *buf, size_t size);
/* The same of what a gate could have, and has not; "" when there is nothing. */
char *hws_layers_missing(const struct hws_layers *l, char *buf, size_t size);

/* The role of the probe; the exit status. */
int hws_layers_probe(bool sandbox);
/* hostd's own, and the agent's, sandbox: HWS_SANDBOX_HOSTD or _AGENT. What is not there is in the
 * log. */
void hws_layers_enter(int role, const char *event);
/* The same with folders that are left to it: hws_sandbox_enter_beneath. */
void hws_layers_enter_beneath(
		int role, const char *const *folders, unsigned count, const char *event);
