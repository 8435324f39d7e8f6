/* bench/services/sshd: OpenSSH on loopback, with keys and settings of its own, to be compared
 * with. */
#pragma once
#include "tests/support/proc.h"
#include <stdbool.h>

struct sshd {
	struct test_proc proc;
	char dir[256], port[8], key[300], known[340], at[80];
};

/* False: there is no sshd on this machine. */
bool sshd_start(struct sshd *s);
void sshd_stop(struct sshd *s);
/* argv of "ssh OPTIONS [-tt] HOST", or of "scp OPTIONS", and `words` (NULL-terminated) behind it.
 * argv has SSHD_ARGS places. */
#define SSHD_ARGS 40
void sshd_ssh(const struct sshd *s, bool tty, const char *const words[], const char *argv[]);
void sshd_scp(const struct sshd *s, const char *const words[], const char *argv[]);
