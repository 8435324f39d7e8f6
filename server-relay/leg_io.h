/* relay/leg_io: bytes from and to the socket of a leg, plain or by TLS. On its shard's thread. */
#pragma once
#include "server-relay/leg.h"
#include "shared/base/err.h"
#include <sys/types.h>

#define RLY_LOWAT (128 << 10) /* unsent bytes that a socket takes: more would only wait there */

struct iovec;

/* > 0; HWS_ERR_AGAIN, HWS_ERR_EOF, HWS_ERR_RESET. Clears `readable` where due. */
ssize_t rly_leg_read(struct rly_leg *l, void *buf, size_t len) HWS_MUST_CHECK;
/* >= 0 taken; HWS_ERR_AGAIN, HWS_ERR_RESET. Clears `writable` where due. */
ssize_t rly_leg_writev(struct rly_leg *l, const struct iovec *iov, int n) HWS_MUST_CHECK;
/* A half-close of the sending side. */
void rly_leg_shutdown(struct rly_leg *l);
/* Writes what is kept of a direction in heap memory; HWS_ERR_AGAIN while something remains. */
int rly_flow_flush(struct rly_leg *to, struct rly_flow *f) HWS_MUST_CHECK;
