/* One row for each role, and how it is entered: namespaces, Landlock and limits first, the filter
 * of system calls last, for it takes away what the others need. */
#include "shared/sys/sandbox.h"
#include "shared/sys/isolation.h"
#include "shared/sys/sandbox_calls.h"
#include "shared/sys/sandbox_landlock.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
		__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef HWS_VALGRIND
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Nothing of the machine is left but what is open. */
#define ISOLATED (HWS_LAYER_NETWORK | HWS_LAYER_FILES | HWS_LAYER_NAMES)
#define LANDLOCK (HWS_LAYER_LANDLOCK | HWS_LAYER_SCOPE)
#define GIB (1ul << 30)
#define MIB (1ul << 20)
#define STREAM (SANDBOX_RUN | SANDBOX_STREAM)
#define DIALER (SANDBOX_RUN | SANDBOX_THREADS | SANDBOX_DIAL | SANDBOX_READ)
#define SERVER (DIALER | SANDBOX_SERVE)

static const struct role {
	unsigned calls;                   /* enum sandbox_calls */
	enum sandbox_otherwise otherwise; /* what a call outside of them does */
	unsigned layers;                  /* besides the filter */
	rlim_t files;                 /* descriptors at most, and no file may grow; 0 = as before */
	rlim_t memory;                /* bytes of data at most; 0 = as before */
	bool names, network, devices; /* what Landlock leaves: see struct sandbox_left */
} roles[HWS_SANDBOX_ROLES] = {
	[HWS_SANDBOX_GATE_DIALING] = { DIALER | SANDBOX_AGAIN, SANDBOX_EPERM, 0, 0, 0 },
	[HWS_SANDBOX_GATE] = { STREAM, SANDBOX_KILL, ISOLATED | LANDLOCK, 64, GIB },
	[HWS_SANDBOX_COMPUTE] = { SANDBOX_COMPUTE, SANDBOX_KILL, LANDLOCK, 0, 0 },
	[HWS_SANDBOX_DEVICE] = { SANDBOX_COMPUTE | SANDBOX_DEVICE, SANDBOX_EPERM,
			ISOLATED | LANDLOCK, 0, 0 },
	[HWS_SANDBOX_DEVICE_LATE] = { SANDBOX_COMPUTE | SANDBOX_DEVICE | SANDBOX_DEVICE_OPENS,
			SANDBOX_EPERM, LANDLOCK, 0, 0, .devices = true },
	[HWS_SANDBOX_HOSTD] = { SANDBOX_HOST, SANDBOX_EPERM, 0, 0, 0 },
	[HWS_SANDBOX_AGENT] = { SANDBOX_HOST | SANDBOX_GUEST, SANDBOX_EPERM, 0, 0, 0 },
	[HWS_SANDBOX_FILES] = { STREAM | SANDBOX_THREADS | SANDBOX_WRITE | SANDBOX_FOLDERS,
			SANDBOX_EPERM, LANDLOCK, 0, 0 },
	[HWS_SANDBOX_TUNNEL] = { SERVER | SANDBOX_STREAM, SANDBOX_EPERM, HWS_LAYER_LANDLOCK, 0, 0,
			true, true },
	[HWS_SANDBOX_PORTS] = { SANDBOX_RUN | SANDBOX_THREADS | SANDBOX_DIAL, SANDBOX_EPERM,
			LANDLOCK, 64, 128 * MIB, .network = true },
	[HWS_SANDBOX_RELAY] = { SERVER, SANDBOX_EPERM, 0, 0, 0 },
	[HWS_SANDBOX_RENDEZVOUS] = { SERVER | SANDBOX_WRITE, SANDBOX_EPERM, 0, 0, 0 },
	[HWS_SANDBOX_API] = { SERVER | SANDBOX_WRITE, SANDBOX_EPERM, 0, 0, 0 },
};

static unsigned held;

static void leave(unsigned layers, const struct sandbox_left *left)
{
	unsigned went = layers & ISOLATED ? hws_isolate() : 0;

	held |= (went & HWS_ISOLATED_NETWORK ? HWS_LAYER_NETWORK : 0) |
			(went & HWS_ISOLATED_FILES ? HWS_LAYER_FILES : 0) |
			(went & HWS_ISOLATED_NAMES ? HWS_LAYER_NAMES : 0);
	if (layers & LANDLOCK)
		held |= sandbox_landlock(left);
}

static void limit_files(rlim_t most)
{
	const struct rlimit none = { 0, 0 }, few = { most, most };

	(void)setrlimit(RLIMIT_FSIZE, &none);
	(void)setrlimit(RLIMIT_NOFILE, &few);
}

/* Never more than it is. */
static void limit_memory(rlim_t most)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_DATA, &now) < 0 || now.rlim_max <= most)
		return;
	now.rlim_cur = now.rlim_max = most;
	(void)setrlimit(RLIMIT_DATA, &now);
}

int hws_sandbox_enter(enum hws_sandbox_role role, struct hws_error *err)
{
	return hws_sandbox_enter_beneath(role, NULL, 0, err);
}

int hws_sandbox_enter_beneath(enum hws_sandbox_role role, const char *const *folders,
		unsigned count, struct hws_error *err)
{
	const struct role *t = &roles[role];
	const struct sandbox_left left = { folders, count, t->names, t->network, t->devices };
	int r;

	if (SANITIZED) /* their run time needs calls that a program does not */
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"no sandbox: this program was built with a sanitizer");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return hws_error_set(
				err, HWS_ERR_UNSUPPORTED, "no sandbox: prctl: %s", strerror(errno));
	leave(t->layers, &left);
	if (t->files)
		limit_files(t->files);
	if (t->memory)
		limit_memory(t->memory);
	r = sandbox_load_calls(t->calls, t->otherwise);
	if (r < 0)
		return hws_error_set(err, r == -ENOMEM ? HWS_ERR_NOMEM : HWS_ERR_UNSUPPORTED,
				"no sandbox: seccomp: %s", strerror(-r));
	held |= HWS_LAYER_CALLS;
	return HWS_OK;
}

unsigned hws_sandbox_layers(void)
{
	return held;
}

unsigned hws_sandbox_wanted(enum hws_sandbox_role role)
{
	return roles[role].layers | HWS_LAYER_CALLS;
}

char *hws_sandbox_text(unsigned layers, char *buf, size_t size)
{
	static const char *const names[] = { "calls", "network", "files", "names", "landlock",
		"scope" };
	size_t len = 0;

	snprintf(buf, size, "none");
	for (unsigned i = 0; i < HWS_COUNT(names) && len < size; i++)
		if (layers & 1u << i)
			len += (size_t)snprintf(
					buf + len, size - len, "%s%s", len ? ", " : "", names[i]);
	return buf;
}

void hws_sandbox_conceal(void)
{
	static const struct rlimit none = { 0, 0 };

	if (SANITIZED) /* leaks are found by tracing ourselves */
		return;
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int hws_sandbox_drop_to(const char *user, struct hws_error *err)
{
	const struct passwd *pw;
	uid_t uid;
	gid_t gid;

	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"there is no account '%s'; create it or name another one", user);
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	if (geteuid() == uid && getuid() == uid)
		return HWS_OK;
	if (geteuid() != 0)
		return hws_error_set(err, HWS_ERR_PERM, "only root can change to the account '%s'",
				user);
	if (initgroups(user, gid) < 0 || setresgid(gid, gid, gid) < 0 ||
			setresuid(uid, uid, uid) < 0)
		return hws_error_set(err, HWS_ERR_PERM, "cannot change to the account '%s': %s",
				user, strerror(errno));
	if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return hws_error_set(err, HWS_ERR_PERM,
				"changing to the account '%s' could be undone", user);
	return HWS_OK;
}
