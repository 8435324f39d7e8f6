/* sys/sandbox_calls: which system calls a role has; a part of sys/sandbox. Groups by what they
 * serve: the calls behind it change with libc and libevent, and one place to mend is enough. */
#pragma once
#include "shared/base/err.h"

/* For a filter that lists what is allowed. */
enum sandbox_calls {
	SANDBOX_RUN = 1,     /* a loop over what is open, data memory, the clock; always */
	SANDBOX_STREAM = 2,  /* connected sockets: with no address, and the options that ours set */
	SANDBOX_COMPUTE = 4, /* instead of all others: memory, threads, what is open */
	SANDBOX_THREADS = 8, /* threads, never processes */
	SANDBOX_DIAL = 16,   /* new sockets (local, IP), names of hosts, looking at files */
	SANDBOX_SERVE = 1024, /* listening, locks, removing files; with DIAL */
	SANDBOX_READ = 32,    /* opening files for reading */
	SANDBOX_WRITE = 64,   /* making, changing, locking and removing files: a database */
	SANDBOX_AGAIN = 128,  /* entering another sandbox */
	/* with WRITE, instead of DIAL: folders, links, times, holes, and no socket */
	SANDBOX_FOLDERS = 2048,
	/* with COMPUTE: what graphics cards and video devices are asked for; alarms */
	SANDBOX_DEVICE = 4096,
	SANDBOX_DEVICE_OPENS = 8192, /* and opening them */
	/* A list of what is refused instead. */
	SANDBOX_HOST = 256,  /* what only attacks on a machine use */
	SANDBOX_GUEST = 512, /* with HOST, and what hostd needs for its gates */
};

enum sandbox_otherwise { SANDBOX_KILL, SANDBOX_EPERM };

/* Loads the filter, for all threads. A negative errno. */
int sandbox_load_calls(unsigned calls, enum sandbox_otherwise otherwise);
