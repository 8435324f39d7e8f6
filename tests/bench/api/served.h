/* bench/api/served: the edge of the API server in a child process, with a handler on a thread that
 * does nothing (POST /floor, JSON), and one on the loop (GET /loop). */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* 0, or -1. End it with SIGKILL and waitpid. */
int served_start(pid_t *ret_pid, uint16_t *ret_port);
