/* sys/spawn_env: the environment of a process that is started; a part of sys/spawn. */
#pragma once
#include "shared/sys/spawn.h"

#define HWS_SPAWN_ENV_MAX 512 /* entries; what is beyond is left out */

struct hws_spawn_env {
	/* NULL-terminated; borrows from our own environment and this struct. */
	char *list[HWS_SPAWN_ENV_MAX];
	char display[256], home[256], user[64], login[72], runtime[48];
};

/* For `s`; `home`: NULL, or the home folder of the account s->user that the process is going to
 * have. HWS_ERR_TOOBIG: a name is too long. */
int hws_spawn_env_make(const struct hws_spawn *s, const char *home,
		struct hws_spawn_env *ret) HWS_MUST_CHECK;
/* In the child, as the account it has by then: takes out $XAUTHORITY if this account may not read
 * that file. Calls nothing that is not async-signal-safe. */
void hws_spawn_env_drop_cookies(struct hws_spawn_env *env);

/* In a child before its program: signals as a program finds them. Async-signal-safe. */
void hws_spawn_reset_signals(void);
