/* sys/spawn: the one place where processes are started. Nothing of the parent passes on but what is
 * named here: not its open files, not its signal handlers, not its terminal (who has one can type
 * into it), no core files, and of its environment neither passwords nor what belongs to its own
 * session. Any thread, though account names are asked for (getpwnam):
 * one thread at a time where `user` is set. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <sys/types.h>

#define HWS_SPAWN_IPC_FD 3 /* where a role of this program finds the socket to its parent */

struct hws_spawn {
	const char *program;     /* its path; NULL: the program that we are */
	const char *const *argv; /* NULL-terminated; never holds a secret: everybody can read it */
	int ipc_fd;              /* becomes HWS_SPAWN_IPC_FD; the caller keeps and closes its own */
	int log_fd; /* becomes its standard error; 0: nobody hears it. The caller closes its own */
	bool clean_env; /* start with next to no environment */
	/* For big memory: codecs touch hundreds of megabytes at their start. */
	bool huge_pages;
	const char *display; /* NULL = leave $DISPLAY as it is */
	/* NULL, or we are not root: stay who we are. Otherwise the environment loses what belongs
	 * to our own session. */
	const char *user;
	bool no_groups; /* of `user`: none of its groups but the first; else all that it is in */
};

/* Starts another role of this very program, or another one of our programs, in a session of its
 * own. Everything but the socket and `log_fd` is closed in it; the caller waits for it (SIGCHLD,
 * waitpid). Exit status 126: it could not become what was asked; 127: no program.
 * HWS_ERR_NOTFOUND: there is no such account; otherwise the system's reason. */
int hws_spawn(const struct hws_spawn *s, pid_t *ret_pid, struct hws_error *err) HWS_MUST_CHECK;

/* Runs `run(fd, arg)` in a process of its own that nobody waits for, then ends it: a session of its
 * own, so that a signal to our group does not reach it; standard files on /dev/null; nothing open
 * but `fd`, at its number; signals as a program finds them; named `name` (15 bytes count). `arg` is
 * a copy of the parent's memory. The caller keeps and closes its own `fd`. */
int hws_spawn_detached(
		const char *name, int fd, void (*run)(int fd, void *arg), void *arg) HWS_MUST_CHECK;

/* Runs a command line by that shell (its path) in this place: with our terminal, standard files and
 * folder, none of our other files, and signals as a program finds them; waits for it. Its exit
 * status; 128 + the signal that ended it; -1: it could not be started (errno). For commands that a
 * user types. */
int hws_spawn_shell(const char *shell, const char *command);

/* This process becomes the program `name`: the one installed beside this one, else the one that a
 * build tree has in the folder `build_folder` next to ours, else the one of $PATH. Returns only on
 * failure: errno says why. */
int hws_exec_sibling(const char *name, const char *build_folder, char *const argv[]);
