/* host/ipc: messages between the processes of one host over a socketpair: hostd, gate, agent.
 * Framing: u32 little-endian length of the rest, u8 kind, payload. Kind 1 is one agt.Message, kind 2 one
 * serialised ses.Message exactly as it goes to or came from the viewer. A descriptor travels by
 * SCM_RIGHTS with the first byte of the kind 1 frame that announces it. Bounded both ways; one thread. */
#pragma once
#include "proto/agent.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"

#define HWS_IPC_FRAME_MAX (32u << 20)

struct hws_ipc;

struct hws_ipc_conf {
	size_t frame_max; /* 0 = HWS_IPC_FRAME_MAX; larger announced frames close the link */
	size_t send_max; /* hard cap of queued bytes, 0 = 64 MiB: beyond it sends fail with HWS_ERR_FULL */
	size_t send_high; /* mark of hws_ipc_congested, 0 = 1 MiB */
	/* NULL, or whether a message of kind 1 may be unpacked at all (host/ipc_caps); an error ends
	 * the link. */
	int (*check)(struct hws_bytes message);
	/* Kind 1. `m` borrows until return. `fd` is -1 or a received descriptor that the callee now owns. */
	void (*on_message)(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg);
	/* Kind 2; may be NULL where none is expected (then it closes the link). Borrows until return. */
	void (*on_wire)(struct hws_ipc *l, struct hws_bytes message, void *arg);
	/* Exactly once, when the other side has gone or on hws_ipc_close; freed at the end of the turn. */
	void (*on_close)(struct hws_ipc *l, int why, void *arg);
	void (*on_drain)(struct hws_ipc *l, void *arg); /* optional: queue below half of the mark */
	void *arg;
};

/* Takes `fd` (made non-blocking, close-on-exec), also on failure. */
int hws_ipc_new(struct hws_loop *loop, int fd, const struct hws_ipc_conf *conf,
		struct hws_ipc **ret) HWS_MUST_CHECK;
/* `fd`: -1, or a descriptor to hand over with this message: taken in any case (closed once sent). */
int hws_ipc_send(struct hws_ipc *l, const Agt__Message *m, int fd) HWS_MUST_CHECK;
int hws_ipc_send_wire(struct hws_ipc *l, struct hws_bytes message) HWS_MUST_CHECK;
/* The same from two parts, to spare a copy of a large payload behind a small head. */
int hws_ipc_send_wire2(
		struct hws_ipc *l, struct hws_bytes head, struct hws_bytes rest) HWS_MUST_CHECK;
/* Stops / resumes delivery; the other side then feels back-pressure. */
void hws_ipc_pause(struct hws_ipc *l);
void hws_ipc_resume(struct hws_ipc *l);
bool hws_ipc_congested(const struct hws_ipc *l);
size_t hws_ipc_pending(const struct hws_ipc *l);
/* Calls on_close; idempotent; takes NULL. What is queued is dropped. */
void hws_ipc_close(struct hws_ipc *l, int why);
/* A connected pair for two processes; both close-on-exec and non-blocking. */
int hws_ipc_pair(int ret_fd[2]) HWS_MUST_CHECK;
