/* daemon/server_socket: where a server of this machine has its sockets, for programs that ask it.
 * One that was told by its file or environment to put them elsewhere must be found there without
 * being told again. Of its settings only those that say where are read; what else they hold is the
 * server's to judge. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct hws_server_socket {
	const char *program;    /* "hawser-relay" */
	const char *env_prefix; /* "HAWSER_RELAY_" */
	const char *file;       /* the usual one of the service, read by root and by a service */
	const char *folder;     /* the option that names the folder: "runtime-dir" */
	const char *section, *option; /* the one that names the socket: "", "control" */
	const char *name;             /* of the socket in the folder: "control.sock" */
};

/* The control sockets of this suite's servers. */
extern const struct hws_server_socket hws_rendezvous_control, hws_relay_control, hws_api_control;

/* The file that such a server takes when none is named: that of the service, for root and for a
 * service; NULL for somebody who runs one of his own. */
const char *hws_server_usual_file(const struct hws_server_socket *s);

/* By the settings with which the server would be started now: `argv` (the program's or verb's name
 * first; options config, the two above, and ready), its environment, its file, else the usual
 * folder. Makes nothing. `ret_ready` may be NULL: --ready is refused then. */
int hws_server_socket_find(const struct hws_server_socket *s, int argc, char **argv,
		bool *ret_ready, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
