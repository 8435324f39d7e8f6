/* net/kcp_socket: a UDP socket made fit for net/kcp. Of its own, because those who open sockets
 * read nothing that comes over them. */
#pragma once
#include "shared/base/err.h"

/* What a socket needs and a confined process cannot do: large buffers, close-on-exec,
 * non-blocking. */
int hws_kcp_prepare_socket(int fd) HWS_MUST_CHECK;
