/* relay/takeover_message: what two relay processes say to each other while one takes over from the
 * other. Both are builds of the same layout (the magic number tells), of one user, on one machine:
 * structs go as they are. */
#pragma once
#include "server-relay/leg.h"
#include "server-relay/shared.h"
#include "shared/base/err.h"
#include "shared/sys/local_socket.h"
#include "shared/wire/limits.h"

#define RLY_TAKEOVER_MAGIC 0x48575332u /* changes with the layout of the messages */
#define RLY_TAKEOVER_FDS_MAX (2 * RLY_SHARDS_MAX)
_Static_assert(RLY_TAKEOVER_FDS_MAX <= HWS_LOCAL_FDS_MAX,
		"all listening sockets go in one message");
#define RLY_TAKEOVER_BYTES_MAX (32u << 10) /* read from a leg before its partner came */

enum rly_takeover_kind {
	RLY_TAKEOVER_HELLO,
	RLY_TAKEOVER_SOCKETS,
	RLY_TAKEOVER_READY,
	RLY_TAKEOVER_CLEAR,
	RLY_TAKEOVER_DONE,
	RLY_TAKEOVER_LEG
};

/* The start of each message; fields that its kind does not need are 0. */
struct rly_takeover_head {
	uint32_t magic;
	uint32_t kind;
	union {
		uint32_t tcp;    /* SOCKETS: how many */
		uint32_t viewer; /* LEG: 1 if it is the viewer's */
	};
	uint32_t ws; /* SOCKETS: how many */
	/* LEG; the read bytes follow */
	uint32_t bytes;
	uint16_t port;
	uint8_t is_ws, uuid_len;
	uint8_t ip[16];
	char uuid[HWS_UUID_MAX];
};

/* `fds` stay the caller's. Never waits. */
int rly_takeover_send(int fd, const struct rly_takeover_head *h, struct hws_bytes more,
		const int *fds, unsigned n) HWS_MUST_CHECK;
/* A message that is only its kind. */
int rly_takeover_say(int fd, enum rly_takeover_kind kind) HWS_MUST_CHECK;
/* One message; `fds` belong to the caller afterwards, also on failure. HWS_ERR_AGAIN: none is
 * there. */
int rly_takeover_receive(int fd, struct rly_takeover_head *h, uint8_t *more, size_t size,
		struct hws_local_fds *fds) HWS_MUST_CHECK;
/* Waits some seconds for a message of this kind. */
int rly_takeover_await(int fd, enum rly_takeover_kind kind, struct rly_takeover_head *h,
		struct hws_local_fds *fds) HWS_MUST_CHECK;
/* Any shard's thread: sends the leg's socket and what was read from it to the successor. False: it
 * is still ours. */
bool rly_takeover_leg(int link, const struct rly_leg *l, struct hws_bytes uuid);
