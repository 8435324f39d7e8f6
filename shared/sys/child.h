/* sys/child: a program of ours as a child that may have to be killed at any time, in a process that
 * may be an embedder's: one who waits for all its children must not make us signal a stranger. Any
 * thread, one at a time for a child. */
#pragma once
#include "shared/base/err.h"
#include "shared/sys/spawn.h"
#include <stdbool.h>
#include <sys/types.h>

struct hws_child {
	pid_t pid; /* 0: none */
	int pidfd;
};

int hws_child_start(const struct hws_spawn *s, struct hws_child *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* While it does its number is its own. */
bool hws_child_runs(const struct hws_child *c);
/* Whether it ended within that time: true also for none. Its status as of waitpid in *ret_status
 * (may be NULL); -1: somebody else has waited for it. */
bool hws_child_wait(struct hws_child *c, unsigned ms, int *ret_status);
/* Kills it and waits for its end, which takes no longer than giving back its memory. */
void hws_child_end(struct hws_child *c);
