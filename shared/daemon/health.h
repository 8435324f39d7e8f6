/* daemon/health: does a server serve? Asked by its own program with the verb `health`, over the
 * control socket, so that a container needs neither a shell nor a port for it. */
#pragma once
#include "shared/daemon/control.h"
#include "shared/daemon/server_socket.h"
#include <stdbool.h>

struct hws_watchdog;

/* A server's answer to the command "health". Not ready: it serves, but nobody new should be sent
 * here (it drains, or has not read its database yet); `why` is a word or two for that, "" = none.
 * It does not serve while a thread that `w` (NULL = none) watches does not turn. */
void hws_health_answer(struct hws_control_reply *reply, const struct hws_watchdog *w, bool serving,
		bool ready, const char *why);

/* The verb: asks the server for at most three seconds and says the answer in one line on standard
 * output. `argv` begins with the verb; with --ready the server must be ready, too. Exit status: 0
 * it serves, else 1: whoever probes knows no other. */
int hws_health_verb(const struct hws_server_socket *server, int argc, char **argv);
