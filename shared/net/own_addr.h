/* net/own_addr: which of this machine's addresses leads to another one, by the kernel's routes:
 * nothing is sent. Any thread. */
#pragma once
#include "shared/base/err.h"
#include <sys/socket.h>

/* *ret is untouched on errors; HWS_ERR_UNREACHABLE: nothing leads there. Its port means nothing. */
int hws_own_addr(const struct sockaddr_storage *to, struct sockaddr_storage *ret) HWS_MUST_CHECK;
