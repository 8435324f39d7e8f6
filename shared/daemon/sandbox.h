/* daemon/sandbox: giving up what a process does not need. Each profile is a seccomp allow list (libseccomp)
 * plus PR_SET_NO_NEW_PRIVS and PR_SET_DUMPABLE 0. A forbidden call kills the process with SIGSYS. */
#pragma once
#include "shared/base/err.h"

enum hws_sandbox_profile {
	HWS_SANDBOX_RELAY, /* sockets, pipes, splice, epoll, threads, files already open, reload of config */
	HWS_SANDBOX_RENDEZVOUS, /* the same and files for SQLite */
	HWS_SANDBOX_GATE, /* only read/write/epoll on inherited descriptors: no open, no socket, no exec */
};
/* After all set-up. HWS_ERR_UNSUPPORTED where the kernel or build has no seccomp (the caller warns and goes on if configured to). */
int hws_sandbox_enter(enum hws_sandbox_profile profile, struct hws_error *err) HWS_MUST_CHECK;
/* From root to an account: setgroups, setgid, setuid; verifies that there is no way back. */
int hws_sandbox_drop_to(const char *user, struct hws_error *err) HWS_MUST_CHECK;
