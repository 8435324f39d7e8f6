/* host/cmd: the command line of hawser-host but for the hidden role "agent". */
#pragma once
#include "client/host/settings.h"

/* Runs the verb argv[1]; returns the exit status. */
int hws_host_cmd(int argc, char **argv);
/* Settings of a hidden role: defaults and arguments only, no file, no environment. Sets the log
 * up. */
int hws_host_role_settings(
		struct hws_settings *s, int argc, char **argv, const char *role) HWS_MUST_CHECK;
