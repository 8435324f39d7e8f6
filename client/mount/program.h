/* mount/program: where the program hawser-mount is, and starting it. It mounts a file system, which
 * for others than root takes the setuid program fusermount3: who has given up new privileges
 * (sys/sandbox) cannot start it. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>
#include <sys/types.h>

/* $HAWSER_MOUNT (not in a program with more rights than its user), else where it is installed or
 * built, seen from the program or library that this is part of. HWS_ERR_NOTFOUND: `err` says where
 * it was looked for. */
int hws_mount_program(char *path, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* Starts it with `fd` as its end of the socket; the caller closes its own. It ends when the other
 * end is closed; the caller reaps *ret_pid. */
int hws_mount_start(int fd, pid_t *ret_pid, struct hws_error *err) HWS_MUST_CHECK;
