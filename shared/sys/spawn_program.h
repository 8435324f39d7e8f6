/* sys/spawn_program: starts a program of the user's in a session of its own: a shell behind a
 * terminal, or a command between pipes. Nothing passes on but the files, the environment and the
 * folder that are named here. The account stays the one that we are. Any thread. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/types.h>

struct hws_spawn_program {
	const char *path;        /* absolute, or a name that is looked for in the $PATH of `env` */
	const char *const *argv; /* NULL-terminated */
	const char *const *env;  /* all of its environment; NULL-terminated */
	const char *directory;   /* where it starts; where that cannot be, in / */
	int in, out, errors;     /* its standard files; the caller keeps and closes its own */
	bool terminal;           /* `in` is one, and becomes the one of the new session */
};

/* Returns when the program has begun, or could not. The caller waits for it. HWS_ERR_NOTFOUND: no
 * such program; HWS_ERR_PERM: it may not be run; otherwise the system's reason. `err` says which
 * program. */
int hws_spawn_program(const struct hws_spawn_program *p, pid_t *ret_pid,
		struct hws_error *err) HWS_MUST_CHECK;

/* The absolute path of `name`, as a shell would look for it in
 * `search` (folders with colons between). HWS_ERR_NOTFOUND, HWS_ERR_TOOBIG. */
int hws_program_find(const char *name, const char *search, char *ret, size_t size) HWS_MUST_CHECK;
