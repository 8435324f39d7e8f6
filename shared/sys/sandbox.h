/* sys/sandbox: giving up what a process does not need, for good. Each role of our programs has one
 * row in a table (sandbox.c): an allow list of system calls with checked arguments, or for those
 * that run the code of others a list of what is refused (seccomp); network, files and neighbours
 * that are not there (namespaces, Landlock); limits; no new privileges (PR_SET_NO_NEW_PRIVS); and
 * nobody may look into it (PR_SET_DUMPABLE 0). */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>

enum hws_sandbox_role {
	/* A gate on its way to a relay: names, certificates, one connection. Enters GATE next;
	 * until then a call that is not on its list fails with EPERM: name services are of many
	 * kinds, and none may end a process that has read nothing. */
	HWS_SANDBOX_GATE_DIALING,
	/* Has all that it is going to have, but what comes over its sockets; one thread and at most
	 * a gibibyte of memory. A call that is not on its list kills it with SIGSYS. */
	HWS_SANDBOX_GATE,
	/* Reads and writes what it has open, takes memory, starts threads, and computes. No events,
	 * no options of sockets, no signals. A call that is not on its list kills it. The caller
	 * leaves the machine's files and network itself (sys/isolation), before it has threads. */
	HWS_SANDBOX_COMPUTE,
	/* Runs the driver of a device that codes pictures, which it has open: as COMPUTE, and the
	 * requests (ioctl) of graphics cards and of video devices. What is not on the list fails:
	 * drivers differ. LATE: it opens such devices itself, beneath a folder that is named. */
	HWS_SANDBOX_DEVICE,
	HWS_SANDBOX_DEVICE_LATE,
	HWS_SANDBOX_HOSTD, /* starts the others: what is refused to it is refused to them */
	HWS_SANDBOX_AGENT, /* lives with the libraries of a desktop */
	/* Reads and writes files beneath folders that are named as it enters; threads, no new
	 * sockets. */
	HWS_SANDBOX_FILES,
	/* Connects and listens for others; of files only what names of hosts are looked up in. */
	HWS_SANDBOX_TUNNEL,
	/* Asks the router for a port: sockets and threads, no files. A call that is not on its list
	 * fails with EPERM: libminiupnpc sets options that it can do without. */
	HWS_SANDBOX_PORTS,
	/* Servers: sockets, threads, names, files. Starting a program and the tools of attacks kill
	 * them; another call that is not on the list fails with EPERM. */
	HWS_SANDBOX_RELAY,
	HWS_SANDBOX_RENDEZVOUS,
	HWS_SANDBOX_API,
	HWS_SANDBOX_ROLES
};

/* What holds, as bits. */
enum hws_sandbox_layer {
	HWS_LAYER_CALLS = 1,     /* the filter of system calls */
	HWS_LAYER_NETWORK = 2,   /* a network of its own without any interface */
	HWS_LAYER_FILES = 4,     /* a file system of its own with nothing in it */
	HWS_LAYER_NAMES = 8,     /* no memory, queues and names that are shared by number */
	HWS_LAYER_LANDLOCK = 16, /* the kernel refuses files to it, and connecting where it can */
	HWS_LAYER_SCOPE = 32,    /* and signals and abstract sockets of others */
};

/* For good, after all set-up. The filter takes all threads that run already; what else the role
 * has needs that there is one. A layer that this kernel or container does not give is left out.
 * HWS_ERR_UNSUPPORTED: not even the filter: the kernel has no seccomp, or the program was built
 * with a sanitizer (the caller warns and goes on if configured to). */
int hws_sandbox_enter(enum hws_sandbox_role role, struct hws_error *err) HWS_MUST_CHECK;
/* The same, where Landlock is a layer of the role and these folders are left: all beneath them, but
 * for running programs and making devices, pipes and sockets. Those that are not there, or not to
 * be opened, are not. */
int hws_sandbox_enter_beneath(enum hws_sandbox_role role, const char *const *folders,
		unsigned count, struct hws_error *err) HWS_MUST_CHECK;
/* What holds for this process by what it entered, and what a role has where the kernel gives
 * everything. */
unsigned hws_sandbox_layers(void);
unsigned hws_sandbox_wanted(enum hws_sandbox_role role);
/* "calls, network, ..."; "none". Returns buf; 100 bytes are enough. */
char *hws_sandbox_text(unsigned layers, char *buf, size_t size);

/* No core files of this process and its children, and no look into this one by another of the same
 * account: for programs that hold keys or passwords, before they do. Not where a sanitizer must
 * look. */
void hws_sandbox_conceal(void);

/* From root to an account: groups, gid, uid; proves that there is no way back. HWS_OK when we are
 * that account already. HWS_ERR_NOTFOUND: no such account; HWS_ERR_PERM. Asks for names of
 * accounts: one thread at a time. */
int hws_sandbox_drop_to(const char *user, struct hws_error *err) HWS_MUST_CHECK;
