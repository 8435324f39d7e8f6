/* unix/unix_account: who this process is for the programs it starts, and the clean environment that
 * such a program begins with; parts of unix_pty. */
#pragma once
#include "client/platform/pty.h"

struct hws_unix_account {
	char name[256], home[1024], shell[256];
	char dash_shell[260]; /* "-bash": how a login shell is called */
};

struct hws_unix_env {
	char text[8][1100];
	const char *list[8 + HWS_PTY_ENV_MAX + 1];
};

/* Of this process. HWS_ERR_NOTFOUND: its account has no entry. */
int hws_unix_account_find(struct hws_unix_account *ret) HWS_MUST_CHECK;
/* Is this our account? HWS_ERR_NOTFOUND: there is no such account; HWS_ERR_PERM: another one. */
int hws_unix_account_is(const struct hws_unix_account *a, const char *user) HWS_MUST_CHECK;
/* HOME SHELL USER LOGNAME PATH TERM LANG, and what `conf` adds; of two of one name the latter.
 * Borrows from `conf`. HWS_ERR_TOOBIG. */
int hws_unix_env_make(const struct hws_unix_account *a, const struct hws_pty_conf *conf,
		struct hws_unix_env *ret) HWS_MUST_CHECK;

/* Sends SIGKILL to all processes of this session but for `but`: those that left the groups which a
 * terminal can name. Reads /proc. */
void hws_unix_kill_session(int session, int but);
