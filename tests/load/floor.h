/* load/floor: the bare batched UDP echo that the server's registrations are measured against: the
 * same sockets and batches, an answer of the same size, no look-up. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* A child process on 127.0.0.1; 0, or -1. End it with SIGKILL and waitpid. */
int load_floor_start(pid_t *ret_pid, uint16_t *ret_port);
