/* host/launcher: starts the processes that must not be confined as hostd is. What a shell runs,
 * sudo for one, needs rights that hostd has given up for itself and all that it starts; so a
 * small process is started before that, which starts others for hostd: terminal agents, the check
 * of an account's password, the mounting of files, a restart of the machine, the viewer that a
 * change of sides starts. Nothing else: what it starts is a number,
 * and the account, which it looks up itself. Shells it starts for the account of the settings,
 * which it reads itself, and for those whose password it has had checked (host/launch_grants):
 * whoever takes over hostd has the shell of nobody whose password he does not know. Loop thread
 * only. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct hws_launcher;

enum hws_launch_what {
	HWS_LAUNCH_TERMINAL, /* an agent of that role */
	HWS_LAUNCH_OS_LOGIN, /* host/os_login */
	HWS_LAUNCH_MOUNT,    /* hawser-mount, for the desktop's agent */
	HWS_LAUNCH_RESTART,  /* of the machine */
	HWS_LAUNCH_VIEWER,   /* on the desktop, for a switch of sides */
	HWS_LAUNCH_KINDS
};

struct hws_launch {
	enum hws_launch_what what;
	const char *account; /* "": who we are; of OS_LOGIN: whose password it is */
	int log_level;       /* enum hws_log_level */
	bool sandbox;
	/* VIEWER: whom it looks at, by which server, and as who; borrowed */
	const char *target, *server, *key, *own_id, *display;
	int ipc_fd; /* as struct hws_spawn: the caller keeps and closes its own */
	int log_fd;
	/* It has ended, or (why not NULL) could not be started. Once, not inside the call. */
	void (*ended)(const char *why, void *arg);
	void (*forgotten)(void *arg); /* instead, when the launcher is freed before; may be NULL */
	void *arg;
};

/* Starts that process, with the arguments of `run`. To be called before hws_sandbox_enter;
 * *ret_fd: the end for hws_launcher_new, the caller's. */
int hws_launcher_spawn(int argc, char **argv, int *ret_fd, struct hws_error *err) HWS_MUST_CHECK;
/* Takes `fd`, also on failure. */
int hws_launcher_new(struct hws_loop *loop, int fd, struct hws_launcher **ret) HWS_MUST_CHECK;
/* False: nothing can be started any more. Takes NULL. */
bool hws_launcher_lives(const struct hws_launcher *l);
/* Nobody is told anything any more. The processes end with their own sockets. Takes NULL. */
void hws_launcher_free(struct hws_launcher *l);
/* HWS_ERR_CLOSED: the launcher has ended. *ret_id: not 0, for the others. */
int hws_launcher_start(struct hws_launcher *l, const struct hws_launch *what,
		uint64_t *ret_id) HWS_MUST_CHECK;
/* It has to end: in some seconds it is killed. `ended` is not called any more. */
void hws_launcher_end(struct hws_launcher *l, uint64_t id);
/* Its number; 0 = not known, or gone. */
pid_t hws_launcher_pid(const struct hws_launcher *l, uint64_t id);

/* The process: serves hostd at the other end of `fd`, until that ends; the exit status. */
int hws_launcher_main(int fd, int argc, char **argv);
