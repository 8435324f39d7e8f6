/* sys/isolation: leaving what a process shares with others of the machine: network, files, names,
 * and the memory that it could take. What sandbox.h forbids by calls, this takes away as things. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>
#include <sys/types.h>

/* What was left behind; a system may refuse any of it. */
enum hws_isolation {
	HWS_ISOLATED_NETWORK = 1, /* no interfaces, no local sockets by name */
	HWS_ISOLATED_FILES = 2,   /* the root folder is an empty one that nobody can write to */
	HWS_ISOLATED_NAMES = 4,   /* no memory, queues and names that are shared by number */
};

/* What hws_isolate calls, for sandboxes that are entered before it: these or part of them at once,
 * and these flags exactly. */
#define HWS_ISOLATE_SPACES                                                                         \
	(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)
#define HWS_ISOLATE_ALONE (MS_REC | MS_PRIVATE)
#define HWS_ISOLATE_EMPTY (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define HWS_ISOLATE_CLOSED (MS_REMOUNT | MS_BIND | MS_RDONLY | HWS_ISOLATE_EMPTY)

/* For a process that has one thread, has opened what it needs and looks for no file or program any
 * more. Not to be undone; without rights over the new namespaces, too. Returns what went. */
unsigned hws_isolate(void);

/* Ends with the thread that started it, however that one ends (SIGKILL). */
int hws_end_with_parent(void) HWS_MUST_CHECK;

/* How much memory (address space, in bytes) a process may have from now on: `pid`, which runs under
 * our account and was started by us, or 0 for this one. It can be raised again by who started it.
 * HWS_OK and no limit in a program that was built with a sanitizer, which takes what it likes. */
int hws_limit_memory(pid_t pid, size_t bytes) HWS_MUST_CHECK;
