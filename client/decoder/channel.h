/* decoder/channel: the process's way of reading and writing: whole pieces, waiting for as long as
 * it takes. The viewer never waits (confined.c). */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/sys/local_socket.h"

/* Exactly n bytes. Descriptors that came with them are in *fds, also with an error; NULL: none may
 * come. HWS_ERR_EOF, HWS_ERR_PROTO: descriptors that nobody asked for. */
int hws_decode_read(int fd, void *to, size_t n, struct hws_local_fds *fds) HWS_MUST_CHECK;
/* The same for a message whose rest may be there, too: up to `room` bytes of it, *ret_rest of them,
 * which may be none. Waits before it looks. */
int hws_decode_read_start(int fd, void *to, size_t n, void *rest, size_t room, size_t *ret_rest,
		struct hws_local_fds *fds) HWS_MUST_CHECK;
/* All of both. HWS_ERR_EOF. */
int hws_decode_write(int fd, struct hws_bytes head, struct hws_bytes rest) HWS_MUST_CHECK;
