/* cli/rdp: a remote desktop (RDP) program of this machine, for a tunnel that listens here. */
#pragma once
#include <sys/types.h>

/* Starts the first known program that is installed for `address` ("127.0.0.1:40001"), when there is
 * a display. The pid, or 0: there is none, and what to do was printed on standard output. */
pid_t cli_rdp_start(const char *address);
/* Whether it has ended by now. */
int cli_rdp_ended(pid_t pid);
