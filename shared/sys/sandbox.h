/* sys/sandbox: giving up what a process does not need, for good. An allow list of system calls
 * (seccomp), no new privileges (PR_SET_NO_NEW_PRIVS), and nobody may look into it (PR_SET_DUMPABLE
 * 0). A call that is not on the list kills the process with SIGSYS. */
#pragma once
#include "shared/base/err.h"

/* What a process goes on to need, said by the program that knows. None of them: it reads, writes,
 * waits and closes what it has open, gets data memory, looks at the clock. No process of ours needs
 * to start another one afterwards. */
enum hws_sandbox_need {
	/* New sockets (local, IP), pipes, threads, names of hosts, looking at files. */
	HWS_SANDBOX_SERVE = 1,
	HWS_SANDBOX_READ = 2,  /* opening files for reading: configuration, certificates */
	HWS_SANDBOX_WRITE = 4, /* making, changing, locking and removing files: a database */
	/* Entering once more, with fewer needs. Until then a call that is not on the list fails
	 * with EPERM: name services are of many kinds, and none may end a process that has read
	 * nothing. */
	HWS_SANDBOX_AGAIN = 8,
	/* Instead of all others, and of what each process may do: it reads and writes what it has
	 * open, takes memory, starts threads, and computes. No events, no options of sockets, no
	 * signals. */
	HWS_SANDBOX_COMPUTE = 16,
};

/* After all set-up; all threads that run already come along. HWS_ERR_UNSUPPORTED: the kernel has no
 * seccomp, or the program was built with a sanitizer (the caller warns and goes on if configured
 * to). */
int hws_sandbox_enter(unsigned needs, struct hws_error *err) HWS_MUST_CHECK;

/* From root to an account: groups, gid, uid; proves that there is no way back. HWS_OK when we are
 * that account already. HWS_ERR_NOTFOUND: no such account; HWS_ERR_PERM. Asks for names of
 * accounts: one thread at a time. */
int hws_sandbox_drop_to(const char *user, struct hws_error *err) HWS_MUST_CHECK;
