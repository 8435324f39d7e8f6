/* host/spawn: starts another role of this program as a process of its own, with one socket to it. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/types.h>

#define HWS_SPAWN_LINK_FD 3

struct hws_spawn {
	const char *const *argv; /* NULL-terminated; never holds a secret */
	int ipc_fd;          /* becomes HWS_SPAWN_LINK_FD; the caller keeps and closes its own */
	bool clean_env;      /* start with next to no environment */
	bool huge_pages;     /* for big memory: codecs touch hundreds of megabytes at their start */
	const char *display; /* NULL = leave $DISPLAY as it is */
	const char *user;    /* NULL or not root = stay who we are; else the environment loses what
			      * belongs to our own session */
};

/* Everything but the link and standard error is closed in the child. */
int hws_spawn(const struct hws_spawn *s, pid_t *ret_pid, struct hws_error *err) HWS_MUST_CHECK;
