/* host/gate_main: the process around one host/gate: takes the socket from hostd, gives up what it does not
 * need, serves, ends. */
#pragma once
#include <stdbool.h>

/* Returns the exit status. */
int hws_gate_main(int ipc_fd, bool sandbox);
