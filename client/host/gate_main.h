/* host/gate_main: the process around one host/gate: takes the socket from hostd, or connects to
 * the relay that hostd names; gives up what it does not need, before a byte is read; serves,
 * ends. */
#pragma once
#include <stdbool.h>

/* Returns the exit status. */
int hws_gate_main(int ipc_fd, bool sandbox);
