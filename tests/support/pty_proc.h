/* tests/support/pty_proc: a program behind a terminal that the test holds: what it shows, what is
 * typed, the window's size, and what becomes of the terminal's modes. Between both stands a leader
 * of the session, as a shell is one, so that the program can be stopped and go on. */
#pragma once
#include "tests/support/proc.h"
#include <termios.h>

struct pty_proc {
	pid_t leader; /* of the terminal's session; ends with the program's status */
	int master, slave;
	char *seen; /* all output, NUL-terminated; zero bytes become dots */
	size_t len, size, scanned;
	bool ended;
	int status;
};

/* NULL-terminated, as test_proc_start. */
void pty_proc_start(struct pty_proc *p, const char *const argv[], const char *const env[],
		unsigned rows, unsigned cols);
/* Waits until `text` is shown, looking from where the last one ended; fails the test otherwise. */
void pty_proc_must_show(struct pty_proc *p, const char *text);
void pty_proc_type(struct pty_proc *p, const char *keys);
void pty_proc_resize(struct pty_proc *p, unsigned rows, unsigned cols);
/* Is the terminal raw now? */
bool pty_proc_is_raw(struct pty_proc *p);
/* Waits until it is, or is not. */
void pty_proc_must_be_raw(struct pty_proc *p, bool raw);
/* Waits until the program is stopped, as by Ctrl+Z. */
void pty_proc_must_be_stopped(struct pty_proc *p);
/* The pid of the program, as the leader has started it. */
pid_t pty_proc_program(struct pty_proc *p);
/* Waits for the end, taking output; the exit status, or 128 + signal. */
int pty_proc_wait(struct pty_proc *p);
void pty_proc_stop(struct pty_proc *p);
